//! What happens to a contributed credential, as its owner and the audit log read it.

use capstan_domain::CredentialId;
use capstan_storage::{NewAudit, NewEvent};
use serde_json::Value;

use crate::clock;

/// An event for the owner of a credential.
pub(crate) fn event(credential: CredentialId, kind: &'static str, detail: &Value) -> NewEvent {
    NewEvent { id: clock::new_uuid(), credential, at_ms: clock::now_ms(), kind, detail: detail.to_string() }
}

/// A line for the audit log: who did it, and what.
pub(crate) fn line(actor: &str, action: &str, (target, detail): (String, &Value)) -> NewAudit {
    NewAudit {
        id: clock::new_uuid(),
        at_ms: clock::now_ms(),
        actor: actor.to_owned(),
        action: action.to_owned(),
        target,
        detail: detail.to_string(),
    }
}

/// Who did what nobody asked for.
pub(crate) const GATEWAY: &str = "gateway";
