//! The audit log: what operators did, append-only.

use uuid::Uuid;

use crate::db::{Db, sql};
use crate::{Store, StoreError};

/// A line to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAudit {
    /// Its id: the same line twice is one line.
    pub id: Uuid,
    /// When it was done.
    pub at_ms: i64,
    /// Who did it, as far as the system knows.
    pub actor: String,
    /// What was done, such as `key revoke`.
    pub action: String,
    /// What it was done to, such as `key 0198…`.
    pub target: String,
    /// The rest as a JSON object; never a secret.
    pub detail: String,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Audit {
    /// Its place in the log.
    pub seq: i64,
    /// When it was done.
    pub at_ms: i64,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// The rest as a JSON object.
    pub detail: String,
}

impl Store {
    /// Writes a line about something that changed nothing in the database, such as a check at a provider.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_audit(&self, line: NewAudit) -> Result<(), StoreError> {
        self.write(line, |db, line| Box::pin(insert(db, line))).await
    }

    /// A mark of what operators have done, on whichever node: it changes with every change. Lines of transactions that
    /// overlap may appear out of order, so the newest thousand are counted as well.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn changes_mark(&self) -> Result<(i64, i64), StoreError> {
        let db = &mut self.reader().await?;
        sql!(
            db,
            one as (i64, i64),
            "select coalesce(max(seq), 0), count(*) from audit_log
              where seq > (select coalesce(max(seq), 0) - 1000 from audit_log)"
        )
    }

    /// The newest lines, newest first: at most so many, of those before a place in the log.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_audit(&self, before: Option<i64>, most: u32) -> Result<Vec<Audit>, StoreError> {
        let db = &mut self.reader().await?;
        sql!(
            db,
            all as Audit,
            "select seq, at_ms, actor, action, target, detail from audit_log where seq < $1 order by seq desc limit $2",
            before.unwrap_or(i64::MAX),
            i64::from(most)
        )
    }
}

pub(crate) async fn insert(db: &mut Db, line: &NewAudit) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into audit_log (id, at_ms, actor, action, target, detail) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do nothing",
        line.id,
        line.at_ms,
        line.actor.as_str(),
        line.action.as_str(),
        line.target.as_str(),
        line.detail.as_str()
    )?;
    Ok(())
}
