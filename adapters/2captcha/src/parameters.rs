//! What becomes of a canonical parameter.
//!
//! A parameter that changes what is solved is sent, or the task is refused before anything is sent: a solution of
//! something else would cost money and fail at the website. Left out is only what the solution does not hang on.

use adapter_kit::{Fault, log};
use serde_json::{Map, Value};

use crate::task::Draft;

/// A canonical parameter and its rule.
pub(crate) type Row = (&'static str, Rule);

/// What becomes of a canonical parameter.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// It is sent under this name: texts and numbers as they are, flags as 1 or 0.
    Send(&'static str),
    /// It is sent in another form, or refused by its value.
    Convert(fn(&Value, &mut Draft) -> Result<(), Fault>),
    /// It is left out, for this reason.
    LeaveOut(&'static str),
    /// The task is refused, for this reason.
    Refuse(&'static str),
}

/// Applies the rows to the parameters.
///
/// # Errors
/// `not-supported` for the first parameter that is refused or has no row, `invalid-task` for one of another type.
pub(crate) fn apply(rows: &[Row], parameters: &Map<String, Value>, draft: &mut Draft) -> Result<(), Fault> {
    for (name, value) in parameters {
        let Some((_, rule)) = rows.iter().find(|(known, _)| known == name) else {
            return Err(refused(name, "this adapter does not know it"));
        };
        match *rule {
            Rule::Send(theirs) => draft.set(theirs, plain(value).ok_or_else(|| wrong_type(name))?),
            Rule::Convert(convert) => convert(value, draft)?,
            Rule::LeaveOut(reason) => log::debug(&format!("{name} is left out: {reason}")),
            Rule::Refuse(reason) => return Err(refused(name, reason)),
        }
    }
    Ok(())
}

/// A value as a form writes it; none for what a form cannot hold.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(u8::from(*flag).to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A parameter that this provider cannot take: another provider may.
pub(crate) fn refused(name: &str, reason: &str) -> Fault {
    Fault::not_supported("PARAMETER_NOT_SUPPORTED", &format!("{name}: {reason}"))
}

/// A value of another type than the catalogue's.
pub(crate) fn wrong_type(name: &str) -> Fault {
    Fault::invalid_task("INVALID_PARAMETERS", &format!("{name} is of another type than the catalogue's"))
}

fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, Fault> {
    value.as_str().ok_or_else(|| wrong_type(name))
}

/// The script is served from one of two domains there.
pub(crate) fn domain(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = text("apiDomain", value)?.to_ascii_lowercase();
    let host = asked.strip_prefix("https://").or_else(|| asked.strip_prefix("http://")).unwrap_or(&asked);
    let domain = match host.trim_end_matches('/') {
        "google.com" | "www.google.com" => "google.com",
        "recaptcha.net" | "www.recaptcha.net" => "recaptcha.net",
        _ => return Err(refused("apiDomain", "it is google.com or recaptcha.net here")),
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
            return Err(refused("cookies", "a cookie's name is not empty and holds no colon here"));
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
    let given = value.as_object().ok_or_else(|| wrong_type("enterprisePayload"))?;
    for (name, value) in given {
        if name != known {
            return Err(refused("enterprisePayload", &format!("nothing but {known} is taken here")));
        }
        draft.suggest(theirs, text("enterprisePayload", value)?.to_owned());
    }
    Ok(())
}

/// 0 anything, 1 digits, 2 letters, 3 digits or letters only, 4 both: the catalogue's own numbers.
pub(crate) fn numeric(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    match value.as_u64().ok_or_else(|| wrong_type("numeric"))? {
        known @ 0..=4 => draft.set("numeric", known.to_string()),
        _ => return Err(refused("numeric", "it is 0 to 4 here")),
    }
    Ok(())
}

/// Most characters of an answer that can be asked for.
const LONGEST_ANSWER: u64 = 20;

/// 0 any length, or 1 to 20 characters.
pub(crate) fn length(theirs: &'static str, value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_u64().ok_or_else(|| wrong_type("minLength or maxLength"))?;
    if asked > LONGEST_ANSWER {
        return Err(refused("minLength or maxLength", "an answer has at most 20 characters here"));
    }
    draft.set(theirs, asked.to_string());
    Ok(())
}

/// Most characters of an instruction to the worker.
const LONGEST_COMMENT: usize = 140;

/// What the worker is to do, in at most 140 characters.
pub(crate) fn comment(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let comment = text("comment", value)?;
    if comment.chars().count() > LONGEST_COMMENT {
        return Err(refused("comment", "it has at most 140 characters here"));
    }
    draft.set("textinstructions", comment.to_owned());
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
pub(crate) fn language(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = text("languagePool", value)?.to_ascii_lowercase();
    let code = if asked == "rn" { "ru" } else { asked.as_str() };
    if !LANGUAGES.contains(&code) {
        return Err(refused("languagePool", "no worker is known to speak that here"));
    }
    draft.set("lang", code.to_owned());
    Ok(())
}
