//! What keys with a daily cap have committed today. Keys without one are not counted, so that they cost nothing.

use capstan_domain::{Amount, ApiKeyId, TaskId};

use crate::StoreError;
use crate::db::{Db, sql};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The day (UTC) of a time, counted from 1970.
#[must_use]
pub fn day_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(DAY_MS)
}

/// When a day (UTC) begins, in milliseconds since 1970.
#[must_use]
pub const fn day_begins_ms(day: i64) -> i64 {
    day.saturating_mul(DAY_MS)
}

/// What a key has committed on a day.
pub(crate) async fn committed(db: &mut Db, key: ApiKeyId, day: i64) -> Result<Amount, StoreError> {
    let found = sql!(
        db,
        optional as (i64,),
        "select committed_nanos from key_days where api_key_id = $1 and day = $2",
        key.0,
        day
    )?;
    Ok(Amount::from_nanos(found.map_or(0, |(nanos,)| nanos)))
}

/// Commits a hold under a cap; false when the cap would be passed.
pub(crate) async fn commit(
    db: &mut Db,
    (key, day): (ApiKeyId, i64),
    hold: Amount,
    cap: Amount,
) -> Result<bool, StoreError> {
    if hold > cap {
        return Ok(false);
    }
    let changed = sql!(
        db,
        execute,
        "insert into key_days (api_key_id, day, committed_nanos) values ($1, $2, $3)
         on conflict (api_key_id, day) do update set committed_nanos = key_days.committed_nanos + excluded.committed_nanos
          where key_days.committed_nanos + excluded.committed_nanos <= $4",
        key.0,
        day,
        hold.nanos(),
        cap.nanos()
    )?;
    Ok(changed == 1)
}

/// Gives back what of a task's hold was not captured, or was captured and reversed, where its key is counted.
pub(crate) async fn give_back(db: &mut Db, task: TaskId, returned: Amount) -> Result<(), StoreError> {
    if returned == Amount::ZERO {
        return Ok(());
    }
    // A cap that was set during the day has counted this task's hold; one that was not set has no row.
    sql!(
        db,
        execute,
        "update key_days set committed_nanos = committed_nanos - $2
          where committed_nanos >= $2
            and (api_key_id, day) in (select api_key_id, created_at_ms / $3 from tasks where id = $1)",
        task.0,
        returned.nanos(),
        DAY_MS
    )?;
    Ok(())
}

/// Counts a day from its tasks: when a cap is set, what came before counts as well.
pub(crate) async fn count_anew(db: &mut Db, key: ApiKeyId, day: i64) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into key_days (api_key_id, day, committed_nanos)
         select $1, $2, cast(coalesce(sum(case when t.state = 'failed' or r.decision = 'refunded' then 0
                                               when t.state = 'solved' then t.cost_nanos
                                               else h.amount_nanos end), 0) as bigint)
           from tasks t join holds h on h.task_id = t.id left join task_reports r on r.task_id = t.id
          where t.api_key_id = $1 and t.created_at_ms >= $3 and t.created_at_ms < $4
         on conflict (api_key_id, day) do update set committed_nanos = excluded.committed_nanos",
        key.0,
        day,
        day_begins_ms(day),
        day_begins_ms(day.saturating_add(1))
    )?;
    Ok(())
}
