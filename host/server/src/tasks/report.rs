//! What a client says of a solution: taken down, decided, counted, and passed on to the provider where it takes such words
//! ([`telling`](super::telling)).

use std::sync::Arc;

use capstan_domain::catalogue;
use capstan_domain::code::ErrorCode;
use capstan_domain::complaint::Decision;
use capstan_domain::task::TaskState;
use capstan_storage::{Attempt, AttemptState, StoreError, Task, TaskName, TaskReport};

use super::telling::{self, Tale};
use super::{Refusal, observe};
use crate::api::Caller;
use crate::app::App;
use crate::clock;
use crate::metrics::MoneyMoved;

/// Takes a report down, and says what was decided on it; nothing on a good word. The first word on a task counts; the same or
/// another one later changes nothing, and reaches no provider. Waits for the provider as long as createTask would, so that a
/// client that reports and ends has been heard.
///
/// # Errors
/// [`ErrorCode::TaskNotFound`] for a task that is not the caller's, [`ErrorCode::InvalidTaskData`] for one that has no
/// solution, [`ErrorCode::Internal`].
pub async fn report(
    app: &Arc<App>,
    caller: &Caller,
    name: TaskName,
    correct: bool,
) -> Result<Option<Decision>, Refusal> {
    let found = app.store.find_task(caller.account, name).await.map_err(|error| failed(&error))?;
    let Some(task) = found else { return Err(Refusal::new(ErrorCode::TaskNotFound, "")) };
    if task.state != TaskState::Solved {
        return Err(Refusal::new(ErrorCode::InvalidTaskData, "taskId: only a task that was solved can be reported."));
    }
    let report = TaskReport {
        task: task.facts.id,
        account: caller.account,
        correct,
        // What only its provider can read proves nothing by not working.
        is_judgeable: catalogue::by_name(&task.facts.family).is_some_and(|family| !family.passes_through),
        policy: app.snapshot.load().switches.refunds,
        move_id: clock::new_move_id(),
        created_at_ms: clock::now_ms(),
    };
    let filed = app.store.file_report(report).await.map_err(|error| failed(&error))?;
    if !filed.is_first {
        return Ok(filed.decision);
    }
    let Some(solved) = solver(app, &task).await.map_err(|error| failed(&error))? else { return Ok(filed.decision) };
    let tale = Tale { task, solved, correct };
    count(app, &tale, filed.decision);
    if !filed.decision.is_none_or(Decision::is_passed_on) {
        return Ok(filed.decision);
    }
    let telling = app.tracker.spawn(telling::tell(Arc::clone(app), tale));
    // Past the wait it goes on by itself.
    let told = tokio::time::timeout(app.limits.accept_wait, telling).await;
    Ok(told.ok().and_then(Result::ok).flatten().or(filed.decision))
}

/// The attempt that solved a task.
pub(super) async fn solver(app: &App, task: &Task) -> Result<Option<Attempt>, StoreError> {
    let attempts = app.store.list_attempts(task.facts.id).await?;
    Ok(attempts.into_iter().find(|attempt| attempt.state == AttemptState::Solved))
}

/// Counts what was decided, once it is; a good word is one.
pub(super) fn count(app: &App, tale: &Tale, decision: Option<Decision>) {
    let provider = &tale.solved.candidate.provider;
    let Some(decision) = decision else { return app.metrics.reported(provider, "right") };
    if decision == Decision::Pending {
        return;
    }
    app.metrics.reported(provider, decision.as_str());
    if decision.counts() {
        observe::complained(app, &tale.task.facts.family, tale.solved.candidate.credential);
    }
    let cost = tale.task.cost.unwrap_or_default();
    if decision == Decision::Refunded {
        app.metrics.moved(MoneyMoved::Refunded, cost);
    }
    let decision = decision.as_str();
    tracing::info!(task.id = %tale.task.facts.id, provider.id = %provider, decision, cost = %cost, "a complaint was decided");
}

fn failed(error: &StoreError) -> Refusal {
    tracing::error!(error = error as &dyn std::error::Error, "a report could not be taken down");
    Refusal::new(ErrorCode::Internal, "")
}
