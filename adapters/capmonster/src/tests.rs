//! The adapter as a whole: what every service of the format has to pass, and what is this one's own.

use adapter_kit::ProxySupport::{Never, Optional, Required};
use adapter_kit::{FaultClass, OpenTask, Operation, Proxy, begin};
use create_task_proof::{Proof, failed, public_proxy};
use serde_json::{Value, json};

use super::*;

/// The codes of <https://docs.capmonster.cloud/docs/api/api-errors/>.
const PUBLISHED: [&str; 30] = [
    "ERROR_KEY_DOES_NOT_EXIST",
    "ERROR_PROXY_CREDENTIALS_INVALID_CHARACTER",
    "ERROR_ZERO_BALANCE",
    "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
    "ERROR_ZERO_CAPTCHA_FILESIZE",
    "ERROR_NO_SUCH_CAPCHA_ID",
    "WRONG_CAPTCHA_ID",
    "ERROR_CAPTCHA_UNSOLVABLE",
    "CAPTCHA_NOT_READY",
    "ERROR_IP_NOT_ALLOWED",
    "ERROR_IP_BANNED",
    "ERROR_NO_SUCH_METHOD",
    "ERROR_TOO_MUCH_REQUESTS",
    "ERROR_DOMAIN_NOT_ALLOWED",
    "ERROR_TOKEN_EXPIRED",
    "ERROR_NO_SLOT_AVAILABLE",
    "ERROR_RECAPTCHA_INVALID_SITEKEY",
    "ERROR_RECAPTCHA_INVALID_DOMAIN",
    "ERROR_RECAPTCHA_TIMEOUT",
    "ERROR_IP_BLOCKED",
    "ERROR_PROXY_CONNECT_REFUSED",
    "ERROR_PROXY_BANNED",
    "ERROR_PROXY_MISSING",
    "ERROR_PROXY_NOT_AUTHORISED",
    "ERROR_PROXY_READ_TIMEOUT",
    "ERROR_TASK_NOT_SUPPORTED",
    "ERROR_TASK_ABSENT",
    "ERROR_WRONG_USERAGENT",
    "ERROR_SERVICE_NOT_AVAILABLE",
    "ERROR_INVALID_TASK",
];

fn beyond(family: &str) -> Value {
    let page = json!({ "htmlPageBase64": "PGh0bWw+PC9odG1sPg==", "userAgent": "Mozilla/5.0" });
    match family {
        "turnstile_challenge" => json!({ "userAgent": "Mozilla/5.0" }),
        "cloudflare_clearance" | "cloudflare_wait_room" => page,
        "friendly" => json!({ "apiGetLib": "https://static.example.com/site.min.js" }),
        "altcha" => {
            json!({ "challengeURL": null, "challenge": "2a40", "iterations": "50000", "salt": "s", "signature": "g" })
        }
        "aws_waf" => json!({ "websiteKey": "k", "jsapiScript": "https://static.example.com/jsapi.js" }),
        "datadome" => json!({ "datadomeCookie": "datadome=1" }),
        "imperva" => json!({ "incapsulaScriptUrl": "_Incapsula_Resource?a=1", "incapsulaCookies": "a=1" }),
        "grid" => json!({ "comment": "Click on traffic lights", "grid": "3x3" }),
        _ => Value::Null,
    }
}

fn proof() -> Proof<CapMonster> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), beyond)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(95);
}

#[test]
fn every_family_has_its_fixtures() {
    proof().every_family_has_its_fixtures();
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    proof().the_manifest_serves(
        "capmonster",
        &[
            ("recaptcha_v2", Optional),
            ("recaptcha_v2_enterprise", Optional),
            ("recaptcha_v3", Never),
            ("recaptcha_v3_enterprise", Never),
            ("turnstile", Optional),
            ("turnstile_challenge", Optional),
            ("funcaptcha", Optional),
            ("geetest_v3", Optional),
            ("geetest_v4", Optional),
            ("mtcaptcha", Optional),
            ("friendly", Optional),
            ("prosopo", Optional),
            ("altcha", Optional),
            ("tencent", Optional),
            ("binance", Optional),
            ("yidun", Optional),
            ("alibaba", Optional),
            ("basilisk", Optional),
            ("hunt", Required),
            ("cloudflare_clearance", Required),
            ("cloudflare_wait_room", Required),
            ("aws_waf", Optional),
            ("datadome", Required),
            ("imperva", Required),
            ("tspd", Required),
            ("image_to_text", Never),
            ("grid", Never),
            ("capmonster_recognition", Never),
        ],
    );
}

#[test]
fn a_task_is_polled_within_the_queries_and_minutes_that_the_provider_gives_it() {
    let polling = CapMonster::manifest().polling;
    assert!(polling.max_polls <= 120, "above that the account is blocked");
    assert!(polling.interval_ms >= 2_000, "more often is an error");
    assert!(polling.longest_life_ms + polling.result_kept_ms <= 300_000, "five minutes after the creation");
}

#[test]
fn the_catalogue_is_walked_through() {
    proof().the_catalogue_is_walked_through();
}

#[test]
fn every_code_is_read_in_every_place() {
    proof().every_code_is_read(&PUBLISHED);
}

#[test]
fn a_parameter_that_cannot_be_taken_is_refused_by_its_name() {
    for (family, name, value) in [
        ("recaptcha_v2", "apiDomain", json!("www.google.com")),
        ("recaptcha_v2", "pageAction", json!("login")),
        ("recaptcha_v2", "isSession", json!(true)),
        ("recaptcha_v2_enterprise", "apiDomain", json!("captcha.example.com")),
        ("recaptcha_v3", "enterprisePayload", json!({ "s": "x" })),
        ("recaptcha_v3", "cookies", json!("a=1")),
        ("recaptcha_v3_enterprise", "anchor", json!("x")),
        ("turnstile", "pageData", json!("x")),
        ("turnstile", "somethingNew", json!(1)),
        ("altcha", "challengeURL", json!("https://example.com/challenge")),
        ("altcha", "challengeJSON", json!(r#"{"challenge":"2a40","salt":"s","signature":"g"}"#)),
        ("alibaba", "websiteKey", json!("k")),
        ("aws_waf", "websiteKey", Value::Null),
        ("aws_waf", "jsapiScript", Value::Null),
        ("image_to_text", "numeric", json!(2)),
        ("image_to_text", "phrase", json!(true)),
        ("image_to_text", "minLength", json!(4)),
        ("image_to_text", "maxLength", json!(4)),
        ("image_to_text", "comment", json!("the red letters")),
        ("image_to_text", "imgInstructions", json!("/9j/")),
        ("image_to_text", "languagePool", json!("ru")),
        ("image_to_text", "body", json!(format!("/9j/{}", "A".repeat(70_000)))),
        ("grid", "images", json!(["x", "y"])),
        ("grid", "imageUrls", json!(["https://example.com/1.png", "https://example.com/2.png"])),
        ("grid", "grid", Value::Null),
    ] {
        proof().refuses(family, name, &value, None);
    }
    for (family, name, value) in
        [("imperva", "reeseScriptUrl", json!("https://example.com/x.js")), ("imperva", "reeseToken", json!("x"))]
    {
        proof().refuses(family, name, &value, Some(public_proxy()));
    }
    let fault = proof().refused("imperva", &json!({ "reese84": true }), Some(public_proxy()));
    assert!(fault.message.starts_with("reese84UrlEndpoint: "), "{}", fault.message);
}

#[test]
fn each_form_of_aws_waf_is_sent_with_what_it_needs() {
    let whole = json!({ "challengeScript": "https://example.com/challenge.js", "iv": "i", "context": "c" });
    for name in ["challengeScript", "iv", "context"] {
        let mut lacking = whole.clone();
        lacking[name] = Value::Null;
        let fault = proof().refused("aws_waf", &lacking, None);
        assert!(fault.message.starts_with(&format!("{name}: ")), "{}", fault.message);
    }
    let silent =
        json!({ "challengeScript": "https://example.com/challenge.js", "websiteKey": null, "jsapiScript": null });
    let sent = proof().sent("aws_waf", &silent, None);
    assert_eq!((&sent["iv"], &sent["context"], &sent["cookieSolution"]), (&json!(""), &json!(""), &json!(true)));
    let voucher = proof().sent("aws_waf", &json!({ "cookieSolution": false }), None);
    assert_eq!(voucher["cookieSolution"], false);
}

#[test]
fn a_proxy_that_cannot_work_there_is_refused() {
    let refused = |proxy| proof().refused("turnstile", &json!({}), Some(proxy)).class;
    let named = Proxy { host: "proxy.example.com".to_owned(), ..public_proxy() };
    let odd = Proxy { password: Some("50%".to_owned()), ..public_proxy() };
    assert_eq!((refused(named), refused(odd)), (FaultClass::NotSupported, FaultClass::NotSupported));
    let banned = json!({ "captchaUrl": "https://geo.captcha-delivery.com/captcha/?cid=1&t=bv" });
    assert_eq!(proof().refused("datadome", &banned, Some(public_proxy())).code, "PROXY_BANNED");
}

#[test]
fn a_value_of_another_type_is_the_clients_fault_and_not_quoted() {
    for (family, changes) in [
        ("recaptcha_v2", json!({ "isSession": "hidden" })),
        ("recaptcha_v2_enterprise", json!({ "apiDomain": ["hidden"] })),
        ("altcha", json!({ "challengeJSON": "hidden" })),
        ("image_to_text", json!({ "body": ["hidden"] })),
        ("image_to_text", json!({ "numeric": "hidden" })),
        ("image_to_text", json!({ "phrase": "hidden" })),
        ("grid", json!({ "images": "hidden" })),
        ("grid", json!({ "comment": ["hidden"] })),
        ("grid", json!({ "rows": "hidden" })),
    ] {
        let fault = proof().refused(family, &changes, None);
        assert_eq!(fault.class, FaultClass::InvalidTask, "{family}");
        assert!(!fault.message.contains("hidden"), "{}", fault.message);
    }
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    let task = || OpenTask { reference: "7".into(), family: "turnstile".into(), memo: vec![] };
    for operation in [Operation::LookUp("a".into()), Operation::Cancel(task()), Operation::Market] {
        assert_eq!(failed(begin::<CapMonster>(operation)).class, FaultClass::NotSupported);
    }
    let foreign = OpenTask { reference: "not ours".into(), ..task() };
    assert_eq!(failed(begin::<CapMonster>(Operation::Poll(vec![foreign]))).class, FaultClass::InDoubt);
}
