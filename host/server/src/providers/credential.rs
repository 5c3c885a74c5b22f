//! A credential as the gateway uses it: sealed, bound to hosts and placements, with what has been seen of it and how it stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use capstan_domain::adapter::FaultClass;
use capstan_domain::exchange::{Asked, OwnerLimits, Used};
use capstan_domain::route::{Hits, Observed, Offer, Pool};
use capstan_domain::{AccountId, Amount, CredentialId, ProviderId};
use capstan_egress::{CredentialBinding, SealedCredential};
use capstan_storage::{Credential as CredentialRow, CredentialStatus};
use tokio::sync::Semaphore;

use super::terms::Bound;
use super::{Provider, SnapshotError};
use crate::clock;
use crate::exchange::Spending;
use crate::known_balance::KnownBalance;
use crate::standing::LiveStanding;
use crate::statistics::Statistics;

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
    /// What it is bound to.
    pub binding: CredentialBinding,
    /// Its sealed fields.
    pub sealed: SealedCredential,
    /// Polls under way.
    pub polls: Arc<Semaphore>,
    /// What has been seen of it.
    pub statistics: Arc<Statistics>,
    /// How it stands: its rest, its breaker, its load.
    pub standing: Arc<LiveStanding>,
    /// What its owner lends it for, and what was made of it; none of a platform credential.
    pub(crate) lent: Option<Lent>,
    /// What it has left at its provider, as far as that is known.
    pub known_balance: Arc<KnownBalance>,
    /// What its provider's adapter asks for and whoever answers for it has not agreed to: until then it gets no task.
    pub(crate) awaits: Vec<String>,
    /// Whether the version on trial, if there is one, asks for nothing but what was agreed to.
    pub(crate) may_be_tried: bool,
    pub(super) is_active: bool,
    polls_rested_until_ms: Arc<AtomicI64>,
}

/// What a contributed credential is lent for, and what was made of it today.
pub(crate) struct Lent {
    pub(crate) limits: OwnerLimits,
    pub(crate) spending: Arc<Spending>,
    /// Whether somebody is just telling its owner what its provider said.
    pub(crate) is_told: Arc<AtomicBool>,
}

/// Rest after "too fast" where the provider does not say how long, in its own time.
pub(crate) const THROTTLED_MS: u32 = 1_000;

impl Credential {
    /// Every standing that a credential may have.
    pub(crate) const STANDINGS: [&'static str; 3] = ["ready", "resting", "out-of-use"];

    /// Lets its polls rest after the provider said "too fast"; never for so long that a result is dropped meanwhile.
    pub fn rest_polls_after(&self, class: FaultClass, provider: &Provider) {
        if let FaultClass::Throttled(after_ms) = class {
            let rest_ms = provider.in_our_time(after_ms.unwrap_or(THROTTLED_MS));
            let until_ms = clock::now_ms().saturating_add(i64::from(rest_ms.min(provider.limits.result_kept_ms / 2)));
            self.polls_rested_until_ms.fetch_max(until_ms, Ordering::Relaxed);
        }
    }

    /// As the router sees it. `wanted` is the task and what its provider is expected to charge.
    pub(super) fn offer(&self, observed: Observed, wanted: (&Asked<'_>, Option<Amount>), now_ms: i64) -> Offer {
        Offer {
            credential: self.id,
            pool: self.pool,
            owner: self.owner,
            observed,
            rested_until_ms: self.standing.rested_until_ms(),
            load: self.standing.load(),
            owners_limits: self
                .lent
                .as_ref()
                .map_or_else(Hits::default, |lent| self.owners_limits(lent, wanted, now_ms)),
            balance: self.known_balance.gives(now_ms),
        }
    }

    fn owners_limits(&self, lent: &Lent, (asked, cost): (&Asked<'_>, Option<Amount>), now_ms: i64) -> Hits {
        let today = lent.limits.daily_cap.map_or(Amount::ZERO, |_| lent.spending.today(now_ms));
        // Those that are on their way here count as well: they come before this one.
        let open = self.standing.load().in_flight.max(lent.spending.open());
        let used = Used { today, open, balance: self.known_balance.gives(now_ms) };
        lent.limits.hits(asked, &used, cost)
    }

    /// Whether new tasks may be sent with it.
    #[must_use]
    pub(crate) const fn is_in_use(&self) -> bool {
        self.is_active
    }

    /// Until when no new task is routed to it, if it rests.
    #[must_use]
    pub fn rests_until(&self, now_ms: i64) -> Option<i64> {
        Some(self.standing.rested_until_ms()).filter(|until| *until > now_ms)
    }

    /// How it stands for the router, as a word for metrics.
    #[must_use]
    pub(crate) fn standing_word(&self, now_ms: i64) -> &'static str {
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

/// What is known of a credential beside its row: its provider, what its owner lends it for, and what it was before.
#[derive(Default)]
pub(crate) struct Beside<'k> {
    pub(crate) provider: Option<&'k Provider>,
    pub(crate) limits: Option<OwnerLimits>,
    pub(crate) known: Option<&'k Arc<Credential>>,
}

pub(crate) fn credential(
    row: CredentialRow,
    Beside { provider, limits, known }: Beside<'_>,
    polls_at_once: usize,
) -> Result<Credential, SnapshotError> {
    let bad = || SnapshotError::Credential { credential: row.id, reason: "its binding cannot be read".to_owned() };
    let bound = Bound::read(&row).ok_or_else(bad)?;
    let agreed = bound.agreed();
    let awaits = provider.map_or_else(Vec::new, |provider| agreed.lacks(&provider.terms));
    let tried = provider.and_then(|provider| provider.terms_on_trial.as_ref());
    // What is known of a secret is its own: of another one nothing is. A rest ends when a person puts it back into use.
    let same = known.filter(|k| k.sealed.as_bytes() == row.sealed.as_slice());
    let rests = same.filter(|k| k.is_active);
    Ok(Credential {
        binding: bound.seal((row.id, &row.provider, row.owner)),
        id: row.id,
        pool: row.pool,
        owner: row.owner,
        provider: row.provider,
        sealed: SealedCredential::from_bytes(row.sealed),
        polls: known.map_or_else(|| Arc::new(Semaphore::new(polls_at_once)), |k| Arc::clone(&k.polls)),
        statistics: known.map_or_else(Arc::default, |k| Arc::clone(&k.statistics)),
        lent: limits.map(|limits| Lent { limits, spending: spending(known), is_told: Arc::default() }),
        is_active: row.status == CredentialStatus::Active && row.owner_is_active && awaits.is_empty(),
        awaits,
        may_be_tried: tried.is_none_or(|tried| agreed.lacks(tried).is_empty()),
        standing: rests.map_or_else(Arc::default, |k| Arc::clone(&k.standing)),
        known_balance: same.map_or_else(Arc::default, |k| Arc::clone(&k.known_balance)),
        polls_rested_until_ms: rests.map_or_else(Arc::default, |k| Arc::clone(&k.polls_rested_until_ms)),
    })
}

/// What one credential has spent outlives its limits and its pauses.
fn spending(known: Option<&Arc<Credential>>) -> Arc<Spending> {
    let known = known.and_then(|credential| credential.lent.as_ref());
    known.map_or_else(Arc::default, |lent| Arc::clone(&lent.spending))
}
