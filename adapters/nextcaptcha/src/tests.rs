//! The adapter as a whole: what every service of the format has to pass, and what is this one's own.

use adapter_kit::ProxySupport::{Never, Optional};
use adapter_kit::{FaultClass, OpenTask, Operation, begin};
use create_task_proof::{Proof, failed};
use serde_json::{Value, json};

use super::*;

/// The code of the sample of `getTaskResult`, and those that every service of the format has.
const KNOWN: [&str; 3] = ["ERROR_CAPTCHA_UNSOLVABLE", "ERROR_KEY_DOES_NOT_EXIST", "ERROR_ZERO_BALANCE"];

fn proof() -> Proof<NextCaptcha> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), |_| Value::Null)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(35);
}

#[test]
fn every_family_has_its_fixtures() {
    proof().every_family_has_its_fixtures();
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    proof().the_manifest_serves(
        "nextcaptcha",
        &[
            ("recaptcha_v2", Never),
            ("recaptcha_v2_enterprise", Never),
            ("recaptcha_v3", Optional),
            ("turnstile", Optional),
            ("turnstile_challenge", Optional),
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
        ("recaptcha_v2", "cookies", json!("a=1")),
        ("recaptcha_v2_enterprise", "cookies", json!("a=1")),
        ("recaptcha_v3", "minScore", json!(0.31)),
        ("recaptcha_v3", "enterprisePayload", json!({"s": "x"})),
        ("recaptcha_v3", "anchor", json!("x")),
        ("recaptcha_v3", "reload", json!("x")),
        ("turnstile", "somethingNew", json!(1)),
        ("turnstile_challenge", "apiJsUrl", json!("https://example.com/x.js")),
    ] {
        proof().refuses(family, name, &value, None);
    }
}

#[test]
fn a_value_of_another_type_is_the_clients_fault_and_not_quoted() {
    for (family, changes) in [
        ("recaptcha_v2", json!({"isSession": "hidden"})),
        ("recaptcha_v2", json!({"apiDomain": ["hidden"]})),
        ("recaptcha_v3", json!({"minScore": "hidden"})),
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
        assert_eq!(failed(begin::<NextCaptcha>(operation)).class, FaultClass::NotSupported);
    }
}
