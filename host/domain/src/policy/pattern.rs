//! What a rule names: a domain, a host, what is below one, a whole public suffix, a path, or a site key.

use std::cell::OnceCell;
use std::fmt;

use url::{Host, Url};

/// Longest host name that there can be (RFC 1035), in bytes.
pub const MAX_HOST_BYTES: usize = 253;
/// Longest path, or site key, of a rule.
const MAX_TEXT_BYTES: usize = 1024;
const SITE_KEY: &str = "sitekey:";
const SUFFIX: &str = "suffix:";

/// What a rule names, in its one spelling: equal patterns have equal texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    pub(super) target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Place {
        host: String,
        reach: Reach,
        path: String,
    },
    /// In lower case.
    SiteKey(String),
}

/// How far a rule on a host goes, the narrower the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Reach {
    /// The name and everything below it.
    Whole,
    /// Only what is below it.
    Below,
    /// Only the name itself.
    Exact,
}

/// Why a text names nothing that a rule can be about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// It cannot be read.
    #[error(
        "{0:?} is no site rule: write example.com, host:www.example.com, .example.com, example.com/path, suffix:gov or \
         sitekey:KEY"
    )]
    Unreadable(String),
    /// It would be about everything that anybody registers below a suffix.
    #[error("{0:?} is a public suffix, below which everybody registers names; write suffix:{0} to mean all of them")]
    BareSuffix(String),
    /// It is said to be a public suffix and is none.
    #[error("{0:?} is no public suffix; write it without suffix:")]
    NoSuffix(String),
}

/// How closely a pattern names something; of two that fit, the greater one decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Closeness {
    labels: usize,
    reach: Reach,
    path: usize,
}

impl Pattern {
    /// Reads a pattern as people write it: in any letter case, IDN in Unicode or Punycode, with or without a final dot.
    ///
    /// # Errors
    /// [`BadPattern`].
    pub fn read(text: &str) -> Result<Self, BadPattern> {
        let pattern = Self::read_stored(text)?;
        let Target::Place { host, reach, .. } = &pattern.target else { return Ok(pattern) };
        match (pattern.text.starts_with(SUFFIX), is_public_suffix(host)) {
            (true, false) => Err(BadPattern::NoSuffix(host.clone())),
            (false, true) if *reach != Reach::Exact => Err(BadPattern::BareSuffix(host.clone())),
            (true, true) | (false, _) => Ok(pattern),
        }
    }

    /// Reads a pattern that was one when its rule was made. What is a public suffix changes with the list's releases, and a
    /// rule must not stop being one because of it.
    ///
    /// # Errors
    /// [`BadPattern::Unreadable`].
    pub fn read_stored(text: &str) -> Result<Self, BadPattern> {
        let text = text.trim();
        let bad = || BadPattern::Unreadable(text.chars().take(100).collect());
        if let Some(key) = text.strip_prefix(SITE_KEY) {
            let is_key = (1..=MAX_TEXT_BYTES).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic());
            let target = Target::SiteKey(key.to_ascii_lowercase());
            return if is_key { Ok(Self { text: format!("{SITE_KEY}{key}"), target }) } else { Err(bad()) };
        }
        let (kind, rest) = text.split_once(':').filter(|(kind, _)| matches!(*kind, "host" | "suffix")).unzip();
        let (reach, rest) = match (kind, rest.unwrap_or(text)) {
            (Some("host"), rest) => (Reach::Exact, rest),
            (Some(_), rest) => (Reach::Whole, rest),
            (None, rest) => match rest.strip_prefix("*.").or_else(|| rest.strip_prefix('.')) {
                Some(rest) => (Reach::Below, rest),
                None => (Reach::Whole, rest),
            },
        };
        let (host, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).ok_or_else(bad)?;
        let (host, is_name) = read_host(host).ok_or_else(bad)?;
        if path.len() > MAX_TEXT_BYTES || (reach == Reach::Below && !is_name) {
            return Err(bad());
        }
        let prefix = match (kind, reach) {
            (Some("suffix"), _) => SUFFIX,
            (_, Reach::Exact) => "host:",
            (_, Reach::Below) => ".",
            (_, Reach::Whole) => "",
        };
        let path = plain_path(path).trim_end_matches('/').to_owned();
        Ok(Self { text: format!("{prefix}{host}{path}"), target: Target::Place { host, reach, path } })
    }

    /// The pattern in its one spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it names hosts alone: no path, no site key, no whole public suffix.
    #[must_use]
    pub fn is_of_hosts(&self) -> bool {
        match &self.target {
            Target::Place { path, .. } => path.is_empty() && !self.text.starts_with(SUFFIX),
            Target::SiteKey(_) => false,
        }
    }

    /// How closely it names a place, if it does.
    pub(super) fn fits(&self, place: &Place<'_>) -> Option<Closeness> {
        let Target::Place { host, reach, path } = &self.target else { return None };
        let below = || place.host.strip_suffix(host.as_str()).is_some_and(|rest| rest.ends_with('.'));
        let fits = match reach {
            Reach::Whole => place.host == *host || below(),
            Reach::Below => below(),
            Reach::Exact => place.host == *host,
        };
        let closeness = Closeness { labels: host.split('.').count(), reach: *reach, path: path.len() };
        (fits && (path.is_empty() || is_at_or_under(place.path(), path))).then_some(closeness)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Where a task is to be solved, in the spelling of patterns.
#[derive(Debug)]
pub(super) struct Place<'u> {
    pub(super) host: String,
    url: &'u Url,
    path: OnceCell<String>,
}

impl<'u> Place<'u> {
    pub(super) fn of(url: &'u Url) -> Option<Self> {
        Some(Self { host: plain_host(url)?, url, path: OnceCell::new() })
    }

    fn path(&self) -> &str {
        self.path.get_or_init(|| plain_path(self.url.path()))
    }

    /// The host, then what it is below, the nearest first. What no rule can be about is left out, so that a host of
    /// thousands of labels costs no more than one that can be.
    pub(super) fn above(&self) -> impl Iterator<Item = &str> {
        let mut rest = Some(self.host.as_str());
        let names = std::iter::from_fn(move || {
            let name = rest?;
            rest = name.split_once('.').map(|(_, above)| above);
            Some(name)
        });
        names.filter(|name| name.len() <= MAX_HOST_BYTES)
    }
}

/// A URL's host in one spelling: lower case, Punycode, addresses in their usual form, without final dots.
#[must_use]
pub fn plain_host(url: &Url) -> Option<String> {
    let host = match url.host()? {
        Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        Host::Ipv4(address) => address.to_string(),
        // The same machine by another spelling.
        Host::Ipv6(address) => address.to_ipv4_mapped().map_or_else(|| format!("[{address}]"), |v4| v4.to_string()),
    };
    (!host.is_empty()).then_some(host)
}

/// What was registered: `example.co.uk` of `shop.example.co.uk`. An address, a public suffix and a name of one label are
/// themselves.
#[must_use]
pub fn registrable(host: &str) -> &str {
    let host = host.trim_end_matches('.');
    let is_address =
        host.starts_with('[') || host.rsplit('.').next().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()));
    if is_address { host } else { psl::domain_str(host).unwrap_or(host) }
}

/// Whether a host's name ends as the Public Suffix List says that names on the internet do.
#[must_use]
pub fn has_known_suffix(host: &str) -> bool {
    psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

fn is_public_suffix(host: &str) -> bool {
    psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == host.as_bytes())
}

/// A rule's host in the spelling of [`plain_host`], and whether it is a name and no address.
fn read_host(text: &str) -> Option<(String, bool)> {
    let is_v6 = text.starts_with('[') && text.ends_with(']');
    if text.contains(['@', '?', '#', ' ', '\\', '%']) || (text.contains(':') && !is_v6) {
        return None;
    }
    let url = Url::parse(&format!("https://{text}/")).ok()?;
    let host = plain_host(&url).filter(|host| host.len() <= MAX_HOST_BYTES)?;
    let is_name = matches!(url.host(), Some(Host::Domain(_)));
    let has_empty_label = is_name && host.split('.').any(str::is_empty);
    (!has_empty_label).then_some((host, is_name))
}

/// A path as most servers understand it: decoded, in lower case, without doubled slashes. Two spellings of one page must not
/// be two pages to a rule.
fn plain_path(path: &str) -> String {
    let mut plain: Vec<u8> = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |digit: &u8| char::from(*digit).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let (byte, after) = match rest {
            [b'%', high, low, after @ ..] => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (*first, tail),
            },
            _ => (*first, tail),
        };
        if !(byte == b'/' && plain.last() == Some(&b'/')) {
            plain.push(byte);
        }
        rest = after;
    }
    String::from_utf8_lossy(&plain).to_lowercase()
}

fn is_at_or_under(path: &str, rule: &str) -> bool {
    path.strip_prefix(rule).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
