//! Leases and their fence.

use anyhow::ensure;
use capstan_domain::adapter::FaultClass;
use capstan_storage::{Acceptance, Doubt, Entries, Fence, NextAttempt, PlaceTask, ShardClaim, StoreError};

use crate::fixture::{Fixture, NOW, a_fault};

fn claim(node: &str, now_ms: i64) -> ShardClaim {
    ShardClaim { node: node.into(), now_ms, ttl_ms: 20_000 }
}

pub(crate) async fn free_and_expired_shards_are_taken_under_new_epochs(f: Fixture) -> anyhow::Result<()> {
    // The story begins with node-1 holding all of them until 20 s from now.
    assert_eq!(f.store.acquire_shards(claim("node-2", NOW + 19_999)).await?, []);
    assert_eq!(f.store.acquire_expired_shards(claim("node-1", NOW + 20_000)).await?, []);
    let own = f.store.acquire_shards(claim("node-1", NOW)).await?;
    assert_eq!(own, (0..=255).map(|shard| Fence { shard, epoch: 2 }).collect::<Vec<_>>());
    let taken = f.store.acquire_expired_shards(claim("node-2", NOW + 20_000)).await?;
    assert_eq!(taken, (0..=255).map(|shard| Fence { shard, epoch: 3 }).collect::<Vec<_>>());
    assert_eq!(f.store.renew_shards(claim("node-1", NOW + 20_001)).await?, []);
    Ok(())
}

pub(crate) async fn a_lease_is_renewed_and_released(f: Fixture) -> anyhow::Result<()> {
    let renewed = f.store.renew_shards(claim("node-1", NOW + 30_000)).await?;
    assert_eq!(renewed, (0..=255).map(|shard| Fence { shard, epoch: 1 }).collect::<Vec<_>>());
    assert_eq!(f.store.acquire_expired_shards(claim("node-2", NOW + 49_999)).await?, []);
    f.store.release_shards("node-1").await?;
    f.store.release_shards("node-1").await?;
    assert_eq!(f.store.acquire_expired_shards(claim("node-2", NOW + 40_000)).await?.len(), 256);
    Ok(())
}

pub(crate) async fn a_fenced_write_changes_nothing(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (task, attempt) = f.place(300).await?;
    let before = (f.store.list_open_tasks(None).await?, f.balance().await?);
    f.store.acquire_shards(claim("node-2", NOW + 20_000)).await?;
    let fence = f.fence;
    let late = [
        f.store.place_task(PlaceTask { fence, ..f.a_task(&[10])? }).await.map(drop),
        f.store.record_acceptance(Acceptance { task, attempt, fence, reference: vec![1], at_ms: NOW }).await.map(drop),
        f.store.record_in_doubt(Doubt { task, attempt, fence, fault_code: "x".into() }).await.map(drop),
        f.store
            .record_next_attempt(NextAttempt {
                task,
                fence,
                refused: attempt,
                fault: a_fault(FaultClass::NoCapacity),
                next: f.attempt(5)?,
                charge: None,
                matures_at_ms: NOW,
            })
            .await
            .map(drop),
        f.store.settle(f.solved((task, attempt), 300)).await.map(drop),
        f.store.settle(f.failed((task, attempt))).await.map(drop),
    ];
    for error in late {
        ensure!(matches!(error, Err(StoreError::Fenced { shard: 7, epoch: 1 })), "{error:?}");
    }
    assert_eq!((f.store.list_open_tasks(None).await?, f.balance().await?), before);
    assert_eq!(f.store.list_entries(Entries::OfTask(task)).await?.len(), 2);
    assert_eq!(f.store.list_attempts(task).await?.len(), 1);
    Ok(())
}
