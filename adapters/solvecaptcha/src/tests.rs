//! The adapter as a whole: what every service of the format has to pass, and what is this one's own. What the methods refuse is
//! tested at 2captcha, whose they are.

use adapter_kit::ProxySupport::{Never, Optional, Required};
use adapter_kit::{FaultClass, OpenTask, Operation, Step, begin};
use classic_proof::Proof;
use serde_json::{Value, json};

use super::*;

/// The codes of <https://solvecaptcha.com/captcha-solver-api#error_handling>.
const KNOWN: [&str; 29] = [
    "ERROR_WRONG_USER_KEY",
    "ERROR_KEY_DOES_NOT_EXIST",
    "ERROR_ZERO_BALANCE",
    "ERROR_PAGEURL",
    "ERROR_NO_SLOT_AVAILABLE",
    "ERROR_ZERO_CAPTCHA_FILESIZE",
    "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
    "ERROR_WRONG_FILE_EXTENSION",
    "ERROR_IMAGE_TYPE_NOT_SUPPORTED",
    "ERROR_UPLOAD",
    "ERROR_IP_NOT_ALLOWED",
    "IP_BANNED",
    "ERROR_BAD_TOKEN_OR_PAGEURL",
    "ERROR_GOOGLEKEY",
    "ERROR_CAPTCHAIMAGE_BLOCKED",
    "TOO_MANY_BAD_IMAGES",
    "MAX_USER_TURN",
    "ERROR_BAD_PARAMETERS",
    "ERROR_BAD_PROXY",
    "ERROR_CAPTCHA_UNSOLVABLE",
    "ERROR_WRONG_ID_FORMAT",
    "ERROR_WRONG_CAPTCHA_ID",
    "ERROR_BAD_DUPLICATES",
    "ERROR_REPORT_NOT_RECORDED",
    "ERROR_DUPLICATE_REPORT",
    "ERROR_IP_ADDRES",
    "ERROR_TOKEN_EXPIRED",
    "ERROR_EMPTY_ACTION",
    "ERROR_PROXY_CONNECTION_FAILED",
];

fn beyond(family: &str) -> Value {
    match family {
        "aws_waf" => json!({ "websiteKey": "k", "iv": "i", "context": "c" }),
        _ => Value::Null,
    }
}

fn proof() -> Proof<SolveCaptcha> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), beyond)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(145);
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    proof().the_manifest_serves(
        "solvecaptcha",
        &[
            ("recaptcha_v2", Optional),
            ("recaptcha_v2_enterprise", Optional),
            ("recaptcha_v3", Never),
            ("recaptcha_v3_enterprise", Never),
            ("hcaptcha", Optional),
            ("turnstile", Optional),
            ("turnstile_challenge", Optional),
            ("funcaptcha", Optional),
            ("geetest_v3", Optional),
            ("geetest_v4", Optional),
            ("mtcaptcha", Optional),
            ("friendly", Optional),
            ("cybersiara", Optional),
            ("keycaptcha", Optional),
            ("lemin", Optional),
            ("capy", Optional),
            ("tencent", Optional),
            ("cutcaptcha", Optional),
            ("atb", Optional),
            ("yandex_smart", Optional),
            ("aws_waf", Optional),
            ("datadome", Required),
            ("image_to_text", Never),
            ("coordinates", Never),
            ("grid", Never),
            ("draw_around", Never),
            ("rotate", Never),
            ("text_question", Never),
            ("audio", Never),
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
    for (family, name, value) in [
        ("recaptcha_v2", "apiDomain", json!("captcha.example.com")),
        ("recaptcha_v2", "isSession", json!(true)),
        ("recaptcha_v3", "cookies", json!("a=1")),
        ("turnstile", "pageData", json!("p")),
        ("hcaptcha", "rqdata", json!("r")),
        ("geetest_v4", "geetestApiServerSubdomain", json!("x")),
        ("friendly", "apiGetLib", json!("https://example.com/x.js")),
        ("grid", "imageUrls", json!(["https://example.com/1.png"])),
        ("audio", "body", json!("UklGRg==")),
    ] {
        proof().refuses(family, name, &value);
    }
}

#[test]
fn a_task_is_asked_about_at_most_twenty_times() {
    let limits = SolveCaptcha::manifest().polling;
    for pace in SERVICE.families.iter().filter_map(|family| family.pace) {
        assert!((limits.longest_life_ms - pace.first_ms) / pace.gap_ms < 20);
    }
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    let task = OpenTask { reference: "7".into(), family: "turnstile".into(), memo: vec![] };
    for operation in [Operation::Market, Operation::LookUp("a".into()), Operation::Cancel(task)] {
        let Step::Failed(fault) = begin::<SolveCaptcha>(operation) else { panic!("not refused") };
        assert_eq!(fault.class, FaultClass::NotSupported);
    }
}
