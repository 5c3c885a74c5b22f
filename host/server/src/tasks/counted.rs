//! How a task's end is counted and told.

use std::time::Duration;

use capstan_domain::adapter::Charged;
use capstan_domain::code::ErrorCode;
use capstan_domain::{Amount, ProviderId};
use capstan_storage::{AttemptEnd, AttemptFault, Outcome, Settlement};

use super::charges;
use super::open::{Attempt, OpenTask};
use crate::app::App;
use crate::metrics::{AttemptOutcome, MoneyMoved};

/// Counts and tells a task's end, once: what settled it is the call that was first.
pub(super) fn end(
    app: &App,
    open: &OpenTask,
    provider: &ProviderId,
    (end, cost, returned): (&Settlement, Amount, Amount),
) {
    let family = open.family.name;
    app.metrics.moved(MoneyMoved::Captured, cost);
    app.metrics.moved(MoneyMoved::Released, returned);
    match &end.outcome {
        Outcome::Solved { .. } => {
            let after_ms = u64::try_from(end.at_ms.saturating_sub(open.view.created_at_ms)).unwrap_or(0);
            app.metrics.solved(provider, family, Duration::from_millis(after_ms));
            app.metrics.attempt(provider, AttemptOutcome::Solved, None);
            app.metrics.ended(family, None);
            tracing::info!(task.id = %open.id, provider.id = %provider, cost = %cost, after_ms, "solved");
        }
        // At the deadline nobody said that anything went wrong, and nobody told a charge.
        Outcome::Failed { code: code @ ErrorCode::TaskTimeout, end: AttemptEnd::Failed, charge, .. } => {
            charges::count(app, (open.id, provider), Charged::Unknown, *charge);
            app.metrics.attempt(provider, AttemptOutcome::TimedOut, None);
            app.metrics.ended(family, Some(*code));
        }
        Outcome::Failed { code, end: AttemptEnd::Failed, fault, charge, .. } => {
            charges::count(app, (open.id, provider), charged(fault.as_ref()), *charge);
            app.metrics.attempt(provider, AttemptOutcome::Failed, fault.as_ref().map(|fault| fault.class));
            app.metrics.ended(family, Some(*code));
        }
        // The attempt was counted when it was refused.
        Outcome::Failed { code, end: AttemptEnd::Refused, fault, charge, .. } => {
            charges::count(app, (open.id, provider), charged(fault.as_ref()), *charge);
            app.metrics.ended(family, Some(*code));
        }
    }
}

/// Counts what a solution cost at its provider's word, beside what it was expected to cost.
pub(super) fn costs(app: &App, attempt: &Attempt, outcome: &Outcome) {
    let Outcome::Solved { provider_cost: Some(reported), .. } = outcome else { return };
    let Some(expected) = attempt.terms.expected_cost else { return };
    app.metrics.provider_cost(&attempt.provider, (*reported, expected));
    if *reported > expected {
        tracing::warn!(provider.id = %attempt.provider, reported = %reported, expected = %expected, "a provider charges more than it lists");
    }
}

fn charged(fault: Option<&AttemptFault>) -> Charged {
    fault.map_or(Charged::Unknown, |fault| fault.charged)
}
