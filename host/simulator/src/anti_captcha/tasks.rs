//! anti-captcha's task types: what each must carry, checked as the service checks it.
//!
//! Placeholders that clients send for "not given" (`null`, `""`, `comment: false`, `0` for a flag, numbers as text) are
//! taken as the service takes them; everything else that does not fit is refused.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::call::{Family, Needs, NewTask, Refusal, TextNeeds};
use crate::draw::digest;

const SMALLEST_IMAGE: usize = 100;
const BIGGEST_IMAGE: usize = 500_000;
/// No picture's text is longer, whatever a client asks for.
const LONGEST_TEXT: u64 = 100;

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
        | Family::Turnstile => token(&fields, family)?,
    };
    if proxied {
        proxy(&fields)?;
    }
    Ok(NewTask { family, proxied, needs })
}

fn token(fields: &Fields<'_>, family: Family) -> Result<Needs, Refusal> {
    let url = fields.required("websiteURL")?;
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
        return Err(Refusal::Field("websiteURL"));
    }
    let site_key = fields.required("websiteKey")?;
    if !looks_like_a_site_key(site_key) {
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
        Family::ImageToText => {}
    }
    fields.optional("cookies")?;
    Ok(Needs::Token { user_agent: fields.optional("userAgent")?.map(str::to_owned) })
}

/// Lenient: the characters and a length that any of the families' site keys have.
fn looks_like_a_site_key(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (8..=128).contains(&key.len()) && key.bytes().all(allowed)
}

fn proxy(fields: &Fields<'_>) -> Result<(), Refusal> {
    if !matches!(fields.required("proxyType")?, "http" | "https" | "socks4" | "socks5") {
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
    let picture = picture(fields.0.get("body"))?;
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
        Ok(length.and_then(|length| usize::try_from(length.min(LONGEST_TEXT)).ok()))
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

/// The bytes of a picture that a worker could be shown.
fn picture(body: Option<&Value>) -> Result<Vec<u8>, Refusal> {
    let Some(Value::String(body)) = body else { return Err(Refusal::Field("body")) };
    // Some clients leave the padding off, and the service does not mind.
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&alphabet::STANDARD, config).decode(body).map_err(|_| Refusal::ImageType)?;
    if decoded.len() < SMALLEST_IMAGE {
        return Err(Refusal::ImageTooSmall);
    }
    if decoded.len() > BIGGEST_IMAGE {
        return Err(Refusal::ImageTooBig);
    }
    let magics: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"];
    let known = magics.iter().any(|magic| decoded.starts_with(magic));
    if known { Ok(decoded) } else { Err(Refusal::ImageType) }
}

/// The fields of a task, read as the service reads them.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Text that must be there.
    fn required(&self, name: &'static str) -> Result<&'a str, Refusal> {
        self.optional(name)?.ok_or(Refusal::Field(name))
    }

    /// Text that may be there.
    fn optional(&self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Refusal::Field(name))
            }
        }
    }

    fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(false),
            Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(true),
            Some(Value::String(text)) if text.is_empty() => Ok(false),
            Some(Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => Err(Refusal::Field(name)),
        }
    }

    fn whole(&self, name: &'static str) -> Result<Option<u64>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(None),
            Some(Value::Number(number)) => number.as_u64().map(Some).ok_or(Refusal::Field(name)),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| Refusal::Field(name)),
            Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => Err(Refusal::Field(name)),
        }
    }

    fn decimal(&self, name: &'static str) -> Result<f64, Refusal> {
        let value = self.0.get(name);
        let number = value.and_then(|value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()));
        number.ok_or(Refusal::Field(name))
    }

    fn object(&self, name: &'static str) -> Result<(), Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null | Value::Object(_)) => Ok(()),
            Some(Value::String(text)) if text.is_empty() => Ok(()),
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => Err(Refusal::Field(name)),
        }
    }
}

#[cfg(test)]
mod tests;
