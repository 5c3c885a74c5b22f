//! How tasks end.

use anyhow::{Context, ensure};
use capstan_domain::adapter::FaultClass;
use capstan_domain::code::ErrorCode;
use capstan_domain::route::Pool;
use capstan_domain::task::TaskState;
use capstan_domain::{AccountId, Amount, AttemptId, CredentialId, MoveId, TaskId};
use capstan_storage::{
    AttemptEnd, AttemptState, Entries, LateCost, NewCredential, Outcome, Settled, Settlement, StoreError, TaskName,
};
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

/// Places a task whose only candidate is a credential that `owner` contributed for 6000 basis points.
async fn place_on_contributed(f: &Fixture, owner: AccountId) -> anyhow::Result<(TaskId, AttemptId)> {
    let id = CredentialId(f.uuid());
    let credential = NewCredential { pool: Pool::Community, owner: Some(owner), ..f.a_credential(id)? };
    f.store.add_credential(credential).await?;
    let mut request = f.a_task(&[301])?;
    let candidate = request.candidates.first_mut().context("a candidate")?;
    candidate.candidate.credential = id;
    candidate.candidate.pool = Pool::Community;
    candidate.candidate.share = Some((owner, 6_000));
    let placed = (request.facts.id, candidate.id);
    ensure!(f.store.place_task(request).await?.is_ok(), "placed");
    Ok(placed)
}

async fn lines(f: &Fixture, task: TaskId, kind: &str) -> anyhow::Result<Vec<(String, i64)>> {
    let entries = f.store.list_entries(Entries::OfTask(task)).await?;
    Ok(entries.into_iter().filter(|e| e.kind == kind).map(|e| (e.account, e.amount.nanos())).collect())
}

pub(crate) async fn a_contributor_earns_the_share_of_the_snapshot(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let contributor = AccountId(f.uuid());
    f.add_account(contributor).await?;
    let placed = place_on_contributed(&f, contributor).await?;
    f.store.settle(f.solved(placed, 101)).await?;
    let account = f.account;
    let expected = [
        (format!("account:{account}:held"), -301),
        (format!("account:{account}:available"), 200),
        ("platform:revenue".to_owned(), 41),
        (format!("contributor:{contributor}:pending"), 60),
    ];
    assert_eq!(lines(&f, placed.0, "capture").await?, expected);
    let earned = f.store.list_entries(Entries::OfAccount(contributor)).await?;
    assert_eq!(earned.iter().map(|entry| entry.amount).collect::<Vec<_>>(), [nanos(60)]);
    Ok(())
}

pub(crate) async fn nobody_earns_from_their_own_task(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = place_on_contributed(&f, f.account).await?;
    f.store.settle(f.solved(placed, 301)).await?;
    let expected = [(format!("account:{}:held", f.account), -301), ("platform:revenue".to_owned(), 301)];
    assert_eq!(lines(&f, placed.0, "capture").await?, expected);
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
        provider_cost: None,
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

pub(crate) async fn a_late_cost_is_booked_once(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    let late = LateCost {
        task: placed.0,
        credential: f.credential,
        cost: nanos(70),
        move_id: MoveId(f.uuid()),
        at_ms: NOW + 10_000,
    };
    let early = f.store.book_late_cost(late).await;
    ensure!(matches!(early, Err(StoreError::UnexpectedChange { .. })), "{early:?}");
    f.store.settle(f.failed(placed)).await?;
    f.store.book_late_cost(late).await?;
    f.store.book_late_cost(late).await?;
    f.store.book_late_cost(LateCost { move_id: MoveId(f.uuid()), cost: nanos(9), ..late }).await?;
    let expected = [("platform:loss".to_owned(), -70), (format!("provider:{}:cost", f.credential), 70)];
    assert_eq!(lines(&f, placed.0, "late_cost").await?, expected);
    assert_eq!(f.balance().await?.available, nanos(1_000));
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
