//! Logs go to stderr: stdout belongs to what a command prints.
//!
//! What is logged: one event per change of state, readable alone, with the same field names everywhere (`task.id`,
//! `provider.id`, `account.id`). What never is: keys, credentials, parameters, solutions, bodies, query strings.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Starts logging with the filter given, or the default one.
pub(crate) fn start(filter: Option<&str>) {
    let filter = filter.unwrap_or("warn,capstan=info,capstan_server=info,adapter=info");
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .finish();
    // A second start, in tests, keeps the first one's subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
