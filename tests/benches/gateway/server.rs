//! The servers that are compared, each a process of its own: this program again, told what to be.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::body::Bytes;
use axum::serve::ListenerExt as _;
use capstan_domain::Amount;
use capstan_domain::quarantine::Rule;
use capstan_sandbox::{Adapter, Native, Sandbox, SandboxSettings};
use capstan_server::settings::Limits;
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::database::Engine;
use capstan_tests::exposition::Exposition;
use capstan_tests::gateway::{Guest, Setup, TestGateway};
use capstan_tests::hostile::KEY;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::native;
use crate::report::Writes;

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Reads JSON, answers JSON.
    Echo,
    /// A gateway whose adapter is linked in.
    Native,
    /// A gateway as it is shipped.
    Full,
    /// The same, whose writes are answered at once and never written.
    Unwritten,
    /// The same with an adapter that polls, and with tasks to be read.
    Polled,
    /// As it is shipped, with an adapter beside that spins when it is told to.
    Beside,
    /// The same, where nothing is ever quarantined.
    Unguarded,
}

/// A running server.
pub(crate) struct Child {
    pub(crate) kind: Kind,
    process: std::process::Child,
    stdin: ChildStdin,
    said: Value,
    http: Client,
}

impl Child {
    /// Starts a server and waits until it is ready.
    pub(crate) async fn start(kind: Kind, upstream: Option<&Url>, (answer, on_postgres): (&str, bool)) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--be", &kind.name(), "--answer", answer]);
        if on_postgres {
            command.arg("--postgres");
        }
        if let Some(upstream) = upstream {
            command.args(["--upstream", upstream.as_str()]);
        }
        let started = tokio::task::spawn_blocking(move || {
            let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
            let stdin = process.stdin.take().context("no stdin")?;
            let mut line = String::new();
            BufReader::new(process.stdout.take().context("no stdout")?).read_line(&mut line)?;
            let said = serde_json::from_str(&line).with_context(|| format!("a server did not start: {line}"))?;
            anyhow::Ok((process, stdin, said))
        });
        let (process, stdin, said) = started.await??;
        let http = Client::new("", "");
        Ok(Self { kind, process, stdin, said, http })
    }

    /// What it said of itself when it was ready.
    pub(crate) fn said(&self, name: &str) -> &Value {
        &self.said[name]
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        self.said["address"].as_str().unwrap_or_default().to_owned()
    }

    /// The key that it knows.
    pub(crate) fn client_key(&self) -> Value {
        self.said["clientKey"].clone()
    }

    /// What its database has written so far, where it has one.
    pub(crate) async fn writes(&self) -> Result<Option<Writes>> {
        let Some(url) = self.said["metricsUrl"].as_str() else { return Ok(None) };
        Ok(Some(Writes::of(&Exposition::parse(self.http.read(url).await?)?)))
    }

    /// The processor time that it has used, where the system tells.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        crate::machine::cpu_of(self.process.id())
    }

    /// Ends it; a gateway checks its ledger first.
    pub(crate) async fn stop(mut self) -> Result<()> {
        drop(self.stdin);
        let ended = tokio::task::spawn_blocking(move || self.process.wait()).await??;
        ensure!(ended.success(), "a server ended badly");
        Ok(())
    }
}

/// Is a server until its standard input ends.
pub(crate) async fn be(kind: Kind, upstream: Option<Url>, (answer, on_postgres): (String, bool)) -> Result<()> {
    match kind {
        Kind::Echo => echo(answer).await,
        Kind::Native | Kind::Full | Kind::Unwritten => {
            gateway(kind, upstream.context("no upstream")?, on_postgres).await
        }
        Kind::Polled => polled().await,
        Kind::Beside | Kind::Unguarded => beside(kind, upstream.context("no upstream")?).await,
    }
}

async fn until_let_go() -> Result<()> {
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}

fn say(line: &Value) -> Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// An answer as long as a gateway's, with the word in it that the load looks for.
pub(crate) fn filler(bytes: usize) -> String {
    let frame = json!({"filler": "", "status": "ready"}).to_string().len();
    json!({"filler": "x".repeat(bytes.saturating_sub(frame)), "status": "ready"}).to_string()
}

async fn echo(answer: String) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&json!({"address": listener.local_addr()?.to_string(), "clientKey": "x".repeat(66)}))?;
    let answer: Value = serde_json::from_str(&answer)?;
    let router = axum::Router::new().fallback(async move |body: Bytes| {
        let is_json = serde_json::from_slice::<Value>(&body).is_ok();
        if is_json { answer.to_string() } else { String::new() }
    });
    let listener = listener.tap_io(|connection| {
        // As the gateway does.
        let _ = connection.set_nodelay(true);
    });
    tokio::select! {
        served = axum::serve(listener, router) => served?,
        let_go = until_let_go() => let_go?,
    }
    Ok(())
}

async fn gateway(kind: Kind, upstream: Url, on_postgres: bool) -> Result<()> {
    // As shipped: lines are made and written, to wherever standard error goes.
    capstan::logs::start(None, capstan::logs::LogFormat::Json);
    let adapter = tokio::task::spawn_blocking(move || adapter(kind)).await??;
    let without_bound = u32::MAX.try_into()?;
    let setup = Setup {
        engine: if on_postgres { Engine::Postgres } else { Engine::Sqlite },
        // The limiter runs and never refuses: one key makes all of the load.
        limits: Limits { key_rate: 1_000_000.try_into()?, key_burst: without_bound, ..Limits::default() },
        balance: Amount::from_nanos(1_000_000_000_000_000),
        time_scale: 1,
        provider_url: Some(upstream),
        ..Setup::default()
    };
    let gateway = TestGateway::start_with(setup, vec![adapter]).await?;
    if kind == Kind::Unwritten {
        gateway.gateway.app.store.answer_at_once();
    }
    say(&json!({
        "address": gateway.gateway.address.to_string(),
        "clientKey": gateway.client.key,
        "metricsUrl": gateway.gateway.metrics_url(),
    }))?;
    until_let_go().await?;
    gateway.finish().await
}

/// How many tasks are read in turn.
const TASKS: usize = 256;

async fn polled() -> Result<()> {
    capstan::logs::start(None, capstan::logs::LogFormat::Json);
    let (much, without_bound) = (1_000_000.try_into()?, u32::MAX.try_into()?);
    let setup = Setup {
        // As above: the limiters run and never refuse.
        limits: Limits {
            key_rate: much,
            key_burst: without_bound,
            poll_rate: much,
            poll_burst: without_bound,
            task_deadline: Duration::from_secs(3_600),
            ..Limits::default()
        },
        time_scale: 1,
        ..Setup::default()
    };
    let gateway = TestGateway::start(setup).await?;
    let solved = join_all((0..TASKS).map(|_| gateway.client.solve(recaptcha()))).await;
    let ended = solved.into_iter().map(|answer| answer?.task_id()).collect::<Result<Vec<_>>>()?;
    gateway.provider.hold_solutions();
    let created = join_all((0..TASKS).map(|_| gateway.client.create(recaptcha()))).await;
    let open = created.into_iter().map(|answer| answer?.task_id()).collect::<Result<Vec<_>>>()?;
    say(&json!({
        "address": gateway.gateway.address.to_string(), "clientKey": gateway.client.key, "openTasks": open,
        "endedTasks": ended,
    }))?;
    until_let_go().await?;
    gateway.finish().await
}

/// Two accounts: one whose tasks are solved at once, and one whose tasks set the adapter beside spinning. Both adapters run in one
/// sandbox, under the limits that are shipped.
async fn beside(kind: Kind, upstream: Url) -> Result<()> {
    capstan::logs::start(None, capstan::logs::LogFormat::Json);
    let adapters = tokio::task::spawn_blocking(|| admitted(&["guest-instant", "guest-hostile"])).await??;
    let (much, without_bound) = (1_000_000.try_into()?, u32::MAX.try_into()?);
    let quarantine = match kind {
        Kind::Unguarded => Rule { faults: u32::MAX, time_outs: u32::MAX, ..Rule::default() },
        Kind::Echo | Kind::Native | Kind::Full | Kind::Unwritten | Kind::Polled | Kind::Beside => Rule::default(),
    };
    let balance = Amount::from_nanos(1_000_000_000_000_000);
    let setup = Setup {
        limits: Limits { key_rate: much, key_burst: without_bound, quarantine, ..Limits::default() },
        balance,
        time_scale: 1,
        provider_url: Some(upstream.clone()),
        // It spins before anything is sent: there is nothing at its provider's address that it could use.
        guests: vec![Guest { package: "guest-hostile", url: upstream, key: KEY, price: 3_000_000 }],
        ..Setup::default()
    };
    let gateway = TestGateway::start_with(setup, adapters).await?;
    let (_, attacker) = gateway.add_account("attacker", balance).await?;
    say(&json!({
        "address": gateway.gateway.address.to_string(), "clientKey": gateway.client.key, "attackerKey": attacker.key,
    }))?;
    until_let_go().await?;
    gateway.finish().await
}

fn admitted(packages: &[&str]) -> Result<Vec<Adapter>> {
    let sandbox = Sandbox::start(SandboxSettings::default())?;
    let admit = |file: std::path::PathBuf| Ok(sandbox.admit(&std::fs::read(file)?)?);
    capstan::adapters::build(packages, |_| ())?.into_iter().map(admit).collect()
}

fn adapter(kind: Kind) -> Result<Adapter> {
    let adapter = admitted(&["guest-instant"])?.pop().context("nothing was built")?;
    Ok(match kind {
        // The manifest is the component's own; its sandbox ends here.
        Kind::Native => {
            let native = Native { begin: native::begin, advance: native::advance };
            Adapter::native(adapter.manifest().clone(), native)
        }
        Kind::Echo | Kind::Full | Kind::Unwritten | Kind::Polled | Kind::Beside | Kind::Unguarded => adapter,
    })
}
