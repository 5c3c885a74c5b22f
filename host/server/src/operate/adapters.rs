//! Adapters: which are in force, and another one in their place, without a restart and without a task that fails for it.

use std::path::Path;

use capstan_domain::adapter::Manifest;
use capstan_domain::trial::Arm;
use capstan_sandbox::Adapter;
use capstan_storage::{Change, Generation, NewGeneration, Unless};
use serde_json::{Value, json};

use super::{Call, Install, OperateError, Operator, providers, times, trust};
use crate::adapters;
use crate::adapters::trial::OnTrial;
use crate::admission::{self, Admitted, Asked, NotAdmitted};
use crate::clock;
use crate::providers::grant;

/// Most bytes of a file that is read; what a component may have is the sandbox's to say.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

pub(super) async fn list(operator: &Operator) -> Result<Value, OperateError> {
    let generations = operator.store.list_generations().await?;
    let shown = |adapter: &Adapter| {
        let manifest = adapter.manifest();
        let types: Vec<&str> = manifest.task_types.iter().map(|t| t.family.as_str()).collect();
        let is_in_force =
            |generation: &&Generation| generation.provider == manifest.provider && generation.trial_share.is_none();
        let newest = generations.iter().find(is_in_force);
        json!({
            "provider": manifest.provider, "name": manifest.display_name, "version": manifest.version,
            "generation": newest.map(|newest| newest.number),
            "since": newest.map(|newest| times::shown(newest.began_at_ms)),
            "digest": adapter.digest().to_string(), "class": adapter.class().as_str(),
            "trial": operator.adapters.trial_of(&manifest.provider).map(|trial| on_trial(&trial)),
            "homepage": manifest.homepage, "baseUrl": manifest.base_url,
            "hosts": manifest.hosts, "families": types,
            "credentialFields": manifest.credential.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
            "polling": manifest.polling, "abilities": manifest.abilities,
        })
    };
    Ok(operator.adapters.current().iter().map(shown).collect())
}

fn on_trial(trial: &OnTrial) -> Value {
    let counted = |arm| {
        let (solved, ended) = trial.counted(arm);
        json!({"solved": solved, "ended": ended})
    };
    json!({
        "generation": trial.number, "version": trial.adapter.manifest().version,
        "digest": trial.adapter.digest().to_string(), "share": trial.share,
        "tried": counted(Arm::New), "inForce": counted(Arm::Old),
    })
}

/// Admits a component, or a package's, and puts it in force for its provider, or on trial with a share of the new tasks.
pub(super) async fn install(call: &Call<'_>, install: &Install) -> Result<Value, OperateError> {
    let Install { file, share, unsigned, downgrade } = install;
    if share.is_some_and(|share| !(1..=99).contains(&share)) {
        return Err(OperateError::Bad("share must be 1 to 99 percent of the new tasks".to_owned()));
    }
    let (adapters, store) = (&call.operator.adapters, &call.operator.store);
    let trust = trust::of(store).await?;
    let running = call.operator.running.as_deref();
    let asked = Asked { file: read(file).await?, unsigned: *unsigned, downgrade: *downgrade, trust: &trust, running };
    let (Admitted { adapter, component, publisher }, stages) =
        admission::admit(adapters, store, asked).await.map_err(|error| refused(file, error))?;
    adapters.keep(&adapter);
    let manifest = adapter.manifest();
    let before = adapters.of(&manifest.provider);
    let generations = store.list_generations().await?;
    let newest = generations.iter().find(|generation| generation.provider == manifest.provider);
    // Where nothing else is in force there is nothing to compare with.
    let share = share.filter(|_| before.as_ref().is_some_and(|before| before.digest() != adapter.digest()));
    let is_so = |newest: &Generation| {
        newest.digest == Some(*adapter.digest_bytes()) && (newest.trial_share.is_none() || share.is_some())
    };
    if newest.is_some_and(is_so) {
        let shown = json!({"provider": manifest.provider, "digest": adapter.digest().to_string(), "unchanged": true});
        return Ok(shown);
    }
    let rows = store.list_providers().await?;
    let row = rows.iter().find(|row| row.id == manifest.provider);
    let shown = json!({
        "provider": manifest.provider, "version": manifest.version, "digest": adapter.digest().to_string(),
        "before": before.as_ref().map(|before| before.digest().to_string()),
        "changes": before.map(|before| changes(before.manifest(), manifest)),
        "notGranted": row.map(|row| grant::not_granted(row, manifest, publisher.as_deref())), "trialShare": share,
        "publisher": publisher, "stages": stages.shown(),
    });
    let new = NewGeneration { trial_share: share, ..adapters::generation(&adapter, (component, publisher)) };
    begin(call, "adapter install", new, shown).await
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

fn refused(file: &str, error: NotAdmitted) -> OperateError {
    match error {
        NotAdmitted::Refused { stage, why } => {
            OperateError::Bad(format!("file is {file:?}: it is refused at the stage {stage}: {why}"))
        }
        NotAdmitted::Store(error) => error.into(),
    }
}

/// What another version says differently: where it sends, what it takes from a credential, what it serves at which price, how it is
/// polled.
fn changes(before: &Manifest, now: &Manifest) -> Value {
    let mut changes = serde_json::Map::new();
    let mut told = |name: &str, before: Value, now: Value| {
        if before != now {
            changes.insert(name.to_owned(), json!({"before": before, "now": now}));
        }
    };
    told("version", json!(before.version), json!(now.version));
    told("baseUrl", json!(before.base_url), json!(now.base_url));
    told("hosts", json!(before.hosts), json!(now.hosts));
    // A credential is bound to its places: where one is new, whoever answers for it has to agree.
    told("placements", json!(before.placements), json!(now.placements));
    told("credential", json!(before.credential), json!(now.credential));
    told("polling", json!(before.polling), json!(now.polling));
    told("abilities", json!(before.abilities), json!(now.abilities));
    let of = |manifest: &Manifest, family: &str| {
        let served = manifest.task_types.iter().find(|served| served.family == family);
        served.map_or(Value::Null, |served| json!({"proxy": served.proxy, "listPrice": served.list_price}))
    };
    for served in before.task_types.iter().chain(&now.task_types) {
        let family = &served.family;
        told(&format!("family {family}"), of(before, family), of(now, family));
    }
    Value::Object(changes)
}

/// Puts the adapter in force that a provider had before the one that it has now, or that of a certain generation.
pub(super) async fn roll_back(call: &Call<'_>, provider: &str, to: Option<i64>) -> Result<Value, OperateError> {
    let generations = of(call.operator, provider).await?;
    let Some(newest) = generations.first() else { return Err(never_had(provider)) };
    let Some((digest, earlier)) = earlier(&generations, to) else {
        let why = match to {
            Some(to) => format!("to: {} has no generation {to} with another adapter", newest.provider),
            None => format!("provider: {} had no other adapter before", newest.provider),
        };
        return Err(OperateError::Bad(why));
    };
    let shown = json!({
        "provider": newest.provider, "version": earlier.version, "digest": crate::keys::hex(&digest),
        "as": earlier.number, "before": newest.digest.map(|digest| crate::keys::hex(&digest)),
    });
    begin(call, "adapter rollback", again(newest, Some(digest)), shown).await
}

/// The one that is meant: of this number; else the newest before the one in force came, so that asking twice goes back twice.
fn earlier(generations: &[Generation], to: Option<i64>) -> Option<([u8; 32], &Generation)> {
    let newest = generations.first()?;
    if let (Some(_), None) = (newest.trial_share, to) {
        // What is on trial is taken back for the one beside it.
        let in_force = generations.iter().find(|generation| generation.trial_share.is_none())?;
        return Some((in_force.digest?, in_force));
    }
    let came = generations.iter().rev().find(|generation| generation.digest == newest.digest)?.number;
    let is_meant = |generation: &&Generation| match to {
        Some(number) => generation.number == number,
        None => newest.digest.is_none() || generation.number < came,
    };
    let is_another = |generation: &&Generation| generation.digest.is_some() && generation.digest != newest.digest;
    let found = generations.iter().filter(is_meant).find(is_another)?;
    Some((found.digest?, found))
}

/// Puts in force what a provider has on trial.
pub(super) async fn promote(call: &Call<'_>, provider: &str) -> Result<Value, OperateError> {
    let generations = of(call.operator, provider).await?;
    let Some(newest) = generations.first() else { return Err(never_had(provider)) };
    if newest.trial_share.is_none() {
        return Err(OperateError::Bad(format!("provider: {} has no adapter on trial", newest.provider)));
    }
    let shown = json!({
        "provider": newest.provider, "version": newest.version,
        "digest": newest.digest.map(|digest| crate::keys::hex(&digest)), "as": newest.number,
    });
    begin(call, "adapter promote", again(newest, newest.digest), shown).await
}

/// Takes a provider's adapter out of force: no new tasks; those that are open are polled by it to their end.
pub(super) async fn unload(call: &Call<'_>, provider: &str) -> Result<Value, OperateError> {
    let generations = of(call.operator, provider).await?;
    let Some(newest) = generations.first() else { return Err(never_had(provider)) };
    let shown = json!({"provider": newest.provider, "before": newest.digest.map(|digest| crate::keys::hex(&digest))});
    begin(call, "adapter unload", again(newest, None), shown).await
}

pub(super) fn again(newest: &Generation, digest: Option<[u8; 32]>) -> NewGeneration {
    let provider = newest.provider.clone();
    let (installed, unless) = (None, Unless::Never);
    NewGeneration { provider, digest, installed, trial_share: None, why: None, unless, at_ms: clock::now_ms() }
}

async fn begin(call: &Call<'_>, action: &'static str, new: NewGeneration, shown: Value) -> Result<Value, OperateError> {
    let (provider, digest, is_trial) = (new.provider.clone(), new.digest, new.trial_share.is_some());
    call.change(action, format!("provider {provider}"), shown.clone(), Change::BeginGeneration(new)).await?;
    let adapters = &call.operator.adapters;
    if call.operator.running.is_none() {
        adapters.follow(&call.operator.store).await?;
    }
    let put = if is_trial {
        adapters.trial_of(&provider).map(|trial| *trial.adapter.digest_bytes())
    } else {
        adapters.of(&provider).map(|adapter| *adapter.digest_bytes())
    };
    if put != digest {
        let why = "it is stored, but this gateway cannot load it (its log says why); what it had stays in force here";
        return Err(OperateError::Bad(why.to_owned()));
    }
    Ok(shown)
}

/// Every generation that a provider had, as far as they are kept, the newest first.
pub(super) async fn history(operator: &Operator, provider: &str) -> Result<Value, OperateError> {
    let shown = |generation: &Generation| {
        json!({
            "generation": generation.number, "version": generation.version,
            "digest": generation.digest.map(|digest| crate::keys::hex(&digest)), "since": times::shown(generation.began_at_ms),
            "publisher": generation.publisher, "trialShare": generation.trial_share, "why": generation.why,
        })
    };
    Ok(of(operator, provider).await?.iter().map(shown).collect())
}

pub(super) async fn of(operator: &Operator, provider: &str) -> Result<Vec<Generation>, OperateError> {
    let id = providers::id_of(operator, provider).await?;
    let generations = operator.store.list_generations().await?;
    Ok(generations.into_iter().filter(|generation| generation.provider == id).collect())
}

fn never_had(provider: &str) -> OperateError {
    let provider: String = provider.chars().take(60).collect();
    OperateError::Bad(format!("provider: nothing was ever installed for {provider:?}"))
}
