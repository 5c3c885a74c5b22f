//! What each task type must carry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;

const SITE_KEY: &str = "6LfI9IsUAAAAAKuvopU0hfY8pWADfR_mogXokIIZ";
const PROXY: &str = "socks5:192.0.2.7:1080:login:password";

fn check(task: &Value) -> Result<NewTask, Refusal> {
    read(Some(task.to_string().as_bytes()))
}

/// A task that has what its family asks for.
fn task(name: &str, family: Family) -> Value {
    if family == Family::ImageToText {
        return picture(b"GIF89a", 200);
    }
    let mut task = json!({"type": name, "websiteURL": "https://example.com/", "websiteKey": SITE_KEY});
    if family == Family::RecaptchaV3 {
        task["pageAction"] = json!("login");
    }
    task
}

/// The task with one field changed, or taken away where the value is null.
fn with(task: &Value, name: &str, value: Value) -> Value {
    let mut task = task.clone();
    if value.is_null() {
        task.as_object_mut().unwrap().remove(name);
    } else {
        task[name] = value;
    }
    task
}

fn picture(beginning: &[u8], length: usize) -> Value {
    let mut bytes = beginning.to_vec();
    bytes.resize(length, 0);
    json!({"type": "ImageToTextTask", "body": STANDARD.encode(bytes)})
}

#[test]
fn every_type_is_taken_with_its_required_fields_in_any_letter_case() {
    for (name, family, proxied) in TYPES {
        let mut task = task(name, family);
        if proxied {
            assert_eq!(check(&task).unwrap_err(), Refusal::Field("proxy"), "{name}");
            task["proxy"] = json!(PROXY);
        }
        for name in [name.to_owned(), name.to_lowercase()] {
            let read = check(&with(&task, "type", json!(name))).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
            assert_eq!((read.family, read.proxied), (family, proxied));
        }
    }
}

#[test]
fn hcaptcha_and_types_of_other_services_are_not_supported() {
    for name in ["HCaptchaTaskProxyLess", "NoCaptchaTaskProxyless", "TurnstileTaskProxyless", "FunCaptchaTask"] {
        assert_eq!(check(&task(name, Family::Hcaptcha)).unwrap_err(), Refusal::TypeUnknown, "{name}");
    }
    assert_eq!(check(&json!({})).unwrap_err(), Refusal::Field("type"));
    assert_eq!(read(None).unwrap_err(), Refusal::TaskAbsent);
    assert_eq!(check(&json!("text")).unwrap_err(), Refusal::TaskAbsent);
}

#[test]
fn fields_that_are_missing_or_wrong_are_named() {
    let v3 = task("ReCaptchaV3TaskProxyLess", Family::RecaptchaV3);
    let v2 = task("ReCaptchaV2TaskProxyLess", Family::RecaptchaV2);
    let turnstile = task("AntiTurnstileTaskProxyLess", Family::Turnstile);
    let cases = [
        (&v3, "pageAction", Value::Null),
        (&v3, "websiteURL", json!("example.com")),
        (&v2, "websiteURL", Value::Null),
        (&v2, "websiteKey", Value::Null),
        (&v2, "isInvisible", json!("yes")),
        (&turnstile, "metadata", json!("action=login")),
    ];
    for (task, name, wrong) in cases {
        assert_eq!(check(&with(task, name, wrong)).unwrap_err(), Refusal::Field(name));
    }
    assert_eq!(check(&with(&v2, "websiteKey", json!("?"))).unwrap_err(), Refusal::SiteKey);
    assert!(check(&with(&turnstile, "metadata", json!({"action": "login", "cdata": "x"}))).is_ok());
}

#[test]
fn a_proxy_comes_in_one_text_or_in_five_fields() {
    let task = task("ReCaptchaV2EnterpriseTask", Family::RecaptchaV2Enterprise);
    assert!(check(&with(&task, "proxy", json!(PROXY))).is_ok());
    assert_eq!(check(&with(&task, "proxy", json!("nowhere"))).unwrap_err(), Refusal::Field("proxy"));
    let mut five = with(&task, "proxyAddress", json!("192.0.2.7"));
    assert_eq!(check(&five).unwrap_err(), Refusal::Field("proxyType"));
    five["proxyType"] = json!("http");
    assert_eq!(check(&five).unwrap_err(), Refusal::Field("proxyPort"));
    five["proxyPort"] = json!(8080);
    assert!(check(&five).is_ok());
}

#[test]
fn pictures_are_checked_for_size_and_kind() {
    assert_eq!(check(&picture(b"GIF89a", 99)).unwrap_err(), Refusal::ImageTooSmall);
    assert!(check(&picture(b"\xff\xd8\xff", 500_000)).is_ok());
    assert_eq!(check(&picture(b"GIF89a", 500_001)).unwrap_err(), Refusal::ImageTooBig);
    assert_eq!(check(&picture(b"BM", 200)).unwrap_err(), Refusal::ImageType);
    let body = |body: Value| check(&json!({"type": "ImageToTextTask", "body": body})).unwrap_err();
    assert_eq!(body(json!("no base64!")), Refusal::ImageType);
    assert_eq!(body(json!("")), Refusal::Field("body"));
    assert_eq!(body(Value::Null), Refusal::Field("body"));
    match check(&with(&picture(b"GIF89a", 200), "module", json!("number"))).unwrap().needs {
        Needs::Text(needs) => assert!(needs.digits && !needs.letters),
        Needs::Token { .. } | Needs::Own(_) => panic!("a picture has text"),
    }
}
