//! What becomes of a canonical parameter.
//!
//! A parameter that changes what is solved is sent, or the task is refused before anything is sent: a solution of
//! something else would cost money and fail at the website. Left out is only what the solution does not hang on.

use adapter_kit::{Fault, log};
use serde_json::{Map, Value, json};

use crate::task::Draft;

/// A canonical parameter and its rule.
pub(crate) type Row = (&'static str, Rule);

/// What becomes of a canonical parameter.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// It is sent as it is, under this name.
    Send(&'static str),
    /// A hint that the provider takes with a proxy only; otherwise it is left out.
    HintWithProxy(&'static str),
    /// The provider takes it with a proxy only; otherwise the task is refused, for this reason.
    OnlyWithProxy(&'static str, &'static str),
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
/// `not-supported` for the first parameter that is refused or has no row.
pub(crate) fn apply(rows: &[Row], parameters: &Map<String, Value>, draft: &mut Draft) -> Result<(), Fault> {
    for (name, value) in parameters {
        let Some((_, rule)) = rows.iter().find(|(known, _)| known == name) else {
            return Err(refused(name, "this adapter does not know it"));
        };
        match *rule {
            Rule::Send(theirs) => draft.set(theirs, value.clone()),
            Rule::HintWithProxy(theirs) if draft.has_proxy => draft.set(theirs, value.clone()),
            Rule::HintWithProxy(_) => log::debug(&format!("{name} is left out: a hint, and there is no proxy")),
            Rule::OnlyWithProxy(theirs, _) if draft.has_proxy => draft.set(theirs, value.clone()),
            Rule::OnlyWithProxy(_, reason) | Rule::Refuse(reason) => return Err(refused(name, reason)),
            Rule::Convert(convert) => convert(value, draft)?,
            Rule::LeaveOut(reason) => log::debug(&format!("{name} is left out: {reason}")),
        }
    }
    Ok(())
}

/// A parameter that this provider cannot take: another provider may.
pub(crate) fn refused(name: &str, reason: &str) -> Fault {
    Fault::not_supported("PARAMETER_NOT_SUPPORTED", &format!("{name}: {reason}"))
}

/// A value of another type than the catalogue's.
pub(crate) fn wrong_type(name: &str) -> Fault {
    Fault::invalid_task("INVALID_PARAMETERS", &format!("{name} is of another type than the catalogue's"))
}

/// Workers are sorted into three queues by their score; the smallest that is good enough has the most of them, and
/// nobody does better than 0.9.
pub(crate) fn min_score(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_f64().ok_or_else(|| wrong_type("minScore"))?;
    let queue = [0.3, 0.7].into_iter().find(|score| *score >= asked).unwrap_or(0.9);
    draft.set("minScore", json!(queue));
    Ok(())
}

/// The script is served from one of two domains there, named with their `www.`.
pub(crate) fn api_domain(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_str().ok_or_else(|| wrong_type("apiDomain"))?.to_ascii_lowercase();
    let host = asked.strip_prefix("https://").or_else(|| asked.strip_prefix("http://")).unwrap_or(&asked);
    let domain = match host.trim_end_matches('/') {
        "google.com" | "www.google.com" => "www.google.com",
        "recaptcha.net" | "www.recaptcha.net" => "www.recaptcha.net",
        _ => return Err(refused("apiDomain", "it is www.google.com or www.recaptcha.net here")),
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
    let given = value.as_object().ok_or_else(|| wrong_type("enterprisePayload"))?;
    for (name, value) in given {
        draft.payload.entry(name.as_str()).or_insert_with(|| value.clone());
    }
    Ok(())
}

/// The pool is `en` or `rn`; the documentation puts it beside the task and the official clients into it.
pub(crate) fn language_pool(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let pool = match value.as_str().ok_or_else(|| wrong_type("languagePool"))? {
        "en" => "en",
        "rn" | "ru" => "rn",
        _ => return Err(refused("languagePool", "it is en or rn here")),
    };
    draft.set("languagePool", json!(pool));
    draft.set_beside("languagePool", json!(pool));
    Ok(())
}
