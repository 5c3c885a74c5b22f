//! What providers charge without a task to carry it: for tasks that failed, came late or stayed in doubt. The account is
//! refunded all the same, so the gateway bears it, openly: as a loss, or, where a contributor's credential was charged, by
//! giving the contributor the money back.

use capstan_domain::adapter::Charged;
use capstan_domain::route::Stake;
use capstan_domain::{AccountId, Amount, AttemptId, MoveId, TaskId};
use uuid::Uuid;

use super::attempts::changed_one;
use super::rows::{StakeRow, charged_word};
use crate::bulk::Writes;
use crate::db::{Db, sql};
use crate::earnings::{self, Earning};
use crate::moves::{self, Booking};
use crate::shards::hold_fence;
use crate::{Fence, Store, StoreError};

/// A provider's charge that no capture carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The id of the move that books it.
    pub move_id: MoveId,
    /// How much; must be positive.
    pub cost: Amount,
    /// Whether the provider said so; else it is what the provider is expected to have taken.
    pub is_told: bool,
}

impl Charge {
    /// The cost at the provider's word.
    pub(crate) fn told(self) -> Option<Amount> {
        self.is_told.then_some(self.cost)
    }
}

/// What became known of an attempt after its task was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateWord {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Under which right it is written.
    pub fence: Fence,
    /// Whether its provider charged for it.
    pub charged: Charged,
    /// What it charged, or is taken to have charged; none books nothing.
    pub charge: Option<Charge>,
    /// When it became known.
    pub at_ms: i64,
    /// When what a contributor gets back is out of dispute.
    pub matures_at_ms: i64,
}

/// What a late word came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its charge is in the books, by this call or an earlier one, or there is none.
    Done,
    /// The task's capture carries what the provider charged for this attempt: the same solution was told again.
    Captured,
}

/// A charge about to be booked.
pub(super) struct Borne {
    pub(super) task: TaskId,
    pub(super) attempt: AttemptId,
    pub(super) payer: AccountId,
    pub(super) stake: Stake,
    pub(super) charge: Charge,
    pub(super) at_ms: i64,
    pub(super) matures_at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct ChargedRow {
    account_id: Uuid,
    shard: i64,
    task_state: String,
    attempt_state: String,
    booked: i64,
    #[sqlx(flatten)]
    stake: StakeRow,
}

impl ChargedRow {
    /// The charge as it is booked; `times` are when, and when it is out of dispute.
    fn borne(
        &self,
        (task, attempt): (TaskId, AttemptId),
        charge: Charge,
        (at_ms, matures_at_ms): (i64, i64),
    ) -> Result<Borne, StoreError> {
        let stake = self.stake.read(attempt)?;
        Ok(Borne { task, attempt, payer: AccountId(self.account_id), stake, charge, at_ms, matures_at_ms })
    }
}

impl Store {
    /// Takes down what became known of an attempt whose task is over, and books what its provider charged, once per
    /// attempt. Nothing is asked about it any more.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]; [`StoreError::Missing`] when the task has no such attempt;
    /// [`StoreError::UnexpectedChange`] while it is open; [`StoreError::Move`] when the charge is not positive.
    pub async fn record_late_word(&self, word: LateWord) -> Result<Heard, StoreError> {
        self.write(word, |db, word| Box::pin(hear(db, word))).await
    }
}

async fn hear(db: &mut Db, word: &LateWord) -> Result<Heard, StoreError> {
    let found = find(db, (word.task, word.attempt)).await?;
    if found.shard != i64::from(word.fence.shard) {
        return Err(StoreError::Missing { table: "attempts", id: word.attempt.to_string() });
    }
    if !matches!(found.task_state.as_str(), "solved" | "failed") {
        let what = "the late word on a task that is over";
        return Err(StoreError::UnexpectedChange { what, expected: 1, changed: 0 });
    }
    if found.attempt_state == "solved" {
        return Ok(Heard::Captured);
    }
    hold_fence(db, word.fence).await?;
    let changed = sql!(
        db,
        execute,
        "update attempts set watch_until_ms = null, charged = $2, provider_cost_nanos = coalesce($3, provider_cost_nanos)
          where id = $1 and state <> 'solved'",
        word.attempt.0,
        charged_word(word.charged),
        word.charge.and_then(Charge::told).map(Amount::nanos)
    )?;
    changed_one(changed)?;
    if let Some(charge) = word.charge.filter(|_| found.booked == 0) {
        let times = (word.at_ms, word.matures_at_ms);
        book(db, found.borne((word.task, word.attempt), charge, times)?).await?;
    }
    Ok(Heard::Done)
}

/// Books what was charged for an attempt that has ended while its task goes on.
pub(super) async fn bear(
    db: &mut Db,
    attempt: (TaskId, AttemptId),
    charge: Charge,
    times: (i64, i64),
) -> Result<(), StoreError> {
    let found = find(db, attempt).await?;
    book(db, found.borne(attempt, charge, times)?).await
}

async fn find(db: &mut Db, (task, attempt): (TaskId, AttemptId)) -> Result<ChargedRow, StoreError> {
    let found = sql!(
        db,
        optional as ChargedRow,
        "select t.account_id, t.shard, t.state as task_state, a.state as attempt_state,
                (select count(*) from moves m
                  where m.attempt_id = a.id and m.kind in ('loss', 'reimbursement')) as booked,
                a.credential_id, a.share_bp, a.contributor_id
           from attempts a join tasks t on t.id = a.task_id
          where a.id = $1 and t.id = $2",
        attempt.0,
        task.0
    )?;
    found.ok_or_else(|| StoreError::Missing { table: "attempts", id: attempt.to_string() })
}

async fn book(db: &mut Db, borne: Borne) -> Result<(), StoreError> {
    let mut writes = Writes::default();
    bear_all(&mut writes, &[borne])?;
    writes.run(db).await
}

/// Books charges, each for an attempt that has none in the books.
pub(super) fn bear_all(writes: &mut Writes<'_>, borne: &[Borne]) -> Result<(), StoreError> {
    let (mut bookings, mut back) = (Vec::new(), Vec::new());
    for Borne { task, attempt, payer, stake, charge, at_ms, matures_at_ms } in borne {
        // Who is charged for their own task has nothing to get back.
        let Some(made) = stake.bear(charge.cost, *payer)? else { continue };
        if let Some((contributor, _)) = stake.share {
            back.push(Earning::reimbursement(*attempt, (contributor, charge.cost), *matures_at_ms));
        }
        bookings.push(Booking { id: charge.move_id, task: *task, attempt: Some(*attempt), at_ms: *at_ms, made });
    }
    moves::book_all(writes, &bookings);
    earnings::add_all(writes, &back);
    Ok(())
}
