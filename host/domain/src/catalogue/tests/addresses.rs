//! Which addresses and site keys a task names, in whatever form they come.

use serde_json::{Value, json};

use super::super::CanonicalTask;
use super::{PAGE, read, refusal};

fn passing(variables: Value) -> CanonicalTask {
    read(json!({"type": "AntiGateTask", "websiteURL": PAGE, "variables": variables})).unwrap()
}

/// Hosts beside the page's, in the order in which they were found.
fn hosts(task: &CanonicalTask) -> Vec<String> {
    task.sites.iter().skip(1).filter_map(|site| site.host_str().map(str::to_owned)).collect()
}

#[test]
fn an_address_of_a_passed_parameter_is_found_in_every_form() {
    for (text, found) in [
        ("https://discord.com/register", "discord.com"),
        ("HTTPS://DISCORD.com", "discord.com"),
        (r"https:\\discord.com\register", "discord.com"),
        ("discord.com", "discord.com"),
        (" Discord.COM. ", "discord.com"),
        ("discord.com:443", "discord.com"),
        ("discord.com/register?x=1", "discord.com"),
        (r"discord.com\register", "discord.com"),
        ("me@discord.com/register", "discord.com"),
        ("//discord.com/register", "discord.com"),
        (r"\\discord.com\register", "discord.com"),
        ("//192.0.2.1/x", "192.0.2.1"),
        ("192.0.2.1/x", "192.0.2.1"),
        ("view-source:https://discord.com/", "discord.com"),
        ("open https://discord.com/register, then wait", "discord.com"),
        ("open discord.com/register.", "discord.com"),
        (r#"{"go": ["to", "https://discord.com/register"]}"#, "discord.com"),
        (r#"{"then": "{\"go\": \"discord.com\"}"}"#, "discord.com"),
        (r#""discord.com""#, "discord.com"),
        (".discord.com", "discord.com"),
        ("site=discord.com/register&n=1", "discord.com"),
        ("ｄｉｓｃｏｒｄ.com", "discord.com"),
    ] {
        assert_eq!(hosts(&passing(json!({"target": text}))), [found], "{text}");
    }
    assert_eq!(hosts(&passing(json!({"https://discord.com/": 1}))), ["discord.com"], "a name is looked at, too");
}

#[test]
fn what_is_no_address_is_not_taken_for_one() {
    for text in [
        "Sign-in",
        "me@mail.com",
        "1.5",
        "120.0.0.0",
        "a.b",
        "script.js",
        "text/html",
        "/register",
        "..",
        "//",
        "com",
        "ftp://fourth.com/",
        "{not: json",
        "end of it. The next",
        "Chrome/120.0.0.0",
    ] {
        assert_eq!(hosts(&passing(json!({"x": text}))), [""; 0], "{text}");
    }
    let task = json!({"type": "AntiGateTask", "websiteURL": PAGE, "userAgent": "bot (+http://bot.com/about.html)"});
    assert_eq!(hosts(&read(task).unwrap()), [""; 0], "who asks is no address");
}

#[test]
fn a_task_names_few_addresses() {
    let many =
        |count: usize, host: &str| -> Vec<String> { (0..count).map(|n| format!("https://{host}/{n}")).collect() };
    assert_eq!(passing(json!(many(49, "a.com"))).sites.len(), 50);
    assert_eq!(passing(json!(vec!["https://a.com/x?y=1"; 2_000])).sites.len(), 2, "each once");
    let same: Vec<String> = (0..200).map(|n| format!("https://a.com/x?{n}")).collect();
    assert_eq!(passing(json!(same)).sites.len(), 2, "policy reads hosts and paths");
    let task = json!({"type": "AntiGateTask", "websiteURL": PAGE, "variables": {"canary": many(50, "canary.com")}});
    let message = refusal(task);
    assert!(message.starts_with("task.variables is ") && message.contains("at most 50 "), "{message}");
    assert!(!message.contains("canary"), "{message}");
}

#[test]
fn a_host_that_cannot_be_is_refused() {
    let long = format!("https://{}example.com/", "a.".repeat(130));
    let message = refusal(json!({"type": "NoCaptchaTask", "websiteURL": long, "websiteKey": "k"}));
    assert!(message.ends_with("a URL whose host has at most 253 bytes"), "{message}");
    for text in [long.as_str(), &long[8..], &long[6..]] {
        let message = refusal(json!({"type": "AntiGateTask", "websiteURL": PAGE, "variables": {"x": [text]}}));
        assert!(message.starts_with("task.variables is ") && message.contains("253 bytes"), "{message}");
    }
    let longest = format!("https://{}ab.example.com./", "a.".repeat(119));
    let task = read(json!({"type": "NoCaptchaTask", "websiteURL": longest, "websiteKey": "k"})).unwrap();
    assert!(task.site_host().is_some_and(|host| host.len() <= 253), "a final dot counts for nothing");
}

#[test]
fn what_is_kept_of_a_site_key_is_short() {
    let key = "é".repeat(400);
    let task = read(json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": key})).unwrap();
    assert_eq!(task.site_key().map(|kept| kept.chars().count()), Some(255));
    assert_eq!(task.site_keys, [key], "policy reads the whole of it");
}

#[test]
fn site_keys_are_found_wherever_a_passed_parameter_has_them() {
    for variables in [
        json!({"sitekey": "6Le-AbC"}),
        json!({"widgets": [{"Website_Key": "6Le-AbC"}]}),
        json!({"metadata": "{\"data-sitekey\": \"6Le-AbC\"}"}),
    ] {
        let task = passing(variables.clone());
        assert_eq!((task.site_key(), task.site_keys.as_slice()), (Some("6Le-AbC"), &["6Le-AbC".to_owned()][..]));
    }
    assert_eq!(passing(json!({"gt": 123})).site_keys, ["123"]);
    let many: Vec<Value> = (0..60).map(|n| json!({"sitekey": n})).collect();
    let message = refusal(json!({"type": "AntiGateTask", "websiteURL": PAGE, "variables": many}));
    assert!(message.starts_with("task.variables is ") && message.contains("at most 50 "), "{message}");
}

#[test]
fn addresses_that_are_no_whole_url_are_judged_in_typed_families_too() {
    let geetest = |name: &str, value: &str| {
        read(json!({"type": "GeeTestTask", "websiteURL": PAGE, "gt": "g", "challenge": "c", name: value})).unwrap()
    };
    let imperva =
        |name: &str, value: &str| read(json!({"type": "ImpervaTask", "websiteURL": PAGE, name: value})).unwrap();
    let v2 = |name: &str, value: &str| {
        read(json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k", name: value})).unwrap()
    };
    for (task, expected) in [
        (geetest("geetestGetLib", r#"{"static_servers": ["static.geetest.com"], "type": "x"}"#), "static.geetest.com"),
        (geetest("geetestGetLib", "//static.geetest.com/x.js"), "static.geetest.com"),
        (geetest("apiServer", "api.geetest.com"), "api.geetest.com"),
        (geetest("apiServer", "api.internal"), "api.internal"),
        (imperva("incapsulaScriptUrl", "discord.com/_Incapsula_Resource"), "discord.com"),
        (imperva("reese84UrlEndpoint", "https://discord.com/x"), "discord.com"),
        (v2("apiDomain", "www.recaptcha.net"), "www.recaptcha.net"),
        (v2("domain", "https://discord.com"), "discord.com"),
    ] {
        let hosts = hosts(&task);
        assert_eq!(hosts.first().map(String::as_str), Some(expected), "{hosts:?}");
        assert_eq!(task.pages.len(), 1, "the page alone is what a key is for");
    }
    let relative = imperva("incapsulaScriptUrl", "/_Incapsula_Resource?x=1");
    assert_eq!(relative.sites[1].as_str(), "https://example.com/_Incapsula_Resource?x=1");
    let nested = read(json!({"type": "GeeTestV4Task", "websiteURL": PAGE, "captchaId": "i",
        "initParameters": {"page": "discord.com/register"}}));
    assert_eq!(hosts(&nested.unwrap()), ["discord.com"]);
}

#[test]
fn a_key_is_for_pages_and_for_whatever_a_passed_parameter_names() {
    let pages = |task: Value| -> Vec<String> {
        let task = read(task).unwrap();
        task.pages.iter().filter_map(|page| page.host_str().map(str::to_owned)).collect()
    };
    let datadome = json!({"type": "DataDomeTask", "websiteURL": PAGE, "userAgent": "x",
        "captchaUrl": "https://geo.captcha-delivery.com/captcha/"});
    assert_eq!(pages(datadome.clone()), ["example.com"]);
    assert_eq!(hosts(&read(datadome).unwrap()), ["geo.captcha-delivery.com"]);
    assert_eq!(
        pages(json!({"type": "VKCaptchaTask", "redirectUri": "https://id.vk.com/x", "userAgent": "x"})),
        ["id.vk.com"]
    );
    assert_eq!(
        pages(json!({"type": "AntiGateTask", "websiteURL": PAGE, "variables": ["https://other.com/", "third.com"]})),
        ["example.com", "other.com", "third.com"]
    );
    assert_eq!(pages(json!({"type": "GridTask", "comment": "cars", "imageUrls": ["https://i.com/1"]})), [""; 0]);
}
