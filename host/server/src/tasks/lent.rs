//! What a task takes of a contributed credential: a place among its tasks, and a part of what may be spent today.

use std::sync::Arc;

use capstan_domain::catalogue::CanonicalTask;
use capstan_domain::exchange::limits::part_of;
use capstan_domain::exchange::{Asked, Used};
use capstan_domain::policy::Places;
use capstan_domain::price::Terms;
use capstan_domain::{AccountId, Amount};
use capstan_storage::Outcome;

use super::charges;
use crate::app::App;
use crate::clock;
use crate::exchange::spending::{Bounds, Reserved};
use crate::providers::Credential;

/// Takes a place, and what its provider is expected to charge; nothing of a platform credential. The owner's limits are for the
/// tasks of others, and this node has its part of them. `None` where the owner lends it for no more.
pub(super) fn take(
    app: &App,
    credential: &Credential,
    (account, terms): (AccountId, &Terms),
    payload: &CanonicalTask,
) -> Option<Option<Arc<Reserved>>> {
    let Some(lent) = &credential.lent else { return Some(None) };
    let is_own = credential.owner == Some(account);
    let cost = terms.expected_cost.unwrap_or(Amount::ZERO);
    // The owner's word may have come since this route was made.
    let places = Places::of(&payload.sites);
    let asked = Asked { family: payload.family.name, places: &places };
    let used = Used { balance: credential.known_balance.gives(clock::now_ms()), ..Used::default() };
    // What counts is held against this node's part below, which is never more than the whole.
    if !is_own && !lent.limits.hits(&asked, &used, Some(cost)).is_empty() {
        return None;
    }
    let bounds = if is_own {
        Bounds::default()
    } else {
        let cap = lent.limits.daily_cap.map(|cap| part(app, u64::try_from(cap.nanos()).unwrap_or(0)));
        Bounds {
            cap: cap.map(|nanos| Amount::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))),
            most_open: lent.limits.most_open.map(|most| u32::try_from(part(app, most.into())).unwrap_or(u32::MAX)),
        }
    };
    let reserved = lent.spending.reserve(cost, bounds, clock::now_ms())?;
    Some(Some(Arc::new(if is_own { reserved.own() } else { reserved })))
}

/// Counts a task that was there when this process began; what it may cost was counted then.
pub(super) fn before(credential: &Credential) -> Option<Arc<Reserved>> {
    let reserved = credential.lent.as_ref()?.spending.reserve(Amount::ZERO, Bounds::default(), clock::now_ms())?;
    Some(Arc::new(reserved.counted_before()))
}

/// The provider charged nothing.
pub(super) fn uncharged(lent: Option<&Arc<Reserved>>) {
    if let Some(reserved) = lent {
        reserved.uncharged();
    }
}

/// This node's part of a limit; a node alone has all of it.
fn part(app: &App, limit: u64) -> u64 {
    let shards = app.shards.load();
    if shards.are_all() {
        return limit;
    }
    part_of(limit, shards.held.iter().map(|fence| fence.shard))
}

impl Reserved {
    /// What the end of a task says about what was charged. What nobody knows counts as it was expected.
    pub(super) fn ended(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Solved { provider_cost, .. } => self.solved(*provider_cost),
            Outcome::Failed { fault: Some(fault), .. } if !charges::is_taken_as_charged(fault.charged, fault.class) => {
                self.uncharged();
            }
            Outcome::Failed { .. } => {}
        }
    }
}
