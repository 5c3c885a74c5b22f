//! The adapter as a whole: its fixtures, its rules for polling, and every error code in every place.

mod families;
mod refusals;
mod service;

use std::collections::BTreeSet;
use std::path::Path;

use adapter_kit::{
    About, Charged, Fault, FaultClass, Operation, Proxy, ProxyScheme, Reply, Standing, Step, advance, begin, describe,
    fixture,
};
use serde_json::Value;

use super::*;
use crate::faults::{FAULTS, GONE, GONE_TOO};

const SITE: &str = "https://example.com/login";
/// The codes of <https://docs.capsolver.com/guide/api-error>.
const PUBLISHED: [&str; 17] = [
    "ERROR_SERVICE_UNAVALIABLE",
    "ERROR_RATE_LIMIT",
    "ERROR_INVALID_TASK_DATA",
    "ERROR_BAD_REQUEST",
    "ERROR_TASKID_INVALID",
    "ERROR_TASK_TIMEOUT",
    "ERROR_SETTLEMENT_FAILED",
    "ERROR_KEY_DENIED_ACCESS",
    "ERROR_ZERO_BALANCE",
    "ERROR_TASK_NOT_SUPPORTED",
    "ERROR_CAPTCHA_UNSOLVABLE",
    "ERROR_UNKNOWN_QUESTION",
    "ERROR_PROXY_BANNED",
    "ERROR_INVALID_IMAGE",
    "ERROR_PARSE_IMAGE_FAIL",
    "ERROR_IP_BANNED",
    "ERROR_KEY_TEMP_BLOCKED",
];
/// Statuses that an error has been seen or documented with, and one that contradicts it.
const STATUSES: [u16; 7] = [200, 400, 401, 403, 409, 429, 503];

#[test]
fn every_fixture_is_followed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    match fixture::replay_folder::<CapSolver>(&folder) {
        Ok(count) => assert!(count >= 141, "only {count} fixtures"),
        Err(difference) => panic!("{difference}"),
    }
}

#[test]
fn a_task_is_polled_within_the_queries_and_minutes_that_the_provider_gives_it() {
    let polling = describe::<CapSolver>().polling;
    assert!(polling.max_polls < 120, "the result is lost at the 121st query");
    assert!(polling.interval_ms * polling.max_polls >= polling.longest_life_ms);
    assert_eq!(polling.longest_life_ms + polling.result_kept_ms, 300_000, "five minutes after the creation");
    assert_eq!(polling.max_batch, 1);
}

fn answer(status: u16, code: &str) -> Reply {
    let body = json!({ "errorId": 1, "errorCode": code, "errorDescription": "words", "status": "failed" });
    Reply::Response(Response { status, headers: vec![], body: body.to_string().into_bytes() })
}

fn after(operation: Operation, reply: Reply) -> Step {
    let Step::Send((_, state)) = begin::<CapSolver>(operation) else { panic!("nothing was sent") };
    advance::<CapSolver>(&state, reply)
}

fn failed(step: Step) -> Fault {
    let Step::Failed(fault) = step else { panic!("no fault: {}", fixture::step_json(&step)) };
    fault
}

fn task() -> OpenTask {
    OpenTask { reference: "61138bb6-19fb-11ec".into(), family: "turnstile".into(), memo: vec![] }
}

fn submission(family: &str, parameters: &Value, proxy: Option<Proxy>) -> Operation {
    let (attempt_id, family) = ("a".to_owned(), family.to_owned());
    Operation::Submit(Submission { attempt_id, family, parameters: parameters.to_string(), proxy })
}

fn turnstile() -> Operation {
    submission("turnstile", &json!({ "websiteURL": SITE, "websiteKey": "k" }), None)
}

fn proxy(host: &str) -> Proxy {
    Proxy { scheme: ProxyScheme::Http, host: host.to_owned(), port: 8080, login: None, password: None }
}

#[test]
fn the_table_has_every_published_code_once() {
    let known: BTreeSet<_> = FAULTS.iter().map(|row| row.code).collect();
    assert_eq!(known.len(), FAULTS.len());
    for code in PUBLISHED {
        assert!(known.contains(code), "{code}");
    }
}

#[test]
fn every_code_on_submit_is_its_class_whatever_the_status_and_costs_nothing() {
    for row in FAULTS {
        for status in STATUSES {
            let fault = failed(after(turnstile(), answer(status, row.code)));
            assert_eq!((fault.class, fault.code.as_str()), (row.class, row.code), "{status}");
            assert_eq!(fault.charged, Charged::No, "{}", row.code);
        }
    }
}

#[test]
fn every_code_on_poll_is_a_verdict_or_a_failed_poll_whatever_the_status() {
    for (row, status) in FAULTS.iter().flat_map(|row| STATUSES.map(|status| (row, status))) {
        let step = after(Operation::Poll(vec![task()]), answer(status, row.code));
        match row.about {
            About::Call => assert_eq!(failed(step).class, row.class, "{}", row.code),
            About::Task => {
                let Step::Polled(verdicts) = step else { panic!("no verdict on {}", row.code) };
                let [verdict] = verdicts.as_slice() else { panic!("not one verdict") };
                let Standing::Failed(fault) = &verdict.standing else { panic!("not failed") };
                assert_eq!((fault.class, fault.charged), (row.class, row.charged), "{}", row.code);
            }
        }
    }
}

#[test]
fn a_code_of_the_key_the_rate_or_the_provider_is_never_a_verdict() {
    for row in FAULTS {
        let of_the_call = match row.class {
            FaultClass::CredentialRejected
            | FaultClass::CredentialOutOfFunds
            | FaultClass::Throttled(_)
            | FaultClass::ProviderDown => true,
            FaultClass::InvalidTask
            | FaultClass::Unsolvable
            | FaultClass::NotSupported
            | FaultClass::NoCapacity
            | FaultClass::InDoubt => false,
        };
        assert!(!of_the_call || row.about == About::Call, "{}", row.code);
    }
}

#[test]
fn every_code_on_balance_and_report_ends_the_operation() {
    let report = Report { task: task(), correct: false };
    for row in FAULTS {
        assert_eq!(failed(after(Operation::Balance, answer(400, row.code))).class, row.class, "{}", row.code);
        let class = if [GONE, GONE_TOO].contains(&row.code) { FaultClass::InvalidTask } else { row.class };
        let fault = failed(after(Operation::Report(report.clone()), answer(400, row.code)));
        assert_eq!(fault.class, class, "{}", row.code);
    }
}

#[test]
fn an_unknown_code_counts_by_its_status() {
    let read = |operation, status| failed(after(operation, answer(status, "ERROR_NEW"))).class;
    for (status, on_submit, on_poll) in [
        (200, FaultClass::ProviderDown, FaultClass::ProviderDown),
        (400, FaultClass::ProviderDown, FaultClass::ProviderDown),
        (401, FaultClass::CredentialRejected, FaultClass::CredentialRejected),
        (429, FaultClass::Throttled(None), FaultClass::Throttled(None)),
        (500, FaultClass::InDoubt, FaultClass::ProviderDown),
        (503, FaultClass::InDoubt, FaultClass::ProviderDown),
    ] {
        assert_eq!(read(turnstile(), status), on_submit, "{status}");
        assert_eq!(read(Operation::Poll(vec![task()]), status), on_poll, "{status}");
    }
}

#[test]
fn a_status_without_a_readable_body_is_in_doubt_on_submit_unless_it_was_too_fast() {
    for body in ["", "<html>", "[]", "{}", r#"{"errorId":"x"}"#, r#"{"errorId":0,"taskId":"7"}"#] {
        for status in [301, 400, 401, 403, 404, 500, 502] {
            let reply = Response { status, headers: vec![], body: body.into() };
            let fault = failed(after(turnstile(), Reply::Response(reply)));
            assert_eq!(fault.class, FaultClass::InDoubt, "{status} {body}");
        }
        let reply = Response { status: 429, headers: vec![], body: body.into() };
        let fault = failed(after(turnstile(), Reply::Response(reply)));
        assert_eq!(fault.class, FaultClass::Throttled(None), "{body}");
    }
}

#[test]
fn a_task_that_was_made_and_failed_in_one_answer_is_done_with_and_another_one_is_in_doubt() {
    let read = |code: &str, status: &str| {
        let body = json!({ "errorId": 1, "errorCode": code, "status": status, "taskId": "61138bb6" });
        let reply = Response { status: 400, headers: vec![], body: body.to_string().into_bytes() };
        failed(after(turnstile(), Reply::Response(reply))).class
    };
    assert_eq!(read("ERROR_CAPTCHA_UNSOLVABLE", "failed"), FaultClass::Unsolvable);
    assert_eq!(read("ERROR_CAPTCHA_UNSOLVABLE", "idle"), FaultClass::InDoubt);
    assert_eq!(read("ERROR_NEW", "failed"), FaultClass::InDoubt);
}

#[test]
fn an_id_that_cannot_be_a_reference_is_none() {
    for id in [json!(""), json!("x".repeat(513)), json!(7), json!(null)] {
        let body = json!({ "errorId": 0, "taskId": id, "status": "idle" });
        let reply = Response { status: 200, headers: vec![], body: body.to_string().into_bytes() };
        assert_eq!(failed(after(turnstile(), Reply::Response(reply))).class, FaultClass::InDoubt);
    }
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    for operation in [Operation::LookUp("a".into()), Operation::Cancel(task()), Operation::Market] {
        assert_eq!(failed(begin::<CapSolver>(operation)).class, FaultClass::NotSupported);
    }
}
