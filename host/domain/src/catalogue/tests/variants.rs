//! What turns a task into another family's.

use serde_json::json;

use super::super::{all, by_name, families};
use super::{PAGE, read, refusal};

#[test]
fn the_enterprise_flag_selects_the_enterprise_family() {
    for flag in [json!(true), json!(1), json!("true")] {
        let task = json!({"type": "RecaptchaV2Task", "websiteURL": PAGE, "websiteKey": "k", "isEnterprise": flag});
        assert_eq!(read(task).unwrap().family.name, "recaptcha_v2_enterprise");
    }
    let task = json!({
        "type": "RecaptchaV2Task", "websiteURL": PAGE, "websiteKey": "k", "isEnterprise": true,
        "recaptchaDataSValue": "one-time", "enterprisePayload": {"other": 1},
    });
    assert_eq!(read(task).unwrap().parameters["enterprisePayload"], json!({"s": "one-time", "other": 1}));
}

#[test]
fn an_invisible_type_name_says_what_its_parameter_would() {
    let task = json!({"type": "PopularCaptchaInvisibleTokenProxyLess", "websiteURL": PAGE, "websiteKey": "k"});
    assert_eq!(read(task).unwrap().parameters["isInvisible"], true);
    let task = json!({"type": "HCaptchaTask", "websiteURL": PAGE, "websiteKey": "k"});
    assert!(!read(task).unwrap().parameters.contains_key("isInvisible"));
}

#[test]
fn fields_that_tell_the_variant_are_believed() {
    for (family, task) in [
        ("recaptcha_v3", json!({"type": "userrecaptcha", "version": "v3", "enterprise": 0})),
        ("recaptcha_v3_enterprise", json!({"type": "userrecaptcha", "version": "v3", "enterprise": "1"})),
        ("recaptcha_v2_enterprise", json!({"type": "userrecaptcha", "version": "v2", "enterprise": 1})),
        ("recaptcha_v2", json!({"type": "userrecaptcha", "version": "v2"})),
        ("recaptcha_v3_enterprise", json!({"type": "RecaptchaV3TaskProxyless", "isEnterprise": true})),
        ("recaptcha_v3", json!({"type": "RecaptchaV3TaskProxyless", "isEnterprise": false})),
        ("geetest_v4", json!({"type": "GeeTestTask", "version": 4, "gt": "id"})),
        ("geetest_v4", json!({"type": "GeeTestTaskProxyless", "version": "v4", "gt": "id"})),
        ("geetest_v4", json!({"type": "GeeTestTask", "captchaId": "id"})),
        ("geetest_v4", json!({"type": "GeeTestTask", "version": 4, "initParameters": {"captcha_id": "id"}})),
        ("geetest_v3", json!({"type": "GeeTestTask", "version": 3, "gt": "id", "challenge": "c"})),
        ("turnstile_challenge", json!({"type": "TurnstileTask", "data": "d", "pagedata": "p", "action": "a"})),
        (
            "turnstile_challenge",
            json!({
                "type": "TurnstileTask", "cloudflareTaskType": "token", "pageAction": "a", "data": "d", "pageData": "p",
            }),
        ),
        ("turnstile", json!({"type": "TurnstileTask", "data": "d", "action": "a"})),
        ("cloudflare_clearance", json!({"type": "TurnstileTask", "cloudflareTaskType": "cf_clearance"})),
        ("cloudflare_wait_room", json!({"type": "TurnstileTask", "cloudflareTaskType": "wait_room"})),
        ("cloudflare_clearance", json!({"type": "AntiCloudflareTask"})),
        ("cloudflare_clearance", json!({"type": "AntiCloudflareTask", "metadata": {"type": "challenge"}})),
        ("turnstile", json!({"type": "AntiCloudflareTask", "metadata": {"type": "turnstile", "action": "login"}})),
    ] {
        let mut task = task;
        task["websiteURL"] = json!(PAGE);
        task["websiteKey"] = json!("k");
        assert_eq!(read(task.clone()).unwrap().family.name, family, "{task}");
    }
}

#[test]
fn classic_pictures_say_by_flags_what_is_wanted() {
    let body = super::pictures::gif(200);
    for (family, flags) in [
        ("image_to_text", json!({})),
        ("image_to_text", json!({"recaptcha": 0, "canvas": "0", "coordinatescaptcha": false})),
        ("coordinates", json!({"coordinatescaptcha": 1})),
        ("grid", json!({"recaptcha": 1, "recaptcharows": "3", "recaptchacols": 4, "textinstructions": "cars"})),
        ("draw_around", json!({"recaptcha": "1", "canvas": "1", "textinstructions": "the car"})),
        ("text_question", json!({"textcaptcha": "What day follows Monday?"})),
    ] {
        for method in ["post", "base64"] {
            let mut task = flags.clone();
            task["type"] = json!(method);
            task["body"] = json!(body);
            let task = read(task.clone()).unwrap_or_else(|error| panic!("{task}: {error}"));
            assert_eq!(task.family.name, family);
            if family == "grid" {
                assert_eq!((&task.parameters["rows"], &task.parameters["columns"]), (&json!(3), &json!(4)));
            }
        }
    }
}

#[test]
fn classes_and_modules_name_the_family_where_the_type_does_not() {
    let (body, page) = (super::pictures::gif(200), PAGE);
    for (family, task) in [
        (
            "datadome",
            json!({
                "type": "CustomTask", "class": "DataDome", "userAgent": "UA",
                "metadata": {"captchaUrl": "https://geo.captcha-delivery.com/captcha/?a=1", "datadomeCookie": "datadome=x"},
            }),
        ),
        (
            "altcha",
            json!({
                "type": "CustomTask", "class": "altcha", "websiteKey": "",
                "metadata": {"challenge": "c", "iterations": "1000", "salt": "s", "signature": "g"},
            }),
        ),
        ("tencent", json!({"type": "CustomTask", "class": "tendi", "websiteKey": "189956587"})),
        ("alibaba", json!({"type": "CustomTask", "class": "alibaba", "metadata": {"sceneId": "s", "prefix": "p"}})),
        ("temu", json!({"type": "CustomTask", "class": "Temu", "metadata": {"cookie": "a=1"}})),
        ("imperva", json!({"type": "CustomTask", "class": "Imperva", "metadata": {"incapsulaCookies": "a=1"}})),
        ("basilisk", json!({"type": "CustomTask", "class": "Basilisk", "websiteKey": "k"})),
        (
            "castle",
            json!({
                "type": "CustomTask", "class": "Castle",
                "metadata": {"wUrl": "https://e.example/cw.js", "swUrl": "https://e.example/csw.js", "count": 2},
            }),
        ),
        (
            "hunt",
            json!({"type": "CustomTask", "class": "HUNT", "metadata": {"apiGetLib": "https://e.example/hunt.js"}}),
        ),
        (
            "grid",
            json!({
                "type": "ComplexImageTask", "class": "recaptcha", "imagesBase64": [body],
                "metadata": {"Grid": "4x4", "Task": "Please click on each image with a bus"},
            }),
        ),
        ("capmonster_recognition", json!({"type": "ComplexImageTask", "class": "recognition"})),
        ("capmonster_complex_image", json!({"type": "ComplexImageTask", "class": "hcaptcha"})),
        ("rotate", json!({"type": "VisionEngine", "module": "rotate_2", "image": body, "imageBackground": body})),
        ("slider", json!({"type": "VisionEngine", "module": "slider_1", "image": body})),
    ] {
        let mut task = task;
        task["websiteURL"] = json!(page);
        let read = read(task.clone()).unwrap_or_else(|error| panic!("{task}: {error}"));
        assert_eq!(read.family.name, family, "{task}");
    }
}

#[test]
fn an_unknown_class_or_word_is_refused_with_those_that_are_known() {
    let known = "one of rotate_1, rotate_2, slider_1, space_detection, shein";
    for (task, message) in [
        (json!({"type": "VisionEngine", "Module": "magic"}), format!("task.Module is \"magic\": it must be {known}")),
        (json!({"type": "VisionEngine", "module": 7}), format!("task.module is 7: it must be {known}")),
        (json!({"type": "VisionEngine"}), format!("task.module is missing: it must be {known}")),
        (
            json!({"type": "ComplexImageTask", "class": "cats"}),
            "task.class is \"cats\": it must be one of recaptcha, hcaptcha, funcaptcha, recognition".to_owned(),
        ),
        (
            json!({"type": "TurnstileTask", "websiteURL": PAGE, "websiteKey": "k", "cloudflareTaskType": "all"}),
            "task.cloudflareTaskType is \"all\": it must be one of token, cf_clearance, wait_room".to_owned(),
        ),
        (
            json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k", "isEnterprise": "maybe"}),
            "task.isEnterprise is \"maybe\": it must be true or false".to_owned(),
        ),
    ] {
        assert_eq!(refusal(task.clone()), message, "{task}");
    }
    assert!(refusal(json!({"type": "CustomTask", "class": "x"})).contains("DataDome, altcha, friendly, TenDI"));
}

#[test]
fn variants_and_choices_lead_to_families_that_exist() {
    let variants = all().iter().flat_map(|family| family.variants).map(|variant| variant.becomes);
    let choices = families::SELECTORS.iter().flat_map(|selector| selector.choices).map(|(_, family)| *family);
    for family in variants.chain(choices) {
        assert!(by_name(family).is_some(), "{family}");
    }
}
