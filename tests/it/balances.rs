//! Balances at providers are looked at and held against the books, with an alarm when more is gone.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_domain::reconcile::Verdict;
use capstan_domain::route::Pool;
use capstan_server::clock;
use capstan_server::operate::Verb;
use capstan_server::settings::Limits;
use capstan_simulator::{Create, Outcome, Usd};
use capstan_storage::{BalanceLook, NewBalanceLook};
use capstan_tests::client::recaptcha;
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;

use crate::refunds::until as so;
use crate::routing::{COMMUNITY, PLATFORM, both_pools, keys_used};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("balances: what is gone at a provider is held against the books, and more of it is an alarm", looks),
        test("balances: a credential without funds is no candidate until its balance is topped up", without_funds),
        test("balances: tasks lower what is known to be left, and those that cost nothing do not", tasks_lower_it),
        test("balances: what was found before a restart is known after it", known_after_a_restart),
        test("balances: what a provider says is missing is looked at before its time", looked_at_soon),
    ]
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

/// What is known to be left on the credential of a pool, in nano-dollars.
fn left(gateway: &TestGateway, pool: Pool) -> Result<Option<i64>> {
    let snapshot = gateway.gateway.app.snapshot.load();
    let credential = snapshot.credentials().find(|credential| credential.pool == pool).context("no credential")?;
    Ok(credential.known_balance.gives(clock::now_ms()).map(Amount::nanos))
}

async fn without_funds() -> Result<()> {
    let limits = Limits { balance_check_every: Duration::from_millis(300), ..Limits::default() };
    let gateway = TestGateway::start(Setup { limits, ..both_pools() }).await?;
    gateway.provider.set_key(COMMUNITY, Usd::ZERO);
    so("nothing is left", async || Ok(left(&gateway, Pool::Community)? == Some(0))).await?;
    let task = gateway.client.solve(recaptcha()).await?.task_id()?;
    ensure!(keys_used(&gateway) == [PLATFORM], "{:?}", keys_used(&gateway));
    let why = gateway.operate(Verb::TaskShow { task }).await?["attempts"][0]["why"]["dropped"].clone();
    ensure!(why[0]["hits"] == json!(["out-of-funds"]), "{why}");
    gateway.provider.set_key(COMMUNITY, Usd::dollars(5));
    so("it is topped up", async || Ok(left(&gateway, Pool::Community)?.is_some_and(|left| left > 0))).await?;
    gateway.client.solve(recaptcha()).await?;
    ensure!(keys_used(&gateway) == [PLATFORM, COMMUNITY], "{:?}", keys_used(&gateway));
    gateway.finish().await
}

async fn tasks_lower_it() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let known = {
        let snapshot = gateway.gateway.app.snapshot.load();
        let credential = snapshot.credentials().next().context("no credential")?;
        std::sync::Arc::clone(&credential.known_balance)
    };
    let found = 5_000_000_000;
    known.seen(Amount::from_nanos(found), known.asked(clock::now_ms()), i64::MAX);
    let ends = |outcome: &str| Create::Accept { solve_after_ms: 1_000, outcome: Outcome::Error(outcome.to_owned()) };
    gateway.provider.script([
        ends("ERROR_PROXY_CONNECT_REFUSED"),
        Create::error("ERROR_NO_SLOT_AVAILABLE"),
        ends("ERROR_RECAPTCHA_INVALID_SITEKEY"),
    ]);
    for _ in 0..3 {
        let created = gateway.client.create(recaptcha()).await?;
        if let Ok(task) = created.task_id() {
            ensure!(gateway.client.wait(&task).await?.body["status"] != "ready");
        }
    }
    ensure!(left(&gateway, Pool::Platform)? == Some(found), "{:?}", left(&gateway, Pool::Platform)?);
    let task = gateway.client.solve(recaptcha()).await?.task_id()?;
    let cost = gateway.operate(Verb::TaskShow { task }).await?["attempts"][0]["expectedCost"].clone();
    let cost = Amount::from_decimal(cost.as_str().context("no cost is expected")?)?;
    ensure!(left(&gateway, Pool::Platform)? == Some(found - cost.nanos()), "{:?}", left(&gateway, Pool::Platform)?);
    gateway.finish().await
}

async fn known_after_a_restart() -> Result<()> {
    // Nobody looks by the schedule while this runs.
    let gateway = TestGateway::start(both_pools()).await?;
    let snapshot = gateway.gateway.app.snapshot.load_full();
    let community = snapshot.credentials().find(|credential| credential.pool == Pool::Community);
    let credential = community.context("no credential")?.id;
    for (age_ms, nanos) in [(60_000, 300), (3 * 24 * 3_600_000, 900)] {
        let look = NewBalanceLook { credential, at_ms: clock::now_ms() - age_ms, balance: Amount::from_nanos(nanos) };
        gateway.gateway.app.store.record_balance_look(look).await?;
    }
    let gateway = gateway.restart(Return::default()).await?;
    so("it is read", async || Ok(left(&gateway, Pool::Community)? == Some(300))).await?;
    gateway.client.solve(recaptcha()).await?;
    ensure!(keys_used(&gateway) == [PLATFORM], "{:?}", keys_used(&gateway));
    gateway.finish().await
}

async fn looked_at_soon() -> Result<()> {
    // Nobody looks by the schedule while this runs.
    let gateway = TestGateway::start(both_pools()).await?;
    gateway.provider.set_key(COMMUNITY, Usd::from_nanos(5));
    ensure!(left(&gateway, Pool::Community)?.is_none(), "nothing is known before the first look");
    gateway.client.solve(recaptcha()).await?;
    ensure!(keys_used(&gateway) == [COMMUNITY, PLATFORM], "{:?}", keys_used(&gateway));
    so("it is looked at", async || Ok(left(&gateway, Pool::Community)? == Some(5))).await?;
    // Its rest is over long before its balance is known to be more; each task that it is left out of is a reason to look.
    gateway.provider.set_key(COMMUNITY, Usd::dollars(5));
    so("it is used again", async || {
        gateway.client.solve(recaptcha()).await?;
        Ok(keys_used(&gateway).last().is_some_and(|key| key == COMMUNITY))
    })
    .await?;
    let refused = keys_used(&gateway).iter().filter(|key| *key == COMMUNITY).count();
    ensure!(refused == 2, "it was tried while nothing was left: {:?}", keys_used(&gateway));
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
