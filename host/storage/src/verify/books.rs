//! Sums: every move's, all of them, and what accounts show.

use std::collections::HashMap;

use capstan_domain::ledger::LedgerAccount;
use capstan_domain::{AccountId, CredentialId};
use uuid::Uuid;

use super::{Difference, dollars};
use crate::StoreError;
use crate::db::{Db, sql};

/// Σ entries of each move = 0, no move without entries; then Σ of all = 0, which also catches entries without a move.
pub(super) async fn unbalanced(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, i64, i64),
        "select m.id, m.kind, cast(coalesce(sum(e.amount_nanos), 0) as bigint), count(e.line)
           from moves m left join ledger_entries e on e.move_id = m.id
          group by m.id, m.kind
         having coalesce(sum(e.amount_nanos), 0) <> 0 or count(e.line) = 0
          limit 1"
    )?;
    if let Some((id, kind, sum, lines)) = found {
        let found = match lines {
            0 => "has no entries, they are missing, or were never written,".to_owned(),
            _ => format!("has {lines} entries that sum to {}", dollars(sum)),
        };
        return Ok(Some(Difference {
            rule: "the entries of a move sum to zero",
            row: format!("the {kind} move {id}"),
            found,
            expected: "zero".to_owned(),
            next: "its lines in ledger_entries; nothing changes them but a hand in the database".to_owned(),
        }));
    }
    let (sum,) = sql!(db, one as (i64,), "select cast(coalesce(sum(amount_nanos), 0) as bigint) from ledger_entries")?;
    Ok((sum != 0).then(|| Difference {
        rule: "all entries sum to zero",
        row: "the ledger".to_owned(),
        found: format!("has entries that sum to {} together", dollars(sum)),
        expected: "zero".to_owned(),
        next: "entries whose move_id is no move".to_owned(),
    }))
}

/// Projections = Σ entries: what accounts show, what has matured, what is pending; and there is no ledger account beside
/// those of the chart. Ledger accounts are text, so that the two sides meet here and not in SQL.
pub(super) async fn wrong_projection(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let sums = sql!(
        db,
        all as (String, i64),
        "select account, cast(sum(amount_nanos) as bigint) from ledger_entries group by account"
    )?;
    let mut sums: HashMap<String, i64> = sums.into_iter().collect();
    let pending = sql!(
        db,
        all as (Uuid, i64),
        "select contributor_id, cast(sum(amount_nanos) as bigint) from earnings where state = 'pending'
          group by contributor_id"
    )?;
    let pending: HashMap<Uuid, i64> = pending.into_iter().collect();
    let accounts = sql!(db, all as (Uuid, i64, i64, i64), "select id, available, held, earned from accounts")?;
    for (id, available, held, earned) in accounts {
        let (id, waits) = (AccountId(id), pending.get(&id).copied().unwrap_or(0));
        for (book, shown) in [
            (LedgerAccount::Available(id), available),
            (LedgerAccount::Held(id), held),
            (LedgerAccount::ContributorAvailable(id), earned),
            (LedgerAccount::ContributorPending(id), waits),
        ] {
            let sum = sums.remove(&book.to_string()).unwrap_or(0);
            if sum != shown {
                return Ok(Some(not_the_sum(book, shown, sum)));
            }
        }
    }
    for (credential,) in sql!(db, all as (Uuid,), "select id from credentials")? {
        sums.remove(&LedgerAccount::ProviderCost(CredentialId(credential)).to_string());
    }
    for book in
        [LedgerAccount::Revenue, LedgerAccount::Loss, LedgerAccount::Promo, LedgerAccount::TopUp, LedgerAccount::Payout]
    {
        sums.remove(&book.to_string());
    }
    Ok(sums.into_keys().min().map(|name| Difference {
        rule: "every entry is on an account of the chart",
        row: format!("the ledger account {name}"),
        found: "has entries, but there is no such account".to_owned(),
        expected: "one of the chart's, of an account or credential that there is".to_owned(),
        next: format!("the moves of ledger_entries where account = '{name}'"),
    }))
}

fn not_the_sum(book: LedgerAccount, shown: i64, sum: i64) -> Difference {
    let (rule, next) = match book {
        LedgerAccount::ContributorPending(_) => {
            ("what is pending is the sum of the pending earnings", "the contributor's rows in earnings, lot by lot")
        }
        LedgerAccount::Available(_)
        | LedgerAccount::Held(_)
        | LedgerAccount::ContributorAvailable(_)
        | LedgerAccount::Revenue
        | LedgerAccount::Loss
        | LedgerAccount::ProviderCost(_)
        | LedgerAccount::Promo
        | LedgerAccount::TopUp
        | LedgerAccount::Payout => (
            "what an account shows is the sum of its entries",
            "the account's statement, whose last page must begin with nothing",
        ),
    };
    Difference {
        rule,
        row: book.to_string(),
        found: format!("shows {}", dollars(shown)),
        expected: format!("the {} that its entries sum to", dollars(sum)),
        next: next.to_owned(),
    }
}
