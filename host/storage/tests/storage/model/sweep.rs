//! One script of every move, run again and again: each time another operation of the database fails, before its effect or
//! after.

use anyhow::ensure;
use capstan_storage::faults::{Plan, When};
use libtest_mimic::{Completion, Failed};

use super::world::World;
use super::{Databases, Step};
use crate::engine::Engine;

/// What is done: every call of a task's life, some of them in crowds.
fn script() -> Vec<Step> {
    vec![
        Step::TopUp { account: 0, nanos: 5_000 },
        Step::TopUp { account: 1, nanos: 3_000 },
        Step::PlaceMany { account: 0, count: 4, nanos: 100 },
        Step::Place { account: 1, route: vec![(700, true), (400, false), (900, true)] },
        Step::Place { account: 1, route: vec![(300, true)] },
        Step::Accept { task: 0 },
        Step::Accept { task: 0 },
        Step::Doubt { task: 0 },
        Step::Refuse { task: 0, charge: Some(30) },
        Step::Again,
        Step::Accept { task: 0 },
        Step::Solve { task: 0, thousandths: 900 },
        Step::Again,
        Step::Solve { task: 5, thousandths: 1_000 },
        Step::Fail { task: 1, charge: Some(50) },
        Step::Again,
        Step::EndAll,
        Step::LateWord { task: 0, nanos: 20 },
        Step::LateWord { task: 3, nanos: 20 },
        Step::Complain { task: 0 },
        Step::TakeBack { task: 0 },
        Step::Mature { hours: 80 },
        Step::Again,
        Step::Complain { task: 1 },
        Step::Leave { nanos: 20, is_payout: true },
        Step::Leave { nanos: 20, is_payout: false },
        Step::Adjust { account: 0, nanos: -50 },
        Step::Again,
    ]
}

/// Fails the first operation, then the second, until the script ends before it comes to the one that would fail. The
/// ordinary run leaves some out on PostgreSQL, whose commits take their time.
pub(crate) fn sweep(engine: Engine, is_full: bool) -> Result<Completion, Failed> {
    let databases = match Databases::begin(engine)? {
        Ok(databases) => databases,
        Err(ignored) => return Ok(ignored),
    };
    let stride = if is_full || engine == Engine::Sqlite { 1 } else { 7 };
    for when in [When::Before, When::After] {
        let mut nth = 1;
        while databases.run(async |fixture| {
            let mut world = World::begin(fixture).await?;
            let plan = Plan { nth, times: 1, when };
            world.sweep(plan);
            for (number, step) in script().iter().enumerate() {
                let at = || format!("{plan:?} failed step {number}, {step:?}");
                world.take(step).await.map_err(|error| error.context(at()))?;
            }
            let was_reached = world.was_reached(plan);
            let wrong = world.compare().await?;
            ensure!(wrong.is_empty(), "{plan:?}: {wrong:#?}");
            Ok((world.end(), was_reached))
        })? {
            nth += stride;
        }
        if nth < 60 {
            return Err(format!("the script has {nth} operations: it does not do what it is to do").into());
        }
    }
    databases.end();
    Ok(Completion::Completed)
}
