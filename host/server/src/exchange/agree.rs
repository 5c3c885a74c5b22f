//! What a provider's adapter asks of a contributed credential beyond what its owner has agreed to: another publisher answers for it,
//! it sends elsewhere, or puts the key somewhere else. The operator's word is not enough then: the owner is told, and until they
//! agree the credential gets no task.

use std::collections::HashSet;
use std::sync::Arc;

use capstan_domain::{AccountId, CredentialId};
use capstan_storage::Change;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::contribute::contributor;
use super::{ExchangeError, life, look, words};
use crate::app::App;
use crate::operate::audit_line;
use crate::providers::terms::{RebindError, rebound};
use crate::providers::{Credential, Provider};

/// Most events whose telling is remembered; told again, they are there already.
const MOST_TOLD: usize = 10_000;

/// What a credential waits for, for its owner; null where there is nothing.
pub(crate) fn shown(app: &App, credential: CredentialId) -> Value {
    let found = app.snapshot.load().find(credential).filter(|(_, credential)| !credential.awaits.is_empty());
    found.map_or(Value::Null, |(provider, credential)| in_words(&provider, &credential))
}

fn in_words(provider: &Provider, credential: &Credential) -> Value {
    json!({"asked": credential.awaits, "terms": provider.terms.hash()})
}

/// Agrees to the terms of this hash, if they are what is asked for; then its provider is asked whether it works.
pub(crate) async fn agree(
    app: &Arc<App>,
    (account, id): (AccountId, CredentialId),
    hash: &str,
) -> Result<(), ExchangeError> {
    let found = app.snapshot.load().find(id);
    let (provider, credential) = found.ok_or(ExchangeError::Unknown("provider in use"))?;
    if credential.awaits.is_empty() {
        return Ok(());
    }
    if provider.terms.hash() != hash {
        let why = "they are not what is asked for now: read `awaits` of the credential, and name its `terms`";
        return Err(ExchangeError::bad("terms", why));
    }
    let (row, _) = life::find(&app.store, id).await?;
    let rebound = rebound(&app.vault, &row, &provider.terms).map_err(|error| match error {
        RebindError::NewField(field) => {
            let why =
                format!("the adapter asks for {field:?} besides: withdraw the credential and lend it anew with that");
            ExchangeError::bad("terms", why)
        }
        RebindError::Unreadable => ExchangeError::Internal("a credential's binding cannot be read"),
        RebindError::Vault(error) => error.into(),
    })?;
    if let Some(rebound) = rebound {
        let detail = in_words(&provider, &credential);
        let event = words::event(id, "agreed", &detail);
        let line = audit_line(&contributor(account), "exchange agree", (format!("credential {id}"), &detail));
        let applied = app.store.apply(Change::Rebind(vec![rebound], Some(event)), line).await?;
        applied.map_err(ExchangeError::Refused)?;
        tracing::info!(credential.id = %id, provider.id = %provider.id, "the owner of a credential has agreed to its adapter");
    }
    app.reload().await?;
    look::look(app, id).await?;
    Ok(())
}

/// Tells the owners of credentials that wait for them, each once for the same terms.
pub(super) async fn tell(app: &App, told: &mut HashSet<Uuid>) -> Result<(), ExchangeError> {
    if told.len() > MOST_TOLD {
        told.clear();
    }
    let snapshot = app.snapshot.load_full();
    for credential in snapshot.credentials().filter(|c| c.lent.is_some() && !c.awaits.is_empty()) {
        let Some(provider) = snapshot.provider(&credential.provider) else { continue };
        let id = id_of(credential.id, &provider.terms.hash());
        if !told.contains(&id) {
            let event = words::event(credential.id, "awaits", &in_words(provider, credential));
            app.store.record_credential_event(capstan_storage::NewEvent { id, ..event }).await?;
            told.insert(id);
        }
    }
    Ok(())
}

/// The same for the same credential and terms, on every node and after every start.
fn id_of(credential: CredentialId, terms: &str) -> Uuid {
    let hash = Sha256::new().chain_update(credential.0.as_bytes()).chain_update(terms).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
