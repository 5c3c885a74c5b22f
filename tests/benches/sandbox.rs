//! What the sandbox costs: a step in a fresh instance beside one in an instance that is used again and beside the same code linked
//! natively, in three languages; a start with many
//! adapters whose compiled code is kept; and what a guest that spins costs its neighbours. `docs/benchmarks.md` says how to read it;
//! nothing is asserted.

#![expect(clippy::print_stdout, reason = "the figures are what a bench is for")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use adapter_capsolver::CapSolver;
use adapter_kit as kit;
use anyhow::{Context as _, Result};
use capstan_domain::AttemptId;
use capstan_domain::adapter::{Operation, Submission};
use capstan_domain::catalogue;
use capstan_sandbox::{Adapter, Compiler, Sandbox, SandboxSettings};
use clap::{Parser, ValueEnum};
use serde_json::Value;
use uuid::Uuid;

/// Calls of one measurement.
const CALLS: usize = 20_000;
/// The same in a language that is interpreted.
const FEW_CALLS: usize = 1_000;
/// Adapters of the start.
const ADAPTERS: usize = 50;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// One step.
    Steps,
    /// A start with many adapters.
    Start,
    /// An honest adapter beside one that spins.
    Neighbours,
}

#[derive(Parser)]
struct Args {
    /// The parts; all of them where none is named.
    parts: Vec<Part>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let Args { parts, .. } = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for part in if parts.is_empty() { Part::value_variants() } else { &parts } {
        match part {
            Part::Steps => runtime.block_on(steps())?,
            Part::Start => start()?,
            Part::Neighbours => runtime.block_on(neighbours())?,
        }
        println!();
    }
    Ok(())
}

fn built(package: &'static str) -> Result<Vec<u8>> {
    let files = capstan::adapters::build(&[package], |_| ())?;
    Ok(std::fs::read(files.first().context("nothing was built")?)?)
}

/// A task of the first family that the adapter serves and the catalogue has an example of.
fn task(adapter: &Adapter) -> Result<Submission> {
    let example = |family: &str| {
        let parameters = catalogue::parse(&catalogue::example(catalogue::by_name(family)?)).ok()?.parameters;
        Some((family.to_owned(), Value::Object(parameters).to_string()))
    };
    let (family, parameters) =
        adapter.manifest().task_types.iter().find_map(|served| example(&served.family)).context("no example")?;
    Ok(Submission { attempt: AttemptId(Uuid::nil()), family, parameters, proxy: None })
}

/// The time of each call, sorted.
fn quantiles(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e6);
    (at(50), at(99))
}

async fn steps() -> Result<()> {
    println!("one step (submit to request), µs: p50 and p99; CPU time, but for what the caller waits beyond it");
    println!("  {:<26} {:>17} {:>17} {:>17}", "", "a fresh instance", "the same again", "handing over");
    let sandbox = Sandbox::start(SandboxSettings::default())?;
    let asked = task(&sandbox.admit(&built("adapter-capsolver")?)?)?;
    let native = quantiles((0..CALLS).map(|_| native(&asked)).collect());
    println!("  {:<26} {:>17} {:>8.1} {:>8.1}", "native code", "", native.0, native.1);
    for (package, calls) in
        [("adapter-capsolver", CALLS), ("adapter-nopecha", FEW_CALLS), ("adapter-bestcaptchasolver", FEW_CALLS)]
    {
        match built(package).and_then(|component| Ok(sandbox.admit(&component)?)) {
            Ok(adapter) => step(package, (&adapter, calls), native.0).await?,
            Err(error) => println!("  {package}: {error}"),
        }
    }
    Ok(())
}

/// One adapter's step: in a fresh instance, as it is called; then again and again in one.
async fn step(package: &str, (adapter, calls): (&Adapter, usize), native: f64) -> Result<()> {
    let asked = Operation::Submit(task(adapter)?);
    let (mut fresh, mut handed_over) = (Vec::with_capacity(calls), Vec::with_capacity(calls));
    for _ in 0..calls {
        let began = Instant::now();
        let (step, used) = adapter.begin_measured(asked.clone()).await;
        handed_over.push(began.elapsed().saturating_sub(used.cpu));
        fresh.push(used.cpu);
        black_box(step?);
    }
    let again = adapter.begin_again(asked, calls).map_err(anyhow::Error::msg)?;
    let (fresh, again, handed_over) = (quantiles(fresh), quantiles(again), quantiles(handed_over));
    let figures = [fresh, again, handed_over].map(|(p50, p99)| format!("{p50:>8.1} {p99:>8.1}")).join(" ");
    let (class, over_again, over_native) = (adapter.class().as_str(), fresh.0 / again.0, fresh.0 / native);
    println!("  {package:<26} {figures}   {class}; fresh {over_again:.1} × the same, {over_native:.1} × native");
    Ok(())
}

/// The same adapter's code in this program.
fn native(asked: &Submission) -> Duration {
    let submission = kit::Submission {
        attempt_id: asked.attempt.to_string(),
        family: asked.family.clone(),
        parameters: asked.parameters.clone(),
        proxy: None,
    };
    let began = Instant::now();
    black_box(kit::begin::<CapSolver>(kit::Operation::Submit(submission)));
    began.elapsed()
}

/// Another component that does the same: with an empty section of its own at the end.
fn numbered(component: &[u8], number: usize) -> Vec<u8> {
    let name = format!("{number:04}");
    [component, &[0, 5, 4], name.as_bytes()].concat()
}

fn start() -> Result<()> {
    let cache = tempfile::tempdir()?;
    let component = built("adapter-capsolver")?;
    let all: Vec<Vec<u8>> = (0..ADAPTERS).map(|number| numbered(&component, number)).collect();
    println!("a start with {ADAPTERS} adapters of {} KB, ms", component.len() / 1000);
    println!("  compiled                          {:>8.0}", admitted(cache.path(), &all)?);
    println!("  from the cache                    {:>8.0}", admitted(cache.path(), &all)?);
    Ok(())
}

fn admitted(cache: &Path, all: &[Vec<u8>]) -> Result<f64> {
    let began = Instant::now();
    let settings = SandboxSettings {
        cache_dir: Some(cache.to_owned()),
        cache_key: [7; 32],
        compiler: Compiler::Here,
        ..SandboxSettings::default()
    };
    let sandbox = Sandbox::start(settings)?;
    let adapters = all.iter().map(|component| sandbox.admit(component)).collect::<Result<Vec<_>, _>>()?;
    let took = began.elapsed();
    drop(black_box(adapters));
    Ok(took.as_secs_f64() * 1e3)
}

async fn neighbours() -> Result<()> {
    println!("an honest adapter's steps beside one that spins in every call, wall time, µs: p50 and p99");
    let sandbox = Sandbox::start(SandboxSettings::default())?;
    let honest = sandbox.admit(&built("adapter-capsolver")?)?;
    let hostile = sandbox.admit(&built("guest-hostile")?)?;
    for (when, spins) in [("before", false), ("during", true), ("after", false)] {
        let is_over = Arc::new(AtomicBool::new(!spins));
        let mut spinners = tokio::task::JoinSet::new();
        (0..16).for_each(|_| drop(spinners.spawn(spin(hostile.clone(), Arc::clone(&is_over)))));
        let asked = task(&honest)?;
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS / 10 {
            let began = Instant::now();
            black_box(honest.begin(Operation::Submit(asked.clone())).await?);
            times.push(began.elapsed());
        }
        is_over.store(true, Ordering::Relaxed);
        spinners.join_all().await;
        let (p50, p99) = quantiles(times);
        println!("  {when:<33} {p50:>8.1} {p99:>8.1}");
    }
    Ok(())
}

async fn spin(hostile: Adapter, is_over: Arc<AtomicBool>) {
    let (family, parameters) = ("spin".to_owned(), "{}".to_owned());
    let task = Submission { attempt: AttemptId(Uuid::nil()), family, parameters, proxy: None };
    while !is_over.load(Ordering::Relaxed) {
        black_box(hostile.begin(Operation::Submit(task.clone())).await.is_ok());
    }
}
