//! The ledger checked against itself, in one state of the database.

use std::collections::HashMap;

use capstan_domain::ledger::LedgerAccount;
use capstan_domain::{AccountId, Amount};
use uuid::Uuid;

use crate::db::{Db, sql};
use crate::{Store, StoreError};

/// What a check of the ledger found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerReport {
    /// Accounts checked.
    pub accounts: i64,
    /// Moves checked.
    pub moves: i64,
    /// Entries checked.
    pub entries: i64,
    /// Holds checked.
    pub holds: i64,
    /// The first difference, in words; none when everything agrees.
    pub difference: Option<String>,
}

impl Store {
    /// Checks that every move sums to zero, that all of them do, that balances are the sums of their entries, that what
    /// is held is what open holds hold, that every hold has one settlement at most and captures no more than itself, and
    /// that a task is over exactly when its hold is closed.
    ///
    /// # Errors
    /// [`StoreError`] when the check cannot be made; what it finds is in the report.
    pub async fn verify_ledger(&self) -> Result<LedgerReport, StoreError> {
        let db = &mut self.reader().await?;
        db.begin_look().await?;
        check(db).await
    }
}

async fn check(db: &mut Db) -> Result<LedgerReport, StoreError> {
    let (accounts, moves, entries, holds) = sql!(
        db,
        one as (i64, i64, i64, i64),
        "select (select count(*) from accounts), (select count(*) from moves), (select count(*) from ledger_entries),
                (select count(*) from holds)"
    )?;
    let difference = first_difference(db).await?;
    Ok(LedgerReport { accounts, moves, entries, holds, difference })
}

async fn first_difference(db: &mut Db) -> Result<Option<String>, StoreError> {
    if let Some(found) = unbalanced(db).await? {
        return Ok(Some(found));
    }
    if let Some(found) = wrong_projection(db).await? {
        return Ok(Some(found));
    }
    if let Some(found) = wrong_held(db).await? {
        return Ok(Some(found));
    }
    if let Some(found) = wrong_settlement(db).await? {
        return Ok(Some(found));
    }
    if let Some(found) = wrong_capture(db).await? {
        return Ok(Some(found));
    }
    wrong_task(db).await
}

fn dollars(nanos: i64) -> Amount {
    Amount::from_nanos(nanos)
}

/// Σ entries of each move = 0, no move without entries; then Σ of all = 0, which also catches entries without a move.
async fn unbalanced(db: &mut Db) -> Result<Option<String>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, i64),
        "select m.id, m.kind, cast(coalesce(sum(e.amount_nanos), 0) as bigint)
           from moves m left join ledger_entries e on e.move_id = m.id
          group by m.id, m.kind
         having coalesce(sum(e.amount_nanos), 0) <> 0 or count(e.line) = 0
          limit 1"
    )?;
    if let Some((id, kind, sum)) = found {
        return Ok(Some(format!(
            "the entries of the {kind} move {id} sum to {} instead of zero, or are missing",
            dollars(sum)
        )));
    }
    let (sum,) = sql!(db, one as (i64,), "select cast(coalesce(sum(amount_nanos), 0) as bigint) from ledger_entries")?;
    Ok((sum != 0).then(|| format!("all entries together sum to {} instead of zero", dollars(sum))))
}

/// Projections = Σ entries. Ledger accounts are text, so that the two sides meet here and not in SQL.
async fn wrong_projection(db: &mut Db) -> Result<Option<String>, StoreError> {
    let sums = sql!(
        db,
        all as (String, i64),
        "select account, cast(sum(amount_nanos) as bigint) from ledger_entries where account like 'account:%'
          group by account"
    )?;
    let mut sums: HashMap<String, i64> = sums.into_iter().collect();
    let accounts = sql!(db, all as (Uuid, i64, i64), "select id, available, held from accounts")?;
    for (id, available, held) in accounts {
        let id = AccountId(id);
        for (name, projected) in
            [(LedgerAccount::Available(id).to_string(), available), (LedgerAccount::Held(id).to_string(), held)]
        {
            let sum = sums.remove(&name).unwrap_or(0);
            if sum != projected {
                let (sum, projected) = (dollars(sum), dollars(projected));
                return Ok(Some(format!("{name} shows {projected}, but its entries sum to {sum}")));
            }
        }
    }
    Ok(sums.into_keys().next().map(|name| format!("{name} has entries, but there is no such account")))
}

/// Σ open holds of an account = what it has held.
async fn wrong_held(db: &mut Db) -> Result<Option<String>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, i64, i64),
        "select a.id, a.held, cast(coalesce(sum(h.amount_nanos), 0) as bigint)
           from accounts a left join holds h on h.account_id = a.id and h.state = 'open'
          group by a.id, a.held
         having a.held <> coalesce(sum(h.amount_nanos), 0)
          limit 1"
    )?;
    Ok(found.map(|(id, held, open)| {
        format!("account {id} has {} held, but its open holds sum to {}", dollars(held), dollars(open))
    }))
}

// "kind in ('capture', 'release')" beside the kind itself is the condition of the index on settlements, word for word: SQLite
// does not see that one implies the other, and would read all moves for every hold.

/// One hold move per hold, of its amount; no settlement while it is open, exactly one of its kind afterwards.
async fn wrong_settlement(db: &mut Db) -> Result<Option<String>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, i64, i64, i64),
        "select task_id, state, held, captures, releases from (
            select h.task_id, h.state, h.amount_nanos,
                   (select cast(coalesce(sum(e.amount_nanos), 0) as bigint)
                      from moves m join ledger_entries e on e.move_id = m.id
                     where m.task_id = h.task_id and m.kind = 'hold' and e.amount_nanos > 0) as held,
                   (select count(*) from moves m
                     where m.task_id = h.task_id and m.kind in ('capture', 'release') and m.kind = 'capture') as captures,
                   (select count(*) from moves m
                     where m.task_id = h.task_id and m.kind in ('capture', 'release') and m.kind = 'release') as releases
              from holds h) as seen
          where held <> amount_nanos
             or captures <> case when state = 'captured' then 1 else 0 end
             or releases <> case when state = 'released' then 1 else 0 end
          limit 1"
    )?;
    Ok(found.map(|(task, state, held, captures, releases)| {
        format!(
            "the hold of task {task} is {state}, with {} moved into it, {captures} captures and {releases} releases",
            dollars(held)
        )
    }))
}

/// What left an account by a capture is what its task cost, and no more than was held.
async fn wrong_capture(db: &mut Db) -> Result<Option<String>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, i64, i64, i64),
        "select task_id, captured, cost_nanos, amount_nanos from (
            select h.task_id, h.amount_nanos, coalesce(t.cost_nanos, -1) as cost_nanos,
                   (select cast(coalesce(sum(e.amount_nanos), 0) as bigint)
                      from moves m join ledger_entries e on e.move_id = m.id
                     where m.task_id = h.task_id and m.kind in ('capture', 'release') and m.kind = 'capture'
                       and e.account not like 'account:%') as captured
              from holds h join tasks t on t.id = h.task_id
             where h.state = 'captured') as seen
          where captured <> cost_nanos or captured > amount_nanos
          limit 1"
    )?;
    Ok(found.map(|(task, captured, cost, held)| {
        let (captured, cost, held) = (dollars(captured), dollars(cost), dollars(held));
        format!("task {task} was charged {captured}, shows a cost of {cost} and had {held} held")
    }))
}

/// Solved ⇔ captured, failed ⇔ released, open ⇔ open; a task without a hold agrees with nothing.
async fn wrong_task(db: &mut Db) -> Result<Option<String>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, String),
        "select t.id, t.state, coalesce(h.state, 'missing')
           from tasks t left join holds h on h.task_id = t.id
          where coalesce(h.state, 'missing')
                <> case t.state when 'solved' then 'captured' when 'failed' then 'released' else 'open' end
          limit 1"
    )?;
    Ok(found.map(|(task, state, hold)| format!("task {task} is {state}, but its hold is {hold}")))
}
