//! What the ends of tasks say about providers: counted for the router, each task's once. What a client did wrong is never
//! counted, nor what another process began: its downtime is not the provider's time.

use capstan_domain::CredentialId;
use capstan_domain::adapter::FaultClass;
use capstan_domain::code::ErrorCode;
use capstan_domain::task::TaskState;
use capstan_storage::{Outcome, Settlement};

use super::open::{Live, OpenTask};
use crate::app::App;
use crate::clock;
use crate::providers::{Credential, Provider};
use crate::statistics::{FamilyPlace, Seen};

/// Counts a candidate's refusal.
pub(super) fn refused(provider: &Provider, credential: &Credential, family: &str, class: FaultClass) {
    let is_the_providers = match class {
        FaultClass::NoCapacity | FaultClass::ProviderDown => true,
        // The provider is as good as before, through its other credentials.
        FaultClass::CredentialRejected | FaultClass::CredentialOutOfFunds => false,
        // The client's; what the parameters ask for; the gateway's own haste, for which the credential rests. The last two
        // are counted when the task has ended.
        FaultClass::InvalidTask
        | FaultClass::NotSupported
        | FaultClass::Throttled(_)
        | FaultClass::Unsolvable
        | FaultClass::InDoubt => return,
    };
    let (Some(family), now_ms) = (FamilyPlace::of(family), clock::now_ms()) else { return };
    credential.statistics.note(family, Seen::Unsolved, now_ms);
    if is_the_providers {
        provider.statistics.note(family, Seen::Unsolved, now_ms);
    }
}

/// Counts a task's end, as it has just been settled; `live` is as it was before.
pub(super) fn ended(app: &App, open: &OpenTask, live: &Live, settlement: &Settlement) {
    let Some(began_at_ms) = live.attempt.began_at_ms else { return };
    let seen = match &settlement.outcome {
        Outcome::Solved { .. } => Seen::Solved(settlement.at_ms.saturating_sub(began_at_ms)),
        Outcome::Failed { code, fault, .. } => {
            let gave_up = fault.as_ref().is_some_and(|fault| fault.class == FaultClass::Unsolvable);
            // At the deadline, somebody who has the task or may have it never said what became of it.
            let never_answered =
                *code == ErrorCode::TaskTimeout && matches!(live.state, TaskState::Running | TaskState::InDoubt);
            if !(gave_up || never_answered) {
                return;
            }
            Seen::Unsolved
        }
    };
    let found = app.snapshot.load().find(live.attempt.credential);
    if let (Some((provider, credential)), Some(family)) = (found, FamilyPlace::of(open.family.name)) {
        credential.statistics.note(family, seen, settlement.at_ms);
        provider.statistics.note(family, seen, settlement.at_ms);
    }
}

/// Counts a complaint: what had counted as solved was not. An account's complaints count under its cap only, so that they
/// take no more from a provider than a share of what the account's own tasks have given it. A good word adds nothing: its
/// task counts as solved as it is, and a contributor could praise their own credential.
pub(super) fn complained(app: &App, family: &str, credential: CredentialId) {
    let (found, now_ms) = (app.snapshot.load().find(credential), clock::now_ms());
    if let (Some((provider, credential)), Some(family)) = (found, FamilyPlace::of(family)) {
        credential.statistics.note(family, Seen::Wrong, now_ms);
        provider.statistics.note(family, Seen::Wrong, now_ms);
    }
}
