//! Attempts whose task is over and whose end is not known: those that are still asked about, and what the operator sees of
//! all that is in doubt.

use capstan_domain::adapter::Charged;
use capstan_domain::task::TaskState;
use capstan_domain::{AccountId, Amount, AttemptId, CredentialId, ProviderId, TaskId};
use uuid::Uuid;

use super::reads::ranges_of;
use super::rows::{AttemptRow, TaskRow, read_charged};
use crate::db::{Db, sql};
use crate::providers::read_id;
use crate::words::read;
use crate::{Attempt, Store, StoreError, Task};

/// An attempt that its provider is still asked about, though its task is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The task.
    pub task: Task,
    /// The attempt.
    pub attempt: Attempt,
    /// Until when it is asked about.
    pub until_ms: i64,
}

/// An attempt of which nobody knows, or nobody knew when its task ended, what its provider made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubtful {
    /// The task.
    pub task: TaskId,
    /// Whose it is.
    pub account: AccountId,
    /// What kind it is.
    pub family: String,
    /// How the task stands.
    pub task_state: TaskState,
    /// The attempt.
    pub attempt: AttemptId,
    /// The provider.
    pub provider: ProviderId,
    /// The credential.
    pub credential: CredentialId,
    /// What the provider listed for it when it was made, where it listed a price in dollars.
    pub expected_cost: Option<Amount>,
    /// When the attempt was made.
    pub created_at_ms: i64,
    /// When its provider accepted it, if it said so.
    pub accepted_at_ms: Option<i64>,
    /// When its task ended.
    pub ended_at_ms: Option<i64>,
    /// Until when it is asked about, if it is.
    pub watch_until_ms: Option<i64>,
    /// What made it doubtful, or the provider's last word.
    pub fault_code: Option<String>,
    /// Whether it is known to have been charged.
    pub charged: Option<Charged>,
    /// What the gateway has borne for it.
    pub borne: Option<Amount>,
}

#[derive(sqlx::FromRow)]
struct DoubtfulRow {
    attempt_id: Uuid,
    task_id: Uuid,
    account_id: Uuid,
    family: String,
    task_state: String,
    provider_id: String,
    credential_id: Uuid,
    expected_cost_nanos: Option<i64>,
    created_at_ms: i64,
    accepted_at_ms: Option<i64>,
    ended_at_ms: Option<i64>,
    watch_until_ms: Option<i64>,
    fault_code: Option<String>,
    charged: Option<String>,
    borne_nanos: Option<i64>,
}

impl DoubtfulRow {
    fn read(self) -> Result<Doubtful, StoreError> {
        let attempt = self.attempt_id;
        let charged = self.charged.map(|word| read(read_charged(&word), "attempts", "charged", attempt)).transpose()?;
        Ok(Doubtful {
            task: TaskId(self.task_id),
            account: AccountId(self.account_id),
            family: self.family,
            task_state: read(TaskState::from_word(&self.task_state), "tasks", "state", self.task_id)?,
            attempt: AttemptId(attempt),
            provider: read_id("attempts", "provider_id", &self.provider_id)?,
            credential: CredentialId(self.credential_id),
            expected_cost: self.expected_cost_nanos.map(Amount::from_nanos),
            created_at_ms: self.created_at_ms,
            accepted_at_ms: self.accepted_at_ms,
            ended_at_ms: self.ended_at_ms,
            watch_until_ms: self.watch_until_ms,
            fault_code: self.fault_code,
            charged,
            borne: self.borne_nanos.map(Amount::from_nanos),
        })
    }
}

impl Store {
    /// The attempts of these shards that are still asked about though their tasks are over; those whose time has passed
    /// while nobody looked, too. The soonest to end come first.
    ///
    /// # Errors
    /// [`StoreError::InconsistentRow`] when an attempt cannot be read.
    pub async fn list_watched(&self, shards: &[u8]) -> Result<Vec<Watched>, StoreError> {
        let db = &mut self.reader().await?;
        db.begin_look().await?;
        let mut watched = Vec::new();
        for range in ranges_of(shards) {
            watched.extend(list_watched_in(db, range).await?);
        }
        watched.sort_by_key(|w: &Watched| w.until_ms);
        Ok(watched)
    }

    /// What is in doubt: attempts of open tasks, attempts that are still asked about, and those of tasks that ended since
    /// that time without anybody's word on what they cost. The newest first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_doubtful(&self, ended_since_ms: i64, most: u32) -> Result<Vec<Doubtful>, StoreError> {
        let db = &mut self.reader().await?;
        // Each arm has an index of its own; one condition of all three would have none.
        let rows = sql!(
            db,
            all as DoubtfulRow,
            "select a.id as attempt_id, t.id as task_id, t.account_id, t.family, t.state as task_state, a.provider_id,
                    a.credential_id, a.expected_cost_nanos, a.created_at_ms, a.accepted_at_ms, t.ended_at_ms,
                    a.watch_until_ms, a.fault_code, a.charged,
                    (select cast(sum(e.amount_nanos) as bigint) from moves m join ledger_entries e on e.move_id = m.id
                      where m.attempt_id = a.id and m.kind in ('loss', 'reimbursement') and e.amount_nanos > 0)
                      as borne_nanos
               from attempts a join tasks t on t.id = a.task_id
              where a.id in (select b.id from tasks o join attempts b on b.task_id = o.id
                              where o.state in ('submitting', 'running', 'in_doubt') and b.state = 'in_doubt'
                             union select w.id from attempts w where w.watch_until_ms is not null
                             union select u.id from attempts u
                                    where u.state = 'failed' and u.charged = 'unknown' and u.ended_at_ms >= $1)
              order by a.created_at_ms desc, a.id desc limit $2",
            ended_since_ms,
            i64::from(most)
        )?;
        rows.into_iter().map(DoubtfulRow::read).collect()
    }
}

#[derive(sqlx::FromRow)]
struct WatchedRow {
    #[sqlx(flatten)]
    attempt: AttemptRow,
    watch_until_ms: i64,
}

async fn list_watched_in(db: &mut Db, (first, last): (u8, u8)) -> Result<Vec<Watched>, StoreError> {
    let attempts = sql!(
        db,
        all as WatchedRow,
        "select a.id, a.task_id, a.seq, a.provider_id, a.credential_id, a.pool, a.adapter_digest, a.state,
                a.price_nanos, a.billing, a.billing_margin_bp, a.expected_cost_nanos, a.share_bp, a.contributor_id,
                a.provider_cost_nanos, a.reference, a.fault_class, a.fault_code, a.charged, a.explanation,
                a.created_at_ms, a.accepted_at_ms, a.ended_at_ms, a.watch_until_ms
           from attempts a join tasks t on t.id = a.task_id
          where a.watch_until_ms is not null and t.shard between $1 and $2
          order by t.id, a.seq",
        i64::from(first),
        i64::from(last)
    )?;
    // At most one attempt of a task is watched: its last.
    let tasks = sql!(
        db,
        all as TaskRow,
        "select t.id, t.number, t.shard, t.account_id, t.api_key_id, t.family, t.task_type, t.with_proxy,
                t.selection_mode, t.pool_mode, t.site, t.site_key, t.price_book_version, t.state, t.solver_provider,
                t.cost_nanos, t.error_code, t.error_description, t.solution, t.created_at_ms, t.deadline_at_ms,
                t.ended_at_ms
           from attempts a join tasks t on t.id = a.task_id
          where a.watch_until_ms is not null and t.shard between $1 and $2
          order by t.id, a.seq",
        i64::from(first),
        i64::from(last)
    )?;
    let pair = |(row, task): (WatchedRow, TaskRow)| {
        Ok(Watched { task: task.read()?, attempt: row.attempt.read()?, until_ms: row.watch_until_ms })
    };
    attempts.into_iter().zip(tasks).map(pair).collect()
}
