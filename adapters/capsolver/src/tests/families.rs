//! The table of families against the catalogue: what is served, that every parameter is decided about, and a task of each.

use adapter_kit::ProxySupport::{Never, Optional, Required};
use catalogue::catalogue::example::{example, value};
use catalogue::catalogue::{Family, by_name, parse};
use serde_json::Map;

use super::*;
use crate::families::{Rows, all};

/// A canonical task of the family that this provider takes: the catalogue's example, and what the provider needs beyond.
pub(super) fn task(family: &Family) -> (Map<String, Value>, Option<Proxy>) {
    let mut sent = example(family);
    let beyond = match family.name {
        "grid" => json!({ "comment": "/m/04_sv" }),
        "slider" => json!({ "imageBackground": value(family.field("body").unwrap()) }),
        "aws_waf_classification" => json!({ "comment": "aws:toycarcity:carcity" }),
        "capsolver_anti_akamai_web" | "capsolver_anti_kasada" => json!({ "websiteURL": SITE }),
        _ => json!({}),
    };
    sent.extend(beyond.as_object().unwrap().clone());
    let needs_proxy = crate::families::find(family.name).unwrap().proxy() == Required;
    (parse(&sent).unwrap().parameters, needs_proxy.then(|| proxy("203.0.113.7")))
}

#[test]
fn the_manifest_says_what_the_tables_hold() {
    let manifest = describe::<CapSolver>();
    assert_eq!((manifest.provider_id.as_str(), manifest.display_name.as_str()), ("capsolver", "CapSolver"));
    let served: Vec<_> = manifest.task_types.iter().map(|t| (t.family.as_str(), t.proxy)).collect();
    assert_eq!(
        served,
        [
            ("recaptcha_v2", Never),
            ("recaptcha_v2_enterprise", Optional),
            ("recaptcha_v3", Optional),
            ("recaptcha_v3_enterprise", Optional),
            ("turnstile", Never),
            ("funcaptcha", Optional),
            ("geetest_v3", Optional),
            ("geetest_v4", Optional),
            ("mtcaptcha", Optional),
            ("friendly", Never),
            ("cybersiara", Optional),
            ("yandex_smart", Never),
            ("cloudflare_clearance", Required),
            ("aws_waf", Optional),
            ("datadome", Required),
            ("image_to_text", Never),
            ("grid", Never),
            ("rotate", Never),
            ("slider", Never),
            ("aws_waf_classification", Never),
            ("funcaptcha_classification", Never),
            ("capsolver_anti_akamai_bmp", Never),
            ("capsolver_anti_akamai_web", Never),
            ("capsolver_anti_kasada", Required),
        ]
    );
    for served in &manifest.task_types {
        let plain = adapter_kit::decimal(&served.list_price.amount);
        assert_eq!(plain.as_ref(), Some(&served.list_price.amount), "{}", served.family);
        let schema = served.schema.as_deref().unwrap_or("{}");
        assert!(serde_json::from_str::<Map<String, Value>>(schema).is_ok(), "{}", served.family);
    }
}

#[test]
fn every_canonical_parameter_is_decided_about_and_no_other() {
    for served in all() {
        let family = by_name(served.name).unwrap();
        match served.parameters {
            Rows::AsSent(_) => assert!(family.passes_through && family.only == Some("capsolver"), "{}", family.name),
            Rows::Table(rows) => {
                let decided: BTreeSet<_> = rows.iter().map(|(name, _)| *name).collect();
                let known: BTreeSet<_> = family.fields.iter().map(|field| field.name).collect();
                assert_eq!(decided, known, "{}", family.name);
                assert_eq!(decided.len(), rows.len(), "{} decides twice", family.name);
            }
        }
    }
}

#[test]
fn a_task_of_every_family_is_sent_with_its_type_and_nothing_of_ours() {
    for served in all() {
        let family = by_name(served.name).unwrap();
        let (parameters, proxy) = task(family);
        let step = begin::<CapSolver>(submission(family.name, &json!(parameters), proxy));
        let Step::Send((request, _)) = step else { panic!("{}: {}", family.name, fixture::step_json(&step)) };
        let shown = fixture::request_json(&request);
        assert_eq!(shown["url"], served.path, "{}", family.name);
        assert!(shown["json"]["task"]["type"].as_str().is_some_and(|kind| !kind.is_empty()), "{shown}");
    }
}

#[test]
fn types_of_its_own_are_sent_as_they_came() {
    let parameters = json!({ "websiteURL": SITE, "deep": { "list": [1, null, "x"] }, "count": 3 });
    for (name, page) in [("capsolver_anti_akamai_bmp", "websiteURL"), ("capsolver_anti_akamai_web", "url")] {
        let Step::Send((request, _)) = begin::<CapSolver>(submission(name, &parameters, None)) else {
            panic!("{name}")
        };
        let sent = fixture::request_json(&request)["json"]["task"].clone();
        assert_eq!((&sent["deep"], &sent["count"], &sent[page]), (&parameters["deep"], &json!(3), &json!(SITE)));
    }
}
