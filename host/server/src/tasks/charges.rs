//! What providers charge without a task to carry it: the account is refunded all the same, so the gateway bears it.

use std::sync::Arc;

use capstan_domain::Amount;
use capstan_domain::ProviderId;
use capstan_domain::adapter::{Charged, Fault};
use capstan_storage::{Charge, Heard, LateWord};

use super::moves::persist;
use super::open::{Attempt, OpenTask};
use crate::app::App;
use crate::clock;
use crate::metrics::MoneyMoved;

/// When what a contributor earns or gets back now is out of dispute.
pub(super) fn matures_at_ms(app: &App, now_ms: i64) -> i64 {
    now_ms.saturating_add(i64::try_from(app.limits.dispute_window.as_millis()).unwrap_or(i64::MAX))
}

/// What a failure cost, where the provider charged for it: it does not say how much, so its list price is taken.
pub(super) fn of_fault(app: &App, open: &OpenTask, attempt: &Attempt, fault: &Fault) -> Option<Charge> {
    match fault.charged {
        Charged::Yes => of_solution(app, open, attempt, None),
        Charged::No | Charged::Unknown => None,
    }
}

/// What a solution cost that brings nothing in: at the provider's own word, or else its list price.
pub(super) fn of_solution(app: &App, open: &OpenTask, attempt: &Attempt, told: Option<Amount>) -> Option<Charge> {
    let list = || app.snapshot.load().find(attempt.credential).and_then(|(p, _)| p.list_price(open.family.name));
    // What is below nothing is no word.
    let told = told.filter(|cost| *cost >= Amount::ZERO);
    let cost = told.or_else(list).filter(|cost| *cost > Amount::ZERO)?;
    Some(Charge { move_id: clock::new_move_id(), cost, is_told: told.is_some() })
}

/// Counts and tells a charge that is in the books.
pub(super) fn count(app: &App, open: &OpenTask, provider: &ProviderId, charge: Option<Charge>) {
    let Some(Charge { cost, .. }) = charge else { return };
    tracing::warn!(task.id = %open.id, provider.id = %provider, cost = %cost, "the gateway bears a provider's charge");
    app.metrics.moved(MoneyMoved::Loss, cost);
}

/// A solution that came when its task was over: withheld, its cost borne.
pub(super) async fn late(app: &Arc<App>, open: &Arc<OpenTask>, attempt: &Attempt, told: Option<Amount>) {
    let charge = of_solution(app, open, attempt, told);
    let at_ms = clock::now_ms();
    let word = LateWord {
        task: open.id,
        attempt: attempt.id,
        charged: Charged::Yes,
        charge,
        at_ms,
        matures_at_ms: matures_at_ms(app, at_ms),
    };
    match persist(app, open, || app.store.record_late_word(word)).await {
        Some(Heard::Done) => count(app, open, &attempt.provider, charge),
        // The same solution told twice.
        Some(Heard::Captured) | None => {}
    }
}
