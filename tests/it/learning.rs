//! What routing learns from tasks: over a restart, before a deadline, while a provider is down, and how many are under way.

use anyhow::{Context as _, Result, ensure};
use capstan_domain::route::{Observed, Pool};
use capstan_server::clock;
use capstan_server::statistics::FamilyPlace;
use capstan_simulator::{Behaviour, Create, Decision, Outcome};
use capstan_tests::client::{Answer, recaptcha};
use capstan_tests::database::{ENGINES, Engine};
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::suite::test;
use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::json;

use crate::refunds::until;
use crate::routing::{COMMUNITY, PLATFORM, both_pools, keys_used, solve_with};

pub(crate) fn tests() -> Vec<Trial> {
    let over_a_restart = |engine: Engine| {
        let name = format!("learning: what was seen of providers is known after a restart ({engine:?})");
        test(name, move || known_after_a_restart(engine))
    };
    let others = [
        test("learning: a task that is probably never answered counts long before its deadline", overdue_counts),
        test("learning: what is down is left alone, tried by one task, and used again", down_is_tried_by_one),
        test("learning: tasks in flight are counted, over a restart too, until they end", in_flight_is_counted),
        test(
            "learning: how many tasks a credential takes is learned from too fast, and others get the rest",
            capacity_is_learned,
        ),
        test(
            "learning: tasks that come at once are not all sent where there is room for a few",
            room_is_shared_at_once,
        ),
    ];
    ENGINES.into_iter().map(over_a_restart).chain(others).collect()
}

/// What is seen of the credential of a pool.
fn seen(gateway: &TestGateway, pool: Pool) -> Result<Observed> {
    let family = FamilyPlace::of("recaptcha_v2").context("no such family")?;
    let snapshot = gateway.gateway.app.snapshot.load();
    let credential = snapshot.credentials().find(|credential| credential.pool == pool).context("no credential")?;
    Ok(credential.statistics.observed(family, clock::now_ms()))
}

/// How many tasks the credential of a pool has in flight, and how many it can have.
fn load(gateway: &TestGateway, pool: Pool) -> Result<(u32, u32)> {
    let snapshot = gateway.gateway.app.snapshot.load();
    let credential = snapshot.credentials().find(|credential| credential.pool == pool).context("no credential")?;
    let load = credential.standing.load();
    Ok((load.in_flight, load.most))
}

async fn known_after_a_restart(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, ..both_pools() }).await?;
    // Simulated milliseconds; fifty of them pass in one of the gateway's.
    gateway.provider.script([Create::solved_after(60_000), Create::solved_after(5_000)]);
    solve_with(&gateway, json!({})).await?;
    solve_with(&gateway, json!({"keyPoolMode": "platformOnly"})).await?;
    ensure!(keys_used(&gateway) == [COMMUNITY, PLATFORM], "{:?}", keys_used(&gateway));
    let before = seen(&gateway, Pool::Community)?;
    let gateway = gateway.restart(Return::default()).await?;
    let after = seen(&gateway, Pool::Community)?;
    ensure!((after.samples - 1.0).abs() < 0.05 && after.latency_ms == before.latency_ms, "{before:?} {after:?}");
    solve_with(&gateway, json!({"selectionMode": "autoFastest"})).await?;
    ensure!(keys_used(&gateway).last().is_some_and(|key| key == PLATFORM), "{:?}", keys_used(&gateway));
    // What was learned before is not counted twice by the start after the next.
    let gateway = gateway.restart(Return::default()).await?;
    ensure!((seen(&gateway, Pool::Community)?.samples - 1.0).abs() < 0.05, "{:?}", seen(&gateway, Pool::Community)?);
    gateway.finish().await
}

async fn overdue_counts() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    for _ in 0..6 {
        ensure!(gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    }
    ensure!(seen(&gateway, Pool::Platform)?.success == 1.0);
    gateway.provider.script([Create::Accept { solve_after_ms: 0, outcome: Outcome::Never }]);
    let silent = gateway.client.create(recaptcha()).await?.task_id()?;
    until("it does not count", async || Ok(seen(&gateway, Pool::Platform)?.success < 0.99)).await?;
    ensure!(gateway.client.result(&silent).await?.body["status"] == "processing", "its deadline has passed");
    let overdue = seen(&gateway, Pool::Platform)?;
    ensure!((overdue.samples - 7.0).abs() < 0.1, "{overdue:?}");
    gateway.gateway.stop().await;
    Ok(())
}

async fn down_is_tried_by_one() -> Result<()> {
    // In the gateway's own time: what is down rests for about a second.
    let setup = Setup { time_scale: 1, ..both_pools() };
    let gateway = TestGateway::start(setup).await?;
    gateway.provider.script([Create::error("ERROR_IP_BLOCKED")]);
    gateway.provider.hold_solutions();
    gateway.client.create(recaptcha()).await?.task_id()?;
    ensure!(keys_used(&gateway) == [COMMUNITY, PLATFORM], "{:?}", keys_used(&gateway));
    gateway.client.create(recaptcha()).await?.task_id()?;
    ensure!(keys_used(&gateway).last().is_some_and(|key| key == PLATFORM), "it rests: {:?}", keys_used(&gateway));
    let rests = |gateway: &TestGateway| {
        let snapshot = gateway.gateway.app.snapshot.load();
        let community = snapshot.credentials().find(|credential| credential.pool == Pool::Community);
        community.is_some_and(|credential| credential.rests_until(clock::now_ms()).is_some())
    };
    until("it rests for ever", async || Ok(!rests(&gateway))).await?;
    gateway.provider.hold_creates();
    let (tries, goes_elsewhere) = futures_util::join!(gateway.client.create(recaptcha()), async {
        until("nobody tries it", async || Ok(keys_used(&gateway).len() == 4)).await?;
        ensure!(keys_used(&gateway).last().is_some_and(|key| key == COMMUNITY), "{:?}", keys_used(&gateway));
        let other = gateway.client.create(recaptcha());
        let released = async {
            until("nobody goes elsewhere", async || Ok(keys_used(&gateway).len() == 5)).await?;
            gateway.provider.release_creates();
            anyhow::Ok(())
        };
        let (other, released) = futures_util::join!(other, released);
        released.and(other)
    });
    tries?.task_id()?;
    goes_elsewhere?.task_id()?;
    ensure!(keys_used(&gateway).last().is_some_and(|key| key == PLATFORM), "one tries it: {:?}", keys_used(&gateway));
    gateway.client.create(recaptcha()).await?.task_id()?;
    ensure!(keys_used(&gateway).last().is_some_and(|key| key == COMMUNITY), "it is up: {:?}", keys_used(&gateway));
    gateway.gateway.stop().await;
    Ok(())
}

async fn in_flight_is_counted() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    gateway.provider.hold_solutions();
    let tasks =
        [gateway.client.create(recaptcha()).await?.task_id()?, gateway.client.create(recaptcha()).await?.task_id()?];
    ensure!(load(&gateway, Pool::Platform)? == (2, u32::MAX), "{:?}", load(&gateway, Pool::Platform)?);
    let gateway = gateway.restart(Return::default()).await?;
    ensure!(load(&gateway, Pool::Platform)? == (2, u32::MAX), "{:?}", load(&gateway, Pool::Platform)?);
    gateway.provider.release_solutions();
    for task in tasks {
        ensure!(gateway.client.wait(&task).await?.body["status"] == "ready");
    }
    ensure!(load(&gateway, Pool::Platform)? == (0, u32::MAX), "{:?}", load(&gateway, Pool::Platform)?);
    gateway.finish().await
}

/// A gateway with two credentials at a provider that lets each of its keys have five open tasks.
async fn with_limits() -> Result<TestGateway> {
    let mut behaviour = Behaviour::default();
    behaviour.limits.open_per_key = Some(5);
    // A tenth of the provider's times, so that no held task is near its deadline.
    let setup = Setup { package: "adapter-capsolver", behaviour, time_scale: 10, ..both_pools() };
    TestGateway::start(setup).await
}

/// Creates one task while solutions are held; then no credential rests any more.
async fn create_rested(gateway: &TestGateway) -> Result<Answer> {
    let created = gateway.client.create(recaptcha()).await?;
    let rests = || {
        let snapshot = gateway.gateway.app.snapshot.load();
        snapshot.credentials().any(|credential| credential.rests_until(clock::now_ms()).is_some())
    };
    until("a credential rests for ever", async || Ok(!rests())).await?;
    Ok(created)
}

/// How often the provider has said "too fast".
fn throttles(gateway: &TestGateway) -> usize {
    let too_fast = Decision::Refused("ERROR_RATE_LIMIT".to_owned());
    gateway.provider.received().iter().filter(|received| received.decision == too_fast).count()
}

async fn capacity_is_learned() -> Result<()> {
    let gateway = with_limits().await?;
    // The contributed key is the cheaper one, and goes first as long as it has room.
    let five_each = || [[COMMUNITY; 5], [PLATFORM; 5]].concat();
    for wave in 0..3 {
        gateway.provider.hold_solutions();
        gateway.provider.clear_log();
        let mut tasks = Vec::new();
        for _ in 0..10 {
            tasks.push(create_rested(&gateway).await?.task_id()?);
        }
        let mut keys = five_each();
        if wave == 0 {
            // The sixth finds out what the seventh, with nobody resting any more, knows.
            keys.insert(5, COMMUNITY);
        }
        ensure!(keys_used(&gateway) == keys, "wave {wave}: {:?}", keys_used(&gateway));
        ensure!(throttles(&gateway) == usize::from(wave == 0), "wave {wave}: {}", throttles(&gateway));
        ensure!(load(&gateway, Pool::Community)? == (5, 5), "{:?}", load(&gateway, Pool::Community)?);
        if wave == 0 {
            ensure!(load(&gateway, Pool::Platform)? == (5, u32::MAX), "{:?}", load(&gateway, Pool::Platform)?);
            // A guess keeps no task from being tried: whoever is thought to be full is asked after the other one.
            let refused = create_rested(&gateway).await?;
            ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE", "{refused:?}");
            ensure!(keys_used(&gateway)[11..] == [PLATFORM, COMMUNITY], "{:?}", keys_used(&gateway));
        }
        ensure!(load(&gateway, Pool::Platform)? == (5, 5), "{:?}", load(&gateway, Pool::Platform)?);
        gateway.provider.release_solutions();
        for task in tasks {
            ensure!(gateway.client.wait(&task).await?.body["status"] == "ready");
        }
    }
    gateway.finish().await
}

async fn room_is_shared_at_once() -> Result<()> {
    let gateway = with_limits().await?;
    gateway.provider.hold_solutions();
    let mut tasks = Vec::new();
    for _ in 0..6 {
        tasks.push(create_rested(&gateway).await?.task_id()?);
    }
    ensure!(load(&gateway, Pool::Community)? == (5, 5), "{:?}", load(&gateway, Pool::Community)?);
    let (waves, mut told) = (5, 0);
    for _ in 0..waves {
        gateway.provider.release_solutions();
        for task in tasks.drain(..) {
            ensure!(gateway.client.wait(&task).await?.body["status"] == "ready");
        }
        gateway.provider.hold_solutions();
        gateway.provider.clear_log();
        // One fewer than there is room for.
        for created in join_all((0..9).map(|_| gateway.client.create(recaptcha()))).await {
            tasks.push(created?.task_id()?);
        }
        told += throttles(&gateway);
    }
    // Two that come in the same moment may take the last room both; what is sent in vain is the exception.
    ensure!(told <= waves, "{told} of {} tasks were told too fast though the limit was known", waves * 9);
    gateway.gateway.stop().await;
    Ok(())
}
