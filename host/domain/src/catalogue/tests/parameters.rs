//! How parameters are found and read.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Class, Kind, all, example, parse};
use super::{PAGE, read, refusal};

#[test]
fn parameters_are_read_leniently() {
    let task = read(json!({
        "type": "RecaptchaV3TaskProxyless", "websiteUrl": PAGE, "WEBSITE_KEY": 123, "minScore": "0.7",
        "page_action": "login", "isEnterprise": 0, "comment": false, "pageTitle": "ignored", "apiDomain": "",
        "cookies": null,
    }));
    let expected = json!({
        "websiteURL": PAGE, "websiteKey": "123", "minScore": 0.7, "pageAction": "login",
    });
    assert_eq!(Value::Object(task.unwrap().parameters), expected);
}

#[test]
fn a_fields_own_name_goes_before_its_aliases() {
    let task =
        json!({"type": "RecaptchaV3Task", "websiteURL": PAGE, "websiteKey": "k", "action": "x", "pageaction": "y"});
    assert_eq!(read(task).unwrap().parameters["pageAction"], "y");
}

#[test]
fn bad_values_name_the_field_and_what_is_allowed() {
    for (task, message) in [
        (json!({}), "task.type is missing: it must be the name of a task type, such as ReCaptchaV2TokenProxyLess"),
        (
            json!({"type": 7}),
            "task.type is a number: it must be the name of a task type, such as ReCaptchaV2TokenProxyLess",
        ),
        (json!({"type": "Nope"}), "task.type: \"Nope\" is no known task type"),
        (json!({"type": "NoCaptchaTask"}), "task.websiteURL is missing: it must be a whole http or https URL"),
        (
            json!({"type": "NoCaptchaTask", "websiteURL": "example.com"}),
            "task.websiteURL is \"example.com\": it must be a whole http or https URL",
        ),
        (
            json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": {"a": 1}}),
            "task.websiteKey is an object: it must be text",
        ),
        (
            json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k", "isInvisible": 2}),
            "task.isInvisible is 2: it must be true or false",
        ),
        (
            json!({"type": "RecaptchaV3Task", "websiteURL": PAGE, "websiteKey": "k", "minScore": 1.5}),
            "task.minScore is 1.5: it must be a number from 0.1 to 0.9",
        ),
        (
            json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k", "cookies": 5}),
            "task.cookies is a number: it must be cookies as text a=1; b=2, or as an object",
        ),
        (
            json!({"type": "ImageToTextTask", "body": "%%%"}),
            "task.body is text of another form: it must be an image in base64 (standard alphabet, padded)",
        ),
    ] {
        assert_eq!(read(task.clone()).err().unwrap().to_string(), message, "{task}");
    }
}

#[test]
fn a_secret_value_is_not_repeated_in_an_error() {
    let task = json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k", "cookies": "a=canary\n"});
    assert!(!read(task).err().unwrap().to_string().contains("canary"));
}

#[test]
fn tasks_with_cookies_or_a_proxy_login_carry_secrets() {
    let plain = json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k"});
    let mut cookies = plain.clone();
    cookies["cookies"] = json!({"sid": "1"});
    let mut proxied = plain.clone();
    proxied["proxy"] = json!("http://user:pass@198.51.100.7:8080");
    let mut open_proxy = plain.clone();
    open_proxy["proxy"] = json!("http://198.51.100.7:8080");
    assert!(!read(plain).unwrap().has_secrets() && !read(open_proxy).unwrap().has_secrets());
    assert!(read(cookies).unwrap().has_secrets() && read(proxied).unwrap().has_secrets());
}

#[test]
fn every_parameter_is_found_by_each_of_its_names() {
    for family in all().iter().filter(|family| !family.passes_through) {
        for field in family.fields {
            let value = example::value(field);
            for name in field.names() {
                let mut task = example(family);
                task.remove(field.name);
                match name.split_once('.') {
                    None => drop(task.insert(name.to_owned(), value.clone())),
                    Some((object, member)) => drop(task.insert(object.to_owned(), json!({member: value}))),
                }
                let found = parse(&task).unwrap_or_else(|error| panic!("{} by {name}: {error}", family.name));
                assert_eq!(found.parameters.get(field.name), Some(&value), "{} by {name}", family.name);
            }
        }
    }
}

#[test]
fn no_name_means_two_parameters_that_both_need_it() {
    for family in all() {
        let own: Vec<String> = family.fields.iter().map(|f| super::super::fields::bare(f.name)).collect();
        for (index, field) in family.fields.iter().enumerate() {
            for alias in field.also {
                let alias = super::super::fields::bare(alias);
                let taken = own.iter().enumerate().any(|(other, name)| other != index && *name == alias);
                assert!(!taken, "{}: {alias} is an alias of {} and a parameter", family.name, field.name);
            }
        }
    }
}

#[test]
fn classic_names_mean_the_same_parameters() {
    for (task, family, expected) in [
        (
            json!({
                "type": "userrecaptcha", "googlekey": "k", "pageurl": PAGE, "version": "v3", "min_score": "0.3",
                "action": "login", "domain": "recaptcha.net",
            }),
            "recaptcha_v3",
            json!({
                "websiteURL": PAGE, "websiteKey": "k", "minScore": 0.3, "pageAction": "login",
                "apiDomain": "recaptcha.net",
            }),
        ),
        (
            json!({"type": "userrecaptcha", "googlekey": "k", "pageurl": PAGE, "data-s": "s", "invisible": "1"}),
            "recaptcha_v2",
            json!({"websiteURL": PAGE, "websiteKey": "k", "recaptchaDataSValue": "s", "isInvisible": true}),
        ),
        (
            json!({"type": "hcaptcha", "sitekey": "k", "pageurl": PAGE, "invisible": 1, "data": "rq"}),
            "hcaptcha",
            json!({"websiteURL": PAGE, "websiteKey": "k", "isInvisible": true, "rqdata": "rq"}),
        ),
        (
            json!({"type": "funcaptcha", "publickey": "k", "pageurl": PAGE, "surl": "https://client-api.example"}),
            "funcaptcha",
            json!({"websiteURL": PAGE, "websitePublicKey": "k", "funcaptchaApiJSSubdomain": "https://client-api.example"}),
        ),
        (
            json!({"type": "geetest", "gt": "g", "challenge": "c", "api_server": "api.example", "pageurl": PAGE}),
            "geetest_v3",
            json!({"websiteURL": PAGE, "gt": "g", "challenge": "c", "geetestApiServerSubdomain": "api.example"}),
        ),
        (
            json!({"type": "geetest_v4", "captcha_id": "i", "pageurl": PAGE}),
            "geetest_v4",
            json!({"websiteURL": PAGE, "captchaId": "i"}),
        ),
        (
            json!({"type": "lemin", "captcha_id": "i", "div_id": "d", "pageurl": PAGE}),
            "lemin",
            json!({"websiteURL": PAGE, "captchaId": "i", "divId": "d"}),
        ),
        (
            json!({"type": "cutcaptcha", "misery_key": "m", "api_key": "a", "pageurl": PAGE}),
            "cutcaptcha",
            json!({"websiteURL": PAGE, "miseryKey": "m", "apiKey": "a"}),
        ),
        (
            json!({"type": "tencent", "app_id": 189956587, "pageurl": PAGE}),
            "tencent",
            json!({"websiteURL": PAGE, "appId": "189956587"}),
        ),
        (
            json!({"type": "keycaptcha", "s_s_c_user_id": 15, "s_s_c_session_id": "a", "s_s_c_web_server_sign": "b",
                "s_s_c_web_server_sign2": "c", "pageurl": PAGE}),
            "keycaptcha",
            json!({"s_s_c_user_id": "15", "s_s_c_session_id": "a", "s_s_c_web_server_sign": "b",
                "s_s_c_web_server_sign2": "c", "websiteURL": PAGE}),
        ),
    ] {
        let found = read(task.clone()).unwrap_or_else(|error| panic!("{task}: {error}"));
        assert_eq!((found.family.name, Value::Object(found.parameters)), (family, expected), "{task}");
    }
}

#[test]
fn the_same_extra_has_one_name_wherever_a_service_puts_it() {
    for extras in [
        json!({"action": "login", "cdata": "c"}),
        json!({"pageAction": "login", "data": "c"}),
        json!({"metadata": {"action": "login", "cdata": "c"}}),
        json!({"rqData": {"mode": "", "metadataAction": "login", "metadataCdata": "c"}}),
        json!({"action": "login", "cData": "c", "metadata": {"action": "not this one"}}),
    ] {
        let mut task = extras;
        task["type"] = json!("TurnstileTaskProxyless");
        task["websiteURL"] = json!(PAGE);
        task["websiteKey"] = json!("k");
        let found = read(task.clone()).unwrap().parameters;
        assert_eq!((&found["action"], &found["cdata"]), (&json!("login"), &json!("c")), "{task}");
    }
    for extras in [json!({"rqdata": "r"}), json!({"data": "r"}), json!({"enterprisePayload": {"rqdata": "r"}})] {
        let mut task = extras;
        task["type"] = json!("HCaptchaTask");
        task["websiteURL"] = json!(PAGE);
        task["websiteKey"] = json!("k");
        assert_eq!(read(task.clone()).unwrap().parameters["rqdata"], "r", "{task}");
    }
}

#[test]
fn placeholders_are_not_given() {
    let task = json!({
        "type": "ImageToTextTask", "body": super::pictures::gif(200), "comment": false, "imgInstructions": null,
        "languagePool": "", "minLength": null, "case": false, "phrase": 0, "numeric": "0",
    });
    let expected = json!({"body": super::pictures::gif(200), "case": false, "phrase": false, "numeric": 0});
    assert_eq!(Value::Object(read(task).unwrap().parameters), expected);
    let task = json!({
        "type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k", "proxyType": "http", "proxyAddress": "",
        "proxyPort": 0, "cookies": {}, "userAgent": "  ",
    });
    let found = read(task).unwrap();
    assert!(found.proxy.is_none() && found.parameters.len() == 2);
}

#[test]
fn of_a_group_one_must_be_given() {
    let body = super::pictures::gif(200);
    assert_eq!(
        refusal(json!({"type": "BoundingBoxTask", "body": body, "comment": ""})),
        "one of task.comment, task.imgInstructions must be given"
    );
    assert_eq!(
        refusal(json!({"type": "AltchaTask", "websiteURL": PAGE})),
        "one of task.challengeURL, task.challengeJSON, task.challenge must be given"
    );
    for given in [json!({"comment": "cars"}), json!({"imgInstructions": body})] {
        let mut task = given;
        task["type"] = json!("BoundingBoxTask");
        task["body"] = json!(body);
        assert_eq!(read(task).unwrap().family.name, "bounding_box");
    }
}

#[test]
fn objects_and_their_text_mean_the_same() {
    for data in [json!({"blob": "b"}), json!("{\"blob\": \"b\"}")] {
        let task = json!({"type": "FunCaptchaTask", "websiteURL": PAGE, "websitePublicKey": "k", "data": data});
        assert_eq!(read(task).unwrap().parameters["data"], "{\"blob\":\"b\"}");
    }
    let task = json!({"type": "FunCaptchaTask", "websiteURL": PAGE, "websitePublicKey": "k", "data": "raw"});
    assert_eq!(refusal(task), "task.data is \"raw\": it must be a JSON object, or its text");
}

#[test]
fn words_of_a_closed_set_are_read_in_any_case_and_others_refused() {
    let audio = |lang: Value| json!({"type": "AudioTask", "body": "SUQzBAAAAAAAAA==", "lang": lang});
    assert_eq!(read(audio(json!("EN"))).unwrap().parameters["lang"], "en");
    assert_eq!(refusal(audio(json!("xx"))), "task.lang is \"xx\": it must be one of en, fr, de, el, pt, ru");
}

#[test]
fn lists_take_one_value_and_no_more_than_they_hold() {
    let grid = |urls: Value| json!({"type": "GridTask", "imageUrls": urls, "comment": "cars"});
    for urls in [json!("https://i.example/1"), json!(["https://i.example/1"])] {
        assert_eq!(read(grid(urls)).unwrap().parameters["imageUrls"], json!(["https://i.example/1"]));
    }
    assert!(refusal(grid(json!(["nowhere"]))).contains("a whole http or https URL"));
    assert!(refusal(grid(json!(vec!["https://i.example/1"; 21]))).contains("a list of 1 to 20 URLs"));
    let steps = |steps: Value| json!({"type": "vkimage", "body": super::pictures::gif(200), "steps": steps});
    for given in [json!([5, 12]), json!("[5,12]"), json!(["5", 12])] {
        assert_eq!(read(steps(given)).unwrap().parameters["steps"], json!([5, 12]));
    }
}

#[test]
fn every_site_is_named_the_page_first() {
    for family in all() {
        let mut task = example(family);
        for field in family.fields {
            if matches!(field.kind, Kind::Url | Kind::Urls(_)) {
                task.insert(field.name.to_owned(), example::value(field));
            }
        }
        let found = parse(&task).unwrap();
        let urls = family.fields.iter().filter(|f| matches!(f.kind, Kind::Url | Kind::Urls(_))).count();
        assert_eq!(found.sites.len(), urls, "{}", family.name);
        if family.field("websiteURL").is_some() {
            assert_eq!(found.site_host().as_deref(), Some("example.com"), "{}", family.name);
        }
    }
}

#[test]
fn what_opens_something_is_never_repeated_in_an_error() {
    for family in all() {
        for field in family.fields.iter().filter(|field| field.class != Class::Plain) {
            let mut task = example(family);
            for wrong in [json!("canary\u{0}\n"), json!(["canary", 1.5, {"canary": 1}]), json!({"canary": {"x": 1}})] {
                task.insert(field.name.to_owned(), wrong);
                if let Err(error) = parse(&task) {
                    assert!(!error.to_string().contains("canary"), "{}.{}: {error}", family.name, field.name);
                }
            }
        }
    }
    for (family, secret) in [
        ("datadome", "datadomeCookie"),
        ("imperva", "incapsulaCookies"),
        ("tspd", "tspdCookie"),
        ("tspd", "htmlPageBase64"),
        ("cloudflare_clearance", "htmlPageBase64"),
        ("temu", "cookie"),
        ("yandex_smart", "cookies"),
    ] {
        let field = super::super::by_name(family).and_then(|family| family.field(secret)).unwrap();
        assert_eq!(field.class, Class::Secret, "{family}.{secret}");
    }
}

/// Any JSON, three levels deep.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let map = prop::collection::hash_map("[a-zA-Z_.]{1,8}", inner, 0..4).prop_map(|map| map.into_iter().collect());
        prop_oneof![list, map]
    })
}

proptest! {
    #[test]
    fn whatever_is_sent_is_read_into_canonical_form_or_refused(
        family in 0..all().len(), sent in prop::collection::vec(anything(), 12), metadata in anything(),
    ) {
        let family = &all()[family];
        let mut task = example(family);
        task.extend(family.fields.iter().zip(sent).map(|(field, value)| (field.name.to_owned(), value)));
        task.insert("metadata".to_owned(), metadata);
        if let Ok(read) = parse(&task) {
            let schema = jsonschema::draft202012::new(&super::super::schema(read.family)).unwrap();
            prop_assert!(schema.is_valid(&Value::Object(read.parameters)));
        }
    }
}
