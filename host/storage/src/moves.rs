//! Moves of money and their entries: written once, never changed.

use std::collections::BTreeMap;

use capstan_domain::ledger::{Move, MoveKind};
use capstan_domain::{AccountId, Amount, AttemptId, MoveId, TaskId};
use uuid::Uuid;

use crate::bulk::{Bulk, Cell, Writes};
use crate::db::{Db, sql};
use crate::{Store, StoreError};

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
    /// The lines on this account's own ledger accounts: available, held, and pending and matured as a contributor.
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
    /// What every ledger account comes to, by its name; those that come to nothing are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn trial_balance(&self) -> Result<BTreeMap<String, Amount>, StoreError> {
        let db = &mut self.reader().await?;
        let sums = sql!(
            db,
            all as (String, i64),
            "select account, cast(sum(amount_nanos) as bigint) from ledger_entries
              group by account having sum(amount_nanos) <> 0"
        )?;
        Ok(sums.into_iter().map(|(account, sum)| (account, Amount::from_nanos(sum))).collect())
    }

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
                  where e.account in ($1, $2, $3, $4) order by m.created_at_ms, m.id, e.line",
                format!("account:{account}:available"),
                format!("account:{account}:held"),
                format!("contributor:{account}:pending"),
                format!("contributor:{account}:available")
            )?,
        };
        Ok(rows.into_iter().map(EntryRow::read).collect())
    }
}

/// A move that is for a task.
pub(crate) struct Booking {
    /// Its id.
    pub(crate) id: MoveId,
    /// The task.
    pub(crate) task: TaskId,
    /// The attempt, of a move that is about one.
    pub(crate) attempt: Option<AttemptId>,
    /// When it is booked.
    pub(crate) at_ms: i64,
    /// What is booked.
    pub(crate) made: Move,
}

/// Books moves of tasks; whether a task may have its move is kept by the table's unique indexes.
pub(crate) fn book_all(writes: &mut Writes<'_>, bookings: &[Booking]) {
    const INSERT: Bulk = Bulk::insert("insert into moves (id, kind, task_id, attempt_id, created_at_ms)", 5);
    let row = |b: &Booking| -> [Cell<'static>; 5] {
        let attempt = Cell::Uuid(b.attempt.map(|attempt| attempt.0));
        [b.id.0.into(), b.made.kind.as_str().into(), b.task.0.into(), attempt, b.at_ms.into()]
    };
    writes.add(INSERT, bookings.iter().flat_map(row).collect());
    writes.add(ENTRIES, entry_cells(bookings.iter().map(|b| (b.id, &b.made))));
}

/// Books a move that is for no task and has no name outside.
pub(crate) async fn book_plain(db: &mut Db, (id, at_ms): (MoveId, i64), made: &Move) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into moves (id, kind, created_at_ms) values ($1, $2, $3)",
        id.0,
        made.kind.as_str(),
        at_ms
    )?;
    insert_entries(db, [(id, made)]).await
}

/// The head of a move that operators or the outside name.
pub(crate) struct Named<'m> {
    /// Its id.
    pub(crate) id: MoveId,
    /// When it is booked.
    pub(crate) at_ms: i64,
    /// Its name outside.
    pub(crate) external_ref: &'m str,
    /// Why it was made, for the account's statement.
    pub(crate) note: Option<&'m str>,
}

/// The head of a move that has a name outside, unless a move with that id or that name is in the books; says whether it is
/// new.
pub(crate) async fn insert_external(db: &mut Db, kind: MoveKind, named: &Named<'_>) -> Result<bool, StoreError> {
    let changed = sql!(
        db,
        execute,
        "insert into moves (id, kind, external_ref, note, created_at_ms) values ($1, $2, $3, $4, $5)
         on conflict do nothing",
        named.id.0,
        kind.as_str(),
        named.external_ref,
        named.note,
        named.at_ms
    )?;
    Ok(changed == 1)
}

/// Writes moves' lines.
pub(crate) async fn insert_entries<'m>(
    db: &mut Db,
    moves: impl IntoIterator<Item = (MoveId, &'m Move)>,
) -> Result<(), StoreError> {
    ENTRIES.run(db, entry_cells(moves)).await
}

const ENTRIES: Bulk = Bulk::insert("insert into ledger_entries (move_id, line, account, amount_nanos)", 4);

fn entry_cells<'m>(moves: impl IntoIterator<Item = (MoveId, &'m Move)>) -> Vec<Cell<'static>> {
    let mut cells = Vec::new();
    for (id, made) in moves {
        for (line, entry) in (0i64..).zip(&made.entries) {
            cells.extend([id.0.into(), line.into(), entry.account.to_string().into(), entry.amount.nanos().into()]);
        }
    }
    cells
}
