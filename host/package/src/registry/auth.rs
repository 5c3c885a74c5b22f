//! Who one is at a registry: a name and a password, and what a registry's challenge is answered with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::Zeroizing;

/// Who one is at a registry.
#[derive(Clone, Default)]
pub enum Login {
    /// Nobody in particular.
    #[default]
    Anonymous,
    /// An account there.
    Account {
        /// Its name.
        name: String,
        /// Its password, or a token in its place.
        password: Zeroizing<String>,
    },
}

impl Login {
    /// What docker's configuration file has for this registry. Helpers that it names are programs and are not run.
    #[must_use]
    pub fn of_docker(config: &[u8], registry: &str) -> Self {
        #[derive(Deserialize)]
        struct Config {
            #[serde(default)]
            auths: std::collections::BTreeMap<String, Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            auth: Option<String>,
        }
        let Ok(config) = serde_json::from_slice::<Config>(config) else { return Self::Anonymous };
        // What docker's own program calls its registry in this file.
        let registry = if registry == "docker.io" { "index.docker.io" } else { registry };
        let is_meant = |key: &str| {
            let host = key.strip_prefix("https://").unwrap_or(key);
            host.split_once('/').map_or(host, |(host, _)| host) == registry
        };
        let entry = config
            .auths
            .into_iter()
            .find(|(key, _)| is_meant(key))
            .and_then(|(_, entry)| entry.auth)
            .map(Zeroizing::new);
        let decoded = entry.and_then(|text| STANDARD.decode(text.as_str()).ok().map(Zeroizing::new));
        let text = decoded.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok());
        match text.and_then(|text| text.split_once(':')) {
            Some((name, password)) => {
                Self::Account { name: name.to_owned(), password: Zeroizing::new(password.to_owned()) }
            }
            None => Self::Anonymous,
        }
    }

    /// The value of an `Authorization` header that says it outright.
    pub(crate) fn basic(&self) -> Option<Zeroizing<String>> {
        match self {
            Self::Anonymous => None,
            Self::Account { name, password } => {
                let said = Zeroizing::new(format!("{name}:{}", password.as_str()));
                let encoded = Zeroizing::new(STANDARD.encode(said.as_bytes()));
                Some(Zeroizing::new(format!("Basic {}", encoded.as_str())))
            }
        }
    }
}

/// What a registry wants to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token that another service gives.
    Bearer {
        /// Where.
        realm: String,
        /// For which service.
        service: Option<String>,
    },
}

/// Reads a `WWW-Authenticate` header (RFC 9110, 11.6.1).
pub(crate) fn challenge(header: &str) -> Option<Challenge> {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let (mut realm, mut service, mut rest) = (None, None, rest);
    while let Some((name, after)) = rest.trim_start_matches([' ', ',']).split_once('=') {
        let (value, behind) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "realm" => realm = Some(value.to_owned()),
            "service" => service = Some(value.to_owned()),
            _ => {}
        }
        rest = behind;
    }
    Some(Challenge::Bearer { realm: realm?, service })
}

/// The token in a token service's answer.
pub(crate) fn token(answer: &[u8]) -> Option<Zeroizing<String>> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
    }
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    answer.token.or(answer.access_token).filter(|token| !token.is_empty()).map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::{Challenge, Login, challenge, token};

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
        };
        for (header, read) in [
            ("Basic realm=\"Registry Realm\"", Some(Challenge::Basic)),
            (
                "Bearer realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:a,b:pull\"",
                bearer("https://auth.example/token", Some("registry.example")),
            ),
            ("bearer  service=x, realm=\"https://a/?b=c\"", bearer("https://a/?b=c", Some("x"))),
            ("Bearer realm=\"https://a", None),
            ("Bearer service=x", None),
            ("Negotiate", None),
        ] {
            assert_eq!(challenge(header), read, "{header}");
        }
        assert_eq!(token(b"{\"access_token\":\"abc\"}").unwrap().as_str(), "abc");
        assert!(token(b"{\"token\":\"\"}").is_none() && token(b"[]").is_none());
    }

    #[test]
    fn dockers_file_is_read_for_the_registry_that_is_asked_and_for_no_other() {
        // me:secret:with:colons
        let config =
            br#"{"auths":{"https://registry.example/v1/":{"auth":"bWU6c2VjcmV0OndpdGg6Y29sb25z"},"other.example":{}}}"#;
        let Login::Account { name, password } = Login::of_docker(config, "registry.example") else {
            panic!("it is in the file")
        };
        assert_eq!((name.as_str(), password.as_str()), ("me", "secret:with:colons"));
        let hub = br#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6c2VjcmV0"}}}"#;
        assert!(matches!(Login::of_docker(hub, "docker.io"), Login::Account { .. }));
        for registry in ["other.example", "registry.example:5000", "xregistry.example"] {
            assert!(matches!(Login::of_docker(config, registry), Login::Anonymous), "{registry}");
        }
        assert!(matches!(Login::of_docker(b"no json", "registry.example"), Login::Anonymous));
    }
}
