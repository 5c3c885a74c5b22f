//! The `capstan` command: arguments and wiring, no logic.
//!
//! Here: the command line ([`cli`]), what each command wires together (`serve`, `dev`, `simulate`, `laboratory`, `compile`,
//! `watch`), the operator's verbs ([`operator`]), the author's ([`author`]: `adapter_new`, `adapter_test`, `adapter_record`,
//! `adapter_bench`), the publisher's ([`package`]), where settings come from
//! (`config`), how adapters are built ([`adapters`]; tests share it). Never here: a
//! rule, a statement, a request. It is a library with a thin `main`, so that the integration tests can run the command in a
//! process of their own.

mod adapter_bench;
mod adapter_new;
mod adapter_record;
mod adapter_test;
pub mod adapters;
pub mod author;
pub mod cli;
pub mod compile;
mod config;
mod dev;
mod laboratory;
pub mod logs;
mod master_key;
pub mod operator;
pub mod package;
mod serve;
mod signals;
mod simulate;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use operator::args::AdapterCommand;

/// A task's memory is allocated by the reactor and freed by the writer, SQLite's thread and those of guests, and the other way
/// round: a tenth to a fifth of createTask's throughput hangs on that being cheap (`docs/benchmarks.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    run(cli::Cli::parse())
}

/// Runs a parsed command line.
#[must_use]
pub fn run(cli: cli::Cli) -> ExitCode {
    if let cli::Command::CompileComponent(args) = &cli.command {
        // Before any thread is started: what it may take is for the compiler.
        return compile::run(args);
    }
    let filter = cli.log.as_deref().or_else(|| cli.command.is_verb().then_some("warn"));
    logs::start(filter, cli.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let done = match cli.command {
        cli::Command::Dev(args) => runtime.block_on(Box::pin(dev::run(args))),
        cli::Command::Serve(args) => runtime.block_on(Box::pin(serve::run(args))),
        cli::Command::MasterKey(args) => master_key::run(&args),
        cli::Command::Restore(args) => runtime.block_on(operator::backup::restore(args)),
        cli::Command::Route(cli::RouteCommand::Simulate(args)) => laboratory::run(&args),
        cli::Command::Simulate(args) => runtime.block_on(simulate::run(args)),
        cli::Command::Adapter(cli::Verbs { connection, command: AdapterCommand::Author(command) }) => {
            runtime.block_on(author::run(command, connection.json))
        }
        cli::Command::Adapter(cli::Verbs { connection, command: AdapterCommand::Package(command) }) => {
            runtime.block_on(package::run(command, &connection))
        }
        // Done above.
        cli::Command::CompileComponent(_) => Ok(()),
        verb => verb.order().and_then(|(connection, order)| runtime.block_on(operator::run(connection, order))),
    };
    // Everything that must end in order has ended; what was cut off by a second signal is not waited for.
    runtime.shutdown_background();
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
