//! The life of a contributed credential: contribute, earn, get depleted, come back, be refused, be paused, withdraw.

use anyhow::{Context as _, Result, ensure};
use capstan_domain::CredentialId;
use capstan_simulator::{Create, KeySettings, Outcome, Settings, Simulator, Usd, WireFormat};
use capstan_tests::client::recaptcha;
use capstan_tests::database::{ENGINES, Engine};
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::{KEY, LIST_PRICE, Lent, empty, lent};
use crate::refunds::until;

pub(super) fn tests() -> Vec<Trial> {
    let whole = |engine: Engine| {
        test(format!("exchange: contribute, earn, get depleted, withdraw ({engine:?})"), move || whole_life(engine))
    };
    let others = [
        test("exchange: a key that its provider refuses is out of use at once, and looked at again", refused_at_once),
        test("exchange: what is paused gets no task, and is looked at before it gets one again", paused),
        test("exchange: what the operator disables its owner does not enable, and a provider can be closed", disabled),
        test("exchange: a ban is told to the owner, and the key rests as long as the service says", banned),
        test("exchange: a withdrawn key can be contributed again when its last task has ended", contributed_again),
    ];
    ENGINES.into_iter().map(whole).chain(others).collect()
}

async fn whole_life(engine: Engine) -> Result<()> {
    let lent = lent(Setup { engine, ..empty() }, json!({"dailyCap": "1.00"})).await?;
    let credential = lent.ada.credential(&lent.credential).await?;
    ensure!(credential["status"] == "active" && credential["masked"] == "…cdef", "{credential}");
    ensure!(credential["limits"]["dailyCap"] == "1.00", "{credential}");
    ensure!(!credential.to_string().contains(KEY), "{credential}");

    earns(&lent).await?;
    unsolvable(&lent).await?;
    depleted(&lent).await?;
    withdrawn(&lent).await?;
    lent.gateway.finish().await
}

/// A task of somebody else's: nine tenths of its price are Ada's, pending.
async fn earns(lent: &Lent) -> Result<()> {
    let solved = lent.gateway.client.solve(recaptcha()).await?;
    ensure!(solved.body["status"] == "ready" && solved.body["cost"] == 0.0015, "{solved:?}");
    let uses = lent.uses().await?;
    let used = uses.first().context("no use")?;
    ensure!(used["state"] == "solved" && used["taskType"] == "recaptcha_v2" && used["cost"] == "0.00095", "{used}");
    ensure!(used["charged"] == "yes" && used["costTold"] == true, "{used}");
    ensure!(used["earned"] == json!({"kind": "share", "amount": "0.00135", "state": "pending"}), "{used}");
    let told = lent.gateway.provider.received().into_iter().filter_map(|received| received.task_id).next_back();
    ensure!(used["providerTaskId"] == json!(told.map(|id| id.to_string())), "{used} {told:?}");
    // Nothing of whose task it was, of what, or of what came of it.
    for secret in [solved.task_id()?.as_str(), "google.com", "6Le-", "gRecaptchaResponse"] {
        ensure!(!used.to_string().contains(secret), "{secret} in {used}");
    }
    let earnings = lent.ada.get("/earnings").await?;
    ensure!(earnings["pending"] == "0.00135" && earnings["available"] == "0.00", "{earnings}");
    Ok(())
}

/// What the provider charged for nothing: the client has the money back, and Ada what she lost.
async fn unsolvable(lent: &Lent) -> Result<()> {
    let (before, at_provider) = (lent.gateway.client.balance().await?, balance_at_provider(lent)?);
    let outcome = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
    lent.gateway.provider.script([Create::Accept { solve_after_ms: 0, outcome }]);
    let failed = lent.gateway.client.solve(recaptcha()).await?;
    ensure!(failed.code() == "CAPTCHA_UNSOLVABLE", "{failed:?}");
    ensure!(lent.gateway.client.balance().await? == before, "the account is refunded");
    let lost = at_provider - balance_at_provider(lent)?;
    ensure!(lost == LIST_PRICE, "the provider took {lost}");
    let uses = lent.uses().await?;
    let used = uses.first().context("no use")?;
    ensure!(used["state"] == "failed" && used["charged"] == "yes", "{used}");
    ensure!(used["earned"] == json!({"kind": "reimbursement", "amount": "0.00095", "state": "pending"}), "{used}");
    let days = lent.ada.get(&lent.path("/days")).await?;
    let today = &days["days"][0];
    ensure!(today["uses"] == 2 && today["solved"] == 1 && today["failed"] == 1, "{today}");
    let sums = [&today["charged"], &today["shares"], &today["reimbursed"]];
    ensure!(sums == ["0.0019", "0.00135", "0.00095"], "{today}");
    Ok(())
}

fn balance_at_provider(lent: &Lent) -> Result<i64> {
    let balances = lent.gateway.provider.stats().balances;
    Ok(balances.get(KEY).context("the provider does not know the key")?.nanos())
}

/// Nothing left at the provider: out of use with the first task that finds it out, and back when there is something.
async fn depleted(lent: &Lent) -> Result<()> {
    lent.gateway.provider.set_key(KEY, Usd::ZERO);
    let refused = lent.gateway.client.create(recaptcha()).await?;
    ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE", "{refused:?}");
    until("it is not depleted", async || Ok(lent.status().await? == "depleted")).await?;
    let credential = lent.ada.credential(&lent.credential).await?;
    ensure!(credential["reason"].as_str().is_some_and(|why| why.contains("nothing is left")), "{credential}");
    lent.gateway.provider.set_key(KEY, Usd::dollars(5));
    // Nobody asks: the exchange looks by itself, in the provider's own time.
    until("it does not come back", async || Ok(lent.status().await? == "active")).await?;
    ensure!(lent.ada.events(&lent.credential).await? == ["active", "depleted", "active", "contributed"]);
    lent.gateway.client.wait(&lent.until_in_use().await?).await?;
    Ok(())
}

/// Withdrawn with a task under way: no new one, the open one ends with it, then the secret is destroyed.
async fn withdrawn(lent: &Lent) -> Result<()> {
    lent.gateway.provider.hold_solutions();
    let open = lent.gateway.client.create(recaptcha()).await?.task_id()?;
    let withdrawn = lent.ada.ask("DELETE", &lent.path(""), None).await?;
    let credential = &withdrawn.body["credential"];
    ensure!(credential["status"] == "withdrawn" && credential["destroyed"].is_null(), "{withdrawn:?}");
    let refused = lent.gateway.client.create(recaptcha()).await?;
    ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE", "{refused:?}");
    lent.gateway.provider.release_solutions();
    ensure!(lent.gateway.client.wait(&open).await?.body["status"] == "ready", "its open task ends with it");
    until("its secret is not destroyed", async || lent.is_destroyed().await).await?;
    let row = lent.gateway.gateway.app.store.find_credential(lent.id()?).await?.context("its row is gone")?;
    ensure!(!row.sealed.is_empty() && row.sealed.iter().all(|byte| *byte == 0), "something is left of it");
    ensure!(lent.ada.events(&lent.credential).await?.starts_with(&["destroyed".into(), "withdrawn".into()]));
    // What it has earned stays Ada's.
    ensure!(lent.ada.get("/earnings").await?["pending"] == "0.005", "{:?}", lent.ada.get("/earnings").await?);
    Ok(())
}

async fn refused_at_once() -> Result<()> {
    let lent = lent(empty(), json!({})).await?;
    lent.gateway.provider.revoke_key(KEY);
    let refused = lent.gateway.client.create(recaptcha()).await?;
    ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE", "{refused:?}");
    until("it is not rejected", async || Ok(lent.status().await? == "rejected")).await?;
    let credential = lent.ada.credential(&lent.credential).await?;
    ensure!(credential["reason"] == "Its provider does not accept it: ERROR_KEY_DOES_NOT_EXIST.", "{credential}");
    ensure!(credential["nextCheck"].is_string(), "{credential}");
    lent.gateway.provider.set_key(KEY, Usd::dollars(5));
    let checked = lent.ada.post(&lent.path("/check"), &json!({})).await?;
    ensure!(checked["credential"]["status"] == "active", "{checked}");
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    lent.gateway.finish().await
}

async fn paused() -> Result<()> {
    let lent = lent(empty(), json!({})).await?;
    ensure!(lent.ada.post(&lent.path("/pause"), &json!({})).await?["credential"]["status"] == "paused");
    ensure!(lent.gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE");
    lent.gateway.provider.set_key(KEY, Usd::from_nanos(99_000_000));
    let resumed = lent.ada.post(&lent.path("/resume"), &json!({})).await?;
    ensure!(resumed["credential"]["status"] == "depleted", "less than 0.10 is left: {resumed}");
    lent.gateway.provider.set_key(KEY, Usd::from_nanos(100_000_000));
    ensure!(lent.ada.post(&lent.path("/check"), &json!({})).await?["credential"]["status"] == "active");
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    // A pause is a person's word, and outlives a restart.
    lent.ada.post(&lent.path("/pause"), &json!({})).await?;
    let Lent { gateway, account, credential, .. } = lent;
    let gateway = gateway.restart(Return::default()).await?;
    let ada = gateway.contributor_of(account).await?;
    ensure!(ada.credential(&credential).await?["status"] == "paused");
    ensure!(gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE");
    gateway.finish().await
}

async fn disabled() -> Result<()> {
    use capstan_server::operate::{ProviderChange, Verb};
    let lent = lent(empty(), json!({})).await?;
    let credential = lent.credential.clone();
    lent.gateway.operate(Verb::CredentialDisable { credential: credential.clone() }).await?;
    for way in ["/resume", "/check", "/pause"] {
        let said = lent.ada.post(&lent.path(way), &json!({})).await?;
        ensure!(said["credential"]["status"] == "disabled", "{way}: {said}");
    }
    ensure!(lent.gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE");
    // Whether it is lent again is Ada's to say.
    lent.gateway.operate(Verb::CredentialEnable { credential }).await?;
    ensure!(lent.status().await? == "paused");
    lent.ada.post(&lent.path("/resume"), &json!({})).await?;
    lent.gateway.client.wait(&lent.until_in_use().await?).await?;

    // The clause is gone: what was contributed is used no more, from the next task on.
    let note = |note: &str| Verb::ProviderSet {
        provider: "anti-captcha".to_owned(),
        change: ProviderChange { contribution_note: Some(note.to_owned()), ..ProviderChange::default() },
    };
    lent.gateway.operate(note("none")).await?;
    ensure!(lent.gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE");
    lent.gateway.operate(note("agreement of today")).await?;
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    lent.gateway.finish().await
}

async fn contributed_again() -> Result<()> {
    let lent = lent(empty(), json!({})).await?;
    let again = lent.ada.lend(KEY, json!({})).await?;
    ensure!(again == lent.credential, "the same key of the same owner is the same credential");
    lent.gateway.provider.hold_solutions();
    let open = lent.gateway.client.create(recaptcha()).await?.task_id()?;
    lent.ada.ask("DELETE", &lent.path(""), None).await?;
    let body = capstan_tests::contributor::contribution(KEY, json!({}));
    let early = lent.ada.ask("POST", "/credentials", Some(&body)).await?;
    ensure!(early.status == 409 && early.code() == "BEING_WITHDRAWN", "{early:?}");
    lent.gateway.provider.release_solutions();
    ensure!(lent.gateway.client.wait(&open).await?.body["status"] == "ready");
    until("its secret is not destroyed", async || lent.is_destroyed().await).await?;
    let again = lent.ada.lend(KEY, json!({})).await?;
    ensure!(again != lent.credential, "what was destroyed does not come back");
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    lent.gateway.finish().await
}

async fn banned() -> Result<()> {
    let simulator = Simulator::start(Settings {
        speaks: WireFormat::TwoCaptcha,
        keys: vec![KeySettings { key: KEY.to_owned(), balance: Usd::dollars(5) }],
        ..Settings::default()
    })
    .await?;
    let provider_url = Some(Url::parse(&simulator.url())?);
    let setup = Setup { package: "adapter-2captcha", provider_url, community_price: 10_000_000, ..empty() };
    let gateway = TestGateway::start(Setup { time_scale: 1, ..setup }).await?;
    let (_, ada) = gateway.add_contributor("Ada").await?;
    let mut body = capstan_tests::contributor::contribution(KEY, json!({}));
    body["provider"] = json!("2captcha");
    let id = ada.post("/credentials", &body).await?["credential"]["id"].as_str().context("no id")?.to_owned();
    simulator.control().script([Create::error("IP_BANNED")]);
    ensure!(gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE");
    let refused = gateway.client.create(recaptcha()).await?;
    ensure!(refused.description().contains("rests after a fault"), "{refused:?}");
    let credential = ada.credential(&id).await?;
    ensure!(credential["status"] == "active" && credential["now"]["restsUntil"].is_string(), "{credential}");
    until("its owner is not told", async || {
        let id = CredentialId(Uuid::parse_str(&id)?);
        let told = gateway.gateway.app.store.list_credential_events(id, 1).await?;
        Ok(told.first().is_some_and(|event| event.kind == "rests"))
    })
    .await?;
    let events = ada.get(&format!("/credentials/{id}/events")).await?;
    ensure!(events["events"][0]["detail"]["code"] == "IP_BANNED", "{events}");
    ensure!(events["events"][0]["detail"]["until"] == credential["now"]["restsUntil"], "{events} {credential}");
    gateway.finish().await?;
    simulator.stop().await;
    Ok(())
}
