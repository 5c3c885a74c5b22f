//! `capstan compile-component`: the process in which the gateway has adapters compiled. Nobody types it.

use std::io::{stdin, stdout};
use std::process::ExitCode;

use capstan_sandbox::{CompileLimits, Compiler, REFUSED, compile_here};
use clap::Args;

/// The command's name. A program that has other things to do, such as the one of the tests, must be `capstan` for it.
pub const COMMAND: &str = "compile-component";

/// What compiling may take.
#[derive(Debug, Args)]
pub struct CompileArgs {
    #[arg(long)]
    cpu_seconds: u64,
    #[arg(long)]
    memory_mib: u64,
}

/// This program, as what compiles.
///
/// # Errors
/// When the system does not say where this program is.
pub fn compiler() -> std::io::Result<Compiler> {
    // The allocator takes a gigabyte of addresses before anything else runs, which the limit of memory would count, and from
    // which a compiler could go on taking.
    let environment = vec![("MIMALLOC_ARENA_RESERVE".into(), "0".into())];
    Ok(Compiler::Process { program: std::env::current_exe()?, args: vec![COMMAND.into()], environment })
}

/// Compiles what comes in; stdout is for the code alone.
#[expect(clippy::print_stderr, reason = "the reason, for the process that reads it")]
pub(crate) fn run(args: &CompileArgs) -> ExitCode {
    let limits = CompileLimits { cpu_seconds: args.cpu_seconds, memory_mib: args.memory_mib };
    match compile_here(limits, stdin().lock(), stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::from(REFUSED)
        }
    }
}
