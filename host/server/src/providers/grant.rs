//! Where a provider's adapter may send requests to: what its manifest names, as far as the operator has granted it. Whoever loads
//! another version of an adapter has not granted by that what it names besides.

use capstan_domain::adapter::Manifest;
use capstan_egress::{Grant, is_below, is_loopback};
use capstan_storage::{Granted, Provider as Row, Store, StoreError};
use url::Url;

use super::terms::Terms;
use super::{Misplaced, RowGrant, SnapshotError, misplaced};
use crate::adapters::Adapters;

/// What an adapter asks for: what its manifest names, under its publisher's key.
pub(crate) fn asked(manifest: &Manifest, publisher: Option<&str>) -> Granted {
    let (base_url, hosts) = (manifest.base_url.clone(), manifest.hosts.clone());
    Granted { base_url, hosts, publisher: publisher.map(str::to_owned) }
}

/// Grants the adapters of rows that were never granted anything what they ask for: it was so before there were grants.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn grant_first(store: &Store, adapters: &Adapters) -> Result<(), StoreError> {
    for row in store.list_providers().await?.into_iter().filter(|row| row.granted.is_none()) {
        if let Some(adapter) = adapters.of(&row.id) {
            let publisher = adapters.publisher_of(&adapter);
            store.grant_first(&row.id, &asked(adapter.manifest(), publisher.as_deref())).await?;
        }
    }
    Ok(())
}

/// Whether a manifest names this host, by itself or by a pattern that it is below.
pub(crate) fn is_named(host: &str, manifest: &Manifest) -> bool {
    manifest.hosts.iter().any(|named| named == host || is_within(host, named))
}

/// Whether a host is below the domain of a pattern such as `*.example.com`.
pub(super) fn is_within(host: &str, pattern: &str) -> bool {
    pattern.strip_prefix("*.").is_some_and(|domain| is_below(host, domain))
}

/// What the manifest names and is not granted, for the operator to decide about.
pub(crate) fn not_granted(row: &Row, manifest: &Manifest, publisher: Option<&str>) -> Vec<String> {
    let Some(granted) = &row.granted else { return Vec::new() };
    let has_moved = row.base_url.is_none() && has_moved(granted, manifest);
    let hosts = manifest.hosts.iter().filter(|named| !granted.hosts.contains(*named)).cloned();
    let is_others = (granted.publisher.as_deref() != publisher).then(|| named_publisher(publisher));
    has_moved.then(|| manifest.base_url.clone()).into_iter().chain(is_others).chain(hosts).collect()
}

pub(super) fn named_publisher(publisher: Option<&str>) -> String {
    publisher.map_or_else(|| "no publisher".to_owned(), |key| format!("publisher {key}"))
}

/// The grant of a row's adapter, and whether it covers the adapter's own address and its publisher's key. Where the address has moved,
/// it is still the one before, for the tasks that are open there.
pub(super) fn of(row: &Row, manifest: &Manifest, publisher: Option<&str>) -> Result<(Grant, bool), SnapshotError> {
    let bad = |reason: &str| SnapshotError::Provider { provider: row.id.clone(), reason: reason.to_owned() };
    let granted = row.granted.clone().unwrap_or_else(|| asked(manifest, publisher));
    let base_url =
        Url::parse(row.base_url.as_deref().unwrap_or(&granted.base_url)).map_err(|_| bad("its base URL is no URL"))?;
    match misplaced(row, is_loopback(&base_url)) {
        Some(Misplaced::Loopback) => return Err(bad("its row grants loopback, but its base URL is elsewhere")),
        Some(Misplaced::TimeScale) => return Err(bad("time_scale is for providers on loopback only")),
        None => {}
    }
    let is_in_place = row.base_url.is_some() || !has_moved(&granted, manifest);
    if !is_in_place {
        let (id, now) = (&row.id, &manifest.base_url);
        tracing::error!(
            provider = %id,
            "out of use: its adapter's own address is {now} and was {base_url}; `capstan provider set {id} --hosts manifest` grants it"
        );
    }
    let is_the_publishers = granted.publisher.as_deref() == publisher;
    if !is_the_publishers {
        let (id, now) = (&row.id, named_publisher(publisher));
        let before = named_publisher(granted.publisher.as_deref());
        tracing::error!(
            provider = %id,
            "out of use: its adapter is of {now} and was of {before}; `capstan provider set {id} --hosts manifest` grants it"
        );
    }
    let is_granted = is_in_place && is_the_publishers;
    let hosts = granted.hosts.into_iter().filter(|host| is_named(host, manifest)).collect();
    Ok((Grant { provider: row.id.clone(), base_url, hosts, loopback: row.loopback }, is_granted))
}

/// What a row's adapter asks of a credential, under what it is granted; nothing where its address or its publisher is not.
pub(crate) fn terms(row: &Row, manifest: &Manifest, publisher: Option<&str>) -> Result<Option<Terms>, SnapshotError> {
    let (grant, is_granted) = of(row, manifest, publisher)?;
    Ok(is_granted.then(|| Terms::of(publisher, &grant, &manifest.placements)))
}

/// The same for another version of the adapter, which was in force once: where that sent to is where its open tasks are.
pub(super) fn of_other(grant: &Grant, manifest: &Manifest, row: &RowGrant) -> Grant {
    let own_url = Url::parse(&manifest.base_url).ok().filter(|_| !row.has_own_url);
    let base_url = own_url.unwrap_or_else(|| grant.base_url.clone());
    let granted = row.hosts.iter().flatten().filter(|host| is_named(host, manifest));
    Grant { base_url, hosts: granted.cloned().collect(), ..grant.clone() }
}

fn has_moved(granted: &Granted, manifest: &Manifest) -> bool {
    // As URLs: with and without a slash at its end it is the same one.
    Url::parse(&granted.base_url).ok() != Url::parse(&manifest.base_url).ok()
}
