//! Statements: an account's moves, newest first, page by page, with what it had after each.
//!
//! The ids of moves are `UUIDv7`, so that their order is their order in time, and the index over a ledger account's entries
//! is in that order: a page reads its own lines and no others. What was there after a line is worked out backwards from what
//! is there now, and a mark carries it from page to page.

use capstan_domain::ledger::LedgerAccount;
use capstan_domain::{AccountId, Amount, AttemptId, MoveId, TaskId};
use uuid::Uuid;

use crate::db::sql;
use crate::{Store, StoreError};

/// Which of an account's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Book {
    /// What it can spend, and what is held for its tasks.
    Balance,
    /// What it has earned as a contributor: matured, and pending.
    Earnings,
}

impl Book {
    /// The ledger accounts of what is free, and of what waits.
    fn accounts(self, account: AccountId) -> (LedgerAccount, LedgerAccount) {
        match self {
            Self::Balance => (LedgerAccount::Available(account), LedgerAccount::Held(account)),
            Self::Earnings => {
                (LedgerAccount::ContributorAvailable(account), LedgerAccount::ContributorPending(account))
            }
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Earnings => "earnings",
        }
    }
}

/// A page that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementAsk {
    /// Whose.
    pub account: AccountId,
    /// Which book.
    pub book: Book,
    /// Moves of this time or later.
    pub since_ms: i64,
    /// Moves before this time; none means up to now. What came later is read once, by the first page, for its sum.
    pub until_ms: Option<i64>,
    /// Where the page before ended.
    pub after: Option<StatementMark>,
    /// Most lines.
    pub most: u32,
}

/// Where a page ended. Moves that come in later are before it and change nothing behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementMark {
    /// The last move of the page.
    pub move_id: MoveId,
    /// What was available before that move.
    pub available: Amount,
}

/// A move, as one account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The move.
    pub move_id: MoveId,
    /// Its kind, in the words of `capstan_domain::ledger::MoveKind`.
    pub kind: String,
    /// The task that it is for.
    pub task: Option<TaskId>,
    /// The attempt that it is about.
    pub attempt: Option<AttemptId>,
    /// What it is known by outside.
    pub external_ref: Option<String>,
    /// Why it was made, in an operator's words.
    pub note: Option<String>,
    /// When it was booked.
    pub at_ms: i64,
    /// What it changed of what is free: balance, or matured earnings.
    pub available: Amount,
    /// What it changed of what waits: held for tasks, or pending.
    pub waiting: Amount,
    /// What was free after it.
    pub available_after: Amount,
}

/// Lines, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementPage {
    /// The lines.
    pub lines: Vec<StatementLine>,
    /// Where the next page begins; none when there is none.
    pub next: Option<StatementMark>,
}

#[derive(sqlx::FromRow)]
struct LineRow {
    move_id: Uuid,
    kind: String,
    task_id: Option<Uuid>,
    attempt_id: Option<Uuid>,
    external_ref: Option<String>,
    note: Option<String>,
    created_at_ms: i64,
    available: i64,
    waiting: i64,
    /// What is free now, less what came in from the end of the time asked for.
    closing: i64,
}

/// One statement, so that the lines and the balance are of one state of the database. Each ledger account is read by its
/// index and for its own newest lines: a move has one line on each at most, so none of the newest moves is missing.
const PAGE: &str = "
select m.id as move_id, m.kind, m.task_id, m.attempt_id, m.external_ref, m.note, m.created_at_ms,
       cast(sum(l.available) as bigint) as available, cast(sum(l.waiting) as bigint) as waiting,
       (select case when $7 = 'balance' then a.available else a.earned end from accounts a where a.id = $8)
       - (select cast(coalesce(sum(s.amount_nanos), 0) as bigint) from ledger_entries s
           where s.account = $1 and s.move_id >= $5) as closing
  from (select move_id, amount_nanos as available, 0 as waiting
          from (select move_id, amount_nanos from ledger_entries
                 where account = $1 and move_id >= $3 and move_id < $4 order by move_id desc limit $6) as free
        union all
        select move_id, 0 as available, amount_nanos as waiting
          from (select move_id, amount_nanos from ledger_entries
                 where account = $2 and move_id >= $3 and move_id < $4 order by move_id desc limit $6) as waits) as l
  join moves m on m.id = l.move_id
 group by m.id, m.kind, m.task_id, m.attempt_id, m.external_ref, m.note, m.created_at_ms
 order by m.id desc limit $6";

impl Store {
    /// A page of an account's statement.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn statement(&self, ask: StatementAsk) -> Result<StatementPage, StoreError> {
        let (free, waiting) = ask.book.accounts(ask.account);
        let end = ask.until_ms.map_or(Uuid::max(), first_id_at);
        let before = ask.after.map_or(end, |mark| mark.move_id.0.min(end));
        // After the first page the mark carries the balance, and nothing that is newer is read again.
        let summed_from = if ask.after.is_some() { Uuid::max() } else { end };
        let most = usize::try_from(ask.most).unwrap_or(usize::MAX);
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as LineRow,
            PAGE,
            free.to_string(),
            waiting.to_string(),
            first_id_at(ask.since_ms),
            before,
            summed_from,
            i64::from(ask.most).saturating_add(1),
            ask.book.as_str(),
            ask.account.0
        )?;
        let has_more = rows.len() > most;
        let mut available = match (ask.after, rows.first()) {
            (Some(mark), _) => mark.available,
            (None, Some(newest)) => Amount::from_nanos(newest.closing),
            (None, None) => Amount::ZERO,
        };
        let mut lines = Vec::with_capacity(rows.len().min(most));
        for row in rows.into_iter().take(most) {
            let line = row.read(available);
            available = available.minus(line.available)?;
            lines.push(line);
        }
        let last = lines.last().filter(|_| has_more);
        let next = last.map(|line| StatementMark { move_id: line.move_id, available });
        Ok(StatementPage { lines, next })
    }
}

/// The first id that a move of this millisecond can have: a `UUIDv7` begins with its time in 48 bits (RFC 9562, 5.7).
fn first_id_at(ms: i64) -> Uuid {
    let ms = u128::try_from(ms).unwrap_or(0).min((1 << 48) - 1);
    Uuid::from_u128(ms << 80)
}

impl LineRow {
    fn read(self, available_after: Amount) -> StatementLine {
        StatementLine {
            move_id: MoveId(self.move_id),
            kind: self.kind,
            task: self.task_id.map(TaskId),
            attempt: self.attempt_id.map(AttemptId),
            external_ref: self.external_ref,
            note: self.note,
            at_ms: self.created_at_ms,
            available: Amount::from_nanos(self.available),
            waiting: Amount::from_nanos(self.waiting),
            available_after,
        }
    }
}
