//! Providers and the adapters that speak to them.

use capstan_domain::ProviderId;
use capstan_domain::adapter::Manifest;
use capstan_domain::route::Pool;
use capstan_egress::is_loopback;
use capstan_sandbox::Adapter;
use capstan_storage::{BalanceLook, Change, CredentialStatus, Granted, Provider, ProviderStatus};
use serde_json::{Value, json};
use url::Url;

use super::{Call, OperateError, Operator, ProviderChange, credentials, times};
use crate::clock;
use crate::providers::{Misplaced, grant, misplaced};

/// Longest reason why credentials may be contributed.
const MOST_NOTE_CHARS: usize = 500;

pub(super) async fn set(call: &Call<'_>, provider: &str, change: &ProviderChange) -> Result<Value, OperateError> {
    let operator = call.operator;
    let id = id_of(operator, provider).await?;
    let rows = operator.store.list_providers().await?;
    let before = rows.into_iter().find(|row| row.id == id).unwrap_or_else(|| Provider {
        id: id.clone(),
        base_url: None,
        time_scale: 1,
        loopback: false,
        status: ProviderStatus::Active,
        contribution_note: None,
        granted: None,
        created_at_ms: clock::now_ms(),
    });
    let adapter = adapter(operator, provider).ok();
    let manifest = adapter.as_ref().map(Adapter::manifest);
    let publisher = adapter.as_ref().and_then(|adapter| operator.adapters.publisher_of(adapter));
    let now = manifest.map(|manifest| (manifest, publisher.as_deref()));
    let granted = granted((before.granted.as_ref(), now), change.hosts.as_deref())?;
    let row = Provider { granted, ..changed(before, change)? };
    if row.loopback && !operator.allow_loopback {
        return Err(OperateError::Bad(
            "loopback: providers on this machine are for trials; the gateway's setting allow_loopback_providers allows them"
                .to_owned(),
        ));
    }
    let mut shown = json!({
        "provider": row.id, "status": row.status.as_str(), "baseUrl": row.base_url, "loopback": row.loopback,
        "timeScale": row.time_scale, "contributionNote": row.contribution_note, "granted": row.granted,
    });
    call.change("provider set", format!("provider {id}"), shown.clone(), Change::PutProvider(row.clone())).await?;
    if let (Some(_), Some((manifest, publisher))) = (&change.hosts, now) {
        let unusable = |error: crate::providers::SnapshotError| OperateError::Bad(error.to_string());
        if let Some(asked) = grant::terms(&row, manifest, publisher).map_err(unusable)? {
            let credentials = credentials::bind(call, &id, &asked).await?;
            shown.as_object_mut().map(|shown| shown.insert("credentials".to_owned(), credentials));
        }
    }
    if let (Some("active"), Some(app)) = (change.status.as_deref(), &operator.running) {
        app.lift_quarantine(&id);
    }
    Ok(shown)
}

/// A provider that has an adapter loaded, or a row from the time when it had.
pub(super) async fn id_of(operator: &Operator, name: &str) -> Result<ProviderId, OperateError> {
    if let Ok(adapter) = adapter(operator, name) {
        return Ok(adapter.manifest().provider.clone());
    }
    let rows = operator.store.list_providers().await?;
    let row = rows.into_iter().find(|row| row.id.matches(name));
    row.map(|row| row.id).ok_or_else(|| unknown(operator, name))
}

/// A provider's adapter.
fn adapter(operator: &Operator, name: &str) -> Result<Adapter, OperateError> {
    let current = operator.adapters.current();
    let found = current.iter().find(|adapter| adapter.manifest().provider.matches(name)).cloned();
    found.ok_or_else(|| unknown(operator, name))
}

/// A provider's adapter and its row.
pub(super) async fn set_up(operator: &Operator, name: &str) -> Result<(Adapter, Provider), OperateError> {
    let adapter = adapter(operator, name)?;
    let id = &adapter.manifest().provider;
    let row = operator.store.list_providers().await?.into_iter().find(|row| row.id == *id);
    let missing = || OperateError::Bad(format!("provider: {id} is not set up; `capstan provider set {id}` does it"));
    let row = row.ok_or_else(missing)?;
    Ok((adapter, row))
}

fn unknown(operator: &Operator, name: &str) -> OperateError {
    let adapters = operator.adapters.current();
    let known: Vec<&str> = adapters.iter().map(|a| a.manifest().provider.as_str()).collect();
    let name: String = name.chars().take(60).collect();
    OperateError::Bad(format!("provider: no adapter is loaded for {name:?}; there are {}", known.join(", ")))
}

fn changed(before: Provider, change: &ProviderChange) -> Result<Provider, OperateError> {
    let status = match change.status.as_deref() {
        None => before.status,
        Some("active") => ProviderStatus::Active,
        Some("disabled") => ProviderStatus::Disabled,
        Some(other) => {
            return Err(OperateError::Bad(format!("status is {other:?}: it must be active or disabled")));
        }
    };
    let base_url = match change.base_url.as_deref() {
        None => before.base_url,
        Some("none") => None,
        Some(text) => {
            Some(Url::parse(text).map_err(|_| OperateError::Bad(format!("base-url: {text:?} is no URL")))?.to_string())
        }
    };
    let contribution_note = match change.contribution_note.as_deref().map(str::trim) {
        None => before.contribution_note.clone(),
        Some("none" | "") => None,
        Some(note) if note.chars().count() <= MOST_NOTE_CHARS && !note.chars().any(char::is_control) => {
            Some(note.to_owned())
        }
        Some(_) => {
            let why = format!("contribution-note: it has at most {MOST_NOTE_CHARS} visible characters");
            return Err(OperateError::Bad(why));
        }
    };
    let row = Provider {
        base_url,
        contribution_note,
        status,
        loopback: change.loopback.unwrap_or(before.loopback),
        time_scale: change.time_scale.unwrap_or(before.time_scale).max(1),
        ..before
    };
    let on_loopback = row.base_url.as_deref().and_then(|url| Url::parse(url).ok()).is_some_and(|url| is_loopback(&url));
    match misplaced(&row, on_loopback) {
        Some(Misplaced::Loopback) => Err(OperateError::Bad("loopback: the base URL is not on this machine".to_owned())),
        Some(Misplaced::TimeScale) => {
            Err(OperateError::Bad("time-scale: only for a base URL on this machine".to_owned()))
        }
        None => Ok(row),
    }
}

/// Where its adapter may send requests to, after this change.
fn granted(
    (before, now): (Option<&Granted>, Option<(&Manifest, Option<&str>)>),
    hosts: Option<&[String]>,
) -> Result<Option<Granted>, OperateError> {
    let Some((manifest, publisher)) = now else { return Ok(before.cloned()) };
    let before = before.cloned().unwrap_or_else(|| grant::asked(manifest, publisher));
    let hosts: Vec<&str> = match hosts {
        None => return Ok(Some(before)),
        Some([all]) if all == "manifest" => return Ok(Some(grant::asked(manifest, publisher))),
        Some([none]) if none == "none" => Vec::new(),
        Some(hosts) => hosts.iter().map(|host| host.trim()).collect(),
    };
    if let Some(unknown) = hosts.iter().find(|host| !grant::is_named(host, manifest)) {
        let unknown: String = unknown.chars().take(60).collect();
        let named = if manifest.hosts.is_empty() { "none".to_owned() } else { manifest.hosts.join(", ") };
        let why = format!("hosts: its adapter does not name {unknown:?}; it names {named}");
        return Err(OperateError::Bad(why));
    }
    Ok(Some(Granted { hosts: hosts.into_iter().map(str::to_owned).collect(), ..before }))
}

pub(super) async fn list(operator: &Operator) -> Result<Value, OperateError> {
    let rows = operator.store.list_providers().await?;
    let credentials = operator.store.list_credentials().await?;
    let adapters = operator.adapters.current();
    let mut ids: Vec<ProviderId> = adapters.iter().map(|a| a.manifest().provider.clone()).collect();
    ids.extend(rows.iter().map(|row| row.id.clone()));
    ids.sort();
    ids.dedup();
    let shown = |id: &ProviderId| {
        let row = rows.iter().find(|row| row.id == *id);
        let adapter = adapters.iter().find(|adapter| adapter.manifest().provider == *id);
        let usable = |pool| {
            let is_usable = |c: &&capstan_storage::Credential| {
                c.provider == *id && c.pool == pool && c.status == CredentialStatus::Active
            };
            credentials.iter().filter(is_usable).count()
        };
        json!({
            "provider": id,
            "name": adapter.map(|a| a.manifest().display_name.as_str()),
            "status": row.map_or("not set up", |row| row.status.as_str()),
            "adapter": adapter.map(|a| a.digest().to_string()),
            "baseUrl": row.and_then(|row| row.base_url.as_deref()).or(adapter.map(|a| a.manifest().base_url.as_str())),
            "timeScale": row.map(|row| row.time_scale),
            "granted": row.and_then(|row| row.granted.clone()),
            "notGranted": row.zip(adapter).map(|(row, adapter)| {
                grant::not_granted(row, adapter.manifest(), operator.adapters.publisher_of(adapter).as_deref())
            }),
            "contributionNote": row.and_then(|row| row.contribution_note.clone()),
            "platformCredentials": usable(Pool::Platform),
            "communityCredentials": usable(Pool::Community),
            "quarantine": operator.running.as_ref().and_then(|app| app.quarantine_of(id)).map(|note| note.to_string()),
            "created": row.map(|row| times::shown(row.created_at_ms)),
        })
    };
    Ok(ids.iter().map(shown).collect())
}

/// The newest look at every credential's balance.
pub(super) async fn balances(operator: &Operator) -> Result<Value, OperateError> {
    let credentials = operator.store.list_credentials().await?;
    let looks = operator.store.list_balance_looks().await?;
    let shown = |look: BalanceLook| {
        let label = credentials.iter().find(|c| c.id == look.credential).map(|c| c.label.clone());
        let (spent, booked) = look.since.unzip();
        json!({
            "provider": look.provider, "credential": look.credential, "label": label, "at": times::shown(look.at_ms),
            "balance": look.balance.to_string(), "spent": spent.map(|amount| amount.to_string()),
            "booked": booked.map(|amount| amount.to_string()), "verdict": look.verdict.as_str(),
        })
    };
    Ok(looks.into_iter().map(shown).collect())
}
