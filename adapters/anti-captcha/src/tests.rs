//! The adapter as a whole: its fixtures, every error code in every place, and what is refused before it is sent.

use std::collections::BTreeSet;
use std::path::Path;

use adapter_kit::{
    About, Charged, Fault, FaultClass, Operation, Proxy, ProxyScheme, ProxySupport, Reply, Response, Standing, Step,
    Submission, advance, begin, describe, fixture,
};
use serde_json::{Value, json};

use super::*;
use crate::families::FAMILIES;
use crate::faults::{FAULTS, GONE};

const SITE: &str = "https://example.com/login";

#[test]
fn every_fixture_is_followed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    match fixture::replay_folder::<AntiCaptcha>(&folder) {
        Ok(count) => assert!(count >= 100, "only {count} fixtures"),
        Err(difference) => panic!("{difference}"),
    }
}

#[test]
fn every_family_has_a_fixture_of_each_way_to_submit_it_and_one_of_its_solution() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let fixtures: Vec<Value> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| serde_json::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap())
        .collect();
    for family in FAMILIES {
        let submitted = |proxied: bool| {
            fixtures.iter().any(|fixture| {
                let task = &fixture["operation"]["submit"];
                let accepted = !fixture["end"]["accepted"].is_null();
                accepted && task["family"] == family.name && task["proxy"].is_null() != proxied
            })
        };
        let solved = fixtures.iter().any(|fixture| {
            let asked = fixture["operation"]["poll"][0]["family"] == family.name;
            asked && !fixture["end"]["polled"][0]["solved"].is_null()
        });
        assert_eq!(submitted(false), family.solo.is_some(), "{} without a proxy", family.name);
        assert_eq!(submitted(true), family.proxied.is_some(), "{} with a proxy", family.name);
        assert!(solved, "{} solved", family.name);
    }
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    let manifest = describe::<AntiCaptcha>();
    assert_eq!(manifest.provider_id, "anti-captcha");
    assert_eq!(manifest.task_types.len(), FAMILIES.len());
    let of = |proxy: ProxySupport| -> Vec<&str> {
        manifest.task_types.iter().filter(|t| t.proxy == proxy).map(|t| t.family.as_str()).collect()
    };
    let never = ["recaptcha_v3", "recaptcha_v3_enterprise", "image_to_text", "coordinates"];
    assert_eq!(of(ProxySupport::Never), never);
    assert_eq!(of(ProxySupport::Required), ["anti_captcha_anti_bot_cookie"]);
    assert_eq!(of(ProxySupport::Optional).len(), 13);
    let polling = manifest.polling;
    assert!(polling.interval_ms * polling.max_polls >= polling.longest_life_ms);
    assert!(
        manifest
            .task_types
            .iter()
            .all(|t| adapter_kit::decimal(&t.list_price.amount) == Some(t.list_price.amount.clone()))
    );
    // A tour of the queues takes one step for each and has to end within the contract's sixteen.
    let queues: Vec<u32> = market::queues().collect();
    assert!(queues.len() < 16);
    assert_eq!(queues.iter().collect::<BTreeSet<_>>().len(), queues.len());
}

fn answer(number: u64, code: &str) -> Reply {
    let body = json!({ "errorId": number, "errorCode": code, "errorDescription": "words" });
    Reply::Response(Response { status: 200, headers: vec![], body: body.to_string().into_bytes() })
}

fn after(operation: Operation, reply: Reply) -> Step {
    let Step::Send((_, state)) = begin::<AntiCaptcha>(operation) else { panic!("nothing was sent") };
    advance::<AntiCaptcha>(&state, reply)
}

fn failed(step: Step) -> Fault {
    let Step::Failed(fault) = step else { panic!("no fault: {}", fixture::step_json(&step)) };
    fault
}

fn task() -> OpenTask {
    OpenTask { reference: "7".into(), family: "turnstile".into(), memo: vec![] }
}

fn submission(family: &str, parameters: &Value, proxy: Option<Proxy>) -> Operation {
    let (attempt_id, family) = ("a".to_owned(), family.to_owned());
    Operation::Submit(Submission { attempt_id, family, parameters: parameters.to_string(), proxy })
}

fn turnstile() -> Operation {
    submission("turnstile", &json!({ "websiteURL": SITE, "websiteKey": "k" }), None)
}

#[test]
fn the_table_has_every_number_once() {
    let numbers: Vec<_> = FAULTS.iter().map(|row| row.number).filter(|n| *n != 0).collect();
    let known: BTreeSet<_> = numbers.iter().copied().collect();
    assert_eq!(known.len(), numbers.len());
    let published = (1..=4).chain(10..=16).chain(20..=57).collect::<BTreeSet<u64>>();
    assert_eq!(known, published);
    assert_eq!(FAULTS.iter().map(|row| row.code).collect::<BTreeSet<_>>().len(), FAULTS.len());
}

#[test]
fn every_code_on_submit_is_its_class_and_costs_nothing_but_unsolvable() {
    for row in FAULTS {
        let fault = failed(after(turnstile(), answer(row.number.max(1), row.code)));
        assert_eq!((fault.class, fault.code.as_str()), (row.class, row.code));
        let charged = if row.code == "ERROR_CAPTCHA_UNSOLVABLE" { Charged::Yes } else { Charged::No };
        assert_eq!(fault.charged, charged, "{}", row.code);
    }
}

#[test]
fn every_number_is_enough_where_the_code_is_missing_or_new() {
    for row in FAULTS.iter().filter(|row| row.number != 0) {
        for code in ["", "ERROR_NEW_NAME"] {
            let fault = failed(after(turnstile(), answer(row.number, code)));
            assert_eq!(fault.class, row.class, "{}", row.code);
            assert_eq!(fault.code, if code.is_empty() { row.code } else { code });
        }
    }
}

#[test]
fn every_code_on_poll_is_a_verdict_or_a_failed_poll() {
    for row in FAULTS {
        let step = after(Operation::Poll(vec![task()]), answer(row.number.max(1), row.code));
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
fn every_code_on_balance_and_report_ends_the_operation() {
    let report = Report { task: OpenTask { family: "hcaptcha".into(), ..task() }, correct: false };
    for row in FAULTS {
        let reply = || answer(row.number.max(1), row.code);
        assert_eq!(failed(after(Operation::Balance, reply())).class, row.class, "{}", row.code);
        let class = if row.code == GONE { FaultClass::InvalidTask } else { row.class };
        assert_eq!(failed(after(Operation::Report(report.clone()), reply())).class, class, "{}", row.code);
    }
}

#[test]
fn a_parameter_that_cannot_be_taken_is_refused_before_anything_is_sent() {
    let image = |extra: Value| {
        let mut all = json!({ "body": format!("/9j/{}", "A".repeat(400)) });
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        all
    };
    for (family, parameters) in [
        ("recaptcha_v2", json!({ "pageAction": "login" })),
        ("recaptcha_v2", json!({ "cookies": "a=1" })),
        ("recaptcha_v2", json!({ "apiDomain": "captcha.example.com" })),
        ("recaptcha_v2_enterprise", json!({ "pageAction": "login" })),
        ("recaptcha_v3", json!({ "enterprisePayload": { "s": "x" } })),
        ("recaptcha_v3", json!({ "cookies": "a=1" })),
        ("turnstile", json!({ "somethingNew": 1 })),
        ("image_to_text", image(json!({ "numeric": 3 }))),
        ("image_to_text", image(json!({ "numeric": 4 }))),
        ("image_to_text", image(json!({ "imgInstructions": "/9j/" }))),
        ("image_to_text", image(json!({ "languagePool": "ja" }))),
        ("image_to_text", json!({ "body": format!("/9j/{}", "A".repeat(700_000)) })),
        ("image_to_text", json!({ "body": format!("UklG{}", "A".repeat(400)) })),
        ("recaptcha_v3_enterprise", json!({ "anchor": "x" })),
        ("aws_waf", json!({ "websiteKey": "k", "iv": "i", "context": "c", "wafType": "new" })),
        ("altcha", json!({ "challenge": "short", "salt": "s", "signature": "g" })),
        ("altcha", json!({ "challenge": "ab".repeat(32), "iterations": "many" })),
        ("coordinates", image(json!({ "minClicks": 2 }))),
        ("coordinates", image(json!({ "maxClicks": 5 }))),
        ("coordinates", image(json!({ "languagePool": "ru" }))),
        ("coordinates", image(json!({ "comment": "ä" }))),
        ("mtcaptcha", json!({})),
    ] {
        let fault = failed(begin::<AntiCaptcha>(submission(family, &parameters, None)));
        assert_eq!(fault.class, FaultClass::NotSupported, "{family} {parameters}");
        assert_eq!(fault.charged, Charged::No);
    }
}

#[test]
fn an_image_is_measured_to_the_byte() {
    let sent = |bytes: usize, padding: &str| {
        // Base64 of n bytes is ⌈4n/3⌉ characters and its padding.
        let body = format!("/9j/{}{padding}", "A".repeat((bytes * 4).div_ceil(3) - 4));
        begin::<AntiCaptcha>(submission("image_to_text", &json!({ "body": body }), None))
    };
    assert_eq!(failed(sent(99, "")).class, FaultClass::InvalidTask);
    assert!(matches!(sent(100, "=="), Step::Send(_)));
    assert!(matches!(sent(500_000, "="), Step::Send(_)));
    assert_eq!(failed(sent(500_001, "")).class, FaultClass::NotSupported);
}

#[test]
fn a_proxy_that_cannot_work_there_is_refused() {
    let proxy = |host: &str| Proxy {
        scheme: ProxyScheme::Http,
        host: host.to_owned(),
        port: 8080,
        login: None,
        password: None,
    };
    let refused = |family: &str, host: &str| {
        let parameters = json!({ "websiteURL": SITE, "websiteKey": "k" });
        failed(begin::<AntiCaptcha>(submission(family, &parameters, Some(proxy(host))))).class
    };
    assert_eq!(refused("turnstile", "proxy.example.com"), FaultClass::NotSupported);
    assert_eq!(refused("recaptcha_v3", "203.0.113.7"), FaultClass::NotSupported);
    for local in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.1.1", "0.0.0.0", "::1", "fd00::1", "::ffff:10.0.0.1"]
    {
        assert_eq!(refused("turnstile", local), FaultClass::InvalidTask, "{local}");
    }
}

#[test]
fn the_smallest_score_that_is_good_enough_is_asked_for() {
    for (asked, sent) in [(0.1, 0.3), (0.3, 0.3), (0.31, 0.7), (0.7, 0.7), (0.8, 0.9), (0.9, 0.9), (1.0, 0.9)] {
        let parameters = json!({ "websiteURL": SITE, "websiteKey": "k", "minScore": asked });
        let Step::Send((request, _)) = begin::<AntiCaptcha>(submission("recaptcha_v3", &parameters, None)) else {
            panic!("nothing was sent")
        };
        let shown = fixture::request_json(&request);
        assert_eq!(shown.pointer("/json/task/minScore"), Some(&json!(sent)), "{asked}");
    }
}

#[test]
fn a_value_of_another_type_is_the_clients_fault_and_not_quoted() {
    for (family, parameters) in [
        ("recaptcha_v3", json!({ "minScore": "hidden" })),
        ("recaptcha_v2", json!({ "apiDomain": ["hidden"] })),
        ("hcaptcha", json!({ "enterprisePayload": "hidden" })),
        ("image_to_text", json!({ "body": { "hidden": 1 } })),
        ("image_to_text", json!({ "numeric": "hidden" })),
        ("coordinates", json!({ "minClicks": "hidden" })),
        ("coordinates", json!({ "maxClicks": "hidden" })),
        ("coordinates", json!({ "comment": ["hidden"] })),
        ("recaptcha_v2", json!({ "isSession": "hidden" })),
        ("altcha", json!({ "challenge": ["hidden"] })),
        ("image_to_text", json!("hidden")),
    ] {
        let fault = failed(begin::<AntiCaptcha>(submission(family, &parameters, None)));
        assert_eq!(fault.class, FaultClass::InvalidTask, "{family}");
        assert!(!fault.message.contains("hidden"), "{}", fault.message);
    }
}

#[test]
fn a_reference_that_is_no_number_is_in_doubt() {
    let foreign = OpenTask { reference: "not ours".into(), ..task() };
    assert_eq!(failed(begin::<AntiCaptcha>(Operation::Poll(vec![foreign]))).class, FaultClass::InDoubt);
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    for operation in [Operation::LookUp("a".into()), Operation::Cancel(task())] {
        assert_eq!(failed(begin::<AntiCaptcha>(operation)).class, FaultClass::NotSupported);
    }
}
