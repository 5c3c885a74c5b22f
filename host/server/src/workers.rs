//! The workers that keep a gateway going: leases are renewed, payloads are deleted when their time is over.

use std::sync::Arc;
use std::time::Duration;

use capstan_storage::{ShardClaim, StoreError};

use crate::app::{App, Shards};
use crate::tasks::OpenTask;
use crate::{clock, tasks};

/// Renews the leases on the shards held, three times per lease; lets go of what was lost, takes up what others left.
pub(crate) async fn renew_leases(app: Arc<App>, node: String) {
    let ttl_ms = i64::try_from(app.limits.lease.as_millis()).unwrap_or(i64::MAX);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(app.limits.lease / 3) => {}
        }
        let claim = ShardClaim { node: node.clone(), now_ms: clock::now_ms(), ttl_ms };
        if let Err(error) = renew(&app, claim).await {
            // Not fatal: the leases hold for two more rounds, and a node that lost them changes zero rows.
            tracing::error!(error = &error as &dyn std::error::Error, "leases could not be renewed");
        }
    }
}

async fn renew(app: &Arc<App>, claim: ShardClaim) -> Result<(), StoreError> {
    let before = app.shards.load_full();
    let mut held = app.store.renew_shards(claim.clone()).await?;
    // What came back under another epoch is somebody else's by now, or another process of this name.
    held.retain(|fence| before.held.contains(fence));
    let gained = app.store.acquire_expired_shards(claim).await?;
    let lost = before.held.len() - held.len();
    held.extend(&gained);
    app.shards.store(Arc::new(Shards { held }));
    if lost > 0 {
        tracing::error!(lost, "shards were lost to other nodes");
        let is_held = |task: &OpenTask| app.shards.load().fence(task.fence.shard) == Some(task.fence);
        app.open.retain(is_held);
        app.watched.retain(is_held);
    }
    if !gained.is_empty() {
        let numbers: Vec<u8> = gained.iter().map(|fence| fence.shard).collect();
        let taken_up = tasks::take_up_shards(app, &numbers).await?;
        tracing::info!(shards = gained.len(), taken_up, "shards that other nodes left were taken up");
    }
    Ok(())
}

/// How often a node looks for what operators did through other nodes.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Puts in force what operators did through other nodes of the same database.
pub(crate) async fn follow_changes(app: Arc<App>) {
    let mut seen = None;
    loop {
        match app.store.changes_mark().await {
            Ok(mark) if seen.is_none() || seen == Some(mark) => seen = Some(mark),
            Ok(mark) => match app.reload().await {
                Ok(()) => seen = Some(mark),
                // Tried again at the next look: what is in force stays in force.
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "an operator's change is not in force");
                }
            },
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "changes by other nodes cannot be looked for");
            }
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Deletes solutions past their retention, once in a while.
pub(crate) async fn purge(app: Arc<App>) {
    let retention_ms = i64::try_from(app.limits.retention.as_millis()).unwrap_or(i64::MAX);
    let every = (app.limits.retention / 10).clamp(Duration::from_secs(1), Duration::from_secs(600));
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        let now_ms = clock::now_ms();
        match app.store.purge_solutions(now_ms.saturating_sub(retention_ms), now_ms).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "solutions past their retention were deleted"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "solutions could not be deleted"),
        }
    }
}
