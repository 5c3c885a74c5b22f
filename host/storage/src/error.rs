//! Why the store could not do what it was asked.

use capstan_domain::amount::AmountError;
use capstan_domain::ledger::MoveError;

/// A failure of the store. What a guard refuses for the caller's own reasons (no funds, a number that is taken) is not
/// here: that is an answer, and the function's own type names it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address names neither `sqlite:path` nor `postgres://…`.
    #[error("a database address is sqlite:path or postgres://user@host/name")]
    BadUrl,
    /// The database or its driver failed.
    #[error("the database failed")]
    Driver(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the schema could not be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The database was opened by a newer version before; writing to it could destroy what that version keeps.
    #[error("the database has migration {0}, which this version does not know")]
    SchemaNewer(i64),
    /// A row holds what this code never writes.
    #[error("{table}.{column} of {id} cannot be read")]
    InconsistentRow {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Which row.
        id: String,
    },
    /// A statement changed another number of rows than it must: a broken invariant, which stops this request only.
    #[error("{what} must change {expected} rows and changed {changed}")]
    UnexpectedChange {
        /// Which statement.
        what: &'static str,
        /// How many rows it must change.
        expected: u64,
        /// How many it changed.
        changed: u64,
    },
    /// The row that was to be changed does not exist.
    #[error("no such row in {table}: {id}")]
    Missing {
        /// Which table.
        table: &'static str,
        /// Which row.
        id: String,
    },
    /// Another connection changed a row between this request's look and its write; nothing was written.
    #[error("another writer was faster")]
    Contended,
    /// The writer's queue is full; nothing was written.
    #[error("the writer's queue is full")]
    Overloaded,
    /// The database cannot be reached. Whether the write took effect is unknown: ask again with the same ids.
    #[error("the database cannot be reached; whether the write took effect is unknown")]
    Unreachable,
    /// The store was closed; nothing was written.
    #[error("the store is closed")]
    Closed,
    /// The shard's lease has moved on; nothing was written, and whoever holds it now moves its tasks.
    #[error("shard {shard} is no longer held under epoch {epoch}")]
    Fenced {
        /// Which shard.
        shard: u8,
        /// Under which epoch the caller held it.
        epoch: i64,
    },
    /// The move of money cannot be made.
    #[error("the move cannot be made")]
    Move(#[from] MoveError),
    /// A sum of money left its range.
    #[error("a sum cannot be made")]
    Amount(#[from] AmountError),
}

impl StoreError {
    /// Whether the same call, with the same ids, may succeed when it is made again a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Driver(error) => driver_is_transient(error),
            Self::Contended | Self::Overloaded | Self::Unreachable => true,
            Self::BadUrl
            | Self::Migrate(_)
            | Self::SchemaNewer(_)
            | Self::InconsistentRow { .. }
            | Self::UnexpectedChange { .. }
            | Self::Missing { .. }
            | Self::Closed
            | Self::Fenced { .. }
            | Self::Move(_)
            | Self::Amount(_) => false,
        }
    }

    pub(crate) fn unreadable(table: &'static str, column: &'static str, id: impl ToString) -> Self {
        Self::InconsistentRow { table, column, id: id.to_string() }
    }
}

/// Whether a driver's error says that the connection or the moment was bad, and not the statement.
fn driver_is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code_is_transient(&code)),
        _ => false,
    }
}

/// PostgreSQL speaks in five characters (SQLSTATE), SQLite in a decimal number whose low byte is the primary code.
fn code_is_transient(code: &str) -> bool {
    const SQLITE_BUSY: i32 = 5;
    const SQLITE_LOCKED: i32 = 6;
    const SQLITE_IOERR: i32 = 10;
    const SQLITE_FULL: i32 = 13;
    if code.len() == 5 {
        // Connection exceptions, no resources (a full disk among them), shutdown, system errors; serialization failure,
        // deadlock, lock not available. A disk that is full for a while must not make what happened be forgotten.
        return ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class))
            || matches!(code, "40001" | "40P01" | "55P03");
    }
    code.parse::<i32>()
        .is_ok_and(|code| matches!(code & 0xff, SQLITE_BUSY | SQLITE_LOCKED | SQLITE_IOERR | SQLITE_FULL))
}

#[cfg(test)]
mod tests {
    use super::code_is_transient;

    #[test]
    fn a_bad_moment_is_told_from_a_bad_statement() {
        for code in ["5", "517", "6", "13", "778", "40P01", "53100", "55P03", "57P01", "58030", "08006"] {
            assert!(code_is_transient(code), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42601"] {
            assert!(!code_is_transient(code), "{code}");
        }
    }
}
