//! Whose packages of adapters are believed, and what became of the components that were to be installed.

use capstan_package::{Digest, KeyId, Trust};
use capstan_storage::{Admission, Change, Generation, NewGeneration, Store, StoreError};
use serde_json::{Value, json};

use super::{Call, OperateError, Operator, adapters, providers, times};
use crate::clock;

/// Whom the operator trusts; nobody until something else was said.
///
/// # Errors
/// [`StoreError`]. A document that cannot be read trusts nobody, and is said in the log.
pub(crate) async fn of(store: &Store) -> Result<Trust, StoreError> {
    let Some(document) = store.find_trust().await? else { return Ok(Trust::default()) };
    Ok(serde_json::from_str(&document).unwrap_or_else(|error| {
        tracing::error!(%error, "whom the operator trusts cannot be read; nobody is trusted");
        Trust::default()
    }))
}

pub(super) async fn shown(operator: &Operator) -> Result<Value, OperateError> {
    Ok(json!(of(&operator.store).await?))
}

/// Puts a trust in force, and takes out of force what it revokes.
pub(super) async fn put(call: &Call<'_>, document: &str) -> Result<Value, OperateError> {
    let bad = |error: serde_json::Error| OperateError::Bad(format!("document: {error}"));
    let trust: Trust = serde_json::from_str(document).map_err(bad)?;
    let document = serde_json::to_string(&trust).map_err(bad)?;
    let detail = json!({"trust": trust});
    call.change("adapter trust", "adapters".to_owned(), detail, Change::PutTrust(document, clock::now_ms())).await?;
    let mut out = Vec::new();
    let generations = call.operator.store.list_generations().await?;
    for own in generations.chunk_by(|one, other| one.provider == other.provider) {
        out.extend(take_out(call, own, &trust).await?);
    }
    let (keys, revoked) = (trust.keys().len(), trust.revoked_keys().len() + trust.revoked_digests().len());
    Ok(json!({"keys": keys, "revoked": revoked, "outOfForce": out}))
}

/// Takes a provider's revoked adapters out of force: what is on trial for the one beside it, and that one for none. Its open tasks are
/// finished by it.
async fn take_out(call: &Call<'_>, own: &[Generation], trust: &Trust) -> Result<Option<Value>, OperateError> {
    let (Some(newest), Some(full)) = (own.first(), own.iter().find(|generation| generation.trial_share.is_none()))
    else {
        return Ok(None);
    };
    let (why, digest) = match (revoked(full, trust), revoked(newest, trust)) {
        (Some(why), _) => (why, None),
        (None, Some(why)) => (why, full.digest),
        (None, None) => return Ok(None),
    };
    let why = format!("revoked: {why}");
    let shown = json!({"provider": newest.provider, "before": newest.digest.map(|digest| crate::keys::hex(&digest)), "why": why});
    let new = NewGeneration { why: Some(why), ..adapters::again(newest, digest) };
    let target = format!("provider {}", newest.provider);
    call.change("adapter revoke", target, shown.clone(), Change::BeginGeneration(new)).await?;
    Ok(Some(shown))
}

/// Why a generation's component, or its publisher, is revoked, if one is.
fn revoked(generation: &Generation, trust: &Trust) -> Option<String> {
    let of_digest = trust.revoked_digest(Digest::from_bytes(generation.digest?)).map(|revoked| &revoked.reason);
    let publisher = || generation.publisher.as_deref()?.parse().ok().map(KeyId);
    let of_publisher = || trust.revoked_key(publisher()?).map(|revoked| &revoked.reason);
    of_digest.or_else(of_publisher).cloned()
}

/// What became of components, the newest first.
pub(super) async fn admissions(operator: &Operator, provider: Option<&str>, most: u32) -> Result<Value, OperateError> {
    let id = match provider {
        Some(name) => Some(providers::id_of(operator, name).await?),
        None => None,
    };
    let shown = |admission: Admission| {
        let stages: Value = serde_json::from_str(&admission.stages).unwrap_or_default();
        let last = stages.as_array().and_then(|stages| stages.last()).cloned().unwrap_or_default();
        json!({
            "at": times::shown(admission.at_ms), "provider": admission.provider,
            "digest": crate::keys::hex(&admission.digest), "admitted": admission.is_admitted,
            "stage": last.get("stage"), "why": last.get("detail").filter(|_| !admission.is_admitted), "stages": stages,
        })
    };
    Ok(operator.store.list_admissions(id.as_ref(), most).await?.into_iter().map(shown).collect())
}
