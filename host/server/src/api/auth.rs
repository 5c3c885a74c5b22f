//! Who calls: `clientKey` to API key to account, remembered for a short while by the key's full hash.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use capstan_domain::code::ErrorCode;
use capstan_domain::dialect::Dialect;
use capstan_domain::policy::KeyDomains;
use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_domain::{AccountId, ApiKeyId, ProviderId};
use capstan_storage::{AccountStatus, FoundKey, KeyStatus};
use ipnet::IpNet;
use moka::sync::Cache;

use crate::app::App;
use crate::limits::Allowance;
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
    /// Requests per second, where not the gateway's own limit.
    pub rate_per_s: Option<NonZeroU32>,
    /// Most open tasks at once.
    pub most_open: Option<u32>,
    /// The dialect of the key's clients, where nothing else says.
    pub dialect: Option<Dialect>,
    /// For how long, in milliseconds, a byte-identical createTask gets the first one's answer.
    pub duplicate_window_ms: Option<i64>,
    /// From where the key may be used; `None` means from everywhere.
    networks: Option<Arc<[IpNet]>>,
    /// The sites that the key may be used for; `None` means every site.
    pub domains: Option<Arc<KeyDomains>>,
    /// Until when the key is valid.
    expires_at_ms: Option<i64>,
    /// How its account stands: a suspended one may read what it has paid for.
    account_status: AccountStatus,
}

/// Callers by the hash of their key. Bounded; whoever changes a key or an account in this process forgets them all.
pub struct Callers {
    known: Cache<[u8; 32], (u64, Caller)>,
    /// Counts how often all were forgotten. Who was read from the database before the last time is not remembered: the
    /// reading may be older than the change.
    generation: AtomicU64,
}

/// How long a caller is remembered: another process's change of a key is in force after this at the latest.
const REMEMBERED: Duration = Duration::from_secs(2);
/// Most callers remembered.
const MOST: u64 = 100_000;

impl Default for Callers {
    fn default() -> Self {
        Self {
            known: Cache::builder().max_capacity(MOST).time_to_live(REMEMBERED).build(),
            generation: AtomicU64::new(0),
        }
    }
}

impl Callers {
    /// Forgets everybody: the next request of each reads the database.
    pub fn forget_all(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.known.invalidate_all();
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn get(&self, hash: &[u8; 32], generation: u64) -> Option<Caller> {
        self.known.get(hash).filter(|(of, _)| *of == generation).map(|(_, caller)| caller)
    }
}

/// Finds the caller of a request that came from `address` with this key.
pub(super) async fn caller(app: &App, text: &str, address: IpAddr) -> Result<Caller, Refusal> {
    let unknown = |detail: &str| {
        tracing::debug!(client.address = %address, "a key is not accepted");
        Refusal::new(ErrorCode::KeyDoesNotExist, detail)
    };
    let hash = keys::lookup_hash(text.trim());
    app.rates
        .may_try(address, hash.as_ref())
        .map_err(|met| Refusal::met(met, "Too many keys that are none came from this address."))?;
    let guess = |detail: &str| {
        app.rates.guessed(address);
        unknown(detail)
    };
    let Some(hash) = hash else { return Err(guess("")) };
    // Before the database is read, so that a change in between is noticed.
    let generation = app.callers.generation();
    let caller = match app.callers.get(&hash, generation) {
        Some(caller) => caller,
        None => {
            let row = Box::pin(app.store.find_api_key(&hash)).await.map_err(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "an API key could not be read");
                Refusal::new(ErrorCode::Internal, "")
            })?;
            // A key that is there and good for nothing any more is nobody's guess.
            let row = row.ok_or_else(|| guess(""))?;
            let caller = Some(row).filter(|row| row.key.status == KeyStatus::Active).map(of_row);
            let caller = caller.ok_or_else(|| unknown(""))?;
            app.rates.proved(address, hash);
            app.callers.known.insert(hash, (generation, caller.clone()));
            caller
        }
    };
    if caller.expires_at_ms.is_some_and(|at| at <= clock::now_ms()) {
        return Err(unknown("The key has expired."));
    }
    if caller.networks.as_ref().is_some_and(|networks| !networks.iter().any(|network| network.contains(&address))) {
        tracing::debug!(client.address = %address, key.id = %caller.key, "a key is used from elsewhere");
        return Err(Refusal::new(ErrorCode::AddressNotAllowed, format!("The request came from {address}.")));
    }
    if caller.account_status == AccountStatus::Closed {
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
        rate_per_s: settings.rate_per_s.and_then(NonZeroU32::new),
        most_open: settings.most_open,
        networks: settings.addresses.map(|networks| networks.iter().map(|network| read_network(network)).collect()),
        dialect: settings.dialect,
        duplicate_window_ms: settings.duplicate_window_ms,
        domains: settings.domains.map(|domains| Arc::new(read_domains(&domains, settings.without_url))),
        expires_at_ms: settings.expires_at_ms,
        account_status: row.account_status,
    }
}

/// A network as the operator's verb wrote it. One that cannot be read contains nobody but itself: a key must not be good
/// from everywhere because of it.
fn read_network(text: &str) -> IpNet {
    text.parse().unwrap_or_else(|_| {
        tracing::error!("a key's network cannot be read");
        IpNet::from(IpAddr::from([0, 0, 0, 0]))
    })
}

/// Domains as the operator's verb wrote them, whatever is a public suffix by now. A list that cannot be read allows nothing.
fn read_domains(texts: &[String], without_url: bool) -> KeyDomains {
    KeyDomains::read_stored(texts.iter().map(String::as_str), without_url).unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a key's domains cannot be read");
        KeyDomains::nothing()
    })
}

/// Refuses callers whose account may create nothing.
pub(super) fn may_create(caller: &Caller) -> Result<(), Refusal> {
    match caller.account_status {
        AccountStatus::Active => Ok(()),
        AccountStatus::Suspended | AccountStatus::Closed => Err(Refusal::new(ErrorCode::UserBanned, "")),
    }
}

/// Counts a request against the caller's rate.
pub(super) fn limit(app: &App, caller: &Caller) -> Result<Allowance, Refusal> {
    app.rates.request(caller.key, caller.rate_per_s).map_err(|met| Refusal::met(met, ""))
}
