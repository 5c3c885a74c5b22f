//! Canonical parameters that are sent in another form, or refused by their value.

use adapter_kit::{Draft as _, Fault};
use serde_json::{Value, json};

use crate::task::Draft;

/// A canonical parameter and what becomes of it.
pub(crate) type Row = adapter_kit::Row<Draft>;

/// What the catalogue means where no score is given. Nothing more than that can be asked for.
const LEAST_SCORE: f64 = 0.3;

/// The documentation takes no score (it once did, and the provider paid no heed to it). A token below the score that the
/// page asks for is worthless, so whoever needs more than the usual is served elsewhere.
pub(crate) fn min_score(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_f64().ok_or_else(|| Fault::parameter_of_wrong_type("minScore"))?;
    if asked > LEAST_SCORE {
        return Err(Fault::parameter_refused("minScore", "a score above 0.3 cannot be asked for here"));
    }
    Ok(())
}

/// It is said by the type's name there.
pub(crate) fn is_enterprise(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.enterprise = Some(flag("isEnterprise", value)?);
    Ok(())
}

/// The script is served from one of two domains there, named as addresses.
pub(crate) fn api_domain(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("apiDomain"))?.to_ascii_lowercase();
    let host = asked.strip_prefix("https://").or_else(|| asked.strip_prefix("http://")).unwrap_or(&asked);
    let domain = match host.trim_end_matches('/') {
        "google.com" | "www.google.com" => "http://www.google.com/",
        "recaptcha.net" | "www.recaptcha.net" => "http://www.recaptcha.net/",
        _ => return Err(Fault::parameter_refused("apiDomain", "it is www.google.com or www.recaptcha.net here")),
    };
    draft.set("apiDomain", json!(domain));
    Ok(())
}

/// The widget's values ride in `metadata`.
pub(crate) fn turnstile_action(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.metadata.insert("action".to_owned(), value.clone());
    Ok(())
}

/// See [`turnstile_action`].
pub(crate) fn turnstile_cdata(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.metadata.insert("cdata".to_owned(), value.clone());
    Ok(())
}

/// Asks for nothing where it is false.
pub(crate) fn no_phrase(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("phrase", !flag("phrase", value)?)
}

/// Asks for nothing where it is false.
pub(crate) fn no_math(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("math", !flag("math", value)?)
}

/// Asks for nothing where it is 0.
pub(crate) fn no_numeric(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("numeric", number("numeric", value)? == 0)
}

/// Asks for nothing where it is 0.
pub(crate) fn no_min_length(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("minLength", number("minLength", value)? == 0)
}

/// Asks for nothing where it is 0.
pub(crate) fn no_max_length(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("maxLength", number("maxLength", value)? == 0)
}

/// English is what every service takes for granted; another language needs readers of it.
pub(crate) fn language_pool(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("languagePool"))?;
    nothing_asked("languagePool", asked.eq_ignore_ascii_case("en"))
}

fn nothing_asked(name: &str, holds: bool) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::parameter_refused(name, "this cannot be asked for here")) }
}

fn flag(name: &str, value: &Value) -> Result<bool, Fault> {
    value.as_bool().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}

fn number(name: &str, value: &Value) -> Result<u64, Fault> {
    value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}
