//! Statements over lists: one statement for all rows of a batch, and the statements of a batch together.
//!
//! A statement costs a task little and its way to the database much: on SQLite a change of threads and back, on PostgreSQL
//! a message and its answer. So what a batch writes is one way: on SQLite one text of several statements, on PostgreSQL one
//! statement whose parts are named queries. Those see the tables as they were before all of it, which is why no part may
//! change what another one wrote; references between their rows are checked at the end.
//!
//! A list's length is part of a statement's text, and every text is a prepared statement that a connection keeps. So lists
//! are filled up to a power of two by saying their last row or id again: a handful of texts each. An update changes a row that
//! it is told twice once, and what is inserted twice is a conflict on which nothing is done.

use std::borrow::Cow;
use std::fmt::Write as _;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::StoreError;
use crate::db::{Db, operation};

/// Most rows of one statement; PostgreSQL takes 65,535 values and SQLite 32,766.
const MOST_ROWS: usize = 128;

/// One value of a row. Absent ones keep their type: PostgreSQL asks for it.
#[derive(Clone, Debug)]
pub(crate) enum Cell<'c> {
    Uuid(Option<Uuid>),
    Int(Option<i64>),
    Text(Option<Cow<'c, str>>),
    Bytes(Option<&'c [u8]>),
    Bool(bool),
}

impl From<Uuid> for Cell<'_> {
    fn from(id: Uuid) -> Self {
        Self::Uuid(Some(id))
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl<'c> From<&'c str> for Cell<'c> {
    fn from(text: &'c str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'c> From<Option<&'c str>> for Cell<'c> {
    fn from(text: Option<&'c str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(Cow::Owned(text)))
    }
}

impl<'c> From<&'c [u8]> for Cell<'c> {
    fn from(bytes: &'c [u8]) -> Self {
        Self::Bytes(Some(bytes))
    }
}

/// Binds a cell to a query of either engine.
macro_rules! bind {
    ($query:expr, $cell:expr) => {
        match $cell {
            Cell::Uuid(id) => $query.bind(*id),
            Cell::Int(number) => $query.bind(*number),
            Cell::Text(text) => $query.bind(text.as_deref().map(str::to_owned)),
            Cell::Bytes(bytes) => $query.bind(bytes.map(<[u8]>::to_vec)),
            Cell::Bool(is) => $query.bind(*is),
        }
    };
}

/// A statement that writes a list of rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bulk {
    /// What stands before `values (..), (..)`.
    pub(crate) head: &'static str,
    /// Values of a row.
    pub(crate) columns: usize,
    /// What stands after it.
    pub(crate) tail: &'static str,
    /// What it means when it changes fewer rows than it is told.
    pub(crate) short: Short,
}

/// What it means when fewer rows were changed than were to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Short {
    /// The look that led here was out of date: looking again finds this call's own earlier run, or a state that it did not
    /// know of.
    OutOfDate,
    /// It cannot be.
    Wrong,
}

/// What a batch writes, statement by statement.
#[derive(Default)]
pub(crate) struct Writes<'c> {
    parts: Vec<(Bulk, Vec<Cell<'c>>)>,
}

impl<'c> Writes<'c> {
    /// Adds a statement over rows, whose cells stand one after another. Of no rows it does nothing.
    pub(crate) fn add(&mut self, bulk: Bulk, mut cells: Vec<Cell<'c>>) {
        let most = MOST_ROWS * bulk.columns;
        while cells.len() > most {
            let rest = cells.split_off(most);
            self.parts.push((bulk, std::mem::replace(&mut cells, rest)));
        }
        if !cells.is_empty() {
            self.parts.push((bulk, cells));
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// [`StoreError::Contended`] or [`StoreError::UnexpectedChange`] when not every row was changed, as the statement says.
    pub(crate) async fn run(self, db: &mut Db) -> Result<(), StoreError> {
        let Some((first, _)) = self.parts.first() else { return Ok(()) };
        let text = AssertSqlSafe(self.text(Mark::of(db)));
        let cells = self.parts.iter().flat_map(|(bulk, cells)| bulk.filled(cells));
        let told = self.parts.iter().map(|(bulk, cells)| bulk.rows(cells.len()));
        match db {
            Db::Sqlite(c) => {
                let query = cells.fold(sqlx::query(text), |query, cell| bind!(query, cell));
                // The sum of all is all that is told; it is short when one is.
                let changed = operation(query.execute(&mut **c)).await?.rows_affected();
                let out_of_date = self.parts.iter().find(|(bulk, _)| bulk.short == Short::OutOfDate);
                out_of_date.map_or(first, |(bulk, _)| bulk).check(changed, told.sum())
            }
            Db::Postgres(c) => {
                let query = cells.fold(sqlx::query_scalar(text), |query, cell| bind!(query, cell));
                let changed: Vec<i64> = operation(query.fetch_one(&mut **c)).await?;
                let mut parts = self.parts.iter().zip(told).zip(changed);
                parts.try_for_each(|(((bulk, _), told), changed)| bulk.check(changed.cast_unsigned(), told))
            }
        }
    }

    fn text(&self, mark: Mark) -> String {
        let mut text = String::new();
        let mut after = 0;
        for (n, (bulk, cells)) in self.parts.iter().enumerate() {
            let between = if n == 0 { "" } else { mark.between() };
            let part = bulk.text(cells.len(), (mark, after));
            after += filled_rows(cells.len(), bulk.columns) * bulk.columns;
            // Writing to a string cannot fail.
            let _ = match mark {
                Mark::Next => write!(text, "{between}{part}"),
                Mark::Numbered => write!(text, "{between}w{n} as ({part} returning 1)"),
            };
        }
        match mark {
            Mark::Next => text,
            Mark::Numbered => {
                let counts: Vec<String> =
                    (0..self.parts.len()).map(|n| format!("(select count(*) from w{n})")).collect();
                format!("with {text} select array[{}]", counts.join(", "))
            }
        }
    }
}

impl Bulk {
    /// Runs it alone.
    pub(crate) async fn run(self, db: &mut Db, cells: Vec<Cell<'_>>) -> Result<(), StoreError> {
        let mut writes = Writes::default();
        writes.add(self, cells);
        writes.run(db).await
    }

    fn rows(&self, cells: usize) -> u64 {
        (cells / self.columns.max(1)) as u64
    }

    fn check(&self, changed: u64, expected: u64) -> Result<(), StoreError> {
        match self.short {
            _ if changed == expected => Ok(()),
            Short::OutOfDate => Err(StoreError::Contended),
            Short::Wrong => Err(StoreError::UnexpectedChange { what: self.head, expected, changed }),
        }
    }

    /// The rows that the text has room for: the last one again and again.
    fn filled<'r, 'c>(&self, cells: &'r [Cell<'c>]) -> impl Iterator<Item = &'r Cell<'c>> + use<'r, 'c> {
        let again = cells.iter().skip(cells.len().saturating_sub(self.columns)).cycle();
        cells.iter().chain(again).take(filled_rows(cells.len(), self.columns) * self.columns)
    }

    fn text(&self, cells: usize, (mark, after): (Mark, usize)) -> String {
        let rows = filled_rows(cells, self.columns);
        let mut text = String::with_capacity(self.head.len() + self.tail.len() + rows * self.columns * 6 + 16);
        text.push_str(self.head);
        text.push_str(" values ");
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            mark.write(&mut text, after + row * self.columns, self.columns);
            text.push(')');
        }
        text.push_str(self.tail);
        text
    }
}

fn filled_rows(cells: usize, columns: usize) -> usize {
    (cells / columns.max(1)).next_power_of_two()
}

/// How a statement's parameters are written.
#[derive(Clone, Copy)]
enum Mark {
    /// `?`: each is the next one. With numbers, SQLite would look each one's name up in a list.
    Next,
    /// `$7`: PostgreSQL knows no other.
    Numbered,
}

impl Mark {
    fn of(db: &Db) -> Self {
        match db {
            Db::Sqlite(_) => Self::Next,
            Db::Postgres(_) => Self::Numbered,
        }
    }

    const fn between(self) -> &'static str {
        match self {
            Self::Next => "; ",
            Self::Numbered => ", ",
        }
    }

    /// Writes so many parameters after so many.
    fn write(self, text: &mut String, after: usize, count: usize) {
        for n in 0..count {
            text.push_str(if n == 0 { "" } else { ", " });
            match self {
                Self::Next => text.push('?'),
                // Writing to a string cannot fail.
                Self::Numbered => drop(write!(text, "${}", after + n + 1)),
            }
        }
    }
}

/// The rows that `head (ids) tail` finds; an id may be named more than once.
pub(crate) async fn find<R>(
    db: &mut Db,
    (head, tail): (&'static str, &'static str),
    ids: &[Cell<'_>],
) -> Result<Vec<R>, StoreError>
where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let Some(last) = ids.last() else { return Ok(Vec::new()) };
    let filled = ids.len().next_power_of_two();
    let mut text = String::with_capacity(head.len() + tail.len() + filled * 6 + 4);
    text.push_str(head);
    text.push_str(" (");
    Mark::of(db).write(&mut text, 0, filled);
    text.push(')');
    text.push_str(tail);
    let text = AssertSqlSafe(text);
    let cells = ids.iter().chain(std::iter::repeat(last)).take(filled);
    operation(async {
        match db {
            Db::Sqlite(c) => {
                cells.fold(sqlx::query_as(text), |query, cell| bind!(query, cell)).fetch_all(&mut **c).await
            }
            Db::Postgres(c) => {
                cells.fold(sqlx::query_as(text), |query, cell| bind!(query, cell)).fetch_all(&mut **c).await
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTO_T: Bulk =
        Bulk { head: "insert into t (a, b)", columns: 2, tail: " on conflict do nothing", short: Short::Wrong };
    const IN_U: Bulk = Bulk {
        head: "update u set x = v.column2 from (",
        columns: 2,
        tail: ") as v where u.id = v.column1",
        short: Short::OutOfDate,
    };

    #[test]
    fn what_is_written_is_one_text_and_its_lists_are_filled_up() {
        let mut writes = Writes::default();
        writes.add(INTO_T, (1..=6i64).map(Cell::from).collect());
        writes.add(IN_U, Vec::new());
        writes.add(IN_U, (7..=8i64).map(Cell::from).collect());
        assert_eq!(
            writes.text(Mark::Next),
            "insert into t (a, b) values (?, ?), (?, ?), (?, ?), (?, ?) on conflict do nothing; \
             update u set x = v.column2 from ( values (?, ?)) as v where u.id = v.column1"
        );
        assert_eq!(
            writes.text(Mark::Numbered),
            "with w0 as (insert into t (a, b) values ($1, $2), ($3, $4), ($5, $6), ($7, $8) on conflict do nothing \
             returning 1), w1 as (update u set x = v.column2 from ( values ($9, $10)) as v where u.id = v.column1 \
             returning 1) select array[(select count(*) from w0), (select count(*) from w1)]"
        );
        let filled: Vec<String> = INTO_T.filled(&writes.parts[0].1).map(|cell| format!("{cell:?}")).collect();
        assert_eq!(filled.len(), 8);
        assert_eq!(filled[6..], filled[4..6], "the last row again");
    }

    #[test]
    fn long_lists_are_cut() {
        let mut writes = Writes::default();
        writes.add(IN_U, (0..600i64).map(Cell::from).collect());
        let rows: Vec<u64> = writes.parts.iter().map(|(bulk, cells)| bulk.rows(cells.len())).collect();
        assert_eq!(rows, [128, 128, 44]);
    }
}
