//! Where PostgreSQL's programs are, and whom they may run as.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::Unavailable;

/// The oldest major version that the product supports.
const OLDEST: u32 = 15;
/// Users that exist only to own nothing; the server refuses to run as root.
const UNPRIVILEGED: [&str; 2] = ["nobody", "postgres"];

/// PostgreSQL's programs, and the user that runs them.
pub(crate) struct Programs {
    bin: PathBuf,
    run_as: Option<Owner>,
}

/// A user and its group, by number.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Programs {
    /// Looks in `PATH`, asks `pg_config`, then looks where distributions put several versions side by side.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let mut found = Vec::new();
        for bin in candidates() {
            if let Some(version) = major_version(&bin) {
                found.push((version, bin));
            }
        }
        found.sort();
        let Some((version, bin)) = found.pop() else {
            return Err(Unavailable("no PostgreSQL server programs (initdb, postgres, psql) were found".into()).into());
        };
        if version < OLDEST {
            return Err(Unavailable(format!("PostgreSQL {version} is older than {OLDEST}")).into());
        }
        Ok(Self { bin, run_as: unprivileged()? })
    }

    /// Whom the server runs as, when that is not the test's own user.
    pub(crate) const fn run_as(&self) -> Option<Owner> {
        self.run_as
    }

    /// The path of a program.
    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }

    /// A command that runs as the unprivileged user.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        if let Some(Owner { uid, gid }) = self.run_as {
            command.uid(uid).gid(gid);
        }
        command
    }
}

fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut bins: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(answer) = Command::new("pg_config").arg("--bindir").output() {
        bins.push(String::from_utf8_lossy(&answer.stdout).trim().into());
    }
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        bins.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    bins
}

/// The major version of the server in a directory that has all the programs needed.
fn major_version(bin: &Path) -> Option<u32> {
    let complete = ["initdb", "postgres", "psql"].iter().all(|program| bin.join(program).is_file());
    if !complete {
        return None;
    }
    let answer = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let number = text.split_whitespace().nth(2)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The user to run as: none when this process is not root's, else one that owns nothing.
fn unprivileged() -> anyhow::Result<Option<Owner>> {
    let own_uid = std::fs::metadata("/proc/self").context("the process cannot see itself")?.uid();
    if own_uid != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").context("the list of users cannot be read")?;
    let owner = UNPRIVILEGED.iter().find_map(|name| find_user(&users, name));
    match owner {
        Some(owner) => Ok(Some(owner)),
        None => Err(Unavailable("PostgreSQL does not run as root, and there is no unprivileged user".into()).into()),
    }
}

fn find_user(users: &str, name: &str) -> Option<Owner> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (uid != 0).then_some(Owner { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::find_user;

    #[test]
    fn users_are_read_by_name_and_root_is_none() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:nobody:/:/bin/false\nbad:x:0:7::/:\n";
        assert_eq!(find_user(users, "nobody").map(|owner| (owner.uid, owner.gid)), Some((65534, 65533)));
        assert!(find_user(users, "bad").is_none());
        assert!(find_user(users, "no").is_none());
    }
}
