//! Money that goes back after a complaint, and what complaints come to.

use capstan_domain::ledger::{Move, Share};
use capstan_domain::{AccountId, Amount, AttemptId, MoveId, ProviderId, TaskId};
use uuid::Uuid;

use crate::bulk::Writes;
use crate::db::{Db, sql};
use crate::moves::{self, Booking};
use crate::providers::read_id;
use crate::{Store, StoreError, key_days};

/// What an account has paid for a task that was solved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paid {
    account: AccountId,
    task: TaskId,
    attempt: AttemptId,
    cost: Amount,
    is_reversed: bool,
    pub(super) solved_at_ms: i64,
}

impl Paid {
    /// Whether there is something to give back.
    pub(super) fn is_paid(&self) -> bool {
        self.cost > Amount::ZERO && !self.is_reversed
    }
}

/// What an account has paid for its task.
///
/// # Errors
/// [`StoreError::Missing`] when it has no such task; [`StoreError::UnexpectedChange`] when the task is not solved.
pub(super) async fn paid(db: &mut Db, (account, task): (AccountId, TaskId)) -> Result<Paid, StoreError> {
    let found = sql!(
        db,
        optional as (Option<i64>, Option<i64>, Option<Uuid>, i64),
        "select t.cost_nanos, t.ended_at_ms,
                (select a.id from attempts a where a.task_id = t.id and a.state = 'solved'),
                (select count(*) from moves m where m.task_id = t.id and m.kind = 'reversal')
           from tasks t where t.id = $1 and t.account_id = $2",
        task.0,
        account.0
    )?;
    let Some((cost, ended_at_ms, attempt, reversals)) = found else {
        return Err(StoreError::Missing { table: "tasks", id: task.to_string() });
    };
    let (Some(cost), Some(solved_at_ms), Some(attempt)) = (cost, ended_at_ms, attempt) else {
        let what = "the report on a task that is solved";
        return Err(StoreError::UnexpectedChange { what, expected: 1, changed: 0 });
    };
    let (cost, is_reversed) = (Amount::from_nanos(cost), reversals > 0);
    Ok(Paid { account, task, attempt: AttemptId(attempt), cost, is_reversed, solved_at_ms })
}

/// Gives a capture back: to the account, and to the day of a key that has a daily cap. What the task's contributor earned
/// is taken back while it is pending; the platform bears what has matured. Once per task, which the index on moves keeps.
pub(super) async fn give_back(db: &mut Db, paid: &Paid, (move_id, at_ms): (MoveId, i64)) -> Result<(), StoreError> {
    let (taken_back, borne) = take_share_back(db, paid.attempt).await?;
    let made = Move::reversal(paid.account, paid.cost, taken_back, borne)?;
    let changed = sql!(
        db,
        execute,
        "update accounts set available = available + $2 where id = $1",
        paid.account.0,
        paid.cost.nanos()
    )?;
    if changed != 1 {
        return Err(StoreError::Missing { table: "accounts", id: paid.account.to_string() });
    }
    let mut writes = Writes::default();
    moves::book_all(&mut writes, &[Booking { id: move_id, task: paid.task, attempt: None, at_ms, made }]);
    writes.run(db).await?;
    key_days::give_back(db, paid.task, paid.cost).await
}

/// The share that is taken back, and the one that is too late to be.
async fn take_share_back(db: &mut Db, attempt: AttemptId) -> Result<(Option<Share>, Amount), StoreError> {
    let pending = sql!(
        db,
        optional as (Uuid, i64),
        "update earnings set state = 'taken_back'
          where attempt_id = $1 and kind = 'share' and state = 'pending' returning contributor_id, amount_nanos",
        attempt.0
    )?;
    if let Some((contributor, nanos)) = pending {
        let share = Share { contributor: AccountId(contributor), amount: Amount::from_nanos(nanos) };
        return Ok((Some(share), Amount::ZERO));
    }
    let matured = sql!(
        db,
        optional as (i64,),
        "select amount_nanos from earnings where attempt_id = $1 and kind = 'share' and state = 'matured'",
        attempt.0
    )?;
    Ok((None, matured.map_or(Amount::ZERO, |(nanos,)| Amount::from_nanos(nanos))))
}

/// What an account's reports on a provider's solutions come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportCount {
    /// The account.
    pub account: AccountId,
    /// The provider.
    pub provider: ProviderId,
    /// How many said that a solution worked.
    pub good: i64,
    /// How many said that it did not.
    pub bad: i64,
    /// How many of those were refunded.
    pub refunded: i64,
    /// How many wait for the provider's word.
    pub pending: i64,
    /// What was given back.
    pub refunds: Amount,
    /// Tasks of the account that the provider solved in the same time.
    pub solved: i64,
}

#[derive(sqlx::FromRow)]
struct CountRow {
    account_id: Uuid,
    provider_id: String,
    good: i64,
    bad: i64,
    refunded: i64,
    pending: i64,
    refund_nanos: i64,
    solved: i64,
}

impl Store {
    /// What reports since a time come to, by account and provider, the most complaints first: of one account or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_reports(
        &self,
        account: Option<AccountId>,
        since_ms: i64,
        most: i64,
    ) -> Result<Vec<ReportCount>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as CountRow,
            "select c.account_id, c.provider_id, c.good, c.bad, c.refunded, c.pending, c.refund_nanos,
                    (select count(*) from tasks s
                      where s.account_id = c.account_id and s.created_at_ms >= $1 and s.state = 'solved'
                        and s.solver_provider = c.provider_id) as solved
               from (select r.account_id, t.solver_provider as provider_id,
                            cast(sum(case when r.correct then 1 else 0 end) as bigint) as good,
                            cast(sum(case when r.correct then 0 else 1 end) as bigint) as bad,
                            cast(sum(case when r.decision = 'refunded' then 1 else 0 end) as bigint) as refunded,
                            cast(sum(case when r.decision = 'pending' then 1 else 0 end) as bigint) as pending,
                            cast(coalesce(sum(r.refund_nanos), 0) as bigint) as refund_nanos
                       from task_reports r join tasks t on t.id = r.task_id
                      where r.created_at_ms >= $1 and ($2 is null or r.account_id = $2)
                      group by r.account_id, t.solver_provider) as c
              order by c.bad desc, c.account_id, c.provider_id limit $3",
            since_ms,
            account.map(|account| account.0),
            most
        )?;
        rows.into_iter().map(CountRow::read).collect()
    }
}

impl CountRow {
    fn read(self) -> Result<ReportCount, StoreError> {
        Ok(ReportCount {
            account: AccountId(self.account_id),
            provider: read_id("tasks", "solver_provider", &self.provider_id)?,
            good: self.good,
            bad: self.bad,
            refunded: self.refunded,
            pending: self.pending,
            refunds: Amount::from_nanos(self.refund_nanos),
            solved: self.solved,
        })
    }
}
