//! capsolver's task types: what each must carry, checked as the service checks it. hCaptcha is no longer one of them.

use serde_json::{Map, Value};

use crate::call::{Family, Needs, NewTask, Refusal, TextNeeds};
use crate::checks;
use crate::draw::digest;
use crate::fields::Fields;

const BIGGEST_IMAGE: usize = 500_000;

/// Types by name, and whether they are solved through the client's proxy.
const TYPES: [(&str, Family, bool); 11] = [
    ("ImageToTextTask", Family::ImageToText, false),
    ("ReCaptchaV2TaskProxyLess", Family::RecaptchaV2, false),
    ("ReCaptchaV2Task", Family::RecaptchaV2, true),
    ("ReCaptchaV2EnterpriseTaskProxyLess", Family::RecaptchaV2Enterprise, false),
    ("ReCaptchaV2EnterpriseTask", Family::RecaptchaV2Enterprise, true),
    ("ReCaptchaV3TaskProxyLess", Family::RecaptchaV3, false),
    ("ReCaptchaV3Task", Family::RecaptchaV3, true),
    ("ReCaptchaV3M1TaskProxyLess", Family::RecaptchaV3, false),
    ("ReCaptchaV3EnterpriseTaskProxyLess", Family::RecaptchaV3, false),
    ("ReCaptchaV3EnterpriseTask", Family::RecaptchaV3, true),
    ("AntiTurnstileTaskProxyLess", Family::Turnstile, false),
];

/// Reads a task from its text.
pub(super) fn read(text: Option<&[u8]>) -> Result<NewTask, Refusal> {
    let task: Map<String, Value> =
        text.and_then(|text| serde_json::from_slice(text).ok()).ok_or(Refusal::TaskAbsent)?;
    let name = task.get("type").and_then(Value::as_str).ok_or(Refusal::Field("type"))?;
    // Names are known in any letter case: clients of other services spell them otherwise.
    let known = TYPES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
    let (_, family, proxied) = *known.ok_or(Refusal::TypeUnknown)?;
    let fields = Fields(&task);
    let needs = match family {
        Family::ImageToText => image(&fields)?,
        Family::RecaptchaV2
        | Family::RecaptchaV2Enterprise
        | Family::RecaptchaV3
        | Family::Hcaptcha
        | Family::Turnstile
        | Family::Other => token(&fields, family)?,
    };
    if proxied {
        proxy(&fields)?;
    }
    Ok(NewTask { family, proxied, needs })
}

fn token(fields: &Fields<'_>, family: Family) -> Result<Needs, Refusal> {
    if !checks::is_whole_url(fields.required("websiteURL")?) {
        return Err(Refusal::Field("websiteURL"));
    }
    if !checks::looks_like_a_site_key(fields.required("websiteKey")?) {
        return Err(Refusal::SiteKey);
    }
    match family {
        Family::RecaptchaV2 => {
            fields.flag("isInvisible")?;
            fields.optional("recaptchaDataSValue")?;
        }
        Family::RecaptchaV2Enterprise => {
            fields.flag("isInvisible")?;
            fields.object("enterprisePayload")?;
        }
        Family::RecaptchaV3 => {
            // A `minScore` is not asked for: the service ignores it.
            fields.required("pageAction")?;
            fields.object("enterprisePayload")?;
        }
        Family::Turnstile => fields.object("metadata")?,
        Family::Hcaptcha | Family::ImageToText | Family::Other => {}
    }
    Ok(Needs::Token { user_agent: fields.optional("userAgent")?.map(str::to_owned) })
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

fn image(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    let picture = checks::decoded(fields.required("body")?).ok_or(Refusal::ImageType)?;
    checks::picture(&picture, BIGGEST_IMAGE)?;
    fields.flag("case")?;
    fields.optional("websiteURL")?;
    // The module says what the picture holds; `number` is the one for digits alone.
    let digits_only = fields.optional("module")? == Some("number");
    Ok(Needs::Text(TextNeeds {
        picture: digest(&picture),
        letters: !digits_only,
        digits: true,
        phrase: false,
        min_length: 5,
        max_length: 7,
    }))
}

#[cfg(test)]
mod tests;
