//! What the sandbox costs: a step in a fresh instance beside the same code linked natively, in three languages; a start with many
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
use serde_json::Value;
use uuid::Uuid;

/// Calls of one measurement.
const CALLS: usize = 20_000;
/// The same in a language that is interpreted.
const FEW_CALLS: usize = 1_000;
/// Adapters of the start.
const ADAPTERS: usize = 50;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(steps())?;
    start()?;
    runtime.block_on(neighbours())
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
    println!("one step (submit to request), CPU time, µs: p50 and p99");
    let sandbox = Sandbox::start(SandboxSettings::default())?;
    let rust = sandbox.admit(&built("adapter-capsolver")?)?;
    let asked = task(&rust)?;
    let native = quantiles((0..CALLS).map(|_| native(&asked)).collect());
    println!("  native code                       {:>8.1} {:>8.1}", native.0, native.1);
    for (package, calls) in
        [("adapter-capsolver", CALLS), ("adapter-nopecha", FEW_CALLS), ("adapter-bestcaptchasolver", FEW_CALLS)]
    {
        let component = match built(package) {
            Ok(component) => component,
            Err(error) => {
                println!("  {package}: {error}");
                continue;
            }
        };
        let adapter = sandbox.admit(&component)?;
        let asked = task(&adapter)?;
        let mut times = Vec::with_capacity(calls);
        for _ in 0..calls {
            let (step, used) = adapter.begin_measured(Operation::Submit(asked.clone())).await;
            black_box(step?);
            times.push(used.cpu);
        }
        let (p50, p99) = quantiles(times);
        println!(
            "  {package:<26} {:>6} {p50:>8.1} {p99:>8.1}   {:.1} × native",
            adapter.class().as_str(),
            p50 / native.0
        );
    }
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
    println!("\na start with {ADAPTERS} adapters of {} KB, ms", component.len() / 1000);
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
    println!("\nan honest adapter's steps beside one that spins in every call, wall time, µs: p50 and p99");
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
