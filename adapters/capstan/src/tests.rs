//! The adapter as a whole: what every service of the format has to pass, and what is this one's own.

use adapter_kit::{Abilities, FaultClass, OpenTask, Operation, Standing, Step, begin, fixture};
use create_task_proof::{Proof, failed, public_proxy, response, submission};
use serde_json::{Value, json};

use super::*;
use crate::families::FAMILIES;

/// The codes of `docs/api.md`.
const KNOWN: [&str; 19] = [
    "ERROR_KEY_DOES_NOT_EXIST",
    "ERROR_USER_BANNED",
    "ERROR_ZERO_BALANCE",
    "ERROR_DAILY_LIMIT",
    "ERROR_IP_NOT_ALLOWED",
    "INVALID_TASK_DATA",
    "ERROR_NO_SUCH_METHOD",
    "ERROR_IDEMPOTENCY_KEY_REUSED",
    "IMAGE_CORRUPTED",
    "IMAGE_TOO_LARGE",
    "IMAGE_TOO_SMALL",
    "TASK_NOT_SUPPORTED",
    "NO_PROVIDERS_AVAILABLE",
    "ERROR_RATE_LIMIT",
    "ERROR_TASK_NOT_FOUND",
    "ERROR_TASK_TIMEOUT",
    "CAPTCHA_UNSOLVABLE",
    "DOMAIN_BANNED",
    "INTERNAL_ERROR",
];

fn proof() -> Proof<Capstan> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), |_| Value::Null)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(180);
    proof().every_family_has_its_fixtures();
}

#[test]
fn the_whole_catalogue_is_served_under_its_own_type_names() {
    proof().every_family_is_the_catalogues_own();
    proof().the_example_of_every_family_is_sent();
    proof().a_proxy_that_nobody_can_reach_is_refused();
}

#[test]
fn every_code_is_read_in_every_place() {
    proof().every_code_is_read(&KNOWN);
}

#[test]
fn a_submit_that_is_sent_twice_is_one_task() {
    let repeats = Abilities::IDEMPOTENT_SUBMIT;
    assert_eq!(Capstan::manifest().abilities & repeats, repeats);
    let Step::Send((request, _)) = begin::<Capstan>(proof().changed("turnstile", &json!({}), None)) else {
        panic!("not sent")
    };
    assert_eq!(request.headers, [("Idempotency-Key".to_owned(), "a".to_owned())]);
}

#[test]
fn no_task_meets_a_strangers_key_one_gateway_further_on() {
    for family in FAMILIES {
        for proxy in [family.solo.map(|_| None), family.proxied.map(|_| Some(public_proxy()))].into_iter().flatten() {
            let Step::Send((request, _)) = begin::<Capstan>(submission(family.name, &json!({}), proxy)) else {
                panic!("{}: not sent", family.name)
            };
            assert_eq!(fixture::request_json(&request)["json"]["keyPoolMode"], "platformOnly", "{}", family.name);
        }
    }
}

#[test]
fn a_failed_task_has_failed_whatever_its_code_is_about() {
    for row in FAULTS {
        let task = OpenTask { reference: "019a".into(), family: "turnstile".into(), memo: vec![] };
        let body = json!({ "errorId": 1, "errorCode": row.code, "errorDescription": "words", "status": "failed" });
        let Step::Polled(verdicts) = proof().after(Operation::Poll(vec![task]), response(200, &body)) else {
            panic!("{}: no verdict", row.code)
        };
        let Some(Standing::Failed(fault)) = verdicts.first().map(|verdict| &verdict.standing) else {
            panic!("{}: not failed", row.code)
        };
        let class = if row.class == FaultClass::InDoubt { FaultClass::Unsolvable } else { row.class };
        assert_eq!(fault.class, class, "{}", row.code);
    }
}

#[test]
fn what_is_no_family_is_refused() {
    let fault = failed(begin::<Capstan>(submission("nonsense", &json!({}), None)));
    assert_eq!((fault.class, fault.code.as_str()), (FaultClass::NotSupported, "FAMILY_NOT_SUPPORTED"));
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    let task = OpenTask { reference: "019a".into(), family: "turnstile".into(), memo: vec![] };
    for operation in [Operation::LookUp("a".into()), Operation::Cancel(task), Operation::Market] {
        assert_eq!(failed(begin::<Capstan>(operation)).class, FaultClass::NotSupported);
    }
}
