//! How tasks end.

use anyhow::{Context, ensure};
use capstan_domain::adapter::FaultClass;
use capstan_domain::code::ErrorCode;
use capstan_domain::task::TaskState;
use capstan_domain::{Amount, TaskId};
use capstan_storage::{AttemptEnd, AttemptState, Outcome, Settled, Settlement, StoreError, TaskName};
use futures_util::future::join_all;

use crate::fixture::{Fixture, NOW, a_fault, nanos, provider};

async fn state_of(f: &Fixture, task: TaskId) -> anyhow::Result<TaskState> {
    Ok(f.store.find_task(f.account, TaskName::Id(task)).await?.context("found")?.state)
}

pub(crate) async fn a_solved_task_is_captured_and_the_rest_returns(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    let settled = f.store.settle(f.solved(placed, 250)).await?;
    assert_eq!(settled, Settled::Now { cost: nanos(250), returned: nanos(50) });
    let balance = f.balance().await?;
    assert_eq!((balance.available, balance.held), (nanos(750), Amount::ZERO));
    let task = f.store.find_task(f.account, TaskName::Id(placed.0)).await?.context("found")?;
    assert_eq!((task.state, task.cost, task.solver), (TaskState::Solved, Some(nanos(250)), Some(provider()?)));
    assert_eq!((task.solution.as_deref(), task.ended_at_ms), (Some(&b"sealed"[..]), Some(NOW + 9_000)));
    let attempts = f.store.list_attempts(placed.0).await?;
    let attempt = attempts.first().context("an attempt")?;
    assert_eq!((attempt.state, attempt.provider_cost), (AttemptState::Solved, Some(nanos(1))));
    // Nothing is also a price that can be captured.
    let free = f.place(300).await?;
    assert_eq!(f.store.settle(f.solved(free, 0)).await?, Settled::Now { cost: Amount::ZERO, returned: nanos(300) });
    assert_eq!(f.balance().await?.available, nanos(750));
    Ok(())
}

pub(crate) async fn a_failed_task_is_released_in_full(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    assert_eq!(f.store.settle(f.failed(placed)).await?, Settled::Now { cost: Amount::ZERO, returned: nanos(300) });
    let balance = f.balance().await?;
    assert_eq!((balance.available, balance.held), (nanos(1_000), Amount::ZERO));
    let task = f.store.find_task(f.account, TaskName::Id(placed.0)).await?.context("found")?;
    assert_eq!((task.state, task.cost, task.solver), (TaskState::Failed, None, None));
    assert_eq!(task.error, Some((ErrorCode::CaptchaUnsolvable, "no worker could".to_owned())));
    let attempts = f.store.list_attempts(placed.0).await?;
    assert_eq!(attempts.first().map(|attempt| attempt.state), Some(AttemptState::Failed));
    // The last candidate surely did not accept: the attempt is refused, the task failed.
    let placed = f.place(300).await?;
    let outcome = Outcome::Failed {
        code: ErrorCode::NoProvidersAvailable,
        description: String::new(),
        end: AttemptEnd::Refused,
        fault: Some(a_fault(FaultClass::ProviderDown)),
        charge: None,
        watch_until_ms: None,
    };
    f.store.settle(Settlement { outcome, ..f.failed(placed) }).await?;
    let attempts = f.store.list_attempts(placed.0).await?;
    let attempt = attempts.first().context("an attempt")?;
    let class = attempt.fault.as_ref().map(|fault| fault.class.as_str());
    assert_eq!((attempt.state, class), (AttemptState::Refused, Some("provider-down")));
    Ok(())
}

pub(crate) async fn a_hold_is_settled_once(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    let solved = f.solved(placed, 250);
    for _ in 0..2 {
        assert_eq!(f.store.settle(solved.clone()).await?, Settled::Now { cost: nanos(250), returned: nanos(50) });
    }
    assert_eq!(f.store.settle(f.failed(placed)).await?, Settled::Already(TaskState::Solved));
    assert_eq!(f.store.settle(f.solved(placed, 1)).await?, Settled::Already(TaskState::Solved));
    assert_eq!(f.balance().await?.available, nanos(750));
    let nothing = f.store.settle(f.failed((TaskId(f.uuid()), placed.1))).await;
    ensure!(matches!(nothing, Err(StoreError::Missing { .. })), "{nothing:?}");
    Ok(())
}

pub(crate) async fn settlements_that_race_close_one_hold(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    // Two handles are two writers, as on two nodes; half of the calls want to capture, half to release.
    let other = capstan_storage::Store::open(&f.database.url, capstan_storage::OpenOptions::default()).await?;
    let calls = (0..40).map(|n| {
        let store = if n % 4 < 2 { &f.store } else { &other };
        store.settle(if n % 2 == 0 { f.solved(placed, 300) } else { f.failed(placed) })
    });
    let mut now = 0;
    for settled in join_all(calls).await {
        match settled? {
            Settled::Now { .. } => now += 1,
            Settled::Already(state) => assert_eq!(state, state_of(&f, placed.0).await?),
        }
    }
    assert_eq!(now, 1);
    other.close().await;
    Ok(())
}

pub(crate) async fn a_capture_above_the_hold_changes_nothing(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    let error = f.store.settle(f.solved(placed, 301)).await;
    ensure!(matches!(error, Err(StoreError::Move(_))), "{error:?}");
    assert_eq!(state_of(&f, placed.0).await?, TaskState::Submitting);
    assert_eq!(f.balance().await?.held, nanos(300));
    Ok(())
}

pub(crate) async fn old_solutions_are_purged_and_costs_stay(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (old, new) = (f.place(10).await?, f.place(10).await?);
    f.store.settle(f.solved(old, 10)).await?;
    f.store.settle(Settlement { at_ms: NOW + 20_000, ..f.solved(new, 10) }).await?;
    assert_eq!(f.store.purge_solutions(NOW + 20_000, NOW).await?, 1);
    assert_eq!(f.store.purge_solutions(NOW + 20_000, NOW).await?, 0);
    let find = async |task| f.store.find_task(f.account, TaskName::Id(task)).await;
    let (old, new) = (find(old.0).await?.context("old")?, find(new.0).await?.context("new")?);
    assert_eq!((old.solution, old.cost), (None, Some(nanos(10))));
    ensure!(new.solution.is_some(), "the newer one is kept");
    Ok(())
}
