//! Holds: what is set aside, what closed it, what was captured, and the task that it is for.

use capstan_domain::AccountId;
use uuid::Uuid;

use super::{Difference, dollars};
use crate::StoreError;
use crate::db::{Db, sql};

/// Σ open holds of an account = what it has held.
pub(super) async fn wrong_held(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, i64, i64),
        "select a.id, a.held, cast(coalesce(sum(h.amount_nanos), 0) as bigint)
           from accounts a left join holds h on h.account_id = a.id and h.state = 'open'
          group by a.id, a.held
         having a.held <> coalesce(sum(h.amount_nanos), 0)
          limit 1"
    )?;
    Ok(found.map(|(id, held, open)| Difference {
        rule: "what is held is what open holds hold",
        row: format!("account {id}"),
        found: format!("has {} held", dollars(held)),
        expected: format!("the {} that its open holds sum to", dollars(open)),
        next: "its open rows in holds, and their tasks".to_owned(),
    }))
}

// "kind in ('capture', 'release')" beside the kind itself is the condition of the index on settlements, word for word: SQLite
// does not see that one implies the other, and would read all moves for every hold.

/// One hold move per hold, of its amount; no settlement while it is open, exactly one of its kind afterwards, which takes
/// all of it out.
pub(super) async fn wrong_settlement(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, i64, i64, i64, i64),
        "select task_id, state, held, taken, captures, releases from (
            select h.task_id, h.state, h.amount_nanos,
                   (select cast(coalesce(sum(e.amount_nanos), 0) as bigint)
                      from moves m join ledger_entries e on e.move_id = m.id
                     where m.task_id = h.task_id and m.kind = 'hold' and e.amount_nanos > 0) as held,
                   (select cast(coalesce(sum(e.amount_nanos), 0) as bigint)
                      from moves m join ledger_entries e on e.move_id = m.id
                     where m.task_id = h.task_id and m.kind in ('capture', 'release') and e.amount_nanos < 0) as taken,
                   (select count(*) from moves m
                     where m.task_id = h.task_id and m.kind in ('capture', 'release') and m.kind = 'capture') as captures,
                   (select count(*) from moves m
                     where m.task_id = h.task_id and m.kind in ('capture', 'release') and m.kind = 'release') as releases
              from holds h) as seen
          where held <> amount_nanos
             or captures <> case when state = 'captured' then 1 else 0 end
             or releases <> case when state = 'released' then 1 else 0 end
             or taken <> case when state = 'open' then 0 else -amount_nanos end
          limit 1"
    )?;
    Ok(found.map(|(task, state, held, taken, captures, releases)| Difference {
        rule: "a hold is made by one move and closed by one, of its kind and its amount",
        row: format!("the hold of task {task}"),
        found: format!(
            "is {state}, with {} moved into it, {} moved out of it, {captures} captures and {releases} releases",
            dollars(held),
            dollars(taken.saturating_neg())
        ),
        expected: "its amount moved in, and out by the one settlement that its state names".to_owned(),
        next: look_at_task(task),
    }))
}

/// What left an account by a capture is what its task cost, and no more than was held.
pub(super) async fn wrong_capture(db: &mut Db) -> Result<Option<Difference>, StoreError> {
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
        Difference {
            rule: "a capture is what its task cost, and no more than was held",
            row: format!("task {task}"),
            found: format!("was charged {captured}, shows a cost of {cost} and had {held} held"),
            expected: "a charge that is the cost and within the hold".to_owned(),
            next: look_at_task(task),
        }
    }))
}

/// Solved ⇔ captured, failed ⇔ released, open ⇔ open; a task without a hold agrees with nothing, and a hold is its task's
/// account's.
pub(super) async fn wrong_task(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, String),
        "select t.id, t.state, case when h.account_id <> t.account_id then 'another account''s'
                                    else coalesce(h.state, 'missing') end
           from tasks t left join holds h on h.task_id = t.id
          where coalesce(h.state, 'missing')
                <> case t.state when 'solved' then 'captured' when 'failed' then 'released' else 'open' end
             or h.account_id <> t.account_id
          limit 1"
    )?;
    Ok(found.map(|(task, state, hold)| Difference {
        rule: "a task is over exactly when its hold is closed",
        row: format!("task {task}"),
        found: format!("is {state}, but its hold is {hold}"),
        expected: "captured for solved, released for failed, open for the rest".to_owned(),
        next: look_at_task(task),
    }))
}

/// What is booked for a task is booked on its own account.
pub(super) async fn wrong_owner(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    // The two forms of an id meet here; there are as many pairs as accounts when all is well.
    let pairs = sql!(
        db,
        all as (Uuid, String),
        "select distinct t.account_id, e.account
           from ledger_entries e join moves m on m.id = e.move_id join tasks t on t.id = m.task_id
          where e.account like 'account:%'"
    )?;
    let wrong = pairs.into_iter().find(|(id, name)| name.split(':').nth(1) != Some(&AccountId(*id).to_string()));
    Ok(wrong.map(|(id, name)| Difference {
        rule: "what is booked for a task is booked on its own account",
        row: format!("a task of account {id}"),
        found: format!("has an entry on {name}"),
        expected: "one on its own account".to_owned(),
        next: format!("the moves of account {id}'s tasks that have an entry on {name}"),
    }))
}

/// A solved task has one solved attempt, with the snapshot of a price; no other task has one.
pub(super) async fn wrong_solver(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, i64, i64),
        "select t.id, t.state, count(a.id), count(case when a.price_nanos > 0 and a.share_bp between 0 and 10000
                                                        and (a.pool = 'community') = (a.contributor_id is not null)
                                                       then 1 end)
           from tasks t left join attempts a on a.task_id = t.id and a.state = 'solved'
          group by t.id, t.state
         having count(a.id) <> case t.state when 'solved' then 1 else 0 end
             or count(a.id) <> count(case when a.price_nanos > 0 and a.share_bp between 0 and 10000
                                           and (a.pool = 'community') = (a.contributor_id is not null)
                                          then 1 end)
          limit 1"
    )?;
    Ok(found.map(|(task, state, solved, priced)| Difference {
        rule: "a capture has one attempt that solved, with its price at creation",
        row: format!("task {task}"),
        found: format!("is {state} and has {solved} solved attempts, {priced} of them with a whole price snapshot"),
        expected: "one with a price for a solved task, none for another".to_owned(),
        next: look_at_task(task),
    }))
}

pub(super) fn look_at_task(task: Uuid) -> String {
    format!("`capstan task show {task}`, and the moves where task_id is its id")
}
