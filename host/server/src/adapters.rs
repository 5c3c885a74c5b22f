//! The adapters that are loaded, behind one pointer: which one each provider has in force, and those that were before.
//!
//! An adapter is installed into the database, so that every node has it; what is in force is the newest **generation** of its
//! provider, and each change of that is one more generation. New tasks go to the one in force. A task that one has accepted is
//! polled by the same one, since its reference and memo are that one's own writing; so those that were before stay loaded as long as
//! they are among the last generations, and are loaded again where a task still needs one.
//!
//! A new version may be on trial beside the one in force, for a share of the new tasks (`trial.rs`).
//!
//! The files of the configuration are installed at the start where they never were. What was installed later stays in force.

pub(crate) mod trial;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use capstan_domain::ProviderId;
use capstan_sandbox::{Adapter, AdmissionError, Digest, Sandbox};
use capstan_storage::{Change, Generation, NewAdapter, NewGeneration, Store, StoreError, Unless};
use serde_json::json;

use crate::app::App;
use crate::clock;
use crate::operate::{audit_line, trust};
use crate::providers::Provider;
use crate::quarantine::Quarantine;
use trial::OnTrial;

/// What a file of the configuration brought.
pub struct FromFile {
    /// The adapter.
    pub adapter: Adapter,
    /// Its component.
    pub component: Vec<u8>,
}

/// Adapters, and what admits more of them.
pub struct Adapters {
    /// None where they were admitted by somebody else, and no more come.
    sandbox: Option<Arc<Sandbox>>,
    /// Those that it began with: they may be installed nowhere, and so are kept for good.
    given: Vec<Digest>,
    /// The files that brought them.
    files: Vec<FromFile>,
    loaded: ArcSwap<Loaded>,
    /// Held by whoever loads one, so that it is loaded once; with those that could not be.
    loading: tokio::sync::Mutex<HashSet<Vec<u8>>>,
}

#[derive(Clone, Default)]
struct Loaded {
    /// Those in force.
    current: Arc<Vec<Adapter>>,
    /// Those that were in force last, of providers that have none: their open tasks are theirs to finish.
    retired: Vec<Adapter>,
    /// Publishers' keys, where packages vouch for the components.
    publishers: HashMap<Digest, String>,
    /// Those on trial beside the ones in force, by their providers.
    trials: HashMap<ProviderId, Arc<OnTrial>>,
    /// All of them and the ones before, by digest; each with how it has behaved.
    kept: HashMap<Digest, (Adapter, Arc<Quarantine>)>,
}

/// A provider's adapter, as it is put into a snapshot.
pub(crate) struct Latest {
    pub(crate) adapter: Adapter,
    /// The id of its publisher's key.
    pub(crate) publisher: Option<String>,
    pub(crate) quarantine: Arc<Quarantine>,
    /// Whether new tasks go to it.
    pub(crate) is_in_force: bool,
    /// What is on trial beside it.
    pub(crate) trial: Option<Arc<OnTrial>>,
}

/// Why an adapter is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The sandbox refuses it.
    #[error("it is refused")]
    Refused(#[from] AdmissionError),
    /// Its adapters were admitted elsewhere.
    #[error("this gateway loads no adapters")]
    NoSandbox,
    /// Its component is gone, or could not be loaded before.
    #[error("its component is kept no more, or was refused before")]
    Gone,
    /// The database.
    #[error("what is installed cannot be read")]
    Store(#[from] StoreError),
    /// A worker was lost.
    #[error("a worker was lost")]
    Lost(#[from] tokio::task::JoinError),
}

impl Adapters {
    /// These, which are not installed; without a sandbox no more come.
    #[must_use]
    pub fn given(sandbox: Option<Arc<Sandbox>>, adapters: Vec<Adapter>) -> Self {
        let kept = adapters.iter().map(|adapter| (adapter.digest(), (adapter.clone(), Arc::default()))).collect();
        let given = adapters.iter().map(Adapter::digest).collect();
        let loaded = Loaded { current: Arc::new(adapters), kept, ..Loaded::default() };
        let loaded = ArcSwap::from_pointee(loaded);
        Self { sandbox, given, files: Vec::new(), loaded, loading: tokio::sync::Mutex::default() }
    }

    /// Those of the configuration's files and those that were installed. Nothing is installed by this.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(store: &Store, sandbox: Arc<Sandbox>, files: Vec<FromFile>) -> Result<Self, StoreError> {
        let adapters = files.iter().map(|file| file.adapter.clone()).collect();
        let opened = Self { files, ..Self::given(Some(sandbox), adapters) };
        opened.follow(store).await?;
        Ok(opened)
    }

    /// Installs the files that never were, and puts in force what is. A gateway that starts does it; who only looks does not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn install_files(&self, store: &Store) -> Result<(), StoreError> {
        let trust = trust::of(store).await?;
        for FromFile { adapter, component } in &self.files {
            if trust.revoked_digest(capstan_package::Digest::from_bytes(*adapter.digest_bytes())).is_some() {
                tracing::error!(digest = %adapter.digest(), "the configuration's adapter is revoked and not installed");
            } else if !store.was_installed(adapter.digest_bytes()).await? {
                let new = NewGeneration { unless: Unless::Installed, ..generation(adapter, (component.clone(), None)) };
                install(store, adapter, new).await?;
            }
        }
        self.follow(store).await?;
        for FromFile { adapter, .. } in &self.files {
            let (provider, digest) = (&adapter.manifest().provider, adapter.digest());
            if self.of(provider).is_none_or(|current| current.digest() != digest) {
                tracing::warn!(
                    %provider,
                    %digest,
                    "the configuration's adapter is not in force: it was installed before, and another one since (adapter history)"
                );
            }
        }
        Ok(())
    }

    /// Puts the files in force whatever was, for whoever has just built them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn force_files(&self, store: &Store) -> Result<(), StoreError> {
        for FromFile { adapter, component } in &self.files {
            if self.of(&adapter.manifest().provider).is_none_or(|current| current.digest() != adapter.digest()) {
                install(store, adapter, generation(adapter, (component.clone(), None))).await?;
            }
        }
        self.follow(store).await.map(drop)
    }

    /// Those in force.
    #[must_use]
    pub fn current(&self) -> Arc<Vec<Adapter>> {
        Arc::clone(&self.loaded.load().current)
    }

    /// Those that providers have in force, or had last.
    pub(crate) fn latest(&self) -> Vec<Latest> {
        let loaded = self.loaded.load();
        let latest = |(adapter, is_in_force): (&Adapter, bool)| Latest {
            adapter: adapter.clone(),
            publisher: loaded.publishers.get(&adapter.digest()).cloned(),
            quarantine: loaded.kept.get(&adapter.digest()).map_or_else(Arc::default, |(_, kept)| Arc::clone(kept)),
            is_in_force,
            trial: loaded.trials.get(&adapter.manifest().provider).filter(|_| is_in_force).cloned(),
        };
        let current = loaded.current.iter().map(|adapter| (adapter, true));
        current.chain(loaded.retired.iter().map(|adapter| (adapter, false))).map(latest).collect()
    }

    /// The id of an adapter's publisher's key, where a package vouches for it.
    pub(crate) fn publisher_of(&self, adapter: &Adapter) -> Option<String> {
        self.loaded.load().publishers.get(&adapter.digest()).cloned()
    }

    /// What a provider has on trial.
    pub(crate) fn trial_of(&self, provider: &ProviderId) -> Option<Arc<OnTrial>> {
        self.loaded.load().trials.get(provider).cloned()
    }

    /// A provider's, if one is in force.
    #[must_use]
    pub fn of(&self, provider: &ProviderId) -> Option<Adapter> {
        self.current().iter().find(|adapter| adapter.manifest().provider == *provider).cloned()
    }

    /// Admits a component, off the reactor.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn admit(&self, component: Vec<u8>) -> Result<Adapter, LoadError> {
        let sandbox = self.sandbox.clone().ok_or(LoadError::NoSandbox)?;
        Ok(tokio::task::spawn_blocking(move || sandbox.admit(&component)).await??)
    }

    /// Puts in force what the database says is; answers whether that is something else than before.
    ///
    /// # Errors
    /// [`StoreError`]. One that cannot be loaded is said in the log, and its provider keeps what it had.
    pub async fn follow(&self, store: &Store) -> Result<bool, StoreError> {
        let generations = store.list_generations().await?;
        let before = self.loaded.load_full();
        let mut current = Vec::clone(&before.current);
        let (mut retired, mut trials) = (Vec::new(), HashMap::new());
        for own in generations.chunk_by(|one, other| one.provider == other.provider) {
            let Some(newest) = own.first() else { continue };
            self.follow_provider(store, own, (&mut current, &mut retired)).await?;
            if let Some(trial) = self.follow_trial(store, newest, &before).await? {
                trials.insert(newest.provider.clone(), trial);
            }
        }
        let current = Arc::new(current);
        let published =
            |generation: &Generation| Some((Digest::from_bytes(generation.digest?), generation.publisher.clone()?));
        let publishers: HashMap<Digest, String> = generations.iter().filter_map(published).collect();
        let is_needed = |digest: &Digest| {
            let is_it = |other: &Generation| other.digest == Some(*digest.as_bytes());
            self.given.contains(digest) || generations.iter().any(is_it)
        };
        self.loaded.rcu(|loaded| {
            let mut kept = loaded.kept.clone();
            kept.retain(|digest, _| is_needed(digest));
            let (retired, publishers, trials) = (retired.clone(), publishers.clone(), trials.clone());
            Loaded { current: Arc::clone(&current), retired, publishers, trials, kept }
        });
        Ok(!current.iter().map(Adapter::digest).eq(before.current.iter().map(Adapter::digest)))
    }

    /// Puts one provider's newest generation that is on no trial in force.
    async fn follow_provider(
        &self,
        store: &Store,
        own: &[Generation],
        (current, retired): (&mut Vec<Adapter>, &mut Vec<Adapter>),
    ) -> Result<(), StoreError> {
        let mut full = own.iter().filter(|generation| generation.trial_share.is_none());
        let Some(newest) = full.next() else { return Ok(()) };
        let place = current.iter().position(|adapter| adapter.manifest().provider == newest.provider);
        // Of those that have none in force, the last one.
        let Some(digest) = newest.digest.or_else(|| full.find_map(|generation| generation.digest)) else {
            return Ok(());
        };
        let has_it = |at: usize| current.get(at).is_some_and(|it| *it.digest_bytes() == digest);
        if newest.digest.is_some() && place.is_some_and(has_it) {
            return Ok(());
        }
        let Some((adapter, _)) = self.load_installed(store, &newest.provider, &digest).await? else { return Ok(()) };
        match (newest.digest.is_some(), place) {
            (true, Some(at)) => current.splice(at..=at, [adapter]).for_each(drop),
            (true, None) => current.push(adapter),
            (false, at) => {
                at.map(|at| current.remove(at));
                retired.push(adapter);
            }
        }
        Ok(())
    }

    /// The trial of a provider's newest generation, if it is on one; with all that it has shown, if it was before.
    async fn follow_trial(
        &self,
        store: &Store,
        newest: &Generation,
        before: &Loaded,
    ) -> Result<Option<Arc<OnTrial>>, StoreError> {
        let (Some(_), Some(digest)) = (newest.trial_share, newest.digest) else { return Ok(None) };
        if let Some(known) = before.trials.get(&newest.provider).filter(|known| known.number == newest.number) {
            return Ok(Some(Arc::clone(known)));
        }
        let loaded = self.load_installed(store, &newest.provider, &digest).await?;
        Ok(loaded.and_then(|loaded| OnTrial::of(newest, loaded)).map(Arc::new))
    }

    /// One that the database says is installed. Why it cannot be loaded is said in the log.
    async fn load_installed(
        &self,
        store: &Store,
        provider: &ProviderId,
        digest: &[u8; 32],
    ) -> Result<Option<(Adapter, Arc<Quarantine>)>, StoreError> {
        match self.load(store, digest).await {
            Ok(loaded) => Ok(Some(loaded)),
            Err(LoadError::Store(error)) => Err(error),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(%provider, error, "an installed adapter cannot be loaded");
                Ok(None)
            }
        }
    }

    /// One that is kept, else one that was installed, which is kept from then on.
    async fn load(&self, store: &Store, digest: &[u8]) -> Result<(Adapter, Arc<Quarantine>), LoadError> {
        if let Some(kept) = self.kept(digest) {
            return Ok(kept);
        }
        let mut failed = self.loading.lock().await;
        if let Some(kept) = self.kept(digest) {
            return Ok(kept);
        }
        if failed.contains(digest) {
            return Err(LoadError::Gone);
        }
        let loaded = match store.find_component(digest).await? {
            Some(component) => self.admit(component).await,
            None => Err(LoadError::Gone),
        };
        match loaded {
            Ok(adapter) => Ok((adapter.clone(), self.keep(&adapter))),
            Err(error) => {
                failed.insert(digest.to_vec());
                Err(error)
            }
        }
    }

    fn kept(&self, digest: &[u8]) -> Option<(Adapter, Arc<Quarantine>)> {
        let digest = Digest::from_bytes(<[u8; 32]>::try_from(digest).ok()?);
        self.loaded.load().kept.get(&digest).cloned()
    }

    /// Keeps one that was admitted.
    pub(crate) fn keep(&self, adapter: &Adapter) -> Arc<Quarantine> {
        let quarantine: Arc<Quarantine> = Arc::default();
        self.loaded.rcu(|loaded| {
            let mut loaded = Loaded::clone(loaded);
            loaded.kept.entry(adapter.digest()).or_insert_with(|| (adapter.clone(), Arc::clone(&quarantine)));
            loaded
        });
        self.loaded.load().kept.get(&adapter.digest()).map_or(quarantine, |(_, kept)| Arc::clone(kept))
    }
}

async fn install(store: &Store, adapter: &Adapter, new: NewGeneration) -> Result<(), StoreError> {
    let manifest = adapter.manifest();
    let detail = json!({"digest": adapter.digest().to_string(), "version": manifest.version});
    let line = audit_line("configuration", "adapter install", (format!("provider {}", manifest.provider), &detail));
    // It is never refused: nothing is asked of what is there.
    let _applied = store.apply(Change::BeginGeneration(new), line).await?;
    Ok(())
}

/// The generation of an adapter that comes into force.
pub(crate) fn generation(adapter: &Adapter, (component, publisher): (Vec<u8>, Option<String>)) -> NewGeneration {
    let (manifest, digest) = (adapter.manifest(), *adapter.digest().as_bytes());
    let version = manifest.version.clone();
    NewGeneration {
        provider: manifest.provider.clone(),
        digest: Some(digest),
        installed: Some(NewAdapter { digest, version, component, publisher }),
        trial_share: None,
        why: None,
        unless: Unless::Never,
        at_ms: clock::now_ms(),
    }
}

/// A provider as the adapter of this digest knows it: the one that an attempt began with. Where it is kept no more, the one in force
/// has to do.
pub(crate) async fn at_generation(app: &App, provider: Arc<Provider>, digest: &[u8]) -> Arc<Provider> {
    if provider.adapter.digest().as_bytes() == digest {
        return provider;
    }
    match app.adapters.load(&app.store, digest).await {
        Ok((adapter, quarantine)) => Arc::new(provider.with_adapter(adapter, quarantine)),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(provider.id = %provider.id, error, "the adapter that an attempt began with is gone; the one in force goes on");
            provider
        }
    }
}
