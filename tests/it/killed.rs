//! The gateway is killed again and again under load, on each database: nothing is lost, nothing doubled, the ledger adds up.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_simulator::Control;
use capstan_storage::{OpenOptions, Store};
use capstan_tests::client::Client;
use capstan_tests::database::{ENGINES, Engine};
use capstan_tests::suite::{is_full, test};
use futures_util::future::join_all;
use libtest_mimic::Trial;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::restart::Stage;

/// Kills of a run, and of a full one.
const KILLS: (usize, usize) = (3, 200);
/// Clients that create one task after another until the gateway is gone.
const CLIENTS: usize = 16;
/// Longest that a simulated provider may be waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn tests() -> Vec<Trial> {
    let kills = if is_full() { KILLS.1 } else { KILLS.0 };
    let name = |engine| format!("killed: {kills} times under load, nothing is lost or doubled ({engine:?})");
    ENGINES.map(|engine| test(name(engine), move || killed(engine, kills))).into()
}

/// What was answered: the task's id by the mark that its site key is.
type Answered = Arc<Mutex<HashMap<String, String>>>;

async fn killed(engine: Engine, kills: usize) -> Result<()> {
    let stage = Stage::set(engine, 100).await?;
    let control = stage.simulator.control();
    let funded = fund(&stage).await?;
    let answered = Answered::default();
    // The same kills in every run: what one finds, the next one finds again.
    let mut chance = StdRng::seed_from_u64(7);
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen = control.received().last().map_or(0, |request| request.number);
    for kill in 0..kills {
        kill_one(&stage, (kill, chance.random_range(1..80)), &answered).await?;
        for request in control.received_after(seen) {
            seen = request.number;
            if request.path == "/createTask" {
                *sent.entry(mark_of(&request.body)?).or_default() += 1;
            }
        }
    }
    let twice: Vec<&String> = sent.iter().filter(|(_, times)| **times > 1).map(|(mark, _)| mark).collect();
    ensure!(twice.is_empty(), "sent more than once: {twice:?}");
    let answered = answered.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure!(answered.len() >= kills, "only {} creates were answered in {kills} rounds", answered.len());
    end_all(&stage, &control, answered).await?;
    check_books(&stage, funded).await
}

/// Enough money for every task.
async fn fund(stage: &Stage) -> Result<Amount> {
    let store = Store::open(&stage.store_url().parse()?, OpenOptions::default()).await?;
    let account = store.list_accounts().await?.into_iter().next().context("the demo account")?;
    let more = Amount::from_nanos(1_000_000_000_000);
    capstan_server::operate::top_up(&store, account.id, more, "for many tasks").await?;
    store.close().await;
    Ok(account.balance.available.plus(more)?)
}

/// One round: a gateway under load, killed when its provider has had so many more tasks.
async fn kill_one(stage: &Stage, (kill, after): (usize, u64), answered: &Answered) -> Result<()> {
    let (process, client) = stage.start().await?;
    let control = stage.simulator.control();
    let before = control.stats().creates;
    let mut load = JoinSet::new();
    for n in 0..CLIENTS {
        load.spawn(create_and_poll(client.clone(), format!("{kill}-{n}"), Arc::clone(answered)));
    }
    tokio::time::timeout(PATIENCE, control.until(|stats| stats.creates >= before + after)).await?;
    process.kill()?;
    while let Some(ended) = load.join_next().await {
        ended?;
    }
    Ok(())
}

/// Creates tasks and polls what it created until the gateway does not answer any more.
async fn create_and_poll(client: Client, name: String, answered: Answered) {
    for n in 0.. {
        let mark = format!("mark-{name}-{n}");
        let Ok(answer) = client.create(task(&mark)).await else { return };
        let Ok(id) = answer.task_id() else { continue };
        answered.lock().unwrap_or_else(PoisonError::into_inner).insert(mark, id.clone());
        if client.result(&id).await.is_err() {
            return;
        }
    }
}

fn task(mark: &str) -> Value {
    json!({"type": "RecaptchaV2TaskProxyless", "websiteURL": "https://example.com/", "websiteKey": mark})
}

fn mark_of(body: &[u8]) -> Result<String> {
    let body: Value = serde_json::from_slice(body)?;
    body["task"]["websiteKey"].as_str().map(str::to_owned).with_context(|| format!("no mark in {body}"))
}

/// Everything that was answered is known and ends: solved, or given up where nobody knows what the provider heard.
async fn end_all(stage: &Stage, control: &Control, answered: HashMap<String, String>) -> Result<()> {
    let (process, client) = stage.start().await?;
    control.release_solutions();
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let ids: Vec<String> = answered.into_values().collect();
    for some in ids.chunks(100) {
        for answer in join_all(some.iter().map(|id| client.wait(id))).await {
            *codes.entry(answer?.code().to_owned()).or_default() += 1;
        }
    }
    let lost: usize =
        codes.iter().filter(|(code, _)| !matches!(code.as_str(), "" | "ERROR_TASK_TIMEOUT")).map(|(_, n)| n).sum();
    ensure!(lost == 0, "of {} tasks: {codes:?}", ids.len());
    // Tasks whose creation was not answered end, too: then nothing is held.
    let store = Store::open(&stage.store_url().parse()?, OpenOptions::default()).await?;
    let ended = async {
        while !store.list_open_tasks(None).await?.is_empty() {
            // A database does not tell who reads it that there is more.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, ended).await??;
    store.close().await;
    ensure!(process.stop()?.0, "it did not stop as asked");
    Ok(())
}

/// The ledger adds up, and the account has what its tasks left of its money.
async fn check_books(stage: &Stage, funded: Amount) -> Result<()> {
    let store = Store::open(&stage.store_url().parse()?, OpenOptions::default()).await?;
    let report = store.verify_ledger().await?;
    ensure!(report.difference.is_none(), "the ledger does not add up: {:?}", report.difference);
    let account = store.list_accounts().await?.into_iter().next().context("the demo account")?;
    let tasks = store.list_tasks(Some(account.id), u32::MAX).await?;
    let mut left = funded;
    for cost in tasks.iter().filter_map(|task| task.cost) {
        left = left.minus(cost)?;
    }
    ensure!(account.balance.available == left, "{} is there, {left} should be", account.balance.available);
    ensure!(account.balance.held == Amount::ZERO, "{} is held", account.balance.held);
    store.close().await;
    Ok(())
}
