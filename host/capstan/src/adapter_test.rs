//! `capstan adapter test` and `capstan adapter inspect`: a component in the sandbox it will run in, without a gateway and without a
//! network.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use capstan_sandbox::{Adapter, Sandbox, SandboxSettings};
use capstan_server::admission::conformance;
use capstan_server::fixtures::{self, Replayed};
use clap::Args;
use serde_json::{Value, json};

use crate::compile;

/// Which component, and which fixtures.
#[derive(Debug, Args)]
pub struct AdapterTestArgs {
    /// The component's file.
    pub component: PathBuf,
    /// The folder of its fixtures, one JSON file for each operation.
    pub fixtures: PathBuf,
    /// Replay only those whose name has this in it.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
}

/// What Capstan's own questions are called beside the fixtures.
const CONFORMANCE: &str = "(Capstan's own questions)";

/// Replays fixtures against a component, and tells of each where it differs; then asks what every adapter is asked at its admission.
///
/// # Errors
/// When a fixture differs, or there is nothing to replay.
pub(crate) async fn test(args: AdapterTestArgs, is_json: bool) -> Result<()> {
    let (adapter, _) = admit(args.component).await?;
    let mut texts = texts(&args.fixtures)?;
    texts.retain(|name, _| args.name.as_deref().is_none_or(|part| name.contains(part)));
    if texts.is_empty() {
        bail!("{} has no such fixtures (*.json)", args.fixtures.display());
    }
    let mut replayed = Vec::new();
    for (name, text) in texts {
        replayed.push((name, fixtures::replay(&adapter, &text).await));
    }
    if args.name.is_none() {
        replayed.push((CONFORMANCE.to_owned(), conformance::examine(&adapter).await));
    }
    crate::say(&if is_json { replayed.iter().map(shown).collect::<Value>().to_string() } else { table(&replayed) });
    let wrong = replayed.iter().filter(|(_, replayed)| !replayed.wrong.is_empty()).count();
    if wrong > 0 {
        bail!("{wrong} of {} differ", replayed.len());
    }
    Ok(())
}

/// Shows what a component says of itself.
///
/// # Errors
/// Why it is refused.
pub(crate) async fn inspect(component: PathBuf, is_json: bool) -> Result<()> {
    let (adapter, bytes) = admit(component).await?;
    let manifest = adapter.manifest();
    let shown = json!({
        "provider": manifest.provider, "name": manifest.display_name, "version": manifest.version,
        "digest": adapter.digest().to_string(), "bytes": bytes.len(), "homepage": manifest.homepage,
        "baseUrl": manifest.base_url, "hosts": manifest.hosts, "credential": manifest.credential,
        "placements": manifest.placements, "polling": manifest.polling, "abilities": manifest.abilities,
        "families": manifest.task_types,
    });
    crate::say(&if is_json { shown.to_string() } else { serde_json::to_string_pretty(&shown)? });
    Ok(())
}

/// The adapter of a component's file, and the component.
///
/// # Errors
/// Why it is refused.
pub(crate) async fn admit(file: PathBuf) -> Result<(Adapter, Vec<u8>)> {
    let bytes = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let adapter = admit_bytes(bytes.clone()).await.with_context(|| format!("{} is refused", file.display()))?;
    Ok((adapter, bytes))
}

/// The adapter of a component.
///
/// # Errors
/// Why it is refused.
pub(crate) async fn admit_bytes(component: Vec<u8>) -> Result<Adapter> {
    let admitted = tokio::task::spawn_blocking(move || {
        let settings = SandboxSettings { compiler: compile::compiler()?, ..SandboxSettings::default() };
        Ok(Sandbox::start(settings)?.admit(&component)?)
    });
    admitted.await.context("the worker was lost")?
}

/// The fixtures of a folder, by name.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn texts(folder: &Path) -> Result<BTreeMap<String, String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let read = |path: PathBuf| {
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok((name, text))
    };
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).map(read).collect()
}

fn table(replayed: &[(String, Replayed)]) -> String {
    let mut text = String::new();
    let width = replayed.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, Replayed { wrong, calls, used }) in replayed {
        let word = if wrong.is_empty() { "ok" } else { "DIFFERS" };
        let (cpu, memory) = (used.cpu.as_micros(), used.memory_bytes / 1024);
        let _ = writeln!(text, "{word:<8}{name:<width$}  {calls:>2} calls  {cpu:>6} µs  {memory:>6} KiB");
        for place in wrong {
            let _ = writeln!(text, "        {place}");
        }
    }
    let wrong = replayed.iter().filter(|(_, replayed)| !replayed.wrong.is_empty()).count();
    let _ = write!(text, "{} replayed, {wrong} of them differ", replayed.len());
    text
}

fn shown((name, replayed): &(String, Replayed)) -> Value {
    let Replayed { wrong, calls, used } = replayed;
    json!({
        "fixture": name, "ok": wrong.is_empty(), "wrong": wrong, "calls": calls,
        "cpuMicroseconds": u64::try_from(used.cpu.as_micros()).unwrap_or(u64::MAX), "memoryBytes": used.memory_bytes,
    })
}
