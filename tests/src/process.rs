//! The `capstan` command in a process of its own: this test program executes itself again, so that what is killed is the
//! real thing and what is left is a file or a database.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// The first argument that makes this program be `capstan`.
pub const AS_CAPSTAN: &str = "be-capstan";

/// A running `capstan` with `--json`; killed when dropped.
pub struct Process {
    child: Child,
    /// The line that it printed when it was ready.
    pub ready: Value,
    log: PathBuf,
    /// Everything that it printed on stdout after that line.
    rest: std::sync::mpsc::Receiver<String>,
}

impl Process {
    /// Starts `capstan` with these arguments and waits until it is ready. Its log goes to `log`.
    ///
    /// # Errors
    /// When it ends before it is ready.
    pub fn start(args: &[&str], log: &Path) -> Result<Self> {
        Self::start_within(&[], args, log)
    }

    /// The same with these variables in its environment.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub fn start_within(environment: &[(&str, &str)], args: &[&str], log: &Path) -> Result<Self> {
        let mut child = spawn(environment, args, log)?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let first = lines.next().transpose()?.with_context(|| {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            format!("capstan ended before it was ready: {said}")
        })?;
        let ready = serde_json::from_str(&first).with_context(|| format!("not JSON: {first}"))?;
        let (sender, rest) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Ok(Self { child, ready, log: log.to_owned(), rest })
    }

    /// Runs `capstan` to an end that it comes to by itself; returns its exit code and the last line on stderr.
    ///
    /// # Errors
    /// When it says on stdout that it is ready instead.
    pub fn refuses(environment: &[(&str, &str)], args: &[&str], log: &Path) -> Result<(Option<i32>, String)> {
        let mut child = spawn(environment, args, log)?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        if let Some(line) = lines.next().transpose()? {
            child.kill()?;
            child.wait()?;
            bail!("it was not refused: {line}");
        }
        let code = child.wait()?.code();
        let said = std::fs::read_to_string(log)?;
        Ok((code, said.lines().last().unwrap_or_default().to_owned()))
    }

    /// Runs `capstan` to its end; returns its exit code and what it printed on stdout.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn prints(args: &[&str], log: &Path) -> Result<(Option<i32>, String)> {
        let output = spawn(&[], args, log)?.wait_with_output()?;
        Ok((output.status.code(), String::from_utf8(output.stdout)?))
    }

    /// Sends it a signal, such as `HUP`.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn signal(&self, name: &str) -> Result<()> {
        let asked = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status()?;
        anyhow::ensure!(asked.success(), "it could not be sent {name}");
        Ok(())
    }

    /// Waits until its log has a text in it this many times.
    ///
    /// # Errors
    /// When the text does not come in a minute.
    pub async fn until_logged(&self, text: &str, times: usize) -> Result<()> {
        let started = Instant::now();
        while std::fs::read_to_string(&self.log)?.matches(text).count() < times {
            anyhow::ensure!(started.elapsed() < Duration::from_secs(60), "{text:?} is not logged");
            // A file does not tell who reads it that there is more.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits for its end; returns its exit code.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn ended(mut self) -> Result<Option<i32>> {
        Ok(self.child.wait()?.code())
    }

    /// One text of the line that it printed.
    ///
    /// # Errors
    /// When it is not there.
    pub fn said(&self, name: &str) -> Result<String> {
        self.ready[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {}", self.ready))
    }

    /// Waits until it has ended, however.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait(&mut self) -> Result<()> {
        self.child.wait()?;
        Ok(())
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

    /// Asks it to stop and waits until it has, well.
    ///
    /// # Errors
    /// When it cannot be asked, or does not end well.
    pub fn ask_to_stop(&mut self) -> Result<()> {
        self.signal("TERM")?;
        anyhow::ensure!(self.child.wait()?.success(), "it did not end well");
        Ok(())
    }

    /// Asks it to stop and waits; returns whether it ended well and what else it printed on stdout.
    ///
    /// # Errors
    /// When it cannot be asked or waited for.
    pub fn stop(mut self) -> Result<(bool, Vec<String>)> {
        self.signal("TERM")?;
        let ended = self.child.wait()?;
        Ok((ended.success(), self.rest.iter().collect()))
    }
}

fn spawn(environment: &[(&str, &str)], args: &[&str], log: &Path) -> Result<Child> {
    let log_file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(AS_CAPSTAN).args(args).envs(environment.iter().copied());
    Ok(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file).spawn()?)
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
