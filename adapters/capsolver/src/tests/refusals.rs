//! What is refused before anything is sent, so that another candidate gets the task and the key is not blocked for it.

use adapter_kit::ProxySupport;

use super::*;

/// A parameter that the family needs, or another value of one, on top of a task that would be sent.
fn refused(family: &str, changes: &Value) -> Fault {
    let (mut parameters, proxy) = families::task(catalogue::catalogue::by_name(family).unwrap());
    parameters.extend(changes.as_object().unwrap().clone());
    parameters.retain(|_, value| !value.is_null());
    failed(begin::<CapSolver>(submission(family, &Value::Object(parameters), proxy)))
}

#[test]
fn a_parameter_that_cannot_be_taken_is_refused_by_its_name() {
    for (family, name, value) in [
        ("recaptcha_v2", "apiDomain", json!("captcha.example.com")),
        ("recaptcha_v2", "cookies", json!("a=1")),
        ("recaptcha_v2", "enterprisePayload", json!({ "s": "x" })),
        ("recaptcha_v2_enterprise", "cookies", json!("a=1")),
        ("recaptcha_v3", "cookies", json!("a=1")),
        ("recaptcha_v3", "minScore", json!(0.31)),
        ("recaptcha_v3", "minScore", json!(0.9)),
        ("recaptcha_v3", "enterprisePayload", json!({ "s": "x" })),
        ("recaptcha_v3_enterprise", "minScore", json!(0.5)),
        ("turnstile", "pageData", json!("x")),
        ("turnstile", "somethingNew", json!(1)),
        ("funcaptcha", "userAgent", json!("Firefox/140.0")),
        ("geetest_v3", "geetestGetLib", json!("x")),
        ("geetest_v4", "initParameters", json!({ "riskType": "slide" })),
        ("mtcaptcha", "pageAction", json!("login")),
        ("friendly", "apiGetLib", json!("https://example.com/x.js")),
        ("yandex_smart", "cookies", json!("a=1")),
        ("cloudflare_clearance", "userAgent", json!("Firefox/140.0")),
        ("aws_waf", "wafType", json!("widget")),
        ("aws_waf", "cookieSolution", json!(false)),
        ("aws_waf", "userAgent", json!("Chrome/141.0")),
        ("image_to_text", "phrase", json!(true)),
        ("image_to_text", "math", json!(true)),
        ("image_to_text", "numeric", json!(1)),
        ("image_to_text", "minLength", json!(4)),
        ("image_to_text", "maxLength", json!(6)),
        ("image_to_text", "comment", json!("the red letters")),
        ("image_to_text", "imgInstructions", json!("/9j/")),
        ("image_to_text", "languagePool", json!("ru")),
        ("grid", "comment", json!("click on everything that moves")),
        ("grid", "comment", Value::Null),
        ("grid", "body", Value::Null),
        ("grid", "images", json!(["x", "y"])),
        ("grid", "imageUrls", json!(["https://example.com/x.png"])),
        ("grid", "imgInstructions", json!("/9j/")),
        ("grid", "rows", json!(5)),
        ("grid", "columns", json!(2)),
        ("rotate", "images", json!(["x", "y"])),
        ("rotate", "angle", json!(40.0)),
        ("rotate", "comment", json!("until it stands")),
        ("slider", "imageBackground", Value::Null),
        ("aws_waf_classification", "comment", json!("all beds")),
        ("aws_waf_classification", "images", json!(vec!["x"; 10])),
        ("funcaptcha_classification", "images", json!(["x", "y"])),
    ] {
        let fault = refused(family, &json!({ name: value }));
        assert_eq!((fault.class, fault.charged), (FaultClass::NotSupported, Charged::No), "{family} {name}");
        assert!(fault.message.starts_with(&format!("{name}: ")), "{family} {name}: {}", fault.message);
    }
}

#[test]
fn a_puzzle_that_has_to_be_told_what_is_wanted_is_refused_without_it() {
    for module in ["space_detection", "shein"] {
        let fault = refused("slider", &json!({ "module": module }));
        assert!(fault.class == FaultClass::NotSupported && fault.message.starts_with("comment: "), "{module}");
    }
    let one_picture = json!({ "comment": "aws:toycarcity:carcity", "images": ["x", "y"] });
    assert!(refused("aws_waf_classification", &one_picture).message.starts_with("images: "));
}

#[test]
fn a_family_that_is_not_served_is_refused() {
    for family in ["hcaptcha", "imperva", "turnstile_challenge", "cloudflare_wait_room", "coordinates", "nothing"] {
        let fault = failed(begin::<CapSolver>(submission(family, &json!({ "websiteURL": SITE }), None)));
        assert_eq!((fault.class, fault.code.as_str()), (FaultClass::NotSupported, "FAMILY_NOT_SUPPORTED"), "{family}");
    }
}

#[test]
fn what_nobody_could_solve_is_the_clients_fault() {
    let banned = json!({ "captchaUrl": "https://geo.captcha-delivery.com/captcha/?cid=1&t=bv" });
    let fault = refused("datadome", &banned);
    assert_eq!((fault.class, fault.code.as_str()), (FaultClass::InvalidTask, "PROXY_BANNED"));
    let fault = refused("cloudflare_clearance", &json!({ "htmlPageBase64": "?" }));
    assert_eq!(fault.class, FaultClass::InvalidTask);
}

#[test]
fn a_proxy_goes_along_where_it_is_documented_and_nowhere_else() {
    for family in crate::families::all() {
        let (parameters, _) = families::task(catalogue::catalogue::by_name(family.name).unwrap());
        let sent = |proxy| begin::<CapSolver>(submission(family.name, &json!(parameters), proxy));
        let (with, without) = (sent(Some(proxy("[2001:db8::7]"))), sent(None));
        match family.proxy() {
            ProxySupport::Never => assert_eq!(failed(with).code, "PROXY_NOT_SUPPORTED", "{}", family.name),
            ProxySupport::Optional | ProxySupport::Required => {
                let Step::Send((request, _)) = with else { panic!("{}: nothing was sent", family.name) };
                let address = fixture::request_json(&request)["json"]["task"]["proxyAddress"].clone();
                assert_eq!(address, "2001:db8::7", "{}", family.name);
                assert_eq!(failed(sent(Some(proxy("10.0.0.1")))).class, FaultClass::InvalidTask, "{}", family.name);
            }
        }
        match family.proxy() {
            ProxySupport::Required => assert_eq!(failed(without).code, "PROXY_REQUIRED", "{}", family.name),
            ProxySupport::Optional | ProxySupport::Never => {
                let Step::Send((request, _)) = without else { panic!("{}: nothing was sent", family.name) };
                let shown = fixture::request_json(&request);
                assert!(shown["json"]["task"].get("proxyAddress").is_none(), "{shown}");
            }
        }
    }
}

#[test]
fn a_value_of_another_type_is_the_clients_fault_and_not_quoted() {
    for (family, parameters) in [
        ("recaptcha_v3", json!({ "minScore": "hidden" })),
        ("recaptcha_v2", json!({ "apiDomain": ["hidden"] })),
        ("funcaptcha", json!({ "userAgent": ["hidden"] })),
        ("aws_waf", json!({ "cookieSolution": "hidden" })),
        ("image_to_text", json!({ "numeric": "hidden" })),
        ("image_to_text", json!({ "phrase": "hidden" })),
        ("image_to_text", json!({ "languagePool": ["hidden"] })),
        ("image_to_text", json!("hidden")),
        ("rotate", json!({ "angle": "hidden" })),
        ("funcaptcha_classification", json!({ "images": "hidden" })),
    ] {
        let fault = failed(begin::<CapSolver>(submission(family, &parameters, None)));
        assert_eq!(fault.class, FaultClass::InvalidTask, "{family}");
        assert!(!fault.message.contains("hidden"), "{}", fault.message);
    }
}
