//! One server process, its directory, and the shell that takes both away.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use crate::programs::{Owner, Programs};

/// How long a server may take to accept connections.
const START_WAIT: Duration = Duration::from_secs(60);

/// `$1` is the directory, the rest the server's command line. Standard input is a pipe from the test process; reading it
/// ends when that process does, whichever way. SIGINT is the server's fast shutdown; SIGKILL would leave shared memory.
const WATCH: &str = r#"
dir=$1
shift
"$@" </dev/null &
server=$!
cat >/dev/null
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$dir"
"#;

/// A running server.
pub(crate) struct Server {
    dir: PathBuf,
    watcher: Child,
    lifeline: Option<ChildStdin>,
}

impl Server {
    pub(crate) fn start(programs: &Programs) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("pg").tempdir().context("no temporary directory")?;
        if let Some(Owner { uid, gid }) = programs.run_as() {
            std::os::unix::fs::chown(dir.path(), Some(uid), Some(gid)).context("the directory cannot be given away")?;
        }
        init(programs, dir.path())?;
        // From here on the watcher removes the directory.
        let dir = dir.keep();
        let mut watcher = watch(programs, &dir)?;
        let lifeline = watcher.stdin.take();
        let mut server = Self { dir, watcher, lifeline };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Where the server's socket is.
    pub(crate) fn socket_dir(&self) -> &Path {
        &self.dir
    }

    /// Runs one statement in the maintenance database.
    pub(crate) fn run_sql(&self, programs: &Programs, text: &str) -> anyhow::Result<()> {
        let mut psql = programs.command(programs.path("psql"));
        psql.current_dir("/")
            .arg("-X")
            .args(["-v", "ON_ERROR_STOP=1"])
            .args(["-U", "postgres"])
            .arg("-h")
            .arg(&self.dir);
        let answer = psql.args(["-d", "postgres", "-qc", text]).output().context("psql cannot be run")?;
        ensure!(answer.status.success(), "psql failed: {}", String::from_utf8_lossy(&answer.stderr));
        Ok(())
    }

    /// Reads the server's log until it says that it is ready, and keeps reading it: a full pipe would stop the server.
    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let log = self.watcher.stderr.take().context("the server has no log")?;
        let (say, hear) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                // Nobody listens any more once the server was ready.
                drop(say.send(line));
            }
        });
        let mut seen = Vec::new();
        while let Ok(line) = hear.recv_timeout(START_WAIT) {
            if line.contains("database system is ready to accept connections") {
                return Ok(());
            }
            seen.push(line);
        }
        bail!("PostgreSQL did not start: {}", seen.join("\n"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // The watcher has stopped the server and removed its directory when it ends.
        drop(self.watcher.wait());
        // Where the unprivileged user may empty the directory but not remove it, this process may.
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

fn init(programs: &Programs, dir: &Path) -> anyhow::Result<()> {
    let mut initdb = programs.command(programs.path("initdb"));
    initdb.current_dir("/").arg("-D").arg(dir.join("data"));
    initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"]);
    let answer = initdb.output().context("initdb cannot be run")?;
    ensure!(answer.status.success(), "initdb failed: {}", String::from_utf8_lossy(&answer.stderr));
    Ok(())
}

fn watch(programs: &Programs, dir: &Path) -> anyhow::Result<Child> {
    let mut watcher: Command = programs.command("/bin/sh");
    watcher.current_dir("/").args(["-c", WATCH, "watcher"]).arg(dir).arg(programs.path("postgres"));
    watcher.arg("-D").arg(dir.join("data")).arg("-k").arg(dir);
    watcher.args(["-c", "listen_addresses=", "-c", "fsync=on", "-c", "max_connections=200"]);
    watcher.args(["-c", "shared_buffers=64MB", "-c", "logging_collector=off", "-c", "log_destination=stderr"]);
    // Its own process group, so that an interrupt at the keyboard does not end it before it has cleaned up.
    watcher.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    watcher.spawn().context("the server cannot be run")
}
