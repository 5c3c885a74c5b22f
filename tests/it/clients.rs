//! Client libraries of the field, unmodified: only the address is changed, in their HTTP session.

use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::{Unavailable, test};
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("clients: anticaptchaofficial solves reCAPTCHA v2, Turnstile and an image", anticaptchaofficial)]
}

/// The package and the version that it was tried with.
const PACKAGE: &str = "anticaptchaofficial==1.0.72";

async fn anticaptchaofficial() -> Result<()> {
    let packages = tokio::task::spawn_blocking(install).await??;
    let gateway = TestGateway::start(Setup::default()).await?;
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients").join("anticaptchaofficial_solves.py");
    let (url, key) = (gateway.gateway.url(), gateway.client.key.clone());
    let run = move || -> Result<Output> {
        let mut command = Command::new("python3");
        command.arg(script).env("PYTHONPATH", packages).env("CAPSTAN_URL", url).env("CAPSTAN_KEY", key);
        Ok(command.output()?)
    };
    let output = tokio::task::spawn_blocking(run).await??;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{said}\n{complained}");
    ensure!(said.lines().filter(|line| line.starts_with("solved ")).count() == 3, "{said}");
    gateway.finish().await
}

/// Installs the package below the target folder, once. A machine without Python, pip or a package index cannot run this.
fn install() -> Result<PathBuf> {
    let target = capstan::adapters::workspace().join("target").join("clients").join(PACKAGE.replace("==", "-"));
    if target.join("anticaptchaofficial").is_dir() {
        return Ok(target);
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]).arg(&target).arg(PACKAGE);
    let output = match pip.output() {
        Ok(output) => output,
        Err(error) => return Err(Unavailable(format!("python3 cannot be run ({error})")).into()),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let why = said.lines().last().unwrap_or("it says nothing").to_owned();
        return Err(Unavailable(format!("pip cannot install {PACKAGE}: {why}")).into());
    }
    target.is_dir().then_some(target).context("pip installed nothing")
}
