//! Moves of money and their entries: written once, never changed.

use capstan_domain::ledger::{LedgerEntry, Move};
use capstan_domain::{AccountId, Amount, MoveId, TaskId};
use uuid::Uuid;

use crate::db::{Db, sql};
use crate::{Store, StoreError};

/// Most lines that a move has; a capture with a share has four.
const MOST_LINES: usize = 4;

/// An entry as it stands in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedEntry {
    /// Its move.
    pub move_id: MoveId,
    /// The move's kind, in the words of `capstan_domain::ledger::MoveKind`.
    pub kind: String,
    /// The task that the move is for.
    pub task: Option<TaskId>,
    /// Its place in the move.
    pub line: i64,
    /// The ledger account, as `capstan_domain::ledger::LedgerAccount` writes it.
    pub account: String,
    /// Positive adds to that account.
    pub amount: Amount,
    /// When the move was booked.
    pub created_at_ms: i64,
}

/// Whose entries are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Every line of every move that is for this task.
    OfTask(TaskId),
    /// The lines on this account's own ledger accounts: available, held, and pending as a contributor.
    OfAccount(AccountId),
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    move_id: Uuid,
    kind: String,
    task_id: Option<Uuid>,
    line: i64,
    account: String,
    amount_nanos: i64,
    created_at_ms: i64,
}

impl EntryRow {
    fn read(self) -> BookedEntry {
        BookedEntry {
            move_id: MoveId(self.move_id),
            kind: self.kind,
            task: self.task_id.map(TaskId),
            line: self.line,
            account: self.account,
            amount: Amount::from_nanos(self.amount_nanos),
            created_at_ms: self.created_at_ms,
        }
    }
}

impl Store {
    /// Entries in the order in which they were booked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_entries(&self, whose: Entries) -> Result<Vec<BookedEntry>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = match whose {
            Entries::OfTask(task) => sql!(
                db,
                all as EntryRow,
                "select e.move_id, m.kind, m.task_id, e.line, e.account, e.amount_nanos, m.created_at_ms
                   from moves m join ledger_entries e on e.move_id = m.id
                  where m.task_id = $1 order by m.created_at_ms, m.id, e.line",
                task.0
            )?,
            Entries::OfAccount(account) => sql!(
                db,
                all as EntryRow,
                "select e.move_id, m.kind, m.task_id, e.line, e.account, e.amount_nanos, m.created_at_ms
                   from ledger_entries e join moves m on m.id = e.move_id
                  where e.account in ($1, $2, $3) order by m.created_at_ms, m.id, e.line",
                format!("account:{account}:available"),
                format!("account:{account}:held"),
                format!("contributor:{account}:pending")
            )?,
        };
        Ok(rows.into_iter().map(EntryRow::read).collect())
    }
}

/// Books a move for a task; whether the task may have it is kept by the table's unique indexes.
pub(crate) async fn book(db: &mut Db, (id, task, at_ms): (MoveId, TaskId, i64), made: &Move) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into moves (id, kind, task_id, created_at_ms) values ($1, $2, $3, $4)",
        id.0,
        made.kind.as_str(),
        task.0,
        at_ms
    )?;
    insert_entries(db, id, made).await
}

/// The head of a top-up, unless a move with that id or that name is in the books; says whether it is new.
pub(crate) async fn insert_external(
    db: &mut Db,
    id: MoveId,
    external_ref: &str,
    at_ms: i64,
) -> Result<bool, StoreError> {
    let changed = sql!(
        db,
        execute,
        "insert into moves (id, kind, external_ref, created_at_ms) values ($1, 'topup', $2, $3) on conflict do nothing",
        id.0,
        external_ref,
        at_ms
    )?;
    Ok(changed == 1)
}

/// Writes a move's lines in one statement; unused places hold zero and are left out, since an entry is never zero.
pub(crate) async fn insert_entries(db: &mut Db, id: MoveId, made: &Move) -> Result<(), StoreError> {
    let line = |n: usize| {
        made.entries.get(n).map_or((String::new(), 0), |e: &LedgerEntry| (e.account.to_string(), e.amount.nanos()))
    };
    let ((a0, n0), (a1, n1), (a2, n2), (a3, n3)) = (line(0), line(1), line(2), line(3));
    let changed = sql!(
        db,
        execute,
        "insert into ledger_entries (move_id, line, account, amount_nanos)
         select $1, column1, column2, column3
           from (values (0, $2, $3), (1, $4, $5), (2, $6, $7), (3, $8, $9)) as lines
          where column3 <> 0",
        id.0,
        a0,
        n0,
        a1,
        n1,
        a2,
        n2,
        a3,
        n3
    )?;
    let expected = made.entries.len();
    if expected > MOST_LINES || changed != expected as u64 {
        return Err(StoreError::UnexpectedChange { what: "the entries of a move", expected: expected as u64, changed });
    }
    Ok(())
}
