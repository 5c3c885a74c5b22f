//! `capstan adapter bench`: what an adapter's calls cost, in the sandbox it will run in.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};
use capstan_server::fixtures::{self, Measured};
use clap::Args;
use serde_json::{Value, json};

use crate::adapter_test;
use crate::operator::spinner;

/// Which component, which fixtures, how often.
#[derive(Debug, Args)]
pub struct AdapterBenchArgs {
    /// The component's file.
    pub component: PathBuf,
    /// The folder of its fixtures, one JSON file for each operation.
    pub fixtures: PathBuf,
    /// How often the calls of each are made.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub runs: u32,
}

/// Measures the calls of each fixture, and sums them up.
///
/// # Errors
/// When a fixture differs, which is not measured then, or there is none.
pub(crate) async fn bench(args: AdapterBenchArgs, is_json: bool) -> Result<()> {
    let AdapterBenchArgs { component, fixtures, runs } = args;
    let (adapter, _) = adapter_test::admit(component).await?;
    let texts = adapter_test::texts(&fixtures)?;
    if texts.is_empty() {
        bail!("{} has no fixtures (*.json)", fixtures.display());
    }
    let bar = spinner("measuring");
    let (mut measured, mut all) = (Vec::new(), Measured::default());
    for (name, text) in texts {
        bar.set_message(format!("measuring {name}"));
        let one = fixtures::measure(&adapter, &text, runs).await;
        all.add(&one);
        measured.push((name, one));
    }
    bar.finish_and_clear();
    crate::say(&if is_json {
        let fixtures: Vec<Value> = measured.iter().map(shown).collect();
        json!({"runs": runs, "fixtures": fixtures, "all": figures(&all)}).to_string()
    } else {
        table(&measured, &all)
    });
    let wrong = measured.iter().filter(|(_, one)| !one.wrong.is_empty()).count();
    if wrong > 0 {
        bail!("{wrong} of {} differ and were not measured", measured.len());
    }
    Ok(())
}

fn table(measured: &[(String, Measured)], all: &Measured) -> String {
    let width = measured.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max("FIXTURE".len());
    let mut text =
        format!("{:<width$}  {:>8}  {:>8}  {:>8}  {:>8}  {:>10}\n", "FIXTURE", "CALLS", "P50", "P99", "MOST", "MEMORY");
    let mut line = |name: &str, one: &Measured| {
        let [p50, p99, most] = [50, 99, 100].map(|percent| one.within(percent).as_micros());
        let (calls, memory) = (one.calls(), one.memory_bytes / 1024);
        let _ = writeln!(text, "{name:<width$}  {calls:>8}  {p50:>5} µs  {p99:>5} µs  {most:>5} µs  {memory:>6} KiB");
        for place in &one.wrong {
            let _ = writeln!(text, "        {place}");
        }
    };
    measured.iter().for_each(|(name, one)| line(name, one));
    line("all", all);
    text.trim_end().to_owned()
}

fn shown((name, measured): &(String, Measured)) -> Value {
    let mut shown = figures(measured);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("fixture".to_owned(), json!(name));
        fields.insert("wrong".to_owned(), json!(measured.wrong));
    }
    shown
}

fn figures(measured: &Measured) -> Value {
    let [p50, p99, most] =
        [50, 99, 100].map(|percent| u64::try_from(measured.within(percent).as_micros()).unwrap_or(u64::MAX));
    json!({
        "calls": measured.calls(), "memoryBytes": measured.memory_bytes,
        "cpuMicroseconds": {"p50": p50, "p99": p99, "most": most},
    })
}
