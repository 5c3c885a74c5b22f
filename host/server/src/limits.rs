//! Rate limits: GCRA per API key for requests, and per task for polls of one's own tasks, so that a client that polls as
//! the field does (up to five times a second) never meets a limit, however many tasks it has open.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use capstan_domain::{ApiKeyId, TaskId};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use crate::settings::Limits;

/// The limiters of one gateway.
pub struct RateLimits {
    requests: DefaultKeyedRateLimiter<ApiKeyId>,
    /// Keys with a rate of their own. A key whose rate changes begins anew, at full allowance.
    own: Cache<(ApiKeyId, NonZeroU32), Arc<DefaultDirectRateLimiter>>,
    polls: DefaultKeyedRateLimiter<TaskId>,
    since_sweep: AtomicU32,
}

/// Most keys with a rate of their own that are remembered; one that is not begins anew.
const MOST_OWN: u64 = 100_000;
/// A limiter that has not been asked for this long is at full allowance again.
const OWN_IDLE: Duration = Duration::from_secs(60);
/// Checks between two sweeps of limiters that are at rest, so that the maps stay as small as what is in use.
const SWEEP_EVERY: u32 = 65_536;

impl RateLimits {
    /// Limiters at full allowance.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            requests: RateLimiter::keyed(Quota::per_second(limits.key_rate).allow_burst(limits.key_burst)),
            own: Cache::builder().max_capacity(MOST_OWN).time_to_idle(OWN_IDLE).build(),
            polls: RateLimiter::keyed(Quota::per_second(limits.poll_rate).allow_burst(limits.poll_burst)),
            since_sweep: AtomicU32::new(0),
        }
    }

    /// Whether the key may make a request now, at its own rate or the gateway's. A key with a rate of its own may make
    /// twice as many at once as in a second.
    #[must_use]
    pub fn admits_request(&self, key: ApiKeyId, own_rate: Option<NonZeroU32>) -> bool {
        let Some(rate) = own_rate else {
            self.sweep_now_and_then();
            return self.requests.check_key(&key).is_ok();
        };
        let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(1));
        let limiter = || Arc::new(RateLimiter::direct(Quota::per_second(rate).allow_burst(burst)));
        self.own.get_with((key, rate), limiter).check().is_ok()
    }

    /// Whether this task, the caller's own, may be polled now.
    #[must_use]
    pub fn admits_poll(&self, task: TaskId) -> bool {
        self.sweep_now_and_then();
        self.polls.check_key(&task).is_ok()
    }

    fn sweep_now_and_then(&self) {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.requests.retain_recent();
            self.polls.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_keys_flood_is_its_own_and_polls_are_counted_per_task() {
        let limits = Limits { key_burst: 3.try_into().unwrap(), key_rate: 1.try_into().unwrap(), ..Limits::default() };
        let rates = RateLimits::new(&limits);
        let (a, b) = (ApiKeyId(Uuid::from_u128(1)), ApiKeyId(Uuid::from_u128(2)));
        let admitted = (0..10).filter(|_| rates.admits_request(a, None)).count();
        assert_eq!((admitted, rates.admits_request(b, None)), (3, true));
        let own = NonZeroU32::new(2);
        assert_eq!((0..10).filter(|_| rates.admits_request(a, own)).count(), 4, "its own rate, twice at once");
        assert!((0..100).all(|task| rates.admits_poll(TaskId(Uuid::from_u128(task)))));
    }
}
