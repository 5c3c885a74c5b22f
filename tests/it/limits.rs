//! Limits as people see them: the headers beside the error, and guessers who hurt nobody else.

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_server::door::address::ProxyTrust;
use capstan_server::settings::Limits;
use capstan_storage::KeySettings;
use capstan_tests::client::{Client, Raw, recaptcha};
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("limits: what is left and when to come again is in the headers", headers),
        test("limits: a result can be read as often at once as the greediest client library does", greedy_reads),
        test("limits: a daily cap says when the next day begins", daily_cap),
        test("limits: a guesser behind the customers' proxy hurts no customer", guessers),
        test("limits: a revoked key is nobody's guess", a_revoked_key),
    ]
}

async fn a_revoked_key() -> Result<()> {
    let limits = Limits { guesses_per_minute: 5.try_into()?, ..Limits::default() };
    let gateway = TestGateway::start(Setup { limits, ..Setup::default() }).await?;
    let store = &gateway.gateway.app.store;
    let revoked = gateway.key_with(KeySettings { label: "revoked".to_owned(), ..KeySettings::default() }).await?;
    let keys = store.list_api_keys(Some(gateway.account)).await?;
    let key = keys.iter().find(|key| key.settings.label == "revoked").context("the key is gone")?;
    store.revoke_api_key(key.id).await?;
    for _ in 0..20 {
        let answer = revoked.call("/getBalance", json!({})).await?;
        ensure!(answer.code() == "ERROR_KEY_DOES_NOT_EXIST", "{}", answer.body);
    }
    let fresh = gateway.key_with(KeySettings::default()).await?;
    ensure!(fresh.call("/getBalance", json!({})).await?.body["errorId"] == 0, "a new key from the same address");
    gateway.finish().await
}

async fn post(client: &Client, path: &str, mut body: serde_json::Value) -> Result<Raw> {
    body["clientKey"] = json!(client.key);
    client.raw(("POST", path), |request| request.body(body.to_string())).await
}

async fn headers() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let slow = gateway.key_with(KeySettings { rate_per_s: Some(1), ..KeySettings::default() }).await?;
    let first = post(&slow, "/createTask", json!({"task": recaptcha()})).await?;
    ensure!((first.header("ratelimit-limit"), first.header("ratelimit-remaining")) == ("2", "1"), "{first:?}");
    ensure!(first.header("ratelimit-reset") == "1" && first.header("retry-after").is_empty(), "{first:?}");
    let id = first.json()?["taskId"].clone();
    let polled = post(&slow, "/getTaskResult", json!({"taskId": id})).await?;
    ensure!(polled.header("ratelimit-limit") == "40", "polls have a limit of their own: {polled:?}");
    let mut last = first;
    for _ in 0..3 {
        last = post(&slow, "/getBalance", json!({})).await?;
    }
    ensure!(last.json()?["errorCode"] == "ERROR_RATE_LIMIT" && last.status == 200, "{last:?}");
    ensure!((last.header("retry-after"), last.header("ratelimit-remaining")) == ("1", "0"), "{last:?}");
    gateway.finish().await
}

/// python3-anticaptcha asks 29 times, after the answer is there without a pause, and takes the last answer for the result.
async fn greedy_reads() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let id = gateway.client.solve(recaptcha()).await?.task_id()?;
    let read = futures_util::future::try_join_all((0..29).map(|_| gateway.client.result(&id))).await?;
    let refused = read.iter().find(|answer| answer.body["status"] != "ready");
    ensure!(refused.is_none(), "{refused:?}");
    gateway.finish().await
}

async fn daily_cap() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let capped = KeySettings { daily_cap: Some(Amount::from_nanos(1_000)), ..KeySettings::default() };
    let capped = gateway.key_with(capped).await?;
    let refused = post(&capped, "/createTask", json!({"task": recaptcha()})).await?;
    ensure!(refused.json()?["errorCode"] == "ERROR_DAILY_LIMIT", "{refused:?}");
    let seconds: u64 = refused.header("retry-after").parse()?;
    ensure!((1..=86_400).contains(&seconds), "{seconds}");
    gateway.finish().await
}

async fn guessers() -> Result<()> {
    let proxy = ProxyTrust { trusted: vec!["127.0.0.1".parse()?], ..ProxyTrust::default() };
    let limits = Limits { guesses_per_minute: 10.try_into()?, ..Limits::default() };
    let gateway = TestGateway::start(Setup { limits, proxy, ..Setup::default() }).await?;
    let ask = |key: String, from: &'static str| {
        let body = json!({"clientKey": key}).to_string();
        let client = gateway.client.clone();
        async move { client.raw(("POST", "/getBalance"), |r| r.header("x-forwarded-for", from).body(body)).await?.json() }
    };
    let good = gateway.client.key.clone();
    ensure!(ask(good.clone(), "198.51.100.7").await?["errorId"] == 0);
    let (before, mut seen) = (gateway.provider.stats().requests, Vec::new());
    for guess in 0..20 {
        seen.push(ask(format!("cap_guess{guess}"), "198.51.100.7").await?["errorCode"].clone());
    }
    ensure!(seen[0] == "ERROR_KEY_DOES_NOT_EXIST" && seen[19] == "ERROR_RATE_LIMIT", "{seen:?}");
    ensure!(ask(good.clone(), "198.51.100.8").await?["errorId"] == 0, "another client behind the same proxy");
    ensure!(ask(good, "198.51.100.7").await?["errorId"] == 0, "a customer at the guesser's own address");
    ensure!(gateway.provider.stats().requests == before, "a provider was asked");
    gateway.finish().await
}
