//! What each task type must carry.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::json;

use super::*;

const SITE_KEY: &str = "6LfI9IsUAAAAAKuvopU0hfY8pWADfR_mogXokIIZ";

fn check(task: &Value) -> Result<NewTask, Refusal> {
    read(Some(task.to_string().as_bytes()))
}

fn token_task(name: &str) -> Value {
    json!({"type": name, "websiteURL": "https://example.com/", "websiteKey": SITE_KEY})
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
fn every_type_is_taken_with_its_required_fields() {
    for (name, family, proxied) in TYPES {
        let mut task = if family == Family::ImageToText { picture(b"GIF89a", 200) } else { token_task(name) };
        if family == Family::RecaptchaV3 {
            task["minScore"] = json!(0.3);
        }
        if proxied {
            assert_eq!(check(&task).unwrap_err(), Refusal::Field("proxyType"), "{name}");
            for (field, value) in
                [("proxyType", json!("http")), ("proxyAddress", json!("8.8.8.8")), ("proxyPort", json!(8080))]
            {
                task[field] = value;
            }
        }
        let read = check(&task).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
        assert_eq!((read.family, read.proxied), (family, proxied));
    }
}

#[test]
fn an_absent_task_and_an_unknown_type_differ() {
    assert_eq!(read(None).unwrap_err(), Refusal::TaskAbsent);
    for absent in [json!({}), json!("text"), json!([])] {
        assert_eq!(check(&absent).unwrap_err(), Refusal::TaskAbsent);
    }
    for unknown in [json!({"type": "SquareTask"}), json!({"type": 5}), json!({"websiteURL": "x"})] {
        assert_eq!(check(&unknown).unwrap_err(), Refusal::TypeUnknown);
    }
}

#[test]
fn token_tasks_need_a_whole_url_and_a_plausible_site_key() {
    let task = token_task("RecaptchaV2TaskProxyless");
    for wrong in [Value::Null, json!(""), json!(7), json!("example.com"), json!("https://")] {
        assert_eq!(check(&with(&task, "websiteURL", wrong)).unwrap_err(), Refusal::Field("websiteURL"));
    }
    assert_eq!(check(&with(&task, "websiteKey", Value::Null)).unwrap_err(), Refusal::Field("websiteKey"));
    for wrong in ["short", "has blanks in it", "quote\"quote\"quote"] {
        assert_eq!(check(&with(&task, "websiteKey", json!(wrong))).unwrap_err(), Refusal::SiteKey);
    }
}

#[test]
fn fields_of_single_types_are_checked() {
    let v3 = with(&token_task("RecaptchaV3TaskProxyless"), "minScore", json!("0.9"));
    assert!(check(&v3).is_ok());
    for wrong in [Value::Null, json!(0.5), json!("high")] {
        assert_eq!(check(&with(&v3, "minScore", wrong)).unwrap_err(), Refusal::Field("minScore"));
    }
    let enterprise = token_task("RecaptchaV2EnterpriseTaskProxyless");
    assert!(check(&with(&enterprise, "enterprisePayload", json!({"s": "x"}))).is_ok());
    let wrong = with(&enterprise, "enterprisePayload", json!("s=x"));
    assert_eq!(check(&wrong).unwrap_err(), Refusal::Field("enterprisePayload"));
    let flag = with(&token_task("HCaptchaTaskProxyless"), "isInvisible", json!("yes"));
    assert_eq!(check(&flag).unwrap_err(), Refusal::Field("isInvisible"));
    let action = with(&token_task("TurnstileTaskProxyless"), "action", json!(3));
    assert_eq!(check(&action).unwrap_err(), Refusal::Field("action"));
}

#[test]
fn proxies_must_be_complete() {
    let mut task = token_task("TurnstileTask");
    task["proxyType"] = json!("socks5");
    task["proxyAddress"] = json!("192.0.2.7");
    task["proxyPort"] = json!("1080");
    assert!(check(&task).is_ok());
    let wrongs = [
        ("proxyType", json!("ftp")),
        ("proxyAddress", json!("http://192.0.2.7")),
        ("proxyAddress", json!("")),
        ("proxyPort", json!(0)),
        ("proxyPort", json!(65_536)),
        ("proxyPort", Value::Null),
    ];
    for (name, wrong) in wrongs {
        assert_eq!(check(&with(&task, name, wrong)).unwrap_err(), Refusal::Field(name));
    }
}

#[test]
fn pictures_are_checked_for_size_and_kind() {
    for magic in [b"\xff\xd8\xff\xe0".as_slice(), b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"] {
        assert!(check(&picture(magic, 100)).is_ok());
    }
    assert_eq!(check(&picture(b"GIF89a", 99)).unwrap_err(), Refusal::ImageTooSmall);
    assert!(check(&picture(b"GIF89a", 500_000)).is_ok());
    assert_eq!(check(&picture(b"GIF89a", 500_001)).unwrap_err(), Refusal::ImageTooBig);
    assert_eq!(check(&picture(b"BM", 200)).unwrap_err(), Refusal::ImageType);
    let body = |body: Value| check(&json!({"type": "ImageToTextTask", "body": body})).unwrap_err();
    assert_eq!(body(json!("")), Refusal::ImageTooSmall);
    assert_eq!(body(json!("data:image/png;base64,AAAA")), Refusal::ImageType);
    assert_eq!(body(json!(1)), Refusal::Field("body"));
    assert_eq!(body(Value::Null), Refusal::Field("body"));
    let unpadded = STANDARD_NO_PAD.encode([b"GIF89a".as_slice(), &[0; 101]].concat());
    assert!(check(&json!({"type": "ImageToTextTask", "body": unpadded})).is_ok());
}

#[test]
fn options_of_pictures_are_read_through_their_placeholders() {
    let task = picture(b"GIF89a", 200);
    let needs = |task: &Value| match check(task).unwrap().needs {
        Needs::Text(needs) => needs,
        Needs::Token { .. } | Needs::Own(_) => panic!("a picture has text"),
    };
    let plain = with(&with(&task, "comment", json!(false)), "minLength", json!(0));
    assert_eq!((needs(&plain).min_length, needs(&plain).max_length), (5, 7));
    let short = needs(&with(&task, "maxLength", json!("3")));
    assert_eq!((short.min_length, short.max_length), (3, 3));
    let digits = needs(&with(&task, "numeric", json!(1)));
    assert!(digits.digits && !digits.letters);
    let letters = needs(&with(&task, "numeric", json!(2)));
    assert!(letters.letters && !letters.digits);
    for (name, wrong) in [
        ("numeric", json!(3)),
        ("numeric", json!(-1)),
        ("phrase", json!(2)),
        ("comment", json!(5)),
        ("languagePool", json!("fr")),
        ("maxLength", json!("x")),
    ] {
        assert_eq!(check(&with(&task, name, wrong)).unwrap_err(), Refusal::Field(name));
    }
}
