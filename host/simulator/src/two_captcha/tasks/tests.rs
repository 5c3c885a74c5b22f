//! What each method must carry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::*;
use crate::wire::Request;

const SITE_KEY: &str = "6LfI9IsUAAAAAKuvopU0hfY8pWADfR_mogXokIIZ";
const PAGE: &str = "https://example.com/";

async fn check(fields: Pairs<'_>) -> Result<NewTask, Refusal> {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    read(&Form::read(&Request { path: "/in.php", query: &query, content_type: "", body: &Bytes::new() }).await)
}

/// The fields with some changed, or taken away where the value is empty.
async fn check_with(fields: Pairs<'_>, changes: Pairs<'_>) -> Result<NewTask, Refusal> {
    check(&[fields, changes].concat()).await
}

fn picture(beginning: &[u8], length: usize) -> String {
    let mut bytes = beginning.to_vec();
    bytes.resize(length, 0);
    STANDARD.encode(bytes)
}

async fn upload(name: &str, content: &[u8]) -> Result<NewTask, Refusal> {
    let mut body =
        format!("--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--B--\r\n");
    let content_type = "multipart/form-data; boundary=B";
    read(&Form::read(&Request { path: "/in.php", query: "", content_type, body: &Bytes::from(body) }).await)
}

/// Names and values of parameters.
type Pairs<'a> = &'a [(&'a str, &'a str)];

const V2: [(&str, &str); 3] = [("method", "userrecaptcha"), ("googlekey", SITE_KEY), ("pageurl", PAGE)];
const TURNSTILE: [(&str, &str); 3] = [("method", "turnstile"), ("sitekey", SITE_KEY), ("pageurl", PAGE)];

#[tokio::test]
async fn every_family_is_taken_with_its_required_fields() {
    let cases: [(Pairs<'_>, Family); 8] = [
        (&[], Family::RecaptchaV2),
        (&[("invisible", "1"), ("data-s", "x"), ("version", "v2"), ("enterprise", "0")], Family::RecaptchaV2),
        (&[("enterprise", "1")], Family::RecaptchaV2Enterprise),
        (&[("version", "v3")], Family::RecaptchaV3),
        (&[("version", "v3"), ("enterprise", "1"), ("min_score", "0.3"), ("action", "login")], Family::RecaptchaV3),
        (&[("method", "hcaptcha"), ("sitekey", SITE_KEY)], Family::Hcaptcha),
        (&[("method", "turnstile"), ("sitekey", SITE_KEY)], Family::Turnstile),
        (&[("method", "base64"), ("body", &picture(b"GIF89a", 200))], Family::ImageToText),
    ];
    for (changes, family) in cases {
        let task = check_with(&V2, changes).await.unwrap_or_else(|refusal| panic!("{family:?}: {refusal:?}"));
        assert_eq!((task.family, task.proxied), (family, false));
    }
}

#[tokio::test]
async fn an_unknown_method_and_an_absent_one_differ() {
    assert_eq!(check_with(&V2, &[("method", "square")]).await.unwrap_err(), Refusal::TypeUnknown);
    assert_eq!(check(&[]).await.unwrap_err(), Refusal::Field("body"), "without a method it is a picture");
    let body = picture(b"GIF89a", 200);
    assert_eq!(check(&[("body", &body)]).await.unwrap().family, Family::ImageToText);
}

#[tokio::test]
async fn keys_and_pages_that_are_wrong_are_named() {
    let cases: [(Pairs<'_>, &str, Refusal); 8] = [
        (&V2, "googlekey=", Refusal::Field("googlekey")),
        (&V2, "googlekey=?", Refusal::SiteKey),
        (&V2, "pageurl=", Refusal::Field("pageurl")),
        (&V2, "pageurl=example.com", Refusal::Field("pageurl")),
        (&V2, "version=v4", Refusal::Field("version")),
        (&V2, "invisible=yes", Refusal::Field("invisible")),
        (&TURNSTILE, "sitekey=", Refusal::Field("sitekey")),
        (&TURNSTILE, "sitekey=?", Refusal::Field("sitekey")),
    ];
    for (fields, change, refusal) in cases {
        assert_eq!(check_with(fields, &[change.split_once('=').unwrap()]).await.unwrap_err(), refusal, "{change}");
    }
    for score in ["0", "1", "high"] {
        let v3 = check_with(&V2, &[("version", "v3"), ("min_score", score)]).await;
        assert_eq!(v3.unwrap_err(), Refusal::Field("min_score"));
    }
}

#[tokio::test]
async fn a_proxy_needs_its_kind() {
    let proxy = ("proxy", "login:password@192.0.2.7:1080");
    let task = check_with(&TURNSTILE, &[proxy, ("proxytype", "SOCKS5"), ("userAgent", "Probe/1")]).await.unwrap();
    assert!(task.proxied);
    assert!(matches!(task.needs, Needs::Token { user_agent: Some(agent) } if agent == "Probe/1"));
    assert_eq!(check_with(&TURNSTILE, &[proxy]).await.unwrap_err(), Refusal::Field("proxytype"));
    let ftp = check_with(&TURNSTILE, &[proxy, ("proxytype", "FTP")]).await;
    assert_eq!(ftp.unwrap_err(), Refusal::Field("proxytype"));
    let portless = check_with(&TURNSTILE, &[("proxy", "192.0.2.7"), ("proxytype", "HTTP")]).await;
    assert_eq!(portless.unwrap_err(), Refusal::Field("proxy"));
}

#[tokio::test]
async fn pictures_are_checked_for_size_kind_and_name() {
    let base64 = |body: String| async move { check(&[("method", "base64"), ("body", &body)]).await.map(|_| ()) };
    assert_eq!(base64(picture(b"GIF89a", 99)).await, Err(Refusal::ImageTooSmall));
    assert_eq!(base64(picture(b"\x89PNG\r\n\x1a\n", 100_000)).await, Ok(()));
    assert_eq!(base64(picture(b"GIF89a", 100_001)).await, Err(Refusal::ImageTooBig));
    assert_eq!(base64(picture(b"BM", 200)).await, Err(Refusal::ImageType));
    assert_eq!(base64("no base64!".to_owned()).await, Err(Refusal::Field("body")));

    let gif = [b"GIF89a".as_slice(), &[7; 200]].concat();
    for name in ["captcha.gif", "CAPTCHA.PNG", "captcha", ""] {
        assert!(upload(name, &gif).await.is_ok(), "{name}");
    }
    assert_eq!(upload("captcha.svg", &gif).await.unwrap_err(), Refusal::Field("file name"));
    assert_eq!(upload("captcha.gif", b"GIF89a").await.unwrap_err(), Refusal::ImageTooSmall);
}

#[tokio::test]
async fn the_same_picture_is_the_same_task_whether_uploaded_or_encoded() {
    let gif = [b"GIF89a".as_slice(), &[7; 200]].concat();
    let needs = |task: NewTask| match task.needs {
        Needs::Text(needs) => needs,
        Needs::Token { .. } | Needs::Own(_) => panic!("a picture has text"),
    };
    let encoded = needs(check(&[("method", "base64"), ("body", &STANDARD.encode(&gif))]).await.unwrap());
    let uploaded = needs(upload("a.gif", &gif).await.unwrap());
    assert_eq!(encoded.picture, uploaded.picture);
}

#[tokio::test]
async fn options_of_pictures_are_read() {
    let body = picture(b"GIF89a", 200);
    let with = |name: &'static str, value: &'static str| {
        let body = body.clone();
        async move { check(&[("method", "base64"), ("body", &body), (name, value)]).await }
    };
    for (value, letters, digits) in [("1", false, true), ("2", true, false), ("3", false, true), ("4", true, true)] {
        match with("numeric", value).await.unwrap().needs {
            Needs::Text(needs) => assert_eq!((needs.letters, needs.digits), (letters, digits), "{value}"),
            Needs::Token { .. } | Needs::Own(_) => panic!("a picture has text"),
        }
    }
    match with("max_len", "3").await.unwrap().needs {
        Needs::Text(needs) => assert_eq!((needs.min_length, needs.max_length), (3, 3)),
        Needs::Token { .. } | Needs::Own(_) => panic!("a picture has text"),
    }
    for (name, wrong) in [("numeric", "5"), ("phrase", "2"), ("min_len", "x"), ("language", "3"), ("calc", "yes")] {
        assert_eq!(with(name, wrong).await.unwrap_err(), Refusal::Field(name));
    }
}

/// A value that a field of this kind takes.
fn sample(kind: Kind) -> String {
    match kind {
        Kind::Text => "some-text".to_owned(),
        Kind::Url => PAGE.to_owned(),
        Kind::Picture | Kind::Piece => picture(b"GIF89a", 200),
        Kind::Steps => "[5,4,7]".to_owned(),
    }
}

/// Names and values that are sent.
type Sent = Vec<(&'static str, String)>;

/// The smallest task of a method, without its proxy.
fn smallest(method: &Method) -> Sent {
    let one = method.one_of.first().map(|name| (*name, sample(Kind::Picture)));
    let required = method.required.iter().map(|(name, kind)| (*name, sample(*kind)));
    std::iter::once(("method", method.name.to_owned())).chain(required).chain(one).collect()
}

async fn sent(fields: &Sent) -> Result<NewTask, Refusal> {
    check(&fields.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>()).await
}

const PROXY: [(&str, &str); 2] = [("proxy", "login:password@192.0.2.7:1080"), ("proxytype", "SOCKS5")];

fn with_proxy(fields: &Sent) -> Sent {
    fields.iter().cloned().chain(PROXY.map(|(name, value)| (name, value.to_owned()))).collect()
}

#[tokio::test]
async fn every_method_of_the_table_is_taken_with_what_it_needs_and_named_without() {
    for method in METHODS {
        let mut whole = smallest(method);
        if method.proxy == Proxy::Required {
            assert_eq!(sent(&whole).await.unwrap_err(), Refusal::Field("proxy"), "{}", method.name);
            whole = with_proxy(&whole);
        }
        let task = sent(&whole).await.unwrap_or_else(|refusal| panic!("{}: {refusal:?}", method.name));
        assert_eq!((task.family, task.proxied), (Family::Other, method.proxy == Proxy::Required), "{}", method.name);
        for (name, kind) in method.required {
            let less: Sent = whole.iter().filter(|(known, _)| known != name).cloned().collect();
            assert_eq!(sent(&less).await.unwrap_err(), Refusal::Field(name), "{} without {name}", method.name);
            if !matches!(kind, Kind::Text) {
                let odd: Sent = less.into_iter().chain([(*name, "?".to_owned())]).collect();
                assert_eq!(sent(&odd).await.unwrap_err(), Refusal::Field(name), "{} with an odd {name}", method.name);
            }
        }
        if let Some(first) = method.one_of.first() {
            let less: Sent = whole.iter().filter(|(known, _)| known != first).cloned().collect();
            assert_eq!(sent(&less).await.unwrap_err(), Refusal::Field(first), "{}", method.name);
        }
    }
}

#[tokio::test]
async fn a_proxy_counts_where_a_page_is_visited() {
    for method in METHODS {
        let task = sent(&with_proxy(&smallest(method))).await.unwrap();
        assert_eq!(task.proxied, method.proxy != Proxy::Unused, "{}", method.name);
    }
}

#[tokio::test]
async fn what_is_done_with_a_picture_hangs_on_its_flags() {
    let body = picture(b"GIF89a", 200);
    let flagged = |flags: Pairs<'static>| {
        let body = body.clone();
        async move {
            check(&[&[("method", "base64"), ("body", body.as_str()), ("textinstructions", "x")], flags].concat()).await
        }
    };
    let made = |task: NewTask| match task.needs {
        Needs::Own(own) => (own.shape)(&crate::call::Made { token: "t", user_agent: "u", about: &own.about })
            .as_str()
            .unwrap()
            .to_owned(),
        Needs::Token { .. } | Needs::Text(_) => String::new(),
    };
    for (flags, beginning) in [
        (&[("recaptcha", "1"), ("recaptcharows", "3"), ("recaptchacols", "3")][..], "click:"),
        (&[("recaptcha", "1"), ("canvas", "1")], "canvas:"),
        (&[("coordinatescaptcha", "1"), ("min_clicks", "2")], "coordinates:"),
        (&[("recaptcha", "0"), ("canvas", "0")], ""),
    ] {
        let solution = made(flagged(flags).await.unwrap());
        assert!(solution.starts_with(beginning) && solution.is_empty() == beginning.is_empty(), "{solution}");
    }
    assert_eq!(flagged(&[("recaptcha", "yes")]).await.unwrap_err(), Refusal::Field("recaptcha"));
    assert_eq!(
        flagged(&[("recaptcha", "1"), ("recaptcharows", "x")]).await.unwrap_err(),
        Refusal::Field("recaptcharows")
    );
    let untold = check(&[("method", "base64"), ("body", &body), ("recaptcha", "1")]).await;
    assert_eq!(untold.unwrap_err(), Refusal::Field("textinstructions"));
}

#[tokio::test]
async fn questions_and_recordings_are_answered_in_words() {
    for fields in [
        &[("textcaptcha", "If tomorrow is Saturday, what day is today?")][..],
        &[("method", "post"), ("textcaptcha", "2 + 2?"), ("lang", "en")],
        &[("method", "audio"), ("body", "SUQzBAAAAAAAAA=="), ("lang", "en")],
    ] {
        let task = check(fields).await.unwrap();
        assert!(matches!(task.needs, Needs::Text(needs) if needs.phrase), "{fields:?}");
        assert_eq!((task.family, task.proxied), (Family::Other, false));
    }
    let long = "?".repeat(141);
    assert_eq!(check(&[("textcaptcha", &long)]).await.unwrap_err(), Refusal::Field("textcaptcha"));
    let audio = [("method", "audio"), ("body", "SUQzBAAAAAAAAA=="), ("lang", "tlh")];
    assert_eq!(check(&audio).await.unwrap_err(), Refusal::Field("lang"));
    assert_eq!(check(&audio[..1]).await.unwrap_err(), Refusal::Field("body"));
}
