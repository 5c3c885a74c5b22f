//! Conversions of canonical parameters that several services need.

use adapter_kit::{Draft as _, Fault};
use serde_json::{Value, json};

use crate::Draft;

/// Nothing is left to be filled in.
///
/// # Errors
/// Never.
pub fn as_they_are(_draft: &mut Draft) -> Result<(), Fault> {
    Ok(())
}

/// Tokens are sorted into three classes by their score: the smallest that is good enough is asked for, and nobody does
/// better than 0.9.
///
/// # Errors
/// `invalid-task` for what is no number.
pub fn min_score(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_f64().ok_or_else(|| Fault::parameter_of_wrong_type("minScore"))?;
    let class = [0.3, 0.7].into_iter().find(|score| *score >= asked).unwrap_or(0.9);
    draft.set("minScore", json!(class));
    Ok(())
}

/// What the catalogue means where no score is given.
const LEAST_SCORE: f64 = 0.3;

/// No score can be asked for. A token below the score that the page asks for is worthless, so whoever needs more than the
/// usual is served elsewhere.
///
/// # Errors
/// `not-supported` above the usual score.
pub fn usual_score(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_f64().ok_or_else(|| Fault::parameter_of_wrong_type("minScore"))?;
    if asked > LEAST_SCORE {
        return Err(Fault::parameter_refused("minScore", "a score above 0.3 cannot be asked for here"));
    }
    Ok(())
}

/// The script is served from one of two domains, named with their `www.`.
///
/// # Errors
/// `not-supported` for another domain.
pub fn api_domain(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("apiDomain", json!(recaptcha_domain(value, ["www.google.com", "www.recaptcha.net"])?));
    Ok(())
}

/// The same two domains without their `www.`.
///
/// # Errors
/// `not-supported` for another domain.
pub fn bare_api_domain(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("apiDomain", json!(recaptcha_domain(value, ["google.com", "recaptcha.net"])?));
    Ok(())
}

/// Google's domain or the other one, as the service names them.
fn recaptcha_domain(value: &Value, theirs: [&'static str; 2]) -> Result<&'static str, Fault> {
    let asked = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("apiDomain"))?.to_ascii_lowercase();
    let host = asked.strip_prefix("https://").or_else(|| asked.strip_prefix("http://")).unwrap_or(&asked);
    let [google, other] = theirs;
    match host.trim_end_matches('/') {
        "google.com" | "www.google.com" => Ok(google),
        "recaptcha.net" | "www.recaptcha.net" => Ok(other),
        _ => Err(Fault::parameter_refused("apiDomain", &format!("it is {google} or {other} here"))),
    }
}

/// No session values come with a token.
///
/// # Errors
/// `not-supported` where they are asked for.
pub fn no_session(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match value.as_bool().ok_or_else(|| Fault::parameter_of_wrong_type("isSession"))? {
        true => Err(Fault::parameter_refused("isSession", "no values of a session are given here")),
        false => Ok(()),
    }
}

/// An address of DataDome's frame that somebody can solve: one with `t=bv` says that the visitor's own address is banned.
///
/// # Errors
/// `invalid-task` for a banned one.
pub fn open_datadome_frame(value: &Value) -> Result<Value, Fault> {
    let query = text("captchaUrl", value)?.split_once('?').map_or("", |(_, query)| query);
    if query.split('&').any(|pair| pair == "t=bv") {
        let message = "captchaUrl says that the site has banned the proxy's address";
        return Err(Fault::invalid_task("PROXY_BANNED", message));
    }
    Ok(value.clone())
}

/// How many bytes a text in base64 holds. It is not decoded: the size follows from the length.
#[must_use]
pub fn bytes_of_base64(text: &str) -> usize {
    let digits = text.trim_end_matches('=').len();
    digits / 4 * 3 + digits % 4 * 3 / 4
}

/// The one of a list.
///
/// # Errors
/// `not-supported` for another number of them.
pub fn single<'a>(name: &str, list: &'a Value) -> Result<&'a Value, Fault> {
    match list.as_array().map(Vec::as_slice) {
        Some([one]) => Ok(one),
        Some(_) => Err(Fault::parameter_refused(name, "one image is looked at here")),
        None => Err(Fault::parameter_of_wrong_type(name)),
    }
}

/// A text.
///
/// # Errors
/// `invalid-task` for anything else.
pub fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, Fault> {
    value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}

/// True or false.
///
/// # Errors
/// `invalid-task` for anything else.
pub fn flag(name: &str, value: &Value) -> Result<bool, Fault> {
    value.as_bool().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}

/// A whole number.
///
/// # Errors
/// `invalid-task` for anything else.
pub fn number(name: &str, value: &Value) -> Result<u64, Fault> {
    value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}
