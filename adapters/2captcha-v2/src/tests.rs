//! The adapter as a whole: what every service of the format has to pass, and what is this name's own. What the tables refuse
//! is tested at the other name, rucaptcha.

use adapter_kit::ProxySupport::{Never, Optional, Required};
use adapter_kit::{FaultClass, Money, OpenTask, Operation, Standing, Step, begin};
use create_task_proof::{Proof, failed, response};
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

fn proof() -> Proof<TwoCaptchaV2> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), beyond)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(123);
}

#[test]
fn every_family_has_its_fixtures() {
    proof().every_family_has_its_fixtures();
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    proof().the_manifest_serves(
        "2captcha-v2",
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
fn sums_are_in_dollars() {
    let manifest = TwoCaptchaV2::manifest();
    assert_eq!(manifest.base_url, "https://api.2captcha.com");
    let answer = response(200, &json!({ "errorId": 0, "balance": 0.93958 }));
    assert_eq!(proof().after(Operation::Balance, answer), Step::Balance(Money::usd("0.93958")));
    let solved = json!({ "errorId": 0, "status": "ready", "solution": { "token": "t" }, "cost": "0.00299" });
    let task = OpenTask { reference: "7".into(), family: "turnstile".into(), memo: vec![] };
    let Step::Polled(verdicts) = proof().after(Operation::Poll(vec![task]), response(200, &solved)) else {
        panic!("no verdict")
    };
    let Some(Standing::Solved(solved)) = verdicts.first().map(|verdict| &verdict.standing) else {
        panic!("not solved")
    };
    assert_eq!(solved.cost, Some(Money::usd("0.00299")));
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    let task = OpenTask { reference: "7".into(), family: "turnstile".into(), memo: vec![] };
    for operation in [Operation::LookUp("a".into()), Operation::Cancel(task), Operation::Market] {
        assert_eq!(failed(begin::<TwoCaptchaV2>(operation)).class, FaultClass::NotSupported);
    }
}
