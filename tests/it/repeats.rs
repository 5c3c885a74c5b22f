//! createTask again: with an Idempotency-Key, within a key's duplicate window, and as a storm.

use anyhow::{Result, ensure};
use capstan_domain::Amount;
use capstan_simulator::{Create, Outcome};
use capstan_storage::KeySettings;
use capstan_tests::client::{Client, Raw, recaptcha};
use capstan_tests::database::{ENGINES, Engine};
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::suite::test;
use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    let on_each = ENGINES.into_iter().flat_map(|engine| {
        let named = |name: &str| format!("repeats: {name} ({engine:?})");
        [
            test(
                named("the same key and body get the first answer, also while it runs and after a restart"),
                move || same_key(engine),
            ),
            test(named("fifty at once with one key make one task at one price"), move || fifty_at_once(engine)),
            test(named("what failed guards nothing: the same request can be made again"), move || {
                after_failure(engine)
            }),
            test(named("equal bytes within a key's window are one task, later another one"), move || window(engine)),
        ]
    });
    let others = [
        test("repeats: the same key with another body is refused by name", another_body),
        test("repeats: a key in flight limits is repeated all the same", no_limit_for_repetitions),
        test("repeats: a storm is visible to the account and the operator", storm),
    ];
    on_each.chain(others).collect()
}

async fn create(client: &Client, key: &str, task: &Value) -> Result<Raw> {
    let body = json!({"clientKey": client.key, "task": task}).to_string();
    client.raw(("POST", "/createTask"), |request| request.header("Idempotency-Key", key).body(body)).await
}

async fn same_key(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, ..Setup::default() }).await?;
    gateway.provider.hold_creates();
    let task = recaptcha();
    let (first, again) = tokio::join!(create(&gateway.client, "k1", &task), async {
        gateway.provider.until(|stats| stats.creates > 0).await;
        let body = json!({"task": recaptcha(), "clientKey": gateway.client.key}).to_string();
        // The same in another order of fields, while the first has no answer yet.
        let repeated = gateway.client.raw(("POST", "/createTask"), |r| r.header("idempotency-key", "k1").body(body));
        let (repeated, ()) = tokio::join!(repeated, async { gateway.provider.release_creates() });
        repeated
    });
    let (first, again) = (first?.json()?, again?.json()?);
    ensure!(first == again && first["errorId"] == 0, "{first} {again}");
    let id = first["taskId"].as_str().unwrap_or_default().to_owned();
    gateway.client.wait(&id).await?;
    let gateway = gateway.restart(Return::default()).await?;
    let later = create(&gateway.client, "k1", &recaptcha()).await?.json()?;
    ensure!(later["taskId"] == id.as_str() && later["errorId"] == 0, "{later}");
    let balance = gateway.client.balance().await?;
    ensure!((balance - 9.998).abs() < 1e-9, "one task was paid for: {balance}");
    gateway.finish().await
}

async fn fifty_at_once(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, ..Setup::default() }).await?;
    let task = recaptcha();
    let answers = join_all((0..50).map(|_| create(&gateway.client, "k", &task))).await;
    let mut ids = std::collections::BTreeSet::new();
    for answer in answers {
        let answer = answer?.json()?;
        ids.insert(answer["taskId"].as_str().map(str::to_owned).ok_or_else(|| anyhow::anyhow!("{answer}"))?);
    }
    ensure!(ids.len() == 1, "{ids:?}");
    gateway.client.wait(ids.first().map_or("", String::as_str)).await?;
    let (balance, creates) = (gateway.client.balance().await?, gateway.provider.stats().creates);
    ensure!((balance - 9.998).abs() < 1e-9 && creates == 1, "{balance}, {creates} creates at the provider");
    gateway.finish().await
}

async fn after_failure(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, ..Setup::default() }).await?;
    let unsolvable = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
    gateway.provider.script([
        Create::error("ERROR_NO_SLOT_AVAILABLE"),
        Create::Accept { solve_after_ms: 1_000, outcome: unsolvable },
    ]);
    let refused = create(&gateway.client, "k", &recaptcha()).await?.json()?;
    ensure!(refused["errorCode"] == "NO_PROVIDERS_AVAILABLE", "{refused}");
    // The credential rests after that; what the advice says holds when it is back.
    let mut second = create(&gateway.client, "k", &recaptcha()).await?.json()?;
    while second["errorCode"] == "NO_PROVIDERS_AVAILABLE" {
        second = create(&gateway.client, "k", &recaptcha()).await?.json()?;
    }
    let failed = gateway.client.wait(second["taskId"].as_str().unwrap_or_default()).await?;
    ensure!(failed.code() == "CAPTCHA_UNSOLVABLE", "{}", failed.body);
    let third = create(&gateway.client, "k", &recaptcha()).await?.json()?;
    ensure!(third["errorId"] == 0 && third["taskId"] != second["taskId"], "{third}");
    let again = create(&gateway.client, "k", &recaptcha()).await?.json()?;
    ensure!(again["taskId"] == third["taskId"], "the new one guards: {again}");
    gateway.finish().await
}

async fn window(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, ..Setup::default() }).await?;
    let guarded = KeySettings { duplicate_window_ms: Some(600_000), ..KeySettings::default() };
    let (guarded, free) = (gateway.key_with(guarded).await?, &gateway.client);
    let mut ids = Vec::new();
    for client in [&guarded, &guarded, free, free] {
        ids.push(client.create(recaptcha()).await?.task_id()?);
    }
    ensure!(ids[0] == ids[1] && ids[1] != ids[2] && ids[2] != ids[3], "{ids:?}");
    let mut other = recaptcha();
    other["pageTitle"] = json!("other bytes");
    ensure!(guarded.create(other).await?.task_id()? != ids[0], "other bytes are another task");
    // A window that is over guards nothing: set short, so that the next create finds it so.
    let short = gateway.key_with(KeySettings { duplicate_window_ms: Some(1), ..KeySettings::default() }).await?;
    let first = short.solve(recaptcha()).await?.task_id()?;
    ensure!(short.create(recaptcha()).await?.task_id()? != first, "the window is over");
    gateway.finish().await
}

async fn another_body() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let first = create(&gateway.client, "k", &recaptcha()).await?.json()?;
    let mut other = recaptcha();
    other["isInvisible"] = json!(true);
    let refused = create(&gateway.client, "k", &other).await?.json()?;
    ensure!(refused["errorCode"] == "ERROR_IDEMPOTENCY_KEY_REUSED", "{refused}");
    ensure!(
        refused["errorDescription"].as_str().is_some_and(|text| text.contains(first["taskId"].as_str().unwrap_or("?")))
    );
    // Another API key's Idempotency-Keys are its own.
    let (_, stranger) = gateway.add_account("stranger", Amount::from_nanos(1_000_000_000)).await?;
    ensure!(create(&stranger, "k", &other).await?.json()?["errorId"] == 0);
    let long = create(&gateway.client, &"k".repeat(300), &recaptcha()).await?.json()?;
    ensure!(long["errorDescription"].as_str().is_some_and(|text| text.contains("Idempotency-Key")), "{long}");
    gateway.finish().await
}

async fn no_limit_for_repetitions() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    gateway.provider.hold_solutions();
    let one = gateway.key_with(KeySettings { most_open: Some(1), ..KeySettings::default() }).await?;
    let first = create(&one, "k", &recaptcha()).await?.json()?;
    let again = create(&one, "k", &recaptcha()).await?.json()?;
    ensure!(first == again && first["errorId"] == 0, "{first} {again}");
    let full = create(&one, "other", &recaptcha()).await?;
    ensure!(full.json()?["errorCode"] == "ERROR_RATE_LIMIT" && full.header("retry-after") == "1", "{full:?}");
    gateway.finish().await
}

async fn storm() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    gateway.provider.script((0..6).map(|_| Create::solved_after(2_000)));
    let mut notices = Vec::new();
    for _ in 0..6 {
        let body = json!({"clientKey": gateway.client.key, "task": recaptcha()}).to_string();
        let answer = gateway.client.raw(("POST", "/createTask"), |request| request.body(body)).await?;
        notices.push(answer.header("capstan-notice").to_owned());
    }
    ensure!(notices[..4].iter().all(String::is_empty) && notices[5].starts_with("6 identical"), "{notices:?}");
    let balance = gateway.client.call("/getBalance", json!({})).await?;
    ensure!(balance.body["notice"].as_str().is_some_and(|notice| notice.contains("identical")), "{}", balance.body);
    let metrics = gateway.client.read(&gateway.gateway.metrics_url().unwrap_or_default()).await?;
    ensure!(metrics.contains("capstan_create_storms_total 1"), "the operator's metrics");
    // Somebody who asks for the tasks in the end is no storm.
    let last = gateway.client.create(recaptcha()).await?.task_id()?;
    gateway.client.wait(&last).await?;
    let balance = gateway.client.call("/getBalance", json!({})).await?;
    ensure!(balance.body["notice"].is_null(), "{}", balance.body);
    gateway.finish().await
}
