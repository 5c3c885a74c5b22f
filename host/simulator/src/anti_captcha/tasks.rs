//! anti-captcha's task types: what each must carry, checked as the service checks it.

use serde_json::{Map, Value};

use crate::call::{Family, Needs, NewTask, Refusal, TextNeeds};
use crate::checks;
use crate::draw::digest;
use crate::fields::Fields;

const BIGGEST_IMAGE: usize = 500_000;

/// Types by name, and whether they are solved through the client's proxy.
const TYPES: [(&str, Family, bool); 12] = [
    ("ImageToTextTask", Family::ImageToText, false),
    ("RecaptchaV2TaskProxyless", Family::RecaptchaV2, false),
    ("RecaptchaV2Task", Family::RecaptchaV2, true),
    ("NoCaptchaTaskProxyless", Family::RecaptchaV2, false),
    ("NoCaptchaTask", Family::RecaptchaV2, true),
    ("RecaptchaV2EnterpriseTaskProxyless", Family::RecaptchaV2Enterprise, false),
    ("RecaptchaV2EnterpriseTask", Family::RecaptchaV2Enterprise, true),
    ("RecaptchaV3TaskProxyless", Family::RecaptchaV3, false),
    ("HCaptchaTaskProxyless", Family::Hcaptcha, false),
    ("HCaptchaTask", Family::Hcaptcha, true),
    ("TurnstileTaskProxyless", Family::Turnstile, false),
    ("TurnstileTask", Family::Turnstile, true),
];

/// Reads a task from its text.
pub(super) fn read(text: Option<&[u8]>) -> Result<NewTask, Refusal> {
    let task: Map<String, Value> =
        text.and_then(|text| serde_json::from_slice(text).ok()).ok_or(Refusal::TaskAbsent)?;
    if task.is_empty() {
        return Err(Refusal::TaskAbsent);
    }
    let name = task.get("type").and_then(Value::as_str).ok_or(Refusal::TypeUnknown)?;
    let (_, family, proxied) = *TYPES.iter().find(|(known, ..)| *known == name).ok_or(Refusal::TypeUnknown)?;
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
    let url = fields.required("websiteURL")?;
    if !checks::is_whole_url(url) {
        return Err(Refusal::Field("websiteURL"));
    }
    let site_key = fields.required("websiteKey")?;
    if !checks::looks_like_a_site_key(site_key) {
        return Err(Refusal::SiteKey);
    }
    match family {
        Family::RecaptchaV2 => {
            fields.flag("isInvisible")?;
            fields.optional("recaptchaDataSValue")?;
        }
        Family::RecaptchaV2Enterprise | Family::Hcaptcha => {
            fields.flag("isInvisible")?;
            fields.object("enterprisePayload")?;
        }
        Family::RecaptchaV3 => {
            let score = fields.decimal("minScore")?;
            if ![0.3, 0.7, 0.9].iter().any(|known| (score - known).abs() < 1e-9) {
                return Err(Refusal::Field("minScore"));
            }
            fields.flag("isEnterprise")?;
            fields.optional("pageAction")?;
        }
        Family::Turnstile => {
            for name in ["action", "cData", "chlPageData"] {
                fields.optional(name)?;
            }
        }
        Family::ImageToText | Family::Other => {}
    }
    fields.optional("cookies")?;
    Ok(Needs::Token { user_agent: fields.optional("userAgent")?.map(str::to_owned) })
}

fn proxy(fields: &Fields<'_>) -> Result<(), Refusal> {
    if !checks::is_proxy_type(fields.required("proxyType")?) {
        return Err(Refusal::Field("proxyType"));
    }
    if fields.required("proxyAddress")?.contains(['/', '@', ' ']) {
        return Err(Refusal::Field("proxyAddress"));
    }
    if !fields.whole("proxyPort")?.is_some_and(|port| (1..=65_535).contains(&port)) {
        return Err(Refusal::Field("proxyPort"));
    }
    fields.optional("proxyLogin")?;
    fields.optional("proxyPassword")?;
    Ok(())
}

fn image(fields: &Fields<'_>) -> Result<Needs, Refusal> {
    let Some(Value::String(body)) = fields.0.get("body") else { return Err(Refusal::Field("body")) };
    let picture = checks::decoded(body).ok_or(Refusal::ImageType)?;
    checks::picture(&picture, BIGGEST_IMAGE)?;
    let numeric = fields.whole("numeric")?.unwrap_or(0);
    if numeric > 2 {
        return Err(Refusal::Field("numeric"));
    }
    let math = fields.flag("math")?;
    let phrase = fields.flag("phrase")?;
    fields.flag("case")?;
    fields.optional("comment")?;
    if fields.optional("languagePool")?.is_some_and(|pool| !matches!(pool, "en" | "rn")) {
        return Err(Refusal::Field("languagePool"));
    }
    let length = |name| -> Result<Option<usize>, Refusal> {
        let length = fields.whole(name)?.filter(|length| *length > 0);
        Ok(length.and_then(|length| usize::try_from(length.min(checks::LONGEST_TEXT)).ok()))
    };
    let (min, max) = (length("minLength")?, length("maxLength")?);
    Ok(Needs::Text(TextNeeds {
        picture: digest(&picture),
        letters: numeric != 1 && !math,
        digits: numeric != 2 || math,
        phrase,
        min_length: min.unwrap_or_else(|| max.unwrap_or(5).min(5)),
        max_length: max.unwrap_or_else(|| min.unwrap_or(7).max(7)),
    }))
}

#[cfg(test)]
mod tests;
