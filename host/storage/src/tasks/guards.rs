//! Guards against creating a task twice: what a repeated createTask is known by, written with the task itself. A task that
//! failed has cost nothing and guards nothing: whoever is told to create it again can do so with the same request.

use capstan_domain::{ApiKeyId, TaskId};
use uuid::Uuid;

use crate::db::{Db, sql};
use crate::{Store, StoreError, TaskFacts};

/// What a createTask is known by when it comes again through the same API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// A digest of its Idempotency-Key, or of its body.
    pub guard: [u8; 32],
    /// A digest of what it asks for.
    pub body: [u8; 32],
    /// From when on a repetition is a task of its own.
    pub expires_at_ms: i64,
}

/// The task that a guard has let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// The task.
    pub task: TaskId,
    /// Whether the same was asked for.
    pub same_body: bool,
}

#[derive(sqlx::FromRow)]
struct GuardRow {
    task_id: Uuid,
    body: Vec<u8>,
}

impl Store {
    /// The task that this guard let in before, if its time is not over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_guarded(&self, key: ApiKeyId, guard: &Guard, now_ms: i64) -> Result<Option<Guarded>, StoreError> {
        let db = &mut self.reader().await?;
        find(db, key, (guard, now_ms)).await
    }
}

pub(super) async fn find(
    db: &mut Db,
    key: ApiKeyId,
    (guard, now_ms): (&Guard, i64),
) -> Result<Option<Guarded>, StoreError> {
    let row = sql!(
        db,
        optional as GuardRow,
        "select g.task_id, g.body from create_guards g join tasks t on t.id = g.task_id
          where g.api_key_id = $1 and g.guard = $2 and g.expires_at_ms > $3 and t.state <> 'failed'",
        key.0,
        guard.guard.as_slice(),
        now_ms
    )?;
    Ok(row.map(|row| Guarded { task: TaskId(row.task_id), same_body: row.body == guard.body }))
}

/// Raises a guard for a task that has just been written, in place of one whose time is over or whose task failed.
pub(super) async fn raise(db: &mut Db, facts: &TaskFacts, guard: &Guard) -> Result<(), StoreError> {
    let raised = sql!(
        db,
        execute,
        "insert into create_guards (api_key_id, guard, body, task_id, expires_at_ms) values ($1, $2, $3, $4, $5)
         on conflict (api_key_id, guard) do update
            set body = excluded.body, task_id = excluded.task_id, expires_at_ms = excluded.expires_at_ms
          where create_guards.expires_at_ms <= $6
             or exists (select 1 from tasks t where t.id = create_guards.task_id and t.state = 'failed')",
        facts.api_key.0,
        guard.guard.as_slice(),
        guard.body.as_slice(),
        facts.id.0,
        guard.expires_at_ms,
        facts.created_at_ms
    )?;
    // Another node let its task in since the look; the next look sees it.
    if raised == 0 { Err(StoreError::Contended) } else { Ok(()) }
}

/// Takes down the guards whose time is over.
pub(super) async fn purge(db: &mut Db, now_ms: i64) -> Result<(), StoreError> {
    sql!(db, execute, "delete from create_guards where expires_at_ms <= $1", now_ms)?;
    Ok(())
}
