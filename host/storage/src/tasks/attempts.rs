//! What happens to an attempt between its task's hold and its settlement.

use capstan_domain::adapter::{Charged, FaultClass};
use capstan_domain::route::Candidate;
use capstan_domain::task::TaskState;
use capstan_domain::{Amount, AttemptId, TaskId};

use super::charges::{self, Charge};
use super::rows::charged_word;
use crate::bulk::{Bulk, Cell, Writes};
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
    /// What the provider that refused charged all the same; the gateway bears it.
    pub charge: Option<Charge>,
    /// When what a contributor gets back is out of dispute.
    pub matures_at_ms: i64,
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

    /// Marks a `submitting` task and its attempt as in doubt; neither will be sent again.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]; [`StoreError::Missing`] when the shard has no such task or the task no such attempt.
    pub async fn record_in_doubt(&self, doubt: Doubt) -> Result<Recorded, StoreError> {
        self.write(doubt, |db, doubt| Box::pin(put_in_doubt(db, doubt))).await
    }
}

/// Writes attempts, each with its task and its place among the task's.
pub(super) fn insert_attempts<'c>(
    writes: &mut Writes<'c>,
    attempts: impl IntoIterator<Item = (TaskId, i64, &'c NewAttempt)>,
) {
    const INSERT: Bulk = Bulk::insert(
        "insert into attempts (id, task_id, seq, provider_id, credential_id, pool, adapter_digest, state, price_nanos,
                                     share_bp, contributor_id, explanation, created_at_ms, billing, billing_margin_bp,
                                     expected_cost_nanos)",
        16,
    );
    writes.add(INSERT, attempts.into_iter().flat_map(|(task, seq, new)| attempt_row(task, seq, new)).collect());
}

fn attempt_row(task: TaskId, seq: i64, new: &NewAttempt) -> [Cell<'_>; 16] {
    let Candidate { credential, provider, pool, terms, share } = &new.candidate;
    let (contributor, share_bp) = share.unzip();
    let (billing, billing_margin_bp) = billing_words(terms.billing);
    [
        new.id.0.into(),
        task.0.into(),
        seq.into(),
        provider.as_str().into(),
        credential.0.into(),
        pool.as_str().into(),
        new.adapter_digest.as_slice().into(),
        "submitting".into(),
        terms.price.nanos().into(),
        i64::from(share_bp.unwrap_or(0)).into(),
        Cell::Uuid(contributor.map(|account| account.0)),
        (&*new.explanation).into(),
        new.created_at_ms.into(),
        billing.into(),
        Cell::Int(billing_margin_bp),
        Cell::Int(terms.expected_cost.map(Amount::nanos)),
    ]
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
    let at_ms = call.next.created_at_ms;
    let changed = sql!(
        db,
        execute,
        "update attempts set state = 'refused', fault_class = $3, fault_code = $4, charged = $5, ended_at_ms = $6,
                             provider_cost_nanos = $7
          where id = $1 and task_id = $2 and state = 'submitting'",
        call.refused.0,
        call.task.0,
        call.fault.class.as_str(),
        call.fault.code.as_str(),
        charged_word(call.fault.charged),
        at_ms,
        call.charge.and_then(Charge::told).map(Amount::nanos)
    )?;
    changed_one(changed)?;
    if let Some(charge) = call.charge {
        charges::bear(db, (call.task, call.refused), charge, (at_ms, call.matures_at_ms)).await?;
    }
    let mut writes = Writes::default();
    insert_attempts(&mut writes, [(call.task, last_seq + 1, &call.next)]);
    writes.run(db).await?;
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
