//! Payouts that contributors ask for, and an operator settles. What is asked for cannot be spent meanwhile: an account's matured
//! earnings never go below what its open requests come to.

use capstan_domain::ledger::Move;
use capstan_domain::{AccountId, Amount, MoveId};
use uuid::Uuid;

use crate::changes::{Applied, ChangeRefusal};
use crate::db::{Db, sql};
use crate::moves::{self, Named};
use crate::{Store, StoreError, words};

/// A payout that is asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPayout {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub account: AccountId,
    /// What the contributor calls it; said again it is the same one.
    pub reference: String,
    /// How much.
    pub amount: Amount,
    /// Where to, sealed.
    pub destination: Vec<u8>,
    /// A keyed hash of where to.
    pub destination_hash: [u8; 32],
    /// When it is asked for.
    pub at_ms: i64,
}

impl std::fmt::Debug for NewPayout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewPayout {{ id: {}, amount: {}, .. }}", self.id, self.amount)
    }
}

/// How a payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutState {
    /// It waits for the operator.
    Requested,
    /// The operator has paid it.
    Paid,
    /// The operator has refused it.
    Refused,
    /// The contributor has taken it back.
    Cancelled,
}

impl PayoutState {
    const ALL: [Self; 4] = [Self::Requested, Self::Paid, Self::Refused, Self::Cancelled];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Paid => "paid",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A payout.
#[derive(Clone, PartialEq, Eq)]
pub struct Payout {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub account: AccountId,
    /// What the contributor calls it.
    pub reference: String,
    /// How much.
    pub amount: Amount,
    /// Where to, sealed.
    pub destination: Vec<u8>,
    /// How it stands.
    pub state: PayoutState,
    /// Why it was refused.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at_ms: i64,
    /// When it was settled.
    pub ended_at_ms: Option<i64>,
}

/// How a payout ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayoutEnd {
    /// The operator has paid it.
    Paid {
        /// The id of the move.
        move_id: MoveId,
        /// What the payment is known by outside.
        external_ref: String,
    },
    /// The operator refuses it, for a reason that the contributor reads.
    Refused(String),
    /// Its contributor takes it back.
    Cancelled(AccountId),
}

#[derive(sqlx::FromRow)]
struct PayoutRow {
    id: Uuid,
    account_id: Uuid,
    reference: String,
    amount_nanos: i64,
    destination: Vec<u8>,
    state: String,
    reason: Option<String>,
    created_at_ms: i64,
    ended_at_ms: Option<i64>,
}

impl PayoutRow {
    fn read(self) -> Result<Payout, StoreError> {
        Ok(Payout {
            account: AccountId(self.account_id),
            amount: Amount::from_nanos(self.amount_nanos),
            state: words::read(PayoutState::from_word(&self.state), "payouts", "state", self.id)?,
            id: self.id,
            reference: self.reference,
            destination: self.destination,
            reason: self.reason,
            created_at_ms: self.created_at_ms,
            ended_at_ms: self.ended_at_ms,
        })
    }
}

impl Store {
    /// Payouts, the newest first: all that are open and, of those that are over, at most so many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_payouts(&self, account: Option<AccountId>, most: u32) -> Result<Vec<Payout>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as PayoutRow,
            "select id, account_id, reference, amount_nanos, destination, state, reason, created_at_ms, ended_at_ms
               from payouts
              where ($1 is null or account_id = $1)
                and (state = 'requested'
                     or id in (select p.id from payouts p where p.state <> 'requested' and ($1 is null or p.account_id = $1)
                                order by p.created_at_ms desc, p.id desc limit $2))
              order by created_at_ms desc, id desc",
            account.map(|account| account.0),
            i64::from(most)
        )?;
        rows.into_iter().map(PayoutRow::read).collect()
    }
}

/// What an account's open requests come to. The account's row is held until the commit, so that neither a request nor a move of
/// another node comes in between.
pub(crate) async fn asked_for(db: &mut Db, account: AccountId) -> Result<Amount, StoreError> {
    sql!(db, execute, "update accounts set earned = earned where id = $1", account.0)?;
    let (nanos,) = sql!(
        db,
        one as (i64,),
        "select cast(coalesce(sum(amount_nanos), 0) as bigint) from payouts where account_id = $1 and state = 'requested'",
        account.0
    )?;
    Ok(Amount::from_nanos(nanos))
}

/// Asks for a payout, if the account has earned that much beside what it has asked for before.
pub(crate) async fn request(db: &mut Db, new: &NewPayout) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    let asked = asked_for(db, new.account).await?;
    let before = sql!(
        db,
        optional as (Uuid, i64, Vec<u8>, String),
        "select id, amount_nanos, destination_hash, state from payouts where account_id = $1 and reference = $2",
        new.account.0,
        new.reference.as_str()
    )?;
    match before {
        // One that was refused or taken back is over; another attempt at it has a name of its own.
        Some((id, nanos, hash, state))
            if nanos == new.amount.nanos()
                && hash == new.destination_hash
                && [PayoutState::Requested, PayoutState::Paid].iter().any(|s| s.as_str() == state) =>
        {
            return Ok(Ok(Applied::Payout(id)));
        }
        Some(_) => return Ok(Err(ChangeRefusal::PayoutReferenceTaken)),
        None => {}
    }
    let earned = sql!(db, optional as (i64,), "select earned from accounts where id = $1", new.account.0)?;
    let (earned,) = earned.ok_or_else(|| StoreError::Missing { table: "accounts", id: new.account.to_string() })?;
    let free = Amount::from_nanos(earned).minus(asked)?;
    if new.amount > free {
        return Ok(Err(ChangeRefusal::EarningsTooSmall(free)));
    }
    sql!(
        db,
        execute,
        "insert into payouts (id, account_id, reference, amount_nanos, destination, destination_hash, state, created_at_ms)
         values ($1, $2, $3, $4, $5, $6, 'requested', $7)",
        new.id,
        new.account.0,
        new.reference.as_str(),
        new.amount.nanos(),
        new.destination.as_slice(),
        new.destination_hash.as_slice(),
        new.at_ms
    )?;
    Ok(Ok(Applied::Payout(new.id)))
}

/// Ends a payout; the same end said again is the same one.
pub(crate) async fn end(
    db: &mut Db,
    (payout, at_ms): (Uuid, i64),
    end: &PayoutEnd,
) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, i64, String, Option<String>),
        "select p.account_id, p.amount_nanos, p.state, m.external_ref
           from payouts p left join moves m on m.id = p.move_id where p.id = $1",
        payout
    )?;
    let missing = || StoreError::Missing { table: "payouts", id: payout.to_string() };
    let (account, nanos, state, external_ref) = found.ok_or_else(missing)?;
    if let PayoutEnd::Cancelled(owner) = end
        && owner.0 != account
    {
        return Err(missing());
    }
    let state = words::read(PayoutState::from_word(&state), "payouts", "state", payout)?;
    let (to, reason) = match end {
        PayoutEnd::Paid { external_ref: reference, .. } if external_ref.as_ref() == Some(reference) => {
            return Ok(Ok(Applied::Payout(payout)));
        }
        PayoutEnd::Paid { .. } => (PayoutState::Paid, None),
        PayoutEnd::Refused(reason) => (PayoutState::Refused, Some(reason.as_str())),
        PayoutEnd::Cancelled(_) => (PayoutState::Cancelled, None),
    };
    if state != PayoutState::Requested {
        let is_same = state == to && to != PayoutState::Paid;
        return Ok(if is_same { Ok(Applied::Payout(payout)) } else { Err(ChangeRefusal::PayoutOver(state)) });
    }
    let moved = match end {
        PayoutEnd::Paid { move_id, external_ref } => {
            let of = (AccountId(account), Amount::from_nanos(nanos));
            if let Err(refusal) = pay(db, of, (*move_id, external_ref, at_ms)).await? {
                return Ok(Err(refusal));
            }
            Some(move_id.0)
        }
        PayoutEnd::Refused(_) | PayoutEnd::Cancelled(_) => None,
    };
    let changed = sql!(
        db,
        execute,
        "update payouts set state = $2, reason = $3, move_id = $4, ended_at_ms = $5 where id = $1 and state = 'requested'",
        payout,
        to.as_str(),
        reason,
        moved,
        at_ms
    )?;
    if changed == 1 { Ok(Ok(Applied::Payout(payout))) } else { Err(StoreError::Contended) }
}

async fn pay(
    db: &mut Db,
    (account, amount): (AccountId, Amount),
    (move_id, external_ref, at_ms): (MoveId, &str, i64),
) -> Result<Result<(), ChangeRefusal>, StoreError> {
    let made = Move::payout(account, amount)?;
    let named = Named { id: move_id, at_ms, external_ref, note: None };
    if !moves::insert_external(db, made.kind, &named).await? {
        return Ok(Err(ChangeRefusal::ReferenceTaken(made.kind)));
    }
    let text = "update accounts set earned = earned - $2 where id = $1 and earned >= $2";
    if sql!(db, execute, text, account.0, amount.nanos())? != 1 {
        return Ok(Err(ChangeRefusal::EarningsTooSmall(Amount::ZERO)));
    }
    moves::insert_entries(db, [(move_id, &made)]).await?;
    Ok(Ok(()))
}
