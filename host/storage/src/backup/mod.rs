//! A copy of the whole database in one file, made while the gateway works, and the way back.
//!
//! Here: how the copy is taken ([`sqlite`], [`postgres`]), how the file comes into being all at once or not at all ([`file`]),
//! how a file is looked at before anything is done with it ([`facts`]), and how it is put in the database's place
//! ([`restore`]). Never here: whether a restore may go on, which is its caller's to decide from what
//! [`look_at_database`] and [`inspect_backup`] tell.
//!
//! PostgreSQL's copy is made by the PostgreSQL project's own programs, and they are started here: what they are handed is
//! the database's address, whose password no other room ever takes apart, and what they do is SQL by another hand.
//!
//! Both kinds of file are what the databases' own tools read: an SQLite database, and an archive of `pg_dump`.

mod address;
mod connect;
mod error;
mod facts;
mod file;
mod own;
mod postgres;
mod programs;
mod restore;
mod sqlite;

use std::path::Path;

pub use error::BackupError;
pub use facts::{BackupFacts, inspect_backup};
pub use restore::{Present, RestorePlan, Restored, look_at_database, restore_backup};

use crate::db::{DatabaseUrl, Db, sql};
use crate::{Store, StoreError};

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Contents {
    /// The newest migration.
    pub schema_version: i64,
    /// Accounts.
    pub accounts: i64,
    /// Tasks.
    pub tasks: i64,
    /// Tasks that are not over.
    pub open_tasks: i64,
    /// Moves of money.
    pub moves: i64,
}

/// A backup that is complete and on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// How long the file is.
    pub bytes: u64,
    /// What is in it.
    pub contents: Contents,
}

impl Store {
    /// Copies the database, as it is at one moment, into a new file that its owner alone can read. Writers do not wait for it.
    ///
    /// The file is written beside its name and takes the name when it is complete and flushed; what goes wrong before leaves
    /// nothing.
    ///
    /// # Errors
    /// [`BackupError`]: the file exists, cannot be written, or the database or PostgreSQL's program refuses.
    pub async fn back_up(&self, to: &Path) -> Result<BackedUp, BackupError> {
        let partial = file::Partial::begin(to)?;
        let contents = match self.url() {
            DatabaseUrl::Sqlite(path) => sqlite::copy(path, partial.path()).await?,
            DatabaseUrl::Postgres(url) => postgres::dump(url, partial.path()).await?,
        };
        // Flushing is waiting for the disk: not on a thread of the reactor.
        let bytes = tokio::task::spawn_blocking(move || partial.finish()).await.map_err(|_| BackupError::Lost)??;
        Ok(BackedUp { bytes, contents })
    }
}

async fn contents(db: &mut Db) -> Result<Contents, StoreError> {
    sql!(
        db,
        one as Contents,
        "select (select max(version) from _sqlx_migrations) as schema_version,
                (select count(*) from accounts) as accounts,
                (select count(*) from tasks) as tasks,
                (select count(*) from tasks where state not in ('solved', 'failed')) as open_tasks,
                (select count(*) from moves) as moves"
    )
}
