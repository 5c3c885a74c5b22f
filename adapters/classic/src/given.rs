//! The conversions of canonical parameters, for the tables of rules.

use adapter_kit::{Fault, json_text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::task::{Draft, plain};

/// A text.
///
/// # Errors
/// `invalid-task` for anything else.
pub fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, Fault> {
    value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}

/// A flag that must not be set here, for this reason; unset it says nothing.
///
/// # Errors
/// `not-supported` where it is set, `invalid-task` for what is no flag.
pub fn not_true(name: &str, reason: &str, value: &Value) -> Result<(), Fault> {
    if value.as_bool().ok_or_else(|| Fault::parameter_of_wrong_type(name))? {
        return Err(Fault::parameter_refused(name, reason));
    }
    Ok(())
}

/// A server's name without scheme and slash, under which it may have been given.
fn host(given: &str) -> &str {
    given.strip_prefix("https://").or_else(|| given.strip_prefix("http://")).unwrap_or(given).trim_end_matches('/')
}

/// `https://client-api.arkoselabs.com`: a server's address, from it or from the name alone.
pub(crate) fn server((name, theirs): (&str, &'static str), value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set(theirs, format!("https://{}", host(text(name, value)?)));
    Ok(())
}

/// `https://api.leminnow.com/`: the same with a slash.
pub(crate) fn server_with_slash(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("api_server", format!("https://{}/", host(text("leminApiServerSubdomain", value)?)));
    Ok(())
}

/// `api-na.geetest.com`: a server's name, from it or from its address.
///
/// # Errors
/// `invalid-task` for what is no text.
pub fn bare_server(name: &str, value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let theirs = if name == "yidunApiServerSubdomain" { "yidun_api_server_subdomain" } else { "api_server" };
    draft.set(theirs, host(text(name, value)?).to_owned());
    Ok(())
}

/// "Custom data to pass to FunCaptcha. For example: data[blob]=stringValue": a field for each member.
pub(crate) fn funcaptcha_data(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let Ok(Value::Object(members)) = serde_json::from_str(text("data", value)?) else {
        return Err(Fault::parameter_of_wrong_type("data"));
    };
    for (name, member) in &members {
        let Some(member) = plain(member) else {
            return Err(Fault::parameter_refused("data", "its members are texts and numbers here"));
        };
        draft.set_named(format!("data[{name}]"), member);
    }
    Ok(())
}

/// What the page starts GeeTest v4 with: its id, which is a parameter of its own, and the kind of challenge. Nothing else
/// is taken.
pub(crate) fn geetest_start(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    for (name, value) in value.as_object().ok_or_else(|| Fault::parameter_of_wrong_type("initParameters"))? {
        match name.as_str() {
            "captcha_id" | "captchaId" => draft.suggest("captcha_id", text("initParameters", value)?.to_owned()),
            "risk_type" | "riskType" => draft.set("risk_type", text("initParameters", value)?.to_owned()),
            _ => return Err(Fault::parameter_refused("initParameters", "captcha_id and risk_type are taken here")),
        }
    }
    Ok(())
}

/// The script is served from one of two domains there.
pub(crate) fn domain(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = text("apiDomain", value)?.to_ascii_lowercase();
    let domain = match host(&asked) {
        "google.com" | "www.google.com" => "google.com",
        "recaptcha.net" | "www.recaptcha.net" => "recaptcha.net",
        _ => return Err(Fault::parameter_refused("apiDomain", "it is google.com or recaptcha.net here")),
    };
    draft.set("domain", domain.to_owned());
    Ok(())
}

/// `a=1; b=2` → `a:1;b:2;`. A name cannot hold a `:` there; a value may, for a name ends at the first.
pub(crate) fn cookies(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let mut written = String::new();
    for pair in text("cookies", value)?.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Fault::invalid_task("INVALID_PARAMETERS", "cookies are written name=value; name=value"))?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || name.contains(':') {
            return Err(Fault::parameter_refused("cookies", "a cookie's name is not empty and holds no colon here"));
        }
        for part in [name, ":", value, ";"] {
            written.push_str(part);
        }
    }
    if !written.is_empty() {
        draft.set("cookies", written);
    }
    Ok(())
}

/// "Custom string value defined in s or data-s. You can pass this data inside data-s." Nothing else is taken.
pub(crate) fn enterprise_s(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    only_member("s", "data-s", value, draft)
}

/// `rqdata` is all of the Enterprise payload that is taken; one that was given by itself is the more specific one.
pub(crate) fn hcaptcha_payload(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    only_member("rqdata", "data", value, draft)
}

fn only_member(known: &str, theirs: &'static str, value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let given = value.as_object().ok_or_else(|| Fault::parameter_of_wrong_type("enterprisePayload"))?;
    for (name, value) in given {
        if name != known {
            return Err(Fault::parameter_refused("enterprisePayload", &format!("nothing but {known} is taken here")));
        }
        draft.suggest(theirs, text("enterprisePayload", value)?.to_owned());
    }
    Ok(())
}

/// 0 anything, 1 digits, 2 letters, 3 digits or letters only, 4 both: the catalogue's own numbers.
///
/// # Errors
/// `not-supported` for another number, `invalid-task` for what is none.
pub fn numeric(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    match value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type("numeric"))? {
        known @ 0..=4 => draft.set("numeric", known.to_string()),
        _ => return Err(Fault::parameter_refused("numeric", "it is 0 to 4 here")),
    }
    Ok(())
}

/// Most characters of an answer that can be asked for.
const LONGEST_ANSWER: u64 = 20;

/// 0 any length, or 1 to 20 characters.
///
/// # Errors
/// `not-supported` above 20, `invalid-task` for what is no number.
pub fn length(theirs: &'static str, value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type("minLength or maxLength"))?;
    if asked > LONGEST_ANSWER {
        return Err(Fault::parameter_refused("minLength or maxLength", "an answer has at most 20 characters here"));
    }
    draft.set(theirs, asked.to_string());
    Ok(())
}

/// Most characters of an instruction to the worker.
const LONGEST_COMMENT: usize = 140;

/// What the worker is to do, in at most 140 characters.
///
/// # Errors
/// `not-supported` for a longer one, `invalid-task` for what is no text.
pub fn comment(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    say("textinstructions", value, draft)
}

/// A question in words, in at most 140 characters.
pub(crate) fn question(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    say("textcaptcha", value, draft)
}

fn say(theirs: &'static str, value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let comment = text("comment", value)?;
    if comment.chars().count() > LONGEST_COMMENT {
        return Err(Fault::parameter_refused("comment", "it has at most 140 characters here"));
    }
    draft.set(theirs, comment.to_owned());
    Ok(())
}

/// How often a worker may click; 0 is the catalogue's "any", which is the provider's where nothing is said.
pub(crate) fn clicks(theirs: &'static str, value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    match value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type("minClicks or maxClicks"))? {
        0 => {}
        most => draft.set(theirs, most.to_string()),
    }
    Ok(())
}

/// A worker clicks on points; boxes are a method of their own.
pub(crate) fn mode(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match text("mode", value)? {
        "points" => Ok(()),
        _ => Err(Fault::parameter_refused("mode", "rectangles are asked for as bounding_box here")),
    }
}

/// Rows and columns in one word; what says them one by one is more specific.
pub(crate) fn grid(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let side = match text("grid", value)? {
        "3x3" => "3",
        "4x4" => "4",
        _ => return Err(Fault::parameter_refused("grid", "it is 3x3 or 4x4 here")),
    };
    draft.suggest("recaptcharows", side.to_owned());
    draft.suggest("recaptchacols", side.to_owned());
    Ok(())
}

/// Degrees of one step, a whole number. Without one the provider takes 40.
pub(crate) fn angle(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let Value::Number(asked) = value else { return Err(Fault::parameter_of_wrong_type("angle")) };
    // As text: arithmetic on fractions would bring their whole formatting into the component.
    let asked = asked.to_string();
    let degrees = asked.strip_suffix(".0").unwrap_or(&asked);
    if !degrees.parse::<u32>().is_ok_and(|degrees| degrees > 0) {
        return Err(Fault::parameter_refused("angle", "a step is a whole number of degrees, at least 1, here"));
    }
    draft.set("angle", degrees.to_owned());
    Ok(())
}

/// `[5,4,7]`, as VK gave them.
pub(crate) fn steps(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    if !value.as_array().is_some_and(|steps| steps.iter().all(Value::is_i64)) {
        return Err(Fault::parameter_of_wrong_type("steps"));
    }
    draft.set("steps", json_text(value));
    Ok(())
}

/// Most bytes of a recording.
const LARGEST_RECORDING: usize = 1_000_000;

/// "Max file size: 1 MB. Supported audio format: mp3 only."
pub(crate) fn recording(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let given = text("body", value)?;
    let bytes = STANDARD.decode(given).map_err(|_| Fault::invalid_task("AUDIO_UNREADABLE", "body is no base64"))?;
    // A tag in front, or the eleven set bits that each frame begins with.
    let is_mp3 = bytes.starts_with(b"ID3") || matches!(bytes.as_slice(), [0xff, second, ..] if second & 0xe0 == 0xe0);
    if !is_mp3 || bytes.len() > LARGEST_RECORDING {
        return Err(Fault::parameter_refused("body", "a recording is an MP3 of at most 1 MB here"));
    }
    draft.set("body", given.to_owned());
    Ok(())
}

/// The languages of the workers ("Language support").
#[rustfmt::skip]
const LANGUAGES: &[&str] = &[
    "en", "ru", "es", "pt", "uk", "vi", "fr", "id", "ar", "ja", "tr", "de", "zh", "fil", "pl", "th", "it", "nl", "sk",
    "bg", "ro", "hu", "ko", "cs", "az", "fa", "bn", "el", "lt", "lv", "sv", "sr", "hr", "he", "hi", "nb", "sl", "da",
    "uz", "fi", "ca", "ka", "ms", "te", "et", "ml", "be", "kk", "mr", "ne", "my", "bs", "hy", "mk", "pa",
];

/// A language of the workers; `rn` is what others call the Russian-speaking pool.
///
/// # Errors
/// `not-supported` for another one, `invalid-task` for what is no text.
pub fn language(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = text("languagePool", value)?.to_ascii_lowercase();
    let code = if asked == "rn" { "ru" } else { asked.as_str() };
    if !LANGUAGES.contains(&code) {
        return Err(Fault::parameter_refused("languagePool", "no worker is known to speak that here"));
    }
    draft.set("lang", code.to_owned());
    Ok(())
}
