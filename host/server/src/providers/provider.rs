//! One provider as the gateway runs it: its row, and its adapter, made one.

use std::collections::HashMap;
use std::sync::Arc;

use capstan_domain::adapter::{Abilities, PollLimits, ProxySupport};
use capstan_domain::route::{Pool, Published};
use capstan_domain::{Amount, ProviderId, schedule};
use capstan_egress::Grant;
use capstan_sandbox::Adapter;
use capstan_storage::{Provider as ProviderRow, ProviderStatus};

use super::terms::Terms;
use super::{Credential, SnapshotError, dollars, grant};
use crate::adapters::Latest;
use crate::adapters::trial::OnTrial;
use crate::market::Market;
use crate::quarantine::Quarantine;
use crate::recorded::Recorder;
use crate::statistics::{FamilyPlace, Statistics};

/// A provider that can be used: its row is active and its adapter is loaded.
#[derive(Clone)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Its name as people write it.
    pub display_name: String,
    /// Its adapter.
    pub adapter: Adapter,
    /// Which of its adapters that is.
    pub(crate) version: Version,
    /// Where it may be reached.
    pub grant: Grant,
    /// How it may be polled, in this gateway's time.
    pub limits: PollLimits,
    /// Divides every wait of the manifest; above 1 only on loopback.
    pub time_scale: u32,
    /// What it can do.
    pub abilities: Abilities,
    /// What has been seen of it, through all of its credentials.
    pub statistics: Arc<Statistics>,
    /// Its last operations, for the next version of its adapter.
    pub(crate) recorder: Arc<Recorder>,
    /// What it publishes.
    pub market: Arc<Market>,
    /// How its adapter behaves.
    pub quarantine: Arc<Quarantine>,
    /// Another version of its adapter, on trial beside it.
    pub(crate) trial: Option<Arc<OnTrial>>,
    /// Why its credentials may be contributed: without a reason they may not, and those that were are not used.
    pub contribution_note: Option<String>,
    /// What its adapter asks of a credential.
    pub(crate) terms: Terms,
    /// What the version on trial asks of one.
    pub(super) terms_on_trial: Option<Terms>,
    pub(super) is_active: bool,
    row: RowGrant,
    /// With which proxies it serves a family, and what it lists for a task in US dollars, if it does.
    pub(super) served: HashMap<String, (ProxySupport, Option<Amount>)>,
}

/// Which of a provider's adapters one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// The one that new tasks go to.
    InForce,
    /// The one beside it, which gets a share of them.
    OnTrial,
    /// One that was, and finishes its open tasks.
    Before,
}

impl Version {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::OnTrial => "on_trial",
            Self::Before => "before",
        }
    }
}

impl Provider {
    /// The same as another version of its adapter knows it.
    pub(crate) fn with_adapter(&self, adapter: Adapter, quarantine: Arc<Quarantine>) -> Self {
        let manifest = adapter.manifest();
        let (limits, abilities) = (schedule::scaled(&manifest.polling, self.time_scale), manifest.abilities);
        let grant = grant::of_other(&self.grant, manifest, &self.row);
        let is_tried = self.trial.as_ref().is_some_and(|trial| trial.adapter.digest() == adapter.digest());
        let version = if is_tried { Version::OnTrial } else { Version::Before };
        Self { limits, abilities, grant, adapter, version, quarantine, ..self.clone() }
    }
}

/// What a row says of where its adapters may send.
#[derive(Clone)]
pub(crate) struct RowGrant {
    /// Whether it has a base URL of its own.
    pub(super) has_own_url: bool,
    /// The hosts that are granted.
    pub(super) hosts: Option<Vec<String>>,
}

impl Provider {
    /// Whether new tasks may be sent to it.
    #[must_use]
    pub(crate) const fn is_in_use(&self) -> bool {
        self.is_active
    }

    /// Whether new tasks may be sent to it with that credential.
    #[must_use]
    pub(crate) fn may_use(&self, credential: &Credential) -> bool {
        let is_open = credential.pool == Pool::Platform || self.contribution_note.is_some();
        self.is_active && credential.is_in_use() && is_open
    }

    /// A wait of the provider's in this gateway's time.
    #[must_use]
    pub fn in_our_time(&self, wait_ms: u32) -> u32 {
        wait_ms / self.time_scale.max(1)
    }

    /// What it publishes for a family, if that is known.
    pub(super) fn published(&self, family: Option<FamilyPlace>, now_ms: i64) -> Published {
        family.map_or(Published::NOTHING, |family| self.market.published(family, now_ms))
    }

    /// What the provider lists for one task of a family, in US dollars.
    #[must_use]
    pub fn list_price(&self, family: &str) -> Option<Amount> {
        self.served.get(family).and_then(|(_, price)| *price)
    }
}

/// What a row may say of a provider on this machine only.
pub(crate) enum Misplaced {
    /// That it may be reached there.
    Loopback,
    /// That its waits are divided.
    TimeScale,
}

/// What a row says that its address does not allow.
pub(crate) const fn misplaced(row: &ProviderRow, on_loopback: bool) -> Option<Misplaced> {
    match (on_loopback, row.loopback, row.time_scale) {
        (true, ..) | (false, false, 1) => None,
        (false, true, _) => Some(Misplaced::Loopback),
        (false, false, _) => Some(Misplaced::TimeScale),
    }
}

pub(crate) fn provider(
    row: ProviderRow,
    latest: &Latest,
    known: Option<&Arc<Provider>>,
) -> Result<Provider, SnapshotError> {
    let Latest { adapter, publisher, quarantine, is_in_force, trial } = latest;
    let manifest = adapter.manifest().clone();
    let (grant, is_granted) = grant::of(&row, &manifest, publisher.as_deref())?;
    // One whose own address or publisher was not granted gets nothing, as if it were in force.
    let tried = trial.as_ref().and_then(|trial| {
        let (manifest, publisher) = (trial.adapter.manifest(), trial.publisher.as_deref());
        let (grant, _) = grant::of(&row, manifest, publisher).ok().filter(|(_, is_granted)| *is_granted)?;
        Some((Arc::clone(trial), Terms::of(publisher, &grant, &manifest.placements)))
    });
    let (trial, terms_on_trial) = tried.unzip();
    let terms = Terms::of(publisher.as_deref(), &grant, &manifest.placements);
    // Another adapter, or another address, has told nothing yet.
    let market = known
        .filter(|known| known.adapter.digest() == adapter.digest() && known.grant.base_url == grant.base_url)
        .map_or_else(Arc::default, |known| Arc::clone(&known.market));
    let served = manifest.task_types.iter().map(|t| (t.family.clone(), (t.proxy, dollars(&t.list_price)))).collect();
    Ok(Provider {
        grant,
        id: row.id,
        display_name: manifest.display_name,
        limits: schedule::scaled(&manifest.polling, row.time_scale),
        time_scale: row.time_scale,
        abilities: manifest.abilities,
        statistics: known.map_or_else(Arc::default, |k| Arc::clone(&k.statistics)),
        recorder: known.map_or_else(Arc::default, |k| Arc::clone(&k.recorder)),
        market,
        quarantine: Arc::clone(quarantine),
        trial,
        terms,
        terms_on_trial,
        contribution_note: row.contribution_note,
        is_active: row.status == ProviderStatus::Active && *is_in_force && is_granted,
        row: RowGrant { has_own_url: row.base_url.is_some(), hosts: row.granted.map(|granted| granted.hosts) },
        adapter: adapter.clone(),
        version: if *is_in_force { Version::InForce } else { Version::Before },
        served,
    })
}
