//! The store against a model: random sequences of every move of money, repeated calls, crowds, failures of the database
//! before and after an operation's effect, restarts. After every step the ledger agrees with itself, and every ledger
//! account has what the model's map of balances says.

#![expect(clippy::indexing_slicing, reason = "a test that looks for what is not there fails, as it should")]

mod books;
mod later;
mod sweep;
mod tasks;
mod world;

pub(crate) use sweep::sweep;

use std::cell::Cell;

use anyhow::ensure;
use capstan_test_postgres::must_run_everything;
use libtest_mimic::{Completion, Failed};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::engine::{Engine, NoPostgres};
use crate::fixture::Fixture;
use world::World;

/// Sequences of a run, and of a full one.
const SEQUENCES: (u32, u32) = (40, 2_000);
/// Sequences that share a database: what is verified after every step grows with them.
const PER_DATABASE: u32 = 40;

/// One step. Numbers choose among what there is, by their remainder.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Money from outside.
    TopUp { account: usize, nanos: i64 },
    /// A task with a route of these prices, each on the platform's credential or the contributor's.
    Place { account: usize, route: Vec<(i64, bool)> },
    /// Many tasks of one price at once.
    PlaceMany { account: usize, count: usize, nanos: i64 },
    /// A provider accepts.
    Accept { task: usize },
    /// A provider refuses, and charges or not; the next one is recorded.
    Refuse { task: usize, charge: Option<i64> },
    /// Sent, and no answer.
    Doubt { task: usize },
    /// Solved, for this many thousandths of the hold.
    Solve { task: usize, thousandths: u16 },
    /// Failed, charged or not.
    Fail { task: usize, charge: Option<i64> },
    /// Every open task ends at once, solved and failed in turn.
    EndAll,
    /// What a provider charged becomes known when the task is over.
    LateWord { task: usize, nanos: i64 },
    /// Time passes, and what is out of dispute matures.
    Mature { hours: u16 },
    /// An operator gives or takes.
    Adjust { account: usize, nanos: i64 },
    /// Matured earnings are paid out, or spent.
    Leave { nanos: i64, is_payout: bool },
    /// A share is taken back from its contributor.
    TakeBack { task: usize },
    /// A client complains of a solution.
    Complain { task: usize },
    /// The last call is made again.
    Again,
    /// A task is settled under an epoch that is gone.
    Stale { task: usize },
    /// So many operations of the database fail in the next step, from the nth on.
    Fault { nth: u64, times: u64, after: bool },
    /// The process ends and another begins.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let (account, task) = (0usize..3, 0usize..64);
    let charge = || prop_oneof![Just(None), (1i64..400).prop_map(Some)];
    prop_oneof![
        3 => (account.clone(), 1i64..5_000).prop_map(|(account, nanos)| Step::TopUp { account, nanos }),
        6 => (account.clone(), prop::collection::vec((1i64..900, any::<bool>()), 1..5))
            .prop_map(|(account, route)| Step::Place { account, route }),
        2 => (account, 2usize..24, 1i64..300)
            .prop_map(|(account, count, nanos)| Step::PlaceMany { account, count, nanos }),
        4 => task.clone().prop_map(|task| Step::Accept { task }),
        2 => (task.clone(), charge()).prop_map(|(task, charge)| Step::Refuse { task, charge }),
        1 => task.clone().prop_map(|task| Step::Doubt { task }),
        5 => (task.clone(), 0u16..=1_000).prop_map(|(task, thousandths)| Step::Solve { task, thousandths }),
        3 => (task.clone(), charge()).prop_map(|(task, charge)| Step::Fail { task, charge }),
        1 => Just(Step::EndAll),
        2 => (task.clone(), 1i64..400).prop_map(|(task, nanos)| Step::LateWord { task, nanos }),
        2 => (0u16..100).prop_map(|hours| Step::Mature { hours }),
        2 => (0usize..3, -600i64..900).prop_map(|(account, nanos)| Step::Adjust { account, nanos }),
        2 => (1i64..600, any::<bool>()).prop_map(|(nanos, is_payout)| Step::Leave { nanos, is_payout }),
        1 => task.clone().prop_map(|task| Step::TakeBack { task }),
        3 => task.clone().prop_map(|task| Step::Complain { task }),
        3 => Just(Step::Again),
        1 => task.prop_map(|task| Step::Stale { task }),
        6 => (1u64..14, prop_oneof![4 => Just(1u64), 1 => Just(60u64)], any::<bool>())
            .prop_map(|(nth, times, after)| Step::Fault { nth, times, after }),
        1 => Just(Step::Restart),
    ]
}

/// Where sequences run: one database after another.
struct Databases {
    engine: Engine,
    runtime: tokio::runtime::Runtime,
    open: Cell<Option<Fixture>>,
    used: Cell<u32>,
}

impl Databases {
    /// The first one; an engine that this machine does not have is an answer, not a failure.
    fn begin(engine: Engine) -> Result<Result<Self, Completion>, Failed> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let databases = Self { engine, runtime, open: Cell::new(None), used: Cell::new(0) };
        match databases.make() {
            Ok(fixture) => databases.open.set(Some(fixture)),
            Err(NoPostgres::Unavailable(reason)) if !must_run_everything() => {
                return Ok(Err(Completion::ignored_with(reason)));
            }
            Err(NoPostgres::Unavailable(reason) | NoPostgres::Failed(reason)) => return Err(reason.into()),
        }
        Ok(Ok(databases))
    }

    fn make(&self) -> Result<Fixture, NoPostgres> {
        let database = self.engine.create_database()?;
        self.runtime.block_on(Fixture::open(database)).map_err(|error| NoPostgres::Failed(format!("{error:#}")))
    }

    /// Runs something in a database, which is the next one's, too, when all went well: one that failed may be in any state.
    fn run<T>(&self, run: impl AsyncFnOnce(Fixture) -> anyhow::Result<(Fixture, T)>) -> anyhow::Result<T> {
        self.used.set(self.used.get() + 1);
        let before = self.open.take().filter(|_| !self.used.get().is_multiple_of(PER_DATABASE));
        let here = match before {
            Some(here) => here,
            None => self.make().map_err(|error| anyhow::anyhow!("{error:?}"))?,
        };
        let (fixture, answer) = self.runtime.block_on(run(here))?;
        self.open.set(Some(fixture));
        Ok(answer)
    }

    fn end(self) {
        if let Some(fixture) = self.open.take() {
            self.runtime.block_on(fixture.store.close());
        }
    }
}

/// Runs the sequences on an engine.
pub(crate) fn check(engine: Engine, is_full: bool) -> Result<Completion, Failed> {
    let databases = match Databases::begin(engine)? {
        Ok(databases) => databases,
        Err(ignored) => return Ok(ignored),
    };
    let cases = if is_full { SEQUENCES.1 } else { SEQUENCES.0 };
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let outcome = TestRunner::new(config).run(&prop::collection::vec(step(), 1..40), |steps| {
        let ran = databases.run(async |fixture| Ok((run(fixture, &steps).await?, ())));
        ran.map_err(|error| TestCaseError::fail(format!("{error:?}")))
    });
    databases.end();
    outcome.map(|()| Completion::Completed).map_err(|error| error.to_string().into())
}

async fn run(fixture: Fixture, steps: &[Step]) -> anyhow::Result<Fixture> {
    let mut world = World::begin(fixture).await?;
    for (number, step) in steps.iter().enumerate() {
        let taken = world.take(step).await;
        taken.map_err(|error| error.context(format!("step {number}, {step:?}")))?;
        let wrong = world.compare().await?;
        ensure!(wrong.is_empty(), "after step {number}, {step:?}: {wrong:#?}");
    }
    Ok(world.end())
}
