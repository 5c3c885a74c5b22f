//! Other people's programs: a registry and a client that know nothing of adapters.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use capstan_tests::registry::{Door, Registry};
use capstan_tests::suite::{Unavailable, test};
use libtest_mimic::Trial;
use serde_json::Value;

use super::Desk;

pub(super) fn tests() -> Vec<Trial> {
    vec![
        test("packages: the registry of Debian keeps them (docker-registry)", real_registry),
        test("packages: another client copies them, from a registry and from a file (skopeo)", another_client),
    ]
}

/// A process that does not outlive its test.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn must_have(program: &str) -> Result<()> {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.map(drop).map_err(|_| Unavailable(format!("no {program} (apt-get install {program})")).into())
}

async fn real_registry() -> Result<()> {
    must_have("docker-registry")?;
    let desk = Desk::new()?;
    let signed = desk.publish("acme.key", "one.tar").await?;
    let (_held, address) = start(&desk)?;
    let place = format!("{address}/acme/capsolver:1.0");
    let pushed = desk.done(&["push", &desk.file("one.tar"), &place])?;
    ensure!(pushed["digest"] == signed["digest"], "{pushed}");
    for reference in [place.as_str(), pushed["pushed"].as_str().context("no reference")?] {
        let pulled = desk.done(&["pull", reference, "--out", &desk.file("pulled.tar")])?;
        ensure!(pulled["digest"] == signed["digest"], "{pulled}");
        ensure!(std::fs::read(desk.path("pulled.tar"))? == std::fs::read(desk.path("one.tar"))?, "{reference}");
    }
    ensure!(desk.refused(&["pull", &format!("{address}/acme/capsolver:2.0")])?.contains("404"));
    Ok(())
}

/// Starts Debian's registry on a free port; it says on stderr which.
fn start(desk: &Desk) -> Result<(Held, String)> {
    let storage = desk.file("storage");
    let config = format!(
        "version: 0.1\nlog:\n  level: info\n  formatter: json\nstorage:\n  filesystem:\n    rootdirectory: {storage}\n\
         http:\n  addr: 127.0.0.1:0\n  secret: for-tests\n"
    );
    std::fs::write(desk.path("config.yml"), config)?;
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(desk.path("config.yml")).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut held = Held(command.spawn()?);
    let mut lines = BufReader::new(held.0.stderr.take().context("no stderr")?).lines();
    let address = loop {
        let line = lines.next().context("the registry ended")??;
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(address) = said["msg"].as_str().and_then(|text| text.strip_prefix("listening on ")) {
            break address.to_owned();
        }
    };
    // What it says further on is read, so that it never waits for a reader.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    Ok((held, address))
}

async fn another_client() -> Result<()> {
    must_have("skopeo")?;
    let (desk, registry) = (Desk::new()?, Registry::start(Door::Open).await?);
    let signed = desk.publish("acme.key", "one.tar").await?;
    let place = format!("{}/acme/capsolver", registry.address());
    desk.done(&["push", &desk.file("one.tar"), &format!("{place}:1.0")])?;
    let copy = |from: String, to: String| {
        let mut command = Command::new("skopeo");
        command.args([
            "--insecure-policy",
            "copy",
            "--preserve-digests",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
        ]);
        let output = command.args([&from, &to]).output()?;
        ensure!(output.status.success(), "{from} to {to}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    // From a registry to a registry, and from our file to a registry: the package that comes out is the one that went in.
    copy(format!("docker://{place}:1.0"), format!("docker://{place}-copy:1.0"))?;
    copy(format!("oci-archive:{}", desk.file("one.tar")), format!("docker://{place}-file:1.0"))?;
    for copied in ["-copy", "-file"] {
        let pulled = desk.done(&["pull", &format!("{place}{copied}:1.0"), "--out", &desk.file("pulled.tar")])?;
        ensure!(pulled["digest"] == signed["digest"], "{copied}: {pulled}");
        ensure!(std::fs::read(desk.path("pulled.tar"))? == std::fs::read(desk.path("one.tar"))?, "{copied}");
    }
    Ok(())
}
