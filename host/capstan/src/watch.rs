//! The directory that `capstan dev --watch` looks at: a component that is put there, or put there anew, is in force a moment later.
//!
//! It is looked at, and not listened to: what tells of changes differs between systems and between kinds of directories, and one
//! look takes microseconds.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use capstan_server::app::App;
use capstan_server::operate::{Asked, Install, OperateError, Operator, ProviderChange, Verb};
use serde_json::Value;

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What tells one state of a file from another.
type State = (SystemTime, u64);

/// Looks until the gateway stops.
pub(crate) async fn run(app: Arc<App>, directory: PathBuf) {
    tracing::info!(directory = %directory.display(), "components (*.wasm) that are put here are in force at once");
    let (mut seen, mut waiting) = (HashMap::new(), HashMap::new());
    loop {
        for (file, state) in look(&directory) {
            // Who builds writes a file in pieces: it is whole when two looks find it alike.
            if seen.get(&file) == Some(&state) || waiting.insert(file.clone(), state) != Some(state) {
                continue;
            }
            install(&app, &file).await;
            seen.insert(file, state);
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The components that are there now. A directory that is not there yet has none.
fn look(directory: &Path) -> Vec<(PathBuf, State)> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let component = |path: PathBuf| {
        let facts = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
        let is_component = path.extension().is_some_and(|extension| extension == "wasm");
        is_component.then_some((path, (facts.modified().ok()?, facts.len())))
    };
    entries.filter_map(|entry| component(entry.path())).collect()
}

async fn install(app: &Arc<App>, file: &Path) {
    let told = match (std::path::absolute(file), Operator::running(app)) {
        (Ok(path), Ok(operator)) => install_and_grant(&operator, &path).await.map_err(|error| error.told()),
        (Err(error), _) => Err(error.to_string()),
        (_, Err(error)) => Err(error.to_string()),
    };
    match told {
        Ok(told) if told.get("unchanged") == Some(&Value::Bool(true)) => {}
        Ok(told) => tracing::info!(file = %file.display(), adapter = %told, "in force"),
        Err(error) => tracing::error!(file = %file.display(), error, "not in force"),
    }
}

async fn install_and_grant(operator: &Operator, path: &Path) -> Result<Value, OperateError> {
    // Whoever builds it here has nobody to answer for it yet.
    let file = path.display().to_string();
    let verb = Verb::AdapterInstall(Install { file, unsigned: true, downgrade: true, share: None });
    let told = operator.perform("dev", Asked { verb, reason: None }).await?;
    // They are its operator as well: what it asks for anew is granted, where its provider is set up.
    if let (Some(provider), Some(Value::Array(_))) =
        (told.get("provider").and_then(Value::as_str), told.get("notGranted"))
    {
        let change = ProviderChange { hosts: Some(vec!["manifest".to_owned()]), ..ProviderChange::default() };
        let verb = Verb::ProviderSet { provider: provider.to_owned(), change };
        operator.perform("dev", Asked { verb, reason: None }).await?;
    }
    Ok(told)
}
