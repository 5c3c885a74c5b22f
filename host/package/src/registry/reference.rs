//! Where a package is: `registry/repository:tag`, `registry/repository@sha256:…`, or both, of which the digest counts.

use std::fmt;
use std::str::FromStr;

use crate::Digest;

/// Where a package is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry's host, with its port where it has one.
    pub(crate) registry: String,
    /// The repository in it.
    pub(crate) repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// A text that is no reference.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no reference; write registry.example/repository:1.2.3 or registry.example/repository@sha256:…")]
pub struct BadReference(String);

impl Reference {
    /// The registry's host, with its port where it has one.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The digest that it is pinned to.
    #[must_use]
    pub const fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The same place, pinned to what was found there.
    #[must_use]
    pub fn pinned(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// What a manifest is asked for by: its digest, else its tag.
    pub(crate) fn name(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// The tag that it names, or `latest` where it names neither tag nor digest.
    pub(crate) fn tag(&self) -> Option<&str> {
        self.tag.as_deref().or(if self.digest.is_none() { Some("latest") } else { None })
    }

    /// Whether the registry is on this machine: the one case of plain HTTP.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = match self.registry.split_once(']') {
            Some((host, _)) => host,
            None => self.registry.split_once(':').map_or(self.registry.as_str(), |(host, _)| host),
        };
        is_loopback(host)
    }
}

/// Whether a host's name or address is this machine's.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

impl FromStr for Reference {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        read(text).ok_or_else(|| BadReference(text.chars().take(200).collect()))
    }
}

fn read(text: &str) -> Option<Reference> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse().ok()?)),
        None => (text, None),
    };
    let (registry, rest) = rest.split_once('/')?;
    let (repository, tag) = match rest.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag.to_owned())),
        None => (rest, None),
    };
    let is_place = is_registry(registry) && repository.len() <= 255 && repository.split('/').all(is_component);
    let is_whole = is_place && tag.as_deref().is_none_or(is_tag);
    is_whole.then(|| Reference { registry: registry.to_owned(), repository: repository.to_owned(), tag, digest })
}

/// A host's name with a dot in it, an address, or `localhost`; perhaps a port. No name stands for a registry of somebody's choice.
fn is_registry(text: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        let is_end = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return address.parse::<std::net::Ipv6Addr>().is_ok() && is_end;
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let is_name = host == "localhost" || (host.contains('.') && host.bytes().all(allowed));
    host.len() <= 253 && is_name && port.is_none_or(is_port)
}

fn is_component(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_');
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.bytes().all(allowed) && ends(text.bytes().next()) && ends(text.bytes().last()) && !text.contains("..")
}

fn is_tag(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    text.len() <= 128 && first && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::Reference;
    use crate::Digest;

    #[test]
    fn a_reference_names_a_registry_a_repository_and_what_is_meant_in_it() {
        let pin = Digest::of(b"x");
        for (text, registry, repository, name) in [
            ("ghcr.io/acme/capsolver:1.2.3", "ghcr.io", "acme/capsolver", "1.2.3".to_owned()),
            ("localhost:5000/a", "localhost:5000", "a", "latest".to_owned()),
            ("[::1]:5000/a:x_y", "[::1]:5000", "a", "x_y".to_owned()),
            (&format!("127.0.0.1:5000/a/b-c@{pin}"), "127.0.0.1:5000", "a/b-c", pin.to_string()),
            (&format!("registry.example/a:1.0.0@{pin}"), "registry.example", "a", pin.to_string()),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!((reference.registry(), reference.repository.as_str()), (registry, repository));
            assert_eq!((reference.name(), reference.to_string().as_str()), (name, text));
        }
    }

    #[test]
    fn what_could_mean_another_place_is_no_reference() {
        for text in [
            "",
            "capsolver",
            "acme/capsolver",
            "ghcr.io/",
            "ghcr.io/Acme",
            "ghcr.io/a/../b",
            "ghcr.io//a",
            "ghcr.io/a?b",
            "ghcr.io/a:",
            "ghcr.io/a:b/c",
            "ghcr.io/a@sha256:12",
            "https://ghcr.io/a",
            "user@ghcr.io/a",
            "ghcr.io:0/a",
            "ghcr.io:x/a",
            "::1/a",
            "[ghcr.io]/a",
            "ghcr.io/a#b",
            "ghcr.io/a%2fb",
            "ghcr .io/a",
            "ghcr.io/-a",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        let is_loopback = |text: &str| text.parse::<Reference>().unwrap().is_loopback();
        for text in ["localhost:5000/a", "127.0.0.1/a", "127.8.8.8:80/a", "[::1]:5000/a", "[::1]/a"] {
            assert!(is_loopback(text), "{text}");
        }
        for text in ["ghcr.io/a", "localhost.example/a", "10.0.0.1:5000/a", "127.0.0.1.example:80/a", "[fe80::1]/a"] {
            assert!(!is_loopback(text), "{text}");
        }
    }
}
