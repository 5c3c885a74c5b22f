//! Where an adapter's requests may go.

use capstan_domain::ProviderId;
use url::{Host, Url};

/// What the operator grants to one provider's adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The provider.
    pub provider: ProviderId,
    /// Where relative URLs lead: `https`, a host, perhaps a port and a path; nothing else.
    pub base_url: Url,
    /// Hosts that requests may name besides the base URL's, those of the manifest that the operator allows: exact
    /// names, or `*.example.com` for names below `example.com` (and not that name itself).
    pub hosts: Vec<String>,
    /// Whether loopback addresses may be reached, also by plain `http`; for `dev` and tests only.
    pub loopback: bool,
}

impl Grant {
    /// Whether requests may go to this URL's host.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        url.host() == self.base_url.host() || matches_any(&self.hosts, url)
    }
}

/// Whether the URL's host is one of these patterns' hosts.
pub(crate) fn matches_any(patterns: &[String], url: &Url) -> bool {
    let (Some(host), Some(name)) = (url.host(), url.host_str()) else { return false };
    patterns.iter().any(|pattern| match pattern.strip_prefix("*.") {
        // Only names have sub-domains: `*.0.0.1` must not match an address.
        Some(domain) => matches!(host, Host::Domain(_)) && is_below(name, domain),
        None => name.eq_ignore_ascii_case(pattern),
    })
}

/// Whether `name` is a sub-domain of `domain`, which must have a dot itself: nobody is granted a top-level domain.
#[must_use]
pub fn is_below(name: &str, domain: &str) -> bool {
    let Some(split) = name.len().checked_sub(domain.len()) else { return false };
    let (Some(left), Some(right)) = (name.get(..split), name.get(split..)) else { return false };
    domain.contains('.') && right.eq_ignore_ascii_case(domain) && left.len() > 1 && left.ends_with('.')
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::matches_any;

    fn check(pattern: &str, url: &str, expected: bool) {
        assert_eq!(matches_any(&[pattern.to_owned()], &Url::parse(url).unwrap()), expected, "{pattern} {url}");
    }

    #[test]
    fn an_exact_name_matches_itself_in_any_letter_case_and_nothing_else() {
        check("api.example.com", "https://api.example.com/", true);
        check("API.Example.com", "https://api.example.com/", true);
        check("api.example.com", "https://x.api.example.com/", false);
        check("api.example.com", "https://api.example.com.evil.org/", false);
        check("api.example.com", "https://api.example.com./", false);
    }

    #[test]
    fn a_star_matches_sub_domains_only() {
        check("*.example.com", "https://a.example.com/", true);
        check("*.example.com", "https://a.b.example.com/", true);
        check("*.example.com", "https://example.com/", false);
        check("*.example.com", "https://badexample.com/", false);
        check("*.example.com", "https://a.example.com.evil.org/", false);
        check("*.com", "https://example.com/", false);
        check("*", "https://example.com/", false);
        check("*.0.0.1", "https://127.0.0.1/", false);
    }
}
