//! Adapters: which are in force, and another one in their place, without a restart and without a task that fails for it.

use std::path::Path;

use capstan_domain::adapter::Manifest;
use capstan_sandbox::Adapter;
use capstan_storage::{Change, Generation, NewGeneration};
use serde_json::{Value, json};

use super::{Call, OperateError, Operator, providers, times};
use crate::adapters::{self, LoadError};
use crate::clock;
use crate::providers::grant;

/// Most bytes of a file that is read; what a component may have is the sandbox's to say.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

pub(super) async fn list(operator: &Operator) -> Result<Value, OperateError> {
    let generations = operator.store.list_generations().await?;
    let shown = |adapter: &Adapter| {
        let manifest = adapter.manifest();
        let types: Vec<&str> = manifest.task_types.iter().map(|t| t.family.as_str()).collect();
        let newest = generations.iter().find(|generation| generation.provider == manifest.provider);
        json!({
            "provider": manifest.provider, "name": manifest.display_name, "version": manifest.version,
            "generation": newest.map(|newest| newest.number),
            "since": newest.map(|newest| times::shown(newest.began_at_ms)),
            "digest": adapter.digest().to_string(), "homepage": manifest.homepage, "baseUrl": manifest.base_url,
            "hosts": manifest.hosts, "families": types,
            "credentialFields": manifest.credential.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
            "polling": manifest.polling, "abilities": manifest.abilities,
        })
    };
    Ok(operator.adapters.current().iter().map(shown).collect())
}

/// Admits a component and puts it in force for its provider.
pub(super) async fn install(call: &Call<'_>, file: &str) -> Result<Value, OperateError> {
    let component = read(file).await?;
    let adapter = call.operator.adapters.admit(component.clone()).await.map_err(|error| refused(file, &error))?;
    let manifest = adapter.manifest();
    let before = call.operator.adapters.of(&manifest.provider);
    if before.as_ref().is_some_and(|before| before.digest() == adapter.digest()) {
        let shown = json!({"provider": manifest.provider, "digest": adapter.digest().to_string(), "unchanged": true});
        return Ok(shown);
    }
    let rows = call.operator.store.list_providers().await?;
    let row = rows.iter().find(|row| row.id == manifest.provider);
    let shown = json!({
        "provider": manifest.provider, "version": manifest.version, "digest": adapter.digest().to_string(),
        "before": before.as_ref().map(|before| before.digest().to_string()),
        "changes": before.map(|before| changes(before.manifest(), manifest)),
        "notGranted": row.map(|row| grant::not_granted(row, manifest)),
    });
    let change = Change::BeginGeneration(adapters::generation(&adapter, Some(component)));
    call.change("adapter install", format!("provider {}", manifest.provider), shown.clone(), change).await?;
    Ok(shown)
}

async fn read(file: &str) -> Result<Vec<u8>, OperateError> {
    let path = Path::new(file);
    let bad = |why: &str| OperateError::Bad(format!("file is {file:?}: {why}"));
    if !path.is_absolute() {
        return Err(bad("the gateway does not know the directory that it is meant from; it must be a whole path"));
    }
    let unreadable = |error: std::io::Error| bad(&format!("it cannot be read ({error})"));
    let facts = tokio::fs::metadata(path).await.map_err(unreadable)?;
    if !facts.is_file() || facts.len() > MOST_BYTES {
        return Err(bad("it is no file, or far larger than any component"));
    }
    tokio::fs::read(path).await.map_err(unreadable)
}

fn refused(file: &str, error: &LoadError) -> OperateError {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    OperateError::Bad(format!("file is {file:?}: {text}"))
}

/// What another version says differently, as far as an operator has to know.
fn changes(before: &Manifest, now: &Manifest) -> Value {
    let mut changes = serde_json::Map::new();
    let mut told = |name: &str, before: Value, now: Value| {
        if before != now {
            changes.insert(name.to_owned(), json!({"before": before, "now": now}));
        }
    };
    let families = |manifest: &Manifest| {
        let mut families: Vec<&str> = manifest.task_types.iter().map(|t| t.family.as_str()).collect();
        families.sort_unstable();
        json!(families)
    };
    told("version", json!(before.version), json!(now.version));
    told("baseUrl", json!(before.base_url), json!(now.base_url));
    told("hosts", json!(before.hosts), json!(now.hosts));
    told("families", families(before), families(now));
    told("polling", json!(before.polling), json!(now.polling));
    told("abilities", json!(before.abilities), json!(now.abilities));
    Value::Object(changes)
}

/// Puts the adapter in force that a provider had before the one that it has now.
pub(super) async fn roll_back(call: &Call<'_>, provider: &str) -> Result<Value, OperateError> {
    let generations = of(call.operator, provider).await?;
    let Some((newest, older)) = generations.split_first() else { return Err(never_had(provider)) };
    let earlier = older.iter().find(|generation| generation.digest.is_some() && generation.digest != newest.digest);
    let Some(Generation { digest: Some(digest), version, number, .. }) = earlier else {
        return Err(OperateError::Bad(format!("provider: {} had no other adapter", newest.provider)));
    };
    let shown = json!({
        "provider": newest.provider, "version": version, "digest": crate::keys::hex(digest), "generation": number,
        "before": newest.digest.as_deref().map(crate::keys::hex),
    });
    begin(call, ("adapter rollback", newest), Some(digest), shown).await
}

/// Takes a provider's adapter out of force: no new tasks; those that are open are polled by it to their end.
pub(super) async fn unload(call: &Call<'_>, provider: &str) -> Result<Value, OperateError> {
    let generations = of(call.operator, provider).await?;
    let Some(newest) = generations.first() else { return Err(never_had(provider)) };
    let shown = json!({"provider": newest.provider, "before": newest.digest.as_deref().map(crate::keys::hex)});
    begin(call, ("adapter unload", newest), None, shown).await
}

async fn begin(
    call: &Call<'_>,
    (action, newest): (&'static str, &Generation),
    digest: Option<&Vec<u8>>,
    shown: Value,
) -> Result<Value, OperateError> {
    let digest = digest.map(|digest| <[u8; 32]>::try_from(digest.as_slice())).transpose();
    let digest = digest.map_err(|_| OperateError::Internal("a digest of another length is stored".to_owned()))?;
    let provider = newest.provider.clone();
    let new = NewGeneration { provider, digest, installed: None, at_ms: clock::now_ms() };
    let target = format!("provider {}", newest.provider);
    call.change(action, target, shown.clone(), Change::BeginGeneration(new)).await?;
    Ok(shown)
}

/// Every generation that a provider had, as far as they are kept, the newest first.
pub(super) async fn history(operator: &Operator, provider: &str) -> Result<Value, OperateError> {
    let shown = |generation: &Generation| {
        json!({
            "generation": generation.number, "version": generation.version,
            "digest": generation.digest.as_deref().map(crate::keys::hex), "since": times::shown(generation.began_at_ms),
        })
    };
    Ok(of(operator, provider).await?.iter().map(shown).collect())
}

async fn of(operator: &Operator, provider: &str) -> Result<Vec<Generation>, OperateError> {
    let id = providers::id_of(operator, provider).await?;
    let generations = operator.store.list_generations().await?;
    Ok(generations.into_iter().filter(|generation| generation.provider == id).collect())
}

fn never_had(provider: &str) -> OperateError {
    let provider: String = provider.chars().take(60).collect();
    OperateError::Bad(format!("provider: nothing was ever installed for {provider:?}"))
}
