//! A provider has accepted an attempt: its reference is stored, task and attempt are `running`. What queued while a commit
//! was under way is written together.

use std::collections::HashMap;

use capstan_domain::task::TaskState;
use capstan_domain::{AttemptId, TaskId};
use uuid::Uuid;

use super::attempts::Recorded;
use crate::bulk::{self, Bulk, Cell, Short, Writes};
use crate::db::Db;
use crate::shards::HeldFences;
use crate::words::read;
use crate::writer::{Run, Together};
use crate::{AttemptState, Fence, Store, StoreError};

/// A provider has accepted an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Under which right it is written.
    pub fence: Fence,
    /// The provider's reference and the adapter's memo, sealed.
    pub reference: Vec<u8>,
    /// When it was accepted.
    pub at_ms: i64,
}

impl Store {
    /// Stores the reference under which a provider knows the task; task and attempt become `running`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]; [`StoreError::Missing`] when the shard has no such task or the task no such attempt.
    pub async fn record_acceptance(&self, acceptance: Acceptance) -> Result<Recorded, StoreError> {
        self.write_together(acceptance).await
    }
}

impl Together for Acceptance {
    type Answer = Recorded;

    #[cfg(feature = "bench")]
    fn unwritten(&self) -> Recorded {
        Recorded::Done
    }

    fn fence(&self) -> Fence {
        self.fence
    }

    async fn run(
        db: &mut Db,
        held: &HeldFences,
        calls: &[&Self],
        _: Run,
    ) -> Result<Vec<Result<Recorded, StoreError>>, StoreError> {
        let mut standing = find_standing(db, calls).await?;
        let mut answers = Vec::with_capacity(calls.len());
        let mut accepted = Vec::with_capacity(calls.len());
        for call in calls {
            let stands = standing.remove(&call.attempt.0).filter(|row| row.is_of(call));
            let Some(stands) = stands else {
                // The same attempt may be named twice: one by one, the second finds what the first has written.
                if calls.len() > 1 {
                    return Err(StoreError::Contended);
                }
                return Ok(vec![Err(StoreError::Missing { table: "attempts", id: call.attempt.to_string() })]);
            };
            answers.push(match stands.read()? {
                (_, _, true) => Ok(Recorded::Done),
                (
                    TaskState::Submitting | TaskState::InDoubt,
                    AttemptState::Submitting | AttemptState::InDoubt,
                    false,
                ) => held.check(call.fence).map(|()| {
                    accepted.push(*call);
                    Recorded::Done
                }),
                (task, _, false) => Ok(Recorded::Moot(task)),
            });
        }
        write_accepted(db, &accepted).await?;
        Ok(answers)
    }
}

/// How a task and one of its attempts stand.
#[derive(sqlx::FromRow)]
struct StandingRow {
    attempt_id: Uuid,
    task_id: Uuid,
    shard: i64,
    task_state: String,
    attempt_state: String,
    accepted_at_ms: Option<i64>,
}

impl StandingRow {
    fn is_of(&self, call: &Acceptance) -> bool {
        self.task_id == call.task.0 && self.shard == i64::from(call.fence.shard)
    }

    fn read(&self) -> Result<(TaskState, AttemptState, bool), StoreError> {
        Ok((
            read(TaskState::from_word(&self.task_state), "tasks", "state", self.task_id)?,
            read(AttemptState::from_word(&self.attempt_state), "attempts", "state", self.attempt_id)?,
            self.accepted_at_ms.is_some(),
        ))
    }
}

async fn find_standing(db: &mut Db, calls: &[&Acceptance]) -> Result<HashMap<Uuid, StandingRow>, StoreError> {
    let ids: Vec<Cell<'_>> = calls.iter().map(|call| call.attempt.0.into()).collect();
    let head = "select a.id as attempt_id, t.id as task_id, t.shard, t.state as task_state, a.state as attempt_state,
                       a.accepted_at_ms
                  from attempts a join tasks t on t.id = a.task_id where a.id";
    let rows: Vec<StandingRow> = bulk::find(db, (head, ""), &ids).await?;
    Ok(rows.into_iter().map(|row| (row.attempt_id, row)).collect())
}

async fn write_accepted(db: &mut Db, accepted: &[&Acceptance]) -> Result<(), StoreError> {
    const ATTEMPTS: Bulk = Bulk {
        head: "update attempts as a set state = 'running', reference = v.column2, accepted_at_ms = v.column3 from (",
        columns: 3,
        tail: ") as v where a.id = v.column1 and a.state in ('submitting', 'in_doubt')",
        short: Short::OutOfDate,
    };
    const TASKS: Bulk = Bulk {
        head: "update tasks as t set state = 'running', epoch = v.column2 from (",
        columns: 2,
        tail: ") as v where t.id = v.column1 and t.state not in ('running', 'solved', 'failed')",
        short: Short::OutOfDate,
    };
    let mut writes = Writes::default();
    writes.add(ATTEMPTS, accepted.iter().flat_map(|call| accepted_attempt(call)).collect());
    let task = |call: &&Acceptance| -> [Cell<'static>; 2] { [call.task.0.into(), call.fence.epoch.into()] };
    writes.add(TASKS, accepted.iter().flat_map(task).collect());
    writes.run(db).await
}

fn accepted_attempt(call: &Acceptance) -> [Cell<'_>; 3] {
    [call.attempt.0.into(), call.reference.as_slice().into(), call.at_ms.into()]
}
