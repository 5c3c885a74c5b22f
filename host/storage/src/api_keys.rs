//! API keys: found by the hash of the whole key, never by a part of it.

use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_domain::{AccountId, ApiKeyId};
use uuid::Uuid;

use crate::db::{Db, sql};
use crate::{AccountStatus, KeyStatus, Store, StoreError, words};

/// An API key to be made; the secret itself never comes here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose key it is.
    pub account: AccountId,
    /// The part of the key that people may see.
    pub public_id: String,
    /// SHA-256 of the whole key.
    pub secret_hash: [u8; 32],
    /// What it is for, for people.
    pub label: String,
    /// How its tasks are routed where the request does not say.
    pub selection_mode: Option<SelectionMode>,
    /// Which pools its tasks may use where the request does not say.
    pub pool_mode: Option<PoolMode>,
    /// When it is made.
    pub created_at_ms: i64,
    /// From when on it authenticates nothing.
    pub expires_at_ms: Option<i64>,
}

/// An API key as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose key it is.
    pub account: AccountId,
    /// The part of the key that people may see.
    pub public_id: String,
    /// What it is for, for people.
    pub label: String,
    /// How its tasks are routed where the request does not say.
    pub selection_mode: Option<SelectionMode>,
    /// Which pools its tasks may use where the request does not say.
    pub pool_mode: Option<PoolMode>,
    /// How it stands.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at_ms: i64,
    /// From when on it authenticates nothing.
    pub expires_at_ms: Option<i64>,
}

/// An API key that was found by its hash. Whether it may do anything is the caller's to judge, with the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundKey {
    /// The key.
    pub key: ApiKey,
    /// How its account stands.
    pub account_status: AccountStatus,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    account_id: Uuid,
    public_id: String,
    label: String,
    selection_mode: Option<String>,
    pool_mode: Option<String>,
    status: String,
    created_at_ms: i64,
    expires_at_ms: Option<i64>,
    account_status: String,
}

impl KeyRow {
    fn read(self) -> Result<FoundKey, StoreError> {
        let id = self.id;
        let selection_mode = self
            .selection_mode
            .map(|word| words::read(SelectionMode::from_word(&word), "api_keys", "selection_mode", id));
        let pool_mode = self.pool_mode.map(|word| words::read(PoolMode::from_word(&word), "api_keys", "pool_mode", id));
        let key = ApiKey {
            id: ApiKeyId(id),
            account: AccountId(self.account_id),
            public_id: self.public_id,
            label: self.label,
            selection_mode: selection_mode.transpose()?,
            pool_mode: pool_mode.transpose()?,
            status: words::read(KeyStatus::from_word(&self.status), "api_keys", "status", id)?,
            created_at_ms: self.created_at_ms,
            expires_at_ms: self.expires_at_ms,
        };
        let account_status =
            words::read(AccountStatus::from_word(&self.account_status), "accounts", "status", self.account_id)?;
        Ok(FoundKey { key, account_status })
    }
}

impl Store {
    /// Makes an API key; one that exists stays as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_api_key(&self, key: NewApiKey) -> Result<(), StoreError> {
        self.write(key, |db, key| Box::pin(insert_key(db, key))).await
    }

    /// Revokes an API key for ever.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such key.
    pub async fn revoke_api_key(&self, key: ApiKeyId) -> Result<(), StoreError> {
        self.write(key, |db, &key| Box::pin(revoke(db, key))).await
    }

    /// The key with that hash of the whole key, revoked and expired ones included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_api_key(&self, secret_hash: &[u8; 32]) -> Result<Option<FoundKey>, StoreError> {
        let db = &mut self.reader().await?;
        let row = sql!(
            db,
            optional as KeyRow,
            "select k.id, k.account_id, k.public_id, k.label, k.selection_mode, k.pool_mode, k.status,
                    k.created_at_ms, k.expires_at_ms, a.status as account_status
               from api_keys k join accounts a on a.id = k.account_id
              where k.secret_hash = $1",
            secret_hash.as_slice()
        )?;
        row.map(KeyRow::read).transpose()
    }

    /// An account's keys, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_api_keys(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as KeyRow,
            "select k.id, k.account_id, k.public_id, k.label, k.selection_mode, k.pool_mode, k.status,
                    k.created_at_ms, k.expires_at_ms, a.status as account_status
               from api_keys k join accounts a on a.id = k.account_id
              where k.account_id = $1 order by k.created_at_ms, k.id",
            account.0
        )?;
        rows.into_iter().map(|row| row.read().map(|found| found.key)).collect()
    }
}

async fn insert_key(db: &mut Db, key: &NewApiKey) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into api_keys (id, account_id, public_id, secret_hash, label, selection_mode, pool_mode, status,
                               created_at_ms, expires_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9)
         on conflict (id) do nothing",
        key.id.0,
        key.account.0,
        key.public_id.as_str(),
        key.secret_hash.as_slice(),
        key.label.as_str(),
        key.selection_mode.map(SelectionMode::as_str),
        key.pool_mode.map(PoolMode::as_str),
        key.created_at_ms,
        key.expires_at_ms
    )?;
    Ok(())
}

async fn revoke(db: &mut Db, key: ApiKeyId) -> Result<(), StoreError> {
    let changed = sql!(db, execute, "update api_keys set status = 'revoked' where id = $1", key.0)?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "api_keys", id: key.to_string() });
    }
    Ok(())
}
