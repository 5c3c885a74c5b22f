//! One key, one owner: who can prove to own a credential that somebody else has contributed gets it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_server::operate::{Asked, ExchangeVerb, Operator, Verb};
use capstan_server::settings::Limits;
use capstan_tests::client::recaptcha;
use capstan_tests::contributor::contribution;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::{KEY, empty, lent};
use crate::refunds::until;

pub(super) fn tests() -> Vec<Trial> {
    vec![
        test("exchange: the true owner of a key evicts who contributed it, whose earnings wait", evicted),
        test("exchange: a claim without the key, or refused, changes nothing", refused),
    ]
}

/// Nine tenths of a task's price.
fn share() -> Amount {
    Amount::from_nanos(1_350_000)
}

async fn decide(gateway: &TestGateway, exchange: ExchangeVerb) -> Result<Value> {
    let operator = Operator::running(&gateway.gateway.app)?;
    let asked = Asked { verb: Verb::Exchange { exchange }, reason: Some("could change the account".to_owned()) };
    operator.perform("test", asked).await.map_err(|error| anyhow::anyhow!(error.told()))
}

fn claim(key: &str) -> Value {
    json!({"provider": "anti-captcha", "fields": {"key": key}, "evidence": "I have put capstan-1 into the account's note."})
}

async fn evicted() -> Result<()> {
    let limits = Limits { dispute_window: Duration::from_secs(2), ..Limits::default() };
    let lent = lent(Setup { limits, ..empty() }, json!({})).await?;
    lent.gateway.provider.hold_solutions();
    let open = lent.gateway.client.create(recaptcha()).await?.task_id()?;
    let (bob_account, bob) = lent.gateway.add_contributor("Bob").await?;
    let said = bob.ask("POST", "/credentials", Some(&contribution(KEY, json!({})))).await?;
    ensure!(said.status == 409 && said.code() == "CREDENTIAL_KNOWN", "{said:?}");
    ensure!(!said.body.to_string().contains(&lent.credential), "whose it is now is not told: {said:?}");
    let filed = bob.post("/claims", &claim(KEY)).await?;
    ensure!(bob.post("/claims", &claim(KEY)).await?["claim"] == filed["claim"], "one claim is open at a time");
    let claims = decide(&lent.gateway, ExchangeVerb::Claims).await?;
    ensure!(claims[0]["claimantName"] == "Bob" && claims[0]["holderName"] == "Ada", "{claims}");

    let id = filed["claim"].as_str().context("no claim")?.to_owned();
    decide(&lent.gateway, ExchangeVerb::Decide { claim: id, grant: true }).await?;
    let refused = lent.gateway.client.create(recaptcha()).await?;
    ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE", "use stops at once: {refused:?}");
    let credential = lent.ada.credential(&lent.credential).await?;
    ensure!(credential["status"] == "withdrawn" && credential["earningsHeld"] == true, "{credential}");
    let bobs = bob.lend(KEY, json!({})).await?;
    ensure!(bob.credential(&bobs).await?["status"] == "active", "the owner lends it at once");

    // The task that was open ends with the key it began with, and what it has earned does not mature.
    lent.gateway.provider.release_solutions();
    ensure!(lent.gateway.client.wait(&open).await?.body["status"] == "ready");
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready", "with Bob's");
    let store = &lent.gateway.gateway.app.store;
    until("Bob's does not mature", async || Ok(store.earnings(bob_account).await?.available == share())).await?;
    let adas = lent.ada.get("/earnings").await?;
    ensure!(adas["pending"] == "0.00135" && adas["available"] == "0.00", "older, and held: {adas}");
    until("Ada's is not destroyed", async || lent.is_destroyed().await).await?;

    let taken = decide(&lent.gateway, ExchangeVerb::TakeBackEarnings { credential: lent.credential.clone() }).await?;
    ensure!(taken["shares"] == 1 && taken["takenBack"] == "0.00135", "{taken}");
    ensure!(lent.ada.get("/earnings").await?["pending"] == "0.00");
    lent.gateway.finish().await
}

async fn refused() -> Result<()> {
    let limits = Limits { dispute_window: Duration::ZERO, ..Limits::default() };
    let lent = lent(Setup { limits, ..empty() }, json!({})).await?;
    let (_, bob) = lent.gateway.add_contributor("Bob").await?;
    let said = bob.ask("POST", "/claims", Some(&claim("some-other-key-that-nobody-has"))).await?;
    ensure!(said.status == 404, "nobody has contributed that: {said:?}");
    let said = lent.ada.ask("POST", "/claims", Some(&claim(KEY))).await?;
    ensure!(said.status == 400 && said.field() == "fields", "{said:?}");
    let filed = bob.post("/claims", &claim(KEY)).await?;
    let id = filed["claim"].as_str().context("no claim")?.to_owned();
    decide(&lent.gateway, ExchangeVerb::Decide { claim: id.clone(), grant: false }).await?;
    let other = decide(&lent.gateway, ExchangeVerb::Decide { claim: id, grant: true }).await;
    ensure!(other.is_err_and(|error| error.to_string().contains("decided otherwise")));
    ensure!(bob.get("/claims").await?["claims"][0]["state"] == "refused");
    ensure!(lent.status().await? == "active");
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    let store = &lent.gateway.gateway.app.store;
    until("it does not mature", async || Ok(store.earnings(lent.account).await?.available == share())).await?;
    lent.gateway.finish().await
}
