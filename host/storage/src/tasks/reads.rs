//! Tasks and attempts read back.

use std::collections::HashMap;

use capstan_domain::{AccountId, TaskId};

use super::guards;
use super::rows::{AttemptRow, TaskRow};
use crate::db::{Db, sql};
use crate::{Attempt, OpenTask, Store, StoreError, Task, TaskName};

impl Store {
    /// An account's task; somebody else's is not found.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_task(&self, account: AccountId, name: TaskName) -> Result<Option<Task>, StoreError> {
        self.find_named(Some(account), name).await
    }

    /// Anybody's task, for the operator.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_any_task(&self, name: TaskName) -> Result<Option<Task>, StoreError> {
        self.find_named(None, name).await
    }

    async fn find_named(&self, owner: Option<AccountId>, name: TaskName) -> Result<Option<Task>, StoreError> {
        let (id, number) = match name {
            TaskName::Id(id) => (Some(id.0), None),
            TaskName::Number(number) => (None, Some(number)),
        };
        let db = &mut self.reader().await?;
        let row = sql!(
            db,
            optional as TaskRow,
            "select id, number, shard, account_id, api_key_id, family, task_type, with_proxy, selection_mode, pool_mode,
                    site, site_key, price_book_version, state, solver_provider, cost_nanos, error_code,
                    error_description, solution, created_at_ms, deadline_at_ms, ended_at_ms
               from tasks where ($1 is null or account_id = $1) and (id = $2 or number = $3)",
            owner.map(|account| account.0),
            id,
            number
        )?;
        row.map(TaskRow::read).transpose()
    }

    /// The newest tasks, newest first: of one account or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_tasks(&self, account: Option<AccountId>, most: u32) -> Result<Vec<Task>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as TaskRow,
            "select id, number, shard, account_id, api_key_id, family, task_type, with_proxy, selection_mode, pool_mode,
                    site, site_key, price_book_version, state, solver_provider, cost_nanos, error_code,
                    error_description, solution, created_at_ms, deadline_at_ms, ended_at_ms
               from tasks where $1 is null or account_id = $1 order by id desc limit $2",
            account.map(|account| account.0),
            i64::from(most)
        )?;
        rows.into_iter().map(TaskRow::read).collect()
    }

    /// A task's attempts, in the order in which they were tried.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_attempts(&self, task: TaskId) -> Result<Vec<Attempt>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as AttemptRow,
            "select id, task_id, seq, provider_id, credential_id, pool, adapter_digest, state, price_nanos, billing,
                    billing_margin_bp, expected_cost_nanos, share_bp, contributor_id, provider_cost_nanos, reference, fault_class, fault_code, charged, explanation,
                    created_at_ms, accepted_at_ms, ended_at_ms
               from attempts where task_id = $1 order by seq",
            task.0
        )?;
        rows.into_iter().map(AttemptRow::read).collect()
    }

    /// The tasks that are not over, with their latest attempts, oldest first within a shard: of these shards, or of all.
    ///
    /// # Errors
    /// [`StoreError::InconsistentRow`] when an open task has no attempt.
    pub async fn list_open_tasks(&self, shards: Option<&[u8]>) -> Result<Vec<OpenTask>, StoreError> {
        let ranges = shards.map_or_else(|| vec![(0, u8::MAX)], ranges_of);
        let db = &mut self.reader().await?;
        db.begin_look().await?;
        let mut open = Vec::new();
        for range in ranges {
            open.extend(list_open_in(db, range).await?);
        }
        Ok(open)
    }

    /// Forgets the solutions of tasks that ended before that time, and says how many; what they cost stays. Guards whose
    /// time is over go with them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_solutions(&self, ended_before_ms: i64, now_ms: i64) -> Result<u64, StoreError> {
        self.write((ended_before_ms, now_ms), |db, &(before, now_ms)| {
            Box::pin(async move {
                guards::purge(db, now_ms).await?;
                sql!(
                    db,
                    execute,
                    "update tasks set solution = null where solution is not null and ended_at_ms < $1",
                    before
                )
            })
        })
        .await
    }
}

/// Shards as inclusive ranges, so that one text serves one shard, some and all.
pub(super) fn ranges_of(shards: &[u8]) -> Vec<(u8, u8)> {
    let mut sorted = shards.to_vec();
    sorted.sort_unstable();
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for shard in sorted {
        match ranges.last_mut() {
            Some((_, last)) if shard <= last.saturating_add(1) => *last = shard,
            _ => ranges.push((shard, shard)),
        }
    }
    ranges
}

async fn list_open_in(db: &mut Db, (first, last): (u8, u8)) -> Result<Vec<OpenTask>, StoreError> {
    let tasks = sql!(
        db,
        all as TaskRow,
        "select id, number, shard, account_id, api_key_id, family, task_type, with_proxy, selection_mode, pool_mode,
                site, site_key, price_book_version, state, solver_provider, cost_nanos, error_code, error_description,
                solution, created_at_ms, deadline_at_ms, ended_at_ms
           from tasks
          where shard between $1 and $2 and state in ('submitting', 'running', 'in_doubt')
          order by shard, created_at_ms, id",
        i64::from(first),
        i64::from(last)
    )?;
    let attempts = sql!(
        db,
        all as AttemptRow,
        "select a.id, a.task_id, a.seq, a.provider_id, a.credential_id, a.pool, a.adapter_digest, a.state,
                a.price_nanos, a.billing, a.billing_margin_bp, a.expected_cost_nanos, a.share_bp, a.contributor_id, a.provider_cost_nanos, a.reference, a.fault_class,
                a.fault_code, a.charged, a.explanation, a.created_at_ms, a.accepted_at_ms, a.ended_at_ms
           from tasks t join attempts a on a.task_id = t.id
          where t.shard between $1 and $2 and t.state in ('submitting', 'running', 'in_doubt')
            and a.seq = (select max(b.seq) from attempts b where b.task_id = t.id)",
        i64::from(first),
        i64::from(last)
    )?;
    let mut latest = HashMap::with_capacity(attempts.len());
    for attempt in attempts {
        let attempt = attempt.read()?;
        latest.insert(attempt.task, attempt);
    }
    tasks
        .into_iter()
        .map(|row| {
            let task = row.read()?;
            let attempt = latest.remove(&task.facts.id);
            let attempt = attempt.ok_or_else(|| StoreError::unreadable("attempts", "task_id", task.facts.id))?;
            Ok(OpenTask { task, attempt })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::ranges_of;

    #[test]
    fn shards_fold_into_ranges() {
        assert_eq!(ranges_of(&[]), []);
        assert_eq!(ranges_of(&[7]), [(7, 7)]);
        assert_eq!(ranges_of(&[3, 1, 2, 2, 9, 255, 254]), [(1, 3), (9, 9), (254, 255)]);
        assert_eq!(ranges_of(&(0..=255).collect::<Vec<u8>>()), [(0, 255)]);
    }
}
