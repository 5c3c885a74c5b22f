//! Between hold and settlement.

use anyhow::{Context, ensure};
use capstan_domain::adapter::{Charged, FaultClass};
use capstan_domain::task::TaskState;
use capstan_domain::{AttemptId, TaskId};
use capstan_storage::{Acceptance, AttemptState, Doubt, Fence, NextAttempt, OpenTask, PlaceTask, Recorded, StoreError};

use crate::fixture::{Fixture, NOW, a_fault};

async fn only_open(f: &Fixture) -> anyhow::Result<OpenTask> {
    let mut open = f.store.list_open_tasks(None).await?;
    ensure!(open.len() == 1, "one task is open: {open:?}");
    open.pop().context("one task is open")
}

fn acceptance(f: &Fixture, (task, attempt): (TaskId, AttemptId)) -> Acceptance {
    Acceptance { task, attempt, fence: f.fence, reference: b"ref".to_vec(), at_ms: NOW + 5 }
}

fn doubt(f: &Fixture, (task, attempt): (TaskId, AttemptId)) -> Doubt {
    Doubt { task, attempt, fence: f.fence, fault_code: "timeout".into() }
}

pub(crate) async fn an_acceptance_makes_a_task_run(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(10).await?;
    for _ in 0..2 {
        assert_eq!(f.store.record_acceptance(acceptance(&f, placed)).await?, Recorded::Done);
        let open = only_open(&f).await?;
        assert_eq!((open.task.state, open.attempt.state), (TaskState::Running, AttemptState::Running));
        assert_eq!(
            (open.attempt.reference.as_deref(), open.attempt.accepted_at_ms),
            (Some(&b"ref"[..]), Some(NOW + 5))
        );
    }
    let nothing = f.store.record_acceptance(acceptance(&f, (placed.0, AttemptId(f.uuid())))).await;
    ensure!(matches!(nothing, Err(StoreError::Missing { .. })), "{nothing:?}");
    Ok(())
}

pub(crate) async fn the_next_attempt_replaces_a_refused_one(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (task, refused) = f.place(10).await?;
    let fault = a_fault(FaultClass::NoCapacity);
    let next =
        NextAttempt { task, fence: f.fence, refused, fault, next: f.attempt(8)?, charge: None, matures_at_ms: NOW };
    for _ in 0..2 {
        assert_eq!(f.store.record_next_attempt(next.clone()).await?, Recorded::Done);
    }
    let attempts = f.store.list_attempts(task).await?;
    let [first, second] = attempts.as_slice() else { anyhow::bail!("two attempts: {attempts:?}") };
    assert_eq!((first.state, first.ended_at_ms), (AttemptState::Refused, Some(NOW)));
    let fault = first.fault.as_ref().context("a fault")?;
    assert_eq!((fault.class.as_str(), fault.code.as_str(), fault.charged), ("no-capacity", "ERROR_X", Charged::No));
    assert_eq!((second.id, second.seq, second.state), (next.next.id, 2, AttemptState::Submitting));
    assert_eq!(only_open(&f).await?.attempt.id, next.next.id);
    // An attempt that is not the open one cannot be refused again.
    let wrong = f.store.record_next_attempt(NextAttempt { next: f.attempt(8)?, ..next.clone() }).await;
    ensure!(matches!(wrong, Err(StoreError::Contended)), "{wrong:?}");
    // Once sent and unclear, there is no next one.
    f.store.record_in_doubt(doubt(&f, (task, next.next.id))).await?;
    let more = NextAttempt { refused: next.next.id, next: f.attempt(8)?, ..next };
    assert_eq!(f.store.record_next_attempt(more).await?, Recorded::Moot(TaskState::InDoubt));
    assert_eq!(f.store.list_attempts(task).await?.len(), 2);
    Ok(())
}

pub(crate) async fn a_doubtful_attempt_is_accepted_later(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(10).await?;
    for _ in 0..2 {
        assert_eq!(f.store.record_in_doubt(doubt(&f, placed)).await?, Recorded::Done);
        let open = only_open(&f).await?;
        assert_eq!((open.task.state, open.attempt.state), (TaskState::InDoubt, AttemptState::InDoubt));
        let fault = open.attempt.fault.context("a fault")?;
        assert_eq!(
            (fault.class.as_str(), fault.code.as_str(), fault.charged),
            ("in-doubt", "timeout", Charged::Unknown)
        );
    }
    assert_eq!(f.store.record_acceptance(acceptance(&f, placed)).await?, Recorded::Done);
    assert_eq!(only_open(&f).await?.task.state, TaskState::Running);
    assert_eq!(f.store.record_in_doubt(doubt(&f, placed)).await?, Recorded::Moot(TaskState::Running));
    Ok(())
}

pub(crate) async fn records_of_a_task_that_is_over_are_moot(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (task, attempt) = f.place(10).await?;
    f.store.settle(f.failed((task, attempt))).await?;
    let moot = Recorded::Moot(TaskState::Failed);
    assert_eq!(f.store.record_acceptance(acceptance(&f, (task, attempt))).await?, moot);
    assert_eq!(f.store.record_in_doubt(doubt(&f, (task, attempt))).await?, moot);
    let fault = a_fault(FaultClass::Throttled(Some(5)));
    let next = NextAttempt {
        task,
        fence: f.fence,
        refused: attempt,
        fault,
        next: f.attempt(8)?,
        charge: None,
        matures_at_ms: NOW,
    };
    assert_eq!(f.store.record_next_attempt(next).await?, moot);
    assert_eq!(f.store.list_attempts(task).await?.len(), 1);
    Ok(())
}

pub(crate) async fn open_tasks_are_listed_by_shard_with_their_latest_attempt(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    for shard in [3, 4, 9, 255] {
        let task = PlaceTask { fence: Fence { shard, epoch: 1 }, ..f.a_task(&[10])? };
        ensure!(f.store.place_task(task).await?.is_ok(), "placed");
    }
    let (over, attempt) = f.place(10).await?;
    f.store.settle(f.failed((over, attempt))).await?;
    let shards = async |shards: Option<&[u8]>| -> anyhow::Result<Vec<u8>> {
        Ok(f.store.list_open_tasks(shards).await?.into_iter().map(|open| open.task.shard).collect())
    };
    assert_eq!(shards(None).await?, [3, 4, 9, 255]);
    assert_eq!(shards(Some(&[4, 255, 3, 7])).await?, [3, 4, 255]);
    assert_eq!(shards(Some(&[])).await?, Vec::<u8>::new());
    Ok(())
}
