//! SQLite's copy: `vacuum into` on a connection of its own.
//!
//! It reads one state of the database, which a log beside the file (WAL) keeps for it while the writer goes on. Copying the
//! files themselves would need them to stand still; SQLite's step-by-step copy begins anew with every write of another
//! connection, and so never ends under load.

use std::path::Path;

use super::{BackupError, Contents, connect, contents};
use crate::db::sql;

pub(super) async fn copy(path: &Path, to: &Path) -> Result<Contents, BackupError> {
    let name = to.to_str().ok_or_else(|| BackupError::File {
        path: to.to_owned(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidInput, "its name is not UTF-8"),
    })?;
    let mut db = connect::sqlite(path).await?;
    let copied = {
        let db = &mut db;
        sql!(db, execute, "vacuum into $1", name)
    };
    db.discard().await;
    copied?;
    // What the copy says of itself, and not what the database has become since.
    let mut made = connect::sqlite_file(to).await?;
    let found = contents(&mut made).await;
    made.discard().await;
    Ok(found?)
}
