//! Lists on SQLite: `values (?, ?), (?, ?)`, several statements in one text.
//!
//! A list's length is part of a statement's text, and every text is a prepared statement that a connection keeps. So lists
//! are filled up to a power of two by saying their last row or value again: a handful of texts each. An update changes a row
//! that it is told twice once, and what is inserted twice is a conflict on which nothing is done.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};

use super::{Bulk, Cell};

/// Binds a cell to a query.
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

/// Runs the statements one after another and says how many rows all of them have changed.
pub(super) async fn write(c: &mut SqliteConnection, parts: &[(Bulk, Vec<Cell<'_>>)]) -> Result<u64, sqlx::Error> {
    let query = sqlx::query(AssertSqlSafe(text_of(parts)));
    let query = parts
        .iter()
        .flat_map(|(bulk, cells)| filled(cells, bulk.columns))
        .fold(query, |query, cell| bind!(query, cell));
    Ok(query.execute(c).await?.rows_affected())
}

pub(super) async fn find<R>(
    c: &mut SqliteConnection,
    (head, tail): (&str, &str),
    values: &[Cell<'_>],
) -> Result<Vec<R>, sqlx::Error>
where
    R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    let marks = marks(values.len().next_power_of_two());
    let query = sqlx::query_as(AssertSqlSafe(format!("{head} in ({marks}){tail}")));
    filled(values, 1).fold(query, |query, cell| bind!(query, cell)).fetch_all(c).await
}

/// Parameters are `?`, each the next one: with numbers, every one's name would be looked up in a list of all.
fn marks(count: usize) -> String {
    let mut marks = "?, ".repeat(count);
    marks.truncate(marks.len().saturating_sub(2));
    marks
}

fn filled_rows(cells: usize, columns: usize) -> usize {
    (cells / columns.max(1)).next_power_of_two()
}

fn filled<'r, 'c>(cells: &'r [Cell<'c>], columns: usize) -> impl Iterator<Item = &'r Cell<'c>> + use<'r, 'c> {
    let again = cells.iter().skip(cells.len().saturating_sub(columns)).cycle();
    cells.iter().chain(again).take(filled_rows(cells.len(), columns) * columns)
}

pub(super) fn text_of(parts: &[(Bulk, Vec<Cell<'_>>)]) -> String {
    let texts: Vec<String> = parts.iter().map(|(bulk, cells)| text(bulk, cells.len())).collect();
    texts.join("; ")
}

fn text(bulk: &Bulk, cells: usize) -> String {
    let row = format!("({}), ", marks(bulk.columns));
    let mut rows = row.repeat(filled_rows(cells, bulk.columns));
    rows.truncate(rows.len().saturating_sub(2));
    format!("{} values {rows}{}", bulk.head, bulk.tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_filled_up_with_its_last_row() {
        let cells: Vec<Cell<'_>> = (1..=6i64).map(Cell::from).collect();
        let said: Vec<i64> = filled(&cells, 2).map(|cell| if let Cell::Int(Some(n)) = cell { *n } else { 0 }).collect();
        assert_eq!(said, [1, 2, 3, 4, 5, 6, 5, 6]);
        assert_eq!(marks(3), "?, ?, ?");
    }
}
