//! Attempts whose task is over while nobody knows how they ended: watched, and told at last or taken as charged.

use anyhow::{Context, ensure};
use capstan_domain::adapter::Charged;
use capstan_domain::task::TaskState;
use capstan_domain::{AttemptId, TaskId};
use capstan_storage::{Acceptance, Charge, Doubt, Doubtful, Fence, Heard, LateWord, StoreError};

use crate::charging::{a_charge, a_word, lines};
use crate::fixture::{Fixture, NOW, nanos};

const UNTIL: i64 = NOW + 300_000;

/// A task whose provider accepted it and never said more, given up and watched.
async fn watched(f: &Fixture) -> anyhow::Result<(TaskId, AttemptId)> {
    let (task, attempt) = f.place(300).await?;
    let acceptance = Acceptance { task, attempt, fence: f.fence, reference: b"sealed".to_vec(), at_ms: NOW + 500 };
    f.store.record_acceptance(acceptance).await?;
    f.store.settle(f.given_up((task, attempt), None, Some(UNTIL))).await?;
    Ok((task, attempt))
}

/// A task whose submit was never answered.
async fn in_doubt(f: &Fixture) -> anyhow::Result<(TaskId, AttemptId)> {
    let (task, attempt) = f.place(300).await?;
    let doubt = Doubt { task, attempt, fence: f.fence, fault_code: "request-failed".to_owned() };
    f.store.record_in_doubt(doubt).await?;
    Ok((task, attempt))
}

fn assumed(f: &Fixture, cost: i64) -> Charge {
    Charge { is_told: false, ..a_charge(f, cost) }
}

async fn doubtful(f: &Fixture, attempt: AttemptId) -> anyhow::Result<Option<Doubtful>> {
    Ok(f.store.list_doubtful(NOW, 100).await?.into_iter().find(|doubt| doubt.attempt == attempt))
}

pub(crate) async fn a_watched_attempt_is_listed_until_its_last_word(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (task, attempt) = watched(&f).await?;
    assert_eq!(f.balance().await?.available, nanos(1_000), "the account waits for nothing");
    let listed = f.store.list_watched(&[6, f.fence.shard]).await?;
    let one = listed.first().context("a watched attempt")?;
    assert_eq!((listed.len(), one.task.facts.id, one.attempt.id, one.until_ms), (1, task, attempt, UNTIL));
    assert_eq!((one.task.state, one.attempt.reference.as_deref()), (TaskState::Failed, Some(&b"sealed"[..])));
    assert_eq!(f.store.list_watched(&[6, 8]).await?, [], "another node's");
    assert_eq!(f.store.record_late_word(a_word(&f, (task, attempt), 70)).await?, Heard::Done);
    assert_eq!(f.store.list_watched(&[f.fence.shard]).await?, []);
    let attempts = f.store.list_attempts(task).await?;
    assert_eq!(attempts.first().context("an attempt")?.provider_cost, Some(nanos(70)));
    Ok(())
}

pub(crate) async fn what_is_assumed_is_borne_and_stays_unknown(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (task, attempt) = watched(&f).await?;
    let end = LateWord { charged: Charged::Unknown, charge: Some(assumed(&f, 60)), ..a_word(&f, (task, attempt), 60) };
    for _ in 0..2 {
        assert_eq!(f.store.record_late_word(end).await?, Heard::Done);
    }
    let expected = [("platform:loss".to_owned(), -60), (format!("provider:{}:cost", f.credential), 60)];
    assert_eq!(lines(&f, task, "loss").await?, expected);
    let attempts = f.store.list_attempts(task).await?;
    assert_eq!(attempts.first().context("an attempt")?.provider_cost, None, "nobody said that it cost this");
    let listed = doubtful(&f, attempt).await?.context("still in doubt")?;
    assert_eq!((listed.charged, listed.borne), (Some(Charged::Unknown), Some(nanos(60))));
    Ok(())
}

pub(crate) async fn only_the_holder_of_the_shard_has_the_last_word(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (task, attempt) = watched(&f).await?;
    let word = a_word(&f, (task, attempt), 70);
    let stale = LateWord { fence: Fence { epoch: f.fence.epoch + 1, ..f.fence }, ..word };
    let fenced = f.store.record_late_word(stale).await;
    ensure!(matches!(fenced, Err(StoreError::Fenced { .. })), "{fenced:?}");
    let elsewhere = LateWord { fence: Fence { shard: f.fence.shard + 1, ..f.fence }, ..word };
    let missing = f.store.record_late_word(elsewhere).await;
    ensure!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");
    assert_eq!(lines(&f, task, "loss").await?, []);
    assert_eq!(f.store.list_watched(&[f.fence.shard]).await?.len(), 1);
    Ok(())
}

pub(crate) async fn what_is_in_doubt_is_listed_with_what_it_cost(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000).await?;
    let open = in_doubt(&f).await?;
    let listed = doubtful(&f, open.1).await?.context("an open task in doubt")?;
    assert_eq!((listed.task_state, listed.borne, listed.ended_at_ms), (TaskState::InDoubt, None, None));
    assert_eq!(listed.fault_code.as_deref(), Some("request-failed"));
    f.store.settle(f.given_up(open, Some(assumed(&f, 50)), None)).await?;
    let listed = doubtful(&f, open.1).await?.context("taken as charged")?;
    assert_eq!((listed.task_state, listed.charged), (TaskState::Failed, Some(Charged::Unknown)));
    assert_eq!((listed.borne, listed.watch_until_ms), (Some(nanos(50)), None));

    let asked = watched(&f).await?;
    let listed = doubtful(&f, asked.1).await?.context("watched")?;
    assert_eq!((listed.watch_until_ms, listed.accepted_at_ms), (Some(UNTIL), Some(NOW + 500)));
    f.store.record_late_word(a_word(&f, asked, 70)).await?;
    assert_eq!(doubtful(&f, asked.1).await?, None, "its provider has told");

    let plain = f.place(300).await?;
    f.store.settle(f.failed(plain)).await?;
    assert_eq!(doubtful(&f, plain.1).await?, None, "a failure is no doubt");
    assert_eq!(f.store.list_doubtful(NOW + 86_400_000, 100).await?, [], "too long ago");
    Ok(())
}
