//! What happens to an attempt between its task's hold and its settlement.

use capstan_domain::adapter::{Charged, FaultClass};
use capstan_domain::task::TaskState;
use capstan_domain::{Amount, AttemptId, TaskId};

use super::rows::charged_word;
use crate::db::{Db, sql};
use crate::prices::billing_words;
use crate::shards::hold_fence;
use crate::words::read;
use crate::{AttemptFault, AttemptState, Fence, NewAttempt, Store, StoreError};

/// A candidate surely did not accept the task; the next one takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextAttempt {
    /// The task.
    pub task: TaskId,
    /// Under which right it is written.
    pub fence: Fence,
    /// The attempt that was refused.
    pub refused: AttemptId,
    /// Why it was refused.
    pub fault: AttemptFault,
    /// The next one, to be sent when this is durable.
    pub next: NewAttempt,
}

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

/// An attempt was sent and got no definitive answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Under which right it is written.
    pub fence: Fence,
    /// What made it doubtful.
    pub fault_code: String,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It stands, by this call or an earlier one.
    Done,
    /// The task is in a state that has no place for it; nothing was written.
    Moot(TaskState),
}

impl Store {
    /// Ends a refused attempt and records the next one, of a task that is `submitting`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]; [`StoreError::Missing`] when the shard has no such task; [`StoreError::Contended`] when
    /// `refused` is not the attempt that is open.
    pub async fn record_next_attempt(&self, next: NextAttempt) -> Result<Recorded, StoreError> {
        self.write(next, |db, next| Box::pin(replace_attempt(db, next))).await
    }

    /// Stores the reference under which a provider knows the task; task and attempt become `running`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]; [`StoreError::Missing`] when the shard has no such task or the task no such attempt.
    pub async fn record_acceptance(&self, acceptance: Acceptance) -> Result<Recorded, StoreError> {
        self.write(acceptance, |db, acceptance| Box::pin(accept(db, acceptance))).await
    }

    /// Marks a `submitting` task and its attempt as in doubt; neither will be sent again.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]; [`StoreError::Missing`] when the shard has no such task or the task no such attempt.
    pub async fn record_in_doubt(&self, doubt: Doubt) -> Result<Recorded, StoreError> {
        self.write(doubt, |db, doubt| Box::pin(put_in_doubt(db, doubt))).await
    }
}

pub(super) async fn insert_attempt(db: &mut Db, task: TaskId, seq: i64, new: &NewAttempt) -> Result<(), StoreError> {
    let (contributor, share_bp) = new.candidate.share.unzip();
    let terms = new.candidate.terms;
    let (billing, billing_margin_bp) = billing_words(terms.billing);
    sql!(
        db,
        execute,
        "insert into attempts (id, task_id, seq, provider_id, credential_id, pool, adapter_digest, state, price_nanos,
                               share_bp, contributor_id, explanation, created_at_ms, billing, billing_margin_bp,
                               expected_cost_nanos)
         values ($1, $2, $3, $4, $5, $6, $7, 'submitting', $8, $9, $10, $11, $12, $13, $14, $15)",
        new.id.0,
        task.0,
        seq,
        new.candidate.provider.as_str(),
        new.candidate.credential.0,
        new.candidate.pool.as_str(),
        new.adapter_digest.as_slice(),
        terms.price.nanos(),
        i64::from(share_bp.unwrap_or(0)),
        contributor.map(|account| account.0),
        &*new.explanation,
        new.created_at_ms,
        billing,
        billing_margin_bp,
        terms.expected_cost.map(Amount::nanos)
    )?;
    Ok(())
}

/// A compare-and-set that follows a look: when it changes nothing, the look was out of date. Looking again finds either
/// this call's own earlier run or the state that the caller did not know of.
pub(super) const fn changed_one(changed: u64) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Contended) }
}

async fn replace_attempt(db: &mut Db, call: &NextAttempt) -> Result<Recorded, StoreError> {
    let look = sql!(
        db,
        optional as (String, i64, i64),
        "select t.state, (select max(seq) from attempts where task_id = t.id),
                (select count(*) from attempts where task_id = t.id and id = $3)
           from tasks t where t.id = $1 and t.shard = $2",
        call.task.0,
        i64::from(call.fence.shard),
        call.next.id.0
    )?;
    let missing = || StoreError::Missing { table: "tasks", id: call.task.to_string() };
    let (state, last_seq, recorded_before) = look.ok_or_else(missing)?;
    if recorded_before > 0 {
        return Ok(Recorded::Done);
    }
    let state = read(TaskState::from_word(&state), "tasks", "state", call.task)?;
    if state != TaskState::Submitting {
        return Ok(Recorded::Moot(state));
    }
    hold_fence(db, call.fence).await?;
    let changed = sql!(
        db,
        execute,
        "update attempts set state = 'refused', fault_class = $3, fault_code = $4, charged = $5, ended_at_ms = $6
          where id = $1 and task_id = $2 and state = 'submitting'",
        call.refused.0,
        call.task.0,
        call.fault.class.as_str(),
        call.fault.code.as_str(),
        charged_word(call.fault.charged),
        call.next.created_at_ms
    )?;
    changed_one(changed)?;
    insert_attempt(db, call.task, last_seq + 1, &call.next).await?;
    Ok(Recorded::Done)
}

/// How a task and one of its attempts stand, and whether the attempt was ever accepted.
async fn look(
    db: &mut Db,
    (task, attempt, shard): (TaskId, AttemptId, u8),
) -> Result<(TaskState, AttemptState, bool), StoreError> {
    let row = sql!(
        db,
        optional as (String, String, Option<i64>),
        "select t.state, a.state, a.accepted_at_ms
           from tasks t join attempts a on a.task_id = t.id
          where t.id = $1 and a.id = $2 and t.shard = $3",
        task.0,
        attempt.0,
        i64::from(shard)
    )?;
    let missing = || StoreError::Missing { table: "attempts", id: attempt.to_string() };
    let (task_state, attempt_state, accepted_at_ms) = row.ok_or_else(missing)?;
    Ok((
        read(TaskState::from_word(&task_state), "tasks", "state", task)?,
        read(AttemptState::from_word(&attempt_state), "attempts", "state", attempt)?,
        accepted_at_ms.is_some(),
    ))
}

async fn accept(db: &mut Db, call: &Acceptance) -> Result<Recorded, StoreError> {
    let (task, attempt, accepted_before) = look(db, (call.task, call.attempt, call.fence.shard)).await?;
    if accepted_before {
        return Ok(Recorded::Done);
    }
    let waiting = matches!(task, TaskState::Submitting | TaskState::InDoubt)
        && matches!(attempt, AttemptState::Submitting | AttemptState::InDoubt);
    if !waiting {
        return Ok(Recorded::Moot(task));
    }
    hold_fence(db, call.fence).await?;
    let changed = sql!(
        db,
        execute,
        "update attempts set state = 'running', reference = $2, accepted_at_ms = $3
          where id = $1 and state in ('submitting', 'in_doubt')",
        call.attempt.0,
        call.reference.as_slice(),
        call.at_ms
    )?;
    changed_one(changed)?;
    let changed = sql!(
        db,
        execute,
        "update tasks set state = 'running', epoch = $2 where id = $1 and state in ('submitting', 'in_doubt')",
        call.task.0,
        call.fence.epoch
    )?;
    changed_one(changed)?;
    Ok(Recorded::Done)
}

async fn put_in_doubt(db: &mut Db, call: &Doubt) -> Result<Recorded, StoreError> {
    let (task, attempt, _) = look(db, (call.task, call.attempt, call.fence.shard)).await?;
    match (task, attempt) {
        (TaskState::InDoubt, AttemptState::InDoubt) => return Ok(Recorded::Done),
        (TaskState::Submitting, AttemptState::Submitting) => {}
        (other, _) => return Ok(Recorded::Moot(other)),
    }
    hold_fence(db, call.fence).await?;
    let changed = sql!(
        db,
        execute,
        "update attempts set state = 'in_doubt', fault_class = $2, fault_code = $3, charged = $4
          where id = $1 and state = 'submitting'",
        call.attempt.0,
        FaultClass::InDoubt.as_str(),
        call.fault_code.as_str(),
        charged_word(Charged::Unknown)
    )?;
    changed_one(changed)?;
    let changed = sql!(
        db,
        execute,
        "update tasks set state = 'in_doubt', epoch = $2 where id = $1 and state = 'submitting'",
        call.task.0,
        call.fence.epoch
    )?;
    changed_one(changed)?;
    Ok(Recorded::Done)
}
