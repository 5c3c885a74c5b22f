//! What contributors have earned, lot by lot: pending until the dispute window has passed, then matured, or taken back.
//!
//! What is pending is the sum of the lots; a row that every capture changes would make all tasks of one contributor wait for
//! each other. What has matured is a balance of its own, `accounts.earned`, because it can be spent.

use capstan_domain::ledger::{Move, Share};
use capstan_domain::{AccountId, Amount, AttemptId, CredentialId, MoveId};
use uuid::Uuid;

use crate::bulk::{Bulk, Cell, Writes};
use crate::db::{Db, sql};
use crate::moves;
use crate::{Store, StoreError};

/// What one attempt has brought its contributor.
pub(crate) struct Earning {
    attempt: AttemptId,
    kind: &'static str,
    contributor: AccountId,
    amount: Amount,
    matures_at_ms: i64,
}

impl Earning {
    pub(crate) fn share(attempt: AttemptId, share: Share, matures_at_ms: i64) -> Self {
        let Share { contributor, amount } = share;
        Self { attempt, kind: "share", contributor, amount, matures_at_ms }
    }

    pub(crate) fn reimbursement(
        attempt: AttemptId,
        (contributor, amount): (AccountId, Amount),
        matures_at_ms: i64,
    ) -> Self {
        Self { attempt, kind: "reimbursement", contributor, amount, matures_at_ms }
    }
}

/// Writes lots, pending; a share of nothing is none.
pub(crate) fn add_all(writes: &mut Writes<'_>, earned: &[Earning]) {
    const INSERT: Bulk =
        Bulk::insert("insert into earnings (attempt_id, contributor_id, kind, amount_nanos, matures_at_ms, state)", 6);
    let row = |e: &Earning| -> [Cell<'static>; 6] {
        let (amount, matures_at_ms) = (e.amount.nanos().into(), e.matures_at_ms.into());
        [e.attempt.0.into(), e.contributor.0.into(), e.kind.into(), amount, matures_at_ms, "pending".into()]
    };
    writes.add(INSERT, earned.iter().filter(|e| e.amount > Amount::ZERO).flat_map(row).collect());
}

/// What a contributor's lots come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earnings {
    /// Not yet out of dispute.
    pub pending: Amount,
    /// Matured, and neither spent nor paid out.
    pub available: Amount,
}

/// Earnings to mature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maturing {
    /// Whose.
    pub contributor: AccountId,
    /// Now: lots that mature at this time or before.
    pub now_ms: i64,
    /// The id of the move.
    pub move_id: MoveId,
}

impl Store {
    /// Contributors who have lots to mature, at most so many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_maturing(&self, now_ms: i64, most: i64) -> Result<Vec<AccountId>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as (Uuid,),
            "select distinct contributor_id from earnings
              where state = 'pending' and matures_at_ms <= $1
                and not exists (select 1 from attempts a join contributions n on n.credential_id = a.credential_id
                                 where a.id = earnings.attempt_id and n.earnings_held)
              limit $2",
            now_ms,
            most
        )?;
        Ok(rows.into_iter().map(|(id,)| AccountId(id)).collect())
    }

    /// Moves what is out of dispute, and not held because somebody else may own the credential, to what the contributor can
    /// spend; answers how much, by this call or an earlier one with the same move's id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mature_earnings(&self, maturing: Maturing) -> Result<Amount, StoreError> {
        self.write(maturing, |db, maturing| Box::pin(mature(db, maturing))).await
    }

    /// The shares that a credential has earned and that are pending, each with its attempt.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_pending_shares(&self, credential: CredentialId) -> Result<Vec<(AttemptId, Amount)>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as (Uuid, i64),
            "select e.attempt_id, e.amount_nanos from attempts a join earnings e on e.attempt_id = a.id
              where a.credential_id = $1 and e.kind = 'share' and e.state = 'pending'",
            credential.0
        )?;
        Ok(rows.into_iter().map(|(id, nanos)| (AttemptId(id), Amount::from_nanos(nanos))).collect())
    }

    /// What an account has earned as a contributor.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such account.
    pub async fn earnings(&self, contributor: AccountId) -> Result<Earnings, StoreError> {
        let db = &mut self.reader().await?;
        let found = sql!(
            db,
            optional as (i64, i64),
            "select a.earned, (select cast(coalesce(sum(e.amount_nanos), 0) as bigint) from earnings e
                                where e.contributor_id = a.id and e.state = 'pending')
               from accounts a where a.id = $1",
            contributor.0
        )?;
        let (earned, pending) =
            found.ok_or_else(|| StoreError::Missing { table: "accounts", id: contributor.to_string() })?;
        Ok(Earnings { pending: Amount::from_nanos(pending), available: Amount::from_nanos(earned) })
    }
}

async fn mature(db: &mut Db, call: &Maturing) -> Result<Amount, StoreError> {
    let before = sql!(
        db,
        optional as (i64,),
        "select amount_nanos from ledger_entries where move_id = $1 and amount_nanos > 0",
        call.move_id.0
    )?;
    if let Some((amount,)) = before {
        return Ok(Amount::from_nanos(amount));
    }
    let lots = sql!(
        db,
        all as (i64,),
        "update earnings set state = 'matured'
          where contributor_id = $1 and state = 'pending' and matures_at_ms <= $2
            and not exists (select 1 from attempts a join contributions n on n.credential_id = a.credential_id
                             where a.id = earnings.attempt_id and n.earnings_held)
         returning amount_nanos",
        call.contributor.0,
        call.now_ms
    )?;
    let mut sum = Amount::ZERO;
    for (nanos,) in lots {
        sum = sum.plus(Amount::from_nanos(nanos))?;
    }
    if sum == Amount::ZERO {
        return Ok(sum);
    }
    let made = Move::maturity(Share { contributor: call.contributor, amount: sum })?;
    let changed =
        sql!(db, execute, "update accounts set earned = earned + $2 where id = $1", call.contributor.0, sum.nanos())?;
    if changed != 1 {
        return Err(StoreError::Missing { table: "accounts", id: call.contributor.to_string() });
    }
    moves::book_plain(db, (call.move_id, call.now_ms), &made).await?;
    Ok(sum)
}
