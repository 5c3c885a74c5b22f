//! capsolver's task types: where each is posted and what it must carry, checked as the service checks it. hCaptcha is no
//! longer one of them.

use serde_json::{Map, Value, json};

use super::shapes;
use crate::call::{Family, Made, Needs, NewTask, Own, Refusal, TextNeeds};
use crate::checks;
use crate::draw::digest;
use crate::fields::Fields;

const BIGGEST_IMAGE: usize = 500_000;

/// A type of task.
struct Type {
    name: &'static str,
    family: Family,
    /// Whether it is solved through the client's proxy.
    proxied: bool,
    /// The method that takes it.
    path: &'static str,
    /// Checks what it carries.
    read: fn(&Fields<'_>) -> Result<Needs, Refusal>,
}

const fn token(name: &'static str, family: Family, read: fn(&Fields<'_>) -> Result<Needs, Refusal>) -> Type {
    Type { name, family, proxied: false, path: "createTask", read }
}

/// Pictures of every kind: to the engine they are one family, which is solved within the create.
const fn picture(name: &'static str, read: fn(&Fields<'_>) -> Result<Needs, Refusal>) -> Type {
    token(name, Family::ImageToText, read)
}

const fn other(name: &'static str, read: fn(&Fields<'_>) -> Result<Needs, Refusal>) -> Type {
    token(name, Family::Other, read)
}

impl Type {
    const fn proxied(self) -> Self {
        Self { proxied: true, ..self }
    }

    const fn at(self, path: &'static str) -> Self {
        Self { path, ..self }
    }
}

const TYPES: [Type; 32] = [
    picture("ImageToTextTask", image),
    picture("ReCaptchaV2Classification", tiles),
    picture("VisionEngine", puzzle),
    picture("AwsWafClassification", aws_images),
    picture("FunCaptchaClassification", screenshot),
    token("ReCaptchaV2TaskProxyLess", Family::RecaptchaV2, v2),
    token("ReCaptchaV2Task", Family::RecaptchaV2, v2).proxied(),
    token("ReCaptchaV2EnterpriseTaskProxyLess", Family::RecaptchaV2Enterprise, v2),
    token("ReCaptchaV2EnterpriseTask", Family::RecaptchaV2Enterprise, v2).proxied(),
    token("ReCaptchaV3TaskProxyLess", Family::RecaptchaV3, v3),
    token("ReCaptchaV3Task", Family::RecaptchaV3, v3).proxied(),
    token("ReCaptchaV3M1TaskProxyLess", Family::RecaptchaV3, v3),
    token("ReCaptchaV3EnterpriseTaskProxyLess", Family::RecaptchaV3, v3),
    token("ReCaptchaV3EnterpriseTask", Family::RecaptchaV3, v3).proxied(),
    token("AntiTurnstileTaskProxyLess", Family::Turnstile, turnstile),
    other("FunCaptchaTaskProxyLess", funcaptcha),
    other("FunCaptchaTask", funcaptcha).proxied(),
    other("GeeTestTaskProxyLess", geetest),
    other("GeeTestTask", geetest).proxied(),
    other("MtCaptchaTaskProxyLess", site_key),
    other("MtCaptchaTask", site_key).proxied(),
    other("FriendlyCaptchaTaskProxyless", site_key),
    other("YandexCaptchaTaskProxyLess", site_key),
    other("AntiCyberSiAraTaskProxyLess", cybersiara),
    other("AntiCyberSiAraTask", cybersiara).proxied(),
    other("AntiCloudflareTask", clearance).proxied(),
    other("AntiAwsWafTaskProxyLess", aws_waf),
    other("AntiAwsWafTask", aws_waf).proxied(),
    other("DatadomeSliderTask", datadome).proxied(),
    other("AntiKasadaTask", kasada).proxied().at("kasada/invoke"),
    // Solved within the answer too, though there is nothing to see.
    picture("AntiAkamaiWebTask", akamai_web).at("akamaiweb/invoke"),
    picture("AntiAkamaiBMPTask", akamai_bmp).at("akamaibmp/invoke"),
];

/// Whether the service takes tasks at this path.
pub(super) fn takes(path: &str) -> bool {
    TYPES.iter().any(|kind| kind.path == path)
}

/// Reads a task from its text.
pub(super) fn read(path: &str, text: Option<&[u8]>) -> Result<NewTask, Refusal> {
    let task: Map<String, Value> =
        text.and_then(|text| serde_json::from_slice(text).ok()).ok_or(Refusal::TaskAbsent)?;
    let name = task.get("type").and_then(Value::as_str).ok_or(Refusal::Field("type"))?;
    // Names are known in any letter case: clients of other services spell them otherwise.
    let known = TYPES.iter().find(|kind| kind.path == path && kind.name.eq_ignore_ascii_case(name));
    let Type { family, proxied, read, .. } = known.ok_or(Refusal::TypeUnknown)?;
    let fields = Fields(&task);
    let needs = read(&fields)?;
    if *proxied {
        proxy(&fields)?;
    }
    Ok(NewTask { family: *family, proxied: *proxied, needs })
}

/// A proxy in one text, or in the five fields that other services have.
fn proxy(fields: &Fields<'_>) -> Result<(), Refusal> {
    if let Some(proxy) = fields.optional("proxy")? {
        return if checks::looks_like_a_proxy(proxy) { Ok(()) } else { Err(Refusal::Field("proxy")) };
    }
    let Some(address) = fields.optional("proxyAddress")? else { return Err(Refusal::Field("proxy")) };
    if address.contains(['/', '@', ' ']) {
        return Err(Refusal::Field("proxyAddress"));
    }
    if !checks::is_proxy_type(fields.required("proxyType")?) {
        return Err(Refusal::Field("proxyType"));
    }
    if !fields.whole("proxyPort")?.is_some_and(|port| (1..=65_535).contains(&port)) {
        return Err(Refusal::Field("proxyPort"));
    }
    fields.optional("proxyLogin")?;
    fields.optional("proxyPassword")?;
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------- tokens

fn address(fields: &Fields<'_>, name: &'static str) -> Result<(), Refusal> {
    if checks::is_whole_url(fields.required(name)?) { Ok(()) } else { Err(Refusal::Field(name)) }
}

fn page_and_key(fields: &Fields<'_>) -> Result<(), Refusal> {
    address(fields, "websiteURL")?;
    if checks::looks_like_a_site_key(fields.required("websiteKey")?) { Ok(()) } else { Err(Refusal::SiteKey) }
}

fn plain_token(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    Ok(Needs::Token { user_agent: fields.optional("userAgent")?.map(str::to_owned) })
}

fn own(fields: &Fields<'_>, about: Value, shape: fn(&Made<'_>) -> Value) -> Result<Needs, Refusal> {
    let user_agent = fields.optional("userAgent")?.map(str::to_owned);
    Ok(Needs::Own(Own { user_agent, about, shape }))
}

fn v2(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    page_and_key(fields)?;
    fields.flag("isInvisible")?;
    fields.flag("isSession")?;
    fields.optional("recaptchaDataSValue")?;
    fields.object("enterprisePayload")?;
    plain_token(fields)
}

fn v3(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    page_and_key(fields)?;
    // A `minScore` is not asked for: the service ignores it.
    fields.required("pageAction")?;
    fields.flag("isSession")?;
    fields.object("enterprisePayload")?;
    plain_token(fields)
}

fn turnstile(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    page_and_key(fields)?;
    fields.object("metadata")?;
    plain_token(fields)
}

fn site_key(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    page_and_key(fields)?;
    own(fields, Value::Null, shapes::token)
}

fn funcaptcha(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    address(fields, "websiteURL")?;
    fields.required("websitePublicKey")?;
    let data = fields.optional("data")?;
    if data.is_some_and(|data| serde_json::from_str::<Map<String, Value>>(data).is_err()) {
        return Err(Refusal::Field("data"));
    }
    own(fields, Value::Null, shapes::token_of_a_browser)
}

/// Version 4 is told by its id.
fn geetest(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    address(fields, "websiteURL")?;
    fields.optional("geetestApiServerSubdomain")?;
    if let Some(id) = fields.optional("captchaId")? {
        return own(fields, json!({"captcha_id": id}), shapes::geetest_v4);
    }
    fields.required("gt")?;
    let challenge = fields.required("challenge")?;
    own(fields, json!({"challenge": challenge}), shapes::geetest_v3)
}

fn cybersiara(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    address(fields, "websiteURL")?;
    fields.required("SlideMasterUrlId")?;
    fields.required("userAgent")?;
    own(fields, Value::Null, shapes::token)
}

// ----------------------------------------------------------------------------------------------------------- sites

fn clearance(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    address(fields, "websiteURL")?;
    fields.optional("html")?;
    if fields.optional("userAgent")?.is_some_and(|browser| !browser.contains("Chrome/")) {
        return Err(Refusal::Field("userAgent"));
    }
    own(fields, json!({"page": fields.required("websiteURL")?}), shapes::clearance)
}

fn aws_waf(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    address(fields, "websiteURL")?;
    for name in ["awsKey", "awsIv", "awsContext", "awsChallengeJS", "awsApiJs"] {
        fields.optional(name)?;
    }
    own(fields, Value::Null, shapes::aws_waf)
}

fn datadome(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    address(fields, "captchaUrl")?;
    if fields.required("captchaUrl")?.contains("t=bv") {
        return Err(Refusal::Field("captchaUrl"));
    }
    fields.required("userAgent")?;
    own(fields, Value::Null, shapes::datadome)
}

fn kasada(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    address(fields, "pageURL")?;
    own(fields, Value::Null, shapes::kasada)
}

fn akamai_web(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    address(fields, "url")?;
    own(fields, Value::Null, shapes::akamai_web)
}

fn akamai_bmp(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    let count = fields.whole("count")?.unwrap_or(1);
    if !(1..=50).contains(&count) {
        return Err(Refusal::Field("count"));
    }
    own(fields, json!({"count": count, "version": fields.optional("version")?}), shapes::akamai_bmp)
}

// -------------------------------------------------------------------------------------------------------- pictures

/// A picture that must be there; answers its digest.
fn shown(fields: &Fields<'_>, name: &'static str) -> Result<u64, Refusal> {
    looked_at(fields.required(name)?)
}

fn looked_at(text: &str) -> Result<u64, Refusal> {
    let bytes = checks::decoded(text).ok_or(Refusal::ImageType)?;
    checks::picture(&bytes, BIGGEST_IMAGE)?;
    Ok(digest(&bytes))
}

/// A question that the models know.
fn question<'a>(fields: &Fields<'a>, beginning: &str) -> Result<&'a str, Refusal> {
    let asked = fields.required("question")?;
    if asked.starts_with(beginning) { Ok(asked) } else { Err(Refusal::Code("ERROR_UNKNOWN_QUESTION".to_owned())) }
}

fn image(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    let picture = shown(fields, "body")?;
    fields.flag("case")?;
    fields.optional("websiteURL")?;
    // The module says what the picture holds; `number` is the one for digits alone.
    let digits_only = fields.optional("module")? == Some("number");
    Ok(Needs::Text(TextNeeds {
        picture,
        letters: !digits_only,
        digits: true,
        phrase: false,
        min_length: 5,
        max_length: 7,
    }))
}

fn tiles(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    let picture = shown(fields, "image")?;
    question(fields, "/m/")?;
    own(fields, json!({"digest": picture}), shapes::tiles)
}

fn puzzle(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    let picture = shown(fields, "image")?;
    let module = fields.required("module")?;
    match module {
        "slider_1" | "rotate_1" => shown(fields, "imageBackground").map(|_| ())?,
        "space_detection" | "shein" => fields.required("question").map(|_| ())?,
        "rotate_2" => {}
        _ => return Err(Refusal::Field("module")),
    }
    own(fields, json!({"module": module, "digest": picture}), shapes::puzzle)
}

fn aws_images(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    let images = fields.0.get("images").and_then(Value::as_array).ok_or(Refusal::Field("images"))?;
    let asked = question(fields, "aws:")?;
    let most = if asked.starts_with("aws:grid:") { 9 } else { 1 };
    if !(1..=most).contains(&images.len()) {
        return Err(Refusal::Field("images"));
    }
    for image in images {
        looked_at(image.as_str().ok_or(Refusal::Field("images"))?)?;
    }
    own(fields, json!({"question": asked, "images": images.len()}), shapes::aws_images)
}

fn screenshot(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    let picture = shown(fields, "images")?;
    fields.required("question")?;
    own(fields, json!({"digest": picture}), shapes::screenshot)
}

#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
