//! API keys: found by the hash of the whole key, never by a part of it.

use capstan_domain::dialect::Dialect;
use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_domain::{AccountId, Amount, ApiKeyId, ProviderId};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::db::{Db, sql};
use crate::{AccountStatus, KeyStatus, Store, StoreError, words};

/// What may be said of a key, and changed later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySettings {
    /// What it is called, for people.
    pub label: String,
    /// What its owner says that it is for.
    pub purpose: String,
    /// How its tasks are routed where the request does not say.
    pub selection_mode: Option<SelectionMode>,
    /// Which pools its tasks may use where the request does not say.
    pub pool_mode: Option<PoolMode>,
    /// Whether a request may not ask for a wider pool than the key's.
    pub pool_locked: bool,
    /// The order in which `priority` tries providers, where the key has one of its own.
    pub priority: Option<Vec<ProviderId>>,
    /// Networks from which it may be used, such as `203.0.113.0/24`; none means from everywhere.
    pub addresses: Option<Vec<String>>,
    /// Requests per second, where not the gateway's own limit.
    pub rate_per_s: Option<u32>,
    /// Most open tasks at once.
    pub most_open: Option<u32>,
    /// Most that its tasks of one day (UTC) may cost.
    pub daily_cap: Option<Amount>,
    /// The sites that it may be used for, as `capstan_domain::policy` reads them; none means every site.
    pub domains: Option<Vec<String>>,
    /// Whether a key with domains may send tasks that name no site.
    pub without_url: bool,
    /// From when on it authenticates nothing.
    pub expires_at_ms: Option<i64>,
    /// The dialect of its clients, where nothing else says.
    pub dialect: Option<Dialect>,
    /// For how long, in milliseconds, a byte-identical createTask gets the first one's answer.
    pub duplicate_window_ms: Option<i64>,
}

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
    /// What is said of it.
    pub settings: KeySettings,
    /// When it is made.
    pub created_at_ms: i64,
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
    /// What is said of it.
    pub settings: KeySettings,
    /// How it stands.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at_ms: i64,
}

/// An API key that was found by its hash. Whether it may do anything is the caller's to judge, with the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundKey {
    /// The key.
    pub key: ApiKey,
    /// How its account stands.
    pub account_status: AccountStatus,
    /// The widest pool that its account's tasks may use.
    pub account_pool: Option<PoolMode>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    account_id: Uuid,
    public_id: String,
    label: String,
    purpose: String,
    selection_mode: Option<String>,
    pool_mode: Option<String>,
    pool_locked: bool,
    priority: Option<String>,
    addresses: Option<String>,
    rate_per_s: Option<i64>,
    most_open: Option<i64>,
    daily_cap_nanos: Option<i64>,
    dialect: Option<String>,
    duplicate_window_ms: Option<i64>,
    domains: Option<String>,
    without_url: bool,
    status: String,
    created_at_ms: i64,
    expires_at_ms: Option<i64>,
    account_status: String,
    pool_ceiling: Option<String>,
}

impl KeyRow {
    fn read(self) -> Result<FoundKey, StoreError> {
        let id = self.id;
        let mode = |word: String| words::read(SelectionMode::from_word(&word), "api_keys", "selection_mode", id);
        let pool = |word: String| words::read(PoolMode::from_word(&word), "api_keys", "pool_mode", id);
        let dialect = |word: String| words::read(Dialect::from_word(&word), "api_keys", "dialect", id);
        let settings = KeySettings {
            label: self.label,
            purpose: self.purpose,
            selection_mode: self.selection_mode.map(mode).transpose()?,
            pool_mode: self.pool_mode.map(pool).transpose()?,
            pool_locked: self.pool_locked,
            priority: read_list(self.priority.as_deref(), "priority", id)?,
            addresses: read_list(self.addresses.as_deref(), "addresses", id)?,
            rate_per_s: read_count(self.rate_per_s, "rate_per_s", id)?,
            most_open: read_count(self.most_open, "most_open", id)?,
            daily_cap: self.daily_cap_nanos.map(Amount::from_nanos),
            domains: read_list(self.domains.as_deref(), "domains", id)?,
            without_url: self.without_url,
            expires_at_ms: self.expires_at_ms,
            dialect: self.dialect.map(dialect).transpose()?,
            duplicate_window_ms: self.duplicate_window_ms,
        };
        let key = ApiKey {
            id: ApiKeyId(id),
            account: AccountId(self.account_id),
            public_id: self.public_id,
            settings,
            status: words::read(KeyStatus::from_word(&self.status), "api_keys", "status", id)?,
            created_at_ms: self.created_at_ms,
        };
        let account = self.account_id;
        let account_status =
            words::read(AccountStatus::from_word(&self.account_status), "accounts", "status", account)?;
        let ceiling = |word: String| words::read(PoolMode::from_word(&word), "accounts", "pool_ceiling", account);
        Ok(FoundKey { key, account_status, account_pool: self.pool_ceiling.map(ceiling).transpose()? })
    }
}

fn read_list<T: DeserializeOwned>(
    text: Option<&str>,
    column: &'static str,
    id: Uuid,
) -> Result<Option<Vec<T>>, StoreError> {
    text.map(|text| words::read(serde_json::from_str(text).ok(), "api_keys", column, id)).transpose()
}

fn read_count(count: Option<i64>, column: &'static str, id: Uuid) -> Result<Option<u32>, StoreError> {
    count.map(|count| words::read(u32::try_from(count).ok(), "api_keys", column, id)).transpose()
}

fn list_text<T: serde::Serialize>(list: Option<&Vec<T>>) -> Option<String> {
    // Lists of texts always have a JSON form.
    list.map(|list| serde_json::to_string(list).unwrap_or_default())
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
            "select k.id, k.account_id, k.public_id, k.label, k.purpose, k.selection_mode, k.pool_mode, k.pool_locked,
                    k.priority, k.addresses, k.rate_per_s, k.most_open, k.daily_cap_nanos, k.domains, k.without_url,
                    k.dialect, k.duplicate_window_ms, k.status, k.created_at_ms, k.expires_at_ms,
                    a.status as account_status, a.pool_ceiling
               from api_keys k join accounts a on a.id = k.account_id
              where k.secret_hash = $1",
            secret_hash.as_slice()
        )?;
        row.map(KeyRow::read).transpose()
    }

    /// An account's keys, or everybody's, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_api_keys(&self, account: Option<AccountId>) -> Result<Vec<ApiKey>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as KeyRow,
            "select k.id, k.account_id, k.public_id, k.label, k.purpose, k.selection_mode, k.pool_mode, k.pool_locked,
                    k.priority, k.addresses, k.rate_per_s, k.most_open, k.daily_cap_nanos, k.domains, k.without_url,
                    k.dialect, k.duplicate_window_ms, k.status, k.created_at_ms, k.expires_at_ms,
                    a.status as account_status, a.pool_ceiling
               from api_keys k join accounts a on a.id = k.account_id
              where $1 is null or k.account_id = $1 order by k.created_at_ms, k.id",
            account.map(|account| account.0)
        )?;
        rows.into_iter().map(|row| row.read().map(|found| found.key)).collect()
    }
}

pub(crate) async fn insert_key(db: &mut Db, key: &NewApiKey) -> Result<(), StoreError> {
    let made = sql!(
        db,
        execute,
        "insert into api_keys (id, account_id, public_id, secret_hash, label, status, created_at_ms)
         values ($1, $2, $3, $4, $5, 'active', $6)
         on conflict (id) do nothing",
        key.id.0,
        key.account.0,
        key.public_id.as_str(),
        key.secret_hash.as_slice(),
        key.settings.label.as_str(),
        key.created_at_ms
    )?;
    if made == 0 {
        return Ok(());
    }
    update_settings(db, key.id, &key.settings).await
}

/// Writes everything that may be said of a key.
pub(crate) async fn update_settings(db: &mut Db, key: ApiKeyId, settings: &KeySettings) -> Result<(), StoreError> {
    let changed = sql!(
        db,
        execute,
        "update api_keys set label = $2, purpose = $3, selection_mode = $4, pool_mode = $5, pool_locked = $6,
                             priority = $7, addresses = $8, rate_per_s = $9, most_open = $10, daily_cap_nanos = $11,
                             expires_at_ms = $12, dialect = $13, duplicate_window_ms = $14, domains = $15,
                             without_url = $16
          where id = $1",
        key.0,
        settings.label.as_str(),
        settings.purpose.as_str(),
        settings.selection_mode.map(SelectionMode::as_str),
        settings.pool_mode.map(PoolMode::as_str),
        settings.pool_locked,
        list_text(settings.priority.as_ref()),
        list_text(settings.addresses.as_ref()),
        settings.rate_per_s.map(i64::from),
        settings.most_open.map(i64::from),
        settings.daily_cap.map(Amount::nanos),
        settings.expires_at_ms,
        settings.dialect.map(Dialect::as_str),
        settings.duplicate_window_ms,
        list_text(settings.domains.as_ref()),
        settings.without_url
    )?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "api_keys", id: key.to_string() });
    }
    Ok(())
}

pub(crate) async fn revoke(db: &mut Db, key: ApiKeyId) -> Result<(), StoreError> {
    let changed = sql!(db, execute, "update api_keys set status = 'revoked' where id = $1", key.0)?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "api_keys", id: key.to_string() });
    }
    Ok(())
}
