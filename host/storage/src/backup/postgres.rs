//! PostgreSQL's copy and the way back, by the PostgreSQL project's own `pg_dump`, `pg_restore` and `psql`.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::address::Address;
use super::{BackupError, Contents, connect, contents, own, programs};
use crate::db::{Db, sql};
use crate::{StoreError, shards};

/// How long a copy waits for somebody who changes the schema.
const LOCK_WAIT: &str = "--lock-wait-timeout=30s";

/// Dumps the state of the database that a transaction of our own holds open, so that what is said of the copy is true of it.
pub(super) async fn dump(url: &str, to: &Path) -> Result<Contents, BackupError> {
    let address = Address::read(url)?;
    let mut db = connect::postgres(url).await?;
    let program = programs::find("pg_dump", server_version(&mut db).await?).await?;
    db.begin_look().await?;
    let snapshot = snapshot(&mut db).await?;
    let found = contents(&mut db).await?;
    let mut command = programs::command(&program);
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password", LOCK_WAIT]);
    command.arg(format!("--snapshot={snapshot}")).arg("--file").arg(to);
    address.give(&mut command);
    programs::run("pg_dump", command, &address).await?;
    db.discard().await;
    Ok(found)
}

async fn snapshot(db: &mut Db) -> Result<String, StoreError> {
    sql!(db, one as (String,), "select pg_export_snapshot()").map(|(name,)| name)
}

/// The server's major version.
pub(super) async fn server_version(db: &mut Db) -> Result<u32, StoreError> {
    let (number,) = sql!(db, one as (i64,), "select cast(current_setting('server_version_num') as bigint)")?;
    u32::try_from(number / 10_000).map_err(|_| StoreError::unreadable("settings", "server_version_num", number))
}

/// Puts an archive in the place of what Capstan has in the database, in one transaction.
///
/// `pg_restore` alone drops only what the archive has, and fails where a newer schema has more that hangs on it. So its text
/// goes through `psql`, between statements of ours: what is our own is dropped before, and `commit` is said only when
/// `pg_restore` has ended well. When anything fails, nothing has happened.
pub(super) async fn load(url: &str, from: &Path, (replace, at_ms): (bool, i64)) -> Result<(), BackupError> {
    let address = Address::read(url)?;
    let mut db = connect::postgres(url).await?;
    let version = server_version(&mut db).await?;
    db.discard().await;
    let mut reading = programs::command(&programs::find("pg_restore", version).await?);
    reading.args(["--no-owner", "--no-privileges", "--file=-"]).arg(from);
    let mut writing = programs::command(&programs::find("psql", version).await?);
    writing.args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse"]);
    writing.stdin(Stdio::piped()).stdout(Stdio::null());
    address.give(&mut writing);
    let drops = if replace { own::drops() } else { String::new() };
    let before = format!("set client_min_messages = warning;\nbegin;\n{drops}");
    let after = format!("\nreset search_path;\n{};\ncommit;\n", shards::MOVE_ON.replace("$1", &at_ms.to_string()));
    pipe((reading, writing), (&before, &after), &address).await
}

/// Runs one program into the other, with a text before and, when the first has ended well, one after.
async fn pipe(
    (reading, writing): (Command, Command),
    (before, after): (&str, &str),
    address: &Address,
) -> Result<(), BackupError> {
    let mut reader = start("pg_restore", reading)?;
    let mut writer = start("psql", writing)?;
    let (Some(mut text), Some(mut input)) = (reader.stdout.take(), writer.stdin.take()) else {
        return Err(BackupError::Lost);
    };
    let read_said = said(reader.stderr.take());
    let write_said = said(writer.stderr.take());
    let feed = async move {
        input.write_all(before.as_bytes()).await?;
        tokio::io::copy(&mut text, &mut input).await?;
        // Closed, so that a reader whose text is not wanted any more ends.
        drop(text);
        let ended = reader.wait().await?;
        if ended.success() {
            input.write_all(after.as_bytes()).await?;
        }
        input.shutdown().await?;
        std::io::Result::Ok(ended.success())
    };
    // A writer that has failed breaks the pipe: then what it said is the reason, and not that the pipe broke.
    let (fed, read_said, write_said) = tokio::join!(feed, read_said, write_said);
    let written = writer.wait().await.map_err(|error| complaint_of("psql", &error))?;
    if !written.success() {
        return Err(programs::complaint("psql", &write_said, address));
    }
    match fed {
        Ok(true) => Ok(()),
        Ok(false) => Err(programs::complaint("pg_restore", &read_said, address)),
        Err(error) => Err(complaint_of("psql", &error)),
    }
}

fn start(program: &'static str, mut command: Command) -> Result<Child, BackupError> {
    command.spawn().map_err(|error| complaint_of(program, &error))
}

fn complaint_of(program: &'static str, error: &std::io::Error) -> BackupError {
    BackupError::Program { program, said: error.to_string() }
}

/// All that is said on a pipe, which must be read lest the speaker waits.
async fn said(pipe: Option<tokio::process::ChildStderr>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What cannot be read was not said; how the program ended tells the rest.
        let _ = pipe.read_to_end(&mut bytes).await;
    }
    bytes
}
