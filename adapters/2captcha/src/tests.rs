//! The adapter as a whole: its fixtures, every error code in every place, and what its manifest promises.

mod answers;
mod refusals;
mod walk;

use std::collections::BTreeSet;
use std::path::Path;

use adapter_kit::{
    About, Charged, Fault, FaultClass, Operation, Proxy, ProxySupport, Reply, Response, Standing, Step, Submission,
    Verdict, advance, begin, describe, fixture,
};
use serde_json::{Value, json};

use super::*;
use crate::faults::FAULTS;

const SITE: &str = "https://example.com/login";

#[test]
fn every_fixture_is_followed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    match fixture::replay_folder::<TwoCaptcha>(&folder) {
        Ok(count) => assert!(count >= 170, "only {count} fixtures"),
        Err(difference) => panic!("{difference}"),
    }
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    let manifest = describe::<TwoCaptcha>();
    assert_eq!((manifest.provider_id.as_str(), manifest.display_name.as_str()), ("2captcha", "2Captcha"));
    assert_eq!(manifest.task_types.len(), families::all().count());
    let with = |support: ProxySupport| -> Vec<&str> {
        manifest.task_types.iter().filter(|t| t.proxy == support).map(|t| t.family.as_str()).collect()
    };
    assert_eq!(with(ProxySupport::Required), ["captchafox", "vk", "datadome", "imperva", "tspd"]);
    let never = with(ProxySupport::Never);
    assert_eq!(never[..2], ["recaptcha_v3", "recaptcha_v3_enterprise"]);
    assert_eq!(never.len(), 12, "and what needs no site: {never:?}");
    assert!(
        manifest
            .task_types
            .iter()
            .all(|t| adapter_kit::decimal(&t.list_price.amount) == Some(t.list_price.amount.clone()))
    );
}

#[test]
fn a_task_is_asked_about_at_most_twenty_times_and_until_its_worker_gives_up() {
    let limits = describe::<TwoCaptcha>().polling;
    let most = |first_ms: u32, gap_ms: u32, life_ms: u32| (life_ms - first_ms) / gap_ms + 1;
    for family in families::all() {
        let (first_ms, gap_ms, life_ms) = match family.pace {
            // "Or we didn't get an answer within 90 seconds (300 seconds for reCAPTCHA V2)."
            None => (limits.first_wait_ms, limits.interval_ms, 90_000),
            Some(pace) => (pace.first_ms, pace.gap_ms, limits.longest_life_ms),
        };
        assert!(most(first_ms, gap_ms, life_ms) <= 20, "{}", family.name);
        assert!(first_ms >= limits.first_wait_ms && gap_ms >= limits.interval_ms, "{}", family.name);
    }
    assert!(limits.interval_ms * limits.max_polls >= limits.longest_life_ms);
    assert_eq!(limits.max_batch, 1);
}

fn text(body: &str) -> Reply {
    Reply::Response(Response { status: 200, headers: vec![], body: body.into() })
}

fn object(code: &str) -> Reply {
    text(&json!({ "status": 0, "request": code, "error_text": "words" }).to_string())
}

fn after(operation: Operation, reply: Reply) -> Step {
    let Step::Send((_, state)) = begin::<TwoCaptcha>(operation) else { panic!("nothing was sent") };
    advance::<TwoCaptcha>(&state, reply)
}

fn failed(step: Step) -> Fault {
    let Step::Failed(fault) = step else { panic!("no fault: {}", fixture::step_json(&step)) };
    fault
}

fn task(family: &str) -> OpenTask {
    OpenTask { reference: "7".into(), family: family.into(), memo: vec![] }
}

fn submission(family: &str, parameters: &Value, proxy: Option<Proxy>) -> Operation {
    let (attempt_id, family) = ("a".to_owned(), family.to_owned());
    Operation::Submit(Submission { attempt_id, family, parameters: parameters.to_string(), proxy })
}

fn turnstile() -> Operation {
    submission("turnstile", &json!({ "websiteURL": SITE, "websiteKey": "k" }), None)
}

#[test]
fn the_table_has_every_published_code_once() {
    let codes: BTreeSet<_> = FAULTS.iter().map(|row| row.code).collect();
    assert_eq!(codes.len(), FAULTS.len());
    let of_in = "ERROR_WRONG_USER_KEY ERROR_KEY_DOES_NOT_EXIST ERROR_ZERO_BALANCE ERROR_PAGEURL ERROR_NO_SLOT_AVAILABLE \
                 ERROR_ZERO_CAPTCHA_FILESIZE ERROR_TOO_BIG_CAPTCHA_FILESIZE ERROR_WRONG_FILE_EXTENSION \
                 ERROR_IMAGE_TYPE_NOT_SUPPORTED ERROR_UPLOAD ERROR_IP_NOT_ALLOWED IP_BANNED ERROR_BAD_TOKEN_OR_PAGEURL \
                 ERROR_GOOGLEKEY ERROR_PROXY_FORMAT ERROR_WRONG_GOOGLEKEY ERROR_CAPTCHAIMAGE_BLOCKED TOO_MANY_BAD_IMAGES \
                 MAX_USER_TURN ERROR_BAD_PARAMETERS ERROR_BAD_PROXY";
    let of_res = "ERROR_CAPTCHA_UNSOLVABLE ERROR_WRONG_ID_FORMAT ERROR_WRONG_CAPTCHA_ID ERROR_BAD_DUPLICATES \
                  ERROR_REPORT_NOT_RECORDED ERROR_DUPLICATE_REPORT ERROR_IP_ADDRES ERROR_TOKEN_EXPIRED \
                  ERROR_EMPTY_ACTION ERROR_PROXY_CONNECTION_FAILED";
    for code in of_in.split_whitespace().chain(of_res.split_whitespace()) {
        assert!(codes.contains(code), "{code}");
    }
    for number in 1001..=1005_u64 {
        assert!(FAULTS.iter().any(|row| row.number == number && row.code == format!("ERROR: {number}")), "{number}");
    }
}

#[test]
fn every_code_on_submit_is_its_class_and_costs_nothing() {
    for row in FAULTS {
        for reply in [text(row.code), text(&format!("{}\n", row.code)), text(&format!("{}|words", row.code))] {
            let fault = failed(after(turnstile(), reply));
            assert_eq!((fault.class, fault.charged), (row.class, Charged::No), "{}", row.code);
        }
        let fault = failed(after(turnstile(), object(row.code)));
        assert_eq!((fault.class, fault.message.as_str()), (row.class, "words"), "{}", row.code);
    }
}

#[test]
fn every_code_on_poll_is_a_verdict_or_a_failed_poll() {
    for row in FAULTS {
        for (family, reply) in [("image_to_text", text(row.code)), ("turnstile", object(row.code))] {
            let step = after(Operation::Poll(vec![task(family)]), reply);
            match row.about {
                About::Call => {
                    let fault = failed(step);
                    assert_eq!((fault.class, fault.charged), (row.class, Charged::No), "{}", row.code);
                }
                About::Task => {
                    let Step::Polled(verdicts) = step else { panic!("no verdict on {}", row.code) };
                    let [verdict] = verdicts.as_slice() else { panic!("not one verdict") };
                    let Standing::Failed(fault) = &verdict.standing else { panic!("not failed") };
                    assert_eq!((fault.class, fault.charged), (row.class, row.charged), "{}", row.code);
                }
            }
        }
    }
}

#[test]
fn nothing_that_fails_is_known_to_be_charged() {
    assert!(FAULTS.iter().all(|row| row.charged != Charged::Yes));
    let row = FAULTS.iter().find(|row| row.code == "ERROR_CAPTCHA_UNSOLVABLE").unwrap();
    assert_eq!(row.charged, Charged::No);
}

#[test]
fn every_code_on_balance_and_report_ends_the_operation() {
    let report = Report { task: task("hcaptcha"), correct: false };
    for row in FAULTS {
        assert_eq!(failed(after(Operation::Balance, text(row.code))).class, row.class, "{}", row.code);
        let class = if row.about == About::Task { FaultClass::InvalidTask } else { row.class };
        let fault = failed(after(Operation::Report(report.clone()), text(row.code)));
        assert_eq!((fault.class, fault.charged), (class, Charged::No), "{}", row.code);
    }
}

#[test]
fn a_limit_is_known_however_it_is_spaced_and_numbered() {
    for (written, class) in [
        ("ERROR: 1001", FaultClass::Throttled(Some(600_000))),
        ("ERROR:1003", FaultClass::Throttled(Some(30_000))),
        ("ERROR:  1005 too often", FaultClass::Throttled(Some(300_000))),
        ("ERROR: 1099", FaultClass::Throttled(None)),
        ("ERROR: 99999999999999999999999", FaultClass::Throttled(None)),
        ("ERROR: ", FaultClass::Throttled(None)),
    ] {
        assert_eq!(failed(after(turnstile(), text(written))).class, class, "{written}");
    }
}

#[test]
fn a_poll_in_an_unknown_family_is_still_asked_and_read() {
    let step = after(Operation::Poll(vec![task("retired")]), text("OK|t|0.001"));
    let Step::Polled(verdicts) = step else { panic!("no verdict") };
    let [Verdict { standing: Standing::Solved(solved), .. }] = verdicts.as_slice() else { panic!("not solved") };
    assert_eq!(solved.solution, r#"{"token":"t"}"#);
}

#[test]
fn a_reference_that_is_no_number_is_in_doubt_and_never_put_into_a_url() {
    for reference in ["", "0", "7&action=del_pingback", "-7", "7 ", "123456789012345678901"] {
        let foreign = OpenTask { reference: reference.into(), ..task("turnstile") };
        for operation in
            [Operation::Poll(vec![foreign.clone()]), Operation::Report(Report { task: foreign, correct: true })]
        {
            assert_eq!(failed(begin::<TwoCaptcha>(operation)).class, FaultClass::InDoubt, "{reference}");
        }
    }
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    for operation in [Operation::Market, Operation::LookUp("a".into()), Operation::Cancel(task("turnstile"))] {
        assert_eq!(failed(begin::<TwoCaptcha>(operation)).class, FaultClass::NotSupported);
    }
}
