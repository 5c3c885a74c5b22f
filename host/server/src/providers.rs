//! Providers as the gateway runs them: adapter, addresses, limits, credentials, prices and site policy in one snapshot,
//! which is replaced as a whole, so that no request sees half of a change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use capstan_domain::adapter::{Abilities, FaultClass, Money, Placement, PollLimits, ProxySupport};
use capstan_domain::policy::{BadPattern, SitePolicy};
use capstan_domain::price::{Asked, NoPrice, PriceBook, Quote};
use capstan_domain::route::{Offer, Pool, Provision};
use capstan_domain::{AccountId, Amount, CredentialId, ProviderId, schedule};
use capstan_egress::{CredentialBinding, Grant, SealedCredential, is_loopback};
use capstan_sandbox::Adapter;
use capstan_storage::{
    Credential as CredentialRow, CredentialStatus, Provider as ProviderRow, ProviderStatus, Store, StoreError,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use url::Url;

use crate::clock;
use crate::quarantine::Quarantine;
use crate::site_policy;
use crate::statistics::{FamilyPlace, Statistics};
use crate::switches::Switches;

/// A provider that can be used: its row is active and its adapter is loaded.
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Its name as people write it.
    pub display_name: String,
    /// Its adapter.
    pub adapter: Adapter,
    /// Where it may be reached.
    pub grant: Grant,
    /// How it may be polled, in this gateway's time.
    pub limits: PollLimits,
    /// Divides every wait of the manifest; above 1 only on loopback.
    pub time_scale: u32,
    /// What it can do.
    pub abilities: Abilities,
    /// What has been seen of it, through all of its credentials.
    pub statistics: Arc<Statistics>,
    /// How its adapter behaves.
    pub quarantine: Arc<Quarantine>,
    is_active: bool,
    /// With which proxies it serves a family, and what it lists for a task in US dollars, if it does.
    served: HashMap<String, (ProxySupport, Option<Amount>)>,
}

/// A credential that can be used.
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Its pool.
    pub pool: Pool,
    /// Its contributor.
    pub owner: Option<AccountId>,
    /// Its provider.
    pub provider: ProviderId,
    /// What it was bound to when it was added.
    pub binding: CredentialBinding,
    /// Its sealed fields.
    pub sealed: SealedCredential,
    /// Polls under way.
    pub polls: Arc<Semaphore>,
    /// What has been seen of it.
    pub statistics: Arc<Statistics>,
    is_active: bool,
    rested_until_ms: Arc<AtomicI64>,
    polls_rested_until_ms: Arc<AtomicI64>,
}

/// What a credential was bound to when it was added, as its row keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Bound {
    pub(crate) hosts: Vec<String>,
    pub(crate) placements: Vec<Placement>,
}

/// A provider in use, and its credentials in use.
#[derive(Clone)]
struct InUse {
    provider: Arc<Provider>,
    credentials: Vec<Arc<Credential>>,
}

/// Everything that a route is made of.
#[derive(Clone, Default)]
pub struct Snapshot {
    providers: HashMap<ProviderId, Arc<Provider>>,
    credentials: HashMap<CredentialId, Arc<Credential>>,
    /// What the router chooses from, in the order of ids, so that a route does not depend on a map's order.
    in_use: Vec<InUse>,
    /// The operator's switches.
    pub switches: Switches,
    /// Prices in force.
    pub prices: PriceBook,
    /// Sites refused.
    pub policy: SitePolicy,
}

/// Why the database's rows make no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The rows cannot be read.
    #[error("providers, credentials, prices and policy cannot be read")]
    Store(#[from] StoreError),
    /// A provider's address is unusable.
    #[error("provider {provider}: {reason}")]
    Provider {
        /// Which provider.
        provider: ProviderId,
        /// What is wrong.
        reason: String,
    },
    /// A provider on this machine, where that is not for trials.
    #[error(
        "provider {0} is reached on this machine (loopback), which is for trials only; \
         allow_loopback_providers = true allows it"
    )]
    Loopback(ProviderId),
    /// A credential's row is unusable.
    #[error("credential {credential}: {reason}")]
    Credential {
        /// Which credential.
        credential: CredentialId,
        /// What is wrong.
        reason: String,
    },
    /// A price is unusable.
    #[error("the price book is refused as a whole")]
    Price(#[from] capstan_domain::price::BadPrice),
    /// A switch is unusable. Left out, it would lift a ceiling: what was in force stays in force.
    #[error("the switch {name} cannot be read")]
    Switch {
        /// Which switch.
        name: String,
    },
    /// A site rule is unusable.
    #[error("the site policy is refused as a whole")]
    Policy(#[from] BadPattern),
}

impl Snapshot {
    /// Reads everything from the database; rests, polls under way, statistics and quarantines are taken over from the
    /// snapshot before.
    ///
    /// # Errors
    /// [`SnapshotError`]; the snapshot before stays in force then.
    pub async fn load(
        store: &Store,
        adapters: &[Adapter],
        before: Option<&Self>,
        polls_at_once: usize,
    ) -> Result<Self, SnapshotError> {
        let mut providers = HashMap::new();
        for row in store.list_providers().await? {
            let Some(adapter) = adapters.iter().find(|a| a.manifest().provider == row.id) else {
                tracing::warn!(provider = %row.id, "no adapter is loaded for this provider");
                continue;
            };
            let known = before.and_then(|snapshot| snapshot.providers.get(&row.id));
            match provider(row, adapter.clone(), known) {
                Ok(provider) => drop(providers.insert(provider.id.clone(), Arc::new(provider))),
                Err(error) => left_out(&error),
            }
        }
        let mut credentials = HashMap::new();
        for row in store.list_credentials().await? {
            let known = before.and_then(|snapshot| snapshot.credentials.get(&row.id));
            match credential(row, known, polls_at_once) {
                Ok(credential) => drop(credentials.insert(credential.id, Arc::new(credential))),
                Err(error) => left_out(&error),
            }
        }
        let prices = store.current_price_book().await?.unwrap_or_default();
        let policy = site_policy::of(store.list_site_rules().await?)?;
        let in_use = in_use(&providers, &credentials);
        let switches = Switches::read(store.list_switches().await?).map_err(|name| SnapshotError::Switch { name })?;
        Ok(Self { providers, credentials, in_use, switches, prices, policy })
    }

    /// What the router chooses from, for one task. What is out of use is not offered; it stays findable for the tasks that
    /// are still open with it.
    #[must_use]
    pub fn provisions<'s>(&'s self, asked: &Asked<'_>, now_ms: i64) -> Vec<Provision<'s>> {
        let place = FamilyPlace::of(asked.family);
        let price = |provider, pool| self.quote(provider, asked, pool).ok().map(|quote| quote.price);
        let observed = |seen: &Statistics| place.map(|place| seen.observed(place, now_ms)).unwrap_or_default();
        let offer = |credential: &Arc<Credential>| Offer {
            credential: credential.id,
            pool: credential.pool,
            owner: credential.owner,
            observed: observed(&credential.statistics),
            rested_until_ms: credential.rested_until_ms.load(Ordering::Relaxed),
        };
        // Everything that takes a look-up is looked up once per provider.
        let provision = |InUse { provider, credentials }: &'s InUse| Provision {
            provider: &provider.id,
            serves: provider.served.get(asked.family).map(|(proxy, _)| *proxy),
            platform_price: price(provider, Pool::Platform),
            community_price: price(provider, Pool::Community),
            observed: observed(&provider.statistics),
            is_quarantined: !provider.quarantine.admits(),
            offers: credentials.iter().map(offer).collect(),
        };
        self.in_use.iter().map(provision).collect()
    }

    /// What a task costs at a provider, and why.
    ///
    /// # Errors
    /// [`NoPrice`].
    pub(crate) fn quote(&self, provider: &Provider, asked: &Asked<'_>, pool: Pool) -> Result<Quote<'_>, NoPrice> {
        self.prices.quote((&provider.id, provider.list_price(asked.family)), asked, pool)
    }

    /// A credential and its provider.
    #[must_use]
    pub fn find(&self, id: CredentialId) -> Option<(Arc<Provider>, Arc<Credential>)> {
        let credential = self.credentials.get(&id)?;
        let provider = self.providers.get(&credential.provider)?;
        Some((Arc::clone(provider), Arc::clone(credential)))
    }

    /// Every provider that can be used.
    pub(crate) fn providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.values()
    }

    /// Every credential that can be used.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = &Arc<Credential>> {
        self.credentials.values()
    }

    /// Refuses providers that are granted an address on this machine, where that is not allowed.
    ///
    /// # Errors
    /// [`SnapshotError::Loopback`].
    pub(crate) fn check_loopback(&self, allowed: bool) -> Result<(), SnapshotError> {
        let found = self.providers.values().find(|provider| provider.grant.loopback && !allowed);
        found.map_or(Ok(()), |provider| Err(SnapshotError::Loopback(provider.id.clone())))
    }

    /// A provider by its id.
    #[must_use]
    pub fn provider(&self, id: &ProviderId) -> Option<&Arc<Provider>> {
        self.providers.get(id)
    }
}

impl Provider {
    /// Whether new tasks may be sent to it.
    #[must_use]
    pub(crate) const fn is_in_use(&self) -> bool {
        self.is_active
    }

    /// A wait of the provider's in this gateway's time.
    #[must_use]
    pub fn in_our_time(&self, wait_ms: u32) -> u32 {
        wait_ms / self.time_scale.max(1)
    }

    /// What the provider lists for one task of a family, in US dollars.
    #[must_use]
    pub fn list_price(&self, family: &str) -> Option<Amount> {
        self.served.get(family).and_then(|(_, price)| *price)
    }
}

/// An amount that is stated in US dollars; other currencies are no amounts of this ledger.
#[must_use]
pub fn dollars(money: &Money) -> Option<Amount> {
    (money.currency == "USD").then(|| Amount::from_decimal(&money.amount).ok()).flatten()
}

/// Rest after "too fast" where the provider does not say how long, in its own time.
pub(crate) const THROTTLED_MS: u32 = 1_000;

fn rest(until_ms: &AtomicI64, rest_ms: u32) {
    until_ms.fetch_max(clock::now_ms().saturating_add(i64::from(rest_ms)), Ordering::Relaxed);
}

impl Credential {
    /// Every standing that a credential may have.
    pub(crate) const STANDINGS: [&'static str; 3] = ["ready", "resting", "out-of-use"];

    /// Lets a credential rest after a fault that says it is of no use now. What is too fast for a provider gets keys
    /// blocked for everybody, so the router leaves a resting credential out.
    pub fn rest_after(&self, class: FaultClass, provider: &Provider) {
        let rest_ms: u32 = match class {
            FaultClass::Throttled(after) => after.unwrap_or(THROTTLED_MS).min(600_000),
            FaultClass::ProviderDown => 1_000,
            FaultClass::CredentialRejected | FaultClass::CredentialOutOfFunds => 300_000,
            FaultClass::InvalidTask
            | FaultClass::Unsolvable
            | FaultClass::NotSupported
            | FaultClass::NoCapacity
            | FaultClass::InDoubt => return,
        };
        rest(&self.rested_until_ms, provider.in_our_time(rest_ms));
    }

    /// Lets its polls rest after the provider said "too fast"; never for so long that a result is dropped meanwhile.
    pub fn rest_polls_after(&self, class: FaultClass, provider: &Provider) {
        if let FaultClass::Throttled(after_ms) = class {
            let rest_ms = provider.in_our_time(after_ms.unwrap_or(THROTTLED_MS));
            rest(&self.polls_rested_until_ms, rest_ms.min(provider.limits.result_kept_ms / 2));
        }
    }

    /// Whether new tasks may be sent with it.
    #[must_use]
    pub(crate) const fn is_in_use(&self) -> bool {
        self.is_active
    }

    /// Until when no new task is routed to it, if it rests.
    #[must_use]
    pub fn rests_until(&self, now_ms: i64) -> Option<i64> {
        Some(self.rested_until_ms.load(Ordering::Relaxed)).filter(|until| *until > now_ms)
    }

    /// How it stands for the router, as a word for metrics.
    #[must_use]
    pub(crate) fn standing(&self, now_ms: i64) -> &'static str {
        let [ready, resting, out_of_use] = Self::STANDINGS;
        if !self.is_active {
            out_of_use
        } else if self.rests_until(now_ms).is_some() {
            resting
        } else {
            ready
        }
    }

    /// Until when its polls rest, if they do.
    #[must_use]
    pub fn polls_rest_until(&self, now_ms: i64) -> Option<i64> {
        Some(self.polls_rested_until_ms.load(Ordering::Relaxed)).filter(|until| *until > now_ms)
    }
}

fn in_use(
    providers: &HashMap<ProviderId, Arc<Provider>>,
    credentials: &HashMap<CredentialId, Arc<Credential>>,
) -> Vec<InUse> {
    let active = providers.values().filter(|provider| provider.is_active);
    let mut in_use: BTreeMap<&ProviderId, InUse> = active
        .map(|provider| (&provider.id, InUse { provider: Arc::clone(provider), credentials: Vec::new() }))
        .collect();
    for credential in credentials.values().filter(|credential| credential.is_active) {
        if let Some(at) = in_use.get_mut(&credential.provider) {
            at.credentials.push(Arc::clone(credential));
        }
    }
    let mut in_use: Vec<InUse> = in_use.into_values().collect();
    in_use.iter_mut().for_each(|at| at.credentials.sort_by_key(|credential| credential.id));
    in_use
}

/// One row that cannot be used keeps nobody else's from being used.
fn left_out(error: &SnapshotError) {
    tracing::error!(error = error as &dyn std::error::Error, "left out");
}

/// What a row may say of a provider on this machine only.
pub(crate) enum Misplaced {
    /// That it may be reached there.
    Loopback,
    /// That its waits are divided.
    TimeScale,
}

/// What a row says that its address does not allow.
pub(crate) const fn misplaced(row: &ProviderRow, on_loopback: bool) -> Option<Misplaced> {
    match (on_loopback, row.loopback, row.time_scale) {
        (true, ..) | (false, false, 1) => None,
        (false, true, _) => Some(Misplaced::Loopback),
        (false, false, _) => Some(Misplaced::TimeScale),
    }
}

pub(crate) fn provider(
    row: ProviderRow,
    adapter: Adapter,
    known: Option<&Arc<Provider>>,
) -> Result<Provider, SnapshotError> {
    let manifest = adapter.manifest().clone();
    let bad = |reason: &str| SnapshotError::Provider { provider: row.id.clone(), reason: reason.to_owned() };
    let base_url =
        Url::parse(row.base_url.as_deref().unwrap_or(&manifest.base_url)).map_err(|_| bad("its base URL is no URL"))?;
    match misplaced(&row, is_loopback(&base_url)) {
        Some(Misplaced::Loopback) => return Err(bad("its row grants loopback, but its base URL is elsewhere")),
        Some(Misplaced::TimeScale) => return Err(bad("time_scale is for providers on loopback only")),
        None => {}
    }
    let served = manifest.task_types.iter().map(|t| (t.family.clone(), (t.proxy, dollars(&t.list_price)))).collect();
    Ok(Provider {
        grant: Grant { provider: row.id.clone(), base_url, hosts: manifest.hosts.clone(), loopback: row.loopback },
        id: row.id,
        display_name: manifest.display_name,
        limits: schedule::scaled(&manifest.polling, row.time_scale),
        time_scale: row.time_scale,
        abilities: manifest.abilities,
        statistics: known.map_or_else(Arc::default, |k| Arc::clone(&k.statistics)),
        // Another adapter has done nothing yet.
        quarantine: known
            .filter(|known| known.adapter.digest() == adapter.digest())
            .map_or_else(Arc::default, |known| Arc::clone(&known.quarantine)),
        is_active: row.status == ProviderStatus::Active,
        adapter,
        served,
    })
}

pub(crate) fn credential(
    row: CredentialRow,
    known: Option<&Arc<Credential>>,
    polls_at_once: usize,
) -> Result<Credential, SnapshotError> {
    let bad = |_| SnapshotError::Credential { credential: row.id, reason: "its binding cannot be read".to_owned() };
    let bound: Bound = serde_json::from_str(&row.binding).map_err(bad)?;
    // A rest is the secret's own: another one begins afresh, and so does one that an operator puts back into use.
    let rests = known.filter(|k| k.is_active && k.sealed.as_bytes() == row.sealed.as_slice());
    Ok(Credential {
        binding: CredentialBinding {
            credential: row.id,
            provider: row.provider.clone(),
            owner: row.owner,
            hosts: bound.hosts,
            placements: bound.placements,
        },
        id: row.id,
        pool: row.pool,
        owner: row.owner,
        provider: row.provider,
        sealed: SealedCredential::from_bytes(row.sealed),
        polls: known.map_or_else(|| Arc::new(Semaphore::new(polls_at_once)), |k| Arc::clone(&k.polls)),
        statistics: known.map_or_else(Arc::default, |k| Arc::clone(&k.statistics)),
        is_active: row.status == CredentialStatus::Active,
        rested_until_ms: rests.map_or_else(Arc::default, |k| Arc::clone(&k.rested_until_ms)),
        polls_rested_until_ms: rests.map_or_else(Arc::default, |k| Arc::clone(&k.polls_rested_until_ms)),
    })
}
