//! A hostile adapter beside an honest one: every switch is contained under its own name, money ends where it should, and
//! nobody but the adapter's own provider hears of it.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::quarantine::{QuarantineNote, Rule, Work};
use capstan_domain::{ProviderId, TaskId};
use capstan_server::app::App;
use capstan_server::settings::Limits;
use capstan_simulator::{Behaviour, Latency};
use capstan_storage::Attempt;
use capstan_tests::client::recaptcha;
use capstan_tests::exposition::Exposition;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::hostile::{KEY, Yes, guest, task};
use capstan_tests::suite::test;
use capstan_tests::switches::{SWITCHES, Stage, Switch};
use futures_util::future::{join_all, try_join_all};
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("hostile: what fails before a request goes to the next candidate, under its own name", early_faults),
        test("hostile: what fails before a request and has no other candidate is refunded", early_faults_refund),
        test("hostile: what fails after a request is in doubt, never sent again, refunded", late_faults),
        test("hostile: a poll that fails is missed, under its own name, and invents no solution", poll_faults),
        test("hostile: nothing replaces placeholders of a credential", no_placeholders),
        test("hostile: an adapter that keeps failing gets no more tasks until it is lifted", quarantine_and_lift),
        test("hostile: a quarantined adapter is probed after its rest and freed when it behaves", probes_free),
    ]
}

/// Cheaper than the honest provider, so that it is tried first.
const CHEAP: i64 = 1_000_000;

/// A rule that quarantines nobody.
fn never() -> Rule {
    Rule { faults: u32::MAX, time_outs: u32::MAX, ..Rule::default() }
}

pub(crate) fn hostile() -> Result<ProviderId> {
    Ok(ProviderId::new("hostile")?)
}

/// A gateway with the honest adapter and the hostile one, its provider, and a listener that must hear nothing.
struct Field {
    gateway: TestGateway,
    provider: Yes,
    foreign: TcpListener,
}

impl Field {
    async fn start(limits: Limits) -> Result<Self> {
        let provider = Yes::start().await?;
        let foreign = TcpListener::bind("127.0.0.1:0")?;
        foreign.set_nonblocking(true)?;
        let behaviour = Behaviour { latency: Latency::Fixed { ms: 0 }, ..Behaviour::default() };
        let guests = vec![guest(&provider, CHEAP)?];
        // What a guest is stopped by must not depend on how busy the machine is.
        let call_budget = Duration::from_millis(200);
        let gateway = TestGateway::start(Setup { limits, behaviour, guests, call_budget, ..Setup::default() }).await?;
        Ok(Self { gateway, provider, foreign })
    }

    fn at(&self) -> Result<SocketAddr> {
        Ok(self.foreign.local_addr()?)
    }

    async fn create(&self, switch: &str, forced: bool) -> Result<capstan_tests::client::Answer> {
        let mut body = json!({"task": task(switch, self.at()?)});
        if forced {
            body["provider"] = json!("hostile");
        }
        self.gateway.client.call("/createTask", body).await
    }

    async fn attempts(&self, id: &str) -> Result<Vec<Attempt>> {
        Ok(self.gateway.gateway.app.store.list_attempts(TaskId(id.parse()?)).await?)
    }

    /// Checks that each of these, turned once, is counted under its own name, and that what it took is.
    async fn counted(&self, turned: impl Iterator<Item = &'static Switch>) -> Result<()> {
        let url = self.gateway.gateway.metrics_url().context("metrics are not served")?;
        let seen = Exposition::parse(self.gateway.client.read(&url).await?)?;
        let hostile = hostile()?;
        let mut refused: HashMap<&str, f64> = HashMap::new();
        for reason in turned.filter_map(|switch| switch.fault).filter(|fault| fault.starts_with("refused-")) {
            *refused.entry(reason).or_default() += 1.0;
        }
        ensure!(refused.len() > 5, "{refused:?}");
        for (reason, times) in refused {
            let labels = [("provider", hostile.as_str()), ("reason", reason)];
            let counted = seen.sum("capstan_egress_refused_total", &labels);
            ensure!((counted - times).abs() < 1e-9, "{reason}: {counted} and not {times}");
        }
        for (provider, least_memory) in [(hostile.as_str(), 10e6), ("anti-captcha", 1e5)] {
            let labels = [("provider", provider)];
            let calls = seen.sum("capstan_sandbox_cpu_seconds_count", &labels);
            let (cpu, memory) = (
                seen.sum("capstan_sandbox_cpu_seconds_sum", &labels),
                seen.sum("capstan_sandbox_memory_bytes_sum", &labels),
            );
            let sent = seen.sum("capstan_egress_bytes_total", &[("provider", provider), ("direction", "sent")]);
            // Nothing of the hostile one's was ever sent.
            ensure!((sent > 100.0) == (provider == "anti-captcha"), "{provider}: {sent}");
            ensure!(calls > 1.0 && cpu > 0.0 && memory > least_memory, "{provider}: {calls} {cpu} {memory}");
        }
        Ok(())
    }

    /// Checks that nobody knocked where nobody may, and that money adds up.
    async fn finish(self) -> Result<()> {
        let knocked = self.foreign.accept();
        ensure!(knocked.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock), "a foreign host was connected to");
        self.gateway.finish().await
    }
}

fn at_stage(stage: Stage) -> impl Iterator<Item = &'static Switch> {
    SWITCHES.iter().filter(move |switch| switch.stage == stage)
}

fn code(attempt: &Attempt) -> Option<&str> {
    attempt.fault.as_ref().map(|fault| fault.code.as_str())
}

async fn early_faults() -> Result<()> {
    let field = Field::start(Limits { quarantine: never(), ..Limits::default() }).await?;
    let turned = at_stage(Stage::Begin).map(async |switch| {
        let created = field.create(switch.name, false).await?;
        let solved = field.gateway.client.wait(&created.task_id()?).await?;
        anyhow::Ok((switch, solved))
    });
    for (switch, solved) in try_join_all(turned).await? {
        ensure!(solved.body["provider"] == "Anti-Captcha", "{}: {solved:?}", switch.name);
        let attempts = field.attempts(&solved.task_id()?).await?;
        ensure!(attempts.len() == 2, "{}: {} attempts", switch.name, attempts.len());
        ensure!(code(&attempts[0]) == switch.fault, "{}: {:?}", switch.name, attempts[0].fault);
    }
    ensure!(field.provider.heard().is_empty(), "something was sent: {:?}", field.provider.heard());
    field.counted(at_stage(Stage::Begin)).await?;
    field.finish().await
}

async fn early_faults_refund() -> Result<()> {
    let field = Field::start(Limits { quarantine: never(), ..Limits::default() }).await?;
    for switch in at_stage(Stage::Begin) {
        let refused = field.create(switch.name, true).await?;
        let told = refused.description();
        ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE", "{}: {refused:?}", switch.name);
        ensure!(switch.fault.is_some_and(|name| told.contains(name)), "{}: {told}", switch.name);
    }
    ensure!(field.gateway.client.balance().await? == 10.0, "not refunded");
    ensure!(field.provider.heard().is_empty() && field.gateway.provider.stats().creates == 0, "something was sent");
    field.finish().await
}

/// Limits under which tasks are soon given up.
fn short(quarantine: Rule) -> Limits {
    Limits { task_deadline: Duration::from_secs(3), quarantine, ..Limits::default() }
}

async fn late_faults() -> Result<()> {
    let field = Field::start(short(never())).await?;
    let turned = at_stage(Stage::Sent).map(async |switch| {
        let id = field.create(switch.name, false).await?.task_id()?;
        anyhow::Ok((switch, field.gateway.client.wait(&id).await?))
    });
    let turned = try_join_all(turned).await?;
    for (switch, ended) in &turned {
        ensure!(ended.code() == "ERROR_TASK_TIMEOUT", "{}: {ended:?}", switch.name);
        let attempts = field.attempts(&ended.task_id()?).await?;
        ensure!(attempts.len() == 1, "{}: sent again", switch.name);
        ensure!(code(&attempts[0]) == switch.fault, "{}: {:?}", switch.name, attempts[0].fault);
    }
    ensure!(field.gateway.client.balance().await? == 10.0, "not refunded");
    ensure!(field.gateway.provider.stats().creates == 0, "the honest provider was asked as well");
    let heard = field.provider.heard();
    let creates = heard.iter().filter(|line| line.starts_with("POST /createTask") && line.contains(KEY)).count();
    ensure!(creates == turned.len(), "{heard:?}");
    ensure!(heard.len() <= creates + 16, "steps go on: {} requests", heard.len());
    field.finish().await
}

/// Waits until the hostile adapter is quarantined.
pub(crate) async fn quarantined(app: &App) -> Result<QuarantineNote> {
    let provider = hostile()?;
    let noted = async {
        loop {
            if let Some(note) = app.quarantine_of(&provider) {
                return note;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), noted).await.context("it is not quarantined")
}

async fn poll_faults() -> Result<()> {
    // Each in a gateway of its own, since their notes would mix.
    let turned = at_stage(Stage::Poll).map(async |switch| {
        let first = Rule { faults: 1, time_outs: 1, fault_percent: 0, ..Rule::default() };
        let field = Field::start(short(first)).await?;
        let id = field.create(switch.name, false).await?.task_id()?;
        let note = quarantined(&field.gateway.gateway.app).await?;
        ensure!(Some(note.last_fault) == switch.fault && note.work == Work::Upkeep, "{}: {note:?}", switch.name);
        // The honest provider goes on meanwhile, and the task is given up in the end.
        let solved = field.gateway.client.solve(recaptcha()).await?;
        ensure!(solved.body["provider"] == "Anti-Captcha", "{}: {solved:?}", switch.name);
        let ended = field.gateway.client.wait(&id).await?;
        ensure!(ended.code() == "ERROR_TASK_TIMEOUT", "{}: {ended:?}", switch.name);
        ensure!(field.gateway.client.balance().await? == 9.998, "{}: not refunded", switch.name);
        field.finish().await
    });
    for ended in join_all(turned).await {
        ended?;
    }
    Ok(())
}

async fn no_placeholders() -> Result<()> {
    let field = Field::start(Limits::default()).await?;
    let created = field.create("key-in-path", true).await?;
    ensure!(created.body["status"] == "processing", "{created:?}");
    let heard = field.provider.heard();
    ensure!(heard.len() == 1 && heard[0].contains("clientKey?key=%7Bkey%7D"), "{heard:?}");
    ensure!(!heard[0].contains(KEY), "{heard:?}");
    field.finish().await
}

async fn quarantine_and_lift() -> Result<()> {
    let field = Field::start(Limits::default()).await?;
    let app = &field.gateway.gateway.app;
    for _ in 0..3 {
        let solved = field.gateway.client.solve(task("spin", field.at()?)).await?;
        ensure!(solved.body["provider"] == "Anti-Captcha", "{solved:?}");
    }
    let note = app.quarantine_of(&hostile()?).context("it is free")?;
    let why = "too many time-outs: 3 of 3 submits failed, the last by out-of-time";
    ensure!(note.to_string() == why && note.faults == 3, "{note}");
    field.gateway.gateway.app.reload().await?;
    ensure!(app.quarantine_of(&hostile()?) == Some(note), "a reload has changed it");

    let solved = field.gateway.client.solve(recaptcha()).await?;
    let attempts = field.attempts(&solved.task_id()?).await?;
    let explanation: Value = serde_json::from_str(&attempts[0].explanation)?;
    ensure!(attempts.len() == 1 && explanation["dropped"][0]["hits"][0] == "quarantined", "{explanation}");
    ensure!(field.create("honest", true).await?.code() == "NO_PROVIDERS_AVAILABLE");
    ensure!(field.provider.heard().is_empty(), "it got a task");

    let url = field.gateway.gateway.metrics_url().context("metrics are not served")?;
    let seen = Exposition::parse(field.gateway.client.read(&url).await?)?;
    let counted = seen.sum("capstan_quarantines_total", &[("provider", hostile()?.as_str())]);
    ensure!((counted - 1.0).abs() < 1e-9, "{}", seen.text);

    ensure!(app.lift_quarantine(&hostile()?) && app.quarantine_of(&hostile()?).is_none());
    ensure!(field.create("honest", true).await?.body["status"] == "processing");
    field.finish().await
}

async fn probes_free() -> Result<()> {
    let quarantine = Rule { first_rest_ms: 1, longest_rest_ms: 1, ..Rule::default() };
    let field = Field::start(Limits { quarantine, ..Limits::default() }).await?;
    let app = &field.gateway.gateway.app;
    for _ in 0..3 {
        field.create("spin", true).await?;
    }
    ensure!(app.quarantine_of(&hostile()?).is_some(), "it is free");
    // A probe that fails leaves it where it is; three that go well set it free.
    field.create("trap", true).await?;
    ensure!(app.quarantine_of(&hostile()?).is_some_and(|note| note.last_fault == "trapped"));
    for _ in 0..3 {
        let created = field.create("honest", true).await?;
        ensure!(created.body["status"] == "processing", "{created:?}");
    }
    ensure!(app.quarantine_of(&hostile()?).is_none(), "it is not freed");
    field.finish().await
}
