//! The verbs of whoever writes an adapter. They ask no gateway; `record` alone uses the network.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use crate::adapter_bench::{self, AdapterBenchArgs};
use crate::adapter_new::{self, AdapterNewArgs};
use crate::adapter_record::{self, AdapterRecordArgs};
use crate::adapter_test::{self, AdapterTestArgs};

/// An author's verbs.
#[derive(Debug, Subcommand)]
pub enum AuthorCommand {
    /// Replay an adapter's fixtures against its component, in the sandbox that it will run in; no gateway is asked, nothing is sent.
    #[command(
        after_help = "Example:\n  capstan adapter test target/adapters/wasm32-wasip2/adapter/adapter_capsolver.wasm adapters/capsolver/fixtures"
    )]
    Test(AdapterTestArgs),
    /// Write a project for an adapter of one's own, which builds and passes its fixtures as it is; no gateway is asked.
    ///
    /// It speaks to a service that is made up. Needed to build it are the language's own tools alone.
    #[command(
        after_help = "Examples:\n  capstan adapter new my-adapter --language rust\n  capstan adapter new my-adapter --language python --provider best-solver --name \"Best Solver\""
    )]
    New(AdapterNewArgs),
    /// Show what a component says of itself; no gateway is asked.
    Inspect {
        /// The component's file.
        component: PathBuf,
    },
    /// Have one task solved at a provider, and write what was said as fixtures that the adapter passes; no gateway is asked.
    ///
    /// It costs what the provider charges. The task is sent once, whatever becomes of it, and asked about at the pace of the manifest;
    /// submit-FAMILY.json and poll-FAMILY.json (the last poll) are written, and balance.json with --balance. The credential
    /// is in none of them, and in the place of the task's and the solution's secrets are stand-ins. What is personal, such as a
    /// picture, is written as it is.
    #[command(
        after_help = "Examples:\n  capstan adapter record adapter.wasm --task task.json --credential key.txt --source https://solver.example/docs --out fixtures\n  capstan adapter record adapter.wasm --task task.json --credential key.txt --source https://solver.example/docs --out fixtures --base-url http://127.0.0.1:8100 --balance"
    )]
    Record(AdapterRecordArgs),
    /// Measure what the calls of an adapter's fixtures cost, each in a fresh instance; no gateway is asked, nothing is sent.
    ///
    /// Times are of the CPU, in microseconds; a first run, which also checks each fixture, is not counted. A gateway built for
    /// development is much slower than one built for release.
    #[command(
        after_help = "Examples:\n  capstan adapter bench adapter.wasm fixtures\n  capstan adapter bench adapter.wasm fixtures --runs 1000 --json"
    )]
    Bench(AdapterBenchArgs),
}

/// Does what is asked.
///
/// # Errors
/// Why it was not done.
pub(crate) async fn run(command: AuthorCommand, is_json: bool) -> Result<()> {
    match command {
        AuthorCommand::Test(args) => adapter_test::test(args, is_json).await,
        AuthorCommand::New(args) => adapter_new::run(&args, is_json),
        AuthorCommand::Inspect { component } => adapter_test::inspect(component, is_json).await,
        AuthorCommand::Record(args) => adapter_record::record(args, is_json).await,
        AuthorCommand::Bench(args) => adapter_bench::bench(args, is_json).await,
    }
}
