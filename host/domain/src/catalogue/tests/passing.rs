//! Types that one service alone knows.

use serde_json::{Value, json};

use super::super::{all, solution};
use super::{PAGE, read, refusal};

#[test]
fn parameters_pass_as_they_were_sent() {
    let task = read(json!({
        "type": "AntiGateTask", "websiteURL": PAGE, "templateName": "Sign-in", "variables": {"login": "me", "n": 1.5},
        "domainsOfInterest": [], "empty": null, "proxyType": "http", "proxyAddress": "198.51.100.7", "proxyPort": 80,
        "proxyPassword": "p",
    }))
    .unwrap();
    assert_eq!((task.family.name, task.family.only), ("anti_captcha_anti_gate", Some("anti-captcha")));
    let expected = json!({
        "websiteURL": PAGE, "templateName": "Sign-in", "variables": {"login": "me", "n": 1.5}, "domainsOfInterest": [],
        "empty": null,
    });
    assert_eq!(Value::Object(task.parameters.clone()), expected);
    assert_eq!(
        (task.site_host().as_deref(), task.proxy.as_ref().map(|proxy| proxy.port)),
        (Some("example.com"), Some(80))
    );
}

#[test]
fn all_of_it_counts_as_secret() {
    for task in [
        json!({"type": "AntiGateTask", "websiteURL": PAGE}),
        json!({"type": "capsolver/AntiAkamaiBMPTask", "packageName": "com.example"}),
        json!({"type": "ComplexImageTask", "class": "recognition", "metadata": {"Task": "x"}}),
    ] {
        assert!(read(task.clone()).unwrap().has_secrets(), "{task}");
    }
}

#[test]
fn the_page_is_still_looked_at() {
    assert!(refusal(json!({"type": "AntiGateTask"})).starts_with("task.websiteURL is missing"));
    assert!(refusal(json!({"type": "AntiAkamaiWebTask", "websiteUrl": "nowhere"})).starts_with("task.websiteUrl is"));
}

#[test]
fn the_page_is_handed_on_as_it_was_read() {
    let task = read(json!({"type": "AntiAkamaiWebTask", "website_url": PAGE, "x": 1})).unwrap();
    assert_eq!(Value::Object(task.parameters), json!({"websiteURL": PAGE, "x": 1}));
    let task = read(json!({"type": "AntiAkamaiWebTask", "websiteURL": "", "x": 1})).unwrap();
    assert_eq!(Value::Object(task.parameters), json!({"x": 1}));
}

#[test]
fn sites_that_further_parameters_name_are_looked_at_too() {
    let task = read(json!({
        "type": "AntiGateTask", "websiteURL": PAGE, "url": "https://other.example/",
        "variables": {"targets": ["https://third.example/", "no site", "ftp://fourth.example/", PAGE]},
    }))
    .unwrap();
    let hosts: Vec<_> = task.sites.iter().filter_map(url::Url::host_str).collect();
    assert_eq!(hosts, ["example.com", "other.example", "third.example"]);
    assert_eq!(task.parameters["url"], "https://other.example/");
}

#[test]
fn size_and_depth_are_bounded_and_nothing_is_repeated() {
    let mut deep = json!("canary");
    for _ in 0..17 {
        deep = json!([deep]);
    }
    for (variables, expected) in [
        (deep, "at most 16 objects and lists inside of each other"),
        (json!({"canary": "canary".repeat(11_000)}), "at most 65536 bytes as text"),
    ] {
        let message = refusal(json!({"type": "AntiGateTask", "websiteURL": PAGE, "variables": variables}));
        assert!(message.contains(expected) && !message.contains("canary"), "{message}");
    }
}

#[test]
fn such_families_are_named_after_their_provider_and_their_solutions_pass() {
    for family in all() {
        assert_eq!(family.only.is_some(), family.passes_through, "{}", family.name);
        let Some(provider) = family.only else { continue };
        assert!(family.name.starts_with(&provider.replace('-', "_")), "{}", family.name);
        let scoped = format!("{provider}/{}", family.wire_name);
        assert!(family.type_names.contains(&scoped.as_str()), "{}", family.name);
        let given = json!({"cookies": {"a": "1"}, "nested": [{"x": null}]});
        assert_eq!(Value::Object(solution::complete(family, &given.to_string()).unwrap()), given);
        assert!(solution::complete(family, "{}").is_err() && solution::complete(family, "[]").is_err());
    }
}
