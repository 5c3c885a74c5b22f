//! What contributors asked to have paid out, against the moves that paid it.

use uuid::Uuid;

use super::{Difference, dollars};
use crate::StoreError;
use crate::db::{Db, sql};

/// A payout that is paid has its move, of its amount and from its account's matured earnings; what is asked for is there.
pub(super) async fn wrong_payout(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, Uuid, i64, i64),
        "select p.id, p.account_id, p.amount_nanos,
                (select cast(coalesce(sum(e.amount_nanos), 0) as bigint)
                   from moves m join ledger_entries e on e.move_id = m.id
                  where m.id = p.move_id and m.kind = 'payout' and e.account = 'world:payout') as moved
           from payouts p
          where p.state = 'paid'
            and p.amount_nanos <> (select cast(coalesce(sum(e.amount_nanos), 0) as bigint)
                                     from moves m join ledger_entries e on e.move_id = m.id
                                    where m.id = p.move_id and m.kind = 'payout' and e.account = 'world:payout')
          limit 1"
    )?;
    if let Some((payout, account, amount, moved)) = found {
        return Ok(Some(Difference {
            rule: "a payout that is paid is one move of its amount",
            row: format!("payout {payout} of account {account}"),
            found: format!("is paid, and its move has paid {}", dollars(moved)),
            expected: dollars(amount).to_string(),
            next: format!("its row in payouts, and the statement of earnings of account {account}"),
        }));
    }
    let short = sql!(
        db,
        optional as (Uuid, i64, i64),
        "select a.id, a.earned, cast(sum(p.amount_nanos) as bigint)
           from payouts p join accounts a on a.id = p.account_id
          where p.state = 'requested' group by a.id, a.earned having sum(p.amount_nanos) > a.earned limit 1"
    )?;
    Ok(short.map(|(account, earned, asked)| Difference {
        rule: "what is asked to be paid out stays there until that is settled",
        row: format!("account {account}"),
        found: format!("has matured earnings of {}", dollars(earned)),
        expected: format!("at least the {} that it has asked to be paid out", dollars(asked)),
        next: format!("the rows in payouts of account {account} that are requested"),
    }))
}
