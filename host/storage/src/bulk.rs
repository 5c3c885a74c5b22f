//! Statements over lists: one statement for all rows of a batch, its text the same on both engines.
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

/// A statement that takes a list of rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bulk {
    /// What stands before `values (..), (..)`.
    pub(crate) head: &'static str,
    /// Values of a row.
    pub(crate) columns: usize,
    /// What stands after it.
    pub(crate) tail: &'static str,
}

impl Bulk {
    /// Runs it over rows, whose cells stand one after another, and says how many rows of the table were changed.
    pub(crate) async fn run(&self, db: &mut Db, cells: &[Cell<'_>]) -> Result<u64, StoreError> {
        let mut changed = 0;
        for now in cells.chunks(MOST_ROWS * self.columns.max(1)) {
            changed += self.run_once(db, now).await?;
        }
        Ok(changed)
    }

    /// The same for rows that must all be new.
    pub(crate) async fn insert(&self, db: &mut Db, cells: &[Cell<'_>]) -> Result<(), StoreError> {
        let (changed, expected) = (self.run(db, cells).await?, (cells.len() / self.columns.max(1)) as u64);
        if changed == expected {
            return Ok(());
        }
        Err(StoreError::UnexpectedChange { what: self.head, expected, changed })
    }

    async fn run_once(&self, db: &mut Db, cells: &[Cell<'_>]) -> Result<u64, StoreError> {
        let last = cells.len().saturating_sub(self.columns);
        let rows = (cells.len() / self.columns.max(1)).next_power_of_two();
        let text = AssertSqlSafe(self.text(rows));
        let again = cells.iter().skip(last).cycle();
        let cells = cells.iter().chain(again).take(rows * self.columns);
        operation(async {
            match db {
                Db::Sqlite(c) => {
                    let query = cells.fold(sqlx::query(text), |query, cell| bind!(query, cell));
                    query.execute(&mut **c).await.map(|done| done.rows_affected())
                }
                Db::Postgres(c) => {
                    let query = cells.fold(sqlx::query(text), |query, cell| bind!(query, cell));
                    query.execute(&mut **c).await.map(|done| done.rows_affected())
                }
            }
        })
        .await
    }

    fn text(&self, rows: usize) -> String {
        let mut text = String::with_capacity(self.head.len() + self.tail.len() + rows * self.columns * 6 + 16);
        text.push_str(self.head);
        text.push_str(" values ");
        let mut n = 0;
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                n += 1;
                let comma = if column == 0 { "" } else { ", " };
                // Writing to a string cannot fail.
                let _ = write!(text, "{comma}${n}");
            }
            text.push(')');
        }
        text.push_str(self.tail);
        text
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
    for n in 1..=filled {
        let comma = if n == 1 { "" } else { ", " };
        let _ = write!(text, "{comma}${n}");
    }
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

    #[test]
    fn a_statement_has_its_rows_between_head_and_tail() {
        let bulk = Bulk { head: "insert into t (a, b)", columns: 2, tail: " on conflict do nothing" };
        assert_eq!(bulk.text(2), "insert into t (a, b) values ($1, $2), ($3, $4) on conflict do nothing");
    }
}
