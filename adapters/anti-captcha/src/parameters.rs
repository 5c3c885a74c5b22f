//! Canonical parameters that are sent in another form, or refused by their value.

use adapter_kit::{Draft as _, Fault, json_text};
use create_task::Draft;
use serde_json::{Value, json};

/// `rqdata` rides in the Enterprise payload there.
pub(crate) fn rqdata(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.aside.insert("rqdata".to_owned(), value.clone());
    Ok(())
}

/// The payload as given, beside an `rqdata` that was given by itself; the latter is the more specific one.
pub(crate) fn enterprise_payload(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let given = value.as_object().ok_or_else(|| Fault::parameter_of_wrong_type("enterprisePayload"))?;
    for (name, value) in given {
        draft.aside.entry(name.as_str()).or_insert_with(|| value.clone());
    }
    Ok(())
}

/// The pool is `en` or `rn`; the documentation puts it beside the task and the official clients into it.
pub(crate) fn language_pool(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let pool = match value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("languagePool"))? {
        "en" => "en",
        "rn" | "ru" => "rn",
        _ => return Err(Fault::parameter_refused("languagePool", "it is en or rn here")),
    };
    draft.set("languagePool", json!(pool));
    draft.set_beside("languagePool", json!(pool));
    Ok(())
}

/// A payload is read for tasks that are flagged as Enterprise only.
pub(crate) fn enterprise_if_it_has_a_payload(draft: &mut Draft) -> Result<(), Fault> {
    if draft.aside.is_empty() {
        return Ok(());
    }
    let payload = std::mem::take(&mut draft.aside);
    draft.set("enterprisePayload", Value::Object(payload));
    if !draft.has("isEnterprise") {
        draft.set("isEnterprise", json!(true));
    }
    Ok(())
}

/// The cookie's value is what comes there, never a voucher.
pub(crate) fn no_voucher(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match value.as_bool().ok_or_else(|| Fault::parameter_of_wrong_type("cookieSolution"))? {
        true => Ok(()),
        false => Err(Fault::parameter_refused("cookieSolution", "a cookie is given here, no voucher")),
    }
}

/// The page that filters bots is the default form, and documented under the name of its `gokuProps`.
pub(crate) fn waf_type(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    match value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("wafType"))?.to_ascii_lowercase().as_str() {
        "default" | "gokuprops" => draft.set("waf_type", json!("default")),
        "widget" => draft.set("waf_type", json!("widget")),
        _ => return Err(Fault::parameter_refused("wafType", "it is default or widget here")),
    }
    Ok(())
}

/// A widget is told by its script, the page that filters bots by its two one-time values.
pub(crate) fn one_form_of_amazon(draft: &mut Draft) -> Result<(), Fault> {
    if !draft.has("waf_type") && !draft.has("iv") {
        draft.set("waf_type", json!("widget"));
    }
    let needed: &[&str] = if draft.says("waf_type", "widget") { &["jsapiScript"] } else { &["iv", "context"] };
    match needed.iter().find(|name| !draft.has(name)) {
        Some(name) => Err(Fault::parameter_refused(name, "this form of AWS WAF needs it here")),
        None => Ok(()),
    }
}

/// A challenge in parts becomes the challenge's own JSON, of which SHA-256 is the one algorithm that such a hash can be of.
pub(crate) fn challenge(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let hash = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("challenge"))?;
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Fault::parameter_refused("challenge", "it is taken as a SHA-256 in hexadecimal here"));
    }
    gather("challenge", value, draft)
}

/// The largest number that a challenge in parts can hide.
pub(crate) fn iterations(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    let number = number.ok_or_else(|| Fault::parameter_refused("iterations", "it is a whole number here"))?;
    gather("maxnumber", &json!(number), draft)
}

/// The salt of a challenge in parts.
pub(crate) fn salt(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    gather("salt", value, draft)
}

/// The signature of a challenge in parts.
pub(crate) fn signature(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    gather("signature", value, draft)
}

fn gather(name: &str, value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.aside.insert(name.to_owned(), value.clone());
    Ok(())
}

/// Whoever gave the challenge whole, or its address, needs no parts.
pub(crate) fn challenge_as_json(draft: &mut Draft) -> Result<(), Fault> {
    let mut parts = std::mem::take(&mut draft.aside);
    if draft.has("challengeJSON") || draft.has("challengeURL") {
        return Ok(());
    }
    if let Some(name) = ["challenge", "salt", "signature"].iter().find(|name| !parts.contains_key(**name)) {
        return Err(Fault::parameter_refused(name, "a challenge in parts needs it here"));
    }
    parts.insert("algorithm".to_owned(), json!("SHA-256"));
    draft.set("challengeJSON", json!(json_text(&Value::Object(parts))));
    Ok(())
}
