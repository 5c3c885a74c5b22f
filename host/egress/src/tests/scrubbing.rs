//! Replies that repeat a credential, in every encoding that providers use.

use axum::body::Body as AxumBody;
use axum::http::Response;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use capstan_domain::adapter::{Body, OutwardRequest, Place};
use url::form_urlencoded;

use super::support::{KEY, Provider, binding, egress, fields, get, grant_for, post, sealed, send_placed, vault};
use crate::Secret;
use crate::scrub::Scrubber;

fn scrubbed(secrets: &[&str], text: &[u8]) -> Vec<u8> {
    let secrets: Vec<_> = secrets.iter().map(|text| Secret::new((*text).to_owned())).collect();
    Scrubber::new(secrets.iter()).scrub(text.to_vec())
}

fn check(secret: &str, spelling: &str) {
    let text = format!("before {spelling} after");
    let clean = String::from_utf8(scrubbed(&[secret], text.as_bytes())).unwrap();
    assert_eq!(clean, "before [credential] after", "{spelling}");
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn unicode_escapes(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

#[test]
fn every_common_encoding_is_removed() {
    for secret in [
        KEY,
        "0123456789abcdef0123456789abcdef",
        "pass/wörd\u{1F511}+?>",
        "%25%25%25",
        "üñïçødé",
        "a\\b\"c'd",
        "aaaaaa",
    ] {
        check(secret, secret);
        check(secret, &secret.to_ascii_uppercase());
        check(secret, &hex(secret));
        check(secret, &hex(secret).to_uppercase());
        check(secret, &percent(secret));
        check(secret, &percent(secret).to_lowercase());
        check(secret, &form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>());
        check(secret, serde_json::to_string(secret).unwrap().trim_matches('"'));
        check(secret, &unicode_escapes(secret));
        check(secret, &secret.replace('/', "\\/").replace('"', "\\\""));
        check(secret, &secret.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#x27;"));
        for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
            let text = engine.encode(secret);
            check(secret, &text);
            check(secret, &text.replace('/', "\\/").replace('+', "\\u002b"));
            check(secret, &text.replace('/', "%2F").replace('+', "%2b").replace('=', "%3D"));
        }
    }
}

#[test]
fn a_secret_inside_a_longer_base64_text_is_removed_at_any_alignment() {
    for prefix in ["", "u", "us", "use", "user:"] {
        for suffix in ["", "x", "xy", "xyz"] {
            let text = STANDARD.encode(format!("{prefix}{KEY}{suffix}"));
            let clean = String::from_utf8(scrubbed(&[KEY], text.as_bytes())).unwrap();
            let left: String = clean.replace("[credential]", "");
            // What is left encodes the neighbours and at most one character on each side that is partly the secret's.
            assert!(clean.contains("[credential]"), "{prefix} {suffix}");
            assert!(left.len() <= 4 * (prefix.len() + suffix.len()).div_ceil(3) + 4, "{prefix} {suffix}: {clean}");
        }
    }
}

#[test]
fn secrets_are_removed_at_the_ends_and_in_binary_data() {
    let text = [b"secret-1".as_slice(), &[0, 255, 254], b"secret-1", &[0xc3], b"secret-1"].concat();
    let expected = [b"[credential]".as_slice(), &[0, 255, 254], b"[credential]", &[0xc3], b"[credential]"].concat();
    assert_eq!(scrubbed(&["secret-1"], &text), expected);
    let wide: Vec<u8> = "secret-1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(scrubbed(&["secret-1"], &wide), b"[credential]");
}

#[test]
fn secrets_that_overlap_are_removed_together() {
    assert_eq!(scrubbed(&["abcdef", "defghi"], b"x abcdefghi y"), b"x [credential] y");
    assert_eq!(scrubbed(&["abcdef", "abcdefghi"], b"x abcdefghi y"), b"x [credential] y");
    assert_eq!(scrubbed(&["abcabc"], b"x abcabcabc y"), b"x [credential] y");
    assert_eq!(scrubbed(&["abcdef"], b"abcdefabcdef"), b"[credential][credential]");
}

#[test]
fn a_credential_of_many_fields_is_removed_whole() {
    let secrets: Vec<_> = (0..16).map(|i| format!("{i:x}-secret-{i:x}")).collect();
    let secrets: Vec<_> = secrets.iter().map(String::as_str).collect();
    for secret in &secrets {
        for text in [(*secret).to_owned(), hex(secret), percent(secret), STANDARD.encode(secret)] {
            assert_eq!(scrubbed(&secrets, text.as_bytes()), b"[credential]", "{text}");
        }
    }
}

#[test]
fn what_is_not_the_secret_stays() {
    for text in ["", "secret", "secret-", "ecret-1", "secret-2", "%73ecret", "\\u0073ecret-", "%", "\\", "%7", "\\u00"]
    {
        assert_eq!(scrubbed(&["secret-1"], text.as_bytes()), text.as_bytes());
    }
    assert_eq!(scrubbed(&[], b"anything"), b"anything");
}

/// A provider that echoes its whole request, in headers and body.
async fn echo() -> Provider {
    Provider::start(|seen| {
        let mut body = format!("{} {:?} ", seen.uri, seen.headers).into_bytes();
        body.extend_from_slice(&seen.body);
        let reply = Response::builder().header("x-uri", seen.uri.to_string());
        reply.header("x-authorization", seen.header("authorization")).body(AxumBody::from(body)).unwrap()
    })
    .await
}

#[tokio::test]
async fn an_echoed_credential_does_not_reach_the_adapter_from_any_place() {
    let provider = echo().await;
    let bearer = Place::Header { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() };
    let field = || "key".to_owned();
    let cases = [
        (get("/a"), bearer),
        (get("/a"), Place::Basic { user: "api".to_owned() }),
        (get("/a"), Place::Query(field())),
        (post("/a", Body::Json("{\"x\":1}".to_owned())), Place::JsonField(field())),
        (post("/a", Body::Form(Vec::new())), Place::FormField(field())),
        (post("/a", Body::Multipart(Vec::new())), Place::FormField(field())),
    ];
    for (request, place) in cases {
        let reply = send_placed(&grant_for(provider.address), request, std::slice::from_ref(&place)).await.unwrap();
        let shown = format!("{:?} {}", reply.headers, String::from_utf8_lossy(&reply.body));
        assert!(shown.contains("[credential]"), "{place:?}: {shown}");
        let basic = STANDARD.encode(format!("api:{KEY}"));
        let escaped = KEY.escape_debug().to_string();
        for leak in [KEY, &escaped, "k3y", "With", basic.as_str(), &basic[8..16], &basic[basic.len() - 8..]] {
            assert!(!shown.contains(leak), "{place:?}: {leak} in {shown}");
        }
    }
}

#[tokio::test]
async fn a_credential_that_was_not_placed_is_removed_as_well() {
    let provider = Provider::start(|_| Response::new(AxumBody::from(format!("your key is {KEY}")))).await;
    let bound = binding(1, &[Place::Query("key".to_owned())]);
    let request = OutwardRequest { placements: Vec::new(), ..get("/") };
    let reply = egress().send(&grant_for(provider.address), Some((&bound, &sealed(&bound))), &request).await.unwrap();
    assert_eq!(reply.body, b"your key is [credential]");
}

#[tokio::test]
async fn a_header_whose_name_holds_the_credential_is_dropped() {
    const TOKEN: &str = "To-ken.1Zq";
    let provider = Provider::start(|_| {
        let base64 = STANDARD_NO_PAD.encode(TOKEN);
        let inside = STANDARD_NO_PAD.encode(format!("ab{TOKEN}"));
        let mut reply = Response::builder().header("x-kept", "1");
        for name in [TOKEN.to_owned(), format!("x-{TOKEN}-y"), hex(TOKEN), base64, inside] {
            reply = reply.header(name, "leak");
        }
        reply.body(AxumBody::empty()).unwrap()
    })
    .await;
    let bound = binding(1, &[]);
    let sealed = vault().seal_credential(&bound, &fields(TOKEN)).unwrap();
    let reply = egress().send(&grant_for(provider.address), Some((&bound, &sealed)), &get("/")).await.unwrap();
    assert!(reply.headers.contains(&("x-kept".to_owned(), "1".to_owned())));
    let leaks: Vec<_> = reply.headers.iter().filter(|(_, value)| value == "leak").collect();
    assert!(leaks.is_empty(), "{leaks:?}");
}
