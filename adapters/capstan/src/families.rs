//! The table of what a Capstan serves: the whole catalogue, each family under its usual type name.
//!
//! Parameters are canonical on both sides, so they pass as they are, and so do solutions: what the other gateway adds to
//! them under other names is what this one would add, too. What a family needs is the catalogue's to say.
//!
//! Source: "Task types" of `docs/api.md`, which every gateway shows at `/docs`.

use adapter_kit::Fault;
use create_task::{Draft, Family, Parameters, Reports, Solution};
use serde_json::json;

/// Both verdicts, on every kind of task.
const REPORTS: Reports = Reports { correct: Some("/reportCorrect"), incorrect: Some("/reportIncorrect") };

const ANY: Family = Family {
    // Prices are the other operator's own: this is what the dearest kinds cost at the services behind.
    list_price: "0.003",
    parameters: Parameters::AsSent,
    finish: own_keys_only,
    solution: Solution::AsGiven,
    reports: REPORTS,
    ..Family::PLAIN
};

/// A family that is solved at a site: without a proxy and through one.
const fn site(name: &'static str, [solo, proxied]: [&'static str; 2]) -> Family {
    Family { name, solo: Some(solo), proxied: Some(proxied), ..ANY }
}

/// A family of pictures and the like, which has no site to go to.
const fn picture(name: &'static str, solo: &'static str) -> Family {
    Family { name, solo: Some(solo), ..ANY }
}

/// The contract does not say which pool a task is for, and one that is for the platform's own credentials must not meet a
/// stranger's one gateway further on.
#[expect(clippy::unnecessary_wraps, reason = "a family's finish may refuse")]
fn own_keys_only(draft: &mut Draft) -> Result<(), Fault> {
    draft.set_beside("keyPoolMode", json!("platformOnly"));
    Ok(())
}

/// Every family of the catalogue.
pub(crate) const FAMILIES: &[Family] = &[
    site("recaptcha_v2", ["ReCaptchaV2TokenProxyLess", "ReCaptchaV2Token"]),
    site("recaptcha_v2_enterprise", ["ReCaptchaV2EnterpriseTokenProxyLess", "ReCaptchaV2EnterpriseToken"]),
    site("recaptcha_v3", ["ReCaptchaV3TokenProxyLess", "ReCaptchaV3Token"]),
    site("recaptcha_v3_enterprise", ["ReCaptchaV3EnterpriseTokenProxyLess", "ReCaptchaV3EnterpriseToken"]),
    site("hcaptcha", ["HCaptchaTokenProxyLess", "HCaptchaToken"]),
    site("turnstile", ["TurnstileTokenProxyLess", "TurnstileToken"]),
    site("turnstile_challenge", ["TurnstileChallengeTokenProxyLess", "TurnstileChallengeToken"]),
    site("cloudflare_clearance", ["CloudflareClearanceTaskProxyLess", "CloudflareClearanceTask"]),
    site("cloudflare_wait_room", ["CloudflareWaitRoomTaskProxyLess", "CloudflareWaitRoomTask"]),
    site("funcaptcha", ["FunCaptchaTokenProxyLess", "FunCaptchaToken"]),
    site("geetest_v3", ["GeeTestTokenProxyLess", "GeeTestToken"]),
    site("geetest_v4", ["GeeTestV4TokenProxyLess", "GeeTestV4Token"]),
    site("mtcaptcha", ["MtCaptchaTokenProxyLess", "MtCaptchaToken"]),
    site("friendly", ["FriendlyCaptchaTokenProxyLess", "FriendlyCaptchaToken"]),
    site("prosopo", ["ProsopoTokenProxyLess", "ProsopoToken"]),
    site("altcha", ["AltchaTokenProxyLess", "AltchaToken"]),
    site("cybersiara", ["CyberSiAraTokenProxyLess", "CyberSiAraToken"]),
    site("keycaptcha", ["KeyCaptchaTokenProxyLess", "KeyCaptchaToken"]),
    site("lemin", ["LeminTokenProxyLess", "LeminToken"]),
    site("capy", ["CapyTokenProxyLess", "CapyToken"]),
    site("tencent", ["TencentTokenProxyLess", "TencentToken"]),
    site("cutcaptcha", ["CutCaptchaTokenProxyLess", "CutCaptchaToken"]),
    site("atb", ["AtbCaptchaTokenProxyLess", "AtbCaptchaToken"]),
    site("yandex_smart", ["YandexSmartCaptchaTokenProxyLess", "YandexSmartCaptchaToken"]),
    site("captchafox", ["CaptchaFoxTokenProxyLess", "CaptchaFoxToken"]),
    site("vk", ["VKCaptchaTokenProxyLess", "VKCaptchaToken"]),
    site("binance", ["BinanceTokenProxyLess", "BinanceToken"]),
    site("yidun", ["YidunTokenProxyLess", "YidunToken"]),
    site("alibaba", ["AlibabaTokenProxyLess", "AlibabaToken"]),
    site("basilisk", ["BasiliskTokenProxyLess", "BasiliskToken"]),
    site("castle", ["CastleTokenProxyLess", "CastleToken"]),
    site("hunt", ["HuntTokenProxyLess", "HuntToken"]),
    site("aws_waf", ["AwsWafTokenProxyLess", "AwsWafToken"]),
    site("datadome", ["DataDomeSliderTaskProxyLess", "DataDomeSliderTask"]),
    site("imperva", ["ImpervaTaskProxyLess", "ImpervaTask"]),
    site("tspd", ["TspdTaskProxyLess", "TspdTask"]),
    site("temu", ["TemuTaskProxyLess", "TemuTask"]),
    picture("image_to_text", "ImageToTextTask"),
    picture("coordinates", "CoordinatesTask"),
    picture("grid", "GridTask"),
    picture("bounding_box", "BoundingBoxTask"),
    picture("draw_around", "DrawAroundTask"),
    picture("rotate", "RotateTask"),
    picture("slider", "SliderTask"),
    picture("aws_waf_classification", "AwsWafClassification"),
    picture("funcaptcha_classification", "FunCaptchaClassification"),
    picture("vk_image", "VKCaptchaImageTask"),
    picture("temu_image", "TemuCaptchaTask"),
    picture("text_question", "TextCaptchaTask"),
    picture("audio", "AudioTask"),
    site("anti_captcha_anti_gate", ["AntiGateTaskProxyLess", "AntiGateTask"]),
    site("anti_captcha_anti_bot_cookie", ["AntiBotCookieTaskProxyLess", "AntiBotCookieTask"]),
    site("capsolver_anti_akamai_bmp", ["AntiAkamaiBMPTaskProxyLess", "AntiAkamaiBMPTask"]),
    site("capsolver_anti_akamai_web", ["AntiAkamaiWebTaskProxyLess", "AntiAkamaiWebTask"]),
    site("capsolver_anti_kasada", ["AntiKasadaTaskProxyLess", "AntiKasadaTask"]),
    picture("capmonster_recognition", "ComplexImageRecognitionTask"),
    picture("capmonster_complex_image", "ComplexImageClickTask"),
    site("ez_captcha_akamai_web", ["AkamaiWEBTaskProxyLess", "AkamaiWEBTask"]),
    site("ez_captcha_akamai_sbsd", ["AkamaiSBSDTaskProxyLess", "AkamaiSBSDTask"]),
];
