//! `capstan serve` with the three simulated providers, set up by nothing but the operator's verbs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use capstan_simulator::{Behaviour, Control, KeySettings, Simulator, Usd, WireFormat};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;
use crate::contributor::Contributor;
use crate::database::{Database, Engine};
use crate::process::{AS_CAPSTAN, Process};

/// The providers, by the name that adapter and simulator share.
pub const PROVIDERS: [&str; 3] = ["2captcha", "anti-captcha", "capsolver"];

/// Divides every wait at the providers.
const TIME_SCALE: u32 = 20;

/// A gateway in a process of its own, and where it lives.
pub struct Stage {
    /// Its directory: configuration, master key, data, log.
    pub dir: TempDir,
    /// Its process.
    pub process: Process,
    simulators: Vec<(&'static str, Simulator)>,
    /// Its database.
    pub database: Database,
}

/// What a command has said.
#[derive(Debug)]
pub struct Said {
    /// Whether it ended well.
    pub well: bool,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub complaint: String,
}

impl Stage {
    /// Starts the simulators, each knowing these keys, and the gateway with all adapters and nothing set up.
    ///
    /// # Errors
    /// When anything of it does not start.
    pub async fn start(keys: &[&str]) -> Result<Self> {
        Self::start_on(Engine::Sqlite, keys).await
    }

    /// The same on this database.
    ///
    /// # Errors
    /// When anything of it does not start, or this machine does not have the database.
    pub async fn start_on(engine: Engine, keys: &[&str]) -> Result<Self> {
        Self::start_with(engine, keys, "").await
    }

    /// The same with more lines in the configuration.
    ///
    /// # Errors
    /// As for [`Self::start_on`].
    pub async fn start_with(engine: Engine, keys: &[&str], more: &str) -> Result<Self> {
        let database = tokio::task::spawn_blocking(move || Database::create(engine)).await??;
        let built = tokio::task::spawn_blocking(|| capstan::adapters::build(capstan::adapters::SIMULATED, |_| ()));
        let adapters = built.await??;
        let mut simulators = Vec::new();
        for provider in PROVIDERS {
            let settings = capstan_simulator::Settings {
                speaks: provider.parse::<WireFormat>().map_err(|error| anyhow::anyhow!("{error}"))?,
                keys: keys
                    .iter()
                    .map(|key| KeySettings { key: (*key).to_owned(), balance: Usd::dollars(100) })
                    .collect(),
                behaviour: Behaviour { time_scale: f64::from(TIME_SCALE), ..Behaviour::default() },
                ..capstan_simulator::Settings::default()
            };
            simulators.push((provider, Simulator::start(settings).await?));
        }
        let dir = tempfile::tempdir()?;
        let (key, config, log) =
            (dir.path().join("master.key"), dir.path().join("capstan.toml"), dir.path().join("log"));
        let (code, _) = Process::prints(&["master-key", "--out", &key.display().to_string()], &log)?;
        ensure!(code == Some(0), "no master key was made");
        let text = configuration(&dir.path().join("data"), &key, &adapters, &database) + more;
        std::fs::write(&config, text)?;
        let process = Process::start(&["serve", "--json", "--config", &config.display().to_string()], &log)?;
        Ok(Self { dir, process, simulators, database })
    }

    /// A configuration for another gateway with the same master key and adapters: its data directory, its database.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn configure(&self, name: &str, data: &str, database: &Database) -> Result<String> {
        let adapters = capstan::adapters::build(capstan::adapters::SIMULATED, |_| ())?;
        let file = self.path(name);
        std::fs::write(&file, configuration(&self.path(data), &self.path("master.key"), &adapters, database))?;
        Ok(file.display().to_string())
    }

    /// Kills the gateway as a power cut would, and starts it again on what it left.
    ///
    /// # Errors
    /// When it does not start.
    pub fn kill_and_start(&mut self) -> Result<()> {
        let (config, log) = (self.path("capstan.toml"), self.path("log-of-the-next"));
        self.process.signal("KILL")?;
        self.process.wait()?;
        self.process = Process::start(&["serve", "--json", "--config", &config.display().to_string()], &log)?;
        Ok(())
    }

    /// The handle of a simulated provider.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn control(&self, provider: &str) -> Result<Control> {
        Ok(self.simulator(provider)?.control())
    }

    fn simulator(&self, provider: &str) -> Result<&Simulator> {
        let found = self.simulators.iter().find(|(name, _)| *name == provider);
        found.map(|(_, simulator)| simulator).with_context(|| format!("no simulated {provider}"))
    }

    /// The flags that make a provider's row point to its simulator.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn simulated(&self, provider: &str) -> Result<Vec<String>> {
        let (url, scale) = (self.simulator(provider)?.url(), TIME_SCALE.to_string());
        let flags = ["--base-url", &url, "--loopback", "true", "--time-scale", &scale];
        Ok(flags.map(str::to_owned).to_vec())
    }

    /// A client of the gateway.
    ///
    /// # Errors
    /// When the process did not say where it listens.
    pub fn client(&self, key: &str) -> Result<Client> {
        Ok(Client::new(self.process.said("url")?, key))
    }

    /// Runs a verb with this on its standard input.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn verb(&self, args: &[&str], input: &str) -> Result<Said> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(AS_CAPSTAN).args(args);
        self.run(command, input)
    }

    /// Runs a verb that must go well; its answer as JSON.
    ///
    /// # Errors
    /// When it does not go well.
    pub fn asked(&self, args: &[&str], input: &str) -> Result<Value> {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let said = self.verb(&args, input)?;
        ensure!(said.well, "{args:?}: {said:?}");
        serde_json::from_str(&said.out).with_context(|| said.out)
    }

    /// Runs a script of the shell in the stage's directory, where `capstan` is this program, as the page tells it. After
    /// `provider set NAME` the provider is told to be the simulated one.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn script(&self, text: &str, variables: &[(&str, &str)]) -> Result<Said> {
        let mut script = "set -e\ncapstan() {\n  \"$PROGRAM\" be-capstan \"$@\" || return $?\n".to_owned();
        script.push_str("  if [ \"$1 $2\" = 'provider set' ]; then case \"$3\" in\n");
        for provider in PROVIDERS {
            let flags = self.simulated(provider)?.join(" ");
            script
                .push_str(&format!("    {provider}) \"$PROGRAM\" be-capstan provider set {provider} {flags} >&2;;\n"));
        }
        script.push_str("  esac; fi\n}\n");
        script.push_str(text);
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).env("PROGRAM", std::env::current_exe()?).envs(variables.iter().copied());
        self.run(command, "")
    }

    fn run(&self, mut command: Command, input: &str) -> Result<Said> {
        command.current_dir(self.dir.path()).env("CAPSTAN_CONFIG", self.path("capstan.toml"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        child.stdin.take().context("no stdin")?.write_all(input.as_bytes()).or_else(|error| {
            // A command that reads nothing may be gone already.
            if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
        })?;
        let output = child.wait_with_output()?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Said { well: output.status.success(), out: text(output.stdout), complaint: text(output.stderr) })
    }

    /// An account as a contributor, with a token of its own.
    ///
    /// # Errors
    /// When the verb is refused.
    pub fn contributor(&self, account: &str) -> Result<Contributor> {
        let made = self.asked(&["exchange", "token", "create", account], "")?;
        Ok(Contributor::new(&self.client("")?, made["exchangeToken"].as_str().context("no token")?))
    }

    /// A file of the stage's directory.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }
}

fn configuration(data: &Path, key: &Path, adapters: &[PathBuf], database: &Database) -> String {
    let mut text = format!(
        "listen = \"127.0.0.1:0\"\ndata_dir = {data:?}\nmaster_key_file = {key:?}\nadapters = {adapters:?}\n\
         allow_loopback_providers = true\n"
    );
    if let Some(url) = &database.url {
        text.push_str(&format!("\n[database]\nurl = {url:?}\n"));
    }
    text
}
