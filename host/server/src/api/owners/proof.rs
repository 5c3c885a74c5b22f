//! What an owner publishes, and how it is looked for.
//!
//! By the file alone: it is fetched over TLS from a vetted public address, so that whoever can answer there has the domain in
//! hand. A DNS record would need a resolver beside the system's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_domain::ProviderId;
use capstan_domain::adapter::{Body, Method, OutwardRequest};
use capstan_domain::ids::BadProviderId;
use capstan_domain::policy::{Pattern, plain_host};
use capstan_egress::{Egress, EgressError, Grant};
use url::{Host, Url};

use crate::keys::keyed_digest;

/// Where the line is looked for.
pub(super) const PATH: &str = "/.well-known/capstan-site-owner.txt";

/// A site whose owner somebody says to be.
#[derive(Debug)]
pub(super) struct Site {
    /// Its host in the spelling of rules.
    pub(super) host: String,
    /// Where it is reached.
    origin: Url,
}

/// A text that names no site which can be proved.
#[derive(Debug, thiserror::Error)]
#[error("This is no domain name such as example.com.")]
pub(super) struct NoSite;

/// Why the line was not found.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unproved {
    /// There was no answer.
    #[error("The file could not be fetched: {0}.")]
    NoAnswer(#[from] EgressError),
    /// Somebody else is asked instead.
    #[error(
        "The server answered with a redirect (status {0}), which is not followed: the file must be at the address itself."
    )]
    Redirect(u16),
    /// There is no such file.
    #[error("The server answered with status {0} where the file should be.")]
    Status(u16),
    /// The file says something else.
    #[error("There is a file, but it does not have the line.")]
    OtherLine,
    /// A bug of ours.
    #[error("The check could not be made.")]
    Name(#[from] BadProviderId),
}

impl Site {
    /// Reads what somebody typed: a domain, or an address of one of its pages. In a trial, whose providers may be on this
    /// machine, `localhost` with a port is a site, too.
    pub(super) fn read(text: &str, is_trial: bool) -> Result<Self, NoSite> {
        let text = text.trim();
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}/") };
        let url = Url::parse(&whole).map_err(|_| NoSite)?;
        let host = plain_host(&url).ok_or(NoSite)?;
        if is_trial && host == "localhost" && url.port().is_some() {
            let origin = Url::parse(&format!("http://localhost:{}/", url.port().unwrap_or(80))).map_err(|_| NoSite)?;
            return Ok(Self { host, origin });
        }
        let is_name = matches!(url.host(), Some(Host::Domain(_))) && host.contains('.');
        let is_plain = matches!(url.scheme(), "https" | "http")
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        // A rule on a public suffix is nobody's to ask for.
        if !is_name || !is_plain || Pattern::read(&host).map_err(|_| NoSite)?.as_str() != host {
            return Err(NoSite);
        }
        let origin = Url::parse(&format!("https://{host}/")).map_err(|_| NoSite)?;
        Ok(Self { host, origin })
    }

    /// The address of the file.
    pub(super) fn proof_url(&self) -> String {
        format!("{}{}", self.origin.as_str().trim_end_matches('/'), PATH)
    }
}

/// The line that proves a domain at this gateway and at no other: HMAC-SHA256 of the domain, its first 24 bytes as base64url.
pub(super) fn line(key: &[u8; 32], host: &str) -> String {
    let tag = keyed_digest(key, &[host.as_bytes()]);
    let kept: Vec<u8> = tag.iter().take(24).copied().collect();
    format!("capstan-site-owner={}", URL_SAFE_NO_PAD.encode(kept))
}

/// Looks for the line.
pub(super) async fn published(egress: &Egress, site: &Site, line: &str, is_trial: bool) -> Result<(), Unproved> {
    let grant = Grant {
        provider: ProviderId::new("site-owners")?,
        base_url: site.origin.clone(),
        hosts: Vec::new(),
        loopback: is_trial,
    };
    let request = OutwardRequest {
        method: Method::Get,
        url: PATH.to_owned(),
        headers: Vec::new(),
        body: Body::Empty,
        placements: Vec::new(),
    };
    let response = egress.send(&grant, None, &request).await?;
    match response.status {
        200 => {}
        status @ 300..=399 => return Err(Unproved::Redirect(status)),
        status => return Err(Unproved::Status(status)),
    }
    let text = String::from_utf8_lossy(&response.body);
    let has_line = text.trim_start_matches('\u{feff}').lines().any(|written| written.trim() == line);
    if has_line { Ok(()) } else { Err(Unproved::OtherLine) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use capstan_egress::{Egress, EgressError, EgressSettings, MasterKey, Vault};
    use url::Url;

    use super::{Site, Unproved, line, published};

    #[test]
    fn a_domain_is_read_and_what_is_none_is_refused() {
        for (text, host) in [
            ("example.com", "example.com"),
            (" Example.COM. ", "example.com"),
            ("https://www.example.com/login?x=1", "www.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("somebody.github.io", "somebody.github.io"),
        ] {
            let site = Site::read(text, false).unwrap();
            assert_eq!(site.host, host);
            assert_eq!(site.proof_url(), format!("https://{host}/.well-known/capstan-site-owner.txt"));
        }
        for text in [
            "",
            "com",
            "co.uk",
            "github.io",
            "localhost",
            "localhost:8080",
            "127.0.0.1",
            "[::1]",
            "10.0.0.1",
            "a b.com",
            "example.com:8080",
            "user@example.com",
            "https://evil.com@example.com/",
            "sitekey:x",
            "<script>",
            "gopher://example.com",
            "example..com",
        ] {
            assert!(Site::read(text, false).is_err(), "{text}");
        }
        assert!(Site::read("localhost:8080", true).is_ok() && Site::read("127.0.0.1:8080", true).is_err());
    }

    #[test]
    fn each_domain_has_its_line_at_each_gateway() {
        let first = line(&[1; 32], "example.com");
        assert_eq!(first, line(&[1; 32], "example.com"));
        assert_ne!(first, line(&[1; 32], "www.example.com"));
        assert_ne!(first, line(&[2; 32], "example.com"));
        assert_eq!(first.len(), "capstan-site-owner=".len() + 32);
    }

    #[tokio::test]
    async fn a_private_address_is_not_asked() {
        let vault = Arc::new(Vault::new(MasterKey::from_bytes([7; 32])));
        let egress = Egress::new(vault, EgressSettings::default()).unwrap();
        for (origin, is_named) in
            [("https://localhost:9/", true), ("https://10.0.0.1/", false), ("http://localhost:9/", false)]
        {
            let site = Site { host: "example.com".to_owned(), origin: Url::parse(origin).unwrap() };
            let refused = published(&egress, &site, "x", false).await.unwrap_err();
            let named = matches!(refused, Unproved::NoAnswer(EgressError::NoVettedAddress { .. }));
            assert_eq!(named, is_named, "{origin}: {refused:?}");
            assert!(matches!(&refused, Unproved::NoAnswer(error) if error.surely_not_sent()), "{origin}: {refused:?}");
        }
    }
}
