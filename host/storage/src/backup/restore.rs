//! A backup in the database's place: all of it or nothing, under epochs that no node of before has.

use std::path::{Path, PathBuf};

use super::file::{beside, sync_dir};
use super::{BackupError, Contents, connect, contents, postgres};
use crate::db::{DatabaseUrl, Db, sql};
use crate::{LedgerReport, OpenOptions, Store, StoreError};

/// What is in the database before a restore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// Whether there are tables: in the SQLite file, or in the schema that a PostgreSQL connection finds first.
    pub has_tables: bool,
    /// Accounts.
    pub accounts: i64,
    /// Tasks.
    pub tasks: i64,
    /// Until when the last lease of another node runs, in PostgreSQL; none when none does. SQLite has one process at a time,
    /// which its data directory's lock sees to.
    pub leased_until_ms: Option<i64>,
}

/// How a backup is restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestorePlan {
    /// Whether what is there gives way.
    pub replace: bool,
    /// Now. Shards go on from an epoch of this number: those that are counted from one by starts of nodes never come near.
    pub at_ms: i64,
    /// What is added to the name of SQLite's file of before, which is kept.
    pub aside: String,
}

/// A backup that was restored, brought up to date and found to agree with itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What is in the database now.
    pub contents: Contents,
    /// What the check of the ledger found; no difference.
    pub report: LedgerReport,
    /// Where SQLite's file of before is now, if there was one.
    pub kept_aside: Option<PathBuf>,
}

/// Looks at a database and leaves what is in it as it is. `node` is the node whose leases do not count.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub async fn look_at_database(url: &DatabaseUrl, node: &str, now_ms: i64) -> Result<Present, StoreError> {
    let (mut db, tables) = match url {
        DatabaseUrl::Sqlite(path) if !path.exists() => return Ok(Present::default()),
        DatabaseUrl::Sqlite(path) => {
            (connect::sqlite(path).await?, "select name from sqlite_master where type = 'table'")
        }
        DatabaseUrl::Postgres(url) => (
            connect::postgres(url).await?,
            "select cast(table_name as text) from information_schema.tables where table_schema = current_schema()",
        ),
    };
    let found = look(&mut db, tables, (node, now_ms)).await;
    db.discard().await;
    found
}

async fn look(db: &mut Db, tables: &'static str, (node, now_ms): (&str, i64)) -> Result<Present, StoreError> {
    let tables = sql!(db, all as (String,), tables)?;
    let has = |name: &str| tables.iter().any(|(table,)| table == name);
    let mut present = Present { has_tables: !tables.is_empty(), ..Present::default() };
    if has("accounts") && has("tasks") {
        (present.accounts, present.tasks) =
            sql!(db, one as (i64, i64), "select (select count(*) from accounts), (select count(*) from tasks)")?;
    }
    if has("shards") && matches!(db, Db::Postgres(_)) {
        let last = sql!(
            db,
            one as (Option<i64>,),
            "select max(expires_at_ms) from shards where node <> $1 and expires_at_ms > $2",
            node,
            now_ms
        )?;
        present.leased_until_ms = last.0;
    }
    Ok(present)
}

/// Restores a backup that [`super::inspect_backup`] has found good, brings its schema up to date and checks its ledger.
///
/// # Errors
/// [`BackupError`]; the database is as it was, except where [`BackupError::LedgerDiffers`] says otherwise.
pub async fn restore_backup(url: &DatabaseUrl, from: &Path, plan: &RestorePlan) -> Result<Restored, BackupError> {
    match url {
        DatabaseUrl::Sqlite(path) => restore_sqlite(path, from, plan).await,
        DatabaseUrl::Postgres(address) => {
            postgres::load(address, from, (plan.replace, plan.at_ms)).await?;
            let (contents, report) = check(url, None).await?;
            let kept = "; it was restored all the same, since PostgreSQL shows what it has only then";
            settle_report(report, contents, kept).map(|(contents, report)| Restored {
                contents,
                report,
                kept_aside: None,
            })
        }
    }
}

/// The copy is made ready beside the database, and takes its place at the very end.
async fn restore_sqlite(path: &Path, from: &Path, plan: &RestorePlan) -> Result<Restored, BackupError> {
    let side = beside(path, ".restoring");
    // A restore that was killed may have left one.
    remove_database(&side)?;
    let (of, to) = (from.to_owned(), side.clone());
    tokio::task::spawn_blocking(move || copy_private(&of, &to)).await.map_err(|_| BackupError::Lost)??;
    let checked = check(&DatabaseUrl::Sqlite(side.clone()), Some(plan.at_ms)).await;
    let good = checked.and_then(|(contents, report)| settle_report(report, contents, ""));
    let (contents, report) = match good {
        Ok(good) => good,
        Err(error) => {
            remove_database(&side)?;
            return Err(error);
        }
    };
    std::fs::File::open(&side).and_then(|file| file.sync_all()).map_err(BackupError::file(&side))?;
    let kept_aside = keep_aside(path, &plan.aside)?;
    std::fs::rename(&side, path).map_err(BackupError::file(path))?;
    sync_dir(path)?;
    Ok(Restored { contents, report, kept_aside })
}

/// Opens what was restored as a gateway would, gives its shards their new epochs where that is still to be done, and has the
/// ledger checked.
async fn check(url: &DatabaseUrl, move_on_to: Option<i64>) -> Result<(Contents, LedgerReport), BackupError> {
    let store = Store::open(url, OpenOptions::default()).await?;
    if let Some(at_ms) = move_on_to {
        store.move_shards_on(at_ms).await?;
    }
    let found = async {
        let report = store.verify_ledger().await?;
        Ok((contents(&mut store.reader().await?).await?, report))
    };
    let found: Result<_, StoreError> = found.await;
    store.close().await;
    Ok(found?)
}

fn settle_report(
    report: LedgerReport,
    contents: Contents,
    more: &'static str,
) -> Result<(Contents, LedgerReport), BackupError> {
    match &report.difference {
        Some(difference) => Err(BackupError::LedgerDiffers { difference: difference.to_string(), more }),
        None => Ok((contents, report)),
    }
}

fn copy_private(from: &Path, to: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut reading = std::fs::File::open(from).map_err(BackupError::file(from))?;
    let made = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(to);
    let mut writing = made.map_err(BackupError::file(to))?;
    std::io::copy(&mut reading, &mut writing).map(drop).map_err(BackupError::file(to))
}

/// SQLite's file, and the two that it keeps beside it: the log may hold what the file does not yet.
fn parts(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| beside(path, suffix))
}

fn remove_database(path: &Path) -> Result<(), BackupError> {
    for part in parts(path) {
        match std::fs::remove_file(&part) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(BackupError::file(&part)(error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Gives the database of before another name, its file first: under the old name it must never stand without its log.
fn keep_aside(path: &Path, suffix: &str) -> Result<Option<PathBuf>, BackupError> {
    if !path.exists() {
        return Ok(None);
    }
    let kept = beside(path, suffix);
    if kept.exists() {
        return Err(BackupError::Exists(kept));
    }
    for (part, aside) in parts(path).into_iter().zip(parts(&kept)) {
        match std::fs::rename(&part, &aside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(BackupError::file(&part)(error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(Some(kept))
}
