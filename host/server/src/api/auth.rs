//! Who calls: `clientKey` to API key to account, remembered for a short while by the key's full hash.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use capstan_domain::code::ErrorCode;
use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_domain::{AccountId, ApiKeyId, ProviderId};
use capstan_storage::{AccountStatus, FoundKey, KeyStatus};
use moka::sync::Cache;
use serde_json::{Map, Value};

use crate::app::App;
use crate::tasks::Refusal;
use crate::{clock, keys};

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its API key.
    pub key: ApiKeyId,
    /// Its account.
    pub account: AccountId,
    /// The key's default order.
    pub selection_mode: Option<SelectionMode>,
    /// The key's default pool.
    pub pool_mode: Option<PoolMode>,
    /// The order of providers saved on the key.
    pub priority: Option<Arc<[ProviderId]>>,
    /// Whether a request may not have a wider pool than the key's.
    pub pool_locked: bool,
    /// The widest pool that the account may have.
    pub account_pool: Option<PoolMode>,
    /// Until when the key is valid.
    expires_at_ms: Option<i64>,
    /// Whether the account is active.
    is_active: bool,
}

/// Callers by the hash of their key. Bounded; whoever changes a key or an account in this process forgets them all.
pub struct Callers {
    known: Cache<[u8; 32], Caller>,
}

/// How long a caller is remembered: another process's change of a key is in force after this at the latest.
const REMEMBERED: Duration = Duration::from_secs(2);
/// Most callers remembered.
const MOST: u64 = 100_000;

impl Default for Callers {
    fn default() -> Self {
        Self { known: Cache::builder().max_capacity(MOST).time_to_live(REMEMBERED).build() }
    }
}

impl Callers {
    /// Forgets everybody: the next request of each reads the database.
    pub fn forget_all(&self) {
        self.known.invalidate_all();
    }
}

/// Finds the caller of a request that came from `address`.
pub(super) async fn caller(app: &App, body: &Map<String, Value>, address: IpAddr) -> Result<Caller, Refusal> {
    let unknown = |detail: &str| {
        tracing::debug!(client.address = %address, "a key is not accepted");
        Refusal::new(ErrorCode::KeyDoesNotExist, detail)
    };
    let text = match body.get("clientKey") {
        Some(Value::String(text)) => text.trim(),
        None | Some(Value::Null) => return Err(unknown("clientKey is missing.")),
        Some(_) => return Err(unknown("clientKey must be text.")),
    };
    let hash = keys::lookup_hash(text).ok_or_else(|| unknown(""))?;
    let caller = match app.callers.known.get(&hash) {
        Some(caller) => caller,
        None => {
            let row = app.store.find_api_key(&hash).await.map_err(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "an API key could not be read");
                Refusal::new(ErrorCode::Internal, "")
            })?;
            let caller =
                row.filter(|row| row.key.status == KeyStatus::Active).map(of_row).ok_or_else(|| unknown(""))?;
            app.callers.known.insert(hash, caller.clone());
            caller
        }
    };
    if caller.expires_at_ms.is_some_and(|at| at <= clock::now_ms()) {
        return Err(unknown("The key has expired."));
    }
    if !caller.is_active {
        return Err(Refusal::new(ErrorCode::UserBanned, ""));
    }
    Ok(caller)
}

fn of_row(row: FoundKey) -> Caller {
    let settings = row.key.settings;
    Caller {
        key: row.key.id,
        account: row.key.account,
        selection_mode: settings.selection_mode,
        pool_mode: settings.pool_mode,
        priority: settings.priority.map(Arc::from),
        pool_locked: settings.pool_locked,
        account_pool: row.account_pool,
        expires_at_ms: settings.expires_at_ms,
        is_active: row.account_status == AccountStatus::Active,
    }
}

/// Counts a request against the caller's rate.
pub(super) fn limit(app: &App, caller: &Caller) -> Result<(), Refusal> {
    if app.rates.admits_request(caller.key) { Ok(()) } else { Err(Refusal::new(ErrorCode::RateLimit, "")) }
}
