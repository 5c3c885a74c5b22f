//! Connections beside the store's own: neither its writer nor one of its readers is kept busy by a copy.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::StoreError;
use crate::db::Db;

const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// An SQLite database as a gateway has it: in use, or left by one that was killed.
pub(super) async fn sqlite(path: &Path) -> Result<Db, StoreError> {
    one_of_sqlite(SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(CONNECT_WAIT)).await
}

/// An SQLite database that nobody writes, such as a backup: looking at it leaves no file beside it.
pub(super) async fn sqlite_file(path: &Path) -> Result<Db, StoreError> {
    one_of_sqlite(SqliteConnectOptions::new().filename(path).read_only(true).immutable(true)).await
}

async fn one_of_sqlite(options: SqliteConnectOptions) -> Result<Db, StoreError> {
    let options = options.pragma("trusted_schema", "off");
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(CONNECT_WAIT).connect_with(options).await?;
    Ok(Db::Sqlite(pool.acquire().await?))
}

/// A PostgreSQL database. A snapshot is kept open for as long as a copy takes, which is no idleness.
pub(super) async fn postgres(url: &str) -> Result<Db, StoreError> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("capstan backup")
        .options([("idle_in_transaction_session_timeout", "0")]);
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_WAIT).connect_with(options).await?;
    Ok(Db::Postgres(pool.acquire().await?))
}
