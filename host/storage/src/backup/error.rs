//! Why there is no backup, or no restore.

use std::io;
use std::path::PathBuf;

use crate::StoreError;

/// Why a backup or a restore was not made. Nothing was changed, except where a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file to be made is there.
    #[error("{0} exists; a backup overwrites nothing")]
    Exists(PathBuf),
    /// Another backup is being written to the same place.
    #[error("another backup is being written to {0}")]
    UnderWay(PathBuf),
    /// The file system refuses.
    #[error("{path} cannot be used")]
    File {
        /// What was touched.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The file is no backup, is damaged, or is one of something else.
    #[error("{path} is not a whole backup of Capstan: {why}")]
    NoBackup {
        /// Which file.
        path: PathBuf,
        /// What gave it away.
        why: String,
    },
    /// It is a backup of the other database.
    #[error("{path} is a backup of {of}, and this gateway's database is {here}")]
    OtherEngine {
        /// Which file.
        path: PathBuf,
        /// What it is a backup of.
        of: &'static str,
        /// What the gateway has.
        here: &'static str,
    },
    /// A newer version made it.
    #[error(
        "{path} has migration {version}, which this version does not know; restore it with the version that made it"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The migration.
        version: i64,
    },
    /// PostgreSQL's program is missing or older than the server.
    #[error(
        "{program} of PostgreSQL {at_least} or newer is needed, and is neither on PATH nor in /usr/lib/postgresql/*/bin; \
         install PostgreSQL's client programs (apt-get install postgresql-client)"
    )]
    NoProgram {
        /// Which program.
        program: &'static str,
        /// The server's major version.
        at_least: u32,
    },
    /// PostgreSQL's program failed.
    #[error("{program} failed: {said}")]
    Program {
        /// Which program.
        program: &'static str,
        /// What it said, without the password.
        said: String,
    },
    /// The ledger that was restored does not agree with itself. SQLite's database is the one of before; PostgreSQL holds what
    /// was restored.
    #[error("the ledger of the backup does not add up: {difference}{more}")]
    LedgerDiffers {
        /// The first difference.
        difference: String,
        /// What is in the database now.
        more: &'static str,
    },
    /// A worker was lost.
    #[error("a worker of the backup was lost")]
    Lost,
    /// The database refused.
    #[error("the database refused")]
    Store(#[from] StoreError),
}

impl BackupError {
    pub(super) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    pub(super) fn no_backup(path: &std::path::Path, why: impl Into<String>) -> Self {
        Self::NoBackup { path: path.to_owned(), why: why.into() }
    }
}
