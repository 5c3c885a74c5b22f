//! Credentials: sealed before they come here, opened elsewhere.

use std::fmt;

use capstan_domain::route::Pool;
use capstan_domain::{AccountId, CredentialId, ProviderId};
use uuid::Uuid;

use crate::changes::{Applied, ChangeRefusal};
use crate::db::{Db, sql};
use crate::exchange::NewEvent;
use crate::exchange::events;
use crate::{AccountStatus, CredentialStatus, Store, StoreError, providers, words};

/// A credential to be added.
#[derive(Clone, PartialEq, Eq)]
pub struct NewCredential {
    /// Its id.
    pub id: CredentialId,
    /// The provider that it opens.
    pub provider: ProviderId,
    /// Where it comes from; `Community` exactly when it has an owner.
    pub pool: Pool,
    /// Who contributed it.
    pub owner: Option<AccountId>,
    /// Its name, for people.
    pub label: String,
    /// Its fields, sealed.
    pub sealed: Vec<u8>,
    /// What it may be used for, a JSON object of hosts and placements.
    pub binding: String,
    /// A keyed hash of its fields: the same credential is added once.
    pub fingerprint: Vec<u8>,
    /// How it stands at first.
    pub status: CredentialStatus,
    /// When it is added.
    pub created_at_ms: i64,
}

/// A credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// The provider that it opens.
    pub provider: ProviderId,
    /// Where it comes from.
    pub pool: Pool,
    /// Who contributed it.
    pub owner: Option<AccountId>,
    /// Its name, for people.
    pub label: String,
    /// Its fields, sealed.
    pub sealed: Vec<u8>,
    /// What it may be used for, a JSON object of hosts and placements.
    pub binding: String,
    /// How it stands.
    pub status: CredentialStatus,
    /// Whether its owner's account is active; true of a platform credential.
    pub owner_is_active: bool,
    /// When it was added.
    pub created_at_ms: i64,
}

/// Another secret for a credential.
#[derive(Clone)]
pub struct NewSecret {
    /// Whose.
    pub credential: CredentialId,
    /// Its fields, sealed.
    pub sealed: Vec<u8>,
    /// What it may be used for.
    pub binding: String,
    /// A keyed hash of its fields.
    pub fingerprint: Vec<u8>,
}

/// A credential sealed anew under another binding, with the same secret.
#[derive(Clone)]
pub struct Rebound {
    /// Which.
    pub credential: CredentialId,
    /// Its fields as they were sealed when this was made: another secret is not replaced.
    pub before: Vec<u8>,
    /// Its fields, sealed.
    pub sealed: Vec<u8>,
    /// What it may be used for.
    pub binding: String,
}

impl fmt::Debug for NewCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewCredential {{ id: {}, provider: {}, .. }}", self.id, self.provider)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential {{ id: {}, provider: {}, .. }}", self.id, self.provider)
    }
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewSecret {{ credential: {}, .. }}", self.credential)
    }
}

impl fmt::Debug for Rebound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rebound {{ credential: {}, .. }}", self.credential)
    }
}

#[derive(sqlx::FromRow)]
struct CredentialRow {
    id: Uuid,
    provider_id: String,
    pool: String,
    owner_account_id: Option<Uuid>,
    label: String,
    sealed: Vec<u8>,
    binding: String,
    status: String,
    owner_status: Option<String>,
    created_at_ms: i64,
}

impl CredentialRow {
    fn read(self) -> Result<Credential, StoreError> {
        Ok(Credential {
            id: CredentialId(self.id),
            provider: providers::read_id("credentials", "provider_id", &self.provider_id)?,
            pool: words::read(read_pool(&self.pool), "credentials", "pool", self.id)?,
            owner: self.owner_account_id.map(AccountId),
            label: self.label,
            sealed: self.sealed,
            binding: self.binding,
            status: words::read(CredentialStatus::from_word(&self.status), "credentials", "status", self.id)?,
            owner_is_active: self.owner_status.is_none_or(|status| status == AccountStatus::Active.as_str()),
            created_at_ms: self.created_at_ms,
        })
    }
}

pub(crate) fn read_pool(word: &str) -> Option<Pool> {
    [Pool::Platform, Pool::Community].into_iter().find(|pool| pool.as_str() == word)
}

impl Store {
    /// Adds a credential and says under which id it is known: its own, or that of the row which already holds
    /// the same fingerprint.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_credential(&self, credential: NewCredential) -> Result<CredentialId, StoreError> {
        self.write(credential, |db, credential| Box::pin(insert(db, credential))).await
    }

    /// Sets how a credential stands.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such credential.
    pub async fn set_credential_status(
        &self,
        credential: CredentialId,
        status: CredentialStatus,
    ) -> Result<(), StoreError> {
        self.write((credential, status), |db, &(id, status)| Box::pin(update_status(db, id, status))).await
    }

    /// One credential.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_credential(&self, credential: CredentialId) -> Result<Option<Credential>, StoreError> {
        let db = &mut self.reader().await?;
        let row = sql!(
            db,
            optional as CredentialRow,
            "select c.id, c.provider_id, c.pool, c.owner_account_id, c.label, c.sealed, c.binding, c.status,
                    a.status as owner_status, c.created_at_ms
               from credentials c left join accounts a on a.id = c.owner_account_id where c.id = $1",
            credential.0
        )?;
        row.map(CredentialRow::read).transpose()
    }

    /// The contributed credentials of one account, or of all, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_contributed(&self, owner: Option<AccountId>) -> Result<Vec<Credential>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as CredentialRow,
            "select c.id, c.provider_id, c.pool, c.owner_account_id, c.label, c.sealed, c.binding, c.status,
                    a.status as owner_status, c.created_at_ms
               from credentials c left join accounts a on a.id = c.owner_account_id
              where c.owner_account_id is not null and ($1 is null or c.owner_account_id = $1)
              order by c.created_at_ms, c.id",
            owner.map(|owner| owner.0)
        )?;
        rows.into_iter().map(CredentialRow::read).collect()
    }

    /// Every credential, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_credentials(&self) -> Result<Vec<Credential>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as CredentialRow,
            "select c.id, c.provider_id, c.pool, c.owner_account_id, c.label, c.sealed, c.binding, c.status,
                    a.status as owner_status, c.created_at_ms
               from credentials c left join accounts a on a.id = c.owner_account_id order by c.created_at_ms, c.id"
        )?;
        rows.into_iter().map(CredentialRow::read).collect()
    }
}

pub(crate) async fn insert(db: &mut Db, credential: &NewCredential) -> Result<CredentialId, StoreError> {
    sql!(
        db,
        execute,
        "insert into credentials (id, provider_id, pool, owner_account_id, label, sealed, binding, fingerprint, status,
                                  created_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict do nothing",
        credential.id.0,
        credential.provider.as_str(),
        credential.pool.as_str(),
        credential.owner.map(|owner| owner.0),
        credential.label.as_str(),
        credential.sealed.as_slice(),
        credential.binding.as_str(),
        credential.fingerprint.as_slice(),
        credential.status.as_str(),
        credential.created_at_ms
    )?;
    let (id,) = sql!(
        db,
        one as (Uuid,),
        "select id from credentials where fingerprint = $1",
        credential.fingerprint.as_slice()
    )?;
    Ok(CredentialId(id))
}

pub(crate) async fn update_status(db: &mut Db, id: CredentialId, status: CredentialStatus) -> Result<(), StoreError> {
    let changed = sql!(db, execute, "update credentials set status = $2 where id = $1", id.0, status.as_str())?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "credentials", id: id.to_string() });
    }
    Ok(())
}

/// Puts another secret in a credential's place, unless another credential has it.
pub(crate) async fn rotate(db: &mut Db, secret: &NewSecret) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    let NewSecret { credential, sealed, binding, fingerprint } = secret;
    let known = sql!(
        db,
        optional as (Uuid,),
        "select id from credentials where fingerprint = $1 and id <> $2",
        fingerprint.as_slice(),
        credential.0
    )?;
    if let Some((other,)) = known {
        return Ok(Err(ChangeRefusal::SecretKnown(CredentialId(other))));
    }
    let changed = sql!(
        db,
        execute,
        "update credentials set sealed = $2, binding = $3, fingerprint = $4,
                                status = case when status = 'disabled' then status else 'active' end
          where id = $1",
        credential.0,
        sealed.as_slice(),
        binding.as_str(),
        fingerprint.as_slice()
    )?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "credentials", id: credential.to_string() });
    }
    Ok(Ok(Applied::Credential(*credential)))
}

/// Puts credentials under other bindings, if each has the secret that it had.
pub(crate) async fn rebind(
    db: &mut Db,
    rebound: &[Rebound],
    event: Option<&NewEvent>,
) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    for Rebound { credential, before, sealed, binding } in rebound {
        // Said again after a commit whose answer was lost, it is so already.
        let changed = sql!(
            db,
            execute,
            "update credentials set sealed = $2, binding = $3 where id = $1 and sealed in ($2, $4)",
            credential.0,
            sealed.as_slice(),
            binding.as_str(),
            before.as_slice()
        )?;
        if changed != 1 {
            return Ok(Err(ChangeRefusal::CredentialChanged));
        }
    }
    if let Some(event) = event {
        events::insert(db, event).await?;
    }
    Ok(Ok(Applied::Done))
}
