//! The adapters that are loaded, behind one pointer: which one each provider has in force, and those that were before.
//!
//! An adapter is installed into the database, so that every node has it; what is in force is the newest **generation** of its
//! provider, and each change of that is one more generation. New tasks go to the one in force. A task that one has accepted is
//! polled by the same one, since its reference and memo are that one's own writing; so those that were before stay loaded as long as
//! they are among the last generations, and are loaded again where a task still needs one.
//!
//! The files of the configuration are installed at the start where they never were. What was installed later stays in force.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use capstan_domain::ProviderId;
use capstan_sandbox::{Adapter, AdmissionError, Digest, Sandbox};
use capstan_storage::{Change, Generation, NewAdapter, NewGeneration, Store, StoreError};
use serde_json::json;

use crate::app::App;
use crate::clock;
use crate::operate::audit_line;
use crate::providers::Provider;
use crate::quarantine::Quarantine;

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
    loaded: ArcSwap<Loaded>,
}

#[derive(Clone, Default)]
struct Loaded {
    /// Those in force, by provider.
    current: Arc<Vec<Adapter>>,
    /// Those and the ones before, by digest; each with how it has behaved.
    kept: HashMap<Digest, (Adapter, Arc<Quarantine>)>,
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
        Self { sandbox, given, loaded: ArcSwap::from_pointee(Loaded { current: Arc::new(adapters), kept }) }
    }

    /// Those of the configuration's files and those that were installed.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn open(store: &Store, sandbox: Arc<Sandbox>, files: Vec<FromFile>) -> Result<Self, LoadError> {
        let known = store.list_generations().await?;
        for FromFile { adapter, component } in &files {
            let (manifest, digest) = (adapter.manifest(), *adapter.digest().as_bytes());
            let mut own = known.iter().filter(|generation| generation.provider == manifest.provider);
            if own.any(|generation| generation.digest.as_deref() == Some(digest.as_slice())) {
                continue;
            }
            let new = generation(adapter, Some(component.clone()));
            let detail = json!({"digest": adapter.digest().to_string(), "version": manifest.version});
            let line =
                audit_line("configuration", "adapter install", (format!("provider {}", manifest.provider), &detail));
            // It is never refused: nothing is asked of what is there.
            let _applied = store.apply(Change::BeginGeneration(new), line).await?;
        }
        let opened = Self::given(Some(sandbox), files.into_iter().map(|file| file.adapter).collect());
        opened.follow(store).await?;
        Ok(opened)
    }

    /// Those in force.
    #[must_use]
    pub fn current(&self) -> Arc<Vec<Adapter>> {
        Arc::clone(&self.loaded.load().current)
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

    /// Puts in force what the database says is.
    ///
    /// # Errors
    /// [`LoadError::Store`]. One that cannot be loaded is said in the log, and its provider keeps what it had.
    pub async fn follow(&self, store: &Store) -> Result<(), StoreError> {
        let generations = store.list_generations().await?;
        let mut loaded = Loaded::clone(&self.loaded.load());
        let mut current = Vec::clone(&loaded.current);
        for newest in generations.chunk_by(|one, other| one.provider == other.provider).filter_map(<[_]>::first) {
            let Generation { provider, digest, .. } = newest;
            let of_provider = |adapter: &Adapter| adapter.manifest().provider == *provider;
            let Some(digest) = digest else {
                current.retain(|adapter| !of_provider(adapter));
                continue;
            };
            if current.iter().any(|adapter| of_provider(adapter) && adapter.digest().as_bytes() == digest.as_slice()) {
                continue;
            }
            match self.load(store, &loaded, digest).await {
                Ok((adapter, quarantine)) => {
                    tracing::info!(provider = %provider, digest = %adapter.digest(), "adapter in force");
                    current.retain(|adapter| !of_provider(adapter));
                    loaded.kept.insert(adapter.digest(), (adapter.clone(), quarantine));
                    current.push(adapter);
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(provider = %provider, error, "an installed adapter cannot be loaded");
                }
            }
        }
        let is_recent = |digest: &Digest| {
            let is_it = |other: &Generation| other.digest.as_deref() == Some(digest.as_bytes().as_slice());
            self.given.contains(digest) || generations.iter().any(is_it)
        };
        loaded.kept.retain(|digest, _| is_recent(digest));
        loaded.current = Arc::new(current);
        self.loaded.store(Arc::new(loaded));
        Ok(())
    }

    /// Keeps one that was loaded again.
    fn keep(&self, adapter: &Adapter, quarantine: &Arc<Quarantine>) {
        if !self.loaded.load().kept.contains_key(&adapter.digest()) {
            self.loaded.rcu(|loaded| {
                let mut loaded = Loaded::clone(loaded);
                loaded.kept.entry(adapter.digest()).or_insert_with(|| (adapter.clone(), Arc::clone(quarantine)));
                loaded
            });
        }
    }

    /// One that is kept, or was installed.
    async fn load(
        &self,
        store: &Store,
        loaded: &Loaded,
        digest: &[u8],
    ) -> Result<(Adapter, Arc<Quarantine>), LoadError> {
        let is_it = |(known, _): &(&Digest, _)| known.as_bytes().as_slice() == digest;
        if let Some((_, kept)) = loaded.kept.iter().find(is_it) {
            return Ok(kept.clone());
        }
        let missing = || StoreError::Missing { table: "adapters", id: "the digest of a generation".to_owned() };
        let component = store.find_component(digest).await?.ok_or_else(missing)?;
        Ok((self.admit(component).await?, Arc::default()))
    }
}

/// The generation of an adapter that comes into force.
pub(crate) fn generation(adapter: &Adapter, component: Option<Vec<u8>>) -> NewGeneration {
    let (manifest, digest) = (adapter.manifest(), *adapter.digest().as_bytes());
    let version = manifest.version.clone();
    let installed = component.map(|component| NewAdapter { digest, version, component });
    NewGeneration { provider: manifest.provider.clone(), digest: Some(digest), installed, at_ms: clock::now_ms() }
}

/// A provider as the adapter of this digest knows it: the one that an attempt began with. Where it is kept no more, the one in force
/// has to do.
pub(crate) async fn at_generation(app: &App, provider: Arc<Provider>, digest: &[u8]) -> Arc<Provider> {
    if provider.adapter.digest().as_bytes() == digest {
        return provider;
    }
    let loaded = app.adapters.loaded.load_full();
    match app.adapters.load(&app.store, &loaded, digest).await {
        Ok((adapter, quarantine)) => {
            app.adapters.keep(&adapter, &quarantine);
            Arc::new(provider.with_adapter(adapter, quarantine))
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(provider.id = %provider.id, error, "the adapter that an attempt began with is gone; the one in force goes on");
            provider
        }
    }
}
