//! Rate limits: GCRA per API key for requests, and per task for polls of one's own tasks, so that a client that polls as
//! the field does (up to five times a second) never meets a limit, however many tasks it has open; and per client address
//! for keys that are none.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use capstan_domain::{ApiKeyId, TaskId};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{NotUntil, Quota, RateLimiter};
use moka::sync::Cache;

use crate::settings::Limits;

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;
type Single = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// The limiters of one gateway.
pub struct RateLimits {
    requests: Keyed<ApiKeyId>,
    /// Keys with a rate of their own. A key whose rate changes begins anew, at full allowance.
    own: Cache<(ApiKeyId, NonZeroU32), Arc<Single>>,
    polls: Keyed<TaskId>,
    guesses: Keyed<IpAddr>,
    guess_burst: u32,
    /// Addresses that have guessed too much, and until when they are not listened to.
    guessers: Cache<IpAddr, Instant>,
    /// Keys that were good from an address: they stay good while others guess from it.
    proven: Cache<(IpAddr, [u8; 32]), ()>,
    since_sweep: AtomicU32,
    clock: DefaultClock,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Most requests at once.
    pub limit: u32,
    /// How many could be made now.
    pub remaining: u32,
    /// When all of them could be made again.
    pub reset: Duration,
}

/// A limit that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// What is left of it: nothing.
    pub allowance: Allowance,
    /// When the next request would be let through.
    pub wait: Duration,
}

/// Most keys with a rate of their own, guessing addresses and proven keys that are remembered.
const MOST_REMEMBERED: u64 = 100_000;
/// A limiter that has not been asked for this long is at full allowance again.
const OWN_IDLE: Duration = Duration::from_secs(60);
/// How long a key that was good from an address is remembered there.
const PROVEN_IDLE: Duration = Duration::from_secs(3_600);
/// Checks between two sweeps of limiters that are at rest, so that the maps stay as small as what is in use.
const SWEEP_EVERY: u32 = 65_536;

impl RateLimits {
    /// Limiters at full allowance.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let per_second = |rate, burst| keyed(Quota::per_second(rate).allow_burst(burst));
        Self {
            requests: per_second(limits.key_rate, limits.key_burst),
            own: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_idle(OWN_IDLE).build(),
            polls: keyed(Quota::per_second(limits.poll_rate).allow_burst(limits.poll_burst)),
            guesses: keyed(Quota::per_minute(limits.guesses_per_minute)),
            guess_burst: limits.guesses_per_minute.get(),
            guessers: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_idle(OWN_IDLE).build(),
            proven: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_idle(PROVEN_IDLE).build(),
            since_sweep: AtomicU32::new(0),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of a key against its own rate or the gateway's. A key with a rate of its own may make twice as many
    /// at once as in a second.
    ///
    /// # Errors
    /// [`Exceeded`] when it has to wait.
    pub fn request(&self, key: ApiKeyId, own_rate: Option<NonZeroU32>) -> Result<Allowance, Exceeded> {
        let Some(rate) = own_rate else {
            self.sweep_now_and_then();
            return self.read(self.requests.check_key(&key));
        };
        let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(1));
        let quota = Quota::per_second(rate).allow_burst(burst);
        let limiter = || Arc::new(RateLimiter::direct(quota).with_middleware::<StateInformationMiddleware>());
        self.read(self.own.get_with((key, rate), limiter).check())
    }

    /// Counts a poll of a task, the caller's own.
    ///
    /// # Errors
    /// [`Exceeded`] when it has to wait.
    pub fn poll(&self, task: TaskId) -> Result<Allowance, Exceeded> {
        self.sweep_now_and_then();
        self.read(self.polls.check_key(&task))
    }

    /// Whether a key may be tried from this address: too many that were none came from it, and this one was not good from
    /// there before.
    ///
    /// # Errors
    /// [`Exceeded`] when it has to wait.
    pub fn may_try(&self, address: IpAddr, key_hash: Option<&[u8; 32]>) -> Result<(), Exceeded> {
        let from = network(address, PER_CUSTOMER);
        let Some(wait) = self.guessers.get(&from).and_then(|until| until.checked_duration_since(Instant::now())) else {
            return Ok(());
        };
        if key_hash.is_some_and(|hash| self.proven.contains_key(&(from, *hash))) {
            return Ok(());
        }
        let reset = Duration::from_secs(60);
        Err(Exceeded { allowance: Allowance { limit: self.guess_burst, remaining: 0, reset }, wait })
    }

    /// Counts a key that is none.
    pub fn guessed(&self, address: IpAddr) {
        self.sweep_now_and_then();
        let from = network(address, PER_CUSTOMER);
        if let Err(Exceeded { wait, .. }) = self.read(self.guesses.check_key(&from)) {
            self.guessers.insert(from, Instant::now() + wait);
        }
    }

    /// Remembers that a key was good from an address.
    pub fn proved(&self, address: IpAddr, key_hash: [u8; 32]) {
        self.proven.insert((network(address, PER_CUSTOMER), key_hash), ());
    }

    fn read<P: governor::clock::Reference>(
        &self,
        checked: Result<governor::middleware::StateSnapshot, NotUntil<P>>,
    ) -> Result<Allowance, Exceeded>
    where
        DefaultClock: governor::clock::Clock<Instant = P>,
    {
        match checked {
            Ok(state) => Ok(allowance(&state.quota(), state.remaining_burst_capacity())),
            Err(not_until) => Err(Exceeded {
                allowance: allowance(&not_until.quota(), 0),
                wait: not_until.wait_time_from(self.clock.now()),
            }),
        }
    }

    fn sweep_now_and_then(&self) {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.requests.retain_recent();
            self.polls.retain_recent();
            self.guesses.retain_recent();
        }
    }
}

fn keyed<K: Hash + Eq + Clone>(quota: Quota) -> Keyed<K>
where
    DefaultKeyedStateStore<K>: StateStore<Key = K> + Default,
{
    RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>()
}

fn allowance(quota: &Quota, remaining: u32) -> Allowance {
    let limit = quota.burst_size().get();
    Allowance { limit, remaining, reset: quota.replenish_interval() * limit.saturating_sub(remaining) }
}

/// What a customer has at least in IPv6, as the bits that are left to it.
pub(crate) const PER_CUSTOMER: u32 = 64;

/// Whose limit an address counts against: in IPv6 a network with so many bits of its own, at most 127.
pub(crate) fn network(address: IpAddr, own_bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6
            .to_ipv4_mapped()
            .map_or_else(|| IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> own_bits << own_bits)), IpAddr::V4),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn limits() -> Limits {
        Limits {
            key_burst: 3.try_into().unwrap(),
            key_rate: 1.try_into().unwrap(),
            guesses_per_minute: 5.try_into().unwrap(),
            ..Limits::default()
        }
    }

    #[test]
    fn one_keys_flood_is_its_own_and_polls_are_counted_per_task() {
        let rates = RateLimits::new(&limits());
        let (a, b) = (ApiKeyId(Uuid::from_u128(1)), ApiKeyId(Uuid::from_u128(2)));
        let admitted = (0..10).filter(|_| rates.request(a, None).is_ok()).count();
        assert_eq!((admitted, rates.request(b, None).is_ok()), (3, true));
        let own = NonZeroU32::new(2);
        assert_eq!((0..10).filter(|_| rates.request(a, own).is_ok()).count(), 4, "its own rate, twice at once");
        assert!((0..100).all(|task| rates.poll(TaskId(Uuid::from_u128(task))).is_ok()));
    }

    #[test]
    fn what_is_left_and_when_to_come_again_is_told() {
        let rates = RateLimits::new(&limits());
        let key = ApiKeyId(Uuid::from_u128(1));
        let first = rates.request(key, None).unwrap();
        assert_eq!((first.limit, first.remaining, first.reset), (3, 2, Duration::from_secs(1)));
        let last = (0..3).map(|_| rates.request(key, None)).last().unwrap().unwrap_err();
        assert_eq!((last.allowance.remaining, last.allowance.reset), (0, Duration::from_secs(3)));
        assert!(last.wait > Duration::ZERO && last.wait <= Duration::from_secs(1), "{:?}", last.wait);
    }

    #[test]
    fn guessers_are_not_listened_to_and_their_neighbours_are() {
        let rates = RateLimits::new(&limits());
        let (guesser, neighbour) = ("198.51.100.7".parse().unwrap(), "198.51.100.8".parse().unwrap());
        let customer = [7; 32];
        rates.proved(guesser, customer);
        for _ in 0..6 {
            assert!(rates.may_try(guesser, None).is_ok());
            rates.guessed(guesser);
        }
        let refused = rates.may_try(guesser, Some(&[8; 32])).unwrap_err();
        assert!(refused.wait <= Duration::from_secs(12), "{:?}", refused.wait);
        assert!(rates.may_try(guesser, Some(&customer)).is_ok(), "good from there before");
        assert!(rates.may_try(neighbour, None).is_ok());
    }

    #[test]
    fn an_ipv6_customer_is_a_network() {
        let of = |text: &str| network(text.parse().unwrap(), PER_CUSTOMER);
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:198.51.100.7"), of("198.51.100.7"));
    }
}
