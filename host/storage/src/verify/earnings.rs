//! What contributors have earned, lot by lot, against the moves that brought it.

use capstan_domain::AccountId;
use uuid::Uuid;

use super::holds::look_at_task;
use super::{Difference, dollars};
use crate::StoreError;
use crate::db::{Db, sql};

/// A share is the attempt's that solved its task, of its snapshot, for its contributor and never for the account that
/// paid; it is in the capture as it is in the lot, and a capture has no share without a lot.
pub(super) async fn wrong_share(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    // The share in two parts, so that no product leaves 64 bits.
    let found = sql!(
        db,
        optional as (Uuid, i64, i64, i64, i64),
        "select task_id, in_capture, in_lots, due, own from (
            select t.id as task_id, coalesce(c.earned, 0) as in_capture, coalesce(l.amount, 0) as in_lots,
                   coalesce(l.misplaced, 0) as own,
                   case when a.contributor_id is null or a.contributor_id = t.account_id then 0
                        else t.cost_nanos / 10000 * a.share_bp + t.cost_nanos % 10000 * a.share_bp / 10000 end as due
              from tasks t
              join attempts a on a.task_id = t.id and a.state = 'solved'
              left join (select m.task_id, cast(sum(e.amount_nanos) as bigint) as earned
                           from moves m join ledger_entries e on e.move_id = m.id
                          where m.kind = 'capture' and e.account like 'contributor:%'
                          group by m.task_id) as c on c.task_id = t.id
              left join (select b.task_id, cast(sum(s.amount_nanos) as bigint) as amount,
                                count(case when b.state <> 'solved' or b.contributor_id is null
                                             or b.contributor_id <> s.contributor_id or s.contributor_id = p.account_id
                                           then 1 end) as misplaced
                           from earnings s join attempts b on b.id = s.attempt_id join tasks p on p.id = b.task_id
                          where s.kind = 'share'
                          group by b.task_id) as l on l.task_id = t.id) as seen
          where in_capture <> in_lots or in_lots <> due or own > 0
          limit 1"
    )?;
    if let Some((task, in_capture, in_lots, due, misplaced)) = found {
        return Ok(Some(Difference {
            rule: "only the attempt that solved a task earns, its contributor, the share agreed at creation",
            row: format!("task {task}"),
            found: format!(
                "has a share of {} in its capture and of {} in earnings, {misplaced} of them for somebody who has not \
                 solved it or for the account that paid,",
                dollars(in_capture),
                dollars(in_lots)
            ),
            expected: format!("a share of {} in both", dollars(due)),
            next: look_at_task(task),
        }));
    }
    let stray = sql!(
        db,
        optional as (Uuid, Uuid, i64),
        "select e.attempt_id, t.id, e.amount_nanos
           from earnings e join attempts a on a.id = e.attempt_id join tasks t on t.id = a.task_id
          where e.kind = 'share' and t.state <> 'solved' limit 1"
    )?;
    Ok(stray.map(|(attempt, task, amount)| Difference {
        rule: "only the attempt that solved a task earns, its contributor, the share agreed at creation",
        row: format!("attempt {attempt}"),
        found: format!("has earned {} by a task that was not solved", dollars(amount)),
        expected: "nothing".to_owned(),
        next: look_at_task(task),
    }))
}

/// A lot that gives a charge back is the reimbursement of its attempt, and each has the other.
pub(super) async fn wrong_reimbursement(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, i64, i64),
        "select attempt_id, cast(sum(moved) as bigint), cast(sum(lots) as bigint) from (
            select m.attempt_id, e.amount_nanos as moved, 0 as lots
              from moves m join ledger_entries e on e.move_id = m.id
             where m.kind = 'reimbursement' and e.amount_nanos > 0
            union all
            select attempt_id, 0, amount_nanos from earnings where kind = 'reimbursement') as seen
          group by attempt_id
         having sum(moved) <> sum(lots)
          limit 1"
    )?;
    Ok(found.map(|(attempt, moved, lot)| Difference {
        rule: "what a contributor gets back is what was reimbursed for the attempt",
        row: format!("attempt {attempt}"),
        found: format!("has {} to be given back in earnings", dollars(lot)),
        expected: format!("the {} that its reimbursement moved", dollars(moved)),
        next: format!("its row in earnings, and the moves where attempt_id is {attempt}"),
    }))
}

/// A lot is its attempt's contributor's, and what a capture has for somebody is for the contributor of its task.
pub(super) async fn wrong_owner(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let lot = sql!(
        db,
        optional as (Uuid, Uuid),
        "select e.attempt_id, e.contributor_id from earnings e join attempts a on a.id = e.attempt_id
          where a.contributor_id is null or a.contributor_id <> e.contributor_id limit 1"
    )?;
    if let Some((attempt, contributor)) = lot {
        return Ok(Some(not_theirs(
            contributor,
            format!("has earned by attempt {attempt}, which is not on their key"),
        )));
    }
    let pairs = sql!(
        db,
        all as (Uuid, String),
        "select distinct a.contributor_id, e.account
           from moves m
           join attempts a on a.task_id = m.task_id and a.state = 'solved'
           join ledger_entries e on e.move_id = m.id
          where m.kind in ('capture', 'reversal') and e.account like 'contributor:%' and a.contributor_id is not null"
    )?;
    let wrong = pairs.into_iter().find(|(id, name)| name.split(':').nth(1) != Some(&AccountId(*id).to_string()));
    Ok(wrong.map(|(id, name)| not_theirs(id, format!("has solved a task whose share is on {name}"))))
}

fn not_theirs(contributor: Uuid, found: String) -> Difference {
    Difference {
        rule: "who contributed the credential earns, and nobody else",
        row: format!("account {contributor}"),
        found,
        expected: "the contributor of the attempt's snapshot".to_owned(),
        next: format!("the rows in earnings and attempts where contributor_id is {contributor}"),
    }
}

/// A lot is taken back exactly when a claw-back of its attempt, or a reversal of its task that takes from its contributor,
/// is in the books; a claw-back takes all of it.
pub(super) async fn wrong_take_back(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, i64, i64, i64),
        "select attempt_id, state, amount_nanos, clawed, reversed from (
            select e.attempt_id, e.state, e.amount_nanos, e.kind, coalesce(c.amount, 0) as clawed,
                   coalesce(r.amount, 0) as reversed
              from earnings e
              join attempts a on a.id = e.attempt_id
              left join (select m.attempt_id, cast(sum(l.amount_nanos) as bigint) as amount
                           from moves m join ledger_entries l on l.move_id = m.id
                          where m.kind = 'clawback' and l.amount_nanos > 0 group by m.attempt_id) as c
                     on c.attempt_id = e.attempt_id
              left join (select m.task_id, cast(sum(-l.amount_nanos) as bigint) as amount
                           from moves m join ledger_entries l on l.move_id = m.id
                          where m.kind = 'reversal' and l.account like 'contributor:%' group by m.task_id) as r
                     on r.task_id = a.task_id and e.kind = 'share') as seen
          where clawed + reversed <> case state when 'taken_back' then amount_nanos else 0 end
          limit 1"
    )?;
    if let Some((attempt, state, amount, clawed, reversed)) = found {
        let taken = dollars(clawed.saturating_add(reversed));
        return Ok(Some(Difference {
            rule: "an earning is taken back by one claw-back or reversal, as a whole",
            row: format!("the earning of attempt {attempt}"),
            found: format!("is {state}, of {}, and {taken} of it was taken back by moves", dollars(amount)),
            expected: "all of it for one that was taken back, nothing for another".to_owned(),
            next: format!("the moves where attempt_id is {attempt}, and the reversal of its task"),
        }));
    }
    let stray = sql!(
        db,
        optional as (Uuid, Uuid),
        "select m.id, m.attempt_id from moves m left join earnings e on e.attempt_id = m.attempt_id
          where m.kind = 'clawback' and e.attempt_id is null limit 1"
    )?;
    Ok(stray.map(|(id, attempt)| Difference {
        rule: "an earning is taken back by one claw-back or reversal, as a whole",
        row: format!("the clawback move {id}"),
        found: "takes back what was never earned".to_owned(),
        expected: "an earning".to_owned(),
        next: format!("the row in earnings of attempt {attempt}, which is missing"),
    }))
}
