//! A backup is put in the database's place, while no gateway runs.
//!
//! What is sealed in a backup opens under the master key of then only, so the key is compared before anything is touched. What
//! was sent to providers after the backup is not in it: open tasks are taken up by the next start as after any restart, and
//! the epochs of the shards go on beyond those that any node may have had since.

use std::path::PathBuf;

use capstan_egress::{MasterKey, Vault};
use capstan_storage::{
    BackupError, BackupFacts, DatabaseUrl, OpenOptions, Present, RestorePlan, Restored, Store, StoreError,
    inspect_backup, look_at_database, restore_backup,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::clock;
use crate::gateway::database_url;
use crate::lock::{DataDir, DataDirError};
use crate::master_key_check::{self, Fit};
use crate::operate::{audit_line, shown_time, socket};
use crate::settings::Settings;

/// What is to be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreAsked {
    /// The backup.
    pub file: PathBuf,
    /// Whether accounts and tasks that are there give way.
    pub replace: bool,
    /// Why; kept in the audit log.
    pub reason: Option<String>,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The data directory, such as one that a gateway uses.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The file, or how it was restored.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The database.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// SQLite's file is there and cannot be read.
    #[error("the database that is there cannot be read; --replace keeps its file aside")]
    Unreadable(#[source] StoreError),
    /// The backup is sealed under another key.
    #[error(
        "the master key is not the one that the backup is sealed under; restore it with the key of the gateway that made it"
    )]
    OtherMasterKey,
    /// There is something already.
    #[error("the database has {accounts} accounts and {tasks} tasks{more}; --replace puts the backup in their place")]
    Occupied {
        /// Accounts.
        accounts: i64,
        /// Tasks.
        tasks: i64,
        /// What else is there.
        more: &'static str,
    },
    /// Another node works on the database.
    #[error("another node holds shards of this database until {0}; stop every node first")]
    NodeRuns(String),
}

/// Restores a backup and says what was found in it.
///
/// # Errors
/// [`RestoreError`]; nothing was changed, except where [`BackupError::LedgerDiffers`] says otherwise.
pub async fn restore(settings: &Settings, key: MasterKey, asked: RestoreAsked) -> Result<Value, RestoreError> {
    let began = Instant::now();
    let data_dir = DataDir::lock(&settings.data_dir)?;
    let url = database_url(settings)?;
    let vault = Vault::new(key);
    let facts = inspect_backup(&url, &asked.file, master_key_check::NAME).await?;
    if facts.key_check.as_ref().is_some_and(|kept| *kept != master_key_check::value(&vault)) {
        return Err(RestoreError::OtherMasterKey);
    }
    let at_ms = clock::now_ms();
    let present = match look_at_database(&url, &data_dir.node, at_ms).await {
        Ok(present) => present,
        // A file that is damaged is what restores are for.
        Err(_) if asked.replace && matches!(url, DatabaseUrl::Sqlite(_)) => Present::default(),
        Err(error) if matches!(url, DatabaseUrl::Sqlite(_)) => return Err(RestoreError::Unreadable(error)),
        Err(error) => return Err(error.into()),
    };
    refuse(&url, &present, asked.replace)?;
    let time = shown_time(at_ms);
    let aside = format!(".before-restore-{}", time.replace([':', '-'], ""));
    let restored = restore_backup(&url, &asked.file, &RestorePlan { replace: asked.replace, at_ms, aside }).await?;
    let store = Store::open(&url, OpenOptions::default()).await?;
    let noted = note(&store, &vault, &asked).await;
    store.close().await;
    noted?;
    Ok(said(&asked, &facts, &restored, began))
}

fn refuse(url: &DatabaseUrl, present: &Present, replace: bool) -> Result<(), RestoreError> {
    if let Some(until_ms) = present.leased_until_ms {
        return Err(RestoreError::NodeRuns(shown_time(until_ms)));
    }
    // SQLite's file is kept in any case. In PostgreSQL nothing may be dropped without a word, not even what is empty.
    let (occupied, more) = match url {
        DatabaseUrl::Sqlite(_) => (present.accounts > 0 || present.tasks > 0, ""),
        DatabaseUrl::Postgres(_) => (present.has_tables, ", and its schema is not empty"),
    };
    if occupied && !replace {
        return Err(RestoreError::Occupied { accounts: present.accounts, tasks: present.tasks, more });
    }
    Ok(())
}

/// A backup of a release before says nothing of its key; its credentials do. Then the restore is written down.
async fn note(store: &Store, vault: &Vault, asked: &RestoreAsked) -> Result<(), RestoreError> {
    match master_key_check::check(store, vault).await? {
        Fit::Same => {}
        Fit::Other => return Err(RestoreError::OtherMasterKey),
    }
    let actor = format!("{} (no gateway ran)", socket::own_actor());
    let detail = json!({"replace": asked.replace, "reason": asked.reason});
    let line = audit_line(&actor, "restore", (format!("file {}", asked.file.display()), &detail));
    Ok(store.record_audit(line).await?)
}

fn said(asked: &RestoreAsked, facts: &BackupFacts, restored: &Restored, began: Instant) -> Value {
    let (contents, report) = (&restored.contents, &restored.report);
    json!({
        "file": asked.file, "backupSchemaVersion": facts.schema_version, "schemaVersion": contents.schema_version,
        "accounts": contents.accounts, "tasks": contents.tasks, "openTasks": contents.open_tasks,
        "moves": contents.moves, "keptAside": restored.kept_aside,
        "ledger": {
            "addsUp": report.difference.is_none(), "accounts": report.accounts, "moves": report.moves,
            "entries": report.entries, "holds": report.holds,
        },
        "tookMs": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}
