//! Where a provider's adapter may send requests to: what its manifest names, as far as the operator has granted it. Whoever loads
//! another version of an adapter has not granted by that what it names besides.

use capstan_domain::ProviderId;
use capstan_domain::adapter::Manifest;
use capstan_egress::{Grant, is_loopback};
use capstan_sandbox::Adapter;
use capstan_storage::{Granted, Provider as Row, Store, StoreError};
use url::Url;

use super::{Misplaced, SnapshotError, misplaced};

/// What a manifest asks for.
pub(crate) fn asked(manifest: &Manifest) -> Granted {
    Granted { base_url: manifest.base_url.clone(), hosts: manifest.hosts.clone() }
}

/// Grants the adapters of rows that were never granted anything what they ask for: it was so before there were grants.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn grant_first(store: &Store, adapters: &[Adapter]) -> Result<(), StoreError> {
    for row in store.list_providers().await?.into_iter().filter(|row| row.granted.is_none()) {
        if let Some(adapter) = adapters.iter().find(|adapter| adapter.manifest().provider == row.id) {
            store.grant_first(&row.id, &asked(adapter.manifest())).await?;
        }
    }
    Ok(())
}

/// Whether a manifest names this host, by itself or by a pattern that it is below.
pub(crate) fn is_named(host: &str, manifest: &Manifest) -> bool {
    let is_below = |pattern: &str| {
        let domain = pattern.strip_prefix("*.");
        domain.is_some_and(|domain| host.len() > domain.len() && host.ends_with(&format!(".{domain}")))
    };
    manifest.hosts.iter().any(|named| named == host || is_below(named))
}

/// What the manifest names and is not granted, for the operator to decide about.
pub(crate) fn not_granted(row: &Row, manifest: &Manifest) -> Vec<String> {
    let Some(granted) = &row.granted else { return Vec::new() };
    let has_moved = row.base_url.is_none() && granted.base_url != manifest.base_url;
    let hosts = manifest.hosts.iter().filter(|named| !granted.hosts.contains(*named)).cloned();
    has_moved.then(|| manifest.base_url.clone()).into_iter().chain(hosts).collect()
}

/// The grant of a row's adapter.
pub(super) fn of(row: &Row, manifest: &Manifest) -> Result<Grant, SnapshotError> {
    let bad = |reason: String| SnapshotError::Provider { provider: row.id.clone(), reason };
    let base_url = Url::parse(row.base_url.as_deref().unwrap_or(&manifest.base_url))
        .map_err(|_| bad("its base URL is no URL".to_owned()))?;
    match misplaced(row, is_loopback(&base_url)) {
        Some(Misplaced::Loopback) => {
            return Err(bad("its row grants loopback, but its base URL is elsewhere".to_owned()));
        }
        Some(Misplaced::TimeScale) => return Err(bad("time_scale is for providers on loopback only".to_owned())),
        None => {}
    }
    let granted = row.granted.clone().unwrap_or_else(|| asked(manifest));
    if row.base_url.is_none() && granted.base_url != manifest.base_url {
        return Err(bad(moved(&row.id, (&granted.base_url, &manifest.base_url))));
    }
    let hosts = granted.hosts.into_iter().filter(|host| is_named(host, manifest)).collect();
    Ok(Grant { provider: row.id.clone(), base_url, hosts, loopback: row.loopback })
}

fn moved(id: &ProviderId, (before, now): (&str, &str)) -> String {
    format!(
        "its adapter's own address is {now} and was {before}; `capstan provider set {id} --hosts manifest` grants it"
    )
}
