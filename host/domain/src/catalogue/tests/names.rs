//! Which names mean which family.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::fields::bare;
use super::super::{all, by_name, by_type_name, example, families, parse};
use super::{PAGE, read, refusal};

#[test]
fn type_names_of_the_field_mean_their_family() {
    for (name, family, wire) in [
        ("NoCaptchaTaskProxyless", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
        ("RecaptchaV2TaskProxyless", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
        ("ReCaptchaV2TaskProxyLess", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
        (" recaptchav2token ", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
        ("ReCaptchaV2TokenProxyLess", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
        ("RecaptchaV2EnterpriseTaskProxyless", "recaptcha_v2_enterprise", "ReCaptchaV2EnterpriseTokenProxyLess"),
        ("RecaptchaV3TaskProxyless", "recaptcha_v3", "ReCaptchaV3TokenProxyLess"),
        ("HCaptchaTask", "hcaptcha", "HCaptchaTokenProxyLess"),
        ("PopularCaptchaTokenProxyLess", "hcaptcha", "HCaptchaTokenProxyLess"),
        ("AntiTurnstileTaskProxyLess", "turnstile", "TurnstileTokenProxyLess"),
        ("TURNSTILETASK", "turnstile", "TurnstileTokenProxyLess"),
        ("recaptcha_v2", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
    ] {
        let task = read(json!({"type": name, "websiteURL": PAGE, "websiteKey": "key"})).unwrap();
        assert_eq!((task.family.name, task.wire_type().as_str()), (family, wire), "{name}");
    }
}

#[test]
fn every_type_name_means_one_family() {
    let mut seen = HashMap::new();
    for family in all() {
        for name in family.type_names {
            assert!(!bare(name).contains("proxyless"), "{name} says it twice");
            assert_eq!(seen.insert(bare(name), family.name), None, "{name}");
        }
        let own = seen.insert(bare(family.name), family.name);
        assert!(own.is_none_or(|other| other == family.name), "{} is a name of {own:?}", family.name);
        assert!(seen.contains_key(&bare(family.wire_name)), "{} is no type name", family.wire_name);
    }
    for selector in families::SELECTORS {
        assert_eq!(seen.insert(bare(selector.type_name), "a selector"), None, "{}", selector.type_name);
    }
}

#[test]
fn every_family_is_meant_by_each_of_its_names_in_any_spelling() {
    for family in all() {
        let sample = example(family);
        for name in family.type_names.iter().chain([&family.name, &family.wire_name]) {
            for spelling in [
                (*name).to_owned(),
                format!(" {} ", name.to_lowercase()),
                format!("{name}ProxyLess"),
                format!("{}PROXYLESS ", name.to_uppercase()),
            ] {
                let mut task = sample.clone();
                task.insert("type".to_owned(), json!(spelling));
                assert_eq!(parse(&task).unwrap().family.name, family.name, "{spelling:?}");
                let (_, proxyless) = by_type_name(&spelling).unwrap();
                assert_eq!(proxyless, bare(&spelling).ends_with("proxyless"), "{spelling:?}");
            }
        }
    }
}

#[test]
fn every_example_needs_all_that_it_has() {
    for family in all() {
        let sample = example(family);
        let whole = parse(&sample).unwrap();
        assert_eq!(whole.family.name, family.name);
        for left_out in sample.keys() {
            let mut task: Map<String, Value> = sample.clone();
            task.remove(left_out);
            let message = parse(&task).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains(left_out), "{} without {left_out}: {message:?}", family.name);
        }
    }
}

#[test]
fn names_of_all_services_and_of_the_classic_interface_are_known() {
    for (family, names) in [
        ("recaptcha_v2", "NoCaptchaTaskProxyless ReCaptchaV2TaskProxylessS9 ReCaptchaV2STaskProxyless userrecaptcha"),
        ("recaptcha_v2_enterprise", "ReCaptchaV2EnterpriseTaskProxyLess ReCaptchaV2EnterpriseInvisibleTokenProxyLess"),
        (
            "recaptcha_v3",
            "RecaptchaV3TaskProxyless ReCaptchaV3M1TaskProxyLess RecaptchaV3TaskProxylessM1 \
             RecaptchaV3TaskProxylessM1S7 RecaptchaV3TaskProxylessM1S9 RecaptchaV3TaskProxylessT1 \
             ReCaptchaV3TaskProxylessS9",
        ),
        (
            "recaptcha_v3_enterprise",
            "RecaptchaV3EnterpriseTask RecaptchaV3EnterpriseTaskProxyless ReCaptchaV3EnterpriseTokenProxyLess",
        ),
        (
            "hcaptcha",
            "HCaptcha HCaptchaTurboTask HCaptchaEnterpriseTaskProxyLess PopularCaptchaTokenProxyLess \
             HardCaptchaInvisibleToken PopularCaptchaEnterpriseInvisibleTokenProxyLess HardCaptchaEnterpriseToken",
        ),
        ("turnstile", "AntiTurnstileTaskProxyLess CloudFlareTurnstileTask TurnstileTaskProxylessM1 turnstile"),
        ("cloudflare_clearance", "AntiCloudflareTask CloudFlare5STask"),
        ("funcaptcha", "FunCaptchaTask FuncaptchaTaskProxyless funcaptcha"),
        ("geetest_v3", "GeeTestTaskProxyless geetest"),
        ("geetest_v4", "geetest_v4"),
        ("aws_waf", "AmazonTaskProxyless AntiAwsWafTaskProxyLess amazon_waf"),
        ("datadome", "DataDomeSliderTask DatadomeSliderTask DataDomeTaskProxyless datadome"),
        ("mtcaptcha", "MtCaptchaTask MTCaptchaTask mt_captcha"),
        ("friendly", "FriendlyCaptchaTaskProxyless friendly_captcha"),
        ("prosopo", "ProsopoTaskProxyless prosopo"),
        ("altcha", "AltchaTask altcha"),
        ("cybersiara", "AntiCyberSiAraTaskProxyLess cybersiara"),
        ("keycaptcha", "KeyCaptchaTask keycaptcha"),
        ("lemin", "LeminTaskProxyless lemin"),
        ("capy", "CapyTask capy"),
        ("tencent", "TencentTaskProxyless tencent"),
        ("cutcaptcha", "CutCaptchaTask cutcaptcha"),
        ("atb", "AtbCaptchaTaskProxyless atb_captcha"),
        ("yandex_smart", "YandexSmartCaptchaTask YandexCaptchaTaskProxyLess yandex"),
        ("captchafox", "CaptchaFoxTask captchafox"),
        ("vk", "VKCaptchaTask vkcaptcha"),
        ("vk_image", "VKCaptchaImageTask vkimage"),
        ("binance", "BinanceTaskProxyless binance"),
        ("yidun", "YidunTask yidun"),
        ("alibaba", "AlibabaTask alibaba"),
        ("temu", "temu"),
        ("temu_image", "TemuCaptchaTask temuimage"),
        ("imperva", "IncapsulaTask IncapsulaTaskProxyless AntiImpervaTaskProxyLess incapsula"),
        ("tspd", "tspdtask tspd"),
        ("basilisk", "BasiliskTaskProxyless basilisk"),
        ("hunt", "hunt"),
        ("image_to_text", "ImageToTextTask TextRecognition HumanRecognition base64 post"),
        ("coordinates", "ImageToCoordinatesTask ImageCoordinatesTask CoordinatesTask CoordinatesRecognition"),
        ("grid", "GridTask ReCaptchaV2Classification HCaptchaClassification"),
        ("bounding_box", "BoundingBoxTask bounding_box"),
        ("draw_around", "DrawAroundTask canvas"),
        ("rotate", "RotateTask rotatecaptcha"),
        ("text_question", "TextCaptchaTask textcaptcha"),
        ("audio", "AudioTask audio"),
        ("aws_waf_classification", "AwsWafClassification"),
        ("funcaptcha_classification", "FunCaptchaClassification"),
        ("anti_captcha_anti_gate", "AntiGateTask anti-captcha/AntiGateTask"),
        ("capsolver_anti_akamai_bmp", "AntiAkamaiBMPTask capsolver/AntiAkamaiBMPTask"),
    ] {
        for name in names.split_whitespace() {
            let found = by_type_name(&format!("{name} ")).map(|(family, _)| family.name);
            assert_eq!(found, Some(family), "{name}");
        }
    }
}

#[test]
fn what_a_name_says_of_the_variant_is_what_a_parameter_would() {
    let of = |name: &str| read(json!({"type": name, "websiteURL": PAGE, "websiteKey": "k"})).unwrap().parameters;
    let both = of("PopularCaptchaEnterpriseInvisibleTokenProxyLess");
    assert_eq!((&both["isInvisible"], &both["isEnterprise"]), (&json!(true), &json!(true)));
    assert_eq!(of("HardCaptchaEnterpriseToken").get("isInvisible"), None);
    let refused = refusal(json!({"type": "TurnstileInvisibleTokenProxyLess", "websiteURL": PAGE, "websiteKey": "k"}));
    assert_eq!(refused, "task.type: \"TurnstileInvisibleTokenProxyLess\" is no known task type");
}

#[test]
fn every_family_is_found_by_its_canonical_name() {
    assert!(all().iter().all(|family| by_name(family.name).is_some_and(|found| std::ptr::eq(found, family))));
    assert!(by_name("").is_none() && by_type_name("").is_none() && by_type_name("ProxyLess").is_none());
}
