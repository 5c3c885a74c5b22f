//! What every part of the server shares: one struct, made once at the start.

use std::sync::Arc;

use arc_swap::ArcSwap;
use capstan_egress::{Egress, Vault};
use capstan_storage::{Fence, Store};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapters::Adapters;
use crate::adapters::trial::Decided;
use crate::api::{Callers, Health};
use crate::exchange::Exchange;
use crate::limits::RateLimits;
use crate::metrics::Metrics;
use crate::providers::{Snapshot, SnapshotError, grant};
use crate::settings::Limits;
use crate::tasks::{EndedTasks, OpenTasks, Storms, WatchedTasks, WheelHandle};

/// The gateway's parts.
pub struct App {
    /// The database.
    pub store: Store,
    /// The outward HTTP client.
    pub egress: Egress,
    /// Seals what is stored: references, memos, solutions.
    pub vault: Arc<Vault>,
    /// The adapters that are loaded.
    pub adapters: Arc<Adapters>,
    /// Providers, credentials, prices and policy, replaced as a whole.
    pub snapshot: ArcSwap<Snapshot>,
    /// Held by whoever replaces it.
    pub(crate) reloading: tokio::sync::Mutex<()>,
    /// Authenticated API keys, for a short while.
    pub callers: Callers,
    /// What is counted.
    pub metrics: Metrics,
    /// Rate limits.
    pub rates: RateLimits,
    /// What the Provider Exchange shares.
    pub exchange: Exchange,
    /// Equal requests that came of late.
    pub storms: Storms,
    /// Bounds.
    pub limits: Limits,
    /// Whether providers on this machine are allowed: for trials.
    pub allow_loopback_providers: bool,
    /// Tasks that this process moves.
    pub open: OpenTasks,
    /// Tasks that are over and whose attempt is still asked about.
    pub watched: WatchedTasks,
    /// Those that have ended of late.
    pub ended: EndedTasks,
    /// When they are polled and given up.
    pub wheel: WheelHandle,
    /// Takes the ends of trials of adapters.
    pub(crate) decided: mpsc::UnboundedSender<Decided>,
    /// Shards that this process holds.
    pub shards: ArcSwap<Shards>,
    /// Work that shutdown waits for.
    pub tracker: TaskTracker,
    /// What was last found out about the database.
    pub health: Health,
    /// Says that a stop has been asked for: requests are still answered, but new ones should go elsewhere.
    pub draining: CancellationToken,
    /// Says that it is time to stop.
    pub shutdown: CancellationToken,
}

impl App {
    /// Puts changed rows in force: providers, credentials, prices, policy and keys.
    ///
    /// # Errors
    /// [`SnapshotError`]; what was in force stays in force, except that keys and accounts are read anew.
    pub async fn reload(&self) -> Result<(), SnapshotError> {
        // Before anything that can fail: a key that was revoked must not stay good because a price is bad.
        self.callers.forget_all();
        // One after another: a look that began earlier must not replace what a later one has put in force.
        let _turn = self.reloading.lock().await;
        if self.adapters.follow(&self.store).await? {
            grant::grant_first(&self.store, &self.adapters).await?;
        }
        let before = self.snapshot.load_full();
        let adapters = self.adapters.latest();
        let snapshot = Snapshot::load(&self.store, &adapters, Some(&before), self.limits.polls_at_once).await?;
        snapshot.check_loopback(self.allow_loopback_providers)?;
        self.snapshot.store(Arc::new(snapshot));
        Ok(())
    }
}

/// The shards of a node, and the epochs under which it holds them.
#[derive(Debug, Default)]
pub struct Shards {
    /// Each with the right under which its tasks are written.
    pub held: Vec<Fence>,
}

impl Shards {
    /// A shard for a new task, by a number drawn at random; a node creates tasks only in shards that it holds.
    #[must_use]
    pub fn pick(&self, drawn: i64) -> Option<Fence> {
        let place = usize::try_from(drawn).ok()?.checked_rem(self.held.len())?;
        self.held.get(place).copied()
    }

    /// The right to a shard, if it is one of this node's.
    #[must_use]
    pub fn fence(&self, shard: u8) -> Option<Fence> {
        self.held.iter().find(|fence| fence.shard == shard).copied()
    }

    /// Whether they are all that there are, so that no other node has any.
    #[must_use]
    pub const fn are_all(&self) -> bool {
        self.held.len() > u8::MAX as usize
    }

    /// Their numbers.
    #[must_use]
    pub fn numbers(&self) -> Vec<u8> {
        self.held.iter().map(|fence| fence.shard).collect()
    }
}
