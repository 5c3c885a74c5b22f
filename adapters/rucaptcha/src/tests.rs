//! The adapter as a whole: what every service of the format has to pass, and what is this one's own.

use adapter_kit::ProxySupport::{Never, Optional, Required};
use adapter_kit::{FaultClass, OpenTask, Operation, begin};
use create_task_proof::{Proof, failed};
use serde_json::{Value, json};

use super::*;

/// The picture of the catalogue's own example, a GIF that every service's limits admit.
const PICTURE: &str = "R0lGODlhCgAKAIAAAP///wAAACH+VkFuIGV4YW1wbGUgb2YgYSBwaWN0dXJlLCBsYXJnZSBlbm91Z2ggdG8gYmUgdGFrZW4gZm9yIG9uZSBieSBldmVyeSBzZXJ2aWNlLgAsAAAAAAoACgAAAgiEj6nL7Q+jLAA7";

/// The codes of <https://2captcha.com/api-docs/error-codes>.
const KNOWN: [&str; 20] = [
    "ERROR_KEY_DOES_NOT_EXIST",
    "ERROR_NO_SLOT_AVAILABLE",
    "ERROR_ZERO_CAPTCHA_FILESIZE",
    "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
    "ERROR_PAGEURL",
    "ERROR_ZERO_BALANCE",
    "ERROR_IP_NOT_ALLOWED",
    "ERROR_CAPTCHA_UNSOLVABLE",
    "ERROR_BAD_DUPLICATES",
    "ERROR_NO_SUCH_METHOD",
    "ERROR_IMAGE_TYPE_NOT_SUPPORTED",
    "ERROR_NO_SUCH_CAPCHA_ID",
    "ERROR_IP_BLOCKED",
    "ERROR_TASK_ABSENT",
    "ERROR_TASK_NOT_SUPPORTED",
    "ERROR_RECAPTCHA_INVALID_SITEKEY",
    "ERROR_ACCOUNT_SUSPENDED",
    "ERROR_BAD_PARAMETERS",
    "ERROR_BAD_IMGINSTRUCTIONS",
    "ERROR_BAD_PROXY",
];

fn beyond(family: &str) -> Value {
    match family {
        "aws_waf" => json!({"websiteKey": "k", "iv": "i", "context": "c"}),
        "temu_image" => json!({"images": [PICTURE, PICTURE, PICTURE]}),
        _ => Value::Null,
    }
}

fn proof() -> Proof<RuCaptcha> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), beyond)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(121);
}

#[test]
fn every_family_has_its_fixtures() {
    proof().every_family_has_its_fixtures();
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    proof().the_manifest_serves(
        "rucaptcha",
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
            ("cybersiara", Optional),
            ("keycaptcha", Optional),
            ("lemin", Optional),
            ("capy", Optional),
            ("tencent", Optional),
            ("cutcaptcha", Optional),
            ("atb", Optional),
            ("yandex_smart", Optional),
            ("captchafox", Required),
            ("vk", Required),
            ("binance", Optional),
            ("yidun", Optional),
            ("aws_waf", Optional),
            ("datadome", Required),
            ("image_to_text", Never),
            ("coordinates", Never),
            ("grid", Never),
            ("bounding_box", Never),
            ("draw_around", Never),
            ("rotate", Never),
            ("temu_image", Never),
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
        ("recaptcha_v2", "pageAction", json!("login")),
        ("recaptcha_v2", "isSession", json!(true)),
        ("recaptcha_v3", "enterprisePayload", json!({"s": "x"})),
        ("recaptcha_v3", "cookies", json!("a=1")),
        ("recaptcha_v3_enterprise", "anchor", json!("x")),
        ("turnstile", "somethingNew", json!(1)),
        ("turnstile", "pageData", json!("p")),
        ("geetest_v3", "geetestGetLib", json!("x")),
        ("geetest_v4", "geetestApiServerSubdomain", json!("x")),
        ("mtcaptcha", "isInvisible", json!(true)),
        ("mtcaptcha", "pageAction", json!("x")),
        ("friendly", "apiGetLib", json!("https://example.com/x.js")),
        ("altcha", "salt", json!("s")),
        ("tencent", "userAgent", json!("Mozilla/5.0")),
        ("tencent", "captchaUrl", json!("https://example.com/x.js")),
        ("aws_waf", "jsapiScript", json!("https://example.com/x.js")),
        ("aws_waf", "wafType", json!("widget")),
        ("aws_waf", "cookieSolution", json!(true)),
        ("image_to_text", "languagePool", json!("ja")),
        ("image_to_text", "body", json!(format!("/9j/{}", "A".repeat(140_000)))),
        ("image_to_text", "imgInstructions", json!(format!("/9j/{}", "A".repeat(140_000)))),
        ("coordinates", "minClicks", json!(2)),
        ("coordinates", "maxClicks", json!(3)),
        ("coordinates", "mode", json!("rectangles")),
        ("grid", "images", json!(["x", "y"])),
        ("grid", "imageUrls", json!(["https://example.com/1.png"])),
        ("grid", "grid", json!("1x1")),
        ("rotate", "imageBackground", json!("x")),
        ("audio", "body", json!("UklGRg==")),
    ] {
        proof().refuses(family, name, &value, None);
    }
}

#[test]
fn a_value_of_another_type_is_the_clients_fault_and_not_quoted() {
    for (family, changes) in [
        ("recaptcha_v2", json!({"isSession": "hidden"})),
        ("recaptcha_v3", json!({"minScore": "hidden"})),
        ("geetest_v4", json!({"initParameters": "hidden"})),
        ("mtcaptcha", json!({"isInvisible": "hidden"})),
        ("aws_waf", json!({"cookieSolution": "hidden"})),
        ("image_to_text", json!({"body": ["hidden"]})),
        ("image_to_text", json!({"languagePool": ["hidden"]})),
        ("coordinates", json!({"minClicks": "hidden"})),
        ("grid", json!({"images": "hidden"})),
        ("rotate", json!({"angle": "hidden"})),
        ("audio", json!({"body": ["hidden"]})),
    ] {
        let fault = proof().refused(family, &changes, None);
        assert_eq!(fault.class, FaultClass::InvalidTask, "{family}");
        assert!(!fault.message.contains("hidden"), "{}", fault.message);
    }
}

#[test]
fn a_token_is_asked_about_twenty_times_at_most() {
    let polling = RuCaptcha::manifest().polling;
    for pace in SERVICE.all().filter_map(|family| family.pace) {
        assert!((polling.longest_life_ms - pace.first_ms) / pace.gap_ms < 20);
    }
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    let task = || OpenTask { reference: "7".into(), family: "turnstile".into(), memo: vec![] };
    for operation in [Operation::LookUp("a".into()), Operation::Cancel(task()), Operation::Market, Operation::Balance] {
        assert_eq!(failed(begin::<RuCaptcha>(operation)).class, FaultClass::NotSupported);
    }
}
