//! Components for tests: built and admitted once for all of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use capstan_sandbox::{Adapter, ClassSettings, Sandbox, SandboxSettings};
use capstan_server::adapters::Adapters;

/// Another component that does the same: with an empty section of its own at the end.
#[must_use]
pub fn with_another_digest(component: &[u8]) -> Vec<u8> {
    [component, b"\0\x05\x04test"].concat()
}

/// A sandbox's settings, but for something about small guests.
pub fn with(change: impl FnOnce(&mut ClassSettings)) -> SandboxSettings {
    let mut settings = SandboxSettings::default();
    change(&mut settings.small);
    settings
}

/// The adapter of a package, built and compiled once per process and budget.
pub(crate) fn adapter(package: &'static str, call_budget: Duration) -> Result<Adapter> {
    static ADMITTED: Mutex<Vec<(&str, Duration, Adapter)>> = Mutex::new(Vec::new());
    let mut admitted = ADMITTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((.., adapter)) = admitted.iter().find(|(name, budget, _)| (*name, *budget) == (package, call_budget)) {
        return Ok(adapter.clone());
    }
    let sandbox = sandbox(call_budget)?;
    let files = capstan::adapters::build(&[package], |_| ())?;
    let adapter = sandbox.admit(&std::fs::read(files.first().context("nothing was built")?)?)?;
    admitted.push((package, call_budget, adapter.clone()));
    Ok(adapter)
}

/// These adapters, and the sandbox that admits more.
pub(crate) fn given(adapters: &[Adapter], call_budget: Duration) -> Result<Adapters> {
    Ok(Adapters::given(Some(sandbox(call_budget)?), adapters.to_vec()))
}

/// The sandbox of this budget, one for all tests.
fn sandbox(call_budget: Duration) -> Result<Arc<Sandbox>> {
    static SANDBOXES: Mutex<Vec<(Duration, Arc<Sandbox>)>> = Mutex::new(Vec::new());
    let mut sandboxes = SANDBOXES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, sandbox)) = sandboxes.iter().find(|(budget, _)| *budget == call_budget) {
        return Ok(Arc::clone(sandbox));
    }
    // A short queue, so that tests under load meet a full one.
    let started = Sandbox::start(with(|small| {
        small.queue = 8;
        small.call_budget = call_budget;
    }))?;
    sandboxes.push((call_budget, Arc::clone(&started)));
    Ok(started)
}
