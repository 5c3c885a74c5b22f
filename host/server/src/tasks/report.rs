//! What a client says of a solution: taken down, and passed on to the provider where it takes such words.

use std::sync::Arc;

use capstan_domain::adapter::{OpenTask, Report};
use capstan_domain::code::ErrorCode;
use capstan_domain::task::TaskState;
use capstan_egress::Waiting;
use capstan_storage::{Attempt, AttemptState, PassedOn, StoreError, Task, TaskName, TaskReport};

use super::drive::{self, Party, Reported};
use super::{Refusal, result};
use crate::api::Caller;
use crate::app::App;
use crate::clock;

/// Longest that a provider may take to hear a report, in milliseconds.
const PASSED_ON_WITHIN_MS: i64 = 30_000;

/// Takes a report down. The first word on a task counts; the same or another one later changes nothing, and reaches no
/// provider. Waits for the provider as long as createTask would, so that a client that reports and ends has been heard.
///
/// # Errors
/// [`ErrorCode::TaskNotFound`] for a task that is not the caller's, [`ErrorCode::InvalidTaskData`] for one that has no
/// solution, [`ErrorCode::Internal`].
pub async fn report(app: &Arc<App>, caller: &Caller, name: TaskName, correct: bool) -> Result<(), Refusal> {
    let found = app.store.find_task(caller.account, name).await.map_err(|error| failed(&error))?;
    let Some(task) = found else { return Err(Refusal::new(ErrorCode::TaskNotFound, "")) };
    if task.state != TaskState::Solved {
        return Err(Refusal::new(ErrorCode::InvalidTaskData, "taskId: only a task that was solved can be reported."));
    }
    let report = TaskReport { task: task.facts.id, correct, created_at_ms: clock::now_ms() };
    if !app.store.add_report(report).await.map_err(|error| failed(&error))? {
        return Ok(());
    }
    let telling = app.tracker.spawn(tell(Arc::clone(app), task, correct));
    // Past the wait it goes on by itself.
    let _ = tokio::time::timeout(app.limits.accept_wait, telling).await;
    Ok(())
}

async fn tell(app: Arc<App>, task: Task, correct: bool) {
    let id = task.facts.id;
    let told = match pass_on(&app, task, correct).await {
        Ok(Some(told)) => app.store.note_report(id, told).await,
        // What became of it is not known: nothing is noted.
        Ok(None) => return,
        Err(error) => Err(error),
    };
    if let Err(error) = told {
        tracing::warn!(task.id = %id, error = &error as &dyn std::error::Error, "a report may not have been passed on");
    }
}

async fn pass_on(app: &App, task: Task, correct: bool) -> Result<Option<PassedOn>, StoreError> {
    let attempts = app.store.list_attempts(task.facts.id).await?;
    let Some(solved) = attempts.into_iter().find(|attempt| attempt.state == AttemptState::Solved) else {
        return Ok(Some(PassedOn::NotSupported));
    };
    let found = app.snapshot.load().find(solved.candidate.credential).filter(|(p, c)| p.is_in_use() && c.is_in_use());
    let known = open_task(app, &task, &solved);
    let (Some((provider, credential)), Some(task)) = (found, known) else { return Ok(Some(PassedOn::NotSupported)) };
    if !provider.adapter.manifest().abilities.report {
        return Ok(Some(PassedOn::NotSupported));
    }
    let (until_ms, waiting) = (clock::now_ms().saturating_add(PASSED_ON_WITHIN_MS), Waiting::default());
    let party = Party { provider: &provider, credential: &credential, until_ms, waiting: &waiting };
    Ok(match drive::report(app, &party, Report { task, correct }).await {
        Ok(Reported::Done) => Some(PassedOn::Done),
        Ok(Reported::Failed(fault)) => {
            tracing::info!(provider.id = %solved.candidate.provider, fault = fault.class.as_str(), code = fault.code, "a report was refused");
            Some(PassedOn::Refused)
        }
        Err(cut_off) => {
            tracing::warn!(provider.id = %solved.candidate.provider, error = &cut_off as &dyn std::error::Error, "a report was cut off");
            None
        }
    })
}

/// The task as its provider knows it; `None` when it was solved at once, and so has no name there.
fn open_task(app: &App, task: &Task, solved: &Attempt) -> Option<OpenTask> {
    let sealed = solved.reference.as_deref()?;
    let (reference, memo) = result::open_reference(app, solved.id, sealed).ok()?;
    Some(OpenTask { reference, family: task.facts.family.clone(), memo })
}

fn failed(error: &StoreError) -> Refusal {
    tracing::error!(error = error as &dyn std::error::Error, "a report could not be taken down");
    Refusal::new(ErrorCode::Internal, "")
}
