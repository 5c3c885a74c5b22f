//! Balances at providers are looked at and held against the books, with an alarm when more is gone.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::reconcile::Verdict;
use capstan_server::settings::Limits;
use capstan_simulator::Usd;
use capstan_storage::BalanceLook;
use capstan_tests::client::recaptcha;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("balances: what is gone at a provider is held against the books, and more of it is an alarm", looks)]
}

async fn looks() -> Result<()> {
    let limits = Limits { balance_check_every: Duration::from_millis(300), ..Limits::default() };
    let gateway = TestGateway::start(Setup { limits, ..Setup::default() }).await?;
    let first = until(&gateway, |_| true).await?;
    for _ in 0..3 {
        ensure!(gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    }
    let agrees = until(&gateway, |look| look.at_ms > first.at_ms && look.verdict == Verdict::Agrees).await?;
    // Somebody else spends five dollars with the same key.
    gateway.provider.set_key("provider-key-of-the-platform", Usd::dollars(5));
    let more = until(&gateway, |look| look.at_ms > agrees.at_ms && look.verdict != Verdict::Agrees).await?;
    ensure!(more.verdict == Verdict::More, "{more:?}");
    let (spent, booked) = more.since.context("it is not the first look")?;
    ensure!(spent > booked, "{more:?}");
    let url = gateway.gateway.metrics_url().context("metrics are not served")?;
    let said = gateway.client.read(&url).await?;
    let counted = r#"capstan_balance_looks_total{provider="anti-captcha",verdict="more"}"#;
    ensure!(said.lines().any(|line| line.starts_with(counted)), "{said}");
    gateway.finish().await
}

/// The newest look, when it is so.
async fn until(gateway: &TestGateway, is_so: impl Fn(&BalanceLook) -> bool) -> Result<BalanceLook> {
    let looking = async {
        loop {
            let looks = gateway.gateway.app.store.list_balance_looks().await?;
            if let Some(look) = looks.into_iter().next().filter(&is_so) {
                return anyhow::Ok(look);
            }
            // A database does not tell who reads it that there is more.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.context("it never was so")?
}
