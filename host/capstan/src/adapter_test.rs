//! `capstan adapter test` and `capstan adapter inspect`: a component in the sandbox it will run in, without a gateway and without a
//! network.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use capstan_sandbox::{Adapter, Sandbox, SandboxSettings};
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

/// Replays fixtures against a component, and tells of each where it differs.
///
/// # Errors
/// When a fixture differs, or there is nothing to replay.
pub(crate) async fn test(args: AdapterTestArgs, is_json: bool) -> Result<()> {
    let adapter = admit(args.component).await?;
    let mut replayed = Vec::new();
    for path in paths(&args.fixtures)? {
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        if args.name.as_deref().is_some_and(|part| !name.contains(part)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        replayed.push((name, fixtures::replay(&adapter, &text).await));
    }
    if replayed.is_empty() {
        bail!("{} has no such fixtures (*.json)", args.fixtures.display());
    }
    crate::say(&if is_json { replayed.iter().map(shown).collect::<Value>().to_string() } else { table(&replayed) });
    let wrong = replayed.iter().filter(|(_, replayed)| !replayed.wrong.is_empty()).count();
    if wrong > 0 {
        bail!("{wrong} of {} fixtures differ", replayed.len());
    }
    Ok(())
}

/// Shows what a component says of itself.
///
/// # Errors
/// Why it is refused.
pub(crate) async fn inspect(component: PathBuf, is_json: bool) -> Result<()> {
    let bytes = std::fs::metadata(&component).map(|facts| facts.len()).unwrap_or(0);
    let adapter = admit(component).await?;
    let manifest = adapter.manifest();
    let shown = json!({
        "provider": manifest.provider, "name": manifest.display_name, "version": manifest.version,
        "digest": adapter.digest().to_string(), "bytes": bytes, "homepage": manifest.homepage,
        "baseUrl": manifest.base_url, "hosts": manifest.hosts, "credential": manifest.credential,
        "placements": manifest.placements, "polling": manifest.polling, "abilities": manifest.abilities,
        "families": manifest.task_types,
    });
    crate::say(&if is_json { shown.to_string() } else { serde_json::to_string_pretty(&shown)? });
    Ok(())
}

async fn admit(component: PathBuf) -> Result<Adapter> {
    let admitted = tokio::task::spawn_blocking(move || {
        let bytes = std::fs::read(&component).with_context(|| format!("{} cannot be read", component.display()))?;
        let settings = SandboxSettings { compiler: compile::compiler()?, ..SandboxSettings::default() };
        let sandbox = Sandbox::start(settings)?;
        sandbox.admit(&bytes).with_context(|| format!("{} is refused", component.display()))
    });
    admitted.await.context("the worker was lost")?
}

fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    Ok(paths)
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
    let _ = write!(text, "{} fixtures, {wrong} of them differ", replayed.len());
    text
}

fn shown((name, replayed): &(String, Replayed)) -> Value {
    let Replayed { wrong, calls, used } = replayed;
    json!({
        "fixture": name, "ok": wrong.is_empty(), "wrong": wrong, "calls": calls,
        "cpuMicroseconds": u64::try_from(used.cpu.as_micros()).unwrap_or(u64::MAX), "memoryBytes": used.memory_bytes,
    })
}
