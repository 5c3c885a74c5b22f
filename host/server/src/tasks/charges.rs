//! What providers charge without a task to carry it: the account is refunded all the same, so the gateway bears it.

use std::sync::Arc;

use capstan_domain::adapter::{Charged, Fault, FaultClass};
use capstan_domain::price::Terms;
use capstan_domain::route::Candidate;
use capstan_domain::{AccountId, Amount, CredentialId, ProviderId, TaskId};
use capstan_storage::{Charge, Heard, LateWord, OpenTask as OpenRow};
use tokio::sync::MutexGuard;

use super::moves::persist;
use super::open::{Attempt, Live, OpenTask};
use crate::app::App;
use crate::clock;
use crate::metrics::MoneyMoved;

/// When what a contributor earns or gets back now is out of dispute.
pub(super) fn matures_at_ms(app: &App, now_ms: i64) -> i64 {
    now_ms.saturating_add(i64::try_from(app.limits.dispute_window.as_millis()).unwrap_or(i64::MAX))
}

/// What a refusal cost, where the provider charged for it: it does not say how much, so its list price is taken.
pub(super) fn of_refusal(app: &App, open: &OpenTask, attempt: &Attempt, fault: &Fault) -> Option<Charge> {
    match fault.charged {
        Charged::Yes => of_solution(app, open, attempt, None),
        Charged::No | Charged::Unknown => None,
    }
}

/// Whether a submit that ended in this fault is taken as charged.
pub(super) const fn is_taken_as_charged(charged: Charged, class: FaultClass) -> bool {
    match charged {
        Charged::Yes => true,
        Charged::No => false,
        Charged::Unknown => matches!(class, FaultClass::Unsolvable | FaultClass::InDoubt),
    }
}

/// What the failure of a task cost that its provider had: one that was tried or forgotten, without anybody knowing whether it
/// was charged, is taken as charged. Not so a client's own bad data, which is mostly turned away before any work: else
/// somebody could send nonsense to his own contributed credential and be given money back for it.
pub(super) fn of_failure(app: &App, open: &OpenTask, attempt: &Attempt, fault: &Fault) -> Option<Charge> {
    let was_tried = fault.class == FaultClass::Unsolvable;
    match fault.charged {
        Charged::Yes => of_solution(app, open, attempt, None),
        Charged::Unknown if was_tried => untold(app, open, attempt),
        Charged::No | Charged::Unknown => None,
    }
}

/// What a solution cost that brings nothing in: at the provider's own word, or else what it was expected to cost.
pub(super) fn of_solution(app: &App, open: &OpenTask, attempt: &Attempt, told: Option<Amount>) -> Option<Charge> {
    // What is below nothing is no word.
    match told.filter(|cost| *cost >= Amount::ZERO) {
        Some(cost) => charge(cost, true),
        None => assume(app, open.family.name, (attempt.credential, &attempt.terms)),
    }
}

/// What an attempt is taken to have cost that nobody has told of.
pub(super) fn untold(app: &App, open: &OpenTask, attempt: &Attempt) -> Option<Charge> {
    given_back(app, (attempt.credential, open.account), of_solution(app, open, attempt, None)?)
}

/// What an attempt is taken to have cost that nobody can be asked about.
pub(super) fn assumed(app: &App, row: &OpenRow) -> Option<Charge> {
    let Candidate { credential, terms, .. } = &row.attempt.candidate;
    let assumed = assume(app, &row.task.facts.family, (*credential, terms))?;
    given_back(app, (*credential, row.task.facts.account), assumed)
}

/// A charge that may never have been made: the gateway bears it for its own credentials, and for contributed ones so long as it
/// is not too much for bad luck. What is not borne is told, so that an operator who knows better can make it good.
fn given_back(app: &App, (credential, payer): (CredentialId, AccountId), charge: Charge) -> Option<Charge> {
    let found = app.snapshot.load().find(credential);
    // Who is charged for the own task gets nothing back anyway.
    let lent = found.as_ref().filter(|(_, credential)| credential.owner != Some(payer));
    let lent = lent.and_then(|(_, credential)| credential.lent.as_ref());
    let is_borne = lent.is_none_or(|lent| lent.spending.gives_back(charge.cost, clock::now_ms()));
    if !is_borne {
        let cost = charge.cost;
        tracing::warn!(credential.id = %credential, %cost, "a charge that nobody has told of is not given back: too many of today's");
    }
    is_borne.then_some(charge)
}

/// What an attempt is expected to cost: what its provider listed or published for it when it was made, else what it lists now.
fn assume(app: &App, family: &str, (credential, terms): (CredentialId, &Terms)) -> Option<Charge> {
    let listed = || app.snapshot.load().find(credential).and_then(|(provider, _)| provider.list_price(family));
    charge(terms.expected_cost.or_else(listed)?, false)
}

fn charge(cost: Amount, is_told: bool) -> Option<Charge> {
    (cost > Amount::ZERO).then(|| Charge { move_id: clock::new_move_id(), cost, is_told })
}

/// Counts and tells a charge that is in the books; `charged` is what is known. One that nobody has told, for an attempt that
/// is taken as charged, is counted apart as well.
pub(super) fn count(app: &App, (task, provider): (TaskId, &ProviderId), charged: Charged, charge: Option<Charge>) {
    let Some(Charge { cost, is_told, .. }) = charge else { return };
    tracing::warn!(task.id = %task, provider.id = %provider, cost = %cost, "the gateway bears a provider's charge");
    app.metrics.moved(MoneyMoved::Loss, cost);
    if charged == Charged::Unknown && !is_told {
        app.metrics.assumed(provider, cost);
    }
}

/// The last that is heard of an attempt whose task is over.
pub(super) enum LastWord<'f> {
    /// Its provider solved it, for this cost where it said so. The solution is withheld.
    Solved(Option<Amount>),
    /// Its provider failed it.
    Failed(&'f Fault),
    /// Its provider surely did not accept it.
    Refused(&'f Fault),
    /// Its provider surely has no such task.
    NoSuchTask,
    /// None, and none will come.
    None,
}

/// Takes down the last word on an attempt whose task is over, and bears what it cost, once.
pub(super) async fn conclude(app: &Arc<App>, open: &Arc<OpenTask>, mut live: MutexGuard<'_, Live>, word: LastWord<'_>) {
    let attempt = &live.attempt;
    let (charged, charge) = match word {
        LastWord::Solved(told) => (Charged::Yes, of_solution(app, open, attempt, told)),
        LastWord::Failed(fault) => (fault.charged, of_failure(app, open, attempt, fault)),
        LastWord::Refused(fault) => (fault.charged, of_refusal(app, open, attempt, fault)),
        LastWord::NoSuchTask => (Charged::No, None),
        LastWord::None => (Charged::Unknown, untold(app, open, attempt)),
    };
    let at_ms = clock::now_ms();
    let late = LateWord {
        task: open.id,
        attempt: attempt.id,
        fence: open.fence,
        charged,
        charge,
        at_ms,
        matures_at_ms: matures_at_ms(app, at_ms),
    };
    // The lock is held throughout: an answer and the end of the watch do not cross.
    let heard = persist(app, open, || app.store.record_late_word(late)).await;
    live.watch = None;
    app.watched.remove(open.id);
    match heard {
        Some(Heard::Done) => count(app, (open.id, &live.attempt.provider), charged, charge),
        // The same solution told twice; or it could not be written, and whoever takes the shard up next finds it watched.
        Some(Heard::Captured) | None => {}
    }
}
