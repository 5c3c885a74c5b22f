//! The adapter as a whole: its fixtures, every error code in every place, and what its manifest promises.

mod answers;
mod refusals;
mod walk;

use adapter_kit::{
    Charged, Fault, FaultClass, Operation, Proxy, ProxySupport, Reply, Response, Standing, Step, Submission, Verdict,
    advance, begin, describe, fixture,
};
use classic_proof::Proof;
use serde_json::{Value, json};

use super::*;
use crate::families::FAMILIES;

const SITE: &str = "https://example.com/login";

/// The picture of the catalogue's own example, a GIF that every service's limits admit.
const PICTURE: &str = "R0lGODlhCgAKAIAAAP///wAAACH+VkFuIGV4YW1wbGUgb2YgYSBwaWN0dXJlLCBsYXJnZSBlbm91Z2ggdG8gYmUgdGFrZW4gZm9yIG9uZSBieSBldmVyeSBzZXJ2aWNlLgAsAAAAAAoACgAAAgiEj6nL7Q+jLAA7";

fn beyond(family: &str) -> Value {
    match family {
        "aws_waf" => json!({ "websiteKey": "k", "iv": "i", "context": "c" }),
        "imperva" => json!({ "incapsulaScriptUrl": "_Incapsula_Resource?SWJIYLWA=1", "incapsulaCookies": "a=b" }),
        "vk_image" => json!({ "steps": [5, 4, 7] }),
        "temu_image" => json!({ "images": [PICTURE, PICTURE, PICTURE] }),
        _ => Value::Null,
    }
}

fn proof() -> Proof<TwoCaptcha> {
    Proof::new(&SERVICE, env!("CARGO_MANIFEST_DIR"), beyond)
}

#[test]
fn every_fixture_is_followed() {
    proof().every_fixture_is_followed(172);
}

#[test]
fn the_catalogue_is_walked_through() {
    proof().the_catalogue_is_walked_through();
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    let manifest = describe::<TwoCaptcha>();
    assert_eq!((manifest.provider_id.as_str(), manifest.display_name.as_str()), ("2captcha", "2Captcha"));
    assert_eq!(manifest.task_types.len(), FAMILIES.len());
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
    for family in FAMILIES {
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
fn every_published_code_is_read_in_every_place() {
    let of_in = "ERROR_WRONG_USER_KEY ERROR_KEY_DOES_NOT_EXIST ERROR_ZERO_BALANCE ERROR_PAGEURL ERROR_NO_SLOT_AVAILABLE \
                 ERROR_ZERO_CAPTCHA_FILESIZE ERROR_TOO_BIG_CAPTCHA_FILESIZE ERROR_WRONG_FILE_EXTENSION \
                 ERROR_IMAGE_TYPE_NOT_SUPPORTED ERROR_UPLOAD ERROR_IP_NOT_ALLOWED IP_BANNED ERROR_BAD_TOKEN_OR_PAGEURL \
                 ERROR_GOOGLEKEY ERROR_PROXY_FORMAT ERROR_WRONG_GOOGLEKEY ERROR_CAPTCHAIMAGE_BLOCKED TOO_MANY_BAD_IMAGES \
                 MAX_USER_TURN ERROR_BAD_PARAMETERS ERROR_BAD_PROXY";
    let of_res = "ERROR_CAPTCHA_UNSOLVABLE ERROR_WRONG_ID_FORMAT ERROR_WRONG_CAPTCHA_ID ERROR_BAD_DUPLICATES \
                  ERROR_REPORT_NOT_RECORDED ERROR_DUPLICATE_REPORT ERROR_IP_ADDRES ERROR_TOKEN_EXPIRED \
                  ERROR_EMPTY_ACTION ERROR_PROXY_CONNECTION_FAILED";
    let codes: Vec<&str> = of_in.split_whitespace().chain(of_res.split_whitespace()).collect();
    proof().every_code_is_read(&codes);
    for number in 1001..=1005_u64 {
        assert!(
            SERVICE.faults.iter().any(|row| row.number == number && row.code == format!("ERROR: {number}")),
            "{number}"
        );
    }
}

#[test]
fn nothing_that_fails_is_known_to_be_charged() {
    assert!(SERVICE.faults.iter().all(|row| row.charged != Charged::Yes));
    let row = SERVICE.faults.iter().find(|row| row.code == "ERROR_CAPTCHA_UNSOLVABLE").unwrap();
    assert_eq!(row.charged, Charged::No);
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
fn operations_that_the_provider_lacks_are_refused() {
    for operation in [Operation::Market, Operation::LookUp("a".into()), Operation::Cancel(task("turnstile"))] {
        assert_eq!(failed(begin::<TwoCaptcha>(operation)).class, FaultClass::NotSupported);
    }
}
