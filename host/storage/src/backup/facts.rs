//! A look at a file before anything is done with it: whether it is whole, Capstan's, and of a schema that is known.

use std::io::Read as _;
use std::path::Path;

use sqlx::migrate::Migrator;

use super::{BackupError, address::Address, connect, postgres, programs};
use crate::db::{DatabaseUrl, Db, POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS, sql};
use crate::{StoreError, key_checks};

const SQLITE_START: &[u8] = b"SQLite format 3\0";
const ARCHIVE_START: &[u8] = b"PGDMP";

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFacts {
    /// The newest migration in it.
    pub schema_version: i64,
    /// The value kept for the key of this name, if one was kept.
    pub key_check: Option<Vec<u8>>,
}

/// A migration as a backup has it.
struct Applied {
    version: i64,
    checksum: Vec<u8>,
}

/// Reads a whole backup for a database of the same kind, and what it says of itself and of the key of this name.
///
/// # Errors
/// [`BackupError::NoBackup`] for a file that is damaged, cut off or no backup of Capstan, [`BackupError::OtherEngine`],
/// [`BackupError::Newer`]; [`BackupError::NoProgram`] where PostgreSQL's programs are missing.
pub async fn inspect_backup(url: &DatabaseUrl, from: &Path, key: &str) -> Result<BackupFacts, BackupError> {
    let of = engine_of(from)?;
    match (url, of) {
        (DatabaseUrl::Sqlite(_), "SQLite") => {
            let (applied, key_check) = read_sqlite(from, key).await?;
            judge(from, &applied, &SQLITE_MIGRATIONS).map(|schema_version| BackupFacts { schema_version, key_check })
        }
        (DatabaseUrl::Postgres(url), "PostgreSQL") => {
            let text = read_archive(url, from).await?;
            let (applied, key_check) = (applied_in(&text), key_check_in(&text, key));
            judge(from, &applied, &POSTGRES_MIGRATIONS).map(|schema_version| BackupFacts { schema_version, key_check })
        }
        (DatabaseUrl::Sqlite(_), of) => Err(BackupError::OtherEngine { path: from.to_owned(), of, here: "SQLite" }),
        (DatabaseUrl::Postgres(_), of) => {
            Err(BackupError::OtherEngine { path: from.to_owned(), of, here: "PostgreSQL" })
        }
    }
}

fn engine_of(from: &Path) -> Result<&'static str, BackupError> {
    let mut start = Vec::new();
    let file = std::fs::File::open(from).map_err(BackupError::file(from))?;
    file.take(SQLITE_START.len() as u64).read_to_end(&mut start).map_err(BackupError::file(from))?;
    if start == SQLITE_START {
        return Ok("SQLite");
    }
    if start.starts_with(ARCHIVE_START) {
        return Ok("PostgreSQL");
    }
    Err(BackupError::no_backup(from, "it is neither an SQLite database nor an archive of pg_dump"))
}

/// The newest migration of a backup whose migrations are all this version's own, byte for byte.
fn judge(from: &Path, applied: &[Applied], known: &Migrator) -> Result<i64, BackupError> {
    let newest = known.iter().map(|migration| migration.version).max().unwrap_or(0);
    let found = applied.iter().map(|applied| applied.version).max();
    let found = found.ok_or_else(|| BackupError::no_backup(from, "it has no migrations"))?;
    if found > newest {
        return Err(BackupError::Newer { path: from.to_owned(), version: found });
    }
    for applied in applied {
        let same = known.iter().any(|m| m.version == applied.version && *m.checksum == *applied.checksum);
        if !same {
            let why = format!("its migration {} is not Capstan's", applied.version);
            return Err(BackupError::no_backup(from, why));
        }
    }
    Ok(found)
}

async fn read_sqlite(from: &Path, key: &str) -> Result<(Vec<Applied>, Option<Vec<u8>>), BackupError> {
    // What SQLite says of a file that is cut off or damaged comes as an error or as a line.
    let damaged = |error: StoreError| {
        let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        BackupError::no_backup(from, why)
    };
    let mut db = connect::sqlite_file(from).await.map_err(damaged)?;
    let (read, length) = (read_open_sqlite(&mut db, key).await, sqlite_length(&mut db).await);
    db.discard().await;
    // SQLite reads a last page that is cut off as if zeros followed.
    let (length, found) = (length.map_err(damaged)?, std::fs::metadata(from).map_err(BackupError::file(from))?.len());
    if u64::try_from(length) != Ok(found) {
        return Err(BackupError::no_backup(from, format!("it has {found} bytes and should have {length}")));
    }
    let (integrity, applied, key_check) = read.map_err(damaged)?;
    if integrity != "ok" {
        return Err(BackupError::no_backup(from, integrity));
    }
    Ok((applied, key_check))
}

async fn read_open_sqlite(db: &mut Db, key: &str) -> Result<(String, Vec<Applied>, Option<Vec<u8>>), StoreError> {
    let (integrity,) = sql!(db, one as (String,), "pragma integrity_check(1)")?;
    let tables = sql!(db, all as (String,), "select name from sqlite_master where type = 'table'")?;
    let has = |name: &str| tables.iter().any(|(table,)| table == name);
    if !has("_sqlx_migrations") {
        return Ok((integrity, Vec::new(), None));
    }
    let rows = sql!(db, all as (i64, Vec<u8>), "select version, checksum from _sqlx_migrations order by version")?;
    let applied = rows.into_iter().map(|(version, checksum)| Applied { version, checksum }).collect();
    let key_check = if has("key_checks") { key_checks::find(db, key).await? } else { None };
    Ok((integrity, applied, key_check))
}

/// How long the file is by what it says itself.
async fn sqlite_length(db: &mut Db) -> Result<i64, StoreError> {
    let (pages,) = sql!(db, one as (i64,), "pragma page_count")?;
    let (bytes,) = sql!(db, one as (i64,), "pragma page_size")?;
    Ok(pages.saturating_mul(bytes))
}

/// Reads all of an archive, since what is cut off shows only there, and the rows of the two tables that say what it is.
async fn read_archive(url: &str, from: &Path) -> Result<String, BackupError> {
    let address = Address::read(url)?;
    let mut db = connect::postgres(url).await?;
    let program = programs::find("pg_restore", postgres::server_version(&mut db).await?).await?;
    db.discard().await;
    let damaged = |error: BackupError| match error {
        BackupError::Program { said, .. } => BackupError::no_backup(from, said),
        other => other,
    };
    let mut whole = programs::command(&program);
    whole.args(["--file", "/dev/null"]).arg(from);
    programs::run("pg_restore", whole, &address).await.map_err(damaged)?;
    let mut rows = programs::command(&program);
    rows.args(["--data-only", "--table=_sqlx_migrations", "--table=key_checks", "--file=-"]).arg(from);
    let text = programs::run("pg_restore", rows, &address).await.map_err(damaged)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn applied_in(text: &str) -> Vec<Applied> {
    let row = |fields: Vec<&str>| {
        let [version, checksum] = fields.try_into().ok()?;
        Some(Applied { version: version.parse().ok()?, checksum: bytes(checksum)? })
    };
    copied(text, "_sqlx_migrations", &["version", "checksum"]).into_iter().filter_map(row).collect()
}

fn key_check_in(text: &str, key: &str) -> Option<Vec<u8>> {
    let rows = copied(text, "key_checks", &["name", "value"]);
    let found = rows.into_iter().find(|fields| fields.first() == Some(&key))?;
    bytes(found.get(1)?)
}

/// Some columns of a table's rows in a script of PostgreSQL's: after `COPY schema.table (columns) FROM stdin;` a line for each
/// row, with tabs between the columns, up to a line `\.`.
fn copied<'t>(text: &'t str, table: &str, wanted: &[&str]) -> Vec<Vec<&'t str>> {
    let mut lines = text.lines();
    let head = lines.find_map(|line| {
        let (name, columns) = line.strip_prefix("COPY ")?.strip_suffix(") FROM stdin;")?.split_once(" (")?;
        (name.rsplit('.').next() == Some(table)).then_some(columns)
    });
    let Some(head) = head else { return Vec::new() };
    let columns: Vec<&str> = head.split(", ").collect();
    let places: Vec<usize> =
        wanted.iter().filter_map(|name| columns.iter().position(|column| column == name)).collect();
    let rows = lines.take_while(|line| *line != "\\.");
    rows.map(|row| {
        let fields: Vec<&str> = row.split('\t').collect();
        places.iter().filter_map(|place| fields.get(*place).copied()).collect()
    })
    .collect()
}

/// Bytes as such a script has them: `\\x0aff`.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\\\x")?.as_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{applied_in, key_check_in};

    #[test]
    fn rows_are_read_from_a_script() {
        let script = "SET x = y;\n\nCOPY public.key_checks (name, value, created_at_ms) FROM stdin;\nother key\t\\\\x01\t5\n\
                      master key\t\\\\x0aff\t7\n\\.\n\nCOPY public._sqlx_migrations (version, description, checksum) FROM \
                      stdin;\n1\tcreate core\t\\\\xab\n2\tcreate tasks\t\\\\xcd\n\\.\n";
        let applied: Vec<_> = applied_in(script).into_iter().map(|a| (a.version, a.checksum)).collect();
        assert_eq!(applied, [(1, vec![0xab]), (2, vec![0xcd])]);
        assert_eq!(key_check_in(script, "master key"), Some(vec![0x0a, 0xff]));
        assert_eq!(key_check_in(script, "no key"), None);
        assert!(applied_in("nothing").is_empty());
    }
}
