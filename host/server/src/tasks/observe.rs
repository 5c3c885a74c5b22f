//! What the ends of tasks say about providers: counted for the router, each task's once. What a client did wrong is never
//! counted, nor what another process began: its downtime is not the provider's time.

use capstan_domain::CredentialId;
use capstan_domain::adapter::FaultClass;
use capstan_domain::code::ErrorCode;
use capstan_domain::route::{Seen, Word};
use capstan_domain::task::TaskState;
use capstan_domain::trial::Ended;
use capstan_storage::{Outcome, Settlement};

use super::drive::{CutOff, Submitted};
use super::open::{Live, OpenTask};
use crate::adapters::trial;
use crate::app::App;
use crate::clock;
use crate::providers::{Credential, Provider};
use crate::standing;
use crate::statistics::FamilyPlace;

/// Takes down what a candidate's provider said instead of accepting a task.
pub(super) fn refused(provider: &Provider, credential: &Credential, family: &str, class: FaultClass) {
    credential.standing.note(standing::word_of(class, provider), provider);
    match class {
        // What is left says whether it is all that is missing, and when there is more again.
        FaultClass::CredentialOutOfFunds => credential.known_balance.look_soon(),
        // Where nobody is free, the next task may find nobody either.
        FaultClass::NoCapacity => count(provider, credential, family, (Seen::Unsolved(0), clock::now_ms())),
        // The client's; what the parameters ask for; what is counted when the task has ended; what the credential rests for,
        // of which there is no more to know until it is tried again.
        FaultClass::InvalidTask
        | FaultClass::NotSupported
        | FaultClass::Throttled(_)
        | FaultClass::Unsolvable
        | FaultClass::InDoubt
        | FaultClass::ProviderDown
        | FaultClass::CredentialRejected => {}
    }
}

/// Takes down that a candidate's provider has accepted a task, or solved it at once.
pub(super) fn accepted(provider: &Provider, credential: &Credential) {
    credential.standing.note(Word::Good, provider);
}

/// Takes down what a provider said to a poll: it is about the credential, and not about how many tasks it can have.
pub(super) fn poll_failed(provider: &Provider, credential: &Credential, class: FaultClass) {
    match class {
        FaultClass::Throttled(after_ms) => credential.standing.rest(standing::rest_ms(after_ms, provider)),
        FaultClass::ProviderDown | FaultClass::CredentialRejected => {
            credential.standing.note(standing::word_of(class, provider), provider);
        }
        FaultClass::InvalidTask
        | FaultClass::NotSupported
        | FaultClass::Unsolvable
        | FaultClass::InDoubt
        | FaultClass::NoCapacity
        | FaultClass::CredentialOutOfFunds => {}
    }
}

/// Looks whether a task has been open for so long that it is probably never answered, and counts it as that, once.
pub(super) fn still_open(provider: &Provider, app: &App, open: &OpenTask, live: &mut Live) {
    let (Some(began_at_ms), None) = (live.attempt.began_at_ms, live.attempt.overdue_ms) else { return };
    let (now_ms, Some(family)) = (clock::now_ms(), FamilyPlace::of(open.family.name)) else { return };
    let age_ms = now_ms.saturating_sub(began_at_ms);
    if provider.statistics.overdue_after_ms(family).is_none_or(|after_ms| age_ms <= after_ms) {
        return;
    }
    live.attempt.overdue_ms = Some(age_ms);
    if let Some((provider, credential)) = app.snapshot.load().find(live.attempt.credential) {
        count(&provider, &credential, open.family.name, (Seen::Overdue(age_ms), now_ms));
    }
}

fn count(provider: &Provider, credential: &Credential, family: &str, (seen, now_ms): (Seen, i64)) {
    if let Some(family) = FamilyPlace::of(family) {
        let changed = provider.statistics.note(family, seen, now_ms);
        credential.statistics.note_within(family, seen, now_ms, changed);
    }
}

/// Takes down for a trial of adapters that one was tried and the task goes to the next candidate. What ends with the task is taken
/// down when that has ended.
pub(super) fn tried_in_vain(app: &App, provider: &Provider, submitted: &Result<Submitted, CutOff>) {
    let class = match submitted {
        Ok(Submitted::Accepted(_) | Submitted::Solved(_)) => return,
        Ok(Submitted::Failed(fault)) => fault.class,
        Err(cut_off) => cut_off.fault().class,
    };
    match class {
        FaultClass::InvalidTask | FaultClass::Unsolvable | FaultClass::InDoubt => {}
        FaultClass::NotSupported
        | FaultClass::Throttled(_)
        | FaultClass::NoCapacity
        | FaultClass::CredentialRejected
        | FaultClass::CredentialOutOfFunds
        | FaultClass::ProviderDown => trial::ended(app, &provider.id, provider.adapter.digest_bytes(), Ended::Unsolved),
    }
}

/// The same for the end of a task.
fn tried(app: &App, live: &Live, settlement: &Settlement, took_ms: i64) {
    let ended = match &settlement.outcome {
        Outcome::Solved { .. } => Ended::Solved(took_ms),
        Outcome::Failed { fault, .. } => {
            let class = fault.as_ref().map(|fault| fault.class);
            let is_last_word = matches!(class, Some(FaultClass::InvalidTask | FaultClass::Unsolvable));
            // Who has refused it was counted then.
            if !is_last_word && !matches!(live.state, TaskState::Running | TaskState::InDoubt) {
                return;
            }
            Ended::Unsolved
        }
    };
    trial::ended(app, &live.attempt.provider, &live.attempt.digest, ended);
}

/// Counts a task's end, as it has just been settled; `live` is as it was before.
pub(super) fn ended(app: &App, open: &OpenTask, live: &Live, settlement: &Settlement) {
    // One that another process began was not taken off here either.
    let Some(began_at_ms) = live.attempt.began_at_ms else { return };
    tried(app, live, settlement, settlement.at_ms.saturating_sub(began_at_ms));
    give_back(app, live, settlement);
    let took_ms = settlement.at_ms.saturating_sub(began_at_ms);
    let seen = match (&settlement.outcome, live.attempt.overdue_ms) {
        (Outcome::Solved { .. }, None) => Seen::Solved(took_ms),
        (Outcome::Solved { .. }, Some(overdue_ms)) => Seen::SolvedLate(took_ms, overdue_ms),
        (Outcome::Failed { code, fault, .. }, overdue_ms) => {
            let gave_up = fault.as_ref().is_some_and(|fault| fault.class == FaultClass::Unsolvable);
            // At the deadline, somebody who has the task or may have it never said what became of it.
            let never_answered =
                *code == ErrorCode::TaskTimeout && matches!(live.state, TaskState::Running | TaskState::InDoubt);
            match (gave_up || never_answered, overdue_ms) {
                (true, None) => Seen::Unsolved(took_ms),
                (true, Some(overdue_ms)) => Seen::Lost(took_ms.saturating_sub(overdue_ms)),
                (false, Some(overdue_ms)) => Seen::Mistaken(overdue_ms),
                (false, None) => return,
            }
        }
    };
    if let Some((provider, credential)) = app.snapshot.load().find(live.attempt.credential) {
        count(&provider, &credential, open.family.name, (seen, settlement.at_ms));
    }
}

/// Raises what is known to be left by what a task cost nothing of that its provider had and failed: else whoever sends bad tasks
/// could have a credential taken for an empty one. One that was not accepted is given back when it is refused.
fn give_back(app: &App, live: &Live, settlement: &Settlement) {
    let Outcome::Failed { fault: Some(_), charge: None, .. } = &settlement.outcome else { return };
    let (TaskState::Running, Some(cost)) = (live.state, live.attempt.terms.expected_cost) else { return };
    if let Some((_, credential)) = app.snapshot.load().find(live.attempt.credential) {
        credential.known_balance.not_spent(cost);
    }
}

/// Counts a complaint: what had counted as solved was not. An account's complaints count under its cap only, so that they
/// take no more from a provider than a share of what the account's own tasks have given it. A good word adds nothing: its
/// task counts as solved as it is, and a contributor could praise their own credential.
pub(super) fn complained(app: &App, family: &str, credential: CredentialId) {
    if let Some((provider, credential)) = app.snapshot.load().find(credential) {
        count(&provider, &credential, family, (Seen::Wrong, clock::now_ms()));
    }
}
