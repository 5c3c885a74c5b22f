//! What in a PostgreSQL database is Capstan's own: what its migrations make. Read from their text, so that no list is kept.

use crate::db::POSTGRES_MIGRATIONS;

/// Statements that take all of it away, in a text for `psql`. Nothing that somebody else made is named in it.
pub(super) fn drops() -> String {
    let tables = made("create table ").into_iter().chain(["_sqlx_migrations".to_owned()]);
    let mut text = format!("drop table if exists {} cascade;\n", tables.collect::<Vec<_>>().join(", "));
    for function in made("create function ") {
        text.push_str(&format!("drop function if exists {function} cascade;\n"));
    }
    text
}

fn made(statement: &str) -> Vec<String> {
    let lines = POSTGRES_MIGRATIONS.iter().flat_map(|migration| migration.sql.as_str().lines());
    let name = |rest: &str| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().map(str::to_owned);
    lines.filter_map(|line| line.strip_prefix(statement).and_then(name)).collect()
}
