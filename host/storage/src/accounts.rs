//! Accounts and what they have.

use capstan_domain::complaint::RefundRule;
use capstan_domain::ledger::Move;
use capstan_domain::route::PoolMode;
use capstan_domain::{AccountId, Amount, MoveId};
use uuid::Uuid;

use crate::db::{Db, sql};
use crate::{AccountStatus, Store, StoreError, moves, words};

/// An account to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name, for people.
    pub name: String,
    /// When it is made.
    pub created_at_ms: i64,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, for people.
    pub name: String,
    /// How it stands.
    pub status: AccountStatus,
    /// What it has.
    pub balance: Balance,
    /// The widest pool that its tasks may use, whatever its keys and requests say.
    pub pool_ceiling: Option<PoolMode>,
    /// When a complaint of its gives money back, where that is not left to the gateway's rule.
    pub refund_rule: Option<RefundRule>,
    /// When it was made.
    pub created_at_ms: i64,
}

/// What an account has, as projected from its ledger entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// What it can spend.
    pub available: Amount,
    /// What is set aside for open tasks.
    pub held: Amount,
}

/// Money that came in from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// The id of the move.
    pub move_id: MoveId,
    /// Whose money it is.
    pub account: AccountId,
    /// How much; must be positive.
    pub amount: Amount,
    /// What names the payment outside: the same name is booked once, whatever the move's id.
    pub external_ref: String,
    /// When it is booked.
    pub at_ms: i64,
}

/// A top-up that is in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToppedUp {
    /// The move that booked it, which an earlier call may have made.
    pub move_id: MoveId,
    /// What the account has now.
    pub balance: Balance,
}

/// Why a top-up was not booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopUpRefusal {
    /// There is no such account.
    NoSuchAccount,
    /// The payment was booked before, for another account or another amount.
    AlreadyBookedOtherwise,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    id: Uuid,
    name: String,
    status: String,
    available: i64,
    held: i64,
    pool_ceiling: Option<String>,
    refund_rule: Option<String>,
    created_at_ms: i64,
}

impl AccountRow {
    fn read(self) -> Result<Account, StoreError> {
        let ceiling = |word: String| words::read(PoolMode::from_word(&word), "accounts", "pool_ceiling", self.id);
        let rule = |word: String| words::read(RefundRule::from_word(&word), "accounts", "refund_rule", self.id);
        Ok(Account {
            id: AccountId(self.id),
            name: self.name,
            status: words::read(AccountStatus::from_word(&self.status), "accounts", "status", self.id)?,
            balance: balance_of((self.available, self.held)),
            pool_ceiling: self.pool_ceiling.map(ceiling).transpose()?,
            refund_rule: self.refund_rule.map(rule).transpose()?,
            created_at_ms: self.created_at_ms,
        })
    }
}

fn balance_of((available, held): (i64, i64)) -> Balance {
    Balance { available: Amount::from_nanos(available), held: Amount::from_nanos(held) }
}

impl Store {
    /// Makes an account, active and without money; one that exists stays as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_account(&self, account: NewAccount) -> Result<(), StoreError> {
        self.write(account, |db, account| Box::pin(insert_account(db, account))).await
    }

    /// Sets how an account stands.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such account.
    pub async fn set_account_status(&self, account: AccountId, status: AccountStatus) -> Result<(), StoreError> {
        self.write((account, status), |db, &(account, status)| Box::pin(update_status(db, account, status))).await
    }

    /// Books money from outside, once per `external_ref`.
    ///
    /// # Errors
    /// [`StoreError::Move`] when the amount is not positive.
    pub async fn top_up(&self, top_up: TopUp) -> Result<Result<ToppedUp, TopUpRefusal>, StoreError> {
        self.write_or_refuse(top_up, |db, top_up| Box::pin(book_top_up(db, top_up))).await
    }

    /// An account, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_account(&self, account: AccountId) -> Result<Option<Account>, StoreError> {
        let db = &mut self.reader().await?;
        let row = sql!(
            db,
            optional as AccountRow,
            "select id, name, status, available, held, pool_ceiling, refund_rule, created_at_ms from accounts where id = $1",
            account.0
        )?;
        row.map(AccountRow::read).transpose()
    }

    /// Every account, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_accounts(&self) -> Result<Vec<Account>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as AccountRow,
            "select id, name, status, available, held, pool_ceiling, refund_rule, created_at_ms from accounts
              order by created_at_ms, id"
        )?;
        rows.into_iter().map(AccountRow::read).collect()
    }

    /// What an account has, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn balance(&self, account: AccountId) -> Result<Option<Balance>, StoreError> {
        let db = &mut self.reader().await?;
        let row = sql!(db, optional as (i64, i64), "select available, held from accounts where id = $1", account.0)?;
        Ok(row.map(balance_of))
    }
}

pub(crate) async fn insert_account(db: &mut Db, account: &NewAccount) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into accounts (id, name, status, created_at_ms) values ($1, $2, 'active', $3)
         on conflict (id) do nothing",
        account.id.0,
        account.name.as_str(),
        account.created_at_ms
    )?;
    Ok(())
}

pub(crate) async fn update_status(db: &mut Db, account: AccountId, status: AccountStatus) -> Result<(), StoreError> {
    let changed = sql!(db, execute, "update accounts set status = $2 where id = $1", account.0, status.as_str())?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "accounts", id: account.to_string() });
    }
    Ok(())
}

pub(crate) async fn update_pool(db: &mut Db, account: AccountId, pool: Option<PoolMode>) -> Result<(), StoreError> {
    let word = pool.map(PoolMode::as_str);
    let changed = sql!(db, execute, "update accounts set pool_ceiling = $2 where id = $1", account.0, word)?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "accounts", id: account.to_string() });
    }
    Ok(())
}

pub(crate) async fn update_refund_rule(
    db: &mut Db,
    account: AccountId,
    rule: Option<RefundRule>,
) -> Result<(), StoreError> {
    let word = rule.map(RefundRule::as_str);
    let changed = sql!(db, execute, "update accounts set refund_rule = $2 where id = $1", account.0, word)?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "accounts", id: account.to_string() });
    }
    Ok(())
}

pub(crate) async fn book_top_up(db: &mut Db, top_up: &TopUp) -> Result<Result<ToppedUp, TopUpRefusal>, StoreError> {
    let made = Move::top_up(top_up.account, top_up.amount)?;
    let TopUp { move_id: id, at_ms, ref external_ref, .. } = *top_up;
    let named = moves::Named { id, at_ms, external_ref, note: None };
    let fresh = moves::insert_external(db, made.kind, &named).await?;
    if !fresh {
        return find_top_up(db, top_up).await;
    }
    let balance = sql!(
        db,
        optional as (i64, i64),
        "update accounts set available = available + $2 where id = $1 returning available, held",
        top_up.account.0,
        top_up.amount.nanos()
    )?;
    let Some(balance) = balance else { return Ok(Err(TopUpRefusal::NoSuchAccount)) };
    moves::insert_entries(db, [(top_up.move_id, &made)]).await?;
    Ok(Ok(ToppedUp { move_id: top_up.move_id, balance: balance_of(balance) }))
}

/// The answer for a payment that is in the books already.
async fn find_top_up(db: &mut Db, top_up: &TopUp) -> Result<Result<ToppedUp, TopUpRefusal>, StoreError> {
    let booked = sql!(
        db,
        optional as (Uuid, i64, i64),
        "select m.id, a.available, a.held
           from moves m
           join ledger_entries e on e.move_id = m.id
           join accounts a on a.id = $2
          where m.kind = 'topup' and m.external_ref = $1 and e.account = $3 and e.amount_nanos = $4",
        top_up.external_ref.as_str(),
        top_up.account.0,
        capstan_domain::ledger::LedgerAccount::Available(top_up.account).to_string(),
        top_up.amount.nanos()
    )?;
    Ok(match booked {
        Some((id, available, held)) => Ok(ToppedUp { move_id: MoveId(id), balance: balance_of((available, held)) }),
        None => Err(TopUpRefusal::AlreadyBookedOtherwise),
    })
}
