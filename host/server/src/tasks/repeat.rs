//! A createTask that came before: it gets the first one's answer, also while that one is still on its way.

use std::time::Instant;

use capstan_domain::code::ErrorCode;
use capstan_storage::{Guarded, TaskName};

use super::create::first_answer;
use super::{Created, Ending, Refusal, TaskView, result};
use crate::api::Caller;
use crate::app::App;

/// The answer of the task that a guard has let in before.
///
/// # Errors
/// [`ErrorCode::RepeatedDifferently`] when something else was asked for, and what the first task fails with meanwhile.
pub(super) async fn answer(app: &App, caller: &Caller, before: Guarded, arrived: Instant) -> Result<Created, Refusal> {
    if !before.same_body {
        return Err(Refusal::new(ErrorCode::RepeatedDifferently, format!("That task is {}.", before.task)));
    }
    if let Some(open) = app.open.get(before.task) {
        let progress = open.progress.subscribe();
        return first_answer(app, &open, progress, arrived).await;
    }
    let found = app.store.find_task(caller.account, TaskName::Id(before.task)).await;
    let row = found.map_err(|error| result::unreadable(before.task, &error))?;
    let row = row.ok_or_else(|| Refusal::new(ErrorCode::TaskNotFound, ""))?;
    let number = row.facts.number;
    let view = result::view_of(app, &row).map_err(|error| result::unreadable(before.task, &error))?;
    match view {
        Some(TaskView { ending: Ending::Failed { code, detail, .. }, .. }) => Err(Refusal::new(code, detail)),
        Some(view @ TaskView { ending: Ending::Solved { .. }, .. }) => {
            Ok(Created { task: before.task, number, ended: Some(view), storm: None })
        }
        // Another node moves it, or its solution is past its retention: its id is the answer all the same.
        Some(TaskView { ending: Ending::Open, .. }) | None => {
            Ok(Created { task: before.task, number, ended: None, storm: None })
        }
    }
}
