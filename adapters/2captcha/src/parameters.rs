//! The conversions of canonical parameters, for the tables of rules in `families`.

use adapter_kit::Fault;
use serde_json::Value;

use crate::task::Draft;

/// A canonical parameter and its rule.
pub(crate) type Row = adapter_kit::Row<Draft>;

fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, Fault> {
    value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}

/// The script is served from one of two domains there.
pub(crate) fn domain(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = text("apiDomain", value)?.to_ascii_lowercase();
    let host = asked.strip_prefix("https://").or_else(|| asked.strip_prefix("http://")).unwrap_or(&asked);
    let domain = match host.trim_end_matches('/') {
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
pub(crate) fn numeric(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    match value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type("numeric"))? {
        known @ 0..=4 => draft.set("numeric", known.to_string()),
        _ => return Err(Fault::parameter_refused("numeric", "it is 0 to 4 here")),
    }
    Ok(())
}

/// Most characters of an answer that can be asked for.
const LONGEST_ANSWER: u64 = 20;

/// 0 any length, or 1 to 20 characters.
pub(crate) fn length(theirs: &'static str, value: &Value, draft: &mut Draft) -> Result<(), Fault> {
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
pub(crate) fn comment(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let comment = text("comment", value)?;
    if comment.chars().count() > LONGEST_COMMENT {
        return Err(Fault::parameter_refused("comment", "it has at most 140 characters here"));
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
        return Err(Fault::parameter_refused("languagePool", "no worker is known to speak that here"));
    }
    draft.set("lang", code.to_owned());
    Ok(())
}
