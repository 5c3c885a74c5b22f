//! A gateway's life: opened (database, keys, adapters), started (tasks taken up, doors open), stopped.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::serve::ListenerExt as _;
use capstan_egress::{Egress, EgressError, EgressSettings, MasterKey, Vault};
use capstan_sandbox::{Adapter, AdmissionError, Sandbox, SandboxError, SandboxSettings};
use capstan_storage::{Fence, OpenOptions, ShardClaim, Store, StoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{self, Callers};
use crate::app::{App, Shards};
use crate::limits::RateLimits;
use crate::lock::{DataDir, DataDirError};
use crate::metrics::Metrics;
use crate::providers::{Snapshot, SnapshotError};
use crate::settings::Settings;
use crate::tasks::{self, OpenTasks, Wheel};
use crate::{clock, workers};

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// The sandbox.
    #[error("the sandbox cannot be started")]
    Sandbox(#[from] SandboxError),
    /// An adapter's file.
    #[error("the adapter {path} cannot be read")]
    AdapterFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An adapter.
    #[error("the adapter {path} is refused")]
    Adapter {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: AdmissionError,
    },
    /// The outward client.
    #[error("the outward HTTP client cannot be made")]
    Egress(#[from] EgressError),
    /// Providers, prices or policy.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The listening address.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Other nodes hold everything.
    #[error("other nodes hold every shard; this one would have no task to move")]
    NoShard,
    /// A worker of the start itself.
    #[error("a worker of the start was lost")]
    Lost(#[from] tokio::task::JoinError),
}

/// A gateway that is open but not started: what `dev` and the operator's verbs work on.
pub struct OpenGateway {
    /// The database.
    pub store: Store,
    /// The keeper of secrets.
    pub vault: Arc<Vault>,
    /// The adapters, admitted.
    pub adapters: Vec<Adapter>,
    settings: Settings,
    data_dir: DataDir,
}

impl OpenGateway {
    /// Locks the data directory, opens and migrates the database, admits the adapters.
    ///
    /// # Errors
    /// [`StartError`], for the first thing that is not as it must be.
    pub async fn open(settings: Settings, master_key: MasterKey) -> Result<Self, StartError> {
        let data_dir = DataDir::lock(&settings.data_dir)?;
        let vault = Arc::new(Vault::new(master_key));
        let sandbox_settings = SandboxSettings {
            cache_dir: Some(settings.data_dir.join("adapter-cache")),
            cache_key: vault.derive_key("adapter-cache"),
            ..SandboxSettings::default()
        };
        let paths = settings.adapters.clone();
        // Compiling is work for seconds: not on a thread of the reactor.
        let adapters = tokio::task::spawn_blocking(move || admit(sandbox_settings, paths)).await??;
        Self::with(settings, data_dir, vault, adapters).await
    }

    /// The same with adapters that are admitted already, so that tests compile them once.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn assemble(settings: Settings, vault: Arc<Vault>, adapters: Vec<Adapter>) -> Result<Self, StartError> {
        let data_dir = DataDir::lock(&settings.data_dir)?;
        Self::with(settings, data_dir, vault, adapters).await
    }

    async fn with(
        settings: Settings,
        data_dir: DataDir,
        vault: Arc<Vault>,
        adapters: Vec<Adapter>,
    ) -> Result<Self, StartError> {
        let default_url = format!("sqlite:{}", settings.data_dir.join("capstan.db").display());
        let url = settings.database_url.as_deref().unwrap_or(&default_url);
        let store = Store::open(&url.parse()?, OpenOptions::default()).await?;
        Ok(Self { store, vault, adapters, settings, data_dir })
    }

    /// Takes the shards and their open tasks up, opens the door.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(self) -> Result<Gateway, StartError> {
        let Self { store, vault, adapters, settings, data_dir } = self;
        let (listener, address) = listen(settings.listen).await?;
        let metrics = match settings.metrics_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let metrics_address = metrics.as_ref().map(|(_, address)| *address);
        let snapshot = Snapshot::load(&store, &adapters, None, settings.limits.polls_at_once).await?;
        let held = take_shards(&store, &data_dir.node, settings.limits.lease).await?;
        let (wheel_handle, wheel) = Wheel::new();
        let app = Arc::new(App {
            egress: Egress::new(Arc::clone(&vault), EgressSettings::default())?,
            vault,
            snapshot: ArcSwap::from_pointee(snapshot),
            callers: Callers::default(),
            metrics: Metrics::default(),
            rates: RateLimits::new(&settings.limits),
            limits: settings.limits,
            open: OpenTasks::default(),
            wheel: wheel_handle,
            shards: ArcSwap::from_pointee(Shards { held }),
            tracker: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            store,
        });
        let taken_up = tasks::recover(&app).await?;
        if taken_up > 0 {
            tracing::info!(taken_up, "open tasks were taken up");
        }
        app.tracker.spawn(wheel.run(Arc::clone(&app)));
        app.tracker.spawn(workers::renew_leases(Arc::clone(&app), data_dir.node.clone()));
        app.tracker.spawn(workers::purge(Arc::clone(&app)));
        let router = api::router(Arc::clone(&app));
        // Answers are small and each is waited for.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "answers on this connection may be late");
            }
        });
        let closing = app.shutdown.clone();
        app.tracker.spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(closing.cancelled_owned()).await;
            if let Err(error) = served {
                tracing::error!(error = &error as &dyn std::error::Error, "the door closed");
            }
        });
        if let Some((listener, _)) = metrics {
            serve_metrics(&app, listener);
        }
        Ok(Gateway { app, adapters, address, metrics_address, data_dir })
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn serve_metrics(app: &Arc<App>, listener: TcpListener) {
    let (router, closing) = (api::metrics_router(Arc::clone(app)), app.shutdown.clone());
    app.tracker.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(closing.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics are no longer served");
        }
    });
}

/// Takes the shards that are free. A node that was killed and comes back under another name waits for its own leases to run
/// out.
async fn take_shards(store: &Store, node: &str, lease: Duration) -> Result<Vec<Fence>, StartError> {
    let ttl_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let give_up = tokio::time::Instant::now() + lease + lease / 2;
    loop {
        let claim = ShardClaim { node: node.to_owned(), now_ms: clock::now_ms(), ttl_ms };
        let held = store.acquire_shards(claim).await?;
        if !held.is_empty() {
            return Ok(held);
        }
        if tokio::time::Instant::now() > give_up {
            return Err(StartError::NoShard);
        }
        tracing::info!("other nodes hold every shard; waiting for a lease to run out");
        tokio::time::sleep(lease / 10).await;
    }
}

fn admit(settings: SandboxSettings, paths: Vec<PathBuf>) -> Result<Vec<Adapter>, StartError> {
    let sandbox = Sandbox::start(settings)?;
    let mut adapters = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = std::fs::read(&path).map_err(|source| StartError::AdapterFile { path: path.clone(), source })?;
        let adapter = sandbox.admit(&bytes).map_err(|source| StartError::Adapter { path: path.clone(), source })?;
        tracing::info!(provider = %adapter.manifest().provider, digest = %adapter.digest(), "adapter admitted");
        adapters.push(adapter);
    }
    Ok(adapters)
}

/// A running gateway.
pub struct Gateway {
    /// Its parts.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its metrics are served.
    pub metrics_address: Option<SocketAddr>,
    adapters: Vec<Adapter>,
    data_dir: DataDir,
}

/// Longest that a stop waits for work under way.
const DRAIN: Duration = Duration::from_secs(20);

impl Gateway {
    /// The base URL of its client API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its metrics are read, if anywhere.
    #[must_use]
    pub fn metrics_url(&self) -> Option<String> {
        self.metrics_address.map(|address| format!("http://{address}/metrics"))
    }

    /// Puts changed rows in force: providers, credentials, prices, policy and keys.
    ///
    /// # Errors
    /// [`SnapshotError`]; what was in force stays in force.
    pub async fn reload(&self) -> Result<(), SnapshotError> {
        let before = self.app.snapshot.load_full();
        let polls_at_once = self.app.limits.polls_at_once;
        let snapshot = Snapshot::load(&self.app.store, &self.adapters, Some(&before), polls_at_once).await?;
        self.app.snapshot.store(Arc::new(snapshot));
        self.app.callers.forget_all();
        Ok(())
    }

    /// Stops: no new requests, work under way ends or is cut off after a while, the database is closed. Open tasks stay open
    /// and are taken up by the next start.
    pub async fn stop(self) {
        self.app.shutdown.cancel();
        self.app.tracker.close();
        if tokio::time::timeout(DRAIN, self.app.tracker.wait()).await.is_err() {
            tracing::warn!("work was cut off by the stop");
        }
        // Another node need not wait for the leases to run out.
        if let Err(error) = self.app.store.release_shards(&self.data_dir.node).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "leases run out by themselves");
        }
        self.app.store.close().await;
    }
}
