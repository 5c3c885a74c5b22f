//! In doubt: the client is never left waiting and never pays, and what the provider made of the task ends in the books as
//! the policy says, whichever service it is and whatever happens to the gateway meanwhile.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::adapter::Charged;
use capstan_domain::route::Pool;
use capstan_domain::{Amount, TaskId};
use capstan_server::settings::Limits;
use capstan_simulator::{Behaviour, Create, Limits as ProviderLimits, Outcome, Stats};
use capstan_storage::{Doubtful, Entries, OpenOptions, Store};
use capstan_tests::client::recaptcha;
use capstan_tests::database::Engine;
use capstan_tests::exposition::Exposition;
use capstan_tests::finding::{Answers, Finding};
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::stage::Stage;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

/// The adapters of the three services. None of them documents a way to find a task by anything but its own id.
const SERVICES: [&str; 3] = ["adapter-2captcha", "adapter-anti-captcha", "adapter-capsolver"];

pub(crate) fn tests() -> Vec<Trial> {
    type Told = fn(&'static str) -> futures_util::future::BoxFuture<'static, Result<()>>;
    let on_each = |name: &'static str, run: Told| {
        SERVICES.map(|package| test(format!("doubt: {name} ({package})"), move || run(package)))
    };
    let services = [
        on_each("accepted, and the reply lost: refunded, and taken as charged", |p| Box::pin(the_reply_is_lost(p))),
        on_each("solved after the deadline: withheld, and its cost borne once", |p| Box::pin(solved_too_late(p))),
        on_each("failed after the deadline: it costs what its provider says", |p| Box::pin(failed_too_late(p))),
        on_each("given up by its provider after the deadline: its last word counts", |p| Box::pin(never_solved(p))),
        on_each("forgotten by its provider: refunded, and taken as charged", |p| Box::pin(forgotten(p))),
        on_each("answered twice, also to another process: one capture", |p| Box::pin(answered_twice(p))),
        on_each("answered twice after the deadline: one loss", |p| Box::pin(answered_twice_too_late(p))),
    ];
    let others = [
        test("doubt: a request that surely never left costs nothing", never_left),
        test("doubt: a contributor gets back what a doubtful task is taken to have cost", contributors_get_it_back),
        test("doubt: a watch that ended while nobody looked gets one last poll", overslept),
        test("doubt: with look-up, found in time: solved and captured", found_in_time),
        test("doubt: with look-up, found after the deadline: its cost is borne", found_too_late),
        test("doubt: with look-up, the provider has no such task: it costs nothing", surely_unknown),
        test("doubt: with look-up that never answers: taken as charged at the end of the watch", never_found),
        test("doubt: killed while an attempt is watched, the next process asks on", killed_while_watching),
    ];
    services.into_iter().flatten().chain(others).collect()
}

/// A deadline that passes while a provider, a hundred times slower, still works.
const DEADLINE: Duration = Duration::from_millis(800);
const TIME_SCALE: u32 = 50;
/// In the provider's time, of which the deadline is forty seconds.
const AFTER_THE_DEADLINE_MS: u64 = 70_000;

fn setup(package: &'static str) -> Setup {
    let limits = Limits { task_deadline: DEADLINE, ..Limits::default() };
    Setup { package, limits, time_scale: TIME_SCALE, ..Setup::default() }
}

fn accepted(solve_after_ms: u64, outcome: Outcome) -> Create {
    Create::Accept { solve_after_ms, outcome }
}

/// Creates a task that ends at its deadline: the client hears so, and has everything back.
async fn timed_out(gateway: &TestGateway, task: Value) -> Result<TaskId> {
    let id = gateway.client.create(task).await?.task_id()?;
    let ended = gateway.client.wait(&id).await?;
    ensure!(ended.code() == "ERROR_TASK_TIMEOUT", "{ended:?}");
    ensure!(gateway.client.balance().await? == 10.0, "not refunded");
    Ok(TaskId(id.parse()?))
}

/// What is borne for a task, by kind of move: each one's cost.
async fn borne(store: &Store, task: TaskId) -> Result<Vec<(String, Amount)>> {
    let entries = store.list_entries(Entries::OfTask(task)).await?;
    let costs = entries.into_iter().filter(|e| e.amount > Amount::ZERO);
    Ok(costs.filter(|e| e.kind == "loss" || e.kind == "reimbursement").map(|e| (e.kind, e.amount)).collect())
}

async fn doubts(store: &Store, task: TaskId) -> Result<Vec<Doubtful>> {
    Ok(store.list_doubtful(0, 100).await?.into_iter().filter(|doubt| doubt.task == task).collect())
}

/// Waits until nothing is asked about a task any more, and says how it is left: what was borne, and what is unknown.
async fn left(store: &Store, task: TaskId) -> Result<(Vec<(String, Amount)>, Vec<Doubtful>)> {
    let watching = async {
        loop {
            let doubts = doubts(store, task).await?;
            if doubts.iter().all(|doubt| doubt.watch_until_ms.is_none()) {
                return anyhow::Ok(doubts);
            }
            tokio::task::yield_now().await;
        }
    };
    let doubts = tokio::time::timeout(Duration::from_secs(40), watching).await.context("still watched")??;
    Ok((borne(store, task).await?, doubts))
}

/// The client still hears what it heard at the deadline, and nobody's balance but the gateway's has changed.
async fn finish(gateway: TestGateway, task: TaskId) -> Result<()> {
    let again = gateway.client.result(&task.to_string()).await?;
    ensure!(again.code() == "ERROR_TASK_TIMEOUT", "{again:?}");
    ensure!(gateway.client.balance().await? == 10.0, "not as it was at the deadline");
    gateway.finish().await
}

fn list_price(gateway: &TestGateway, family: &str) -> Result<Amount> {
    let adapters = gateway.gateway.app.adapters.current();
    let adapter = adapters.first().context("no adapter")?;
    let served = adapter.manifest().task_types.iter().find(|served| served.family == family).context("not served")?;
    Ok(Amount::from_decimal(&served.list_price.amount)?)
}

fn taken_as_charged(gateway: &TestGateway, (borne, doubts): &(Vec<(String, Amount)>, Vec<Doubtful>)) -> Result<()> {
    ensure!(*borne == [("loss".to_owned(), list_price(gateway, "recaptcha_v2")?)], "{borne:?}");
    let [doubt] = doubts.as_slice() else { anyhow::bail!("{doubts:?}") };
    ensure!(doubt.charged == Some(Charged::Unknown) && doubt.borne == Some(borne[0].1), "{doubt:?}");
    Ok(())
}

async fn until(gateway: &TestGateway, reached: impl FnMut(&Stats) -> bool) -> Result<Stats> {
    let reaching = gateway.provider.until(reached);
    tokio::time::timeout(Duration::from_secs(30), reaching).await.context("it never came to that")
}

async fn the_reply_is_lost(package: &'static str) -> Result<()> {
    let gateway = TestGateway::start(setup(package)).await?;
    gateway.provider.script([Create::AcceptAndLoseReply]);
    let task = timed_out(&gateway, recaptcha()).await?;
    let left = left(&gateway.gateway.app.store, task).await?;
    taken_as_charged(&gateway, &left)?;
    ensure!(gateway.provider.stats().creates == 1, "sent again: {:?}", gateway.provider.stats());
    let url = gateway.gateway.metrics_url().context("metrics are not served")?;
    let seen = Exposition::parse(gateway.client.read(&url).await?)?;
    let expected: f64 = list_price(&gateway, "recaptcha_v2")?.to_string().parse()?;
    for (name, labels) in [
        ("capstan_assumed_nanodollars_total", [("provider", package.trim_start_matches("adapter-"))]),
        ("capstan_money_nanodollars_total", [("move", "loss")]),
    ] {
        let value = seen.sum(name, &labels);
        ensure!((value - expected * 1e9).abs() < 0.5, "{name} is {value}, not {expected} dollars");
    }
    finish(gateway, task).await
}

async fn solved_too_late(package: &'static str) -> Result<()> {
    let gateway = TestGateway::start(setup(package)).await?;
    gateway.provider.script([accepted(AFTER_THE_DEADLINE_MS, Outcome::Solved)]);
    let task = timed_out(&gateway, recaptcha()).await?;
    let (borne, doubts) = left(&gateway.gateway.app.store, task).await?;
    let told = gateway.gateway.app.store.list_attempts(task).await?.first().and_then(|a| a.provider_cost);
    let expected = told.map_or_else(|| list_price(&gateway, "recaptcha_v2"), Ok)?;
    ensure!(borne == [("loss".to_owned(), expected)], "{borne:?}");
    ensure!(doubts.is_empty(), "its provider has told: {doubts:?}");
    let stats = gateway.provider.stats();
    ensure!((stats.polls_too_fast, stats.polls_over_limit) == (0, 0), "{stats:?}");
    finish(gateway, task).await
}

async fn failed_too_late(package: &'static str) -> Result<()> {
    let gateway = TestGateway::start(setup(package)).await?;
    let unsolvable = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
    gateway.provider.script([accepted(AFTER_THE_DEADLINE_MS, unsolvable)]);
    let task = timed_out(&gateway, recaptcha()).await?;
    let (borne, doubts) = left(&gateway.gateway.app.store, task).await?;
    // anti-captcha alone takes money for trying.
    let expected = match package {
        "adapter-anti-captcha" => vec![("loss".to_owned(), list_price(&gateway, "recaptcha_v2")?)],
        _ => Vec::new(),
    };
    ensure!(borne == expected && doubts.is_empty(), "{borne:?} {doubts:?}");
    finish(gateway, task).await
}

async fn never_solved(package: &'static str) -> Result<()> {
    let gateway = TestGateway::start(setup(package)).await?;
    gateway.provider.script([accepted(0, Outcome::Never)]);
    let task = timed_out(&gateway, recaptcha()).await?;
    let left = left(&gateway.gateway.app.store, task).await?;
    match package {
        // "You are charged only in case of success."
        "adapter-2captcha" => ensure!(left.0.is_empty() && left.1.is_empty(), "{left:?}"),
        // Trying was paid for.
        "adapter-anti-captcha" => ensure!(left.0.len() == 1 && left.1.is_empty(), "{left:?}"),
        // A time-out, of which nobody says whether it costs something.
        _ => taken_as_charged(&gateway, &left)?,
    }
    finish(gateway, task).await
}

async fn forgotten(package: &'static str) -> Result<()> {
    let limits = ProviderLimits { result_kept_ms: Some(0), ..ProviderLimits::default() };
    let behaviour = Behaviour { limits, ..Behaviour::default() };
    let gateway = TestGateway::start(Setup { behaviour, ..setup(package) }).await?;
    gateway.provider.script([accepted(0, Outcome::Solved)]);
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    let ended = gateway.client.wait(&id).await?;
    ensure!(ended.code() == "CAPTCHA_UNSOLVABLE", "{ended:?}");
    ensure!(gateway.client.balance().await? == 10.0, "not refunded");
    let left = left(&gateway.gateway.app.store, TaskId(id.parse()?)).await?;
    taken_as_charged(&gateway, &left)?;
    ensure!(gateway.provider.stats().creates == 1, "sent again: {:?}", gateway.provider.stats());
    gateway.finish().await
}

/// Loses every answer to a poll from now on, or none.
fn lose_polls(gateway: &TestGateway, share: f64) -> Result<()> {
    let mut behaviour = gateway.provider.behaviour();
    behaviour.failures.poll.lost_reply = share;
    Ok(gateway.provider.set_behaviour(behaviour)?)
}

async fn answered_twice(package: &'static str) -> Result<()> {
    let gateway = TestGateway::start(Setup { package, ..Setup::default() }).await?;
    lose_polls(&gateway, 1.0)?;
    gateway.provider.script([Create::solved_after(0)]);
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    until(&gateway, |stats| stats.polls >= 2).await?;
    let gateway = gateway.restart(Return::default()).await?;
    lose_polls(&gateway, 0.0)?;
    ensure!(gateway.client.wait(&id).await?.body["status"] == "ready", "the same solution, told once more");
    let gateway = gateway.restart(Return::default()).await?;
    ensure!(gateway.client.result(&id).await?.body["status"] == "ready", "still there");
    ensure!(gateway.client.balance().await? == 9.998, "one capture");
    let task = TaskId(id.parse()?);
    let (store, stats) = (&gateway.gateway.app.store, gateway.provider.stats());
    ensure!(borne(store, task).await?.is_empty() && doubts(store, task).await?.is_empty(), "a loss beside the capture");
    ensure!(stats.creates == 1, "{stats:?}");
    gateway.finish().await
}

async fn answered_twice_too_late(package: &'static str) -> Result<()> {
    let gateway = TestGateway::start(setup(package)).await?;
    lose_polls(&gateway, 1.0)?;
    gateway.provider.script([Create::solved_after(0)]);
    let task = timed_out(&gateway, recaptcha()).await?;
    let before = gateway.provider.stats().polls;
    until(&gateway, |stats| stats.polls > before).await?;
    let gateway = gateway.restart(Return::default()).await?;
    lose_polls(&gateway, 0.0)?;
    let (borne, doubts) = left(&gateway.gateway.app.store, task).await?;
    ensure!(borne.len() == 1 && doubts.is_empty(), "{borne:?} {doubts:?}");
    let gateway = gateway.restart(Return::default()).await?;
    ensure!(left(&gateway.gateway.app.store, task).await?.0 == borne, "booked once more");
    finish(gateway, task).await
}

async fn never_left() -> Result<()> {
    // Nobody listens there: the connection is refused before a byte of the request is sent.
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let provider_url = Some(url::Url::parse(&format!("http://{}", listener.local_addr()?))?);
    drop(listener);
    let gateway = TestGateway::start(Setup { provider_url, ..setup("adapter-anti-captcha") }).await?;
    let refused = gateway.client.create(recaptcha()).await?;
    ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE", "{refused:?}");
    let store = &gateway.gateway.app.store;
    let task = store.list_tasks(None, 1).await?.first().map(|task| task.facts.id).context("a task")?;
    ensure!(borne(store, task).await?.is_empty() && doubts(store, task).await?.is_empty(), "a cost without a request");
    ensure!(gateway.client.balance().await? == 10.0, "not refunded");
    gateway.finish().await
}

async fn contributors_get_it_back() -> Result<()> {
    let credentials = vec![("contributed-key-of-a-member", Pool::Community)];
    let gateway = TestGateway::start(Setup { credentials, ..setup("adapter-anti-captcha") }).await?;
    gateway.provider.script([Create::AcceptAndLoseReply]);
    let task = timed_out(&gateway, recaptcha()).await?;
    let (borne, _) = left(&gateway.gateway.app.store, task).await?;
    let expected = list_price(&gateway, "recaptcha_v2")?;
    ensure!(borne == [("reimbursement".to_owned(), expected)], "{borne:?}");
    let earned = gateway.gateway.app.store.earnings(gateway.contributor).await?;
    ensure!(earned.pending == expected, "{earned:?}");
    finish(gateway, task).await
}

async fn overslept() -> Result<()> {
    let gateway = TestGateway::start(Setup { time_scale: 200, ..setup("adapter-anti-captcha") }).await?;
    gateway.provider.hold_solutions();
    let task = timed_out(&gateway, recaptcha()).await?;
    let watched = doubts(&gateway.gateway.app.store, task).await?;
    let until_ms = watched.first().and_then(|doubt| doubt.watch_until_ms).context("not watched")?;
    let (provider, mut polls) = (gateway.provider.clone(), 0);
    let passed = async {
        while capstan_server::clock::now_ms() <= until_ms {
            tokio::task::yield_now().await;
        }
        polls = provider.stats().polls;
    };
    let gateway = gateway.restart_once(Return::default(), passed).await?;
    let (borne, doubts) = left(&gateway.gateway.app.store, task).await?;
    ensure!(gateway.provider.stats().polls == polls + 1, "one last poll: {:?}", gateway.provider.stats());
    ensure!(borne.len() == 1 && doubts.len() == 1, "{borne:?} {doubts:?}");
    finish(gateway, task).await
}

fn image() -> Value {
    json!({"type": "ImageToTextTask", "body": crate::api::image()})
}

async fn with_finding() -> Result<(Finding, TestGateway)> {
    let finding = Finding::start().await?;
    let setup = Setup { provider_url: Some(finding.url()?), ..setup("guest-finding") };
    Ok((finding, TestGateway::start(setup).await?))
}

async fn asked(finding: &Finding, reached: impl FnMut(&Answers) -> bool) -> Result<Answers> {
    tokio::time::timeout(Duration::from_secs(30), finding.until(reached)).await.context("it was never asked")?
}

async fn found_in_time() -> Result<()> {
    let (finding, gateway) = with_finding().await?;
    let id = gateway.client.create(image()).await?.task_id()?;
    asked(&finding, |answers| answers.finds >= 2).await?;
    finding.answer(|answers| (answers.find, answers.result) = (200, 200));
    let ended = gateway.client.wait(&id).await?;
    ensure!(ended.body["status"] == "ready" && ended.body["solution"]["text"] == "seen", "{ended:?}");
    ensure!(gateway.client.balance().await? == 9.998, "captured once");
    ensure!(finding.so_far().submits == 1, "sent again");
    let store = &gateway.gateway.app.store;
    ensure!(borne(store, TaskId(id.parse()?)).await?.is_empty(), "a loss beside the capture");
    gateway.finish().await
}

async fn found_too_late() -> Result<()> {
    let (finding, gateway) = with_finding().await?;
    let task = timed_out(&gateway, image()).await?;
    finding.answer(|answers| answers.find = 200);
    asked(&finding, |answers| answers.results >= 2).await?;
    let finds = finding.so_far().finds;
    finding.answer(|answers| answers.result = 200);
    let (borne, doubts) = left(&gateway.gateway.app.store, task).await?;
    ensure!(borne == [("loss".to_owned(), Amount::from_nanos(700_000))], "{borne:?}");
    ensure!(doubts.is_empty() && finding.so_far().finds == finds, "{doubts:?}");
    finish(gateway, task).await
}

async fn surely_unknown() -> Result<()> {
    let (finding, gateway) = with_finding().await?;
    finding.answer(|answers| answers.find = 404);
    let early = timed_out(&gateway, image()).await?;
    let left_early = left(&gateway.gateway.app.store, early).await?;
    ensure!(left_early.0.is_empty() && left_early.1.is_empty(), "{left_early:?}");
    ensure!(finding.so_far().finds == 1, "it said so, and was asked again: {:?}", finding.so_far());
    // The same, said after the deadline.
    finding.answer(|answers| answers.find = 500);
    let late = timed_out(&gateway, image()).await?;
    finding.answer(|answers| answers.find = 404);
    let left_late = left(&gateway.gateway.app.store, late).await?;
    ensure!(left_late.0.is_empty() && left_late.1.is_empty(), "{left_late:?}");
    finish(gateway, late).await
}

async fn never_found() -> Result<()> {
    let (finding, gateway) = with_finding().await?;
    let task = timed_out(&gateway, image()).await?;
    let at_deadline = finding.so_far().finds;
    let (borne, doubts) = left(&gateway.gateway.app.store, task).await?;
    ensure!(finding.so_far().finds > at_deadline, "it was not asked any more");
    ensure!(borne == [("loss".to_owned(), list_price(&gateway, "image_to_text")?)], "{borne:?}");
    ensure!(doubts.first().is_some_and(|doubt| doubt.charged == Some(Charged::Unknown)), "{doubts:?}");
    ensure!(finding.so_far().submits == 1, "sent again");
    finish(gateway, task).await
}

async fn killed_while_watching() -> Result<()> {
    let mut stage = Stage::start_with(Engine::Sqlite, &["platform-key"], "[limits]\ntask_deadline = \"2s\"\n").await?;
    let flags = stage.simulated("anti-captcha")?;
    let set = ["provider", "set", "anti-captcha"].into_iter().chain(flags.iter().map(String::as_str));
    stage.asked(&set.collect::<Vec<_>>(), "")?;
    stage.asked(&["credential", "add", "anti-captcha", "--label", "main"], "platform-key\n")?;
    stage.asked(&["price", "set", "anti-captcha", "recaptcha_v2", "0.002"], "")?;
    stage.asked(&["account", "create", "Ada"], "")?;
    stage.asked(&["account", "topup", "Ada", "10", "--reference", "first"], "")?;
    let key = stage.asked(&["key", "create", "Ada"], "")?["clientKey"].as_str().context("no key")?.to_owned();
    let control = stage.control("anti-captcha")?;
    control.hold_solutions();
    let client = stage.client(&key)?;
    let id = client.create(recaptcha()).await?.task_id()?;
    ensure!(client.wait(&id).await?.code() == "ERROR_TASK_TIMEOUT");
    let listed = stage.asked(&["task", "doubts"], "")?;
    ensure!(listed["doubts"][0]["standing"] == "watched" && listed["doubts"][0]["task"] == id.as_str(), "{listed}");
    stage.kill_and_start()?;
    control.release_solutions();
    let charged = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let listed = stage.asked(&["task", "doubts"], "")?;
            if listed["doubts"].as_array().is_some_and(Vec::is_empty) {
                return anyhow::Ok(());
            }
        }
    });
    charged.await.context("the next process does not ask on")??;
    let client = stage.client(&key)?;
    ensure!(client.result(&id).await?.code() == "ERROR_TASK_TIMEOUT" && client.balance().await? == 10.0);
    let stats = control.stats();
    ensure!((stats.creates, stats.polls_too_fast) == (1, 0), "{stats:?}");
    stage.process.ask_to_stop()?;
    let url = format!("sqlite:{}", stage.path("data/capstan.db").display());
    let store = Store::open(&url.parse()?, OpenOptions::default()).await?;
    let task = TaskId(id.parse()?);
    ensure!(borne(&store, task).await?.len() == 1, "the loss is booked once");
    let report = store.verify_ledger().await?;
    ensure!(report.difference.is_none(), "the ledger does not add up: {:?}", report.difference);
    store.close().await;
    Ok(())
}
