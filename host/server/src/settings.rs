//! The process's own settings, typed. Where they come from (flags, environment, file) is `capstan`'s affair; accounts,
//! providers, prices and policies are not settings, they live in the database.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// Everything that a gateway is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the client API listens.
    pub listen: SocketAddr,
    /// Where metrics are served, at `/metrics`; none serves none. Anybody who reaches it may read it.
    pub metrics_listen: Option<SocketAddr>,
    /// Home of the database (unless a URL says otherwise), the cache of compiled adapters and the lock.
    pub data_dir: PathBuf,
    /// `sqlite:` or `postgres:` URL; none means SQLite in the data directory.
    pub database_url: Option<String>,
    /// The adapters' components.
    pub adapters: Vec<PathBuf>,
    /// The rest, with defaults.
    pub limits: Limits,
}

/// Bounds; every queue, loop, body and wait has one.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest that createTask waits for a provider's acceptance; zero answers as soon as the hold is durable.
    pub accept_wait: Duration,
    /// Longest that a task may take, where its provider allows more.
    pub task_deadline: Duration,
    /// Most candidates tried for a task.
    pub max_attempts: usize,
    /// Largest request body in bytes: two images of 500 kB in base64, and their frame.
    pub max_body_bytes: usize,
    /// Longest that a request's body may take to arrive.
    pub body_within: Duration,
    /// Most open tasks at once; more are refused. Each holds its payload until a provider has it.
    pub max_open: usize,
    /// Requests per second of one API key.
    pub key_rate: NonZeroU32,
    /// Requests that one API key may make at once beyond its rate.
    pub key_burst: NonZeroU32,
    /// Polls per second of one task by its owner. Clients of the field poll up to 5 times a second.
    pub poll_rate: NonZeroU32,
    /// Polls of one task that may come at once beyond the rate.
    pub poll_burst: NonZeroU32,
    /// How long a solution can be read after its task has ended.
    pub retention: Duration,
    /// Open connections to providers' poll endpoints per credential.
    pub polls_at_once: usize,
    /// How long a lease on shards lasts without renewal.
    pub lease: Duration,
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
            max_body_bytes: 2 * 1024 * 1024,
            body_within: Duration::from_secs(20),
            max_open: 100_000,
            key_rate: at_least_one(200),
            key_burst: at_least_one(2_000),
            poll_rate: at_least_one(10),
            poll_burst: at_least_one(20),
            retention: Duration::from_secs(24 * 3600),
            polls_at_once: 32,
            lease: Duration::from_secs(20),
        }
    }
}
