//! Providers as the gateway runs them: adapter, addresses, limits, credentials, prices and site policy in one snapshot,
//! which is replaced as a whole, so that no request sees half of a change.

mod credential;
pub(crate) mod grant;
mod provider;
pub(crate) mod terms;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use capstan_domain::adapter::Money;
use capstan_domain::policy::{BadPattern, Places, SitePolicy};
use capstan_domain::price::{Asked, NoPrice, PriceBook, Quote};
use capstan_domain::route::{Offer, Pool, PoolMode, Provision};
use capstan_domain::{AccountId, Amount, CredentialId, ProviderId, exchange};
use capstan_storage::{Store, StoreError};

pub use credential::Credential;
pub(crate) use credential::{Beside, THROTTLED_MS, credential};
pub use provider::Provider;
pub(crate) use provider::{Misplaced, RowGrant, Version, misplaced, provider};

use crate::adapters::Latest;
use crate::site_policy;
use crate::statistics::{FamilyPlace, Statistics};
use crate::switches::Switches;

/// A task, as far as it is routed.
pub struct Wanted<'t> {
    /// Whose it is; none of a task that nobody has sent.
    pub account: Option<AccountId>,
    /// What it is, for its price.
    pub asked: Asked<'t>,
    /// The sites that it names.
    pub places: Places<'t>,
}

/// A provider in use, and its credentials in use, by their pools.
#[derive(Clone)]
struct InUse {
    provider: Arc<Provider>,
    platform: Vec<Arc<Credential>>,
    community: Vec<Arc<Credential>>,
    /// Those of the community, by their owners: an own one is always offered.
    owned: HashMap<AccountId, Vec<Arc<Credential>>>,
}

/// As many credentials of one provider and pool are offered for one task, of those that do not rest. They cost the same and are
/// much alike, so that the best of some drawn is about as good as the best of all; and a thousand tasks of one moment do not
/// all find the same one best.
const OFFERED: usize = 32;

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
    /// Reads everything from the database; rests, balances, polls under way, statistics, markets and quarantines are taken over from the
    /// snapshot before.
    ///
    /// # Errors
    /// [`SnapshotError`]; the snapshot before stays in force then.
    pub(crate) async fn load(
        store: &Store,
        adapters: &[Latest],
        before: Option<&Self>,
        polls_at_once: usize,
    ) -> Result<Self, SnapshotError> {
        let mut providers = HashMap::new();
        for row in store.list_providers().await? {
            let Some(latest) = adapters.iter().find(|latest| latest.adapter.manifest().provider == row.id) else {
                tracing::warn!(provider = %row.id, "no adapter is loaded for this provider");
                continue;
            };
            let known = before.and_then(|snapshot| snapshot.providers.get(&row.id));
            match provider(row, latest, known) {
                Ok(provider) => drop(providers.insert(provider.id.clone(), Arc::new(provider))),
                Err(error) => left_out(&error),
            }
        }
        let mut credentials = HashMap::new();
        let mut lent = store.list_contributions(None).await?;
        for row in store.list_credentials().await? {
            let contribution = lent.remove(&row.id);
            if contribution.as_ref().is_some_and(|contribution| contribution.destroyed_at_ms.is_some()) {
                continue;
            }
            let beside = Beside {
                provider: providers.get(&row.provider).map(Arc::as_ref),
                limits: contribution.map(|contribution| contribution.limits),
                known: before.and_then(|snapshot| snapshot.credentials.get(&row.id)),
            };
            match credential(row, beside, polls_at_once) {
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

    /// What the router chooses from, for one task, of many credentials those that are drawn. What is out of use is not offered;
    /// it stays findable for the tasks that are still open with it.
    #[must_use]
    pub fn provisions<'s>(&'s self, wanted: &Wanted<'_>, (now_ms, draw): (i64, u64)) -> Vec<Provision<'s>> {
        let Wanted { account, asked, places } = wanted;
        let lent_for = exchange::Asked { family: asked.family, places };
        let place = FamilyPlace::of(asked.family);
        let price = |provider, pool| self.quote(provider, asked, pool).ok().map(|quote| quote.price);
        let observed = |seen: &Statistics| place.map(|place| seen.observed(place, now_ms)).unwrap_or_default();
        // Everything that takes a look-up is looked up once per provider.
        let provision = |InUse { provider, platform, community, owned }: &'s InUse| {
            let published = provider.published(place, now_ms);
            let community_price = price(provider, Pool::Community);
            // What an owner's limits are held against.
            let cost = community_price.and_then(|price| price.published_at(published.price).terms.expected_cost);
            let mut offers = Vec::with_capacity(platform.len().min(OFFERED) + community.len().min(OFFERED));
            let offer = |credential: &Arc<Credential>| {
                credential.offer(observed(&credential.statistics), (&lent_for, cost), now_ms)
            };
            let is_own = |offer: &Offer| account.is_some() && offer.owner == *account;
            offers.extend(account.and_then(|account| owned.get(&account)).into_iter().flatten().map(offer));
            for credentials in [platform, community] {
                let others = drawn(credentials, draw).map(offer).filter(|offer| !is_own(offer));
                let mut ready = 0;
                offers.extend(others.take_while(|offer| {
                    ready += usize::from(offer.rested_until_ms <= now_ms && offer.owners_limits.is_empty());
                    ready <= OFFERED
                }));
            }
            Provision {
                provider: &provider.id,
                serves: provider.served.get(asked.family).map(|(proxy, _)| *proxy),
                platform_price: price(provider, Pool::Platform),
                community_price,
                observed: observed(&provider.statistics),
                published,
                is_quarantined: !provider.quarantine.admits(),
                credentials: platform.len() + community.len(),
                offers,
            }
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

    /// The same, if a new task of that family may be sent with it now; not where the operator has closed its pool for all accounts.
    #[must_use]
    pub(crate) fn usable(&self, id: CredentialId, family: &str) -> Option<(Arc<Provider>, Arc<Credential>)> {
        let ceilings = [self.switches.pool, self.switches.family_pools.get(family).copied()];
        let is_closed = ceilings.contains(&Some(PoolMode::PlatformOnly));
        self.find(id).filter(|(p, c)| p.may_use(c) && (c.pool == Pool::Platform || !is_closed))
    }

    /// Every provider that can be used.
    pub(crate) fn providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.values()
    }

    /// Every credential that can be used.
    pub fn credentials(&self) -> impl Iterator<Item = &Arc<Credential>> {
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

/// An amount that is stated in US dollars; other currencies are no amounts of this ledger.
#[must_use]
pub fn dollars(money: &Money) -> Option<Amount> {
    (money.currency == "USD").then(|| Amount::from_decimal(&money.amount).ok()).flatten()
}

/// All of them, from a drawn one on.
fn drawn(credentials: &[Arc<Credential>], draw: u64) -> impl Iterator<Item = &Arc<Credential>> {
    let many = u64::try_from(credentials.len()).unwrap_or(u64::MAX).max(1);
    let first = if credentials.len() > OFFERED { usize::try_from(draw % many).unwrap_or(0) } else { 0 };
    let (before, from) = credentials.split_at_checked(first).unwrap_or((&[], credentials));
    from.iter().chain(before)
}

fn in_use(
    providers: &HashMap<ProviderId, Arc<Provider>>,
    credentials: &HashMap<CredentialId, Arc<Credential>>,
) -> Vec<InUse> {
    let of = |id: &ProviderId, pool: Pool| -> Vec<Arc<Credential>> {
        let is_of = |c: &&Arc<Credential>| c.is_active && c.provider == *id && c.pool == pool;
        let mut of: Vec<Arc<Credential>> = credentials.values().filter(is_of).cloned().collect();
        of.sort_by_key(|credential| credential.id);
        of
    };
    let active: BTreeMap<&ProviderId, &Arc<Provider>> = providers.iter().filter(|(_, p)| p.is_active).collect();
    let in_use = |(id, provider): (&ProviderId, &Arc<Provider>)| {
        let community = provider.contribution_note.as_ref().map_or_else(Vec::new, |_| of(id, Pool::Community));
        let mut owned: HashMap<AccountId, Vec<Arc<Credential>>> = HashMap::new();
        for credential in &community {
            if let Some(owner) = credential.owner {
                owned.entry(owner).or_default().push(Arc::clone(credential));
            }
        }
        InUse { provider: Arc::clone(provider), platform: of(id, Pool::Platform), community, owned }
    };
    active.into_iter().map(in_use).collect()
}

/// One row that cannot be used keeps nobody else's from being used.
fn left_out(error: &SnapshotError) {
    tracing::error!(error = error as &dyn std::error::Error, "left out");
}
