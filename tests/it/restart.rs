//! The gateway is killed with tasks in flight, on each database, and started again.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use anyhow::{Result, ensure};
use capstan_server::settings::Limits as GatewayLimits;
use capstan_simulator::{Behaviour, Control, Latency, Settings, Simulator, Usd};
use capstan_storage::{OpenOptions, Store};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::database::{Database, ENGINES, Engine};
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::process::Process;
use capstan_tests::suite::{is_full, test};
use futures_util::future::join_all;
use libtest_mimic::Trial;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

pub(crate) fn tests() -> Vec<Trial> {
    let names =
        |engine| format!("restart: killed with 200 tasks in flight, nothing is lost or sent twice ({engine:?})");
    let doubtful =
        |engine| format!("restart: killed while 50 tasks are being submitted, none is sent again ({engine:?})");
    let on_each = |engine| {
        [
            test(names(engine), move || killed_with_tasks_in_flight(engine)),
            test(doubtful(engine), move || killed_while_submitting(engine)),
        ]
    };
    let within = [
        test("restart: tasks are spread over all shards of their node", tasks_are_spread),
        test("restart: a task that cannot be taken up is given back", unusable_tasks_are_given_back),
        test("restart: what was accepted before a stop is polled after it, within the limits", stopped_and_started),
        test("restart: another node takes up what a stopped one left, and none while it runs (Postgres)", another_node),
    ];
    ENGINES.into_iter().flat_map(on_each).chain(within).collect()
}

/// A gateway process, a provider that outlives it, and a place for both.
pub(crate) struct Stage {
    data: TempDir,
    database: Database,
    pub(crate) simulator: Simulator,
    time_scale: u32,
}

impl Stage {
    pub(crate) async fn set(engine: Engine, time_scale: u32) -> Result<Self> {
        let database = tokio::task::spawn_blocking(move || Database::create(engine)).await??;
        let behaviour = Behaviour {
            latency: Latency::Uniform { min_ms: 0, max_ms: 60_000 },
            // A gateway that is dead for some seconds must find its results: what a provider drops is another story.
            limits: capstan_simulator::Limits { result_kept_ms: Some(3_600_000), ..Default::default() },
            time_scale: f64::from(time_scale),
            ..Behaviour::default()
        };
        let simulator = Simulator::start(Settings { behaviour, keys: Vec::new(), ..Settings::default() }).await?;
        let stage = Self { data: tempfile::tempdir()?, database, simulator, time_scale };
        // The key of the simulated provider is derived from the gateway's master key; a first start tells it.
        let (first, _) = stage.start().await?;
        stage.simulator.control().set_key(&first.said("providerKey")?, Usd::dollars(1_000));
        first.kill()?;
        Ok(stage)
    }

    /// Starts the gateway on the same data as before.
    pub(crate) async fn start(&self) -> Result<(Process, Client)> {
        let (data, url) = (self.data.path().join("data"), self.simulator.url());
        let log = self.data.path().join("log");
        let mut args = vec![
            "dev".to_owned(),
            "--json".into(),
            "--listen".into(),
            "127.0.0.1:0".into(),
            "--time-scale".into(),
            self.time_scale.to_string(),
        ];
        args.extend(["--data".into(), data.display().to_string(), "--simulator".into(), url]);
        if let Some(database) = &self.database.url {
            args.extend(["--database".into(), database.clone()]);
        }
        let process = tokio::task::spawn_blocking(move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            Process::start(&args, &log)
        });
        let process = process.await??;
        let client = Client::new(process.said("url")?, process.said("clientKey")?);
        Ok((process, client))
    }

    pub(crate) fn store_url(&self) -> String {
        let file = self.data.path().join("data").join("capstan.db");
        self.database.url.clone().unwrap_or_else(|| format!("sqlite:{}", file.display()))
    }
}

async fn killed_with_tasks_in_flight(engine: Engine) -> Result<()> {
    let rounds = if is_full() { 5 } else { 1 };
    let stage = Stage::set(engine, 20).await?;
    let control = stage.simulator.control();
    for _ in 0..rounds {
        round(&stage, &control).await?;
    }
    Ok(())
}

async fn round(stage: &Stage, control: &Control) -> Result<()> {
    let (process, client) = stage.start().await?;
    let before = client.balance().await?;
    let log_before = control.received().last().map_or(0, |r| r.number);
    control.hold_solutions();
    let created = join_all((0..200).map(|_| client.create(recaptcha()))).await;
    let ids = created.into_iter().map(|answer| answer?.task_id()).collect::<Result<Vec<_>>>()?;
    // Solutions become ready while the gateway is dead.
    process.kill()?;
    control.release_solutions();
    let (process, client) = stage.start().await?;
    let ended = join_all(ids.iter().map(|id| client.wait(id))).await;
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut spent = 0.0;
    for answer in ended {
        let answer = answer?;
        spent += answer.body["cost"].as_f64().unwrap_or(0.0);
        *codes.entry(answer.code().to_owned()).or_default() += 1;
    }
    ensure!(codes.get("").copied().unwrap_or(0) >= 198, "of 200 tasks: {codes:?}");
    let creates = control.received_after(log_before).into_iter().filter(|r| r.path == "/createTask");
    ensure!(creates.count() == 200, "a task was sent twice");
    let after = client.balance().await?;
    ensure!((before - after - spent).abs() < 1e-9, "{before} - {after} is not {spent}");
    ensure!(ids.iter().collect::<HashSet<_>>().len() == 200, "ids repeat");
    let (ended_well, _) = process.stop()?;
    ensure!(ended_well, "it did not stop as asked");
    let store = Store::open(&stage.store_url().parse()?, OpenOptions::default()).await?;
    let report = store.verify_ledger().await?;
    ensure!(report.difference.is_none(), "the ledger does not add up: {:?}", report.difference);
    store.close().await;
    Ok(())
}

async fn killed_while_submitting(engine: Engine) -> Result<()> {
    // A task's longest life is 300 s by the manifest: three seconds here.
    let stage = Stage::set(engine, 100).await?;
    let control = stage.simulator.control();
    let (process, client) = stage.start().await?;
    let before = client.balance().await?;
    control.hold_creates();
    let mut creating = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let client = client.clone();
        creating.spawn(async move { client.create(recaptcha()).await });
    }
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, control.until(|stats| stats.creates == 50)).await?;
    process.kill()?;
    control.release_creates();
    creating.abort_all();
    let (process, client) = stage.start().await?;
    ensure!(client.balance().await? < before, "the holds are not open any more");
    let refunded = async {
        while (client.balance().await? - before).abs() > 1e-9 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(patience, refunded).await??;
    ensure!(control.stats().creates == 50, "sent again: {:?}", control.stats());
    ensure!(process.stop()?.0, "it did not stop as asked");
    let store = Store::open(&stage.store_url().parse()?, OpenOptions::default()).await?;
    let report = store.verify_ledger().await?;
    ensure!(report.difference.is_none(), "the ledger does not add up: {:?}", report.difference);
    store.close().await;
    Ok(())
}

async fn tasks_are_spread() -> Result<()> {
    let gateway = TestGateway::start(Setup { time_scale: 1, ..Setup::default() }).await?;
    gateway.provider.hold_solutions();
    for _ in 0..40 {
        gateway.client.create(recaptcha()).await?.task_id()?;
    }
    let open = gateway.gateway.app.store.list_open_tasks(None).await?;
    let (even, odd): (Vec<u8>, Vec<u8>) = open.iter().map(|row| row.task.shard).partition(|shard| shard % 2 == 0);
    ensure!(open.len() == 40 && !even.is_empty() && !odd.is_empty(), "in shards {even:?} and {odd:?}");
    gateway.gateway.stop().await;
    Ok(())
}

async fn unusable_tasks_are_given_back() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    gateway.provider.hold_solutions();
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    ensure!(gateway.client.balance().await? < 10.0, "nothing is held");
    // What no master key opens; a start with another key is refused before it comes to this.
    let mut raw = SqliteConnectOptions::new().filename(gateway.data.path().join("capstan.db")).connect().await?;
    sqlx::query("update attempts set reference = x'00'").execute(&mut raw).await?;
    raw.close().await?;
    let gateway = gateway.restart(Return::default()).await?;
    ensure!(gateway.client.result(&id).await?.code() == "ERROR_TASK_TIMEOUT");
    ensure!(gateway.client.balance().await? == 10.0, "not refunded");
    gateway.finish().await
}

async fn stopped_and_started() -> Result<()> {
    let limits = capstan_simulator::Limits { min_poll_interval_ms: 1_900, ..Default::default() };
    let behaviour = Behaviour { limits, ..Behaviour::default() };
    let gateway = TestGateway::start(Setup { behaviour, time_scale: 10, ..Setup::default() }).await?;
    gateway.provider.hold_solutions();
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    tokio::time::timeout(Duration::from_secs(30), gateway.provider.until(|stats| stats.polls >= 2)).await?;
    let gateway = gateway.restart(Return::default()).await?;
    gateway.provider.release_solutions();
    ensure!(gateway.client.wait(&id).await?.body["status"] == "ready");
    ensure!(gateway.provider.stats().polls_too_fast == 0, "{:?}", gateway.provider.stats());
    gateway.finish().await
}

async fn another_node() -> Result<()> {
    let limits = GatewayLimits { lease: Duration::from_secs(2), ..GatewayLimits::default() };
    let gateway = TestGateway::start(Setup { engine: Engine::Postgres, limits, ..Setup::default() }).await?;
    gateway.provider.hold_solutions();
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    let beside = gateway.start_beside(&tempfile::tempdir()?, &Return::default()).await;
    let refused = beside.err().is_some_and(|error| error.to_string().contains("other nodes hold every shard"));
    ensure!(refused, "two nodes hold the same shards");
    let gateway = gateway.restart(Return { keeps_data_dir: false, ..Return::default() }).await?;
    gateway.provider.release_solutions();
    ensure!(gateway.client.wait(&id).await?.body["status"] == "ready", "the task was not taken up");
    gateway.finish().await
}
