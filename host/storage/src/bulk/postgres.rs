//! Lists on PostgreSQL: an array for each column, whatever the number of rows. So a statement has one text, is planned once
//! and does not grow; what a batch writes is one statement, whose parts are named queries.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, AssertSqlSafe, FromRow, PgConnection};

use super::{Bulk, Cell};

/// Runs the statements as one and says how many rows each has changed.
pub(super) async fn write(c: &mut PgConnection, parts: &[(Bulk, Vec<Cell<'_>>)]) -> Result<Vec<i64>, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for (bulk, cells) in parts {
        for column in 0..bulk.columns {
            add_column(&mut arguments, cells.iter().skip(column).step_by(bulk.columns))?;
        }
    }
    sqlx::query_scalar_with(AssertSqlSafe(text_of(parts)), arguments).fetch_one(c).await
}

pub(super) async fn find<R>(
    c: &mut PgConnection,
    (head, tail): (&str, &str),
    values: &[Cell<'_>],
) -> Result<Vec<R>, sqlx::Error>
where
    R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let mut arguments = PgArguments::default();
    add_column(&mut arguments, values.iter())?;
    sqlx::query_as_with(AssertSqlSafe(format!("{head} = any($1){tail}")), arguments).fetch_all(c).await
}

/// Adds the values of one column, whose first one tells the type of all.
fn add_column<'r, 'c: 'r>(
    arguments: &mut PgArguments,
    cells: impl Iterator<Item = &'r Cell<'c>> + Clone,
) -> Result<(), sqlx::Error> {
    macro_rules! add {
        ($kind:path, $read:expr) => {
            arguments
                .add(cells.map(|cell| if let $kind(value) = cell { $read(value) } else { None }).collect::<Vec<_>>())
        };
    }
    let added = match cells.clone().next() {
        None => return Ok(()),
        Some(Cell::Uuid(_)) => add!(Cell::Uuid, |id: &Option<_>| *id),
        Some(Cell::Int(_)) => add!(Cell::Int, |number: &Option<i64>| *number),
        Some(Cell::Text(_)) => add!(Cell::Text, |text: &'r Option<std::borrow::Cow<'c, str>>| text.as_deref()),
        Some(Cell::Bytes(_)) => add!(Cell::Bytes, |bytes: &Option<&'c [u8]>| *bytes),
        Some(Cell::Bool(_)) => add!(Cell::Bool, |is: &bool| Some(*is)),
    };
    added.map_err(sqlx::Error::Encode)
}

const fn type_of(cell: &Cell<'_>) -> &'static str {
    match cell {
        Cell::Uuid(_) => "uuid",
        Cell::Int(_) => "bigint",
        Cell::Text(_) => "text",
        Cell::Bytes(_) => "bytea",
        Cell::Bool(_) => "boolean",
    }
}

pub(super) fn text_of(parts: &[(Bulk, Vec<Cell<'_>>)]) -> String {
    let (mut named, mut counts, mut said) = (Vec::new(), Vec::new(), 0);
    for (n, (bulk, cells)) in parts.iter().enumerate() {
        let (mut arrays, mut columns) = (Vec::new(), Vec::new());
        for (column, cell) in (1..).zip(cells.iter().take(bulk.columns)) {
            said += 1;
            arrays.push(format!("${said}::{}[]", type_of(cell)));
            columns.push(format!("column{column}"));
        }
        let rows = format!("select * from unnest({}) as c({})", arrays.join(", "), columns.join(", "));
        named.push(format!("w{n} as ({} {rows}{} returning 1)", bulk.head, bulk.tail));
        counts.push(format!("(select count(*) from w{n})"));
    }
    format!("with {} select array[{}]", named.join(", "), counts.join(", "))
}
