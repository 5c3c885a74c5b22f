//! Moves that operators make by hand: money given and taken for a reason, earnings paid out, spent or taken back.
//!
//! Each is known by something that the operator names (a reference, or the attempt whose earning is taken back), and happens
//! once: said again with the same content it is the same move and the same answer, with other content it is refused.

use capstan_domain::ledger::{Move, MoveKind, Share};
use capstan_domain::{AccountId, Amount, AttemptId, MoveId};
use uuid::Uuid;

use crate::changes::ChangeRefusal;
use crate::db::{Db, sql};
use crate::exchange::payouts;
use crate::moves::{self, Named};
use crate::{AccountStatus, Balance, StoreError};

/// A move of an account's money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// The id of the move.
    pub move_id: MoveId,
    /// Whose money it is.
    pub account: AccountId,
    /// What is moved.
    pub what: HandMove,
    /// What names it outside: the same name is booked once, whatever the move's id.
    pub external_ref: String,
    /// When it is booked.
    pub at_ms: i64,
}

/// What an operator moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandMove {
    /// Gives (above zero) or takes (below) balance.
    Adjust {
        /// How much; not zero.
        amount: Amount,
        /// Why; the account reads it.
        note: String,
    },
    /// Matured earnings leave; how much, above zero.
    PayOut(Amount),
    /// Matured earnings become balance; how much, above zero.
    Spend(Amount),
}

/// A share to be taken back from its contributor while it is pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeBack {
    /// The id of the move.
    pub move_id: MoveId,
    /// The attempt that earned it.
    pub attempt: AttemptId,
    /// Why; the contributor reads it.
    pub note: String,
    /// When it is booked.
    pub at_ms: i64,
}

/// A move of an account's money that is in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booked {
    /// The move that booked it, which an earlier call may have made.
    pub move_id: MoveId,
    /// Whose money it is.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
    /// What the account has now.
    pub balance: Balance,
    /// What it has earned and can spend or be paid.
    pub earned: Amount,
}

/// What an account has: status, available, held, earned.
type Standing = (String, i64, i64, i64);

fn booked((move_id, account, amount): (MoveId, AccountId, Amount), standing: &Standing) -> Booked {
    let (_, available, held, earned) = *standing;
    let balance = Balance { available: Amount::from_nanos(available), held: Amount::from_nanos(held) };
    Booked { move_id, account, amount, balance, earned: Amount::from_nanos(earned) }
}

impl HandMove {
    fn made(&self, account: AccountId) -> Result<Move, StoreError> {
        Ok(match self {
            Self::Adjust { amount, .. } => Move::adjustment(account, *amount)?,
            Self::PayOut(amount) => Move::payout(account, *amount)?,
            Self::Spend(amount) => Move::spending(account, *amount)?,
        })
    }

    const fn amount(&self) -> Amount {
        match self {
            Self::Adjust { amount, .. } | Self::PayOut(amount) | Self::Spend(amount) => *amount,
        }
    }

    fn note(&self) -> Option<&str> {
        match self {
            Self::Adjust { note, .. } => Some(note),
            Self::PayOut(_) | Self::Spend(_) => None,
        }
    }

    /// What it changes: the balance, and what is earned.
    fn changes(&self) -> Result<(Amount, Amount), StoreError> {
        Ok(match self {
            Self::Adjust { amount, .. } => (*amount, Amount::ZERO),
            Self::PayOut(amount) => (Amount::ZERO, amount.negated()?),
            Self::Spend(amount) => (*amount, amount.negated()?),
        })
    }
}

/// Books a move by hand, once per reference. What would leave less than nothing, or put money on an account that is closed,
/// is refused; what a closed account still has can be taken and paid out.
pub(crate) async fn book(db: &mut Db, call: &ByHand) -> Result<Result<Booked, ChangeRefusal>, StoreError> {
    let made = call.what.made(call.account)?;
    let ByHand { move_id: id, at_ms, ref external_ref, .. } = *call;
    let named = Named { id, at_ms, external_ref, note: call.what.note() };
    if !moves::insert_external(db, made.kind, &named).await? {
        return find(db, call, &made).await;
    }
    let (available, earned) = call.what.changes()?;
    // What its open requests for payouts come to is not there to be spent.
    let asked = if earned < Amount::ZERO { payouts::asked_for(db, call.account).await? } else { Amount::ZERO };
    let changed = sql!(
        db,
        optional as Standing,
        "update accounts set available = available + $2, earned = earned + $3
          where id = $1 and available + $2 >= 0 and earned + $3 >= $4 and ($2 <= 0 or status <> 'closed')
         returning status, available, held, earned",
        call.account.0,
        available.nanos(),
        earned.nanos(),
        asked.nanos()
    )?;
    let Some(standing) = changed else { return refuse(db, call, (available, asked)).await.map(Err) };
    moves::insert_entries(db, [(id, &made)]).await?;
    Ok(Ok(booked((id, call.account, call.what.amount()), &standing)))
}

async fn look(db: &mut Db, account: AccountId) -> Result<Standing, StoreError> {
    let text = "select status, available, held, earned from accounts where id = $1";
    let found = sql!(db, optional as Standing, text, account.0)?;
    found.ok_or_else(|| StoreError::Missing { table: "accounts", id: account.to_string() })
}

/// Why the guard let nothing through.
async fn refuse(db: &mut Db, call: &ByHand, (available, asked): (Amount, Amount)) -> Result<ChangeRefusal, StoreError> {
    let (status, has, _, earned) = look(db, call.account).await?;
    if available > Amount::ZERO && status == AccountStatus::Closed.as_str() {
        return Ok(ChangeRefusal::AccountClosed);
    }
    Ok(match call.what {
        HandMove::Adjust { .. } => ChangeRefusal::BalanceTooSmall(Amount::from_nanos(has)),
        HandMove::PayOut(_) | HandMove::Spend(_) => {
            ChangeRefusal::EarningsTooSmall(Amount::from_nanos(earned).minus(asked)?)
        }
    })
}

/// The answer for a reference that is in the books: the same move, or a refusal that says what has that reference.
async fn find(db: &mut Db, call: &ByHand, made: &Move) -> Result<Result<Booked, ChangeRefusal>, StoreError> {
    let before = sql!(
        db,
        optional as (Uuid, String, Option<String>),
        "select id, kind, note from moves where external_ref = $1",
        call.external_ref.as_str()
    )?;
    // The id is taken by a move of another name: the caller's, since ids are drawn for one call.
    let Some((id, kind, note)) = before else { return Err(StoreError::unreadable("moves", "id", call.move_id)) };
    let kind = MoveKind::from_word(&kind).ok_or_else(|| StoreError::unreadable("moves", "kind", id))?;
    let entries =
        sql!(db, all as (String, i64), "select account, amount_nanos from ledger_entries where move_id = $1", id)?;
    let same_entries = made.entries.len() == entries.len()
        && made.entries.iter().all(|e| entries.contains(&(e.account.to_string(), e.amount.nanos())));
    if kind != made.kind || !same_entries || note.as_deref() != call.what.note() {
        return Ok(Err(ChangeRefusal::ReferenceTaken(kind)));
    }
    let standing = look(db, call.account).await?;
    Ok(Ok(booked((MoveId(id), call.account, call.what.amount()), &standing)))
}

#[derive(sqlx::FromRow)]
struct LotRow {
    task_id: Uuid,
    contributor_id: Uuid,
    kind: String,
    amount_nanos: i64,
    state: String,
    /// The claw-back that took it, if one did.
    move_id: Option<Uuid>,
    note: Option<String>,
}

/// Takes a share back, once per attempt, as long as it is pending.
pub(crate) async fn take_back(db: &mut Db, call: &TakeBack) -> Result<Result<Booked, ChangeRefusal>, StoreError> {
    let found = sql!(
        db,
        optional as LotRow,
        "select a.task_id, e.contributor_id, e.kind, e.amount_nanos, e.state, m.id as move_id, m.note
           from earnings e
           join attempts a on a.id = e.attempt_id
           left join moves m on m.attempt_id = e.attempt_id and m.kind = 'clawback'
          where e.attempt_id = $1",
        call.attempt.0
    )?;
    let Some(lot) = found else { return Ok(Err(ChangeRefusal::NoEarning)) };
    let (contributor, amount) = (AccountId(lot.contributor_id), Amount::from_nanos(lot.amount_nanos));
    if let Some(id) = lot.move_id {
        if lot.note.as_deref() != Some(&call.note) {
            return Ok(Err(ChangeRefusal::TakenBackBefore));
        }
        let standing = look(db, contributor).await?;
        return Ok(Ok(booked((MoveId(id), contributor, amount), &standing)));
    }
    match (lot.kind.as_str(), lot.state.as_str()) {
        ("share", "pending") => {}
        ("share", "matured") => return Ok(Err(ChangeRefusal::EarningMatured)),
        ("share", _) => return Ok(Err(ChangeRefusal::TakenBackBefore)),
        // What a provider took from the contributor, given back: no capture would have had it.
        _ => return Ok(Err(ChangeRefusal::NoEarning)),
    }
    let text = "update earnings set state = 'taken_back' where attempt_id = $1 and state = 'pending'";
    if sql!(db, execute, text, call.attempt.0)? != 1 {
        return Err(StoreError::Contended);
    }
    let made = Move::clawback(Share { contributor, amount })?;
    insert_take_back(db, call, lot.task_id).await?;
    moves::insert_entries(db, [(call.move_id, &made)]).await?;
    let standing = look(db, contributor).await?;
    Ok(Ok(booked((call.move_id, contributor, amount), &standing)))
}

async fn insert_take_back(db: &mut Db, call: &TakeBack, task: Uuid) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into moves (id, kind, task_id, attempt_id, note, created_at_ms) values ($1, 'clawback', $2, $3, $4, $5)",
        call.move_id.0,
        task,
        call.attempt.0,
        call.note.as_str(),
        call.at_ms
    )?;
    Ok(())
}
