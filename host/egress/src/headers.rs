//! An adapter's headers: checked, and none of those that are the host's to set.

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Refusal;

const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// Names that the host sets, that change how the message is framed, routed or cut, or that proxies and frameworks obey:
/// another method or path than those that were vetted, another client than us, a proxy for what they send (`proxy`, to
/// CGI programs). `accept-encoding` and `range` are among
/// them because a compressed or partial reply would carry the credential past the scrub.
const HOST_OWNED: [&str; 39] = [
    "accept-encoding",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "fastly-client-ip",
    "forwarded",
    "host",
    "http2-settings",
    "if-range",
    "keep-alive",
    "proxy",
    "range",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forwarded",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-originating-ip",
    "x-real-host",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-rewrite-url",
    "x-url-scheme",
];
/// `sec-` is what browsers keep for themselves, so that servers believe it.
const HOST_OWNED_PREFIXES: [&str; 3] = ["proxy-", "sec-", "x-forwarded-"];

/// Reads an adapter's headers.
pub(crate) fn read(headers: &[(String, String)]) -> Result<HeaderMap, Refusal> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(Refusal::Header("is too many: at most 64 of 32 KiB in all"));
    }
    let mut map = HeaderMap::with_capacity(headers.len() + 2);
    for (name, value) in headers {
        let name = read_name(name)?;
        // These two carry credentials; a placement is the only way in.
        if name == AUTHORIZATION || name == COOKIE {
            return Err(Refusal::OwnedHeader(name.to_string()));
        }
        map.append(name, read_value(value)?);
    }
    Ok(map)
}

/// Reads a name; the host's own are refused, in placements too.
pub(crate) fn read_name(name: &str) -> Result<HeaderName, Refusal> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Refusal::Header("has a malformed name"))?;
    // Servers that hand headers on as variables (CGI and its heirs) read `x_forwarded_for` as `x-forwarded-for`.
    let dashed = name.as_str().replace('_', "-");
    let owned =
        HOST_OWNED.contains(&dashed.as_str()) || HOST_OWNED_PREFIXES.iter().any(|prefix| dashed.starts_with(prefix));
    if owned { Err(Refusal::OwnedHeader(name.as_str().chars().take(64).collect())) } else { Ok(name) }
}

/// Reads a value: visible ASCII, blanks and tabs.
pub(crate) fn read_value(value: &str) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(value)
        .ok()
        .filter(|value| value.to_str().is_ok())
        .ok_or(Refusal::Header("has a malformed value"))
}
