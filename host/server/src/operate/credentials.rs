//! Credentials at providers: added, disabled, rotated. Their fields come in and never go out again.

use std::collections::BTreeMap;

use capstan_domain::adapter::Manifest;
use capstan_domain::exchange::Happening;
use capstan_domain::route::Pool;
use capstan_domain::{CredentialId, ProviderId};
use capstan_egress::Secret;
use capstan_storage::{Applied, Change, Credential, CredentialStatus, NewCredential, NewSecret};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::accounts::{one, read_name};
use super::seed::{CredentialDraft, Rebinding, rebinding, sealed};
use super::{Call, OperateError, Operator, exchange, times};
use crate::clock;
use crate::providers::Credential as Running;
use crate::providers::terms::Terms;

/// A credential to be added.
pub(super) struct New {
    pub(super) provider: String,
    pub(super) label: String,
    pub(super) fields: BTreeMap<String, String>,
}

pub(super) async fn add(call: &Call<'_>, new: New) -> Result<Value, OperateError> {
    let operator = call.operator;
    let Party { manifest, publisher, base_url } = party(operator, &new.provider).await?;
    let label = read_name("label", &new.label)?;
    let fields = secrets(&manifest, new.fields);
    let id = CredentialId(clock::new_uuid());
    let draft = CredentialDraft {
        id,
        manifest: &manifest,
        publisher: publisher.as_deref(),
        base_url: &base_url,
        owner: None,
        label: &label,
        fields: &fields,
    };
    let row: NewCredential = sealed(&operator.vault, &draft)?;
    let pool = row.pool.as_str();
    let detail = json!({"provider": manifest.provider, "label": label, "pool": pool});
    let applied = call.change("credential add", target(id), detail, Change::AddCredential(row)).await?;
    let Applied::Credential(known) = applied else {
        return Err(OperateError::Internal("a credential made something else".to_owned()));
    };
    Ok(json!({
        "credential": known, "provider": manifest.provider, "label": label, "pool": pool, "knownBefore": known != id,
    }))
}

pub(super) async fn list(operator: &Operator, provider: Option<&str>) -> Result<Value, OperateError> {
    let credentials = operator.store.list_credentials().await?;
    let wanted = credentials.iter().filter(|c| provider.is_none_or(|name| c.provider.matches(name)));
    let snapshot = operator.running.as_ref().map(|app| app.snapshot.load_full());
    let running = |credential: &Credential| Some(snapshot.as_ref()?.find(credential.id)?.1);
    Ok(wanted.map(|credential| shown(credential, running(credential).as_deref())).collect())
}

pub(super) async fn disable(call: &Call<'_>, credential: &str) -> Result<Value, OperateError> {
    set_status(call, credential, ("credential disable", CredentialStatus::Disabled, Happening::Disable)).await
}

pub(super) async fn enable(call: &Call<'_>, credential: &str) -> Result<Value, OperateError> {
    set_status(call, credential, ("credential enable", CredentialStatus::Active, Happening::Enable)).await
}

async fn set_status(
    call: &Call<'_>,
    credential: &str,
    (action, status, happening): (&'static str, CredentialStatus, Happening),
) -> Result<Value, OperateError> {
    let found = find(call.operator, credential).await?;
    // A contributed one has a life of its own, in which the operator's word is one of several.
    let status = if call.operator.store.find_contribution(found.id).await?.is_some() {
        exchange::happens(call, (found.id, 1), happening).await?
    } else {
        let detail = json!({"provider": found.provider, "label": found.label});
        call.change(action, target(found.id), detail, Change::SetCredentialStatus(found.id, status)).await?;
        status
    };
    Ok(json!({
        "credential": found.id, "provider": found.provider, "label": found.label, "status": status.as_str(),
    }))
}

pub(super) async fn rotate(
    call: &Call<'_>,
    credential: &str,
    fields: BTreeMap<String, String>,
) -> Result<Value, OperateError> {
    let operator = call.operator;
    let found = find(operator, credential).await?;
    if found.owner.is_some() {
        let why = "credential: it was contributed; its owner withdraws it and contributes another";
        return Err(OperateError::Bad(why.to_owned()));
    }
    let Party { manifest, publisher, base_url } = party(operator, found.provider.as_str()).await?;
    let fields = secrets(&manifest, fields);
    let draft = CredentialDraft {
        id: found.id,
        manifest: &manifest,
        publisher: publisher.as_deref(),
        base_url: &base_url,
        owner: found.owner,
        label: &found.label,
        fields: &fields,
    };
    let NewCredential { sealed, binding, fingerprint, .. } = sealed(&operator.vault, &draft)?;
    let change = Change::RotateCredential(NewSecret { credential: found.id, sealed, binding, fingerprint });
    let detail = json!({"provider": found.provider, "label": found.label});
    call.change("credential rotate", target(found.id), detail, change).await?;
    // One that an operator has disabled stays so.
    Ok(json!({"credential": found.id, "provider": found.provider, "label": found.label}))
}

/// Binds the platform's credentials at a provider to what its adapter asks for, as the operator has just approved it. Contributed
/// ones wait for their owners.
pub(super) async fn bind(call: &Call<'_>, provider: &ProviderId, asked: &Terms) -> Result<Value, OperateError> {
    let Call { operator, .. } = call;
    let Rebinding { bound, waiting, to_rotate } =
        rebinding(&operator.store, &operator.vault, (provider, asked)).await?;
    let ids: Vec<CredentialId> = bound.iter().map(|rebound| rebound.credential).collect();
    let shown = json!({"bound": ids, "waitForTheirOwners": waiting, "toRotate": to_rotate});
    if !bound.is_empty() {
        let change = Change::Rebind(bound, None);
        call.change("credential bind", format!("provider {provider}"), shown.clone(), change).await?;
    }
    Ok(shown)
}

/// A provider's adapter, whose it is, and where the provider is reached.
struct Party {
    manifest: Manifest,
    publisher: Option<String>,
    base_url: Url,
}

async fn party(operator: &Operator, name: &str) -> Result<Party, OperateError> {
    let (adapter, row) = super::providers::set_up(operator, name).await?;
    let (manifest, publisher) = (adapter.manifest().clone(), operator.adapters.publisher_of(&adapter));
    let base_url = row.base_url.as_deref().unwrap_or(&manifest.base_url);
    let base_url = Url::parse(base_url).map_err(|_| OperateError::Bad(format!("provider: {base_url:?} is no URL")))?;
    Ok(Party { manifest, publisher, base_url })
}

/// A credential by its id, or one of the platform's own by its label.
pub(super) async fn find(operator: &Operator, name: &str) -> Result<Credential, OperateError> {
    let id = Uuid::parse_str(name.trim()).ok().map(CredentialId);
    let found = operator.store.list_credentials().await?;
    if let Some(by_id) = found.iter().find(|c| id == Some(c.id)) {
        return Ok(by_id.clone());
    }
    // What contributors call theirs must not get in the way of the platform's own.
    one(("credential", name), found.into_iter().filter(|c| c.owner.is_none() && c.label == name.trim()))
}

/// The credential that a check of a provider uses when none is named: the platform's first that is active.
pub(super) async fn first_of(operator: &Operator, provider: &ProviderId) -> Result<Credential, OperateError> {
    let found = operator.store.list_credentials().await?;
    let is_usable =
        |c: &Credential| c.provider == *provider && c.pool == Pool::Platform && c.status == CredentialStatus::Active;
    found.into_iter().find(is_usable).ok_or_else(|| {
        OperateError::Bad(format!("provider: {provider} has no active credential of the platform's; add one"))
    })
}

/// A field without a name is the only one that there is.
pub(crate) fn secrets(manifest: &Manifest, fields: BTreeMap<String, String>) -> Vec<(String, Secret)> {
    let only = match manifest.credential.as_slice() {
        [field] => Some(field.name.as_str()),
        _ => None,
    };
    let named = |name: String| if name.is_empty() { only.map_or(name, str::to_owned) } else { name };
    fields.into_iter().map(|(name, value)| (named(name), Secret::new(value))).collect()
}

fn target(id: CredentialId) -> String {
    format!("credential {id}")
}

/// A credential, and what a gateway that runs knows of it.
fn shown(credential: &Credential, running: Option<&Running>) -> Value {
    let rests_until = running.and_then(|running| running.rests_until(clock::now_ms())).map(times::shown);
    json!({
        "credential": credential.id, "provider": credential.provider, "pool": credential.pool.as_str(),
        "owner": credential.owner, "label": credential.label, "status": credential.status.as_str(),
        "restsUntil": rests_until, "awaits": running.map(|running| &running.awaits),
        "created": times::shown(credential.created_at_ms),
    })
}
