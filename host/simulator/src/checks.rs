//! What every service looks for in a task's values, however the wire format carries them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::call::Refusal;

const SMALLEST_IMAGE: usize = 100;

/// No picture's text is longer, whatever a client asks for.
pub(crate) const LONGEST_TEXT: u64 = 100;

/// Whether it is an absolute address of a page.
pub(crate) fn is_whole_url(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
}

/// Lenient: the characters and a length that any of the families' site keys have.
pub(crate) fn looks_like_a_site_key(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (8..=128).contains(&key.len()) && key.bytes().all(allowed)
}

/// Whether it names a kind of proxy.
pub(crate) fn is_proxy_type(kind: &str) -> bool {
    matches!(kind, "http" | "https" | "socks4" | "socks5")
}

/// Whether it is a proxy in one text: `login:password@host:port`, `host:port:login:password` or `host:port`, each with
/// or without a kind in front (`socks5://…` or `socks5:…`).
pub(crate) fn looks_like_a_proxy(text: &str) -> bool {
    let rest = match text.split_once("://") {
        Some((kind, rest)) if is_proxy_type(kind) => rest,
        Some(_) => return false,
        None => text.split_once(':').filter(|(kind, _)| is_proxy_type(kind)).map_or(text, |(_, rest)| rest),
    };
    let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
    let parts: Vec<&str> = place.split(':').collect();
    let (host, port) = match (login, parts.as_slice()) {
        (_, [host, port]) | (None, [host, port, _, _]) => (host, port),
        _ => return false,
    };
    let port_is_one = port.parse::<u16>().is_ok_and(|port| port > 0);
    !host.is_empty() && !host.contains(['/', ' ']) && port_is_one
}

/// The bytes behind base64. Some clients leave the padding off, and the services do not mind.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, config).decode(text).ok()
}

/// Checks that the bytes are a picture that a worker could be shown, of so many bytes at most.
pub(crate) fn picture(bytes: &[u8], biggest: usize) -> Result<(), Refusal> {
    if bytes.len() < SMALLEST_IMAGE {
        return Err(Refusal::ImageTooSmall);
    }
    if bytes.len() > biggest {
        return Err(Refusal::ImageTooBig);
    }
    let magics: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"];
    let known = magics.iter().any(|magic| bytes.starts_with(magic));
    if known { Ok(()) } else { Err(Refusal::ImageType) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_in_one_text_has_a_host_and_a_port() {
        for proxy in [
            "192.0.2.7:1080",
            "login:password@192.0.2.7:1080",
            "socks5://login:password@proxy.example:1080",
            "192.0.2.7:1080:login:password",
            "http:192.0.2.7:1080:login:password",
            "login:p@ss@192.0.2.7:1080",
        ] {
            assert!(looks_like_a_proxy(proxy), "{proxy}");
        }
        for wrong in
            ["", "192.0.2.7", "192.0.2.7:0", "192.0.2.7:65536", "ftp://192.0.2.7:80", ":80", "a@b:80:c:d", "h:1:l"]
        {
            assert!(!looks_like_a_proxy(wrong), "{wrong}");
        }
    }
}
