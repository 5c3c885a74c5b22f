//! Money: what concurrency, failures and late answers must not do to it.

use anyhow::{Result, ensure};
use capstan_domain::Amount;
use capstan_domain::route::Pool;
use capstan_server::settings::Limits;
use capstan_storage::Entries;
use capstan_tests::client::recaptcha;
use capstan_tests::database::{ENGINES, Engine};
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use futures_util::future::join_all;
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    let on_each = |name: &'static str, run: fn(Engine) -> futures_util::future::BoxFuture<'static, Result<()>>| {
        ENGINES.map(|engine| test(format!("money: {name} ({engine:?})"), move || run(engine)))
    };
    [
        on_each("of 1,000 tasks at once, a balance for 100 takes exactly 100", |e| Box::pin(a_balance_for_100(e))),
        on_each("of 1,000 tasks at once over 100 accounts, each balance takes exactly its 1", |e| {
            Box::pin(spread_over_100(e))
        }),
        on_each("a contributor earns from others' tasks and never from their own", |e| Box::pin(contributors_earn(e))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn a_balance_for_100(engine: Engine) -> Result<()> {
    let balance = Amount::from_nanos(100 * 2_000_000);
    let gateway = TestGateway::start(Setup { engine, balance, time_scale: 10, ..Setup::default() }).await?;
    gateway.provider.hold_solutions();
    let answers = join_all((0..1_000).map(|_| gateway.client.create(recaptcha()))).await;
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for answer in answers {
        let answer = answer?;
        match answer.code() {
            "" => accepted.push(answer.task_id()?),
            "ERROR_ZERO_BALANCE" => refused += 1,
            code => anyhow::bail!("{code}: {answer:?}"),
        }
    }
    ensure!((accepted.len(), refused) == (100, 900), "{} accepted, {refused} refused", accepted.len());
    ensure!(gateway.client.balance().await? == 0.0, "something is left");
    gateway.provider.release_solutions();
    for id in &accepted {
        ensure!(gateway.client.wait(id).await?.body["status"] == "ready");
    }
    ensure!(gateway.provider.stats().accepted == 100, "{:?}", gateway.provider.stats());
    let held = gateway.gateway.app.store.balance(gateway.account).await?.map(|b| (b.available, b.held));
    ensure!(held == Some((Amount::ZERO, Amount::ZERO)), "{held:?}");
    gateway.finish().await
}

async fn spread_over_100(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, time_scale: 10, ..Setup::default() }).await?;
    gateway.provider.hold_solutions();
    let store = &gateway.gateway.app.store;
    let mut clients = Vec::new();
    for n in 0..100 {
        let account = capstan_server::operate::create_account(store, &format!("one of a hundred, {n}")).await?;
        let reference = format!("the balance for one task, {n}");
        capstan_server::operate::top_up(store, account, Amount::from_nanos(2_000_000), &reference).await?;
        let key = capstan_server::operate::create_key(store, account, "own").await?;
        clients.push((account, gateway.client.with_key(key)));
    }
    let answers = join_all((0..1_000).map(|n| clients[n % 100].1.create(recaptcha()))).await;
    let mut accepted = vec![0; 100];
    for (n, answer) in answers.into_iter().enumerate() {
        let answer = answer?;
        match answer.code() {
            "" => accepted[n % 100] += 1,
            "ERROR_ZERO_BALANCE" => {}
            code => anyhow::bail!("{code}: {answer:?}"),
        }
    }
    ensure!(accepted.iter().all(|&n| n == 1), "{accepted:?}");
    for (account, _) in &clients {
        let balance = store.balance(*account).await?.map(|b| (b.available, b.held));
        ensure!(balance == Some((Amount::ZERO, Amount::from_nanos(2_000_000))), "{balance:?}");
    }
    gateway.provider.release_solutions();
    gateway.finish().await
}

async fn contributors_earn(engine: Engine) -> Result<()> {
    let credentials = vec![("contributed-key-of-a-member", Pool::Community)];
    let limits = Limits::default();
    let gateway = TestGateway::start(Setup { engine, credentials, limits, ..Setup::default() }).await?;
    ensure!(gateway.client.solve(recaptcha()).await?.body["cost"] == 0.0015);
    let earned = |entries: Vec<capstan_storage::BookedEntry>| -> i64 {
        let pending = entries.iter().filter(|e| e.account.starts_with("contributor:"));
        pending.map(|e| e.amount.nanos()).sum()
    };
    let store = &gateway.gateway.app.store;
    let booked = store.list_entries(Entries::OfAccount(gateway.contributor)).await?;
    ensure!(earned(booked) == 1_350_000, "nine tenths of 0.0015 were to be earned");

    let reference = "the contributor's own balance";
    capstan_server::operate::top_up(store, gateway.contributor, Amount::from_nanos(10_000_000), reference).await?;
    let key = capstan_server::operate::create_key(store, gateway.contributor, "own").await?;
    ensure!(gateway.client.with_key(key).solve(recaptcha()).await?.body["status"] == "ready");
    let booked = store.list_entries(Entries::OfAccount(gateway.contributor)).await?;
    ensure!(earned(booked) == 1_350_000, "an own task earned something");
    gateway.finish().await
}
