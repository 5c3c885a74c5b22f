//! One gateway as the provider of another.

use anyhow::{Context as _, Result, ensure};
use capstan_domain::route::Pool;
use capstan_tests::client::recaptcha;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;
use url::Url;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("chained: a task goes through two gateways and comes back with what it cost", a_task_goes_through),
        test("chained: what the gateway behind refuses is told by its own code", a_refusal_comes_back),
    ]
}

/// A gateway, and one in front of it whose only provider it is.
async fn two(behind: Setup) -> Result<(TestGateway, TestGateway)> {
    let behind = TestGateway::start(behind).await?;
    let key: &'static str = behind.client.key.clone().leak();
    let front = TestGateway::start(Setup {
        package: "adapter-capstan",
        provider_url: Some(Url::parse(&behind.gateway.url())?),
        credentials: vec![(key, Pool::Platform)],
        platform_price: 5_000_000,
        ..Setup::default()
    });
    Ok((front.await?, behind))
}

async fn a_task_goes_through() -> Result<()> {
    let (front, behind) = two(Setup::default()).await?;
    let before = behind.client.balance().await?;
    let solved = front.client.solve(recaptcha()).await?;
    ensure!(solved.body["status"] == "ready" && solved.body["provider"] == "Capstan", "{solved:?}");
    ensure!(solved.body["solution"]["gRecaptchaResponse"] == solved.body["solution"]["token"], "{solved:?}");
    ensure!(solved.body["cost"] == 0.005, "{solved:?}");
    let spent = before - behind.client.balance().await?;
    ensure!((spent - 0.002).abs() < 1e-9, "{spent}");
    ensure!(behind.provider.stats().creates == 1, "{:?}", behind.provider.stats());
    // The report goes to the gateway behind, too.
    let task = solved.body["taskId"].as_str().context("no id")?;
    let report = front.client.call("/reportCorrect", json!({"taskId": task})).await?;
    ensure!(report.body["status"] == "success", "{report:?}");
    front.finish().await?;
    behind.finish().await
}

async fn a_refusal_comes_back() -> Result<()> {
    let (front, behind) = two(Setup { denied_sites: vec!["example.com"], ..Setup::default() }).await?;
    let mut task = recaptcha();
    task["websiteURL"] = json!("https://www.example.com/login");
    let refused = front.client.create(task).await?;
    ensure!(refused.description().contains("DOMAIN_BANNED"), "{refused:?}");
    ensure!(behind.provider.stats().creates == 0, "{:?}", behind.provider.stats());
    front.finish().await?;
    behind.finish().await
}
