//! Honest load while every switch of the hostile guest is turned beside it: no honest task fails. Times are printed and never
//! asserted.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_simulator::{Behaviour, Latency};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::hostile::{Yes, guest, task};
use capstan_tests::suite::{is_full, test};
use capstan_tests::switches::{SWITCHES, Stage};
use libtest_mimic::Trial;
use serde_json::json;
use tokio::task::JoinSet;

use crate::hostile::{hostile, quarantined};

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("hostile: under load no honest task fails, whatever the adapter beside does", no_honest_task_fails)]
}

/// How much of it.
struct Size {
    honest_a_second: u32,
    hostile_a_second: u32,
    lasts: Duration,
}

fn size() -> Size {
    if is_full() {
        return Size { honest_a_second: 200, hostile_a_second: 50, lasts: Duration::from_secs(20) };
    }
    Size { honest_a_second: 20, hostile_a_second: 30, lasts: Duration::from_secs(3) }
}

async fn no_honest_task_fails() -> Result<()> {
    let provider = Yes::start().await?;
    let behaviour = Behaviour { latency: Latency::Fixed { ms: 0 }, ..Behaviour::default() };
    // Dearer than the honest one: honest tasks go there only if that one fails.
    let guests = vec![guest(&provider, 3_000_000)?];
    let balance = Amount::from_nanos(1_000_000_000_000);
    let gateway = TestGateway::start(Setup { behaviour, guests, balance, ..Setup::default() }).await?;
    let (_, attacker) = gateway.add_account("attacker", balance).await?;
    let size = size();

    let calm = honest_load(&gateway.client, &size).await?;
    let mut reasons = BTreeSet::new();
    let stormy = {
        let storm = hostile_load(&gateway, &attacker, (&provider, &size), &mut reasons);
        let honest = honest_load(&gateway.client, &size);
        tokio::pin!(honest);
        tokio::select! {
            stormy = &mut honest => stormy?,
            ended = storm => anyhow::bail!("the storm ended first: {ended:?}"),
        }
    };
    let (calm, stormy) = (p99(calm), p99(stormy));
    let ratio = stormy.as_secs_f64() / calm.as_secs_f64().max(f64::EPSILON);
    let line = format!(
        "createTask p99 {calm:?} alone, {stormy:?} beside a hostile adapter: ratio {ratio:.2} ({} honest and {} hostile \
         tasks a second for {:?}); quarantined for {reasons:?}",
        size.honest_a_second, size.hostile_a_second, size.lasts
    );
    report(&line)?;

    // Left alone at last, it is quarantined, and the note tells why.
    gateway.gateway.app.lift_quarantine(&hostile()?);
    for _ in 0..3 {
        let spin = json!({"task": task("spin", provider.address), "provider": "hostile"});
        attacker.call("/createTask", spin).await?;
    }
    let note = quarantined(&gateway.gateway.app).await?;
    ensure!(note.faults >= 3 && note.to_string().contains("failed, the last by "), "{note}");
    ensure!(!reasons.is_empty(), "it was never quarantined under load");
    gateway.finish().await
}

/// Honest tasks at an even pace; returns how long each createTask took.
async fn honest_load(client: &Client, size: &Size) -> Result<Vec<Duration>> {
    let mut tasks = JoinSet::new();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / size.honest_a_second);
    for _ in 0..count(size.honest_a_second, size.lasts) {
        pace.tick().await;
        let client = client.clone();
        tasks.spawn(async move {
            let began = Instant::now();
            let created = client.create(recaptcha()).await?;
            let took = began.elapsed();
            let ended = client.wait(&created.task_id()?).await?;
            let is_honest = ended.body["status"] == "ready" && ended.body["provider"] == "Anti-Captcha";
            ensure!(is_honest, "an honest task failed: {ended:?}");
            Ok(took)
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// Every switch over and over, until it is dropped. A quarantine is lifted as soon as it is seen, once its reason is noted,
/// so that the load goes on.
async fn hostile_load(
    gateway: &TestGateway,
    attacker: &Client,
    (provider, size): (&Yes, &Size),
    reasons: &mut BTreeSet<&'static str>,
) -> Result<()> {
    let mut calls = JoinSet::new();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / size.hostile_a_second);
    let switches = SWITCHES.iter().filter(|switch| switch.stage != Stage::Describe);
    for switch in switches.cycle() {
        pace.tick().await;
        if let Some(note) = gateway.gateway.app.quarantine_of(&hostile()?) {
            reasons.insert(note.last_fault);
            gateway.gateway.app.lift_quarantine(&hostile()?);
        }
        let body = json!({"task": task(switch.name, provider.address), "provider": "hostile"});
        let attacker = attacker.clone();
        calls.spawn(async move { attacker.call("/createTask", body).await });
        while let Some(answered) = calls.try_join_next() {
            let status = answered?.context("createTask gave no answer")?.status;
            ensure!(status == 200, "HTTP {status}");
        }
    }
    Ok(())
}

fn count(a_second: u32, lasts: Duration) -> u64 {
    u64::from(a_second) * lasts.as_secs()
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() * 99 / 100).or(times.last()).copied().unwrap_or_default()
}

/// The tests' own output is captured; the file is for people.
fn report(line: &str) -> Result<()> {
    let folder = capstan::adapters::workspace().join("target");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("hostile-load.txt"), format!("{line}\n"))?;
    Ok(())
}
