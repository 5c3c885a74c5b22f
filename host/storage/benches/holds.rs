//! How many durable holds a second: group commit against a bare loop of the same statements at its best batch size, and one
//! hot account against a hundred, on both engines. Ratios of one run, never asserted; `docs/benchmarks.md` says how to read
//! them.

#![expect(clippy::print_stdout, reason = "the figures are what a bench is for")]
#![expect(dead_code, reason = "the bench uses a part of the stories' world")]

#[path = "../tests/storage/engine.rs"]
mod engine;
#[path = "../tests/storage/fixture.rs"]
mod fixture;

use std::time::Instant;

use anyhow::{Result, ensure};
use capstan_domain::{AccountId, ApiKeyId, MoveId};
use capstan_storage::{KeySettings, NewApiKey, PlaceTask, bare};
use futures_util::StreamExt as _;

use engine::{Engine, NoPostgres};
use fixture::{Fixture, NOW, nanos};

/// Holds of one measurement.
const HOLDS: usize = 10_000;
/// Holds of a measurement with one hold a commit, which is that much slower.
const HOLDS_ONE_BY_ONE: usize = 1_000;
/// Callers that wait for their hold at the same time.
const CALLERS: usize = 256;
/// Measurements of each kind; the median is told.
const ROUNDS: usize = 3;
/// Batch sizes of the bare loop; the best is told.
const SIZES: [usize; 4] = [1, 16, 64, 128];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!("{HOLDS} holds a measurement, {CALLERS} callers, the median of {ROUNDS}\n");
    println!("engine    what                         holds/s   ratio   holds/commit");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let measured = runtime.block_on(measure(engine));
        if let Err(error) = measured {
            println!("{:<9} not measured: {error:#}", engine.name());
        }
    }
    engine::stop_postgres();
    Ok(())
}

async fn measure(engine: Engine) -> Result<()> {
    let (mut best, mut best_size) = (0.0, 0);
    for size in SIZES {
        let rate = median(async || bare_loop(engine, size).await.map(|rate| (rate, 0.0))).await?.0;
        tell(engine, &format!("bare loop, {size} a commit"), rate, (f64::NAN, f64::NAN));
        if rate > best {
            (best, best_size) = (rate, size);
        }
    }
    let (hot, per_commit) = median(async || group_commit(engine, 1).await).await?;
    tell(engine, "group commit, one account", hot, (hot / best, per_commit));
    let (spread, per_commit) = median(async || group_commit(engine, 100).await).await?;
    tell(engine, "group commit, 100 accounts", spread, (spread / best, per_commit));
    println!(
        "{:<9} group commit / bare loop at {best_size}: {:.2}; one account / 100: {:.2}\n",
        engine.name(),
        hot / best,
        hot / spread
    );
    Ok(())
}

fn tell(engine: Engine, what: &str, rate: f64, (ratio, per_commit): (f64, f64)) {
    let shown = |figure: f64| if figure.is_nan() { String::new() } else { format!("{figure:.2}") };
    println!("{:<9} {what:<28} {rate:>7.0}   {:>5}   {:>6}", engine.name(), shown(ratio), shown(per_commit));
}

async fn median(mut measure: impl AsyncFnMut() -> Result<(f64, f64)>) -> Result<(f64, f64)> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        rounds.push(measure().await?);
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(rounds.swap_remove(ROUNDS / 2))
}

async fn world(engine: Engine, accounts: u128, holds: usize) -> Result<(Fixture, Vec<PlaceTask>)> {
    let database = engine
        .create_database()
        .map_err(|(NoPostgres::Unavailable(reason) | NoPostgres::Failed(reason))| anyhow::anyhow!(reason))?;
    let fixture = Fixture::open(database).await?;
    let mut payers = vec![(fixture.account, fixture.key)];
    for _ in 1..accounts {
        let (account, key) = (AccountId(fixture.uuid()), ApiKeyId(fixture.uuid()));
        fixture.add_account(account).await?;
        let (public_id, settings) =
            (key.to_string(), KeySettings { label: "one of many".into(), ..KeySettings::default() });
        let mut secret_hash = [0; 32];
        secret_hash[..16].copy_from_slice(key.0.as_bytes());
        let new = NewApiKey { id: key, account, public_id, secret_hash, settings, created_at_ms: NOW };
        fixture.store.create_api_key(new).await?;
        payers.push((account, key));
    }
    for (account, _) in &payers {
        let top_up = fixture.a_top_up(1_000_000_000);
        let top_up = capstan_storage::TopUp { account: *account, amount: nanos(1_000_000_000), ..top_up };
        ensure!(fixture.store.top_up(top_up).await?.is_ok(), "funded");
    }
    let mut tasks = Vec::with_capacity(holds);
    for (account, key) in payers.iter().cycle().take(holds) {
        let mut task = fixture.a_task(&[10])?;
        (task.facts.account, task.facts.api_key, task.move_id) = (*account, *key, MoveId(fixture.uuid()));
        tasks.push(task);
    }
    Ok((fixture, tasks))
}

async fn bare_loop(engine: Engine, per_commit: usize) -> Result<f64> {
    let holds = if per_commit == 1 { HOLDS_ONE_BY_ONE } else { HOLDS };
    let (fixture, tasks) = world(engine, 1, holds).await?;
    // On a thread of its own, as the writer is.
    let url = fixture.database.url.clone();
    let looped = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        anyhow::Ok(runtime.block_on(bare::place(&url, &tasks, per_commit))?)
    });
    let (placed, took) = looped.join().map_err(|_| anyhow::anyhow!("the loop is lost"))??;
    ensure!(placed == holds, "{placed} were placed");
    fixture.finish().await?;
    Ok(holds as f64 / took.as_secs_f64())
}

async fn group_commit(engine: Engine, accounts: u128) -> Result<(f64, f64)> {
    let (fixture, tasks) = world(engine, accounts, HOLDS).await?;
    let (before, began) = (fixture.store.stats(), Instant::now());
    let placed = futures_util::stream::iter(tasks.into_iter().map(|task| {
        let store = fixture.store.clone();
        tokio::spawn(async move { store.place_task(task).await })
    }))
    .buffer_unordered(CALLERS)
    .filter(|placed| std::future::ready(matches!(placed, Ok(Ok(Ok(_))))))
    .count()
    .await;
    let took = began.elapsed();
    ensure!(placed == HOLDS, "{placed} were placed");
    let commits = fixture.store.stats().commits - before.commits;
    fixture.finish().await?;
    Ok((HOLDS as f64 / took.as_secs_f64(), HOLDS as f64 / commits as f64))
}
