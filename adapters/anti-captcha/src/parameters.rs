//! Canonical parameters that are sent in another form, or refused by their value.

use adapter_kit::{Draft as _, Fault};
use serde_json::{Value, json};

use crate::task::Draft;

/// A canonical parameter and its rule.
pub(crate) type Row = adapter_kit::Row<Draft>;
/// What becomes of a canonical parameter.
pub(crate) type Rule = adapter_kit::Rule<Draft>;

/// Workers are sorted into three queues by their score; the smallest that is good enough has the most of them, and
/// nobody does better than 0.9.
pub(crate) fn min_score(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_f64().ok_or_else(|| Fault::parameter_of_wrong_type("minScore"))?;
    let queue = [0.3, 0.7].into_iter().find(|score| *score >= asked).unwrap_or(0.9);
    draft.set("minScore", json!(queue));
    Ok(())
}

/// The script is served from one of two domains there, named with their `www.`.
pub(crate) fn api_domain(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("apiDomain"))?.to_ascii_lowercase();
    let host = asked.strip_prefix("https://").or_else(|| asked.strip_prefix("http://")).unwrap_or(&asked);
    let domain = match host.trim_end_matches('/') {
        "google.com" | "www.google.com" => "www.google.com",
        "recaptcha.net" | "www.recaptcha.net" => "www.recaptcha.net",
        _ => return Err(Fault::parameter_refused("apiDomain", "it is www.google.com or www.recaptcha.net here")),
    };
    draft.set("apiDomain", json!(domain));
    Ok(())
}

/// `rqdata` rides in the Enterprise payload there.
pub(crate) fn rqdata(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.payload.insert("rqdata".to_owned(), value.clone());
    Ok(())
}

/// The payload as given, beside an `rqdata` that was given by itself; the latter is the more specific one.
pub(crate) fn enterprise_payload(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let given = value.as_object().ok_or_else(|| Fault::parameter_of_wrong_type("enterprisePayload"))?;
    for (name, value) in given {
        draft.payload.entry(name.as_str()).or_insert_with(|| value.clone());
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
