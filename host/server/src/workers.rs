//! The workers that keep a gateway going: leases are renewed, payloads are deleted when their time is over.

use std::sync::Arc;
use std::time::Duration;

use capstan_storage::ShardClaim;

use crate::app::App;
use crate::clock;

/// Renews the leases on the shards held, three times per lease.
pub(crate) async fn renew_leases(app: Arc<App>, node: String) {
    let lease_ms = i64::try_from(app.limits.lease.as_millis()).unwrap_or(i64::MAX);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(app.limits.lease / 3) => {}
        }
        if let Err(error) =
            app.store.renew_shards(ShardClaim { node: node.clone(), now_ms: clock::now_ms(), ttl_ms: lease_ms }).await
        {
            // Not fatal: the leases hold for two more rounds, and a node that lost them changes zero rows.
            tracing::error!(error = &error as &dyn std::error::Error, "leases could not be renewed");
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
        match app.store.purge_solutions(clock::now_ms().saturating_sub(retention_ms)).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "solutions past their retention were deleted"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "solutions could not be deleted"),
        }
    }
}
