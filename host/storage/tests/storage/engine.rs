//! The engines, and a fresh database in each.

use std::sync::{Mutex, PoisonError};

use capstan_storage::DatabaseUrl;
use capstan_test_postgres::{Cluster, Unavailable};
use sqlx::{ConnectOptions, Connection};

/// One cluster for the whole process, started when the first story asks.
static CLUSTER: Mutex<Option<Result<Cluster, NoPostgres>>> = Mutex::new(None);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Why there is no database.
#[derive(Clone, Debug)]
pub(crate) enum NoPostgres {
    Unavailable(String),
    Failed(String),
}

/// A fresh database; SQLite's directory goes with it.
pub(crate) struct Database {
    pub(crate) engine: Engine,
    pub(crate) url: DatabaseUrl,
    _dir: Option<tempfile::TempDir>,
}

impl Engine {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    pub(crate) fn create_database(self) -> Result<Database, NoPostgres> {
        match self {
            Self::Sqlite => {
                let dir = tempfile::tempdir().map_err(|error| NoPostgres::Failed(error.to_string()))?;
                let url = DatabaseUrl::Sqlite(dir.path().join("capstan.db"));
                Ok(Database { engine: self, url, _dir: Some(dir) })
            }
            Self::Postgres => {
                let mut cluster = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
                let cluster = cluster.get_or_insert_with(start).as_ref().map_err(NoPostgres::clone)?;
                let url = cluster.create_database().map_err(|error| NoPostgres::Failed(format!("{error:#}")))?;
                Ok(Database { engine: self, url: DatabaseUrl::Postgres(url), _dir: None })
            }
        }
    }
}

fn start() -> Result<Cluster, NoPostgres> {
    Cluster::start().map_err(|error| {
        let reason = format!("{error:#}");
        if error.is::<Unavailable>() { NoPostgres::Unavailable(reason) } else { NoPostgres::Failed(reason) }
    })
}

/// Statics are not dropped at the end of a process; the cluster is, here.
pub(crate) fn stop_postgres() {
    drop(CLUSTER.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// A connection beside the store's own: to tamper, to lock, to look where the store offers no look.
pub(crate) enum Raw {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Raw {
    pub(crate) async fn open(url: &DatabaseUrl) -> anyhow::Result<Self> {
        Ok(match url {
            DatabaseUrl::Sqlite(path) => {
                Self::Sqlite(sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await?)
            }
            DatabaseUrl::Postgres(url) => Self::Postgres(sqlx::PgConnection::connect(url).await?),
        })
    }

    /// Runs the text that is for this engine.
    pub(crate) async fn run(&mut self, sqlite: &'static str, postgres: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(c) => sqlx::raw_sql(sqlite).execute(c).await.map(drop),
            Self::Postgres(c) => sqlx::raw_sql(postgres).execute(c).await.map(drop),
        }
    }

    /// Runs a text that both understand.
    pub(crate) async fn both(&mut self, text: &'static str) -> Result<(), sqlx::Error> {
        self.run(text, text).await
    }

    /// What a text answers, its last column as lines: for query plans.
    pub(crate) async fn told(&mut self, sqlite: &'static str, postgres: &'static str) -> Result<String, sqlx::Error> {
        use sqlx::Row as _;
        let lines: Vec<String> = match self {
            Self::Sqlite(c) => {
                let rows = sqlx::raw_sql(sqlite).fetch_all(c).await?;
                rows.iter().map(|row| row.try_get(row.len() - 1)).collect::<Result<_, _>>()?
            }
            Self::Postgres(c) => {
                let rows = sqlx::raw_sql(postgres).fetch_all(c).await?;
                rows.iter().map(|row| row.try_get(row.len() - 1)).collect::<Result<_, _>>()?
            }
        };
        Ok(lines.join("\n"))
    }

    /// Makes every write wait, and no read.
    pub(crate) async fn block_writes(&mut self) -> Result<(), sqlx::Error> {
        self.run("begin immediate", "begin; lock table accounts, moves in share row exclusive mode").await
    }

    /// Lets writes go on.
    pub(crate) async fn unblock_writes(&mut self) -> Result<(), sqlx::Error> {
        self.both("rollback").await
    }
}
