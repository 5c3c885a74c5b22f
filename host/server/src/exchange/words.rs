//! A contributed credential in words, as its owner and its operator read it.

use capstan_domain::CredentialId;
use capstan_domain::exchange::OwnerLimits;
use capstan_storage::{CredentialEvent, NewEvent};
use serde_json::{Value, json};

use crate::clock;
use crate::operate::shown_time;

/// What a credential is lent for.
pub(crate) fn limits_shown(limits: &OwnerLimits) -> Value {
    json!({
        "dailyCap": limits.daily_cap.map(|cap| cap.to_string()), "mostOpen": limits.most_open,
        "taskTypes": limits.families, "excludedSites": limits.excluded.texts().collect::<Vec<_>>(),
        "reserve": limits.reserve.to_string(),
    })
}

/// Something that happened.
pub(crate) fn event_shown(event: &CredentialEvent) -> Value {
    let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
    json!({"at": shown_time(event.at_ms), "kind": event.kind, "detail": detail})
}

/// An event for the owner of a credential.
pub(crate) fn event(credential: CredentialId, kind: &'static str, detail: &Value) -> NewEvent {
    NewEvent { id: clock::new_uuid(), credential, at_ms: clock::now_ms(), kind, detail: detail.to_string() }
}

/// Who did what nobody asked for.
pub(crate) const GATEWAY: &str = "gateway";
