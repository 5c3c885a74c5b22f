//! The ledger checked against itself, in one state of the database.
//!
//! Every check is a statement or two over whole tables that brings back the first row that is not as it must be, so that the
//! time grows with the books and not faster. They stand in the order in which a difference is best understood: first sums,
//! then holds, then what each kind of move may be, then contributors.

mod books;
mod charges;
mod earnings;
mod holds;
mod payouts;
mod reversals;
mod shapes;

use std::fmt;

use capstan_domain::Amount;

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
    /// Contributors' earnings checked.
    pub earnings: i64,
    /// The first difference; none when everything agrees.
    pub difference: Option<Difference>,
}

/// Something in the books that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which rule is broken.
    pub rule: &'static str,
    /// Which row, such as `the capture move 0198…`.
    pub row: String,
    /// What it is, as the end of a sentence on the row.
    pub found: String,
    /// What it must be.
    pub expected: String,
    /// What to look at next.
    pub next: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, row, found, expected, next } = self;
        write!(f, "{row} {found} instead of {expected}; the rule is: {rule}; look at {next}")
    }
}

impl Store {
    /// Recomputes everything from the entries and tells the first difference. What is checked is what each of this module's
    /// parts says.
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
    let (accounts, moves, entries, holds, earnings) = sql!(
        db,
        one as (i64, i64, i64, i64, i64),
        "select (select count(*) from accounts), (select count(*) from moves), (select count(*) from ledger_entries),
                (select count(*) from holds), (select count(*) from earnings)"
    )?;
    let difference = first_difference(db).await?;
    Ok(LedgerReport { accounts, moves, entries, holds, earnings, difference })
}

async fn first_difference(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    macro_rules! first_of {
        ($($check:path),+ $(,)?) => {
            $(if let Some(found) = $check(db).await? {
                return Ok(Some(found));
            })+
        };
    }
    first_of![
        books::unbalanced,
        books::wrong_projection,
        holds::wrong_held,
        holds::wrong_settlement,
        holds::wrong_capture,
        holds::wrong_task,
        shapes::wrong_shape,
        holds::wrong_owner,
        holds::wrong_solver,
        charges::wrong_attempt,
        charges::wrong_credential,
        earnings::wrong_share,
        earnings::wrong_reimbursement,
        earnings::wrong_owner,
        earnings::wrong_take_back,
        reversals::wrong_reversal,
        payouts::wrong_payout,
    ];
    Ok(None)
}

fn dollars(nanos: i64) -> Amount {
    Amount::from_nanos(nanos)
}
