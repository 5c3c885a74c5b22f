//! PostgreSQL's own programs: where they are, which of several, and what they say when they fail.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::BackupError;
use super::address::Address;

/// Most of what a program has said that is repeated.
const MOST_SAID_CHARS: usize = 600;

/// Finds a program that is as new as the server at least: older ones refuse it. Of several the oldest that will do, since
/// newer ones write settings that an older server does not know; of equal ones the one on `PATH`.
pub(super) async fn find(program: &'static str, at_least: u32) -> Result<PathBuf, BackupError> {
    let mut found: Option<(u32, PathBuf)> = None;
    for candidate in candidates(program) {
        let Some(version) = major_version(&candidate).await.filter(|version| *version >= at_least) else { continue };
        if found.as_ref().is_none_or(|(known, _)| version < *known) {
            found = Some((version, candidate));
        }
    }
    found.map(|(_, path)| path).ok_or(BackupError::NoProgram { program, at_least })
}

/// The bare name, which the system looks up on `PATH`; then where distributions keep several versions.
fn candidates(program: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from(program)];
    for (dir, of_postgres) in [("/usr/lib/postgresql", ""), ("/usr", "pgsql-"), ("/usr/local", "pgsql")] {
        let Ok(entries) = std::fs::read_dir(dir) else { continue };
        let named = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(of_postgres));
        found.extend(named.map(|entry| entry.path().join("bin").join(program)).filter(|path| path.is_file()));
    }
    found
}

async fn major_version(program: &Path) -> Option<u32> {
    let answer = Command::new(program).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output().await.ok()?;
    // "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let number = text.split_whitespace().nth(2)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A program that dies with this process's interest in it, and asks nobody for a password.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a program to its end; what it wrote.
pub(super) async fn run(name: &'static str, mut command: Command, address: &Address) -> Result<Vec<u8>, BackupError> {
    let failed = |error: std::io::Error| BackupError::Program { program: name, said: error.to_string() };
    let output = command.output().await.map_err(failed)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(complaint(name, &output.stderr, address))
}

/// What a program complained of, on one line and without the password.
pub(super) fn complaint(program: &'static str, said: &[u8], address: &Address) -> BackupError {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = address.hide(&lines.join("; ")).chars().take(MOST_SAID_CHARS).collect();
    BackupError::Program { program, said }
}
