//! What each kind of move may consist of.

use capstan_domain::ledger::{MoveKind, Side};
use uuid::Uuid;

use super::Difference;
use crate::StoreError;
use crate::db::{Db, sql};

macro_rules! shapes {
    () => {
        "select m.kind, m.id, cast(sum(case
            when e.account like 'account:%:available'     then case when e.amount_nanos > 0 then 1 else 4 end
            when e.account like 'account:%:held'          then case when e.amount_nanos > 0 then 16 else 64 end
            when e.account like 'contributor:%:pending'   then case when e.amount_nanos > 0 then 256 else 1024 end
            when e.account like 'contributor:%:available' then case when e.amount_nanos > 0 then 4096 else 16384 end
            when e.account = 'platform:revenue'   then case when e.amount_nanos > 0 then 65536 else 262144 end
            when e.account = 'platform:loss'      then case when e.amount_nanos > 0 then 1048576 else 4194304 end
            when e.account = 'platform:promo'     then case when e.amount_nanos > 0 then 16777216 else 67108864 end
            when e.account like 'provider:%:cost' then case when e.amount_nanos > 0 then 268435456 else 1073741824 end
            when e.account = 'world:topup'        then case when e.amount_nanos > 0 then 4294967296 else 17179869184 end
            when e.account = 'world:payout'       then case when e.amount_nanos > 0 then 68719476736 else 274877906944 end
            end) as bigint) as shape
          from moves m join ledger_entries e on e.move_id = m.id
         group by m.id, m.kind"
    };
}

/// A move has the lines that its kind's function makes, on one owner's accounts; nothing else.
///
/// The database adds up, for each move, a number with two bits for each side that a line can be on: 4 to the power of the
/// side's place in [`Side::ALL`], for each of at most three lines of one side. Moves of a kind have a handful of such
/// numbers, and the rules say of each whether it can be.
pub(super) async fn wrong_shape(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    if let Some(found) = wrong_count(db).await? {
        return Ok(Some(found));
    }
    let shapes = sql!(
        db,
        all as (String, i64, i64),
        concat!("select kind, shape, count(*) from (", shapes!(), ") as seen group by kind, shape")
    )?;
    for (word, shape, _) in shapes {
        let sides = sides_of(shape);
        if MoveKind::from_word(&word).is_some_and(|kind| kind.may_have(&sides)) {
            continue;
        }
        return told(db, &word, shape).await.map(Some);
    }
    Ok(None)
}

/// So many lines that they do not fit in two bits, or lines on the accounts of several owners.
async fn wrong_count(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, i64, i64, i64),
        "select m.id, m.kind, count(*), count(distinct case when e.account like 'account:%' then substr(e.account, 9, 36) end),
                count(distinct case when e.account like 'contributor:%' then substr(e.account, 13, 36) end)
           from moves m join ledger_entries e on e.move_id = m.id
          group by m.id, m.kind
         having count(*) > 4 or count(*) <> count(distinct e.account)
             or count(distinct case when e.account like 'account:%' then substr(e.account, 9, 36) end) > 1
             or count(distinct case when e.account like 'contributor:%' then substr(e.account, 13, 36) end) > 1
             or (m.kind = 'spending'
                 and count(distinct case when e.account like 'account:%' then substr(e.account, 9, 36)
                                         when e.account like 'contributor:%' then substr(e.account, 13, 36) end) > 1)
          limit 1"
    )?;
    Ok(found.map(|(id, kind, lines, accounts, contributors)| Difference {
        rule: "a move has the lines that its kind can have",
        row: format!("the {kind} move {id}"),
        found: format!("has {lines} lines, on {accounts} accounts' and {contributors} contributors' books,"),
        expected: "at most four, one for each book, of one owner".to_owned(),
        next: "its lines in ledger_entries".to_owned(),
    }))
}

fn sides_of(shape: i64) -> Vec<Side> {
    let mut left = shape;
    let mut sides = Vec::new();
    for side in Side::ALL {
        for _ in 0..left & 3 {
            sides.push(side);
        }
        left >>= 2;
    }
    sides
}

/// A move of that kind whose lines are on those sides.
async fn told(db: &mut Db, kind: &str, shape: i64) -> Result<Difference, StoreError> {
    let (id,) = sql!(
        db,
        one as (Uuid,),
        concat!("select id from (", shapes!(), ") as seen where kind = $1 and shape = $2 limit 1"),
        kind,
        shape
    )?;
    let lines: Vec<&str> = sides_of(shape).into_iter().map(Side::as_str).collect();
    Ok(Difference {
        rule: "a move has the lines that its kind can have",
        row: format!("the {kind} move {id}"),
        found: format!("has the lines {}", lines.join(" ")),
        expected: "those that a move of its kind is made of".to_owned(),
        next: "its lines in ledger_entries, and the chart of accounts in docs/operators.md".to_owned(),
    })
}
