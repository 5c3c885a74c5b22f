//! The process's own settings, typed. Where they come from (flags, environment, file) is `capstan`'s affair; accounts,
//! providers, prices and policies are not settings, they live in the database.

pub mod sandbox;
pub mod units;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use capstan_domain::dialect::Dialect;
use capstan_domain::quarantine::Rule;
use capstan_sandbox::Compiler;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::door::DoorSettings;
use sandbox::SandboxLimits;

/// Everything that a gateway is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the client API listens.
    pub listen: SocketAddr,
    /// Further addresses where it listens, each in a dialect of its own.
    pub dialect_listen: Vec<(Dialect, SocketAddr)>,
    /// Where metrics are served, at `/metrics`; none serves none. Anybody who reaches it may read it.
    pub metrics_listen: Option<SocketAddr>,
    /// Home of the database (unless a URL says otherwise), the cache of compiled adapters and the lock.
    pub data_dir: PathBuf,
    /// `sqlite:` or `postgres:` URL; none means SQLite in the data directory.
    pub database_url: Option<String>,
    /// The adapters' components.
    pub adapters: Vec<PathBuf>,
    /// Whether a provider's row may grant an address on this machine: for trials against simulators, never in production.
    pub allow_loopback_providers: bool,
    /// TLS and trusted proxies.
    pub door: DoorSettings,
    /// What adapters may take.
    pub sandbox: SandboxLimits,
    /// What compiles them.
    pub compiler: Compiler,
    /// The rest, with defaults.
    pub limits: Limits,
}

/// Bounds; every queue, loop, body and wait has one. As text: durations as in "3s" or "24h", sizes as in "2MiB".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest that createTask waits for a provider's acceptance; zero answers as soon as the hold is durable.
    #[serde(with = "units::duration")]
    pub accept_wait: Duration,
    /// Longest that a task may take, where its provider allows more.
    #[serde(with = "units::duration")]
    pub task_deadline: Duration,
    /// Most candidates tried for a task.
    pub max_attempts: usize,
    /// One task in so many is tried first at a credential that may be better than is known, so that who has recovered or is new is
    /// found; 0 means none: then what routing has learned of somebody is mended by time alone. 32.
    pub find_out_every: usize,
    /// Largest request body in bytes: two images of 500 kB in base64, and their frame.
    #[serde(with = "units::bytes")]
    pub max_body_bytes: usize,
    /// Longest that a request's body may take to arrive.
    #[serde(with = "units::duration")]
    pub body_within: Duration,
    /// Most open tasks at once; more are refused. Each holds its payload until a provider has it.
    pub max_open: usize,
    /// Requests per second of one API key.
    pub key_rate: NonZeroU32,
    /// Requests that one API key may make at once beyond its rate.
    pub key_burst: NonZeroU32,
    /// Polls per second of one task by its owner. Clients of the field poll up to 5 times a second.
    pub poll_rate: NonZeroU32,
    /// Polls of one task that may come at once beyond the rate. One library of the field asks for every result 29 times and
    /// believes the last answer.
    pub poll_burst: NonZeroU32,
    /// Keys that are none which one client address may try per minute; then it is not listened to for a while.
    pub guesses_per_minute: NonZeroU32,
    /// Longest that getTaskResult waits for a task's end where the client asks it to.
    #[serde(with = "units::duration")]
    pub long_poll: Duration,
    /// How long a solution can be read after its task has ended.
    #[serde(with = "units::duration")]
    pub retention: Duration,
    /// How long what contributors earn is pending: until then it can be taken back.
    #[serde(with = "units::duration")]
    pub dispute_window: Duration,
    /// How often the whole ledger is checked in the background; zero leaves it to `capstan ledger verify`.
    #[serde(with = "units::duration")]
    pub ledger_check_every: Duration,
    /// How often providers' balances are held against the books; zero never does it.
    #[serde(with = "units::duration")]
    pub balance_check_every: Duration,
    /// How often providers are asked what they publish about prices, speed and load; zero never does it.
    #[serde(with = "units::duration")]
    pub market_every: Duration,
    /// Open connections to providers' poll endpoints per credential.
    pub polls_at_once: usize,
    /// How long a lease on shards lasts without renewal.
    #[serde(with = "units::duration")]
    pub lease: Duration,
    /// Open connections of clients; more wait in the system's queue.
    pub max_connections: usize,
    /// Longest that a TLS handshake may take.
    #[serde(with = "units::duration")]
    pub handshake_within: Duration,
    /// Longest from one answer of a connection, or from its beginning, until the head of the next request is there. It
    /// bounds idle connections, too, so it is longer than proxies keep theirs: 60 s with most.
    #[serde(with = "units::duration")]
    pub head_within: Duration,
    /// Largest head of a request in bytes.
    #[serde(with = "units::bytes")]
    pub max_head_bytes: usize,
    /// Longest that a stop waits for requests and work under way.
    #[serde(with = "units::duration")]
    pub drain: Duration,
    /// How long a gateway that is told to stop still lets clients in: a load balancer has that long to read at /readyz
    /// that it should send them elsewhere.
    #[serde(with = "units::duration")]
    pub drain_delay: Duration,
    /// Longest that /readyz waits for the database.
    #[serde(with = "units::duration")]
    pub ready_within: Duration,
    /// From when on an adapter that breaks its limits or the contract gets no more tasks, and for how long.
    pub quarantine: Rule,
}

/// createTask answers within this, queueing included: several client libraries give it five seconds.
pub const CREATE_WITHIN: Duration = Duration::from_millis(4_500);

const fn at_least_one(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            accept_wait: Duration::from_secs(3),
            task_deadline: Duration::from_secs(300),
            max_attempts: 3,
            find_out_every: 32,
            max_body_bytes: 2 * 1024 * 1024,
            body_within: Duration::from_secs(20),
            max_open: 100_000,
            key_rate: at_least_one(200),
            key_burst: at_least_one(2_000),
            poll_rate: at_least_one(10),
            poll_burst: at_least_one(40),
            guesses_per_minute: at_least_one(30),
            long_poll: Duration::from_secs(60),
            retention: Duration::from_secs(24 * 3600),
            dispute_window: Duration::from_secs(72 * 3600),
            ledger_check_every: Duration::from_secs(3600),
            balance_check_every: Duration::from_secs(24 * 3600),
            market_every: Duration::from_secs(60),
            polls_at_once: 32,
            lease: Duration::from_secs(20),
            max_connections: 10_000,
            handshake_within: Duration::from_secs(10),
            head_within: Duration::from_secs(75),
            max_head_bytes: 64 * 1024,
            drain: Duration::from_secs(20),
            drain_delay: Duration::ZERO,
            ready_within: Duration::from_secs(2),
            quarantine: Rule::default(),
        }
    }
}

/// A limit under which nothing would work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limits.{name} must be at {bound}")]
pub struct BadLimit {
    /// Which limit.
    pub name: &'static str,
    /// What it must be at least or at most, as it is written in a file.
    pub bound: String,
}

/// Longer than anybody waits, and short enough to be added to any time.
const LONGEST: Duration = Duration::from_secs(3650 * 24 * 3600);

impl Limits {
    /// Refuses what an operator cannot mean: a wait or a queue in which nothing has room, or one without end.
    ///
    /// # Errors
    /// [`BadLimit`], for the first one.
    pub fn check(&self) -> Result<(), BadLimit> {
        let (none, second) = (Duration::ZERO, Duration::from_secs(1));
        let waits = [
            ("accept_wait", self.accept_wait, none),
            ("task_deadline", self.task_deadline, second),
            ("body_within", self.body_within, second),
            ("long_poll", self.long_poll, none),
            ("retention", self.retention, second),
            ("dispute_window", self.dispute_window, none),
            ("ledger_check_every", self.ledger_check_every, none),
            ("balance_check_every", self.balance_check_every, none),
            ("market_every", self.market_every, none),
            // It is renewed three times per lease, and each time may meet a slow database.
            ("lease", self.lease, 3 * second),
            ("handshake_within", self.handshake_within, second),
            ("head_within", self.head_within, second),
            ("drain", self.drain, none),
            ("drain_delay", self.drain_delay, none),
            ("ready_within", self.ready_within, second / 10),
        ];
        for (name, value, least) in waits {
            if value < least {
                return Err(BadLimit { name, bound: format!("least {}", units::duration::to_text(least)) });
            }
            if value > LONGEST {
                return Err(BadLimit { name, bound: "most 3650days".to_owned() });
            }
        }
        let counts = [
            ("max_attempts", self.max_attempts, 1),
            ("max_body_bytes", self.max_body_bytes, 1024),
            ("max_open", self.max_open, 1),
            ("polls_at_once", self.polls_at_once, 1),
            ("max_connections", self.max_connections, 1),
            // The HTTP library has no smaller buffer.
            ("max_head_bytes", self.max_head_bytes, 8192),
        ];
        for (name, value, least) in counts {
            if value < least {
                return Err(BadLimit { name, bound: format!("least {least}") });
            }
            if value > Semaphore::MAX_PERMITS {
                return Err(BadLimit { name, bound: format!("most {}", Semaphore::MAX_PERMITS) });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_in_which_nothing_has_room_are_refused_by_name() {
        assert_eq!(Limits::default().check(), Ok(()));
        let short = Limits { lease: Duration::from_millis(5), ..Limits::default() };
        assert_eq!(short.check().unwrap_err().to_string(), "limits.lease must be at least 3s");
        let none = Limits { max_connections: 0, ..Limits::default() };
        assert_eq!(none.check().unwrap_err().to_string(), "limits.max_connections must be at least 1");
        let endless = Limits { drain: Duration::MAX, ..Limits::default() };
        assert_eq!(endless.check().unwrap_err().to_string(), "limits.drain must be at most 3650days");
        let many = Limits { max_connections: usize::MAX, ..Limits::default() };
        assert!(many.check().unwrap_err().to_string().starts_with("limits.max_connections must be at most "));
        // Answering at once and stopping at once are choices.
        let at_once = Limits { accept_wait: Duration::ZERO, drain: Duration::ZERO, ..Limits::default() };
        assert_eq!(at_once.check(), Ok(()));
    }
}
