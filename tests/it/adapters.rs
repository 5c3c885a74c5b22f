//! Adapters and what they are granted: all of this repository's are admitted, and none gets further than its operator says.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_sandbox::{Sandbox, SandboxSettings};
use capstan_server::operate::{ProviderChange, Verb};
use capstan_storage::{Granted, Provider};
use capstan_tests::client::recaptcha;
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::hostile::{KEY, Yes, guest, task};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("adapters: every one of the repository is admitted, each for a provider of its own", all_are_admitted),
        test("adapters: one whose own address has moved is left out until that is granted", a_moved_address_is_granted),
        test("adapters: one sends only to the hosts that its operator grants, of those it names", hosts_are_granted),
    ]
}

async fn all_are_admitted() -> Result<()> {
    let admitted = tokio::task::spawn_blocking(|| {
        let files = capstan::adapters::build(capstan::adapters::ADAPTERS, |_| ())?;
        let sandbox = Sandbox::start(SandboxSettings { call_budget: Duration::from_secs(1), ..Default::default() })?;
        files.iter().map(|file| Ok(sandbox.admit(&std::fs::read(file)?)?)).collect::<Result<Vec<_>>>()
    })
    .await??;
    let providers: HashSet<&str> = admitted.iter().map(|adapter| adapter.manifest().provider.as_str()).collect();
    ensure!(providers.len() == capstan::adapters::ADAPTERS.len(), "{providers:?}");
    for adapter in &admitted {
        let manifest = adapter.manifest();
        ensure!(!manifest.task_types.is_empty() && !manifest.credential.is_empty(), "{manifest:?}");
    }
    Ok(())
}

async fn hosts_are_granted() -> Result<()> {
    let provider = Yes::start().await?;
    let guests = vec![guest(&provider, 1_000_000)?];
    let setup = Setup { guests, call_budget: Duration::from_millis(200), ..Setup::default() };
    let gateway = TestGateway::start(setup).await?;
    let hosts = |hosts: &[&str]| Verb::ProviderSet {
        provider: "hostile".to_owned(),
        change: ProviderChange {
            hosts: Some(hosts.iter().map(|host| (*host).to_owned()).collect()),
            ..ProviderChange::default()
        },
    };
    let listed = async || -> Result<Value> {
        let rows = gateway.operate(Verb::ProviderList).await?;
        let rows = rows.as_array().context("no list")?;
        Ok(rows.iter().find(|row| row["provider"] == "hostile").context("it is not listed")?.clone())
    };
    let all = json!(["*.hostile.example"]);
    let row = listed().await?;
    ensure!(row["granted"]["hosts"] == json!([]) && row["notGranted"] == all, "{row}");
    for (asked, why) in [("other.example", "names *.hostile.example"), ("hostile.example", "names *.hostile.example")] {
        let refused = gateway.operate(hosts(&[asked])).await;
        ensure!(refused.as_ref().is_err_and(|error| error.to_string().contains(why)), "{asked}: {refused:?}");
    }
    gateway.operate(hosts(&["files.hostile.example"])).await?;
    let row = listed().await?;
    ensure!(row["granted"]["hosts"] == json!(["files.hostile.example"]), "{row}");
    ensure!(row["notGranted"] == all, "{row}");

    let foreign = std::net::TcpListener::bind("127.0.0.1:0")?;
    let body = json!({"task": task("own-host", foreign.local_addr()?), "provider": "hostile"});
    let refused = gateway.client.call("/createTask", body).await?;
    ensure!(refused.description().contains("refused-host"), "{refused:?}");
    ensure!(provider.heard().is_empty() && !refused.description().contains(KEY), "{:?}", provider.heard());
    gateway.operate(hosts(&["manifest"])).await?;
    let row = listed().await?;
    ensure!(row["granted"]["hosts"] == all && row["notGranted"] == json!([]), "{row}");
    gateway.finish().await
}

async fn a_moved_address_is_granted() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let store = &gateway.gateway.app.store;
    let set_up = store.list_providers().await?.into_iter().next().context("no provider")?;
    ensure!(gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    // As if an earlier version of the adapter had been set up, with an address of its own that was another one.
    let granted = Granted { base_url: "https://before.example".to_owned(), hosts: Vec::new() };
    let moved = Provider { base_url: None, loopback: false, time_scale: 1, granted: Some(granted), ..set_up.clone() };
    store.upsert_provider(moved).await?;
    gateway.gateway.app.reload().await?;
    ensure!(gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE", "it is used");
    let row = gateway.operate(Verb::ProviderList).await?[0].clone();
    ensure!(row["granted"]["baseUrl"] == "https://before.example", "{row}");
    ensure!(row["notGranted"][0].as_str().is_some_and(|url| url.contains("api.anti-captcha.com")), "{row}");
    // As if there had been no grants yet: what the adapter names is granted at the start.
    let store = &gateway.gateway.app.store;
    store.upsert_provider(Provider { granted: None, ..set_up }).await?;
    let gateway = gateway.restart(Return::default()).await?;
    ensure!(gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    let row = gateway.operate(Verb::ProviderList).await?[0].clone();
    ensure!(row["granted"]["baseUrl"].as_str().is_some_and(|url| url.contains("api.anti-captcha.com")), "{row}");
    gateway.finish().await
}
