//! What it takes to check a ledger against itself, by how many tasks are in it, on both engines. Nothing is asserted but that it
//! agrees; `docs/benchmarks.md` says how to read it.

#![expect(clippy::print_stdout, reason = "the figures are what a bench is for")]
#![expect(dead_code, reason = "the bench uses a part of the stories' world")]

#[path = "../tests/storage/engine.rs"]
mod engine;
#[path = "../tests/storage/fixture.rs"]
mod fixture;

use std::time::Instant;

use anyhow::{Result, ensure};
use futures_util::StreamExt as _;

use engine::{Engine, NoPostgres};
use fixture::Fixture;

/// Tasks in the ledger, one measurement after the other.
const TASKS: [usize; 3] = [1_000, 10_000, 100_000];
/// Tasks under way while it is filled.
const CALLERS: usize = 256;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!("engine       tasks   entries   to fill     to verify   a task");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if let Err(error) = runtime.block_on(measure(engine)) {
            println!("{:<9} not measured: {error:#}", engine.name());
        }
    }
    engine::stop_postgres();
    Ok(())
}

async fn measure(engine: Engine) -> Result<()> {
    let database = engine
        .create_database()
        .map_err(|(NoPostgres::Unavailable(reason) | NoPostgres::Failed(reason))| anyhow::anyhow!(reason))?;
    let fixture = Fixture::open(database).await?;
    fixture.fund(1_000_000_000).await?;
    let mut filled = 0;
    for tasks in TASKS {
        let began = Instant::now();
        let mut under_way =
            futures_util::stream::iter(filled..tasks).map(|number| live(&fixture, number)).buffer_unordered(CALLERS);
        while let Some(lived) = under_way.next().await {
            lived?;
        }
        drop(under_way);
        filled = tasks;
        let (to_fill, began) = (began.elapsed(), Instant::now());
        let report = fixture.store.verify_ledger().await?;
        let took = began.elapsed();
        ensure!(report.difference.is_none(), "{report:?}");
        println!(
            "{:<9} {tasks:>8} {:>9} {:>7.1} s {:>10.0} ms {:>5.1} µs",
            engine.name(),
            report.entries,
            to_fill.as_secs_f64(),
            took.as_secs_f64() * 1e3,
            took.as_secs_f64() * 1e6 / tasks as f64
        );
    }
    fixture.finish().await
}

/// A task from its hold to its end: of four, three are solved.
async fn live(fixture: &Fixture, number: usize) -> Result<()> {
    let task = fixture.place(100).await?;
    let end = if number % 4 == 3 { fixture.failed(task) } else { fixture.solved(task, 90) };
    fixture.store.settle(end).await?;
    Ok(())
}
