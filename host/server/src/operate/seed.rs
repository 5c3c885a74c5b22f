//! What `dev` and tests fill a database with, of ids that they choose: no operator did it, so the audit log has no line of
//! it. Whoever changes something through here on a running gateway calls [`crate::app::App::reload`] afterwards.

use capstan_domain::route::Pool;
use capstan_domain::{AccountId, Amount, ApiKeyId, CredentialId, ProviderId, adapter::Manifest};
use capstan_egress::{CredentialBinding, SealedCredential, Secret, Vault};
use capstan_storage::{
    Change, ChangeRefusal, CredentialStatus, KeySettings, NewAccount, NewApiKey as NewKeyRow, NewCredential, Rebound,
    Store, TopUp,
};
use serde_json::json;
use url::Url;

use super::{OperateError, audit_line};
use crate::clock;
use crate::keys::{self, NewApiKey};
use crate::providers::terms::{Bound, Terms, rebound};

/// Opens an account without money.
///
/// # Errors
/// [`OperateError::Store`].
pub async fn create_account(store: &Store, name: &str) -> Result<AccountId, OperateError> {
    let id = AccountId(clock::new_uuid());
    add_account(store, id, name).await?;
    Ok(id)
}

/// Opens an account of this id; the same id twice is one account.
///
/// # Errors
/// [`OperateError::Store`].
pub async fn add_account(store: &Store, id: AccountId, name: &str) -> Result<(), OperateError> {
    store.create_account(NewAccount { id, name: name.to_owned(), created_at_ms: clock::now_ms() }).await?;
    Ok(())
}

/// Books money from outside; the same reference twice is one move.
///
/// # Errors
/// [`OperateError`].
pub async fn top_up(store: &Store, account: AccountId, amount: Amount, reference: &str) -> Result<(), OperateError> {
    let external_ref = reference.to_owned();
    let move_id = clock::new_move_id();
    store
        .top_up(TopUp { move_id, account, amount, external_ref, at_ms: clock::now_ms() })
        .await?
        .map_err(|refusal| OperateError::Refused(ChangeRefusal::TopUp(refusal)))?;
    Ok(())
}

/// Makes an API key; the text returned is shown once and stored nowhere.
///
/// # Errors
/// [`OperateError`].
pub async fn create_key(store: &Store, account: AccountId, label: &str) -> Result<String, OperateError> {
    let made = keys::new_api_key()?;
    add_key(store, (ApiKeyId(clock::new_uuid()), account), label, &made).await?;
    Ok(made.key)
}

/// Stores a key that was made before; the same id twice is one key.
///
/// # Errors
/// [`OperateError::Store`].
pub async fn add_key(
    store: &Store,
    (id, account): (ApiKeyId, AccountId),
    label: &str,
    made: &NewApiKey,
) -> Result<(), OperateError> {
    store
        .create_api_key(NewKeyRow {
            id,
            account,
            public_id: made.public_id.clone(),
            secret_hash: made.secret_hash,
            settings: KeySettings { label: label.to_owned(), ..KeySettings::default() },
            created_at_ms: clock::now_ms(),
        })
        .await?;
    Ok(())
}

/// A credential to be sealed.
pub struct CredentialDraft<'d> {
    /// Its id; the same id twice is one credential.
    pub id: CredentialId,
    /// What the provider's adapter says of itself.
    pub manifest: &'d Manifest,
    /// The id of the adapter's publisher's key; none where no package vouches for it.
    pub publisher: Option<&'d str>,
    /// Where the provider is reached: the manifest's base URL, or what its row puts in its place.
    pub base_url: &'d Url,
    /// The contributor; none for the platform's own.
    pub owner: Option<AccountId>,
    /// A name for people.
    pub label: &'d str,
    /// Its fields.
    pub fields: &'d [(String, Secret)],
}

/// Seals and adds a credential, bound to the publisher, the hosts and the placements of its provider's adapter as they are now.
///
/// # Errors
/// [`OperateError`].
pub async fn add_credential(store: &Store, vault: &Vault, draft: &CredentialDraft<'_>) -> Result<(), OperateError> {
    store.add_credential(sealed(vault, draft)?).await?;
    Ok(())
}

/// Binds the platform's credentials at a provider to what its adapter asks for, where they are bound to something else.
///
/// # Errors
/// [`OperateError`].
pub async fn bind_credentials(
    store: &Store,
    vault: &Vault,
    (manifest, url): (&Manifest, &Url),
) -> Result<(), OperateError> {
    let asked = Terms::new(None, url, &manifest.hosts, &manifest.placements);
    // One that needs another field stays as it is, and its listing says so.
    let Rebinding { bound, .. } = rebinding(store, vault, (&manifest.provider, &asked)).await?;
    if !bound.is_empty() {
        let line = audit_line("dev", "credential bind", (format!("provider {}", manifest.provider), &json!({})));
        store.apply(Change::Rebind(bound, None), line).await?.map_err(OperateError::Refused)?;
    }
    Ok(())
}

/// What becomes of the credentials at a provider when the operator approves what its adapter asks for.
#[derive(Default)]
pub(crate) struct Rebinding {
    /// The platform's own, sealed anew.
    pub(crate) bound: Vec<Rebound>,
    /// How many contributed ones wait for their owners.
    pub(crate) waiting: u32,
    /// Labels of those that need another field, or another secret: only a person can give it.
    pub(crate) to_rotate: Vec<String>,
}

/// Seals the platform's credentials at a provider anew for what its adapter asks for; nothing is written.
pub(crate) async fn rebinding(
    store: &Store,
    vault: &Vault,
    (provider, asked): (&ProviderId, &Terms),
) -> Result<Rebinding, OperateError> {
    let mut found = Rebinding::default();
    let rows = store.list_credentials().await?;
    for row in rows.iter().filter(|row| row.provider == *provider && row.status != CredentialStatus::Withdrawn) {
        if row.owner.is_some() {
            let lacks = Bound::read(row).is_some_and(|bound| !bound.agreed().lacks(asked).is_empty());
            found.waiting += u32::from(lacks);
            continue;
        }
        match rebound(vault, row, asked) {
            Ok(rebound) => found.bound.extend(rebound),
            Err(error) => {
                tracing::warn!(credential.id = %row.id, error = &error as &dyn std::error::Error, "a credential is not bound anew");
                found.to_rotate.push(row.label.clone());
            }
        }
    }
    Ok(found)
}

/// A credential's row, sealed and bound.
pub(crate) fn sealed(vault: &Vault, draft: &CredentialDraft<'_>) -> Result<NewCredential, OperateError> {
    let CredentialDraft { id, manifest, owner, label, fields, .. } = *draft;
    let (_, sealed) = sealed_and_bound(vault, draft)?;
    Ok(NewCredential {
        id,
        provider: manifest.provider.clone(),
        pool: if owner.is_some() { Pool::Community } else { Pool::Platform },
        owner,
        label: label.to_owned(),
        sealed: sealed.as_bytes().to_vec(),
        binding: bound(draft).written(),
        fingerprint: vault.fingerprint(&manifest.provider, fields).to_vec(),
        status: CredentialStatus::Active,
        created_at_ms: clock::now_ms(),
    })
}

/// A credential, sealed, and what it is bound to.
pub(crate) fn sealed_and_bound(
    vault: &Vault,
    draft: &CredentialDraft<'_>,
) -> Result<(CredentialBinding, SealedCredential), OperateError> {
    let CredentialDraft { id, manifest, owner, fields, .. } = *draft;
    let wanted: Vec<&str> = manifest.credential.iter().map(|f| f.name.as_str()).collect();
    if fields.len() != wanted.len() || !wanted.iter().all(|name| fields.iter().any(|(given, _)| given == name)) {
        return Err(OperateError::WrongFields(wanted.join(", ")));
    }
    let binding = bound(draft).seal((id, &manifest.provider, owner));
    let sealed = vault.seal_credential(&binding, fields)?;
    Ok((binding, sealed))
}

/// What a credential is bound to when it is added: what its adapter asks for then.
fn bound(draft: &CredentialDraft<'_>) -> Bound {
    let CredentialDraft { manifest, publisher, base_url, .. } = *draft;
    Bound::first(Terms::new(publisher, base_url, &manifest.hosts, &manifest.placements))
}
