//! `capstan serve` as an operator runs it, in a process of its own.

mod door;
mod drain;
mod refusals;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use capstan_simulator::{Behaviour, Control, Latency, Settings, Simulator, Usd};
use capstan_tests::client::Client;
use capstan_tests::process::Process;
use libtest_mimic::Trial;
use tempfile::TempDir;

pub(crate) fn tests() -> Vec<Trial> {
    [refusals::tests(), door::tests(), drain::tests()].into_iter().flatten().collect()
}

/// A place for a gateway: a directory with a master key and a configuration.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Result<Self> {
        let place = Self { dir: tempfile::tempdir()? };
        let (code, _) = Process::prints(&["master-key", "--out", &text(&place.key())], &place.log())?;
        ensure!(code == Some(0), "no master key was made");
        Ok(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn key(&self) -> PathBuf {
        self.path("master.key")
    }

    fn log(&self) -> PathBuf {
        self.path("log")
    }

    /// Writes a configuration that works, with these lines after its own.
    fn configure(&self, more: &str) -> Result<()> {
        let (data, key) = (self.path("data"), self.key());
        let own = format!("listen = \"127.0.0.1:0\"\ndata_dir = {data:?}\nmaster_key_file = {key:?}\n");
        Ok(std::fs::write(self.path("capstan.toml"), own + more)?)
    }

    fn serve(&self) -> Result<Process> {
        Process::start(&["serve", "--json", "--config", &text(&self.path("capstan.toml"))], &self.log())
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A place whose database has an account, a provider that is simulated, and prices: what `dev` makes.
struct Stage {
    place: Place,
    provider: Control,
    client_key: String,
    adapter: PathBuf,
    _simulator: Simulator,
}

impl Stage {
    async fn set() -> Result<Self> {
        let behaviour = Behaviour {
            time_scale: 50.0,
            latency: Latency::Uniform { min_ms: 0, max_ms: 60_000 },
            ..Behaviour::default()
        };
        let simulator = Simulator::start(Settings { behaviour, keys: Vec::new(), ..Settings::default() }).await?;
        let (place, url) = (Place::new()?, simulator.url());
        let data = place.path("data");
        std::fs::create_dir(&data)?;
        std::fs::copy(place.key(), data.join("master.key"))?;
        let args = [
            "dev",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--time-scale",
            "50",
            "--simulator",
            &url,
            "--data",
            &text(&data),
        ];
        let dev = Process::start(&args, &place.log())?;
        simulator.control().set_key(&dev.said("providerKey")?, Usd::dollars(1_000));
        let client_key = dev.said("clientKey")?;
        ensure!(dev.stop()?.0, "dev did not stop as asked");
        let built =
            tokio::task::spawn_blocking(|| capstan::adapters::build(&["adapter-anti-captcha"], |_| ())).await??;
        let adapter = built.into_iter().next().context("nothing was built")?;
        Ok(Self { place, provider: simulator.control(), client_key, adapter, _simulator: simulator })
    }

    /// Writes the configuration of a trial, with these lines after its own.
    fn configure(&self, more: &str) -> Result<()> {
        self.place.configure(&format!("adapters = [{:?}]\nallow_loopback_providers = true\n{more}", self.adapter))
    }

    fn client(&self, process: &Process) -> Result<Client> {
        Ok(Client::new(process.said("url")?, self.client_key.clone()))
    }
}
