//! The adapter as a whole: its fixtures, the catalogue, every error in every place.

use std::collections::BTreeSet;
use std::path::Path;

use ::catalogue::catalogue as field;
use adapter_kit::ProxySupport::{Never, Optional};
use adapter_kit::{
    About, Charged, FaultClass, Operation, Proxy, ProxyScheme, ProxySupport, Reply, Standing, Step, advance, begin,
    decimal, describe, fixture,
};
use create_task_proof::fixtures::{Ways, all_are_followed, have_fixtures};
use create_task_proof::{failed, public_proxy, response, submission};
use serde_json::{Map, Value, json};

use super::*;
use crate::families::FAMILIES;
use crate::faults::FAULTS;

/// The picture of the catalogue's own example.
const PICTURE: &str = "R0lGODlhCgAKAIAAAP///wAAACH+VkFuIGV4YW1wbGUgb2YgYSBwaWN0dXJlLCBsYXJnZSBlbm91Z2ggdG8gYmUgdGFrZW4gZm9yIG9uZSBieSBldmVyeSBzZXJ2aWNlLgAsAAAAAAoACgAAAgiEj6nL7Q+jLAA7";

/// The family's example, with what the service needs beyond the catalogue, changed by these parameters.
fn task(family: &str, changes: &Value) -> Value {
    let known = field::by_name(family).unwrap();
    let mut task = field::example(known);
    task.remove("type");
    let beyond = match family {
        "aws_waf" => json!({ "websiteKey": "k", "iv": "i", "context": "c" }),
        "grid" => json!({ "body": PICTURE, "images": null, "comment": "buses", "imgInstructions": PICTURE }),
        _ => json!({}),
    };
    for more in [&beyond, changes] {
        task.extend(more.as_object().unwrap().clone());
    }
    task.retain(|_, value| !value.is_null());
    Value::Object(task)
}

fn begun(family: &str, changes: &Value, proxy: Option<Proxy>) -> Step {
    begin::<DeathByCaptcha>(submission(family, &task(family, changes), proxy))
}

fn after(operation: Operation, reply: Response) -> Step {
    let Step::Send((_, state)) = begin::<DeathByCaptcha>(operation) else { panic!("nothing was sent") };
    advance::<DeathByCaptcha>(&state, Reply::Response(reply))
}

fn open(family: &str) -> OpenTask {
    OpenTask { reference: "7".into(), family: family.into(), memo: vec![] }
}

fn turnstile() -> Operation {
    submission("turnstile", &task("turnstile", &json!({})), None)
}

fn report() -> Operation {
    Operation::Report(Report { task: open("turnstile"), correct: false })
}

fn error(status: u16, code: &str) -> Response {
    response(status, &json!({ "status": 255, "error": code }))
}

#[test]
fn every_fixture_is_followed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    all_are_followed::<DeathByCaptcha>(&folder, 100);
    let ways = |family: &families::Family| Ways {
        family: family.name,
        solo: true,
        proxied: family.proxy != ProxySupport::Never,
    };
    have_fixtures(&folder, FAMILIES.iter().map(ways));
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    let manifest = describe::<DeathByCaptcha>();
    assert_eq!(manifest.provider_id, "deathbycaptcha");
    let fields: Vec<_> = manifest.credential.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(fields, ["username", "password"]);
    let served: Vec<_> = manifest.task_types.iter().map(|t| (t.family.as_str(), t.proxy)).collect();
    assert_eq!(
        served,
        [
            ("recaptcha_v2", Optional),
            ("recaptcha_v2_enterprise", Optional),
            ("recaptcha_v3", Optional),
            ("turnstile", Optional),
            ("geetest_v3", Optional),
            ("geetest_v4", Optional),
            ("mtcaptcha", Optional),
            ("friendly", Optional),
            ("cybersiara", Optional),
            ("lemin", Optional),
            ("capy", Optional),
            ("tencent", Optional),
            ("cutcaptcha", Optional),
            ("atb", Optional),
            ("aws_waf", Optional),
            ("image_to_text", Never),
            ("coordinates", Never),
            ("grid", Never),
            ("text_question", Never),
            ("audio", Never),
        ]
    );
    assert!(manifest.task_types.iter().all(|t| decimal(&t.list_price.amount).as_ref() == Some(&t.list_price.amount)));
    let polling = manifest.polling;
    assert!(polling.interval_ms * polling.max_polls >= polling.longest_life_ms);
}

#[test]
fn every_canonical_parameter_is_decided_about() {
    for served in FAMILIES {
        let family = field::by_name(served.name).unwrap();
        let decided: BTreeSet<_> = served.parameters.iter().map(|(name, _)| *name).collect();
        let known: BTreeSet<_> = family.fields.iter().map(|field| field.name).collect();
        assert_eq!(decided, known, "{}", family.name);
        assert_eq!(decided.len(), served.parameters.len(), "{} decides twice", family.name);
    }
}

#[test]
fn the_example_of_every_family_is_sent_with_its_number() {
    for served in FAMILIES {
        for proxy in [None, Some(public_proxy())] {
            let through = proxy.is_some();
            match begun(served.name, &json!({}), proxy) {
                Step::Send((request, _)) => {
                    let shown = fixture::request_json(&request).to_string();
                    assert!(served.proxy != Never || !through, "{} took a proxy", served.name);
                    assert_eq!(shown.contains("http://user:secret@203.0.113.7:8080"), through, "{shown}");
                    assert_eq!(request.placements, placements(), "{}", served.name);
                    assert_eq!(request.headers, [("accept".to_owned(), "application/json".to_owned())]);
                }
                Step::Failed(fault) => {
                    assert!(served.proxy == Never && through, "{}: {}", served.name, fault.message);
                    assert_eq!(fault.code, "PROXY_NOT_SUPPORTED", "{}", served.name);
                }
                step => panic!("{}: {}", served.name, fixture::step_json(&step)),
            }
        }
    }
}

#[test]
fn other_families_and_what_is_missing_are_refused_by_name() {
    let mut others = 0;
    for family in field::all().iter().filter(|family| families::find(family.name).is_none()) {
        let fault = failed(begin::<DeathByCaptcha>(submission(family.name, &json!({}), None)));
        assert_eq!((fault.class, fault.code.as_str()), (FaultClass::NotSupported, "FAMILY_NOT_SUPPORTED"));
        others += 1;
    }
    assert!(others > 0);
    for family in FAMILIES {
        for name in family.needs {
            let fault = failed(begun(family.name, &json!({ *name: null }), None));
            assert_eq!(fault.class, FaultClass::NotSupported, "{} {name}", family.name);
            assert!(fault.message.starts_with(name), "{}", fault.message);
        }
    }
}

#[test]
fn a_parameter_that_cannot_be_taken_is_refused_by_its_name() {
    for (family, name, value) in [
        ("recaptcha_v2", "apiDomain", json!("recaptcha.net")),
        ("recaptcha_v2", "pageAction", json!("login")),
        ("recaptcha_v2", "isSession", json!(true)),
        ("recaptcha_v2", "cookies", json!("a=1")),
        ("recaptcha_v2_enterprise", "enterprisePayload", json!({ "s": "x" })),
        ("recaptcha_v3", "anchor", json!("x")),
        ("recaptcha_v3", "somethingNew", json!("x")),
        ("turnstile", "cdata", json!("c")),
        ("turnstile", "pageData", json!("p")),
        ("geetest_v3", "geetestApiServerSubdomain", json!("x")),
        ("geetest_v4", "initParameters", json!({})),
        ("mtcaptcha", "isInvisible", json!(true)),
        ("friendly", "apiGetLib", json!("https://example.com/x.js")),
        ("lemin", "leminApiServerSubdomain", json!("x")),
        ("tencent", "userAgent", json!("Mozilla/5.0")),
        ("aws_waf", "jsapiScript", json!("https://example.com/x.js")),
        ("aws_waf", "cookieSolution", json!(true)),
        ("image_to_text", "math", json!(true)),
        ("image_to_text", "case", json!(true)),
        ("image_to_text", "imgInstructions", json!(PICTURE)),
        ("coordinates", "comment", json!("click the cat")),
        ("coordinates", "minClicks", json!(2)),
        ("coordinates", "maxClicks", json!(3)),
        ("coordinates", "mode", json!("rectangles")),
        ("grid", "imageUrls", json!(["https://example.com/1.png"])),
        ("grid", "rows", json!(3)),
        ("grid", "columns", json!(3)),
    ] {
        let fault = failed(begun(family, &json!({ name: value }), None));
        assert_eq!(fault.class, FaultClass::NotSupported, "{family} {name}");
        assert!(fault.message.starts_with(&format!("{name}: ")), "{family} {name}: {}", fault.message);
    }
}

#[test]
fn a_value_of_another_type_is_the_clients_fault_and_not_quoted() {
    for (family, changes) in [
        ("recaptcha_v2", json!({ "isSession": "hidden" })),
        ("recaptcha_v3", json!({ "minScore": "hidden" })),
        ("image_to_text", json!({ "body": ["hidden"] })),
        ("image_to_text", json!({ "body": "hidden!" })),
        ("coordinates", json!({ "minClicks": "hidden" })),
        ("grid", json!({ "grid": "hidden" })),
    ] {
        let fault = failed(begun(family, &changes, None));
        assert_eq!(fault.class, FaultClass::InvalidTask, "{family}");
        assert!(!fault.message.contains("hidden"), "{}", fault.message);
    }
}

#[test]
fn a_proxy_is_one_address_that_can_be_read_in_one_way() {
    let with = |change: fn(&mut Proxy)| {
        let mut proxy = public_proxy();
        change(&mut proxy);
        begun("turnstile", &json!({}), Some(proxy))
    };
    for local in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.1.1", "::1", "fd00::1"] {
        let proxy = Proxy { host: local.to_owned(), ..public_proxy() };
        assert_eq!(failed(begun("turnstile", &json!({}), Some(proxy))).class, FaultClass::InvalidTask, "{local}");
    }
    let unreadable: [fn(&mut Proxy); 5] = [
        |proxy| proxy.host = "2001:db8::7".to_owned(),
        |proxy| proxy.login = None,
        |proxy| proxy.password = None,
        |proxy| proxy.password = Some("a@b".to_owned()),
        |proxy| proxy.login = Some("a:b".to_owned()),
    ];
    for change in unreadable {
        assert_eq!(failed(with(change)).class, FaultClass::NotSupported);
    }
    let Step::Send((request, _)) = with(|proxy| {
        (proxy.scheme, proxy.login, proxy.password) = (ProxyScheme::Socks5, None, None);
    }) else {
        panic!("not sent")
    };
    let shown = fixture::request_json(&request)["form"][1][1].clone();
    let params: Map<String, Value> = serde_json::from_str(shown.as_str().unwrap()).unwrap();
    assert_eq!((&params["proxy"], &params["proxytype"]), (&json!("socks5://203.0.113.7:8080"), &json!("SOCKS5")));
}

#[test]
fn every_error_is_its_class_in_every_place() {
    let codes: BTreeSet<_> = FAULTS.iter().map(|row| row.code).collect();
    assert_eq!(codes.len(), FAULTS.len(), "an error is in the table twice");
    for row in FAULTS {
        let fault = failed(after(turnstile(), error(400, row.code)));
        assert_eq!((fault.class, fault.charged, fault.code.as_str()), (row.class, Charged::No, row.code));
        let step = after(Operation::Poll(vec![open("turnstile")]), error(400, row.code));
        match row.about {
            About::Call => {
                let class = failed(step).class;
                let of_account = matches!(row.class, FaultClass::CredentialRejected | FaultClass::CredentialOutOfFunds);
                assert_eq!(class, if of_account { row.class } else { FaultClass::ProviderDown }, "{}", row.code);
            }
            About::Task => {
                let Step::Polled(verdicts) = step else { panic!("{}: no verdict", row.code) };
                let Some(Standing::Failed(fault)) = verdicts.first().map(|verdict| &verdict.standing) else {
                    panic!("{}: not failed", row.code)
                };
                assert_eq!((fault.class, fault.charged), (row.class, Charged::No), "{}", row.code);
            }
        }
        let balance = failed(after(Operation::Balance, error(403, row.code)));
        let of_account = matches!(row.class, FaultClass::CredentialRejected | FaultClass::CredentialOutOfFunds);
        assert_eq!(balance.class, if of_account { row.class } else { FaultClass::ProviderDown }, "{}", row.code);
        let reported = failed(after(report(), error(503, row.code)));
        assert_eq!(reported.class, if of_account { row.class } else { FaultClass::InvalidTask }, "{}", row.code);
    }
}

#[test]
fn an_error_that_is_in_no_table_goes_by_its_status() {
    for (status, class) in [
        (200, FaultClass::ProviderDown),
        (400, FaultClass::InvalidTask),
        (403, FaultClass::CredentialRejected),
        (404, FaultClass::ProviderDown),
        (413, FaultClass::NotSupported),
        (429, FaultClass::Throttled(None)),
        (500, FaultClass::InDoubt),
        (501, FaultClass::NotSupported),
        (502, FaultClass::InDoubt),
        (503, FaultClass::NoCapacity),
    ] {
        let fault = failed(after(turnstile(), error(status, "never heard of")));
        assert_eq!(fault.class, class, "{status}");
        let charged = if class == FaultClass::InDoubt { Charged::Unknown } else { Charged::No };
        assert_eq!(fault.charged, charged, "{status}");
    }
}

#[test]
fn what_cannot_be_read_is_in_doubt_after_a_submit_and_nothing_after_a_poll() {
    for body in ["", "<html>", "[]", "status=0&captcha=7", "null"] {
        for status in [200, 303, 403, 500, 502] {
            let reply = || Response { status, headers: vec![], body: body.into() };
            assert_eq!(failed(after(turnstile(), reply())).class, FaultClass::InDoubt, "{status} {body}");
            let polled = failed(after(Operation::Poll(vec![open("turnstile")]), reply()));
            assert_eq!(polled.class, FaultClass::ProviderDown, "{status} {body}");
        }
    }
    // An object that names no captcha says nothing about one.
    let nothing = after(Operation::Poll(vec![open("turnstile")]), response(200, &json!({})));
    assert_eq!(failed(nothing).class, FaultClass::ProviderDown);
    for place in ["/api/captcha/0", "/api/other/7", "/api/captcha/seven", "7", ""] {
        let headers = vec![("location".to_owned(), place.to_owned())];
        let reply = Response { status: 303, headers, body: vec![] };
        assert_eq!(failed(after(turnstile(), reply)).class, FaultClass::InDoubt, "{place}");
    }
}

#[test]
fn an_answer_of_another_form_is_lost_and_not_handed_on() {
    for (family, text) in [
        ("turnstile", json!({ "token": "t" })),
        ("turnstile", json!("{\"x\":1}")),
        ("geetest_v3", json!("03AF")),
        ("geetest_v3", json!({ "challenge": "c" })),
        ("lemin", json!("0xax")),
        ("aws_waf", json!({ "other": 1 })),
        ("coordinates", json!("[]")),
        ("coordinates", json!("[[1]]")),
        ("grid", json!("[0]")),
        ("grid", json!("click:1")),
        ("image_to_text", json!(["x"])),
    ] {
        let reply = response(200, &json!({ "captcha": 7, "text": text, "is_correct": true }));
        let Step::Polled(verdicts) = after(Operation::Poll(vec![open(family)]), reply) else { panic!("no verdict") };
        let Some(Standing::Failed(fault)) = verdicts.first().map(|verdict| &verdict.standing) else {
            panic!("{family} {text}: not failed")
        };
        assert_eq!((fault.code.as_str(), fault.charged), ("SOLUTION_UNREADABLE", Charged::Yes), "{family} {text}");
    }
}

#[test]
fn a_reference_that_is_no_number_is_in_doubt_and_never_put_into_a_path() {
    for reference in ["", "0", "7/report", "-7", "7 ", "123456789012345678901"] {
        let foreign = OpenTask { reference: reference.into(), ..open("turnstile") };
        for operation in
            [Operation::Poll(vec![foreign.clone()]), Operation::Report(Report { task: foreign, correct: false })]
        {
            assert_eq!(failed(begin::<DeathByCaptcha>(operation)).class, FaultClass::InDoubt, "{reference}");
        }
    }
}

#[test]
fn operations_that_the_provider_lacks_are_refused() {
    for operation in [Operation::LookUp("a".into()), Operation::Cancel(open("turnstile")), Operation::Market] {
        assert_eq!(failed(begin::<DeathByCaptcha>(operation)).class, FaultClass::NotSupported);
    }
}
