//! The `capstan` command in a process of its own: this test program executes itself again, so that what is killed is the
//! real thing and what is left is a file or a database.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The first argument that makes this program be `capstan`.
pub const AS_CAPSTAN: &str = "be-capstan";

/// A running `capstan` with `--json`; killed when dropped.
pub struct Process {
    child: Child,
    /// The line that it printed when it was ready.
    pub ready: Value,
    /// Everything that it printed on stdout after that line.
    rest: std::sync::mpsc::Receiver<String>,
}

impl Process {
    /// Starts `capstan` with these arguments and waits until it is ready. Its log goes to `log`.
    ///
    /// # Errors
    /// When it ends before it is ready.
    pub fn start(args: &[&str], log: &Path) -> Result<Self> {
        let log_file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(AS_CAPSTAN).args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file);
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let first = lines.next().transpose()?.with_context(|| {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            format!("capstan ended before it was ready: {said}")
        })?;
        let ready = serde_json::from_str(&first).with_context(|| format!("not JSON: {first}"))?;
        let (sender, rest) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Ok(Self { child, ready, rest })
    }

    /// One text of the line that it printed.
    ///
    /// # Errors
    /// When it is not there.
    pub fn said(&self, name: &str) -> Result<String> {
        self.ready[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {}", self.ready))
    }

    /// Kills it as a power cut would: no signal that it could handle.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop and waits; returns whether it ended well and what else it printed on stdout.
    ///
    /// # Errors
    /// When it cannot be asked or waited for.
    pub fn stop(mut self) -> Result<(bool, Vec<String>)> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        anyhow::ensure!(asked.success(), "it could not be asked to stop");
        let ended = self.child.wait()?;
        Ok((ended.success(), self.rest.iter().collect()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
