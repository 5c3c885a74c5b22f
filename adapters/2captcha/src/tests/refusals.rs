//! What is refused before anything is sent, and how far: each value on both sides of its limit.

use adapter_kit::{Body, Proxy, ProxyScheme};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// A GIF of this many bytes and pixels.
fn gif(bytes: usize, width: u16, height: u16) -> String {
    let mut file = b"GIF89a".to_vec();
    file.extend(width.to_le_bytes());
    file.extend(height.to_le_bytes());
    file.resize(bytes, 0);
    STANDARD.encode(file)
}

/// A PNG of 200 bytes and this many pixels.
fn png(width: u32, height: u32) -> String {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file.resize(200, 0);
    STANDARD.encode(file)
}

/// A JPEG of this many pixels, its frame header behind two other segments and a fill byte.
fn jpeg(width: u16, height: u16) -> String {
    let mut file =
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xff\xc4\0\x05abc\xff\xc0\0\x0b\x08".to_vec();
    file.extend(height.to_be_bytes());
    file.extend(width.to_be_bytes());
    file.resize(200, 0);
    STANDARD.encode(file)
}

fn image(extra: &Value) -> Value {
    with(&json!({ "body": gif(200, 100, 50) }), extra)
}

fn page(extra: &Value) -> Value {
    with(&json!({ "websiteURL": SITE, "websiteKey": "k" }), extra)
}

fn with(base: &Value, extra: &Value) -> Value {
    let mut all = base.clone();
    all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    all
}

fn submit(family: &str, parameters: &Value) -> Step {
    begin::<TwoCaptcha>(submission(family, parameters, None))
}

#[test]
fn a_parameter_that_cannot_be_taken_is_refused_before_anything_is_sent() {
    for (family, parameters) in [
        ("recaptcha_v2", page(&json!({ "pageAction": "login" }))),
        ("recaptcha_v2", page(&json!({ "apiDomain": "captcha.example.com" }))),
        ("recaptcha_v2", page(&json!({ "cookies": "a:b=1" }))),
        ("recaptcha_v2", page(&json!({ "cookies": "=1" }))),
        ("recaptcha_v2_enterprise", page(&json!({ "pageAction": "login" }))),
        ("recaptcha_v2_enterprise", page(&json!({ "enterprisePayload": { "s": "x", "more": "y" } }))),
        ("recaptcha_v3", page(&json!({ "enterprisePayload": { "s": "x" } }))),
        ("recaptcha_v3", page(&json!({ "cookies": "a=1" }))),
        ("hcaptcha", page(&json!({ "rqdata": "x" }))),
        ("hcaptcha", page(&json!({ "enterprisePayload": { "rqdata": "x" } }))),
        ("hcaptcha", page(&json!({ "enterprisePayload": { "sentry": "x" }, "userAgent": "u" }))),
        ("turnstile", page(&json!({ "pageData": "x" }))),
        ("turnstile", page(&json!({ "pageData": "x", "action": "managed" }))),
        ("turnstile", page(&json!({ "pageData": "x", "cdata": "c" }))),
        ("turnstile", page(&json!({ "somethingNew": 1 }))),
        ("image_to_text", image(&json!({ "numeric": 5 }))),
        ("image_to_text", image(&json!({ "minLength": 21 }))),
        ("image_to_text", image(&json!({ "maxLength": 21 }))),
        ("image_to_text", image(&json!({ "comment": "é".repeat(141) }))),
        ("image_to_text", image(&json!({ "languagePool": "tlh" }))),
        ("image_to_text", image(&json!({ "imgInstructions": gif(100_001, 400, 150) }))),
        ("image_to_text", image(&json!({ "imgInstructions": gif(200, 401, 150) }))),
        ("image_to_text", image(&json!({ "imgInstructions": gif(200, 400, 151) }))),
        ("image_to_text", json!({ "body": gif(600_001, 1, 1) })),
        ("image_to_text", json!({ "body": gif(200, 1001, 1) })),
        ("image_to_text", json!({ "body": png(1, 1001) })),
        ("image_to_text", json!({ "body": png(70_000, 1) })),
        ("image_to_text", json!({ "body": jpeg(1001, 1) })),
        ("image_to_text", json!({ "body": jpeg(1, 1001) })),
        ("image_to_text", json!({ "body": STANDARD.encode([b'R'; 200]) })),
        ("image_to_text", image(&json!({ "body": STANDARD.encode([b'B'; 200]) }))),
        ("recaptcha_v2", page(&json!({ "isSession": true }))),
        ("recaptcha_v3", page(&json!({ "anchor": "x" }))),
        ("recaptcha_v3_enterprise", page(&json!({ "reload": "x" }))),
        ("funcaptcha", json!({ "websiteURL": SITE, "websitePublicKey": "k", "data": r#"{"blob":{"a":1}}"# })),
        (
            "geetest_v4",
            json!({ "websiteURL": SITE, "captchaId": "k", "initParameters": { "captcha_id": "k", "more": 1 } }),
        ),
        ("altcha", json!({ "websiteURL": SITE, "challenge": "c", "salt": "s" })),
        ("coordinates", image(&json!({ "mode": "rectangles" }))),
        ("grid", image(&json!({ "comment": "cars", "grid": "1x1" }))),
        ("grid", json!({ "comment": "cars", "images": [gif(200, 1, 1), gif(200, 1, 1)] })),
        ("grid", json!({ "comment": "cars", "images": [] })),
        ("bounding_box", image(&json!({ "imgInstructions": gif(200, 401, 150) }))),
        ("bounding_box", json!({ "body": gif(600_001, 1, 1), "comment": "cars" })),
        ("rotate", json!({ "images": vec![gif(200, 1, 1); 10] })),
        ("rotate", image(&json!({ "angle": 0.0 }))),
        ("rotate", image(&json!({ "angle": 22.5 }))),
        ("vk_image", image(&json!({}))),
        ("temu_image", image(&json!({ "images": [gif(10, 1, 1), gif(10, 1, 1)] }))),
        ("text_question", json!({ "comment": "?".repeat(141) })),
        ("audio", json!({ "body": STANDARD.encode(b"RIFF....WAVE"), "lang": "en" })),
        ("audio", json!({ "body": STANDARD.encode([b"ID3".as_slice(), &[0; 999_998]].concat()), "lang": "en" })),
        ("castle", json!({})),
    ] {
        let fault = failed(submit(family, &parameters));
        assert_eq!((fault.class, fault.charged), (FaultClass::NotSupported, Charged::No), "{family} {}", fault.message);
    }
}

#[test]
fn a_parameter_at_its_limit_is_sent() {
    for (family, parameters) in [
        ("turnstile", page(&json!({ "action": "a" }))),
        ("turnstile", page(&json!({ "cdata": "c" }))),
        ("hcaptcha", page(&json!({ "enterprisePayload": { "rqdata": "x" }, "userAgent": "u" }))),
        ("image_to_text", image(&json!({ "minLength": 20, "maxLength": 20, "comment": "é".repeat(140) }))),
        ("image_to_text", image(&json!({ "imgInstructions": gif(100_000, 400, 150) }))),
        ("image_to_text", json!({ "body": gif(600_000, 1000, 1000) })),
        ("image_to_text", json!({ "body": gif(100, 1, 1) })),
        ("image_to_text", json!({ "body": png(1000, 1000) })),
        ("image_to_text", json!({ "body": jpeg(1000, 1000) })),
        ("recaptcha_v2", page(&json!({ "isSession": false }))),
        ("mtcaptcha", page(&json!({ "isInvisible": false }))),
        ("coordinates", image(&json!({ "mode": "points", "minClicks": 0 }))),
        ("rotate", json!({ "images": vec![gif(200, 1, 1); 9], "angle": 40.0 })),
        ("text_question", json!({ "comment": "?".repeat(140) })),
        ("audio", json!({ "body": STANDARD.encode([b"ID3".as_slice(), &[0; 999_997]].concat()), "lang": "en" })),
        ("audio", json!({ "body": STANDARD.encode([0xff, 0xfb, 0x90, 0x00]), "lang": "en" })),
    ] {
        let step = submit(family, &parameters);
        assert!(matches!(step, Step::Send(_)), "{family}: {}", fixture::step_json(&step));
    }
}

#[test]
fn an_image_whose_size_cannot_be_read_is_left_to_the_provider() {
    let broken = |head: &[u8]| {
        let mut file = head.to_vec();
        file.resize(200, 0);
        json!({ "body": STANDARD.encode(file) })
    };
    // A frame header that never comes, data before it, and a segment that runs past the end.
    for head in [b"\xff\xd8\xff\xe0\0\x04ab".as_slice(), b"\xff\xd8\xff\xda", b"\xff\xd8\xff\xe0\xff\xff"] {
        assert!(matches!(submit("image_to_text", &broken(head)), Step::Send(_)));
    }
}

#[test]
fn an_image_goes_as_a_file_of_its_own_format() {
    for (body, name, kind) in [
        (gif(200, 1, 1), "file.gif", "image/gif"),
        (png(1, 1), "file.png", "image/png"),
        (jpeg(1, 1), "file.jpg", "image/jpeg"),
    ] {
        let Step::Send((request, _)) = submit("image_to_text", &json!({ "body": body })) else { panic!("not sent") };
        let Body::Multipart(parts) = request.body else { panic!("no parts") };
        let file = parts.last().unwrap();
        assert_eq!((file.name.as_str(), file.file_name.as_deref()), ("file", Some(name)));
        assert_eq!(file.content_type.as_deref(), Some(kind));
        assert_eq!(file.data, STANDARD.decode(body).unwrap());
    }
}

#[test]
fn a_value_of_another_type_is_the_clients_fault_and_not_quoted() {
    for (family, parameters) in [
        ("recaptcha_v3", json!({ "minScore": ["hidden"] })),
        ("recaptcha_v2", json!({ "apiDomain": ["hidden"] })),
        ("recaptcha_v2", json!({ "cookies": { "hidden": 1 } })),
        ("recaptcha_v2", json!({ "cookies": "hidden" })),
        ("recaptcha_v2_enterprise", json!({ "enterprisePayload": "hidden" })),
        ("hcaptcha", json!({ "enterprisePayload": { "rqdata": ["hidden"] } })),
        ("image_to_text", json!({ "body": { "hidden": 1 } })),
        ("image_to_text", json!({ "body": "hidden!" })),
        ("image_to_text", json!({ "body": gif(99, 1, 1) })),
        ("image_to_text", json!({ "numeric": "hidden" })),
        ("image_to_text", json!({ "minLength": "hidden" })),
        ("image_to_text", json!({ "comment": ["hidden"] })),
        ("image_to_text", json!("hidden")),
        ("mtcaptcha", page(&json!({ "isInvisible": "hidden" }))),
        ("funcaptcha", json!({ "data": "hidden" })),
        ("geetest_v4", json!({ "initParameters": { "captcha_id": ["hidden"] } })),
        ("lemin", json!({ "leminApiServerSubdomain": ["hidden"] })),
        ("vk_image", json!({ "steps": ["hidden"] })),
        ("temu_image", json!({ "images": "hidden" })),
        ("audio", json!({ "body": "hidden!" })),
        ("rotate", json!({ "angle": "hidden" })),
    ] {
        let fault = failed(submit(family, &parameters));
        assert_eq!(fault.class, FaultClass::InvalidTask, "{family} {parameters}");
        assert!(!fault.message.contains("hidden"), "{}", fault.message);
    }
}

fn proxy(host: &str, login: Option<&str>, password: Option<&str>) -> Proxy {
    let (login, password) = (login.map(str::to_owned), password.map(str::to_owned));
    Proxy { scheme: ProxyScheme::Http, host: host.to_owned(), port: 8080, login, password }
}

fn through(family: &str, proxy: Proxy) -> Step {
    begin::<TwoCaptcha>(submission(family, &page(&json!({})), Some(proxy)))
}

#[test]
fn a_proxy_that_cannot_work_there_is_refused() {
    let refused = |proxy| failed(through("turnstile", proxy)).class;
    assert_eq!(failed(through("recaptcha_v3", proxy("203.0.113.7", None, None))).class, FaultClass::NotSupported);
    for local in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.1.1", "0.0.0.0", "::1", "fd00::1", "::ffff:10.0.0.1"]
    {
        assert_eq!(refused(proxy(local, None, None)), FaultClass::InvalidTask, "{local}");
    }
    for v6 in ["2001:db8::7", "[2001:db8::7]", "::ffff:203.0.113.7"] {
        assert_eq!(refused(proxy(v6, None, None)), FaultClass::NotSupported, "{v6}");
    }
    for (login, password) in [
        (Some("u"), None),
        (None, Some("p")),
        (Some("u:v"), Some("p")),
        (Some("u@v"), Some("p")),
        (Some("u"), Some("p:q")),
        (Some("u"), Some("p@q")),
    ] {
        let fault = failed(through("turnstile", proxy("203.0.113.7", login, password)));
        assert_eq!(fault.class, FaultClass::NotSupported, "{login:?} {password:?}");
    }
}

#[test]
fn every_scheme_is_named_in_capitals() {
    for (scheme, kind) in [
        (ProxyScheme::Http, "HTTP"),
        (ProxyScheme::Https, "HTTPS"),
        (ProxyScheme::Socks4, "SOCKS4"),
        (ProxyScheme::Socks5, "SOCKS5"),
    ] {
        let step = through("turnstile", Proxy { scheme, ..proxy("203.0.113.7", Some("u"), Some("p")) });
        let Step::Send((request, _)) = step else { panic!("not sent") };
        let Body::Form(fields) = request.body else { panic!("no form") };
        let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!((field("proxy"), field("proxytype")), (Some("u:p@203.0.113.7:8080"), Some(kind)));
    }
}

#[test]
fn a_cookie_keeps_its_value_whatever_is_in_it() {
    for (given, sent) in
        [("a=1", Some("a:1;")), ("a=1; b=x=y:z ;", Some("a:1;b:x=y:z;")), ("a=", Some("a:;")), (" ; ", None)]
    {
        let step = submit("recaptcha_v2", &page(&json!({ "cookies": given })));
        let Step::Send((request, _)) = step else { panic!("not sent") };
        let Body::Form(fields) = request.body else { panic!("no form") };
        let cookies = fields.iter().find(|(name, _)| name == "cookies").map(|(_, value)| value.as_str());
        assert_eq!(cookies, sent, "{given}");
    }
}

#[test]
fn an_address_that_the_site_has_banned_is_not_sent() {
    let captcha = |t: &str| {
        let url = format!("https://geo.captcha-delivery.com/captcha/?initialCid=A&t={t}&s=45239");
        let parameters = json!({ "websiteURL": SITE, "captchaUrl": url, "userAgent": "u" });
        begin::<TwoCaptcha>(submission("datadome", &parameters, Some(proxy("203.0.113.7", None, None))))
    };
    assert!(matches!(captcha("fe"), Step::Send(_)));
    assert_eq!(failed(captcha("bv")).class, FaultClass::InvalidTask);
}

#[test]
fn servers_are_named_as_each_method_wants_them() {
    let field = |family: &str, parameters: &Value, name: &str| {
        let Step::Send((request, _)) = submit(family, parameters) else { panic!("not sent") };
        let Body::Form(fields) = request.body else { panic!("no form") };
        fields.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    };
    for given in ["api.example.com", "https://api.example.com", "http://api.example.com/"] {
        let sent = |family, name: &str, theirs| field(family, &json!({ name: given }), theirs);
        let whole = Some("https://api.example.com".to_owned());
        assert_eq!(sent("funcaptcha", "funcaptchaApiJSSubdomain", "surl"), whole);
        assert_eq!(sent("lemin", "leminApiServerSubdomain", "api_server"), Some("https://api.example.com/".to_owned()));
        let bare = Some("api.example.com".to_owned());
        assert_eq!(sent("geetest_v3", "geetestApiServerSubdomain", "api_server"), bare);
        assert_eq!(sent("yidun", "yidunApiServerSubdomain", "yidun_api_server_subdomain"), bare);
    }
}
