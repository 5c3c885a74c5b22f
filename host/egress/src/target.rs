//! Where a request goes: an adapter's URL and the grant make one whole, allowed URL, or a refusal.

use std::net::IpAddr;

use url::{Host, Url};

use crate::address::may_connect;
use crate::error::{EgressError, Refusal};
use crate::grant::Grant;
use crate::secret::hex_digit;

const MAX_URL_BYTES: usize = 8 * 1024;

/// Resolves an adapter's URL: a path below the base URL, or a whole URL of an allowed host.
pub(crate) fn resolve(grant: &Grant, text: &str) -> Result<Url, EgressError> {
    check_base(grant)?;
    check_text(text)?;
    let url = if text.starts_with('/') { below_base(&grant.base_url, text)? } else { whole(text)? };
    check_scheme(grant, &url)?;
    if !grant.allows(&url) {
        return Err(Refusal::Host(url.host_str().unwrap_or_default().to_owned()).into());
    }
    let default_port = url.port().is_none();
    if !default_port && url.port() != grant.base_url.port() {
        return Err(Refusal::Url("names a port that is neither the scheme's nor the base URL's").into());
    }
    check_literal(grant, &url)?;
    Ok(url)
}

fn check_base(grant: &Grant) -> Result<(), EgressError> {
    let base = &grant.base_url;
    let unfit = |why| Err(EgressError::BadGrant { why });
    if base.host().is_none() || !(base.scheme() == "https" || base.scheme() == "http" && grant.loopback) {
        return unfit("is not an https URL");
    }
    if !base.username().is_empty() || base.password().is_some() {
        return unfit("has a user name or a password");
    }
    if base.query().is_some() || base.fragment().is_some() {
        return unfit("has a query or a fragment");
    }
    if base.scheme() == "http" && !is_loopback(base) {
        return unfit("is plain http to an address that is not loopback");
    }
    if let Some(address) = literal_address(base)
        && !may_connect(address, grant.loopback)
    {
        return unfit("names an address that is not public");
    }
    Ok(())
}

/// Parsers disagree about everything outside plain ASCII, and about backslashes and control characters: none are taken.
fn check_text(text: &str) -> Result<(), Refusal> {
    if text.is_empty() || text.len() > MAX_URL_BYTES {
        return Err(Refusal::Url("is empty or over 8 KiB"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::Url("has blanks, control characters or characters outside ASCII"));
    }
    if text.contains('\\') {
        return Err(Refusal::Url("has a backslash"));
    }
    if text.contains('#') {
        return Err(Refusal::Url("has a fragment"));
    }
    Ok(())
}

fn below_base(base: &Url, text: &str) -> Result<Url, Refusal> {
    if text.starts_with("//") {
        return Err(Refusal::Url("starts with two slashes"));
    }
    check_path(text)?;
    let prefix = base.path().trim_end_matches('/');
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    url.set_path(&format!("{prefix}{path}"));
    url.set_query(query);
    // The path has no dot segments, so this holds; it is what the rule is about, so it is asked all the same.
    match url.path().strip_prefix(prefix) {
        Some(rest) if rest.starts_with('/') => Ok(url),
        Some(_) | None => Err(Refusal::Url("leaves the base URL's path")),
    }
}

fn whole(text: &str) -> Result<Url, Refusal> {
    let (scheme, rest) = text.split_once("://").ok_or(Refusal::Url("is neither a path nor a whole URL"))?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(Refusal::Url("has a scheme that is not allowed"));
    }
    let split = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(split).unwrap_or((rest, ""));
    // An empty user name (`https://@host/`) leaves no trace in the parsed URL, so the text is asked.
    if authority.contains('@') {
        return Err(Refusal::Url("has a user name"));
    }
    if authority.contains('%') {
        return Err(Refusal::Url("has an encoded host"));
    }
    check_path(path)?;
    Url::parse(text).map_err(|_| Refusal::Url("does not parse"))
}

/// Refuses dot segments in every spelling that some server might undo, and encoded control characters in the path.
///
/// Encoded control characters in the query are allowed. It is data: nothing on the way decodes it to route or frame the
/// request, and it leaves here encoded as it is. A client's texts go there, line breaks and all, as they go into forms;
/// if they were refused, any client could make an adapter break a rule, and have it quarantined.
fn check_path(path_and_query: &str) -> Result<(), Refusal> {
    let path = path_and_query.split('?').next().unwrap_or_default();
    // Decoded twice, since servers behind servers do so.
    let decoded = percent_decode(&percent_decode(path.as_bytes()));
    if decoded.iter().any(u8::is_ascii_control) {
        return Err(Refusal::Url("has encoded control characters in its path"));
    }
    let mut segments = decoded.split(|byte| matches!(byte, b'/' | b'\\' | b';'));
    if segments.any(|segment| segment == b"." || segment == b"..") {
        return Err(Refusal::Url("has dot segments in its path"));
    }
    Ok(())
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let escape = match rest {
            [b'%', high, low, after @ ..] => hex_digit(*high).zip(hex_digit(*low)).map(|digits| (digits, after)),
            _ => None,
        };
        if let Some(((high, low), after)) = escape {
            decoded.push(high << 4 | low);
            rest = after;
        } else {
            decoded.push(*first);
            rest = tail;
        }
    }
    decoded
}

fn check_scheme(grant: &Grant, url: &Url) -> Result<(), Refusal> {
    if url.scheme() == "https" {
        return Ok(());
    }
    if !grant.loopback || !is_loopback(url) {
        return Err(Refusal::Url("is not https"));
    }
    Ok(())
}

/// Addresses written in the URL never meet the resolver, so they are vetted here.
fn check_literal(grant: &Grant, url: &Url) -> Result<(), Refusal> {
    match literal_address(url) {
        Some(address) if !may_connect(address, grant.loopback) => Err(Refusal::Address(address)),
        Some(_) | None => Ok(()),
    }
}

fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    }
}

/// Whether a URL leads to this machine by its very text. `localhost` counts: the resolver lets that name lead to loopback
/// addresses only.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
