//! What was given back after a capture.

use uuid::Uuid;

use super::holds::look_at_task;
use super::{Difference, dollars};
use crate::StoreError;
use crate::db::{Db, sql};

/// A reversal mirrors its capture, once: the account gets back what it paid; a pending share is taken back with it, one
/// that has matured is the platform's loss, and the rest is revenue, with what was clawed back before.
pub(super) async fn wrong_reversal(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, Uuid, i64, i64, i64, i64),
        "select id, task_id, back, paid, borne, matured from (
            select m.id, m.task_id, coalesce(t.cost_nanos, 0) as paid, t.state,
                   cast(sum(case when e.account like 'account:%' then e.amount_nanos else 0 end) as bigint) as back,
                   cast(sum(case when e.account = 'platform:loss' then -e.amount_nanos else 0 end) as bigint) as borne,
                   coalesce((select cast(sum(s.amount_nanos) as bigint)
                               from attempts a join earnings s on s.attempt_id = a.id
                              where a.task_id = m.task_id and s.kind = 'share' and s.state = 'matured'), 0) as matured,
                   (select count(*) from attempts a join earnings s on s.attempt_id = a.id
                     where a.task_id = m.task_id and s.kind = 'share' and s.state = 'pending') as pending,
                   (select count(*) from moves r where r.task_id = m.task_id and r.kind = 'reversal') as reversals
              from moves m join tasks t on t.id = m.task_id join ledger_entries e on e.move_id = m.id
             where m.kind = 'reversal'
             group by m.id, m.task_id, t.cost_nanos, t.state) as seen
          where back <> paid or borne <> matured or state <> 'solved' or pending > 0 or reversals > 1
          limit 1"
    )?;
    Ok(found.map(|(id, task, back, paid, borne, matured)| Difference {
        rule: "a reversal mirrors its capture, once",
        row: format!("the reversal move {id}"),
        found: format!("gives {} back, of which the platform bears {}", dollars(back), dollars(borne)),
        expected: format!(
            "the {} that the task cost, of which {} has matured, with no share left pending and no other reversal",
            dollars(paid),
            dollars(matured)
        ),
        next: look_at_task(task),
    }))
}
