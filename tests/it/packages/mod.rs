//! Packages of adapters: made, signed, stored and fetched by the command, from registries that are honest and from one that is not.

mod lies;
mod others;
mod publishing;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use capstan_tests::process::Process;
use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) fn tests() -> Vec<Trial> {
    [publishing::tests(), lies::tests(), others::tests()].into_iter().flatten().collect()
}

/// A publisher's desk: a directory, and the command.
struct Desk {
    dir: TempDir,
}

impl Desk {
    fn new() -> Result<Self> {
        Ok(Self { dir: tempfile::tempdir()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file's name as an argument.
    fn file(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Runs `capstan adapter …`; its exit code, what it said as JSON, and what it complained of.
    fn run(&self, args: &[&str]) -> Result<(Option<i32>, Value, String)> {
        let args: Vec<&str> = ["adapter"].iter().chain(args).chain(&["--json"]).copied().collect();
        let (code, said) = Process::prints(&args, &self.path("log"))?;
        let said = if said.is_empty() { Value::Null } else { serde_json::from_str(&said).context(said)? };
        Ok((code, said, std::fs::read_to_string(self.path("log"))?))
    }

    /// Runs what must go well.
    fn done(&self, args: &[&str]) -> Result<Value> {
        let (code, said, complaint) = self.run(args)?;
        ensure!(code == Some(0), "{args:?}: {said} {complaint}");
        Ok(said)
    }

    /// Runs what must be refused; what it complained of.
    fn refused(&self, args: &[&str]) -> Result<String> {
        let (code, said, complaint) = self.run(args)?;
        ensure!(code == Some(1), "{args:?} was not refused: {said} {complaint}");
        Ok(complaint)
    }

    /// A package of capsolver's adapter by this key, signed, with the key's pair beside it.
    async fn publish(&self, key: &str, package: &str) -> Result<Value> {
        self.done(&["keygen", "--out", &self.file(key)])?;
        self.pack(key, package).await?;
        self.done(&["sign", &self.file(package), "--key", &self.file(key)])
    }

    async fn pack(&self, key: &str, package: &str) -> Result<Value> {
        let built = tokio::task::spawn_blocking(|| capstan::adapters::build(&["adapter-capsolver"], |_| ())).await??;
        let component = built.first().context("nothing was built")?.display().to_string();
        let fixtures = capstan::adapters::workspace().join("adapters/capsolver/fixtures").display().to_string();
        let publisher = format!("{}.pub", self.file(key));
        let (licences, out) = ("Apache-2.0 OR MIT", self.file(package));
        self.done(&[
            "pack",
            &component,
            "--fixtures",
            &fixtures,
            "--publisher",
            &publisher,
            "--licences",
            licences,
            "--out",
            &out,
        ])
    }

    /// Trusts the public half of a key.
    fn trust(&self, key: &str, name: &str) -> Result<Value> {
        let (public, trust) = (format!("{}.pub", self.file(key)), self.file("trust.toml"));
        self.done(&["trust", "--trust", &trust, "add", &public, "--name", name, "--provider", "capsolver"])
    }

    fn verify(&self, package: &str) -> Result<(Option<i32>, Value, String)> {
        self.run(&["verify", &self.file(package), "--trust", &self.file("trust.toml")])
    }
}
