//! Where tasks go: the four modes, pools and their ceilings, forced providers, fallback only when a candidate surely did not
//! take the task.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::route::Pool;
use capstan_domain::{Amount, TaskId};
use capstan_server::operate::Verb;
use capstan_server::settings::Limits;
use capstan_simulator::{Create, Outcome};
use capstan_storage::{Attempt, Change, CredentialStatus, NewAudit};
use capstan_tests::client::{Answer, recaptcha};
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) const PLATFORM: &str = "provider-key-of-the-platform";
pub(crate) const COMMUNITY: &str = "contributed-key-of-a-member";

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("routing: the cheaper candidate is tried first, the other when it has no slot", falls_back_when_refused),
        test("routing: platformOnly never meets a community credential", platform_only_is_kept),
        test("routing: a task with secrets stays on platform credentials unless all is asked for", secrets_stay_home),
        test("routing: what the client did wrong is tried once", invalid_tasks_are_tried_once),
        test("routing: a proxy goes where proxies are taken, and is ignored on ProxyLess types", proxies_are_routed),
        test("routing: each attempt says why it was made", attempts_are_explained),
        test("routing: a client is told why its task went where it went, and nothing of others", told_to_its_client),
        test("routing: where nothing is known every mode takes the cheapest", modes_begin_with_the_price),
        test("routing: autoFastest follows the times that were seen, over a reload too", fastest_follows_times),
        test("routing: autoMostReliable leaves who fails, refuses or never answers", reliable_follows_success),
        test("routing: what the client did wrong says nothing about the provider", client_mistakes_do_not_count),
        test("routing: a candidate that the balance affords is tried, wherever it stands", the_affordable_is_tried),
        test("routing: the operator's ceilings hold whatever is asked for, and are named", ceilings_hold),
        test("routing: what an operator does through another node is followed", other_nodes_are_followed),
        test("routing: what is out of use gets no task, not even one on its way to it", out_of_use_gets_nothing),
        test("routing: a forced provider obeys the pool and falls nowhere", forced_obeys_the_pool),
        test("routing: a refusal tells reasons together that belong together", refusals_name_every_reason),
    ]
}

/// A change as another node makes it: in the database, and nothing is said here.
async fn change_elsewhere(gateway: &TestGateway, change: Change) -> Result<()> {
    let line = NewAudit {
        id: capstan_server::clock::new_uuid(),
        at_ms: capstan_server::clock::now_ms(),
        actor: "another node".to_owned(),
        action: "test".to_owned(),
        target: "test".to_owned(),
        detail: "{}".to_owned(),
    };
    let applied = gateway.gateway.app.store.apply(change, line).await?;
    applied.map(drop).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))
}

async fn other_nodes_are_followed() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    let change = Change::PutSwitch { name: "pool".to_owned(), value: Some("platformOnly".to_owned()) };
    change_elsewhere(&gateway, change).await?;
    let app = &gateway.gateway.app;
    let followed = async {
        while app.snapshot.load().switches.pool.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), followed).await.context("it was not followed")?;
    gateway.client.solve(recaptcha()).await?;
    ensure!(keys_used(&gateway) == [PLATFORM], "{:?}", keys_used(&gateway));
    gateway.finish().await
}

/// The contributed key is first on the route and refuses slowly; the platform's is disabled meanwhile.
async fn out_of_use_gets_nothing() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    gateway.provider.script([Create::error("ERROR_NO_SLOT_AVAILABLE")]);
    gateway.provider.hold_creates();
    let (created, disabled) = futures_util::join!(gateway.client.create(recaptcha()), async {
        gateway.provider.until(|stats| stats.creates == 1).await;
        let app = &gateway.gateway.app;
        let listed = app.store.list_credentials().await?;
        let platform = listed.iter().find(|c| c.pool == Pool::Platform).context("no platform credential")?;
        app.store.set_credential_status(platform.id, CredentialStatus::Disabled).await?;
        app.reload().await?;
        gateway.provider.release_creates();
        anyhow::Ok(())
    });
    disabled?;
    ensure!(created?.code() == "NO_PROVIDERS_AVAILABLE");
    ensure!(keys_used(&gateway) == [COMMUNITY], "{:?}", keys_used(&gateway));
    gateway.finish().await
}

pub(crate) fn both_pools() -> Setup {
    // Nothing is left to a draw: these are about one task's way.
    let limits = Limits { find_out_every: 0, ..Limits::default() };
    Setup { credentials: vec![(PLATFORM, Pool::Platform), (COMMUNITY, Pool::Community)], limits, ..Setup::default() }
}

/// The keys of the creates that the provider received, in order.
pub(crate) fn keys_used(gateway: &TestGateway) -> Vec<String> {
    let creates = gateway.provider.received().into_iter().filter(|r| r.path == "/createTask");
    creates.filter_map(|r| r.key).collect()
}

async fn falls_back_when_refused() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    gateway.provider.script([Create::error("ERROR_NO_SLOT_AVAILABLE")]);
    let solved = gateway.client.solve(recaptcha()).await?;
    ensure!(solved.body["status"] == "ready" && solved.body["cost"] == 0.002, "{solved:?}");
    ensure!(keys_used(&gateway) == [COMMUNITY, PLATFORM], "{:?}", keys_used(&gateway));
    ensure!(
        gateway.client.balance().await? == 9.998,
        "the difference between the dearest candidate and the price is returned"
    );
    gateway.finish().await
}

async fn platform_only_is_kept() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    gateway.provider.script([Create::error("ERROR_NO_SLOT_AVAILABLE")]);
    let refused =
        gateway.client.call("/createTask", json!({"task": recaptcha(), "keyPoolMode": "platformOnly"})).await?;
    ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE", "{refused:?}");
    ensure!(keys_used(&gateway) == [PLATFORM], "{:?}", keys_used(&gateway));
    gateway.finish().await
}

async fn secrets_stay_home() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    let mut task = recaptcha();
    task["type"] = json!("ReCaptchaV2Token");
    task["proxy"] = json!("http://me:secret@198.51.100.7:8080");
    task["cookies"] = json!("session=1");
    ensure!(gateway.client.solve(task.clone()).await?.body["status"] == "ready");
    ensure!(keys_used(&gateway) == [PLATFORM], "{:?}", keys_used(&gateway));
    let created = gateway.client.call("/createTask", json!({"task": task, "keyPoolMode": "all"})).await?;
    gateway.client.wait(&created.task_id()?).await?;
    ensure!(keys_used(&gateway) == [PLATFORM, COMMUNITY], "{:?}", keys_used(&gateway));
    gateway.finish().await
}

async fn invalid_tasks_are_tried_once() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    gateway.provider.script([Create::error("ERROR_RECAPTCHA_INVALID_SITEKEY")]);
    ensure!(gateway.client.create(recaptcha()).await?.code() == "INVALID_TASK_DATA");
    ensure!(keys_used(&gateway).len() == 1, "{:?}", keys_used(&gateway));
    gateway.finish().await
}

async fn proxies_are_routed() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let mut task = recaptcha();
    task["proxy"] = json!("http://me:secret@198.51.100.7:8080");
    gateway.client.solve(task.clone()).await?;
    task["type"] = json!("ReCaptchaV2Token");
    let solved = gateway.client.solve(task.clone()).await?;
    ensure!(solved.body["taskType"] == "ReCaptchaV2Token", "{solved:?}");
    let sent: Vec<Value> = gateway.provider.received().iter().filter_map(|r| r.task_json()).collect();
    ensure!(sent[0].get("proxyAddress").is_none() && sent[1]["proxyAddress"] == "198.51.100.7", "{sent:?}");
    ensure!(sent[1]["proxyPort"] == 8080 && sent[1]["proxyPassword"] == "secret", "{sent:?}");
    task["type"] = json!("RecaptchaV3Task");
    let refused = gateway.client.create(task).await?;
    ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE" && refused.description().contains("proxy"), "{refused:?}");
    gateway.finish().await
}

async fn attempts_are_explained() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    gateway.provider.script([Create::error("ERROR_NO_SLOT_AVAILABLE")]);
    let solved = gateway.client.solve(recaptcha()).await?;
    let attempts = attempts(&gateway, &solved).await?;
    ensure!(attempts.len() == 2, "{} attempts", attempts.len());
    for (rank, (attempt, why)) in attempts.iter().enumerate() {
        ensure!(why["rank"] == rank && why["candidates"].as_array().map(Vec::len) == Some(2), "{why}");
        ensure!(why["chosen"] == why["candidates"][rank], "{why}");
        ensure!(why["chosen"]["credential"] == attempt.candidate.credential.to_string(), "{why}");
        let order = why["order"].as_str().unwrap_or_default();
        ensure!(why["mode"] == "autoCheapest" && order.starts_with("lowest price first"), "{why}");
        ensure!(why["chosen"]["price"] == attempt.candidate.terms.price.to_string(), "{why}");
        ensure!(why["pool"] == "all" && why["poolCeiling"].is_null(), "{why}");
    }
    gateway.finish().await
}

async fn told_to_its_client() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    gateway.provider.script([Create::error("ERROR_NO_SLOT_AVAILABLE")]);
    let solved = gateway.client.solve(recaptcha()).await?;
    let ask = json!({"taskId": solved.task_id()?});
    let told = gateway.client.call("/getTaskRoute", ask.clone()).await?.body;
    let [refused, taken] = [&told["attempts"][0], &told["attempts"][1]];
    ensure!(told["errorId"] == 0 && told["mode"] == "autoCheapest" && told["pool"] == "all", "{told}");
    ensure!(refused["pool"] == "community" && refused["state"] == "refused" && refused["price"] == "0.0015", "{told}");
    ensure!(refused["fault"] == json!({"class": "no-capacity", "code": "ERROR_NO_SLOT_AVAILABLE"}), "{told}");
    ensure!(taken["pool"] == "platform" && taken["state"] == "solved" && taken["fault"].is_null(), "{told}");
    ensure!(taken["why"]["rank"] == 1 && taken["why"]["considered"].as_array().map(Vec::len) == Some(2), "{told}");
    for credential in gateway.gateway.app.store.list_credentials().await? {
        ensure!(!told.to_string().contains(&credential.id.to_string()), "{told}");
    }
    let (_, stranger) = gateway.add_account("a stranger", Amount::ZERO).await?;
    let refused = stranger.call("/getTaskRoute", ask).await?;
    ensure!(refused.code() == "ERROR_TASK_NOT_FOUND", "{refused:?}");
    gateway.finish().await
}

/// The attempts of a task, each with its explanation.
async fn attempts(gateway: &TestGateway, answer: &Answer) -> Result<Vec<(Attempt, Value)>> {
    let task = TaskId(answer.task_id()?.parse()?);
    let attempts = gateway.gateway.app.store.list_attempts(task).await?;
    let explained = |attempt: Attempt| serde_json::from_str(&attempt.explanation).map(|why| (attempt, why));
    attempts.into_iter().map(|attempt| Ok(explained(attempt)?)).collect()
}

/// Creates a task with these options and waits for its end.
pub(crate) async fn solve_with(gateway: &TestGateway, mut options: Value) -> Result<Answer> {
    options["task"] = recaptcha();
    let created = gateway.client.call("/createTask", options).await?;
    gateway.client.wait(&created.task_id()?).await
}

/// The key that a task with these options goes to first.
async fn first_key(gateway: &TestGateway, options: Value) -> Result<String> {
    let before = keys_used(gateway).len();
    solve_with(gateway, options).await?;
    keys_used(gateway).get(before).cloned().context("no create was received")
}

async fn modes_begin_with_the_price() -> Result<()> {
    for mode in ["autoCheapest", "autoFastest", "autoMostReliable", "priority"] {
        let gateway = TestGateway::start(both_pools()).await?;
        let first = first_key(&gateway, json!({"selectionMode": mode})).await?;
        ensure!(first == COMMUNITY, "{mode}: {first}");
        gateway.finish().await?;
    }
    Ok(())
}

async fn fastest_follows_times() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    // Simulated milliseconds; fifty of them pass in one of the gateway's.
    gateway.provider.script([Create::solved_after(30_000), Create::solved_after(5_000)]);
    ensure!(first_key(&gateway, json!({})).await? == COMMUNITY);
    ensure!(first_key(&gateway, json!({"keyPoolMode": "platformOnly"})).await? == PLATFORM);
    ensure!(first_key(&gateway, json!({"selectionMode": "autoFastest"})).await? == PLATFORM);
    gateway.gateway.app.reload().await?;
    let solved = solve_with(&gateway, json!({"selectionMode": "autoFastest"})).await?;
    ensure!(keys_used(&gateway).last().is_some_and(|key| key == PLATFORM), "{:?}", keys_used(&gateway));
    let (_, why) = attempts(&gateway, &solved).await?.into_iter().next().context("no attempt")?;
    let [first, second] = [&why["candidates"][0], &why["candidates"][1]];
    ensure!(first["seconds"].as_f64() < second["seconds"].as_f64(), "{why}");
    ensure!(first["samples"] == 2.0 && second["samples"] == 1.0 && first["providerSamples"] == 3.0, "{why}");
    ensure!(first_key(&gateway, json!({"selectionMode": "autoCheapest"})).await? == COMMUNITY);
    gateway.finish().await
}

async fn reliable_follows_success() -> Result<()> {
    let gives_up =
        Create::Accept { solve_after_ms: 5_000, outcome: Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned()) };
    let never_answers = Create::Accept { solve_after_ms: 5_000, outcome: Outcome::Never };
    for failure in [gives_up, never_answers, Create::error("ERROR_NO_SLOT_AVAILABLE")] {
        let limits = Limits { task_deadline: Duration::from_secs(2), ..both_pools().limits };
        let gateway = TestGateway::start(Setup { limits, ..both_pools() }).await?;
        gateway.provider.script([failure.clone()]);
        ensure!(first_key(&gateway, json!({"selectionMode": "autoMostReliable"})).await? == COMMUNITY, "{failure:?}");
        ensure!(first_key(&gateway, json!({"selectionMode": "autoMostReliable"})).await? == PLATFORM, "{failure:?}");
        ensure!(first_key(&gateway, json!({"selectionMode": "autoCheapest"})).await? == COMMUNITY, "{failure:?}");
        gateway.finish().await?;
    }
    Ok(())
}

async fn client_mistakes_do_not_count() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    gateway.provider.script([Create::error("ERROR_RECAPTCHA_INVALID_SITEKEY")]);
    ensure!(gateway.client.create(recaptcha()).await?.code() == "INVALID_TASK_DATA");
    let solved = solve_with(&gateway, json!({"selectionMode": "autoMostReliable"})).await?;
    ensure!(keys_used(&gateway) == [COMMUNITY, COMMUNITY], "{:?}", keys_used(&gateway));
    let (_, why) = attempts(&gateway, &solved).await?.into_iter().next().context("no attempt")?;
    ensure!(why["chosen"]["samples"] == 0.0 && why["chosen"]["providerSamples"] == 0.0, "{why}");
    gateway.finish().await
}

async fn the_affordable_is_tried() -> Result<()> {
    let limits = Limits { max_attempts: 1, ..both_pools().limits };
    let balance = Amount::from_nanos(1_600_000);
    let gateway = TestGateway::start(Setup { limits, balance, ..both_pools() }).await?;
    gateway.provider.script([Create::Accept {
        solve_after_ms: 5_000,
        outcome: Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned()),
    }]);
    solve_with(&gateway, json!({})).await?;
    let solved = solve_with(&gateway, json!({"selectionMode": "autoMostReliable"})).await?;
    ensure!(solved.body["status"] == "ready", "{solved:?}");
    let (_, why) = attempts(&gateway, &solved).await?.into_iter().next().context("no attempt")?;
    ensure!(why["rank"] == 1 && why["chosen"]["pool"] == "community", "the first is too dear: {why}");
    gateway.finish().await
}

/// Sets the widest pool of all tasks, or with a family of its own.
async fn set_pool(gateway: &TestGateway, family: Option<&str>, pool: &str) -> Result<()> {
    let change = match family {
        None => Verb::RoutingSet { pool: Some(pool.to_owned()), family_pools: BTreeMap::new(), priority: None },
        Some(family) => {
            let family_pools = [(family.to_owned(), pool.to_owned())].into();
            Verb::RoutingSet { pool: None, family_pools, priority: None }
        }
    };
    gateway.operate(change).await.map(drop)
}

async fn ceilings_hold() -> Result<()> {
    let gateway = TestGateway::start(both_pools()).await?;
    for (family, ceiling) in [(None, "gateway"), (Some("recaptcha_v2"), "task-type")] {
        set_pool(&gateway, family, "platformOnly").await?;
        let solved = solve_with(&gateway, json!({"keyPoolMode": "all"})).await?;
        let (_, why) = attempts(&gateway, &solved).await?.into_iter().next().context("no attempt")?;
        ensure!(why["pool"] == "platformOnly" && why["poolAsked"] == "all" && why["poolCeiling"] == ceiling, "{why}");
        ensure!(why["dropped"][0]["hits"] == json!(["pool"]), "{why}");
        set_pool(&gateway, family, "none").await?;
    }
    ensure!(keys_used(&gateway) == [PLATFORM, PLATFORM], "{:?}", keys_used(&gateway));
    ensure!(first_key(&gateway, json!({"keyPoolMode": "all"})).await? == COMMUNITY);
    gateway.finish().await
}

async fn forced_obeys_the_pool() -> Result<()> {
    let gateway =
        TestGateway::start(Setup { credentials: vec![(COMMUNITY, Pool::Community)], ..Setup::default() }).await?;
    let mut ask = json!({"task": recaptcha(), "provider": "AntiCaptcha", "keyPoolMode": "platformOnly"});
    let refused = gateway.client.call("/createTask", ask.clone()).await?;
    ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE" && refused.description().contains("keyPoolMode"), "{refused:?}");
    set_pool(&gateway, None, "platformOnly").await?;
    ask["keyPoolMode"] = json!("all");
    let refused = gateway.client.call("/createTask", ask.clone()).await?;
    ensure!(refused.description().contains("closed for the whole gateway"), "{refused:?}");
    set_pool(&gateway, None, "none").await?;
    let refused = gateway.client.call("/createTask", json!({"task": recaptcha(), "provider": "nobody"})).await?;
    ensure!(refused.description().contains("name one of anti-captcha"), "{refused:?}");
    ensure!(keys_used(&gateway).is_empty(), "{:?}", keys_used(&gateway));
    let created = gateway.client.call("/createTask", ask).await?;
    ensure!(gateway.client.wait(&created.task_id()?).await?.body["status"] == "ready");
    gateway.finish().await
}

async fn refusals_name_every_reason() -> Result<()> {
    let gateway =
        TestGateway::start(Setup { credentials: vec![(COMMUNITY, Pool::Community)], ..Setup::default() }).await?;
    let mut task = recaptcha();
    task["type"] = json!("RecaptchaV3Task");
    task["proxy"] = json!("http://198.51.100.7:8080");
    let refused = gateway.client.call("/createTask", json!({"task": task, "keyPoolMode": "platformOnly"})).await?;
    let told = refused.description();
    ensure!(told.contains("use its ProxyLess name; and there are community credentials only"), "{refused:?}");
    gateway.finish().await
}
