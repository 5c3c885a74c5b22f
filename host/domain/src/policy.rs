//! Site policy: which sites tasks may not name.
//!
//! A rule is a host, optionally with a path: `example.com` matches the domain and everything below it,
//! `.example.com` only what is below it, `example.com/login` that path and everything under it. Hosts are compared as URLs
//! write them: lower case, IDN in Punycode, without a final dot.

use url::Url;

/// A set of rules, made once and asked often.
#[derive(Clone, Debug, Default)]
pub struct SitePolicy {
    denied: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    text: String,
    host: String,
    only_below: bool,
    path: String,
}

/// A text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no site rule: write a host such as example.com, .example.com or example.com/path")]
pub struct BadRule(String);

impl SitePolicy {
    /// A policy that refuses what the rules name.
    ///
    /// # Errors
    /// [`BadRule`], for the first rule that cannot be read: a policy with a hole is not put in force.
    pub fn deny<'r>(rules: impl IntoIterator<Item = &'r str>) -> Result<Self, BadRule> {
        rules.into_iter().map(Rule::read).collect::<Result<Vec<_>, _>>().map(|denied| Self { denied })
    }

    /// The rule that refuses a site, if any.
    #[must_use]
    pub fn refuses(&self, site: &Url) -> Option<&str> {
        self.denied.iter().find(|rule| rule.matches(site)).map(|rule| rule.text.as_str())
    }
}

impl Rule {
    fn read(text: &str) -> Result<Self, BadRule> {
        let bad = || BadRule(text.chars().take(100).collect());
        let trimmed = text.trim();
        let (host, path) = trimmed.split_once('/').map_or((trimmed, String::new()), |(h, p)| (h, format!("/{p}")));
        let (host, only_below) = match host.strip_prefix("*.").or_else(|| host.strip_prefix('.')) {
            Some(host) => (host, true),
            None => (host, false),
        };
        let url = Url::parse(&format!("https://{host}/")).map_err(|_| bad())?;
        let canonical = url.host_str().filter(|h| !h.is_empty()).ok_or_else(bad)?;
        if host.contains(['@', ':', '?', '#', ' ', '\\']) || canonical.starts_with('.') {
            return Err(bad());
        }
        let host = canonical.trim_end_matches('.').to_owned();
        Ok(Self { text: trimmed.to_owned(), host, only_below, path: path.trim_end_matches('/').to_owned() })
    }

    fn matches(&self, site: &Url) -> bool {
        let Some(host) = site.host_str().map(|h| h.trim_end_matches('.')) else { return false };
        let below = host.strip_suffix(&self.host).is_some_and(|rest| rest.ends_with('.'));
        let same = host == self.host && !self.only_below;
        (same || below) && self.matches_path(site.path())
    }

    fn matches_path(&self, path: &str) -> bool {
        path.strip_prefix(&self.path)
            .is_some_and(|rest| rest.is_empty() || self.path.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(rule: &str, site: &str) -> bool {
        SitePolicy::deny([rule]).unwrap().refuses(&Url::parse(site).unwrap()).is_some()
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below() {
        for (rule, site, expected) in [
            ("example.com", "https://example.com/", true),
            ("example.com", "https://EXAMPLE.com:8443/x", true),
            ("example.com", "http://a.b.example.com/", true),
            ("example.com", "https://example.com./", true),
            ("example.com", "https://user@example.com/", true),
            ("example.com", "https://notexample.com/", false),
            ("example.com", "https://example.com.evil.net/", false),
            (".example.com", "https://example.com/", false),
            ("*.example.com", "https://a.example.com/", true),
            ("example.com/login", "https://example.com/login/step2", true),
            ("example.com/login", "https://example.com/login", true),
            ("example.com/login", "https://example.com/loginx", false),
            ("bücher.example", "https://xn--bcher-kva.example/", true),
            ("192.0.2.1", "http://192.0.2.1/", true),
            ("192.0.2.1", "http://0xc0.0.2.1/", true),
        ] {
            assert_eq!(refused(rule, site), expected, "{rule} {site}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for rule in ["", "https://example.com", "a b", "user@example.com", "..", "/path"] {
            assert!(SitePolicy::deny([rule]).is_err(), "{rule}");
        }
    }
}
