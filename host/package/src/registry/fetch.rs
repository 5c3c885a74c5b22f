//! Requests whose answers have a bound, and which leave this machine by HTTPS alone.

use std::time::Duration;

use reqwest::{Client, Response, Url};

use super::RegistryError;
use super::reference::is_loopback;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest silence within an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest that one request may take: a large component over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(600);
/// Registries send on to where the blobs are; more often than this, one is being led about.
const MAX_REDIRECTS: usize = 5;
/// Most bytes of a complaint that are shown.
const MAX_COMPLAINT_BYTES: usize = 2_000;

/// What may be spoken to: by HTTPS anywhere, by plain HTTP this machine, and that only for who has asked this machine.
pub(super) fn is_allowed(url: &Url, loopback: bool) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => loopback && url.host_str().is_some_and(is_loopback),
        _ => false,
    }
}

/// A client for a registry on this machine, or for any other.
#[expect(
    clippy::disallowed_methods,
    reason = "publishing is the command's, not the gateway's: no credential is opened for it"
)]
pub(super) fn client(loopback: bool) -> Result<Client, RegistryError> {
    // The process has one provider; where it has one already, that is ring, too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let follow = move |attempt: reqwest::redirect::Attempt<'_>| {
        if attempt.previous().len() > MAX_REDIRECTS || !is_allowed(attempt.url(), loopback) {
            attempt.stop()
        } else {
            attempt.follow()
        }
    };
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::custom(follow))
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .user_agent(concat!("capstan/", env!("CARGO_PKG_VERSION")));
    // A proxy of the environment reaches out; it has no business with this machine.
    let builder = if loopback { builder.no_proxy() } else { builder };
    builder.build().map_err(RegistryError::Client)
}

/// Fetches a document of at most so many bytes from an `https` address, or `http` on this machine.
///
/// # Errors
/// [`RegistryError`].
pub async fn fetch(address: &str, most: usize) -> Result<Vec<u8>, RegistryError> {
    let url: Url = address.parse().map_err(|_| RegistryError::Address(address.chars().take(200).collect()))?;
    let loopback = url.host_str().is_some_and(is_loopback);
    if !is_allowed(&url, loopback) {
        return Err(RegistryError::PlainHttp(url.host_str().unwrap_or_default().to_owned()));
    }
    let response = client(loopback)?.get(url).send().await.map_err(RegistryError::Client)?;
    body(checked(response, "the document").await?, "the document", most).await
}

/// The answer, if it is a good one; else what it complains of.
pub(super) async fn checked(response: Response, what: &'static str) -> Result<Response, RegistryError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if status.is_redirection() {
        return Err(RegistryError::Redirect(what));
    }
    let said = body(response, what, MAX_COMPLAINT_BYTES).await.unwrap_or_default();
    let said: String = String::from_utf8_lossy(&said).chars().filter(|c| !c.is_control()).take(300).collect();
    Err(RegistryError::Refused { what, status: status.as_u16(), said })
}

/// An answer's body, of at most so many bytes.
pub(super) async fn body(mut response: Response, what: &'static str, most: usize) -> Result<Vec<u8>, RegistryError> {
    let too_large = || RegistryError::Read(crate::ReadError::TooLarge { what, most });
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > most)) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(RegistryError::Client)? {
        if bytes.len() + chunk.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn plain_http_stays_on_this_machine_and_comes_from_it() {
        for (url, loopback, allowed) in [
            ("https://registry.example/v2/", false, true),
            ("https://127.0.0.1/v2/", false, true),
            ("http://registry.example/v2/", false, false),
            ("http://registry.example/v2/", true, false),
            ("http://127.0.0.1:5000/v2/", true, true),
            ("http://127.0.0.1:5000/v2/", false, false),
            ("http://[::1]:5000/v2/", true, true),
            ("file:///etc/passwd", true, false),
        ] {
            assert_eq!(is_allowed(&url.parse().unwrap(), loopback), allowed, "{url} {loopback}");
        }
    }
}
