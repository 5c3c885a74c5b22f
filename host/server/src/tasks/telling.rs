//! Reports on their way to providers: each is told once, and what the provider says settles a complaint that waits for it.
//!
//! Who tells reserves the telling in the database first. A report that surely was not heard is told again by a later sweep;
//! one that may have been heard is not: its answer counts as lost when the time for telling is over.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::adapter::{Fault, FaultClass, OpenTask, Report};
use capstan_domain::complaint::Decision;
use capstan_egress::Waiting;
use capstan_storage::{Attempt, PassedOn, ReportAnswer, StoreError, Task, TaskName, UntoldReport};

use super::drive::{self, Asked, Party};
use super::{report, result};
use crate::adapters::at_generation;
use crate::app::App;
use crate::clock;

/// Longest that a provider may take to hear a report, in milliseconds.
const PASSED_ON_WITHIN_MS: i64 = 30_000;
/// Since when a telling without an end must have been interrupted: whoever began it has died.
const INTERRUPTED_AFTER_MS: i64 = 2 * PASSED_ON_WITHIN_MS;
/// Longest that a report is tried to be told: no service of the field takes one later than a quarter of an hour.
const GIVEN_UP_AFTER_MS: i64 = 900_000;
/// How often reports that were not told are looked for, and most of them at once.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
const MOST_AT_ONCE: i64 = 64;

/// A report to be told.
pub(super) struct Tale {
    /// The task.
    pub(super) task: Task,
    /// The attempt that solved it.
    pub(super) solved: Attempt,
    /// Whether the solution worked.
    pub(super) correct: bool,
}

/// How far a telling came.
enum Told {
    /// It is settled how the provider took it.
    Settled(PassedOn),
    /// The provider surely has not heard it.
    Unheard,
}

/// Tells a report, unless somebody else does, and says what is decided then.
pub(super) async fn tell(app: Arc<App>, tale: Tale) -> Option<Decision> {
    match try_to_tell(&app, &tale).await {
        Ok(decision) => decision,
        Err(error) => {
            let id = tale.task.facts.id;
            tracing::warn!(task.id = %id, error = &error as &dyn std::error::Error, "a report may not have been passed on");
            None
        }
    }
}

async fn try_to_tell(app: &App, tale: &Tale) -> Result<Option<Decision>, StoreError> {
    let (id, teller) = (tale.task.facts.id, clock::new_uuid());
    if !app.store.begin_telling(id, teller, clock::now_ms()).await? {
        return Ok(None);
    }
    match pass_on(app, tale).await {
        Told::Settled(passed_on) => settle(app, tale, passed_on).await,
        Told::Unheard => app.store.give_up_telling(id, teller).await.map(|()| None),
    }
}

/// Takes down how the provider took a report. A good word, and a complaint that did not wait, were counted before.
async fn settle(app: &App, tale: &Tale, passed_on: PassedOn) -> Result<Option<Decision>, StoreError> {
    let answer = ReportAnswer { task: tale.task.facts.id, passed_on, at_ms: clock::now_ms() };
    let settled = app.store.settle_report(answer).await?;
    if settled.has_decided {
        report::count(app, tale, settled.decision);
    }
    Ok(settled.decision)
}

async fn pass_on(app: &App, tale: &Tale) -> Told {
    let Tale { task, solved, correct } = tale;
    let found = app.snapshot.load().find(solved.candidate.credential).filter(|(p, c)| p.may_use(c));
    let (Some((provider, credential)), Some(task)) = (found, open_task(app, task, solved)) else {
        return Told::Settled(PassedOn::NotSupported);
    };
    let provider = at_generation(app, provider, &solved.adapter_digest).await;
    if !provider.adapter.manifest().abilities.report {
        return Told::Settled(PassedOn::NotSupported);
    }
    let (until_ms, waiting) = (clock::now_ms().saturating_add(PASSED_ON_WITHIN_MS), Waiting::default());
    let party = Party { provider: &provider, credential: Some(&credential), until_ms, waiting: &waiting };
    match drive::report(app, &party, Report { task, correct: *correct }).await {
        Ok(Asked::Told(())) => Told::Settled(PassedOn::Done),
        Ok(Asked::Failed(fault)) => {
            tracing::info!(provider.id = %provider.id, fault = fault.class.as_str(), code = fault.code, "a report was refused");
            told_by(&fault)
        }
        Err(cut_off) => {
            tracing::warn!(provider.id = %provider.id, error = &cut_off as &dyn std::error::Error, "a report was cut off");
            if cut_off.may_have_been_sent { Told::Settled(PassedOn::Unknown) } else { Told::Unheard }
        }
    }
}

/// What a fault says of a report.
fn told_by(fault: &Fault) -> Told {
    match fault.class {
        FaultClass::InvalidTask | FaultClass::Unsolvable => Told::Settled(PassedOn::Refused),
        FaultClass::NotSupported => Told::Settled(PassedOn::NotSupported),
        FaultClass::InDoubt => Told::Settled(PassedOn::Unknown),
        FaultClass::Throttled(_)
        | FaultClass::NoCapacity
        | FaultClass::CredentialRejected
        | FaultClass::CredentialOutOfFunds
        | FaultClass::ProviderDown => Told::Unheard,
    }
}

/// The task as its provider knows it; `None` when it was solved at once, and so has no name there.
fn open_task(app: &App, task: &Task, solved: &Attempt) -> Option<OpenTask> {
    let sealed = solved.reference.as_deref()?;
    let (reference, memo) = result::open_reference(app, solved.id, sealed).ok()?;
    Some(OpenTask { reference, family: task.facts.family.clone(), memo })
}

/// Takes up what was not told: at the start what an earlier process left, then what could not be told at once.
pub(crate) async fn sweep_reports(app: Arc<App>) {
    let mut grace_ms = 0;
    loop {
        if let Err(error) = sweep(&app, clock::now_ms().saturating_sub(grace_ms)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "reports that were not told cannot be looked for");
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        // What has just been said is being told by whoever took it down.
        grace_ms = 2 * i64::try_from(app.limits.accept_wait.as_millis()).unwrap_or(i64::MAX);
    }
}

/// Only enqueues: telling reserves, and settling is one guarded write, so that nodes may sweep side by side.
async fn sweep(app: &Arc<App>, before_ms: i64) -> Result<(), StoreError> {
    for untold in app.store.list_untold_reports(before_ms, MOST_AT_ONCE).await? {
        let Some(task) = app.store.find_any_task(TaskName::Id(untold.task)).await? else { continue };
        let Some(solved) = report::solver(app, &task).await? else { continue };
        let tale = Tale { task, solved, correct: untold.correct };
        match turn(&untold, clock::now_ms()) {
            Turn::Tell => drop(app.tracker.spawn(tell(Arc::clone(app), tale))),
            Turn::GiveUp => drop(settle(app, &tale, PassedOn::Unknown).await?),
            Turn::Wait => {}
        }
    }
    Ok(())
}

/// What is to be done about a report of which it is not settled how its provider took it.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Tell,
    GiveUp,
    Wait,
}

const fn turn(report: &UntoldReport, now_ms: i64) -> Turn {
    match report.told_at_ms {
        None if now_ms.saturating_sub(report.created_at_ms) > GIVEN_UP_AFTER_MS => Turn::GiveUp,
        None => Turn::Tell,
        Some(at_ms) if now_ms.saturating_sub(at_ms) > INTERRUPTED_AFTER_MS => Turn::GiveUp,
        Some(_) => Turn::Wait,
    }
}

#[cfg(test)]
mod tests {
    use capstan_domain::TaskId;
    use capstan_domain::adapter::Charged;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_may_have_been_heard_is_never_told_again() {
        let report =
            |told_at_ms| UntoldReport { task: TaskId(Uuid::nil()), correct: false, created_at_ms: 0, told_at_ms };
        assert_eq!(turn(&report(None), 0), Turn::Tell);
        assert_eq!(turn(&report(None), GIVEN_UP_AFTER_MS), Turn::Tell);
        assert_eq!(turn(&report(None), GIVEN_UP_AFTER_MS + 1), Turn::GiveUp);
        assert_eq!(turn(&report(Some(5)), 6), Turn::Wait);
        assert_eq!(turn(&report(Some(5)), 5 + INTERRUPTED_AFTER_MS), Turn::Wait);
        assert_eq!(turn(&report(Some(5)), 6 + INTERRUPTED_AFTER_MS), Turn::GiveUp);
    }

    #[test]
    fn only_a_fault_that_surely_came_before_the_report_leaves_it_untold() {
        let told = |class| told_by(&Fault { class, code: String::new(), message: String::new(), charged: Charged::No });
        assert!(matches!(told(FaultClass::Throttled(None)), Told::Unheard));
        assert!(matches!(told(FaultClass::ProviderDown), Told::Unheard));
        assert!(matches!(told(FaultClass::InDoubt), Told::Settled(PassedOn::Unknown)));
        assert!(matches!(told(FaultClass::InvalidTask), Told::Settled(PassedOn::Refused)));
        assert!(matches!(told(FaultClass::NotSupported), Told::Settled(PassedOn::NotSupported)));
    }
}
