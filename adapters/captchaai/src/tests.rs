//! The adapter as a whole: what every service of the format has to pass, and what is this one's own.

use adapter_kit::ProxySupport::{Never, Optional, Required};
use adapter_kit::{FaultClass, OpenTask, Operation, Standing, Step, begin};
use classic_proof::{Proof, line};
use serde_json::{Value, json};

use super::*;

/// The codes of <https://docs.captchaai.com/pages/err_handling> and of the service's own client.
const KNOWN: [&str; 22] = [
    "ERROR_WRONG_USER_KEY",
    "ERROR_KEY_DOES_NOT_EXIST",
    "ERROR_ZERO_BALANCE",
    "ERROR_PAGEURL",
    "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
    "ERROR_ZERO_CAPTCHA_FILESIZE",
    "ERROR_IMAGE_DIMENSIONS_TOO_LARGE",
    "ERROR_WRONG_FILE_EXTENSION",
    "ERROR_IMAGE_TYPE_NOT_SUPPORTED",
    "ERROR_UPLOAD",
    "IP_BANNED",
    "ERROR_BAD_TOKEN_OR_PAGEURL",
    "ERROR_GOOGLEKEY",
    "ERROR_WRONG_GOOGLEKEY",
    "ERROR_BAD_PARAMETERS",
    "ERROR_BAD_PROXY",
    "ERROR_SERVER_ERROR",
    "ERROR_INTERNAL_SERVER_ERROR",
    "ERROR_CAPTCHA_UNSOLVABLE",
    "ERROR_WRONG_ID_FORMAT",
    "ERROR_WRONG_CAPTCHA_ID",
    "ERROR_PROXY_CONNECTION_FAILED",
];

/// A GIF of 10 × 10 pixels with a long comment in it: as large as is asked for here.
fn picture() -> String {
    // Each twelve characters are nine bytes; the head says that it is a GIF.
    format!("R0lGODlhCgAK{}", "AAAAAAAAAAAA".repeat(130))
}

fn beyond(family: &str) -> Value {
    match family {
        "recaptcha_v3" | "recaptcha_v3_enterprise" => json!({ "pageAction": "login" }),
        "image_to_text" => json!({ "body": picture() }),
        "grid" => json!({ "body": picture(), "images": null, "comment": "crosswalks", "grid": "3x3" }),
        _ => Value::Null,
    }
}

fn proof() -> Proof<CaptchaAi> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), beyond)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(60);
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    proof().the_manifest_serves(
        "captchaai",
        &[
            ("recaptcha_v2", Optional),
            ("recaptcha_v2_enterprise", Optional),
            ("recaptcha_v3", Optional),
            ("recaptcha_v3_enterprise", Optional),
            ("turnstile", Optional),
            ("cloudflare_clearance", Required),
            ("geetest_v3", Optional),
            ("geetest_v4", Optional),
            ("captchafox", Required),
            ("friendly", Optional),
            ("lemin", Optional),
            ("image_to_text", Never),
            ("grid", Never),
        ],
    );
}

#[test]
fn the_catalogue_is_walked_through() {
    proof().the_catalogue_is_walked_through();
}

#[test]
fn every_code_is_read_in_every_place() {
    proof().every_code_is_read(&KNOWN);
}

#[test]
fn a_parameter_that_cannot_be_taken_is_refused_by_its_name() {
    let small = "R0lGODlhCgAKAIAAAP///wAAACH+VkFuIGV4YW1wbGUgb2YgYSBwaWN0dXJlLCBsYXJnZSBlbm91Z2ggdG8gYmUgdGFrZW4gZm9yIG9uZSBieSBldmVyeSBzZXJ2aWNlLgAsAAAAAAoACgAAAgiEj6nL7Q+jLAA7";
    for (family, name, value) in [
        ("recaptcha_v2", "recaptchaDataSValue", json!("s")),
        ("recaptcha_v2", "apiDomain", json!("recaptcha.net")),
        ("recaptcha_v2", "pageAction", json!("login")),
        ("recaptcha_v2", "isSession", json!(true)),
        ("recaptcha_v2", "cookies", json!("a=1")),
        ("recaptcha_v2_enterprise", "enterprisePayload", json!({ "s": "x" })),
        ("recaptcha_v3", "anchor", json!("x")),
        ("recaptcha_v3", "somethingNew", json!("x")),
        ("turnstile", "pageData", json!("p")),
        ("geetest_v3", "geetestGetLib", json!("https://example.com/x.js")),
        ("geetest_v4", "initParameters", json!({ "riskType": "slide" })),
        ("geetest_v4", "geetestApiServerSubdomain", json!("x")),
        ("friendly", "apiGetLib", json!("https://example.com/x.js")),
        ("image_to_text", "body", json!(small)),
        ("image_to_text", "numeric", json!(4)),
        ("image_to_text", "imgInstructions", json!(picture())),
        ("image_to_text", "languagePool", json!("xx")),
        ("grid", "grid", json!("1x1")),
        ("grid", "images", json!([picture()])),
        ("grid", "imageUrls", json!(["https://example.com/1.png"])),
    ] {
        proof().refuses(family, name, &value);
    }
}

#[test]
fn the_usual_domain_needs_no_word() {
    for domain in ["google.com", "https://www.google.com/"] {
        let sent = proof().sent("recaptcha_v2", &json!({ "apiDomain": domain }), None);
        assert!(sent.iter().all(|(name, _)| name != "domain"), "{sent:?}");
    }
}

#[test]
fn an_answer_of_another_form_is_lost_and_not_handed_on() {
    for (family, request) in [
        ("grid", json!("click:1/4")),
        ("grid", json!([0, 1])),
        ("grid", json!({ "1": 2 })),
        ("cloudflare_clearance", json!({ "cookies": { "other": "x" } })),
        ("geetest_v3", json!("03AF")),
        ("lemin", json!({ "challenge_uuid": "x" })),
    ] {
        let task = OpenTask { reference: "7".into(), family: family.into(), memo: vec![] };
        let answer = line(200, &json!({ "status": 1, "request": request }).to_string());
        let Step::Polled(verdicts) = proof().after(Operation::Poll(vec![task]), answer) else { panic!("no verdict") };
        let Some(Standing::Failed(fault)) = verdicts.first().map(|verdict| &verdict.standing) else {
            panic!("{family} {request}: not failed")
        };
        assert_eq!(fault.code, "SOLUTION_UNREADABLE", "{family} {request}");
    }
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    let task = OpenTask { reference: "7".into(), family: "turnstile".into(), memo: vec![] };
    for operation in [Operation::Market, Operation::Balance, Operation::LookUp("a".into()), Operation::Cancel(task)] {
        let Step::Failed(fault) = begin::<CaptchaAi>(operation) else { panic!("not refused") };
        assert_eq!(fault.class, FaultClass::NotSupported);
    }
}
