//! The workers that keep a gateway going: leases are renewed, payloads are deleted when their time is over, earnings
//! mature, the ledger is checked, balances at providers are held against it.

use std::sync::Arc;
use std::time::Duration;

use capstan_storage::{Maturing, ShardClaim, StoreError};

use crate::app::{App, Shards};
use crate::metrics::MoneyMoved;
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

/// Puts in force what operators did through other nodes of the same database, since the rows were read at this mark.
pub(crate) async fn follow_changes(app: Arc<App>, mut seen: (i64, i64)) {
    loop {
        match app.store.changes_mark().await {
            Ok(mark) if seen == mark => {}
            Ok(mark) => match app.reload().await {
                Ok(()) => seen = mark,
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

/// What is done once for all nodes of a database is done by the node that holds this shard: one at a time does, and another
/// takes it over with the lease. Two that both think so for a moment do no harm.
const ONE_FOR_ALL: u8 = 0;

pub(crate) fn is_the_one(app: &App) -> bool {
    app.shards.load().fence(ONE_FOR_ALL).is_some()
}

/// The times at which something is done once for all nodes: first after one wait, then after another each time.
struct Rounds {
    wait: Duration,
    every: Duration,
}

impl Rounds {
    const fn new(first: Duration, every: Duration) -> Self {
        Self { wait: first, every }
    }

    /// Waits for the next one that is this node's; false when the process stops.
    async fn next(&mut self, app: &App) -> bool {
        while self.next_of_any(app).await {
            if is_the_one(app) {
                return true;
            }
        }
        false
    }

    /// Waits for the next one, whoever's it is; false when the process stops.
    async fn next_of_any(&mut self, app: &App) -> bool {
        tokio::select! {
            () = app.shutdown.cancelled() => return false,
            () = tokio::time::sleep(self.wait) => self.wait = self.every,
        }
        true
    }
}

/// Longest between two looks for earnings to mature.
const MATURE_EVERY: Duration = Duration::from_secs(60);
/// Contributors whose earnings mature in one round.
const MOST_MATURING: i64 = 100;

/// Matures earnings whose dispute window has passed.
pub(crate) async fn mature_earnings(app: Arc<App>) {
    let every = (app.limits.dispute_window / 10).clamp(Duration::from_secs(1), MATURE_EVERY);
    let mut rounds = Rounds::new(every, every);
    while rounds.next(&app).await {
        if let Err(error) = mature_due(&app).await {
            // What did not mature now is due at the next look.
            tracing::error!(error = &error as &dyn std::error::Error, "earnings could not be matured");
        }
    }
}

async fn mature_due(app: &App) -> Result<(), StoreError> {
    let now_ms = clock::now_ms();
    loop {
        let due = app.store.list_maturing(now_ms, MOST_MATURING).await?;
        for &contributor in &due {
            let maturing = Maturing { contributor, now_ms, move_id: clock::new_move_id() };
            let matured = app.store.mature_earnings(maturing).await?;
            app.metrics.moved(MoneyMoved::Matured, matured);
            tracing::info!(account.id = %contributor, amount = %matured, "earnings matured");
        }
        if i64::try_from(due.len()).unwrap_or(i64::MAX) < MOST_MATURING || app.shutdown.is_cancelled() {
            return Ok(());
        }
    }
}

/// A gateway that has just started has other things to do.
const FIRST_CHECK: Duration = Duration::from_secs(300);

/// Holds providers' balances against the books once in a while. One node does; the others learn from it what is left.
pub(crate) async fn check_balances(app: Arc<App>) {
    let every = app.limits.balance_check_every;
    if every.is_zero() {
        return;
    }
    recall_balances(&app).await;
    // The first look says nothing yet: the sooner it is made, the sooner the second one does.
    let mut rounds = Rounds::new(clock::spread(every.min(FIRST_CHECK)), every);
    while rounds.next_of_any(&app).await {
        if is_the_one(&app) {
            tasks::look_at_balances(&app).await;
        } else {
            recall_balances(&app).await;
        }
    }
}

async fn recall_balances(app: &App) {
    if let Err(error) = tasks::recall_balances(app).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "what is left at providers could not be read");
    }
}

/// Checks the whole ledger once in a while. What it finds is told and counted, and stops nothing: who can pay goes on.
pub(crate) async fn check_ledger(app: Arc<App>) {
    let every = app.limits.ledger_check_every;
    if every.is_zero() {
        return;
    }
    let mut rounds = Rounds::new(clock::spread(every.min(FIRST_CHECK)), every);
    while rounds.next(&app).await {
        check_ledger_now(&app).await;
    }
}

async fn check_ledger_now(app: &App) {
    let report = tokio::select! {
        () = app.shutdown.cancelled() => return,
        report = app.store.verify_ledger() => report,
    };
    let agrees = match report {
        Ok(report) => {
            match &report.difference {
                None => {
                    tracing::info!(moves = report.moves, entries = report.entries, "the ledger agrees with itself")
                }
                Some(difference) => tracing::error!(%difference, "the ledger does not agree with itself"),
            }
            Some(report.difference.is_none())
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the ledger could not be checked");
            None
        }
    };
    app.metrics.ledger_checked(agrees, clock::now_ms());
}
