//! What each further type must carry, and what its solution holds.

use serde_json::Map;

use super::*;
use crate::solution;

const PICTURE: &str = "R0lGODlhCgAKAIAAAP///wAAACH+VkFuIGV4YW1wbGUgb2YgYSBwaWN0dXJlLCBsYXJnZSBlbm91Z2ggdG8gYmUgdGFrZW4gZm9yIG9uZSBieSBldmVyeSBzZXJ2aWNlLgAsAAAAAAoACgAAAgiEj6nL7Q+jLAA7";

/// For each type: a task with what it needs and no more, and the names in its solution.
fn table() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let token: &[_] = &["token", "userAgent"];
    let session: &[_] = &["cookies", "fingerprint", "lastRequestHeaders", "localStorage", "url"];
    let v3: &[_] = &["challenge", "seccode", "validate"];
    let v4: &[_] = &["captcha_id", "captcha_output", "gen_time", "lot_number", "pass_token"];
    let page = "https://example.com/";
    let key = json!({"websiteURL": page, "websiteKey": "k"});
    let widget = json!({"websiteURL": page, "websiteKey": "k", "waf_type": "widget", "jsapiScript": page});
    vec![
        ("FunCaptchaTask", json!({"websiteURL": page, "websitePublicKey": "k"}), token),
        ("GeeTestTask", json!({"websiteURL": page, "gt": "g", "challenge": "c"}), v3),
        ("GeeTestTask", json!({"websiteURL": page, "gt": "g", "version": 4}), v4),
        ("FriendlyCaptchaTask", key.clone(), token),
        ("ProsopoTask", key, token),
        ("AltchaTask", json!({"websiteURL": page, "challengeURL": "/c"}), &["token"]),
        ("AltchaTask", json!({"websiteURL": page, "challengeJSON": "{}"}), &["token"]),
        ("AmazonTask", json!({"websiteURL": page, "websiteKey": "a+/=", "iv": "i", "context": "c"}), token),
        ("AmazonTask", widget, token),
        ("ImageToCoordinatesTask", json!({"body": PICTURE}), &["coordinates"]),
        ("ImageCoordinatesTask", json!({"body": PICTURE, "mode": "rectangles"}), &["coordinates"]),
        ("AntiGateTask", json!({"websiteURL": page, "templateName": "t", "variables": {}}), session),
        ("AntiBotCookieTask", json!({"websiteURL": page}), session),
    ]
}

fn proxied(task: &Value, with_kind: bool) -> Value {
    let mut task = task.clone();
    task["proxyAddress"] = json!("8.8.8.8");
    task["proxyPort"] = json!(8080);
    if with_kind {
        task["proxyType"] = json!("socks5");
    }
    task
}

fn check(name: &str, task: &Value) -> Result<NewTask, Refusal> {
    read(name, &Fields(task.as_object().unwrap()))
}

/// The names under which a type is known, with a task that each takes.
fn taken(name: &str, task: &Value) -> Vec<(String, Value, bool)> {
    let through = KINDS.iter().find(|kind| kind.name == name).unwrap().through;
    let bare = (name.to_owned(), task.clone(), false);
    match through {
        Through::Nothing => vec![bare],
        Through::Either => {
            vec![(format!("{name}Proxyless"), task.clone(), false), (name.to_owned(), proxied(task, true), true)]
        }
        Through::Given => vec![bare, (name.to_owned(), proxied(task, false), true)],
        Through::Always => vec![(name.to_owned(), proxied(task, false), true)],
    }
}

#[test]
fn every_type_is_in_the_table() {
    let tested: Vec<_> = table().iter().map(|(name, ..)| *name).collect();
    assert!(KINDS.iter().all(|kind| tested.contains(&kind.name)));
}

#[test]
fn every_type_is_taken_with_what_it_needs_and_solved_in_its_own_shape() {
    for (name, task, names) in table() {
        for (name, task, through_proxy) in taken(name, &task) {
            let read = check(&name, &task).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
            assert_eq!((read.family, read.proxied), (Family::Other, through_proxy), "{name}");
            let crate::call::Solution::Given(solution) = solution::of(1, 77, read.family, &read.needs) else {
                panic!("{name}: not its own shape")
            };
            let found: Vec<_> = solution.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(found, names, "{name}");
            let names_its_task = solution.to_string().contains("simulated-77-");
            assert_eq!(names_its_task, solution.get("coordinates").is_none(), "{name}: {solution}");
        }
    }
}

#[test]
fn nothing_that_a_type_needs_may_be_missing() {
    for (name, task, _) in table() {
        for (name, task, _) in taken(name, &task) {
            let optional = ["mode", "version", "waf_type"];
            for field in task.as_object().unwrap().keys().filter(|field| !optional.contains(&field.as_str())) {
                if name == "AntiGateTask" && field == "proxyAddress" {
                    continue;
                }
                let mut without: Map<String, Value> = task.as_object().unwrap().clone();
                without.remove(field);
                let refusal = read(&name, &Fields(&without)).unwrap_err();
                assert!(matches!(refusal, Refusal::Field(_)), "{name} without {field}: {refusal:?}");
            }
        }
    }
}

#[test]
fn a_proxy_needs_a_kind_and_an_address_where_it_is_one_of_several() {
    let task = json!({"websiteURL": "https://example.com/", "websiteKey": "k"});
    assert_eq!(check("ProsopoTask", &task).unwrap_err(), Refusal::Field("proxyType"));
    assert_eq!(check("ProsopoTask", &proxied(&task, false)).unwrap_err(), Refusal::Field("proxyType"));
}

#[test]
fn values_that_a_type_does_not_know_are_refused() {
    let page = "https://example.com/";
    for (name, task, field) in [
        ("GeeTestTaskProxyless", json!({"websiteURL": page, "gt": "g", "version": 5}), "version"),
        ("AmazonTaskProxyless", json!({"websiteURL": page, "websiteKey": "k", "waf_type": "x"}), "waf_type"),
        ("ImageToCoordinatesTask", json!({"body": PICTURE, "mode": "lines"}), "mode"),
        ("AntiGateTask", json!({"websiteURL": page, "templateName": "t", "variables": []}), "variables"),
        ("ProsopoTaskProxyless", json!({"websiteURL": "nowhere", "websiteKey": "k"}), "websiteURL"),
    ] {
        assert_eq!(check(name, &task).unwrap_err(), Refusal::Field(field), "{name}");
    }
    for name in ["AntiGateTaskProxyless", "ImageToCoordinatesTaskProxyless", "DataDomeSliderTask", ""] {
        assert_eq!(check(name, &json!({})).unwrap_err(), Refusal::TypeUnknown, "{name}");
    }
}

#[test]
fn the_same_picture_has_the_same_places() {
    let places = |task: &Value| {
        let read = check("ImageToCoordinatesTask", task).unwrap();
        match read.needs {
            Needs::Own(own) => own.about,
            other => panic!("{other:?}"),
        }
    };
    let points = json!({"body": PICTURE});
    assert_eq!(places(&points), places(&points));
    let lengths = |value: Value| value.as_array().unwrap().iter().map(|p| p.as_array().unwrap().len()).max();
    assert_eq!(lengths(places(&points)), Some(2));
    assert_eq!(lengths(places(&json!({"body": PICTURE, "mode": "rectangles"}))), Some(4));
}
