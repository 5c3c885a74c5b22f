//! What a method of the gateway costs, against a bare server: ratios of one run, never asserted.
//!
//! [`create`] measures createTask and what durability is of it, [`read`] getTaskResult, [`beside`] createTask beside an adapter that
//! spins. Every server is a process of its own and takes the same requests
//! from this one, in turn, round after round. This process makes the load and is the provider, on one thread, so that what
//! it takes is the same for all and no more than one core. `docs/benchmarks.md` says how to run it and how to read it.

#![expect(clippy::print_stdout, reason = "the figures are what a bench is for")]
#![expect(clippy::indexing_slicing, reason = "a bench that looks for what is not there ends, as it should")]

mod beside;
mod create;
mod load;
mod machine;
mod native;
mod read;
mod report;
mod server;

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use url::Url;

use load::{Load, Target};
use report::{Figures, Writes};
use server::{Child, Kind};

/// What is measured.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "camelCase")]
enum Method {
    /// A whole paid task.
    CreateTask,
    /// The same, against a gateway that writes nothing.
    DurableHold,
    /// Reading a task that is open, and one that has ended.
    GetTaskResult,
    /// A whole paid task while another adapter spins.
    BesideSpinning,
}

#[derive(Parser)]
struct Args {
    /// The method.
    #[arg(long, value_enum, default_value = "createTask")]
    method: Method,
    /// Connections that send one request after another.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Seconds of every measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Measurements of every server at full load; the median is told.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Requests per second of createTask's second part, at even pace; none takes half of what the full gateway does at
    /// full load.
    #[arg(long)]
    rate: Option<u32>,
    /// Be a server of this kind instead.
    #[arg(long, hide = true)]
    be: Option<Kind>,
    /// Keep the gateways' data in PostgreSQL.
    #[arg(long)]
    postgres: bool,
    #[arg(long, hide = true)]
    upstream: Option<Url>,
    /// What the bare server answers.
    #[arg(long, hide = true, default_value = "")]
    answer: String,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(kind) = args.be {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        return runtime.block_on(server::be(kind, args.upstream, (args.answer, args.postgres)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("{}", machine::describe()?);
    println!("{} connections, {} s each, {} rounds\n", args.connections, args.seconds, args.rounds);
    match args.method {
        Method::CreateTask => runtime.block_on(create::compare(&args)),
        Method::DurableHold => runtime.block_on(create::compare_durability(&args)),
        Method::GetTaskResult => runtime.block_on(read::compare(&args)),
        Method::BesideSpinning => runtime.block_on(beside::compare(&args)),
    }
}

/// Every server at full load, in turn, round after round: the median of each.
async fn at_full_load(args: &Args, servers: &[(&Child, Target)]) -> Result<Vec<Figures>> {
    let load = Load { connections: args.connections, lasts: Duration::from_secs(args.seconds), per_second: None };
    for (_, target) in servers {
        load::run(target, Load { lasts: load.lasts / 2, ..load }).await?;
    }
    let mut figures: Vec<Vec<Figures>> = servers.iter().map(|_| Vec::new()).collect();
    for _ in 0..args.rounds {
        for ((child, target), figures) in servers.iter().zip(&mut figures) {
            figures.push(measure(child, target, load).await?);
        }
    }
    Ok(figures.into_iter().map(report::median).collect())
}

async fn measure(child: &Child, target: &Target, load: Load) -> Result<Figures> {
    let (writes, cpu) = (child.writes().await?, child.cpu());
    let took = load::run(target, load).await?;
    let spent = child.cpu().zip(cpu).map(|(after, before)| after.saturating_sub(before));
    let writes = child.writes().await?.zip(writes).map(|(after, before)| Writes::between(before, after));
    Ok(Figures::of(child.kind, took, spent, writes))
}

impl Kind {
    /// Its column's name.
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
