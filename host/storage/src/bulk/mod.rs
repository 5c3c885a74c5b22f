//! Statements over lists: one statement for all rows of a batch, and the statements of a batch together.
//!
//! A statement costs a task little and its way to the database much: on SQLite a change of threads and back, on PostgreSQL
//! a message and its answer. So what a batch writes is one way: on SQLite one text of several statements, on PostgreSQL one
//! statement whose parts are named queries. Those see the tables as they were before all of it, which is why no part may
//! change what another one wrote; references between their rows are checked at the end.

mod postgres;
mod sqlite;

use std::borrow::Cow;

use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::StoreError;
use crate::db::{Db, operation};

/// Most rows of one statement; SQLite takes 32,766 values.
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

/// A statement that writes a list of rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bulk {
    /// What stands before the list of rows.
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
        // The one that is out of date, if any can be: what it did not write, others miss.
        let loosest = self.parts.iter().find(|(bulk, _)| bulk.short == Short::OutOfDate);
        let loosest = loosest.map_or(first, |(bulk, _)| bulk);
        let told = self.parts.iter().map(|(bulk, cells)| bulk.rows(cells.len()));
        let written = match db {
            // The sum of all is all that is known; it is short when one is.
            Db::Sqlite(c) => operation(sqlite::write(c, &self.parts)).await.map(|sum| loosest.check(sum, told.sum())),
            Db::Postgres(c) => operation(postgres::write(c, &self.parts)).await.map(|changed| {
                let mut parts = self.parts.iter().zip(told).zip(changed);
                parts.try_for_each(|(((bulk, _), told), changed)| bulk.check(changed.cast_unsigned(), told))
            }),
        };
        match written {
            Ok(checked) => checked,
            Err(StoreError::Driver(sqlx::Error::Database(error)))
                if error.is_foreign_key_violation() && loosest.short == Short::OutOfDate =>
            {
                Err(StoreError::Contended)
            }
            Err(error) => Err(error),
        }
    }
}

impl Bulk {
    /// An insert of rows that must all be new.
    pub(crate) const fn insert(head: &'static str, columns: usize) -> Self {
        Self { head, columns, tail: " on conflict do nothing", short: Short::Wrong }
    }

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
}

/// The rows that `head` finds, a query that ends with the name of a column, for those whose column has one of these values;
/// a value may be said more than once.
pub(crate) async fn find<R>(
    db: &mut Db,
    (head, tail): (&'static str, &'static str),
    values: &[Cell<'_>],
) -> Result<Vec<R>, StoreError>
where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    if values.is_empty() {
        return Ok(Vec::new());
    }
    match db {
        Db::Sqlite(c) => operation(sqlite::find(c, (head, tail), values)).await,
        Db::Postgres(c) => operation(postgres::find(c, (head, tail), values)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTO_T: Bulk = Bulk::insert("insert into t (a, b)", 2);
    const IN_U: Bulk = Bulk {
        head: "update u set x = v.column2 from (",
        columns: 2,
        tail: ") as v where u.id = v.column1",
        short: Short::OutOfDate,
    };

    #[test]
    fn what_is_written_is_one_text() {
        let mut writes = Writes::default();
        writes.add(INTO_T, (1..=6i64).map(Cell::from).collect());
        writes.add(IN_U, Vec::new());
        writes.add(IN_U, vec![7i64.into(), "8".into()]);
        assert_eq!(
            sqlite::text_of(&writes.parts),
            "insert into t (a, b) values (?, ?), (?, ?), (?, ?), (?, ?) on conflict do nothing; \
             update u set x = v.column2 from ( values (?, ?)) as v where u.id = v.column1"
        );
        assert_eq!(
            postgres::text_of(&writes.parts),
            "with w0 as (insert into t (a, b) select * from unnest($1::bigint[], $2::bigint[]) as c(column1, column2) \
             on conflict do nothing returning 1), w1 as (update u set x = v.column2 from ( select * from \
             unnest($3::bigint[], $4::text[]) as c(column1, column2)) as v where u.id = v.column1 returning 1) \
             select array[(select count(*) from w0), (select count(*) from w1)]"
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let mut writes = Writes::default();
        writes.add(IN_U, (0..600i64).map(Cell::from).collect());
        let rows: Vec<u64> = writes.parts.iter().map(|(bulk, cells)| bulk.rows(cells.len())).collect();
        assert_eq!(rows, [128, 128, 44]);
    }
}
