//! The two engines behind one connection type, and the few places in which they differ.
//!
//! Dialect hooks, all of them: how a connection is opened (here), how a write begins ([`Db::begin`]), how a consistent
//! look at several tables begins ([`Db::begin_look`]), and how a shard's row is kept from changing until the commit
//! (`shards::hold_fences`). Every other statement is one text for both.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

use crate::{OpenOptions, StoreError};

pub(crate) static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");
pub(crate) static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// How long a connection may take to come up before the database counts as unreachable.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// Prepared statements that a connection keeps. Lists of eight lengths make eight statements of one text; a cache that is too
/// small prepares the longest ones again and again.
const STATEMENTS: usize = 512;

/// The writer finds rows by their keys, and a list of keys is short. Left to itself, PostgreSQL plans a statement while its
/// tables are still empty, for which it reads them whole, and keeps that plan when they have grown. What it must not do counts
/// as dear, and what is dear it would compile, which takes longer than the statement.
const BY_KEY: [(&str, &str); 6] = [
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// The cache of SQLite's writer, in KiB as its pragma has them: what tasks of the last minutes touch, so that a commit reads
/// nothing.
const CACHE_KIB: &str = "-32768";

/// After how many pages of 4 KiB SQLite's log is carried over to its file. Neighbouring commits change the same pages; the
/// longer the log, the more of them are carried over once. It is read at the start after a crash, in a moment.
const CHECKPOINT_PAGES: &str = "8192";

/// Runs one statement on whichever engine it is; the same text and the same binds in both arms.
///
/// `execute` gives the number of rows changed; `one as T`, `optional as T` and `all as T` give rows as `T` (a `FromRow`).
macro_rules! sql {
    ($db:expr, execute, $text:expr $(, $bind:expr)* $(,)?) => {
        $crate::db::sql!(@run $db, c => sqlx::query($text)$(.bind($bind))*.execute(c).await.map(|done| done.rows_affected()))
    };
    ($db:expr, one as $row:ty, $text:expr $(, $bind:expr)* $(,)?) => {
        $crate::db::sql!(@run $db, c => sqlx::query_as::<_, $row>($text)$(.bind($bind))*.fetch_one(c).await)
    };
    ($db:expr, optional as $row:ty, $text:expr $(, $bind:expr)* $(,)?) => {
        $crate::db::sql!(@run $db, c => sqlx::query_as::<_, $row>($text)$(.bind($bind))*.fetch_optional(c).await)
    };
    ($db:expr, all as $row:ty, $text:expr $(, $bind:expr)* $(,)?) => {
        $crate::db::sql!(@run $db, c => sqlx::query_as::<_, $row>($text)$(.bind($bind))*.fetch_all(c).await)
    };
    // A match, so that a connection that is made in the argument lives as long as it is needed.
    (@run $db:expr, $c:ident => $query:expr) => {
        match &mut *$db {
            db => {
                $crate::db::operation(async {
                    match db {
                        $crate::db::Db::Sqlite(connection) => {
                            let $c = &mut **connection;
                            $query
                        }
                        $crate::db::Db::Postgres(connection) => {
                            let $c = &mut **connection;
                            $query
                        }
                    }
                })
                .await
            }
        }
    };
}
pub(crate) use sql;

/// Runs an operation; where tests make one fail, this is the place.
pub(crate) async fn operation<T>(run: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    #[cfg(feature = "faults")]
    crate::faults::before()?;
    let done = run.await?;
    #[cfg(feature = "faults")]
    crate::faults::after()?;
    Ok(done)
}

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file, made when it is missing.
    Sqlite(PathBuf),
    /// A PostgreSQL database, version 15 or newer, as its URL.
    Postgres(String),
}

impl fmt::Debug for DatabaseUrl {
    /// Names the engine only: a PostgreSQL address may carry a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://.."),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = StoreError;

    /// Reads `sqlite:path` (also `sqlite://path`) or `postgres://…` (also `postgresql://…`).
    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite:").ok_or(StoreError::BadUrl)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() { Err(StoreError::BadUrl) } else { Ok(Self::Sqlite(path.into())) }
    }
}

/// One connection.
pub(crate) enum Db {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Db {
    /// Runs statements without parameters or rows; several may stand in one text.
    pub(crate) async fn run(&mut self, text: &'static str) -> Result<(), StoreError> {
        operation(async {
            match self {
                Self::Sqlite(c) => sqlx::raw_sql(text).execute(&mut **c).await.map(drop),
                Self::Postgres(c) => sqlx::raw_sql(text).execute(&mut **c).await.map(drop),
            }
        })
        .await
    }

    /// Begins a write with its first savepoint. SQLite takes the write lock at once: a lock that is upgraded half-way
    /// fails without waiting.
    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        let text = match self {
            Self::Sqlite(_) => "begin immediate; savepoint request",
            Self::Postgres(_) => "begin; savepoint request",
        };
        self.run(text).await
    }

    /// Begins a look at several tables in one state of the database. The connection is closed when it is dropped and
    /// never used again: a caller that leaves half-way must not leave an old state of the database to the next reader. A
    /// look at everything takes longer than a reader's other statements may.
    pub(crate) async fn begin_look(&mut self) -> Result<(), StoreError> {
        let text = match self {
            Self::Sqlite(c) => {
                c.close_on_drop();
                "begin"
            }
            Self::Postgres(c) => {
                c.close_on_drop();
                "begin isolation level repeatable read read only; set local statement_timeout = '10min'"
            }
        };
        self.run(text).await
    }

    /// Closes the connection for good, whatever state it is in; its pool opens another when asked.
    pub(crate) async fn discard(self) {
        let closed = match self {
            Self::Sqlite(c) => c.close().await,
            Self::Postgres(c) => c.close().await,
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "a connection could not be closed cleanly");
        }
    }
}

/// Connections: one that writes, several that read.
#[derive(Clone)]
pub(crate) enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres { writer: PgPool, readers: PgPool },
}

impl Pools {
    /// Connects and brings the schema up to date.
    pub(crate) async fn open(url: &DatabaseUrl, options: &OpenOptions) -> Result<Self, StoreError> {
        match url {
            DatabaseUrl::Sqlite(path) => Self::open_sqlite(path, options).await,
            DatabaseUrl::Postgres(url) => Self::open_postgres(url, options).await,
        }
    }

    async fn open_sqlite(path: &PathBuf, options: &OpenOptions) -> Result<Self, StoreError> {
        // FULL, because with NORMAL a power failure may take back commits that clients have been answered for.
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(options.lock_wait)
            .statement_cache_capacity(STATEMENTS)
            .pragma("trusted_schema", "off");
        let pool = |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(CONNECT_WAIT);
        let writing = connect
            .clone()
            // What a savepoint may have to undo is kept in memory: in a temporary file it was half of a commit's writes.
            // Readers sort whole tables, which belongs in a file.
            .pragma("temp_store", "memory")
            .pragma("cache_size", CACHE_KIB)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        let writer = pool(1).connect_with(writing).await?;
        SQLITE_MIGRATIONS.run(&writer).await.map_err(|error| migrate_error(error, &SQLITE_MIGRATIONS))?;
        let readers = pool(options.readers).connect_lazy_with(connect.pragma("query_only", "on"));
        Ok(Self::Sqlite { writer, readers })
    }

    async fn open_postgres(url: &str, options: &OpenOptions) -> Result<Self, StoreError> {
        let lock_wait = format!("{}ms", options.lock_wait.as_millis());
        // A node that stops in the middle of a write must not keep its row locks from the others.
        let connect: PgConnectOptions =
            PgConnectOptions::from_str(url)?.application_name("capstan").statement_cache_capacity(STATEMENTS);
        let writing = connect
            .clone()
            .options([("lock_timeout", lock_wait.as_str()), ("idle_in_transaction_session_timeout", "30s")])
            .options(BY_KEY);
        let reading = connect.options([("default_transaction_read_only", "on"), ("statement_timeout", "30s")]);
        let pool = |most| PgPoolOptions::new().max_connections(most).acquire_timeout(CONNECT_WAIT);
        let writer = pool(1).connect_with(writing).await?;
        POSTGRES_MIGRATIONS.run(&writer).await.map_err(|error| migrate_error(error, &POSTGRES_MIGRATIONS))?;
        let readers = pool(options.readers).connect_lazy_with(reading);
        Ok(Self::Postgres { writer, readers })
    }

    /// The connection that writes; only the writer's task asks for it.
    pub(crate) async fn writer(&self) -> Result<Db, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Db::Sqlite(writer.acquire().await?),
            Self::Postgres { writer, .. } => Db::Postgres(writer.acquire().await?),
        })
    }

    /// A connection that reads.
    pub(crate) async fn reader(&self) -> Result<Db, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Db::Sqlite(readers.acquire().await?),
            Self::Postgres { readers, .. } => Db::Postgres(readers.acquire().await?),
        })
    }

    /// Closes every connection, readers first, so that SQLite's last one folds the log into the file.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

/// Tells a database of a newer version from a migration that failed.
fn migrate_error(error: MigrateError, known: &Migrator) -> StoreError {
    let newest = known.iter().map(|migration| migration.version).max().unwrap_or(0);
    match error {
        MigrateError::VersionMissing(version) if version > newest => StoreError::SchemaNewer(version),
        other => StoreError::Migrate(other),
    }
}
