//! A throw-away PostgreSQL cluster for tests.
//!
//! Here: finding the server's programs, starting a cluster in a temporary directory on a Unix socket, making databases in
//! it, and taking it away again. Never here: anything about Capstan's own tables.
//!
//! The cluster does not outlive its test process, however that ends: a small shell watches a pipe that closes with the
//! process, stops the server and removes the directory. Durability is on as in production (`fsync`), so that what tests
//! measure and prove about commits is true.
//!
//! Start reading at [`Cluster::start`].

mod programs;
mod server;

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use programs::Programs;
use server::Server;

/// Why there can be no cluster on this machine; tests that need one are then ignored, not failed.
#[derive(Debug)]
pub struct Unavailable(String);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unavailable {}

/// Whether what cannot be tested on this machine must fail instead of being ignored (`CAPSTAN_REQUIRE_ALL=1`).
#[must_use]
pub fn must_run_everything() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the product")]
    let setting = std::env::var("CAPSTAN_REQUIRE_ALL");
    setting.is_ok_and(|value| value == "1")
}

/// A running cluster. Dropping it stops the server and removes everything.
pub struct Cluster {
    programs: Programs,
    server: Server,
    made: AtomicU32,
}

impl Cluster {
    /// Starts a cluster and waits until it accepts connections.
    ///
    /// # Errors
    /// [`Unavailable`] (as the error's type) when this machine has no PostgreSQL 15 or newer, or no unprivileged user to
    /// run it as; otherwise what went wrong on the way.
    pub fn start() -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        let server = Server::start(&programs)?;
        Ok(Self { programs, server, made: AtomicU32::new(0) })
    }

    /// Where one of the PostgreSQL project's programs is, such as `pg_restore`.
    #[must_use]
    pub fn program(&self, name: &str) -> std::path::PathBuf {
        self.programs.path(name)
    }

    /// Makes an empty database and gives its URL.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn create_database(&self) -> anyhow::Result<String> {
        let name = format!("test_{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.server.run_sql(&self.programs, &format!("create database {name}"))?;
        Ok(format!("postgres://postgres@localhost/{name}?host={}", self.server.socket_dir().display()))
    }
}
