//! What a client reads. No provider, no adapter, no write: polling by clients causes no provider traffic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use capstan_domain::code::ErrorCode;
use capstan_domain::task::TaskState;
use capstan_domain::{AccountId, Amount, AttemptId, TaskId};
use capstan_egress::{Purpose, VaultError};
use capstan_storage::{Task, TaskName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::{OpenTask, Progress};
use super::{Ending, Refusal, Storm, TaskView, Written};
use crate::api::Caller;
use crate::app::App;
use crate::clock;
use crate::limits::Allowance;

/// The task as its owner sees it, after a wait for its end where one is asked for. Somebody else's task is simply unknown.
///
/// # Errors
/// [`ErrorCode::TaskNotFound`], [`ErrorCode::RateLimit`] or [`ErrorCode::Internal`].
pub async fn result(
    app: &App,
    caller: &Caller,
    name: TaskName,
    wait: Duration,
) -> Result<(Arc<TaskView>, Allowance), Refusal> {
    if let Some(open) = app.open.find(name).filter(|open| open.account == caller.account) {
        let allowance = limit_polls(app, open.id)?;
        polled(app, caller, open.storm.as_deref());
        return Ok((when_ended(app, &open, wait).await, allowance));
    }
    if let Some(ended) = app.ended.find(name).filter(|ended| ended.account == caller.account) {
        let allowance = limit_polls(app, ended.view.task)?;
        polled(app, caller, ended.storm.as_deref());
        return Ok((ended.view, allowance));
    }
    // Apart, so that what is asked for most is a small future.
    Box::pin(from_database(app, caller, name, wait)).await
}

/// Takes down that a task was asked for: its request was no storm.
fn polled(app: &App, caller: &Caller, storm: Option<&Storm>) {
    if storm.is_some_and(Storm::calm) {
        app.storms.forget(caller.key);
    }
}

/// How often a task that another node moves is looked at while its client waits.
const LOOK_EVERY: Duration = Duration::from_secs(1);

async fn from_database(
    app: &App,
    caller: &Caller,
    name: TaskName,
    wait: Duration,
) -> Result<(Arc<TaskView>, Allowance), Refusal> {
    // Guessing names is a request like any other; only polls of one's own tasks are free of the key's limit.
    let unknown = || match app.rates.request(caller.key, caller.rate_per_s) {
        Ok(_) => Refusal::new(ErrorCode::TaskNotFound, ""),
        Err(met) => Refusal::met(met, ""),
    };
    let until = Instant::now() + wait.min(app.limits.long_poll);
    let mut allowance = None;
    loop {
        let row = app.store.find_task(caller.account, name).await.map_err(|error| {
            tracing::error!(?name, error = &error as &dyn std::error::Error, "a task could not be read");
            Refusal::new(ErrorCode::Internal, "")
        })?;
        let Some(row) = row else { return Err(unknown()) };
        let id = row.facts.id;
        let allowed = match allowance {
            Some(allowed) => allowed,
            None => *allowance.insert(limit_polls(app, id)?),
        };
        let view = view_of(app, &row).map_err(|error| unreadable(id, &error))?;
        let view = view.ok_or_else(|| Refusal::new(ErrorCode::TaskNotFound, ""))?;
        let left = until.saturating_duration_since(Instant::now());
        if !matches!(view.ending, Ending::Open) || left.is_zero() || app.draining.is_cancelled() {
            let view = Arc::new(view);
            app.ended.remember(caller.account, &view, (clock::now_ms(), app.limits.retention));
            return Ok((view, allowed));
        }
        // Another node moves it, and wakes nobody here.
        tokio::time::sleep(LOOK_EVERY.min(left)).await;
    }
}

/// An open task as it is when it has ended, or when the wait or the gateway's patience is over.
async fn when_ended(app: &App, open: &OpenTask, wait: Duration) -> Arc<TaskView> {
    let mut progress = open.progress.subscribe();
    let wait = wait.min(app.limits.long_poll);
    if wait > Duration::ZERO {
        tokio::select! {
            // A gateway that is told to stop answers those who wait; they ask again elsewhere.
            () = app.draining.cancelled() => {}
            _ = tokio::time::timeout(wait, progress.wait_for(|p| matches!(p, Progress::Ended(_)))) => {}
        }
    }
    let progress = progress.borrow().clone();
    match progress {
        Progress::Ended(view) => view,
        Progress::Submitting | Progress::Sent => Arc::clone(&open.view),
    }
}

fn limit_polls(app: &App, id: TaskId) -> Result<Allowance, Refusal> {
    app.rates.poll(id).map_err(|met| Refusal::met(met, ""))
}

pub(super) fn unreadable(id: TaskId, error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::error!(task.id = %id, error, "a task could not be read");
    Refusal::new(ErrorCode::Internal, "")
}

/// The balance that the account can spend.
///
/// # Errors
/// [`ErrorCode::Internal`].
pub async fn balance(app: &App, caller: &Caller) -> Result<Amount, Refusal> {
    match app.store.balance(caller.account).await {
        Ok(Some(balance)) => Ok(balance.available),
        Ok(None) => Err(Refusal::new(ErrorCode::KeyDoesNotExist, "")),
        Err(error) => {
            tracing::error!(account.id = %caller.account, error = &error as &dyn std::error::Error, "a balance could not be read");
            Err(Refusal::new(ErrorCode::Internal, ""))
        }
    }
}

/// A task that has ended, from the database; `None` when it has not, or its solution is past its retention.
pub(super) async fn ended_view(app: &App, account: AccountId, id: TaskId) -> Option<TaskView> {
    let row = app.store.find_task(account, TaskName::Id(id)).await.ok().flatten()?;
    view_of(app, &row).ok().flatten()
}

/// A row as its owner sees it; `None` when its solution is past its retention.
pub(super) fn view_of(app: &App, row: &Task) -> Result<Option<TaskView>, VaultError> {
    let ended_at_ms = row.ended_at_ms.unwrap_or(row.facts.created_at_ms);
    let ending = match row.state {
        TaskState::Submitting | TaskState::Running | TaskState::InDoubt => Ending::Open,
        TaskState::Failed => {
            let (code, detail) = row.error.clone().unwrap_or((ErrorCode::Internal, String::new()));
            Ending::Failed { code, detail, ended_at_ms }
        }
        TaskState::Solved => {
            let Some(sealed) = &row.solution else { return Ok(None) };
            let plain = app.vault.open(Purpose::Solution, row.facts.id.0.as_bytes(), sealed)?;
            let solution: Map<String, Value> = serde_json::from_slice(&plain).unwrap_or_default();
            let provider = row.solver.clone().map_or_else(String::new, |id| {
                let snapshot = app.snapshot.load();
                snapshot.provider(&id).map_or_else(|| id.to_string(), |p| p.display_name.clone())
            });
            Ending::Solved { solution, cost: row.cost.unwrap_or(Amount::ZERO), provider, ended_at_ms }
        }
    };
    let facts = &row.facts;
    let (task, number, created_at_ms) = (facts.id, facts.number, facts.created_at_ms);
    Ok(Some(TaskView {
        task,
        number,
        task_type: facts.task_type.clone(),
        created_at_ms,
        ending,
        written: Written::default(),
    }))
}

/// Seals a solution for its row.
pub(super) fn seal_solution(app: &App, task: TaskId, solution: &Map<String, Value>) -> Result<Vec<u8>, VaultError> {
    let plain = Value::Object(solution.clone()).to_string();
    app.vault.seal(Purpose::Solution, task.0.as_bytes(), plain.as_bytes())
}

#[derive(Serialize, Deserialize)]
struct Reference {
    reference: String,
    memo: Vec<u8>,
}

/// Seals what a provider calls a task, for the attempt's row.
pub(super) fn seal_reference(
    app: &App,
    attempt: AttemptId,
    reference: &str,
    memo: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let plain = serde_json::json!({"reference": reference, "memo": memo}).to_string();
    app.vault.seal(Purpose::Reference, attempt.0.as_bytes(), plain.as_bytes())
}

/// A task's id at its provider, from what [`seal_reference`] sealed.
pub(crate) fn provider_task_id(app: &App, attempt: AttemptId, sealed: &[u8]) -> Option<String> {
    open_reference(app, attempt, sealed).ok().map(|(reference, _)| reference)
}

/// Opens what [`seal_reference`] sealed.
pub(super) fn open_reference(app: &App, attempt: AttemptId, sealed: &[u8]) -> Result<(String, Vec<u8>), VaultError> {
    let plain = app.vault.open(Purpose::Reference, attempt.0.as_bytes(), sealed)?;
    let Reference { reference, memo } = serde_json::from_slice(&plain).map_err(|_| VaultError::UnknownFormat)?;
    Ok((reference, memo))
}
