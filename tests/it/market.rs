//! What providers publish about prices, speed and load, and what routing makes of it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::ProviderId;
use capstan_domain::route::{Pool, Published};
use capstan_server::clock;
use capstan_server::operate::Verb;
use capstan_server::settings::Limits;
use capstan_server::statistics::FamilyPlace;
use capstan_simulator::{
    Behaviour, Create, Family, KeySettings, Published as Says, Settings, Simulator, Usd, WireFormat,
};
use capstan_tests::client::recaptcha;
use capstan_tests::gateway::{Guest, Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use url::Url;

use crate::refunds::until;
use crate::routing::{COMMUNITY, PLATFORM, both_pools, keys_used};

const ELSEWHERE: &str = "CAP-0123456789ABCDEF0123456789ABCDEF";

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(
            "market: a provider that publishes that nobody is idle is tried last, and first again when somebody is",
            nobody_is_idle,
        ),
        test(
            "market: a contributed credential is left alone while its provider asks more than its share",
            above_the_share,
        ),
    ]
}

fn limits() -> Limits {
    Limits { market_every: Duration::from_millis(200), find_out_every: 0, ..Limits::default() }
}

/// What is known to be published by anti-captcha.
fn known(gateway: &TestGateway) -> Result<Published> {
    let family = FamilyPlace::of("recaptcha_v2").context("no such family")?;
    let snapshot = gateway.gateway.app.snapshot.load();
    let provider = snapshot.provider(&ProviderId::new("anti-captcha")?).context("no such provider")?;
    Ok(provider.market.published(family, clock::now_ms()))
}

/// Has the provider publish this, and waits until it is known.
async fn publish(gateway: &TestGateway, says: Says) -> Result<()> {
    let mut behaviour = gateway.provider.behaviour();
    behaviour.published.insert(Family::RecaptchaV2, says);
    gateway.provider.set_behaviour(behaviour)?;
    let is_known = |published: Published| {
        let price = published.price.map(|price| u64::try_from(price.nanos()).unwrap_or(0));
        let said = says.price.map(|price| u64::try_from(price.nanos()).unwrap_or(0));
        (said.is_none() || price == said) && (says.idle.is_none() || published.idle.map(u64::from) == says.idle)
    };
    until("what is published is known", async || Ok(is_known(known(gateway)?))).await
}

/// Solves a task; who solved it, and why it went there.
async fn solve(gateway: &TestGateway) -> Result<(Value, Value)> {
    let solved = gateway.client.solve(recaptcha()).await?;
    let shown = gateway.operate(Verb::TaskShow { task: solved.task_id()? }).await?;
    Ok((solved.body["provider"].clone(), shown["attempts"][0].clone()))
}

async fn nobody_is_idle() -> Result<()> {
    let behaviour = Behaviour { time_scale: 50.0, ..Behaviour::default() };
    let elsewhere = Simulator::start(Settings {
        speaks: WireFormat::Capsolver,
        keys: vec![KeySettings { key: ELSEWHERE.to_owned(), balance: Usd::dollars(10) }],
        behaviour,
        ..Settings::default()
    })
    .await?;
    let url = Url::parse(&elsewhere.url())?;
    let guest = Guest { package: "adapter-capsolver", url, key: ELSEWHERE, price: 2_500_000 };
    let gateway = TestGateway::start(Setup { limits: limits(), guests: vec![guest], ..Setup::default() }).await?;
    publish(&gateway, Says { idle: Some(0), ..Says::default() }).await?;
    let (solver, attempt) = solve(&gateway).await?;
    ensure!(solver == "CapSolver", "{attempt}");
    let last = &attempt["why"]["candidates"][1];
    ensure!(last["provider"] == "anti-captcha" && last["published"]["idle"] == 0, "{attempt}");
    // It is tried all the same where nobody else takes the task.
    elsewhere.control().script([Create::error("ERROR_SERVICE_UNAVALIABLE")]);
    let (solver, attempt) = solve(&gateway).await?;
    ensure!(solver == "Anti-Captcha", "{attempt}");
    gateway.gateway.app.reload().await?;
    ensure!(known(&gateway)?.idle == Some(0), "a reload forgets nothing");
    publish(&gateway, Says { idle: Some(3), ..Says::default() }).await?;
    let (solver, attempt) = solve(&gateway).await?;
    ensure!(solver == "Anti-Captcha" && attempt["number"] == 1, "{attempt}");
    let asked = gateway.provider.received().into_iter().filter(|r| r.path == "/getQueueStats").collect::<Vec<_>>();
    ensure!(!asked.is_empty() && asked.iter().all(|r| r.key.is_none()), "no key is lent for what is public");
    let said = gateway.client.read(&gateway.gateway.metrics_url().context("metrics are not served")?).await?;
    let counted = r#"capstan_market_looks_total{provider="anti-captcha",outcome="told"}"#;
    ensure!(said.lines().any(|line| line.starts_with(counted)), "{said}");
    gateway.finish().await
}

async fn above_the_share() -> Result<()> {
    let gateway = TestGateway::start(Setup { limits: limits(), ..both_pools() }).await?;
    // The contributor earns nine tenths of 0.0015 dollars.
    publish(&gateway, Says { price: Some(Usd::from_nanos(1_400_000)), ..Says::default() }).await?;
    let (_, attempt) = solve(&gateway).await?;
    ensure!(keys_used(&gateway) == [PLATFORM], "{:?}", keys_used(&gateway));
    ensure!(attempt["price"] == "0.002" && attempt["expectedCost"] == "0.0014", "{attempt}");
    let left = &attempt["why"]["dropped"][0];
    ensure!(left["hits"] == json!(["share-below-cost"]) && left["published"]["price"] == "0.0014", "{attempt}");
    publish(&gateway, Says { price: Some(Usd::from_nanos(1_350_000)), ..Says::default() }).await?;
    let (_, attempt) = solve(&gateway).await?;
    ensure!(keys_used(&gateway) == [PLATFORM, COMMUNITY], "{:?}", keys_used(&gateway));
    ensure!(attempt["pool"] == Pool::Community.as_str() && attempt["expectedCost"] == "0.00135", "{attempt}");
    gateway.finish().await
}
