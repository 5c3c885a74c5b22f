//! The `capstan` command: arguments and wiring, no logic.
//!
//! Here: the command line ([`cli`]), what each command wires together (`dev`, `simulate`), how adapters are built
//! ([`adapters`]; tests share it). Never here: a rule, a statement, a request. It is a library with a thin `main`, so that
//! the integration tests can run the command in a process of their own.

pub mod adapters;
pub mod cli;
mod dev;
pub mod logs;
mod master_key;
mod simulate;

use std::process::ExitCode;

use clap::Parser as _;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    run(cli::Cli::parse())
}

/// Runs a parsed command line.
#[must_use]
pub fn run(cli: cli::Cli) -> ExitCode {
    logs::start(cli.log.as_deref(), cli.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let done = match cli.command {
        cli::Command::Dev(args) => runtime.block_on(Box::pin(dev::run(args))),
        cli::Command::Simulate(args) => runtime.block_on(simulate::run(args)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// The whole chain of causes on one line: what failed, and why.
#[expect(clippy::print_stderr, reason = "the command's own last word")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

/// Prints a line on stdout, which belongs to what a command says.
#[expect(clippy::print_stdout, reason = "the one place that prints")]
fn say(text: &str) {
    println!("{text}");
}

/// Waits for Ctrl-C or SIGTERM.
async fn until_told_to_stop() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done?,
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}
