//! Where tasks go: price order, pools, forced providers, fallback only when a candidate surely did not take the task.

use anyhow::{Result, ensure};
use capstan_domain::route::Pool;
use capstan_simulator::Create;
use capstan_tests::client::recaptcha;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

const PLATFORM: &str = "provider-key-of-the-platform";
const COMMUNITY: &str = "contributed-key-of-a-member";

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("routing: the cheaper candidate is tried first, the other when it has no slot", falls_back_when_refused),
        test("routing: platformOnly never meets a community credential", platform_only_is_kept),
        test("routing: a task with secrets stays on platform credentials unless all is asked for", secrets_stay_home),
        test("routing: what the client did wrong is tried once", invalid_tasks_are_tried_once),
        test("routing: a proxy goes where proxies are taken, and is ignored on ProxyLess types", proxies_are_routed),
        test("routing: each attempt says why it was made", attempts_are_explained),
    ]
}

fn both_pools() -> Setup {
    Setup { credentials: vec![(PLATFORM, Pool::Platform), (COMMUNITY, Pool::Community)], ..Setup::default() }
}

/// The keys of the creates that the provider received, in order.
fn keys_used(gateway: &TestGateway) -> Vec<String> {
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
    let task = capstan_domain::TaskId(solved.task_id()?.parse()?);
    let attempts = gateway.gateway.app.store.list_attempts(task).await?;
    ensure!(attempts.len() == 2, "{} attempts", attempts.len());
    for (rank, attempt) in attempts.iter().enumerate() {
        let why: Value = serde_json::from_str(&attempt.explanation)?;
        ensure!(why["rank"] == rank && why["candidates"].as_array().map(Vec::len) == Some(2), "{why}");
    }
    gateway.finish().await
}
