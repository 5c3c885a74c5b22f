//! Canonical parameters that are sent in another form, or refused by their value.

use adapter_kit::{Draft as _, Fault};
use create_task::Draft;
use serde_json::{Map, Value, json};

/// The one-time value of a page, which makes another type of the task.
pub(crate) fn plain_s(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("s", value.clone());
    draft.aside.insert("type".to_owned(), json!("ReCaptchaV2STaskProxyless"));
    Ok(())
}

/// The same of an Enterprise page; nothing else of its payload has a place.
pub(crate) fn enterprise_s(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    if let Some(s) = only("s", value)? {
        draft.set("s", s.clone());
        draft.aside.insert("type".to_owned(), json!("ReCaptchaV2SEnterpriseTaskProxyless"));
    }
    Ok(())
}

/// The type for tasks with such a value, once the other one has been set.
pub(crate) fn type_with_s(draft: &mut Draft) -> Result<(), Fault> {
    if let Some(kind) = draft.aside.remove("type") {
        draft.set("type", kind);
    }
    Ok(())
}

/// `rqdata` is all of an Enterprise payload that has a place; one that was given by itself comes later and is the more
/// specific one.
pub(crate) fn rqdata_of_payload(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    if let Some(rqdata) = only("rqdata", value)? {
        draft.set("rqdata", rqdata.clone());
    }
    Ok(())
}

/// The one value of a payload that can be sent, where it holds no other.
fn only<'a>(name: &str, payload: &'a Value) -> Result<Option<&'a Value>, Fault> {
    let fields: &Map<String, Value> =
        payload.as_object().ok_or_else(|| Fault::parameter_of_wrong_type("enterprisePayload"))?;
    if fields.keys().any(|field| field != name) {
        return Err(Fault::parameter_refused("enterprisePayload", &format!("{name} alone has a place here")));
    }
    Ok(fields.get(name))
}
