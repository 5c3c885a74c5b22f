//! The adapter as a whole: what every service of the format has to pass, and what is this one's own.

use adapter_kit::ProxySupport::{Optional, Required};
use adapter_kit::{FaultClass, OpenTask, Operation, begin};
use create_task_proof::{Proof, failed};
use serde_json::{Value, json};

use super::*;

/// The codes of the provider's own client libraries.
const KNOWN: [&str; 18] = [
    "ERROR_KEY_DOES_NOT_EXIST",
    "ERROR_KEY_NOT_AVAILABLE",
    "ERROR_ZERO_BALANCE",
    "ERROR_CONTENT_TYPE_ERROR",
    "ERROR_NOT_FOUND",
    "ERROR_PACKAGE_NOT_EXIST",
    "ERROR_PACKAGE_TASK_TYPE_NOT_SUPPORTED",
    "ERROR_REQUEST_METHOD",
    "ERROR_REQUEST_PARAMETERS",
    "ERROR_REQUEST_PROXY_MISSING",
    "ERROR_SUBSCRIPTION_EXPIRED",
    "ERROR_TASK_NOT_EXIST",
    "ERROR_TASK_TYPE_NOT_ALLOWED",
    "ERROR_TASK_TYPE_NOT_AVAILABLE",
    "ERROR_TASK_TYPE_NOT_SUPPORTED",
    "ERROR_WEBSITE_NOT_ALLOWED",
    "ERROR_REQUEST_LIMIT",
    "ERROR_REQUEST_BANNED",
];

fn proof() -> Proof<EzCaptcha> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), |_| Value::Null)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(48);
}

#[test]
fn every_family_has_its_fixtures() {
    proof().every_family_has_its_fixtures();
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    proof().the_manifest_serves(
        "ez-captcha",
        &[
            ("recaptcha_v2", Optional),
            ("recaptcha_v2_enterprise", Optional),
            ("recaptcha_v3", Optional),
            ("recaptcha_v3_enterprise", Optional),
            ("hcaptcha", Optional),
            ("turnstile", Optional),
            ("cloudflare_clearance", Required),
            ("funcaptcha", Optional),
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
        ("recaptcha_v2", "apiDomain", json!("www.google.com")),
        ("recaptcha_v2", "isSession", json!(true)),
        ("recaptcha_v2", "cookies", json!("a=1")),
        ("recaptcha_v2_enterprise", "enterprisePayload", json!({"more": 1})),
        ("recaptcha_v3", "minScore", json!(0.31)),
        ("recaptcha_v3", "enterprisePayload", json!({"s": "x"})),
        ("recaptcha_v3_enterprise", "anchor", json!("x")),
        ("hcaptcha", "enterprisePayload", json!({"more": 1})),
        ("turnstile", "pageData", json!("p")),
        ("turnstile", "somethingNew", json!(1)),
    ] {
        proof().refuses(family, name, &value, None);
    }
}

#[test]
fn a_value_of_another_type_is_the_clients_fault_and_not_quoted() {
    for (family, changes) in [
        ("recaptcha_v2", json!({"isSession": "hidden"})),
        ("recaptcha_v3", json!({"minScore": "hidden"})),
        ("recaptcha_v2_enterprise", json!({"enterprisePayload": "hidden"})),
        ("hcaptcha", json!({"enterprisePayload": ["hidden"]})),
    ] {
        let fault = proof().refused(family, &changes, None);
        assert_eq!(fault.class, FaultClass::InvalidTask, "{family}");
        assert!(!fault.message.contains("hidden"), "{}", fault.message);
    }
}

#[test]
fn a_task_is_asked_for_while_its_result_is_held() {
    let polling = EzCaptcha::manifest().polling;
    assert!(polling.longest_life_ms + polling.result_kept_ms <= 300_000, "five minutes after the creation");
}

#[test]
fn an_rqdata_that_was_given_by_itself_is_sent_and_not_the_payloads() {
    let both = json!({ "enterprisePayload": { "rqdata": "old" }, "rqdata": "new" });
    assert_eq!(proof().sent("hcaptcha", &both, None)["rqdata"], "new");
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    let task = || OpenTask { reference: "7".into(), family: "turnstile".into(), memo: vec![] };
    for operation in [Operation::LookUp("a".into()), Operation::Cancel(task()), Operation::Market] {
        assert_eq!(failed(begin::<EzCaptcha>(operation)).class, FaultClass::NotSupported);
    }
}
