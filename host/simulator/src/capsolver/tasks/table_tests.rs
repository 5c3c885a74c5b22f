//! The table of types: what each must carry, where it is posted, and the shape of what it is solved with.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::call::Solution;
use crate::solution;

/// A type, what it must carry, and the fields of its solution; none of those where the format writes a token or text.
type Row = (&'static str, Value, &'static [&'static str]);

const PAGE: &str = "https://example.com/";
const KEY: &str = "6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-";

fn picture() -> String {
    STANDARD.encode([b"GIF89a".as_slice(), &[7; 200]].concat())
}

fn keyed() -> Value {
    json!({"websiteURL": PAGE, "websiteKey": KEY})
}

fn tokens() -> Vec<Row> {
    let action = json!({"websiteURL": PAGE, "websiteKey": KEY, "pageAction": "login"});
    let arkose = json!({"websiteURL": PAGE, "websitePublicKey": "E8A75615"});
    let gee = json!({"websiteURL": PAGE, "gt": "0223", "challenge": "1234"});
    let siara = json!({"websiteURL": PAGE, "SlideMasterUrlId": "OXR2", "userAgent": "Probe/1"});
    vec![
        ("ReCaptchaV2TaskProxyLess", keyed(), &[]),
        ("ReCaptchaV2Task", keyed(), &[]),
        ("ReCaptchaV2EnterpriseTaskProxyLess", keyed(), &[]),
        ("ReCaptchaV2EnterpriseTask", keyed(), &[]),
        ("ReCaptchaV3TaskProxyLess", action.clone(), &[]),
        ("ReCaptchaV3Task", action.clone(), &[]),
        ("ReCaptchaV3M1TaskProxyLess", action.clone(), &[]),
        ("ReCaptchaV3EnterpriseTaskProxyLess", action.clone(), &[]),
        ("ReCaptchaV3EnterpriseTask", action, &[]),
        ("AntiTurnstileTaskProxyLess", keyed(), &[]),
        ("FunCaptchaTaskProxyLess", arkose.clone(), &["token", "userAgent"]),
        ("FunCaptchaTask", arkose, &["token", "userAgent"]),
        ("GeeTestTaskProxyLess", gee.clone(), &["challenge", "validate"]),
        ("GeeTestTask", gee, &["challenge", "validate"]),
        ("MtCaptchaTaskProxyLess", keyed(), &["token"]),
        ("MtCaptchaTask", keyed(), &["token"]),
        ("FriendlyCaptchaTaskProxyless", keyed(), &["token"]),
        ("YandexCaptchaTaskProxyLess", keyed(), &["token"]),
        ("AntiCyberSiAraTaskProxyLess", siara.clone(), &["token"]),
        ("AntiCyberSiAraTask", siara, &["token"]),
    ]
}

fn sites_and_pictures() -> Vec<Row> {
    let frame = json!({"captchaUrl": "https://geo.captcha-delivery.com/captcha/?t=fe", "userAgent": "Probe/1"});
    let piece = json!({"module": "slider_1", "image": picture(), "imageBackground": picture()});
    let grid = json!({"images": [picture(), picture()], "question": "aws:grid:bed"});
    vec![
        ("AntiCloudflareTask", json!({"websiteURL": PAGE}), &["cookies", "headers", "page_url", "token"]),
        ("AntiAwsWafTaskProxyLess", json!({"websiteURL": PAGE}), &["cookie"]),
        ("AntiAwsWafTask", json!({"websiteURL": PAGE}), &["cookie"]),
        ("DatadomeSliderTask", frame, &["cookie", "userAgent"]),
        ("AntiKasadaTask", json!({"pageURL": PAGE}), &["user-agent", "x-kpsdk-cd", "x-kpsdk-ct"]),
        ("AntiAkamaiWebTask", json!({"url": PAGE}), &["sensorData"]),
        ("AntiAkamaiBMPTask", json!({}), &["deviceId", "deviceName", "sensors", "version"]),
        ("ImageToTextTask", json!({"body": picture()}), &[]),
        (
            "ReCaptchaV2Classification",
            json!({"image": picture(), "question": "/m/04_sv"}),
            &["objects", "size", "type"],
        ),
        ("VisionEngine", piece, &["distance"]),
        ("AwsWafClassification", grid, &["objects"]),
        ("FunCaptchaClassification", json!({"images": picture(), "question": "maze"}), &["objects"]),
    ]
}

fn rows() -> Vec<Row> {
    [tokens(), sites_and_pictures()].concat()
}

fn path_of(name: &str) -> &'static str {
    TYPES.iter().find(|kind| kind.name == name).unwrap().path
}

fn read_task(path: &str, name: &str, fields: &Value) -> Result<NewTask, Refusal> {
    let mut task = fields.clone();
    task["type"] = json!(name);
    read(path, Some(task.to_string().as_bytes()))
}

/// With the proxy that a type asks for.
fn whole(name: &str, fields: &Value) -> Value {
    let mut task = fields.clone();
    if TYPES.iter().any(|kind| kind.name == name && kind.proxied) {
        task["proxy"] = json!("http:192.0.2.7:1080:user:pass");
    }
    task
}

#[test]
fn every_type_is_in_the_table_of_these_tests() {
    let tested: BTreeSet<_> = rows().iter().map(|(name, ..)| *name).collect();
    assert_eq!(tested, TYPES.iter().map(|kind| kind.name).collect());
}

#[test]
fn a_type_is_taken_where_it_is_posted_and_unknown_elsewhere() {
    let paths: BTreeSet<_> = TYPES.iter().map(|kind| kind.path).collect();
    assert!(paths.iter().all(|path| takes(path)) && !takes("getTaskResult"));
    for (name, fields, _) in rows() {
        let task = whole(name, &fields);
        for path in &paths {
            match read_task(path, &name.to_uppercase(), &task) {
                Ok(taken) => assert_eq!((*path, taken.proxied), (path_of(name), task.get("proxy").is_some()), "{name}"),
                Err(refusal) => {
                    assert!(refusal == Refusal::TypeUnknown && *path != path_of(name), "{name}: {refusal:?}")
                }
            }
        }
    }
}

#[test]
fn nothing_that_a_type_must_carry_can_be_left_out() {
    for (name, fields, _) in rows() {
        let task = whole(name, &fields);
        for field in task.as_object().unwrap().keys() {
            let mut less = task.clone();
            less.as_object_mut().unwrap().remove(field);
            let refusal = read_task(path_of(name), name, &less).unwrap_err();
            assert!(matches!(refusal, Refusal::Field(named) if named == field), "{name} without {field}: {refusal:?}");
        }
    }
}

#[test]
fn solutions_have_the_fields_of_their_type_and_name_their_task() {
    for (name, fields, expected) in rows() {
        let task = read_task(path_of(name), name, &whole(name, &fields)).unwrap();
        match solution::of(1, 77, task.family, &task.needs) {
            Solution::Given(given) => {
                let found: Vec<&str> = given.as_object().unwrap().keys().map(String::as_str).collect();
                assert_eq!(found, expected, "{name}");
                assert!(task.family == Family::ImageToText || given.to_string().contains("simulated-77-"), "{given}");
            }
            Solution::Token { .. } | Solution::Text(_) => assert!(expected.is_empty(), "{name}"),
        }
    }
}

#[test]
fn puzzles_are_solved_by_their_module() {
    let two = json!({"image": picture(), "imageBackground": picture(), "question": "the odd one"});
    for (module, field) in [
        ("slider_1", "distance"),
        ("rotate_1", "angle"),
        ("rotate_2", "angle"),
        ("space_detection", "box"),
        ("shein", "rects"),
    ] {
        let mut task = two.clone();
        task["module"] = json!(module);
        let read = read_task("createTask", "VisionEngine", &task).unwrap();
        let Solution::Given(given) = solution::of(1, 2, read.family, &read.needs) else { panic!("{module}") };
        assert!(given.get(field).is_some(), "{module}: {given}");
    }
    let fourth = json!({"websiteURL": PAGE, "captchaId": "e392"});
    let read = read_task("createTask", "GeeTestTaskProxyLess", &fourth).unwrap();
    let Solution::Given(given) = solution::of(1, 2, read.family, &read.needs) else { panic!("no object") };
    assert_eq!(given["captcha_id"], "e392");
}

#[test]
fn values_that_the_service_does_not_take_are_refused() {
    let unknown = Refusal::Code("ERROR_UNKNOWN_QUESTION".to_owned());
    let with = |name: &str, field: &str, value: Value| {
        let mut task = whole(name, &rows().into_iter().find(|row| row.0 == name).unwrap().1);
        task[field] = value;
        read_task(path_of(name), name, &task).unwrap_err()
    };
    assert_eq!(with("ReCaptchaV2Classification", "question", json!("buses")), unknown);
    assert_eq!(with("AwsWafClassification", "question", json!("beds")), unknown);
    assert_eq!(with("AwsWafClassification", "question", json!("aws:toycarcity:carcity")), Refusal::Field("images"));
    assert_eq!(with("VisionEngine", "module", json!("slider_9")), Refusal::Field("module"));
    assert_eq!(with("FunCaptchaTask", "data", json!("blob")), Refusal::Field("data"));
    assert_eq!(with("AntiCloudflareTask", "userAgent", json!("Firefox/1")), Refusal::Field("userAgent"));
    assert_eq!(
        with("DatadomeSliderTask", "captchaUrl", json!("https://x.example/?t=bv")),
        Refusal::Field("captchaUrl")
    );
    assert_eq!(with("AntiAkamaiBMPTask", "count", json!(51)), Refusal::Field("count"));
    assert_eq!(with("MtCaptchaTask", "proxy", json!("nothing")), Refusal::Field("proxy"));
}
