//! Create storms: some client libraries repeat the same createTask when an answer surprises them, up to fifty times within
//! seconds, and never ask for one of the tasks. It cannot be told from an honest wish for many equal tasks when the second
//! request comes; it can be told, and is told to the account and the operator, when many have come and none was polled.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use capstan_domain::ApiKeyId;
use moka::sync::Cache;

use crate::app::App;
use crate::clock;

/// Equal requests that come within this time belong together.
pub const WITHIN: Duration = Duration::from_secs(10);
/// So many equal requests, none of whose tasks was polled, are a storm.
const MANY: u32 = 5;
/// How long the last storm of a key is told of.
const TOLD_FOR: Duration = Duration::from_secs(24 * 3600);

/// Equal requests of one key within a short time.
#[derive(Debug, Default)]
pub struct Storm {
    creates: AtomicU32,
    polled: AtomicBool,
}

/// The last storm that was seen of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StormSeen {
    /// How many equal requests there were.
    pub creates: u32,
    /// When the last of them came.
    pub at_ms: i64,
}

/// What is remembered of recent requests.
pub struct Storms {
    recent: Cache<(ApiKeyId, u64), Arc<Storm>>,
    seen: Cache<ApiKeyId, StormSeen>,
}

impl Default for Storms {
    fn default() -> Self {
        Self {
            recent: Cache::builder().max_capacity(100_000).time_to_live(WITHIN).build(),
            seen: Cache::builder().max_capacity(10_000).time_to_live(TOLD_FOR).build(),
        }
    }
}

impl Storm {
    /// Takes down that one of its tasks was asked for, or solved at once; true when the requests had been told as a storm.
    pub(super) fn calm(&self) -> bool {
        let was_polled = self.polled.swap(true, Ordering::Relaxed);
        !was_polled && self.creates.load(Ordering::Relaxed) >= MANY
    }

    /// What was seen of them, if they are a storm.
    pub(super) fn seen(&self) -> Option<StormSeen> {
        let creates = self.creates.load(Ordering::Relaxed);
        let is_storm = creates >= MANY && !self.polled.load(Ordering::Relaxed);
        is_storm.then(|| StormSeen { creates, at_ms: clock::now_ms() })
    }
}

impl Storms {
    /// Counts a createTask by its key and its bytes.
    pub fn note(&self, app: &App, key: ApiKeyId, bytes: &[u8]) -> Arc<Storm> {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let storm = self.recent.get_with((key, hasher.finish()), Arc::default);
        let creates = storm.creates.fetch_add(1, Ordering::Relaxed) + 1;
        if creates >= MANY && !storm.polled.load(Ordering::Relaxed) {
            self.seen.insert(key, StormSeen { creates, at_ms: clock::now_ms() });
            if creates == MANY {
                app.metrics.create_storm();
                tracing::warn!(key.id = %key, creates, "the same createTask comes again and again, and no task is polled");
            }
        }
        storm
    }

    /// Takes back what was seen of a key: its requests were no storm.
    pub(super) fn forget(&self, key: ApiKeyId) {
        self.seen.invalidate(&key);
    }

    /// The last storm of a key, if there was one within a day.
    #[must_use]
    pub fn seen(&self, key: ApiKeyId) -> Option<StormSeen> {
        self.seen.get(&key)
    }
}
