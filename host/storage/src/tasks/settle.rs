//! How a task ends: outcome and settlement, in one transaction. The one function that closes a hold is here.

use capstan_domain::code::ErrorCode;
use capstan_domain::ledger::Move;
use capstan_domain::price::Terms;
use capstan_domain::route::Candidate;
use capstan_domain::task::TaskState;
use capstan_domain::{AccountId, Amount, AttemptId, CredentialId, MoveId, TaskId};
use uuid::Uuid;

use super::attempts::changed_one;
use super::rows::charged_word;
use crate::credentials::read_pool;
use crate::db::{Db, sql};
use crate::providers::read_id;
use crate::shards::hold_fence;
use crate::words::read;
use crate::{AttemptFault, Fence, Store, StoreError, key_days, moves};

/// The end of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The task.
    pub task: TaskId,
    /// The attempt that ended it.
    pub attempt: AttemptId,
    /// Under which right it is written.
    pub fence: Fence,
    /// The id of the move that closes the hold.
    pub move_id: MoveId,
    /// When it ended.
    pub at_ms: i64,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a task ends.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its provider solved it.
    Solved {
        /// What the account pays, from nothing to the hold.
        capture: Amount,
        /// What the provider says it charged.
        provider_cost: Option<Amount>,
        /// The solution, sealed.
        solution: Vec<u8>,
    },
    /// It failed; the hold is released in full.
    Failed {
        /// What the client hears.
        code: ErrorCode,
        /// What the client hears beside the code.
        description: String,
        /// How the attempt ended.
        end: AttemptEnd,
        /// What went wrong at the provider; none when a deadline passed.
        fault: Option<AttemptFault>,
        /// What the provider says it charged all the same. It is noted with the attempt; [`Store::book_late_cost`]
        /// books it.
        provider_cost: Option<Amount>,
    },
}

impl std::fmt::Debug for Outcome {
    /// The shape, not the solution.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Solved { capture, .. } => write!(f, "Solved {{ capture: {capture}, .. }}"),
            Self::Failed { code, .. } => write!(f, "Failed {{ code: {}, .. }}", code.as_str()),
        }
    }
}

/// How the attempt of a failed task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// It was, or may have been, accepted and came to nothing.
    Failed,
    /// The provider surely did not accept it.
    Refused,
}

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// This call, or an earlier one with the same move's id, closed the hold.
    Now {
        /// What the account paid.
        cost: Amount,
        /// What it got back of the hold.
        returned: Amount,
    },
    /// Another settlement was first; nothing was written.
    Already(TaskState),
}

/// A provider's charge for a task whose hold is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateCost {
    /// The task.
    pub task: TaskId,
    /// The credential that was charged.
    pub credential: CredentialId,
    /// How much; must be positive.
    pub cost: Amount,
    /// The id of the move.
    pub move_id: MoveId,
    /// When it is booked.
    pub at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct OpenHold {
    account_id: Uuid,
    task_state: String,
    cost_nanos: Option<i64>,
    hold_nanos: i64,
    own_moves: i64,
    provider_id: String,
    credential_id: Uuid,
    pool: String,
    price_nanos: i64,
    share_bp: i64,
    contributor_id: Option<Uuid>,
}

impl OpenHold {
    fn account(&self) -> AccountId {
        AccountId(self.account_id)
    }

    fn hold(&self) -> Amount {
        Amount::from_nanos(self.hold_nanos)
    }

    fn candidate(&self, attempt: AttemptId) -> Result<Candidate, StoreError> {
        let share_bp = read(u16::try_from(self.share_bp).ok(), "attempts", "share_bp", attempt)?;
        Ok(Candidate {
            credential: CredentialId(self.credential_id),
            provider: read_id("attempts", "provider_id", &self.provider_id)?,
            pool: read(read_pool(&self.pool), "attempts", "pool", attempt)?,
            // How it is charged was settled before: what is captured comes in with the call.
            terms: Terms::fixed(Amount::from_nanos(self.price_nanos)),
            share: self.contributor_id.map(|contributor| (AccountId(contributor), share_bp)),
        })
    }
}

impl Store {
    /// Ends a task and closes its hold, once. The contributor's share is that of the attempt's snapshot; nobody earns
    /// from their own task.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]; [`StoreError::Missing`] when the shard has no such task or the task no such attempt;
    /// [`StoreError::Move`] when the capture is negative or above the hold.
    pub async fn settle(&self, settlement: Settlement) -> Result<Settled, StoreError> {
        self.write(settlement, |db, settlement| Box::pin(close_hold(db, settlement))).await
    }

    /// Books what a provider charged for a task that is over as the platform's loss, once per task.
    ///
    /// # Errors
    /// [`StoreError::Move`] when the cost is not positive; [`StoreError::UnexpectedChange`] while the task is open.
    pub async fn book_late_cost(&self, late: LateCost) -> Result<(), StoreError> {
        self.write(late, |db, late| Box::pin(book_loss(db, late))).await
    }
}

async fn close_hold(db: &mut Db, call: &Settlement) -> Result<Settled, StoreError> {
    let found = find_hold(db, call).await?;
    let state = read(TaskState::from_word(&found.task_state), "tasks", "state", call.task)?;
    if state.is_terminal() {
        let cost = Amount::from_nanos(found.cost_nanos.unwrap_or(0));
        let returned = found.hold().minus(cost)?;
        return Ok(if found.own_moves > 0 { Settled::Now { cost, returned } } else { Settled::Already(state) });
    }
    hold_fence(db, call.fence).await?;
    let hold = found.hold();
    let (capture, made) = match &call.outcome {
        Outcome::Solved { capture, .. } => {
            let share = found.candidate(call.attempt)?.share_of(*capture, found.account())?;
            (*capture, Move::capture(found.account(), hold, *capture, share)?)
        }
        Outcome::Failed { .. } => (Amount::ZERO, Move::release(found.account(), hold)?),
    };
    mark_hold(db, call).await?;
    return_balance(db, &found, capture).await?;
    key_days::give_back(db, call.task, hold.minus(capture)?).await?;
    end_task(db, call, &found).await?;
    end_attempt(db, call).await?;
    moves::book(db, (call.move_id, call.task, call.at_ms), &made).await?;
    Ok(Settled::Now { cost: capture, returned: hold.minus(capture)? })
}

async fn find_hold(db: &mut Db, call: &Settlement) -> Result<OpenHold, StoreError> {
    let found = sql!(
        db,
        optional as OpenHold,
        "select h.account_id, t.state as task_state, t.cost_nanos, h.amount_nanos as hold_nanos,
                (select count(*) from moves m where m.id = $3 and m.task_id = t.id) as own_moves,
                a.provider_id, a.credential_id, a.pool, a.price_nanos, a.share_bp, a.contributor_id
           from tasks t join holds h on h.task_id = t.id join attempts a on a.task_id = t.id
          where t.id = $1 and a.id = $2 and t.shard = $4",
        call.task.0,
        call.attempt.0,
        call.move_id.0,
        i64::from(call.fence.shard)
    )?;
    found.ok_or_else(|| StoreError::Missing { table: "tasks", id: call.task.to_string() })
}

async fn mark_hold(db: &mut Db, call: &Settlement) -> Result<(), StoreError> {
    let state = match call.outcome {
        Outcome::Solved { .. } => "captured",
        Outcome::Failed { .. } => "released",
    };
    let changed = sql!(
        db,
        execute,
        "update holds set state = $2, settled_at_ms = $3 where task_id = $1 and state = 'open'",
        call.task.0,
        state,
        call.at_ms
    )?;
    changed_one(changed)
}

async fn return_balance(db: &mut Db, found: &OpenHold, capture: Amount) -> Result<(), StoreError> {
    let changed = sql!(
        db,
        execute,
        "update accounts set held = held - $2, available = available + $3 where id = $1 and held >= $2",
        found.account_id,
        found.hold_nanos,
        found.hold().minus(capture)?.nanos()
    )?;
    if changed != 1 {
        return Err(StoreError::UnexpectedChange { what: "the balance of a settlement", expected: 1, changed });
    }
    Ok(())
}

async fn end_task(db: &mut Db, call: &Settlement, found: &OpenHold) -> Result<(), StoreError> {
    let changed = match &call.outcome {
        Outcome::Solved { capture, solution, .. } => sql!(
            db,
            execute,
            "update tasks set state = 'solved', epoch = $2, ended_at_ms = $3, cost_nanos = $4, solver_provider = $5,
                              solution = $6
              where id = $1 and state in ('submitting', 'running', 'in_doubt')",
            call.task.0,
            call.fence.epoch,
            call.at_ms,
            capture.nanos(),
            found.provider_id.as_str(),
            solution.as_slice()
        )?,
        Outcome::Failed { code, description, .. } => sql!(
            db,
            execute,
            "update tasks set state = 'failed', epoch = $2, ended_at_ms = $3, error_code = $4, error_description = $5
              where id = $1 and state in ('submitting', 'running', 'in_doubt')",
            call.task.0,
            call.fence.epoch,
            call.at_ms,
            code.as_str(),
            description.as_str()
        )?,
    };
    changed_one(changed)
}

async fn end_attempt(db: &mut Db, call: &Settlement) -> Result<(), StoreError> {
    let (state, provider_cost, fault) = match &call.outcome {
        Outcome::Solved { provider_cost, .. } => ("solved", provider_cost, None),
        Outcome::Failed { end: AttemptEnd::Failed, provider_cost, fault, .. } => {
            ("failed", provider_cost, fault.as_ref())
        }
        Outcome::Failed { end: AttemptEnd::Refused, provider_cost, fault, .. } => {
            ("refused", provider_cost, fault.as_ref())
        }
    };
    // Without a fault of its own, an attempt keeps the one that put it in doubt.
    let changed = sql!(
        db,
        execute,
        "update attempts set state = $2, ended_at_ms = $3, provider_cost_nanos = $4,
                             fault_class = coalesce($5, fault_class), fault_code = coalesce($6, fault_code),
                             charged = coalesce($7, charged)
          where id = $1 and state in ('submitting', 'running', 'in_doubt')",
        call.attempt.0,
        state,
        call.at_ms,
        provider_cost.map(Amount::nanos),
        fault.map(|fault| fault.class.as_str()),
        fault.map(|fault| fault.code.as_str()),
        fault.map(|fault| charged_word(fault.charged))
    )?;
    changed_one(changed)
}

async fn book_loss(db: &mut Db, late: &LateCost) -> Result<(), StoreError> {
    let made = Move::late_cost(late.credential, late.cost)?;
    let changed = sql!(
        db,
        execute,
        "insert into moves (id, kind, task_id, created_at_ms)
         select $1, 'late_cost', id, $3 from tasks where id = $2 and state in ('solved', 'failed')
         on conflict do nothing",
        late.move_id.0,
        late.task.0,
        late.at_ms
    )?;
    if changed == 1 {
        return moves::insert_entries(db, late.move_id, &made).await;
    }
    let (booked,) =
        sql!(db, one as (i64,), "select count(*) from moves where task_id = $1 and kind = 'late_cost'", late.task.0)?;
    if booked == 0 {
        return Err(StoreError::UnexpectedChange {
            what: "the late cost of a task that is over",
            expected: 1,
            changed,
        });
    }
    Ok(())
}
