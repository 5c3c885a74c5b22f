//! Whether a master key is the one that a database is sealed under: asked at every start and at every restore, since a valid
//! key that is another one would fail at each credential and give back each open task.

use capstan_egress::Vault;
use capstan_storage::{CredentialStatus, NewKeyCheck, Store, StoreError};

use crate::clock;
use crate::keys::keyed_digest;
use crate::providers::{self, Beside};

/// The name under which the database keeps the value.
pub(crate) const NAME: &str = "master key";

/// Whether the key fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is the key, or the first that the database meets.
    Same,
    /// The database is sealed under another one.
    Other,
}

/// What the database keeps of a master key: a digest under a key that is derived from it.
pub(crate) fn value(vault: &Vault) -> [u8; 32] {
    keyed_digest(&vault.derive_key("master key check"), &[b"capstan"])
}

/// Compares the key with the database's. One of a release before keeps no value: there the credentials tell, and where there
/// are none the key is the first.
///
/// # Errors
/// [`StoreError`] when the database cannot be asked.
pub(crate) async fn check(store: &Store, vault: &Vault) -> Result<Fit, StoreError> {
    let own = value(vault);
    let mut kept = store.find_key_check(NAME).await?;
    if kept.is_none() {
        if !opens_some_credential(store, vault).await? {
            return Ok(Fit::Other);
        }
        let check = NewKeyCheck { name: NAME, value: own, created_at_ms: clock::now_ms() };
        kept = Some(store.keep_key_check(check).await?);
    }
    Ok(if kept.as_deref() == Some(own.as_slice()) { Fit::Same } else { Fit::Other })
}

/// Whether one stored credential opens, or there is none. One is enough: a damaged one says nothing of the key.
async fn opens_some_credential(store: &Store, vault: &Vault) -> Result<bool, StoreError> {
    // What was withdrawn may be destroyed, and opens with no key any more.
    let mut rows = store.list_credentials().await?;
    rows.retain(|row| row.status != CredentialStatus::Withdrawn);
    if rows.is_empty() {
        return Ok(true);
    }
    let read = rows.into_iter().filter_map(|row| providers::credential(row, Beside::default(), 1).ok());
    let mut bound = read.map(|credential| vault.check_credential(&credential.binding, &credential.sealed));
    Ok(bound.any(|opened| opened.is_ok()))
}
