//! What createTask costs, against a bare server and without the sandbox: ratios of one run, never asserted.
//!
//! Three servers, each a process of its own, take the same requests from this one, in turn, round after round:
//! `echo` is axum that reads a JSON body and answers JSON of the same size as a gateway's answer; `native` is the whole
//! gateway with the adapter linked into it instead of sandboxed; `full` is the gateway as it is shipped. Both gateways
//! authenticate, limit the rate, route, set the price aside durably (SQLite, WAL, synchronous=FULL), ask the provider
//! over HTTP, capture and seal the solution, count and log.
//!
//! This process makes the load and is the provider, on one thread, so that what it takes is the same for all three and no
//! more than one core. `docs/benchmarks.md` says how to run it and how to read it.

#![expect(clippy::print_stdout, reason = "the figures are what a bench is for")]
#![expect(clippy::indexing_slicing, reason = "a bench that looks for what is not there ends, as it should")]

mod load;
mod machine;
mod native;
mod report;
mod server;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, ValueEnum};
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use load::{Load, Target};
use report::{Figures, Writes};
use server::{Child, Kind};

#[derive(Parser)]
struct Args {
    /// Connections that send one request after another.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Seconds of every measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Measurements of every server at full load; the median is told.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Requests per second of the second part, at even pace; none takes half of what the full gateway does at full load.
    #[arg(long)]
    rate: Option<u32>,
    /// Be a server of this kind instead.
    #[arg(long, hide = true)]
    be: Option<Kind>,
    #[arg(long, hide = true)]
    upstream: Option<Url>,
    #[arg(long, hide = true, default_value_t = 0)]
    answer_bytes: usize,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(kind) = args.be {
        let upstream = args.upstream.context("no upstream")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        return runtime.block_on(server::be(kind, upstream, args.answer_bytes));
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(compare(&args))
}

/// An image of 300 bytes: as little as is taken, so that the provider's and the network's part stay small.
fn task() -> serde_json::Value {
    let mut image = vec![0u8; 300];
    image[..6].copy_from_slice(b"GIF89a");
    json!({"type": "ImageToTextTask", "body": base64(&image)})
}

async fn compare(args: &Args) -> Result<()> {
    println!("{}", machine::describe()?);
    println!("{} connections, {} s each, {} rounds\n", args.connections, args.seconds, args.rounds);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let upstream = Url::parse(&format!("http://{}", listener.local_addr()?))?;
    let mut provider = tokio::task::JoinSet::new();
    let solve = axum::Router::new().route("/solve", axum::routing::get(async || "the answer"));
    provider.spawn(async move { axum::serve(listener, solve).await });

    let full = Child::start(Kind::Full, &upstream, 0).await?;
    let native = Child::start(Kind::Native, &upstream, 0).await?;
    let answer = load::ask_once(&full.target(&task())).await?;
    ensure!(answer.contains("\"status\":\"ready\""), "not solved at once: {answer}");
    let echo = Child::start(Kind::Echo, &upstream, answer.len()).await?;
    let children = [&echo, &native, &full];
    let targets: Vec<Target> = children.iter().map(|child| child.target(&task())).collect();

    let at_full = Load { connections: args.connections, lasts: Duration::from_secs(args.seconds), per_second: None };
    for target in &targets {
        load::run(target, Load { lasts: at_full.lasts / 2, ..at_full }).await?;
    }
    let mut figures: [Vec<Figures>; 3] = Default::default();
    for _ in 0..args.rounds {
        for ((child, target), figures) in children.iter().zip(&targets).zip(&mut figures) {
            figures.push(measure(child, target, at_full).await?);
        }
    }
    let at_full: Vec<Figures> = figures.into_iter().map(report::median).collect();
    println!("{}", report::table("as many as it takes", &at_full));

    let slowest = at_full.iter().map(|figures| figures.per_second).fold(f64::INFINITY, f64::min);
    let per_second = args.rate.map_or(slowest / 2.0, f64::from);
    let evenly = Load {
        connections: args.connections.saturating_mul(4).min(1024),
        lasts: Duration::from_secs(args.seconds),
        per_second: Some(per_second),
    };
    let mut figures = Vec::new();
    for (child, target) in children.iter().zip(&targets) {
        figures.push(measure(child, target, evenly).await?);
    }
    println!("{}", report::table(&format!("{per_second:.0} requests per second"), &figures));
    for child in [full, native, echo] {
        child.stop().await?;
    }
    Ok(())
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

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // The length is a multiple of three, so that there is nothing to pad.
    let groups = bytes.chunks_exact(3).flat_map(|three| {
        let bits = three.iter().fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[bits >> shift & 63]))
    });
    groups.collect()
}
