//! Rate limits: GCRA per API key for requests, and per task for polls of one's own tasks, so that a client that polls as
//! the field does (up to five times a second) never meets a limit, however many tasks it has open.

use std::sync::atomic::{AtomicU32, Ordering};

use capstan_domain::{ApiKeyId, TaskId};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::settings::Limits;

/// The limiters of one gateway.
pub struct RateLimits {
    requests: DefaultKeyedRateLimiter<ApiKeyId>,
    polls: DefaultKeyedRateLimiter<TaskId>,
    since_sweep: AtomicU32,
}

/// Checks between two sweeps of limiters that are at rest, so that the maps stay as small as what is in use.
const SWEEP_EVERY: u32 = 65_536;

impl RateLimits {
    /// Limiters at full allowance.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            requests: RateLimiter::keyed(Quota::per_second(limits.key_rate).allow_burst(limits.key_burst)),
            polls: RateLimiter::keyed(Quota::per_second(limits.poll_rate).allow_burst(limits.poll_burst)),
            since_sweep: AtomicU32::new(0),
        }
    }

    /// Whether the key may make a request now.
    #[must_use]
    pub fn admits_request(&self, key: ApiKeyId) -> bool {
        self.sweep_now_and_then();
        self.requests.check_key(&key).is_ok()
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
        let admitted = (0..10).filter(|_| rates.admits_request(a)).count();
        assert_eq!((admitted, rates.admits_request(b)), (3, true));
        assert!((0..100).all(|task| rates.admits_poll(TaskId(Uuid::from_u128(task)))));
    }
}
