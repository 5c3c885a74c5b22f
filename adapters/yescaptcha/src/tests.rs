//! The adapter as a whole: what every service of the format has to pass, and what is this one's own.

use adapter_kit::ProxySupport::Never;
use adapter_kit::{FaultClass, OpenTask, Operation, begin};
use create_task_proof::{Proof, failed};
use serde_json::{Value, json};

use super::*;

/// The codes that every service of the format has.
const KNOWN: [&str; 3] = ["ERROR_KEY_DOES_NOT_EXIST", "ERROR_ZERO_BALANCE", "ERROR_CAPTCHA_UNSOLVABLE"];

fn proof() -> Proof<YesCaptcha> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), |_| Value::Null)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(27);
}

#[test]
fn every_family_has_its_fixtures() {
    proof().every_family_has_its_fixtures();
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    proof().the_manifest_serves(
        "yescaptcha",
        &[
            ("recaptcha_v2", Never),
            ("recaptcha_v2_enterprise", Never),
            ("recaptcha_v3", Never),
            ("recaptcha_v3_enterprise", Never),
            ("turnstile", Never),
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
        ("recaptcha_v2", "recaptchaDataSValue", json!("s")),
        ("recaptcha_v2", "pageAction", json!("login")),
        ("recaptcha_v2_enterprise", "apiDomain", json!("www.google.com")),
        ("recaptcha_v3", "minScore", json!(0.31)),
        ("recaptcha_v3_enterprise", "enterprisePayload", json!({"s": "x"})),
        ("recaptcha_v3", "anchor", json!("x")),
        ("turnstile", "action", json!("login")),
        ("turnstile", "cdata", json!("d")),
        ("turnstile", "pageData", json!("p")),
        ("turnstile", "somethingNew", json!(1)),
    ] {
        proof().refuses(family, name, &value, None);
    }
}

#[test]
fn a_value_of_another_type_is_the_clients_fault_and_not_quoted() {
    for (family, changes) in
        [("recaptcha_v2", json!({"isSession": "hidden"})), ("recaptcha_v3", json!({"minScore": "hidden"}))]
    {
        let fault = proof().refused(family, &changes, None);
        assert_eq!(fault.class, FaultClass::InvalidTask, "{family}");
        assert!(!fault.message.contains("hidden"), "{}", fault.message);
    }
}

#[test]
fn a_task_is_polled_within_the_queries_and_minutes_that_the_provider_gives_it() {
    let polling = YesCaptcha::manifest().polling;
    assert!(polling.max_polls <= 120, "the most that a task is asked about");
    assert!(polling.longest_life_ms + polling.result_kept_ms <= 300_000, "five minutes after the creation");
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    let task = || OpenTask { reference: "7".into(), family: "turnstile".into(), memo: vec![] };
    for operation in [Operation::LookUp("a".into()), Operation::Cancel(task()), Operation::Market, Operation::Balance] {
        assert_eq!(failed(begin::<YesCaptcha>(operation)).class, FaultClass::NotSupported);
    }
}
