//! The command line. Doc comments are its help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use crate::logs::LogFormat;

/// A gateway for CAPTCHA-solving tasks: one API, many providers behind sandboxed adapters.
#[derive(Debug, Parser)]
#[command(name = "capstan", version, max_term_width = 100)]
pub struct Cli {
    /// What to log to stderr, as tracing filters, such as `info` or `capstan_server=debug`.
    #[arg(long, global = true, env = "CAPSTAN_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How log lines look.
    #[arg(long, global = true, env = "CAPSTAN_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a whole gateway on this machine: adapters, simulated provider, demo account.
    ///
    /// Builds the adapters if needed, starts a simulated provider and the gateway on embedded SQLite, makes a demo account
    /// with a balance and an API key, and serves until Ctrl-C. No real service is spoken to.
    #[command(
        after_help = "Examples:\n  capstan dev\n  capstan dev --listen 127.0.0.1:9000 --data /tmp/capstan\n  capstan dev --json | head -1"
    )]
    Dev(DevArgs),
    /// Run the simulated provider alone.
    ///
    /// It speaks anti-captcha's wire format, so a client of that service can be tried against it. Everything that it
    /// received can be read at /_log; GET / explains the rest.
    #[command(
        after_help = "Examples:\n  capstan simulate\n  capstan simulate --listen 127.0.0.1:9100 --seed 7 --key my-key=5.00\n  capstan simulate --settings simulator.json"
    )]
    Simulate(SimulateArgs),
}

/// Arguments of `capstan dev`.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// Where the client API listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// Serve metrics in the form of Prometheus, at /metrics of this address; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<SocketAddr>,
    /// Where the database and the keys are kept.
    #[arg(long, default_value = "data", env = "CAPSTAN_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// A database other than SQLite in the data directory: `postgres://…` or `sqlite:PATH`.
    #[arg(long, env = "CAPSTAN_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// A simulator that already runs, instead of one started here. It must know the key that `dev` prints on start.
    #[arg(long, value_name = "URL")]
    pub simulator: Option<url::Url>,
    /// Divides every wait of the provider's limits, so that tasks end sooner than they would in life.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub time_scale: u32,
    /// When ready, print one line of JSON on stdout: url, clientKey, simulatorUrl, dataDir.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `capstan simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Where it listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8100", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// All settings as JSON; the other flags change what it says.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Makes a run repeatable: the same seed and requests give the same outcomes.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A key that it knows, and its balance in dollars. May be repeated.
    #[arg(long, value_name = "KEY=BALANCE")]
    pub key: Vec<String>,
    /// When ready, print one line of JSON on stdout: url.
    #[arg(long)]
    pub json: bool,
}
