//! How a task ends: outcome and settlement, in one transaction. The one function that closes a hold is here.
//!
//! What queued while a commit was under way is settled together: the holds are read once, the money of each is worked out by
//! the rules, and one statement per table writes the changes of all.

use std::collections::HashMap;

use capstan_domain::code::ErrorCode;
use capstan_domain::ledger::{Move, Share};
use capstan_domain::route::Stake;
use capstan_domain::task::TaskState;
use capstan_domain::{AccountId, Amount, AttemptId, MoveId, TaskId};
use uuid::Uuid;

use super::charges::Charge;
use super::close::{Closing, close};
use super::rows::StakeRow;
use crate::bulk::{self, Cell};
use crate::db::{Db, sql};
use crate::shards::HeldFences;
use crate::words::read;
use crate::writer::{Run, Together};
use crate::{AttemptFault, Fence, Store, StoreError};

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
    /// When what a contributor earns or gets back by it is out of dispute.
    pub matures_at_ms: i64,
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
        /// What the provider charged all the same; the gateway bears it.
        charge: Option<Charge>,
        /// Until when the provider is still asked what became of it; none when there is nothing to ask.
        watch_until_ms: Option<i64>,
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

impl AttemptEnd {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
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

/// A hold as a settlement finds it, with the attempt that ends its task.
#[derive(sqlx::FromRow)]
pub(super) struct OpenHold {
    attempt_id: Uuid,
    task_id: Uuid,
    shard: i64,
    pub(super) account_id: Uuid,
    task_state: String,
    attempt_state: String,
    cost_nanos: Option<i64>,
    pub(super) hold_nanos: i64,
    pub(super) has_cap: i64,
    pub(super) provider_id: String,
    #[sqlx(flatten)]
    stake: StakeRow,
}

impl OpenHold {
    pub(super) fn account(&self) -> AccountId {
        AccountId(self.account_id)
    }

    pub(super) fn hold(&self) -> Amount {
        Amount::from_nanos(self.hold_nanos)
    }

    pub(super) fn stake(&self) -> Result<Stake, StoreError> {
        self.stake.read(AttemptId(self.attempt_id))
    }
}

impl Store {
    /// Ends a task and closes its hold, once. The contributor's share is that of the attempt's snapshot; nobody earns
    /// from their own task. A charge for a task that failed is borne in the same move of the database.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]; [`StoreError::Missing`] when the shard has no such task or the task no such attempt;
    /// [`StoreError::Move`] when the capture is negative or above the hold.
    pub async fn settle(&self, settlement: Settlement) -> Result<Settled, StoreError> {
        self.write_together(settlement).await
    }
}

impl Together for Settlement {
    type Answer = Settled;

    #[cfg(feature = "bench")]
    fn unwritten(&self) -> Settled {
        let cost = match self.outcome {
            Outcome::Solved { capture, .. } => capture,
            Outcome::Failed { .. } => Amount::ZERO,
        };
        Settled::Now { cost, returned: Amount::ZERO }
    }

    fn fence(&self) -> Fence {
        self.fence
    }

    async fn run(
        db: &mut Db,
        held: &HeldFences,
        calls: &[&Self],
        _: Run,
    ) -> Result<Vec<Result<Settled, StoreError>>, StoreError> {
        let mut holds = find_holds(db, calls).await?;
        let mut answers = Vec::with_capacity(calls.len());
        let mut closing = Vec::with_capacity(calls.len());
        for call in calls {
            // Whoever settles the same task a second time in one batch comes after the first.
            let Some(hold) = holds.remove(&call.attempt) else {
                if calls.len() > 1 {
                    return Err(StoreError::Contended);
                }
                return Ok(vec![Err(missing(call))]);
            };
            answers.push(match judge(db, held, call, &hold).await? {
                Ok(Judged::Over(settled)) => Ok(settled),
                Ok(Judged::Closes { capture, share, made }) => {
                    let returned = hold.hold().minus(capture)?;
                    closing.push(Closing { call, hold, capture, share, made });
                    Ok(Settled::Now { cost: capture, returned })
                }
                Err(error) => Err(error),
            });
        }
        close(db, &closing).await?;
        Ok(answers)
    }
}

fn missing(call: &Settlement) -> StoreError {
    StoreError::Missing { table: "tasks", id: call.task.to_string() }
}

/// What a settlement comes to.
enum Judged {
    /// The task is over; nothing is written.
    Over(Settled),
    /// It closes the hold by this move, of which a contributor earns a share.
    Closes { capture: Amount, share: Option<Share>, made: Move },
}

async fn judge(
    db: &mut Db,
    held: &HeldFences,
    call: &Settlement,
    hold: &OpenHold,
) -> Result<Result<Judged, StoreError>, StoreError> {
    if hold.task_id != call.task.0 || hold.shard != i64::from(call.fence.shard) {
        return Ok(Err(missing(call)));
    }
    let state = read(TaskState::from_word(&hold.task_state), "tasks", "state", call.task)?;
    if state.is_terminal() {
        return over(db, call, (state, hold)).await.map(|settled| Ok(Judged::Over(settled)));
    }
    if let Err(fenced) = held.check(call.fence) {
        return Ok(Err(fenced));
    }
    // A look that is older than somebody's move of this attempt: look again.
    if !matches!(hold.attempt_state.as_str(), "submitting" | "running" | "in_doubt") {
        return Err(StoreError::Contended);
    }
    Ok(closing_move(call, hold))
}

/// The answer for a task that is over: an earlier run of this call may be what ended it.
async fn over(db: &mut Db, call: &Settlement, (state, hold): (TaskState, &OpenHold)) -> Result<Settled, StoreError> {
    let (own,) = sql!(
        db,
        one as (i64,),
        "select count(*) from moves where id = $1 and task_id = $2",
        call.move_id.0,
        call.task.0
    )?;
    let cost = Amount::from_nanos(hold.cost_nanos.unwrap_or(0));
    Ok(match own {
        0 => Settled::Already(state),
        _ => Settled::Now { cost, returned: hold.hold().minus(cost)? },
    })
}

fn closing_move(call: &Settlement, hold: &OpenHold) -> Result<Judged, StoreError> {
    let (account, held) = (hold.account(), hold.hold());
    Ok(match &call.outcome {
        Outcome::Solved { capture, .. } => {
            let share = hold.stake()?.share_of(*capture, account)?;
            Judged::Closes { capture: *capture, share, made: Move::capture(account, held, *capture, share)? }
        }
        Outcome::Failed { .. } => {
            Judged::Closes { capture: Amount::ZERO, share: None, made: Move::release(account, held)? }
        }
    })
}

async fn find_holds(db: &mut Db, calls: &[&Settlement]) -> Result<HashMap<AttemptId, OpenHold>, StoreError> {
    let ids: Vec<Cell<'_>> = calls.iter().map(|call| call.attempt.0.into()).collect();
    let head = "select a.id as attempt_id, t.id as task_id, t.shard, h.account_id, t.state as task_state,
                       a.state as attempt_state, t.cost_nanos, h.amount_nanos as hold_nanos,
                       (select count(*) from key_days d
                         where d.api_key_id = t.api_key_id and d.day = t.created_at_ms / 86400000) as has_cap,
                       a.provider_id, a.credential_id, a.share_bp, a.contributor_id
                  from attempts a join tasks t on t.id = a.task_id join holds h on h.task_id = t.id
                 where a.id";
    let rows: Vec<OpenHold> = bulk::find(db, (head, ""), &ids).await?;
    Ok(rows.into_iter().map(|row| (AttemptId(row.attempt_id), row)).collect())
}
