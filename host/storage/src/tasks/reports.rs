//! What clients said of solutions. The first word on a task counts; later ones change nothing.

use capstan_domain::TaskId;

use crate::db::sql;
use crate::{Store, StoreError};

/// A client's word on a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskReport {
    /// The task, solved.
    pub task: TaskId,
    /// Whether its solution worked.
    pub correct: bool,
    /// When it was said.
    pub created_at_ms: i64,
}

/// How a provider took a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassedOn {
    /// It took it.
    Done,
    /// It did not want it.
    Refused,
    /// It takes none.
    NotSupported,
}

impl PassedOn {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::NotSupported => "not_supported",
        }
    }
}

impl Store {
    /// Takes a report down; false when there is one on that task already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_report(&self, report: TaskReport) -> Result<bool, StoreError> {
        self.write(report, |db, report| {
            Box::pin(async move {
                let added = sql!(
                    db,
                    execute,
                    "insert into task_reports (task_id, correct, created_at_ms) values ($1, $2, $3)
                     on conflict (task_id) do nothing",
                    report.task.0,
                    report.correct,
                    report.created_at_ms
                )?;
                Ok(added == 1)
            })
        })
        .await
    }

    /// Notes how the provider took a report.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_report(&self, task: TaskId, passed_on: PassedOn) -> Result<(), StoreError> {
        self.write((task, passed_on), |db, &(task, passed_on)| {
            Box::pin(async move {
                let word = passed_on.as_str();
                sql!(db, execute, "update task_reports set passed_on = $2 where task_id = $1", task.0, word)?;
                Ok(())
            })
        })
        .await
    }
}
