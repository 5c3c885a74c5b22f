//! A gateway's life: opened (database, keys, adapters), started (tasks taken up, doors open), stopped.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use capstan_domain::ProviderId;
use capstan_domain::dialect::Dialect;
use capstan_domain::policy::BadDefault;
use capstan_egress::{Egress, EgressError, EgressSettings, MasterKey, Vault};
use capstan_sandbox::{AdmissionError, Sandbox, SandboxError, SandboxSettings};
use capstan_storage::{DatabaseUrl, Fence, OpenOptions, ShardClaim, Store, StoreError};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapters::trial::{self, Decided};
use crate::adapters::{Adapters, FromFile};
use crate::api::{self, Callers, Health};
use crate::app::{App, Shards};
use crate::door::{BoundDoor, Door, DoorError, DoorSettings};
use crate::exchange::{self, Exchange};
use crate::limits::RateLimits;
use crate::lock::{DataDir, DataDirError};
use crate::master_key_check::{self, Fit};
use crate::metrics::Metrics;
use crate::operate::{self, Operator};
use crate::providers::{Snapshot, SnapshotError, grant};
use crate::settings::Settings;
use crate::tasks::{self, EndedTasks, OpenTasks, Storms, WatchedTasks, Wheel};
use crate::{clock, learning, site_policy, workers};

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// The master key is another one than before.
    #[error(
        "the master key is not the one that this database is sealed under; start with the key that it was first started with \
         (master_key_file, CAPSTAN_MASTER_KEY)"
    )]
    OtherMasterKey,
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
    /// Two adapters of one provider: whoever came first would be its adapter, and nobody would know why.
    #[error("the adapters {first} and {second} are both for {provider}: one of them has to go")]
    TwoAdapters {
        /// For which provider.
        provider: ProviderId,
        /// The one file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The outward client.
    #[error("the outward HTTP client cannot be made")]
    Egress(#[from] EgressError),
    /// Providers, prices or policy.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The site rules that the product comes with.
    #[error("the default site rules cannot be read")]
    DefaultRules(#[from] BadDefault),
    /// The operator's socket.
    #[error("the operator's socket {path} cannot be opened; the path of a socket has at most some 100 bytes")]
    Socket {
        /// Where it would be.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The listening address or its certificate.
    #[error(transparent)]
    Door(#[from] DoorError),
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
    /// The adapters that are loaded.
    pub adapters: Arc<Adapters>,
    pub(crate) settings: Settings,
    data_dir: DataDir,
}

impl OpenGateway {
    /// Locks the data directory, opens and migrates the database, compares the master key, admits the adapters.
    ///
    /// # Errors
    /// [`StartError`], for the first thing that is not as it must be.
    pub async fn open(settings: Settings, master_key: MasterKey) -> Result<Self, StartError> {
        let data_dir = DataDir::lock(&settings.data_dir)?;
        let vault = Arc::new(Vault::new(master_key));
        // Before the adapters: what is compiled is vouched for under the master key, and another key would make it all anew.
        let store = open_store(&settings, &vault).await?;
        let sandbox_settings = SandboxSettings {
            cache_dir: Some(settings.data_dir.join("adapter-cache")),
            cache_key: vault.derive_key("adapter-cache"),
            compiler: settings.compiler.clone(),
            ..settings.sandbox.settings()
        };
        let paths = settings.adapters.clone();
        // Compiling is work for seconds: not on a thread of the reactor.
        let admitted = tokio::task::spawn_blocking(move || admit(sandbox_settings, paths)).await;
        let opened = match admitted.map_err(StartError::from).and_then(|admitted| admitted) {
            Ok((sandbox, files)) => Adapters::open(&store, sandbox, files).await.map_err(StartError::from),
            Err(error) => Err(error),
        };
        match opened {
            Ok(adapters) => Ok(Self { store, vault, adapters: Arc::new(adapters), settings, data_dir }),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    /// The same with adapters that are admitted already, so that tests compile them once.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn assemble(settings: Settings, vault: Arc<Vault>, adapters: Adapters) -> Result<Self, StartError> {
        let data_dir = DataDir::lock(&settings.data_dir)?;
        let store = open_store(&settings, &vault).await?;
        let adapters = Arc::new(adapters);
        adapters.follow(&store).await?;
        Ok(Self { store, vault, adapters, settings, data_dir })
    }

    /// Takes the shards and their open tasks up, opens the door.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(self) -> Result<Gateway, StartError> {
        let Self { store, vault, adapters, settings, data_dir } = self;
        let door = BoundDoor::bind(settings.listen, settings.door.clone(), &settings.limits).await?;
        let mut dialect_doors = Vec::with_capacity(settings.dialect_listen.len());
        for (dialect, address) in settings.dialect_listen {
            dialect_doors.push((dialect, BoundDoor::bind(address, settings.door.clone(), &settings.limits).await?));
        }
        let metrics_door = match settings.metrics_listen {
            // Plain HTTP, within the bounds that every door has.
            Some(address) => Some(BoundDoor::bind(address, DoorSettings::default(), &settings.limits).await?),
            None => None,
        };
        // Before the rows are read: what an operator changes from here on is followed.
        let mark = store.changes_mark().await?;
        let snapshot = first_snapshot(&store, &adapters, settings.limits.polls_at_once).await?;
        snapshot.check_loopback(settings.allow_loopback_providers)?;
        let held = take_shards(&store, &data_dir.node, settings.limits.lease).await?;
        let (wheel_handle, wheel) = Wheel::new();
        let (decided, decided_trials) = mpsc::unbounded_channel();
        let app = Arc::new(App {
            egress: Egress::new(Arc::clone(&vault), EgressSettings::default())?,
            vault,
            adapters,
            snapshot: ArcSwap::from_pointee(snapshot),
            reloading: tokio::sync::Mutex::default(),
            callers: Callers::default(),
            metrics: Metrics::default(),
            rates: RateLimits::new(&settings.limits),
            exchange: Exchange::default(),
            storms: Storms::default(),
            ended: EndedTasks::new(&settings.limits),
            limits: settings.limits,
            allow_loopback_providers: settings.allow_loopback_providers,
            open: OpenTasks::default(),
            watched: WatchedTasks::default(),
            wheel: wheel_handle,
            decided,
            shards: ArcSwap::from_pointee(Shards { held }),
            tracker: TaskTracker::new(),
            health: Health::default(),
            draining: CancellationToken::new(),
            shutdown: CancellationToken::new(),
            store,
        });
        let operators = operate::socket::open(&data_dir.path)
            .map_err(|source| StartError::Socket { path: operate::socket::path(&data_dir.path), source })?;
        let operator = Operator::running(&app)?;
        let taken_up = tasks::recover(&app).await?;
        if taken_up > 0 {
            tracing::info!(taken_up, "open tasks were taken up");
        }
        app.tracker.spawn(wheel.run(Arc::clone(&app)));
        spawn_workers(&app, &data_dir.node, mark, decided_trials);
        app.tracker.spawn(operate::socket::serve(Arc::clone(&app), operator, operators));
        let router =
            api::router(Arc::clone(&app), None).merge(api::owners_router(&app)?).merge(api::exchange_router(&app));
        let of_dialect =
            |(dialect, door): (Dialect, BoundDoor)| (dialect, door.open(api::router(Arc::clone(&app), Some(dialect))));
        let dialect_doors = dialect_doors.into_iter().map(of_dialect).collect();
        let metrics_door = metrics_door.map(|door| door.open(api::metrics_router(Arc::clone(&app))));
        let door = door.open(router);
        Ok(Gateway { address: door.address, app, door, dialect_doors, metrics_door, data_dir })
    }
}

fn spawn_workers(app: &Arc<App>, node: &str, mark: (i64, i64), decided: mpsc::UnboundedReceiver<Decided>) {
    app.tracker.spawn(workers::renew_leases(Arc::clone(app), node.to_owned()));
    app.tracker.spawn(workers::purge(Arc::clone(app)));
    app.tracker.spawn(trial::conclude_decided(Arc::clone(app), decided));
    app.tracker.spawn(tasks::sweep_reports(Arc::clone(app)));
    app.tracker.spawn(workers::follow_changes(Arc::clone(app), mark));
    app.tracker.spawn(learning::keep(Arc::clone(app), node.to_owned()));
    app.tracker.spawn(workers::mature_earnings(Arc::clone(app)));
    app.tracker.spawn(workers::check_ledger(Arc::clone(app)));
    app.tracker.spawn(workers::check_balances(Arc::clone(app)));
    app.tracker.spawn(tasks::look_at_low_balances(Arc::clone(app)));
    app.tracker.spawn(tasks::follow_markets(Arc::clone(app)));
    app.tracker.spawn(exchange::care::keep(Arc::clone(app)));
}

async fn first_snapshot(store: &Store, adapters: &Adapters, polls_at_once: usize) -> Result<Snapshot, StartError> {
    adapters.install_files(store).await?;
    grant::grant_first(store, adapters).await?;
    let snapshot = Snapshot::load(store, &adapters.latest(), None, polls_at_once).await?;
    learning::recall(store, &snapshot).await?;
    Ok(snapshot)
}

/// Opens and migrates the database, if the master key is its own.
async fn open_store(settings: &Settings, vault: &Vault) -> Result<Store, StartError> {
    let store = Store::open(&database_url(settings)?, OpenOptions::default()).await?;
    match master_key_check::check(&store, vault).await? {
        Fit::Same => {}
        Fit::Other => {
            store.close().await;
            return Err(StartError::OtherMasterKey);
        }
    }
    store.add_default_rules(site_policy::defaults()?, clock::now_ms()).await?;
    Ok(store)
}

/// Where a gateway's data is: SQLite in its data directory, unless it is told otherwise.
pub(crate) fn database_url(settings: &Settings) -> Result<DatabaseUrl, StoreError> {
    let default_url = format!("sqlite:{}", settings.data_dir.join("capstan.db").display());
    settings.database_url.as_deref().unwrap_or(&default_url).parse()
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

fn admit(settings: SandboxSettings, paths: Vec<PathBuf>) -> Result<(Arc<Sandbox>, Vec<FromFile>), StartError> {
    let sandbox = Sandbox::start(settings)?;
    let mut adapters = Vec::with_capacity(paths.len());
    let mut files: HashMap<ProviderId, PathBuf> = HashMap::new();
    for path in paths {
        let component =
            std::fs::read(&path).map_err(|source| StartError::AdapterFile { path: path.clone(), source })?;
        let adapter = sandbox.admit(&component).map_err(|source| StartError::Adapter { path: path.clone(), source })?;
        tracing::info!(provider = %adapter.manifest().provider, digest = %adapter.digest(), "adapter admitted");
        let provider = adapter.manifest().provider.clone();
        if let Some(first) = files.insert(provider.clone(), path.clone()) {
            return Err(StartError::TwoAdapters { provider, first, second: path });
        }
        adapters.push(FromFile { adapter, component });
    }
    Ok((sandbox, adapters))
}

/// A running gateway.
pub struct Gateway {
    /// Its parts.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    door: Door,
    dialect_doors: Vec<(Dialect, Door)>,
    metrics_door: Option<Door>,
    data_dir: DataDir,
}

impl Gateway {
    /// The base URL of its client API.
    #[must_use]
    pub fn url(&self) -> String {
        self.door.url()
    }

    /// The base URLs of its listeners that have a dialect.
    #[must_use]
    pub fn dialect_urls(&self) -> Vec<(Dialect, String)> {
        self.dialect_doors.iter().map(|(dialect, door)| (*dialect, door.url())).collect()
    }

    /// Where its metrics are served, if anywhere.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_door.as_ref().map(|door| door.address)
    }

    /// Where its metrics are read, if anywhere.
    #[must_use]
    pub fn metrics_url(&self) -> Option<String> {
        self.metrics_address().map(|address| format!("http://{address}/metrics"))
    }

    /// Reads the certificate's files again, where there are some; connections live on. The log says how it went.
    pub fn renew_certificate(&self) {
        for door in std::iter::once(&self.door).chain(self.dialect_doors.iter().map(|(_, door)| door)) {
            if let Some(certificate) = door.certificate() {
                certificate.renew();
            }
        }
    }

    /// Stops: not ready at once, no new requests after a while, work under way ends or is cut off, the database is closed.
    /// Open tasks stay open and are taken up by the next start.
    pub async fn stop(self) {
        let limits = &self.app.limits;
        self.app.draining.cancel();
        tokio::time::sleep(limits.drain_delay).await;
        let by = Instant::now() + limits.drain;
        // The door first: createTask's answer waits for the work that is told to end next.
        self.door.close(by).await;
        for (_, door) in self.dialect_doors {
            door.close(by).await;
        }
        if let Some(door) = self.metrics_door {
            door.close(by).await;
        }
        self.app.shutdown.cancel();
        self.app.tracker.close();
        if tokio::time::timeout_at(by, self.app.tracker.wait()).await.is_err() {
            tracing::warn!("work was cut off by the stop");
        }
        // Another node need not wait for the leases to run out.
        if let Err(error) = self.app.store.release_shards(&self.data_dir.node).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "leases run out by themselves");
        }
        self.app.store.close().await;
    }
}
