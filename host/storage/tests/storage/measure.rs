//! How long a check of the ledger takes; informal, and nothing is asserted about it. How fast tasks are placed is the bench
//! `holds`.

use std::time::Instant;

use futures_util::StreamExt;
use libtest_mimic::{Failed, Measurement};

use crate::engine::{Engine, NoPostgres};
use crate::fixture::Fixture;

/// Tasks that are placed and settled at the same time.
const CALLERS: usize = 64;

/// Tasks in the books when the ledger is checked: the second figure shows that time grows with them, and not faster.
const BOOKED: [u64; 2] = [25_000, LARGER];
const LARGER: u64 = 100_000;

/// Nanoseconds per task to check a ledger of the larger size; prints both sizes.
#[expect(clippy::print_stdout, reason = "figures for whoever measures")]
pub(crate) fn verifying(engine: Engine, test_mode: bool) -> Result<Option<Measurement>, Failed> {
    if test_mode {
        return Ok(None);
    }
    let database =
        engine.create_database().map_err(|(NoPostgres::Unavailable(reason) | NoPostgres::Failed(reason))| reason)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let taken = runtime.block_on(async {
        let fixture = Fixture::open(database).await?;
        fixture.fund(1_000_000_000).await?;
        let (mut there, mut taken) = (0, std::time::Duration::ZERO);
        for wanted in BOOKED {
            let solved = (there..wanted).map(|_| async {
                let placed = fixture.place(10).await?;
                fixture.store.settle(fixture.solved(placed, 7)).await.map_err(anyhow::Error::from)
            });
            let done = futures_util::stream::iter(solved).buffer_unordered(CALLERS);
            let failed = done.filter(|settled| std::future::ready(settled.is_err())).count().await;
            anyhow::ensure!(failed == 0, "{failed} tasks came to nothing");
            there = wanted;
            let started = Instant::now();
            let report = fixture.store.verify_ledger().await?;
            taken = started.elapsed();
            anyhow::ensure!(report.difference.is_none(), "{report:?}");
            println!("{}: {wanted} tasks, {} entries: {taken:?}", engine.name(), report.entries);
        }
        fixture.finish().await?;
        Ok(taken)
    });
    let taken = taken.map_err(|error: anyhow::Error| format!("{error:?}"))?;
    Ok(Some(Measurement { avg: u64::try_from(taken.as_nanos())? / LARGER, variance: 0 }))
}
