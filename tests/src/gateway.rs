//! A gateway in this process, with its simulated provider: what most tests talk to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use capstan_domain::adapter::Manifest;
use capstan_domain::dialect::Dialect;
use capstan_domain::policy::{Action, Origin, Scope};
use capstan_domain::price::Rule;
use capstan_domain::route::Pool;
use capstan_domain::{AccountId, Amount, ApiKeyId, CredentialId};
use capstan_egress::{MasterKey, Secret, Vault, is_loopback};
use capstan_sandbox::{Adapter, Compiler};
use capstan_server::door::DoorSettings;
use capstan_server::door::address::ProxyTrust;
use capstan_server::door::tls::TlsFiles;
use capstan_server::gateway::{Gateway, OpenGateway};
use capstan_server::operate::{self, Asked, CredentialDraft, ExchangeVerb, Operator, Verb};
use capstan_server::settings::sandbox::SandboxLimits;
use capstan_server::settings::{Limits, Settings};
use capstan_server::{clock, keys};
use capstan_simulator::{Behaviour, Control, KeySettings, Simulator, Usd};
use capstan_storage::{Granted, NewPriceBook, Provider, ProviderStatus};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::client::Client;
use crate::components::{adapter, given};
use crate::contributor::Contributor;
use crate::database::{Database, Engine};

/// How a gateway is set up.
pub struct Setup {
    /// Its database.
    pub engine: Engine,
    /// Its bounds.
    pub limits: Limits,
    /// What the test's account starts with.
    pub balance: Amount,
    /// How the provider behaves.
    pub behaviour: Behaviour,
    /// Divides the provider's waits, in the manifest and in the simulator.
    pub time_scale: u32,
    /// Its credentials: a name, the pool, the price in nano-dollars of every task.
    pub credentials: Vec<(&'static str, Pool)>,
    /// What a task costs through a platform credential, in nano-dollars.
    pub platform_price: i64,
    /// What a task costs through a community credential, in nano-dollars.
    pub community_price: i64,
    /// The proxies that it believes.
    pub proxy: ProxyTrust,
    /// Sites refused.
    pub denied_sites: Vec<&'static str>,
    /// CPU time of one call into an adapter. More than in life: the engine is hardly optimised here, and copies a limit's
    /// worth of bytes in about the time that a call has otherwise.
    pub call_budget: Duration,
    /// The package of its adapter.
    pub package: &'static str,
    /// Its provider's address, where it is not the simulator.
    pub provider_url: Option<Url>,
    /// Adapters beside it.
    pub guests: Vec<Guest>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its certificate; none means plain HTTP.
    pub tls: Option<TlsFiles>,
}

/// One more adapter, with a provider and a platform credential of its own.
pub struct Guest {
    /// Its package.
    pub package: &'static str,
    /// Its provider's address, on loopback.
    pub url: Url,
    /// The credential's only field.
    pub key: &'static str,
    /// What a task costs, in nano-dollars.
    pub price: i64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            engine: Engine::Sqlite,
            limits: Limits::default(),
            balance: Amount::from_nanos(10_000_000_000),
            behaviour: Behaviour::default(),
            time_scale: 50,
            credentials: vec![("provider-key-of-the-platform", Pool::Platform)],
            platform_price: 2_000_000,
            community_price: 1_500_000,
            proxy: ProxyTrust::default(),
            denied_sites: Vec::new(),
            call_budget: Duration::from_millis(100),
            package: "adapter-anti-captcha",
            provider_url: None,
            guests: Vec::new(),
            listen: LOOPBACK,
            tls: None,
        }
    }
}

/// A running gateway and its surroundings.
pub struct TestGateway {
    /// The gateway.
    pub gateway: Gateway,
    /// Its provider's handle.
    pub provider: Control,
    /// A client with the account's key.
    pub client: Client,
    /// The account.
    pub account: AccountId,
    /// The contributor of the community credentials.
    pub contributor: AccountId,
    /// Its data directory.
    pub data: TempDir,
    adapters: Vec<Adapter>,
    call_budget: Duration,
    limits: Limits,
    _simulator: Simulator,
    database: Database,
}

/// A free port of this machine.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The master key of every test gateway, unless the test is about another one.
const MASTER_KEY: [u8; 32] = [7; 32];

/// How a gateway comes back.
pub struct Return {
    /// The master key that it is given.
    pub master_key: [u8; 32],
    /// Whether it finds its data directory, and with it its name, again.
    pub keeps_data_dir: bool,
}

impl Default for Return {
    fn default() -> Self {
        Self { master_key: MASTER_KEY, keeps_data_dir: true }
    }
}

impl TestGateway {
    /// Starts one as set up.
    ///
    /// # Errors
    /// When anything of it does not start.
    pub async fn start(setup: Setup) -> Result<Self> {
        let packages: Vec<_> = std::iter::once(setup.package).chain(setup.guests.iter().map(|g| g.package)).collect();
        let budget = setup.call_budget;
        let admitted = move || packages.into_iter().map(|p| adapter(p, budget)).collect::<Result<Vec<_>>>();
        let adapters = tokio::task::spawn_blocking(admitted).await??;
        Self::start_with(setup, adapters).await
    }

    /// The same with adapters that are admitted already: the setup's own, then those of its guests.
    ///
    /// # Errors
    /// When anything of it does not start.
    pub async fn start_with(setup: Setup, adapters: Vec<Adapter>) -> Result<Self> {
        let database = tokio::task::spawn_blocking(move || Database::create(setup.engine)).await??;
        let data = tempfile::tempdir()?;
        let keys = setup
            .credentials
            .iter()
            .map(|(key, _)| KeySettings { key: (*key).to_owned(), balance: Usd::dollars(1_000) });
        // A service's adapter speaks to a simulator of its service; for guests any will do.
        let speaks =
            setup.package.strip_prefix("adapter-").and_then(|service| service.parse().ok()).unwrap_or_default();
        let simulator = Simulator::start(capstan_simulator::Settings {
            speaks,
            keys: keys.collect(),
            behaviour: Behaviour { time_scale: f64::from(setup.time_scale), ..setup.behaviour.clone() },
            ..capstan_simulator::Settings::default()
        });
        let simulator = simulator.await?;
        let vault = Arc::new(Vault::new(MasterKey::from_bytes(MASTER_KEY)));
        let mut settings = settings(&data, &database, &setup.limits);
        settings.door.proxy = setup.proxy.clone();
        settings.listen = setup.listen;
        settings.door.tls.clone_from(&setup.tls);
        let open = OpenGateway::assemble(settings, vault, given(&adapters, setup.call_budget)?).await?;
        let provider_url = setup.provider_url.clone().map_or_else(|| Url::parse(&simulator.url()), Ok)?;
        let seeded = seed(&open, &setup, &provider_url).await?;
        let gateway = open.start().await?;
        Ok(Self {
            client: Client::new(gateway.url(), seeded.key),
            account: seeded.account,
            contributor: seeded.contributor,
            provider: simulator.control(),
            gateway,
            data,
            adapters,
            call_budget: setup.call_budget,
            limits: setup.limits,
            _simulator: simulator,
            database,
        })
    }

    /// Another gateway on the same database, beside this one.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_beside(&self, data: &TempDir, comes: &Return) -> Result<Gateway> {
        let vault = Arc::new(Vault::new(MasterKey::from_bytes(comes.master_key)));
        let settings = settings(data, &self.database, &self.limits);
        Ok(OpenGateway::assemble(settings, vault, given(&self.adapters, self.call_budget)?).await?.start().await?)
    }

    /// Stops the gateway and starts it again.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart(self, comes: Return) -> Result<Self> {
        self.restart_once(comes, std::future::ready(())).await
    }

    /// The same, with this in between: the gateway stands still meanwhile.
    ///
    /// # Errors
    /// As for [`Self::restart`].
    pub async fn restart_once(mut self, comes: Return, passed: impl Future<Output = ()>) -> Result<Self> {
        let stopped = std::mem::replace(&mut self.data, tempfile::tempdir()?);
        if comes.keeps_data_dir {
            self.data = stopped;
        }
        let Self {
            gateway,
            data,
            adapters,
            call_budget,
            limits,
            database,
            provider,
            client,
            account,
            contributor,
            _simulator,
        } = self;
        gateway.stop().await;
        passed.await;
        let vault = Arc::new(Vault::new(MasterKey::from_bytes(comes.master_key)));
        let given = given(&adapters, call_budget)?;
        let open = OpenGateway::assemble(settings(&data, &database, &limits), vault, given).await?;
        let gateway = open.start().await?;
        let client = Client::new(gateway.url(), client.key);
        Ok(Self {
            gateway,
            data,
            adapters,
            call_budget,
            limits,
            database,
            provider,
            client,
            account,
            contributor,
            _simulator,
        })
    }

    /// One more account with a key and a balance.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_account(&self, name: &str, balance: Amount) -> Result<(AccountId, Client)> {
        let store = &self.gateway.app.store;
        let account = operate::create_account(store, name).await?;
        if balance > Amount::ZERO {
            operate::top_up(store, account, balance, &format!("first balance of {name} {account}")).await?;
        }
        let key = operate::create_key(store, account, "test").await?;
        Ok((account, self.client.with_key(key)))
    }

    /// One more account, as a contributor.
    ///
    /// # Errors
    /// When the operator's verb is refused.
    pub async fn add_contributor(&self, name: &str) -> Result<(AccountId, Contributor)> {
        let account = operate::create_account(&self.gateway.app.store, name).await?;
        Ok((account, self.contributor_of(account).await?))
    }

    /// An account of this gateway as a contributor, with a token of its own.
    ///
    /// # Errors
    /// When the operator's verb is refused.
    pub async fn contributor_of(&self, account: AccountId) -> Result<Contributor> {
        let exchange =
            ExchangeVerb::TokenCreate { account: account.to_string(), label: "test".to_owned(), expires: None };
        let made = self.operate(Verb::Exchange { exchange }).await?;
        Ok(Contributor::new(&self.client, made["exchangeToken"].as_str().context("no token")?))
    }

    /// One more key of the test's account, of which this is said.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn key_with(&self, settings: capstan_storage::KeySettings) -> Result<Client> {
        let made = keys::new_api_key()?;
        let key = capstan_storage::NewApiKey {
            id: ApiKeyId(clock::new_uuid()),
            account: self.account,
            public_id: made.public_id.clone(),
            secret_hash: made.secret_hash,
            settings,
            created_at_ms: clock::now_ms(),
        };
        self.gateway.app.store.create_api_key(key).await?;
        Ok(self.client.with_key(made.key))
    }

    /// What an operator does, and what it is answered.
    ///
    /// # Errors
    /// The refusal.
    pub async fn operate(&self, verb: Verb) -> Result<Value> {
        let operator = Operator::running(&self.gateway.app)?;
        operator.perform("test", Asked { verb, reason: None }).await.map_err(|error| anyhow::anyhow!(error.told()))
    }

    /// A client of the listener that speaks this dialect.
    ///
    /// # Errors
    /// When there is none.
    pub fn listener(&self, dialect: Dialect) -> Result<Client> {
        let urls = self.gateway.dialect_urls();
        let found = urls.into_iter().find(|(of, _)| *of == dialect).context("no listener of that dialect")?;
        Ok(Client::new(found.1, self.client.key.clone()))
    }

    /// Checks that money adds up, and that no hold is open without an open task; then stops the gateway.
    ///
    /// # Errors
    /// The first difference.
    pub async fn finish(self) -> Result<()> {
        let report = self.gateway.app.store.verify_ledger().await?;
        anyhow::ensure!(report.difference.is_none(), "the ledger does not add up: {:?}", report.difference);
        self.gateway.stop().await;
        Ok(())
    }
}

fn settings(data: &TempDir, database: &Database, limits: &Limits) -> Settings {
    Settings {
        listen: LOOPBACK,
        dialect_listen: Dialect::ALL.iter().map(|(_, dialect)| (*dialect, LOOPBACK)).collect(),
        metrics_listen: Some(LOOPBACK),
        data_dir: data.path().to_owned(),
        database_url: database.url.clone(),
        adapters: Vec::new(),
        allow_loopback_providers: true,
        door: DoorSettings::default(),
        sandbox: SandboxLimits::default(),
        // Nothing is compiled by it: the tests' adapters are admitted once for all of them.
        compiler: Compiler::Here,
        limits: limits.clone(),
    }
}

struct Seeded {
    account: AccountId,
    contributor: AccountId,
    key: String,
}

async fn seed(open: &OpenGateway, setup: &Setup, provider_url: &Url) -> Result<Seeded> {
    let store = &open.store;
    let contributor = operate::create_account(store, "contributor").await?;
    let adapters = open.adapters.current();
    let manifest = adapters.first().context("no adapter")?.manifest();
    add_provider(open, manifest, (provider_url, setup.time_scale)).await?;
    for (key, pool) in &setup.credentials {
        let owner = (*pool == Pool::Community).then_some(contributor);
        add_credential(open, manifest, (provider_url, owner, key)).await?;
    }
    let price = |manifest: &Manifest, pool: Pool, nanos: i64, share_bp: u16| {
        let (provider, price) = (&manifest.provider, Amount::from_nanos(nanos));
        let priced = |family: &str| Rule::fixed(provider.clone(), family, pool, price).with_share(share_bp);
        manifest.task_types.iter().map(|t| priced(&t.family)).collect::<Vec<_>>()
    };
    let mut rules = price(manifest, Pool::Platform, setup.platform_price, 0);
    rules.extend(price(manifest, Pool::Community, setup.community_price, 9_000));
    for (guest, adapter) in setup.guests.iter().zip(adapters.iter().skip(1)) {
        add_provider(open, adapter.manifest(), (&guest.url, setup.time_scale)).await?;
        add_credential(open, adapter.manifest(), (&guest.url, None, guest.key)).await?;
        rules.extend(price(adapter.manifest(), Pool::Platform, guest.price, 0));
    }
    let book = NewPriceBook { id: clock::new_uuid(), rules, created_at_ms: clock::now_ms() };
    store.publish_price_book(book).await?;
    for pattern in &setup.denied_sites {
        let rule = capstan_storage::SiteRule {
            scope: Scope::Global,
            origin: Origin::Operator,
            pattern: (*pattern).to_owned(),
            action: Action::Deny,
            note: "a test".to_owned(),
            is_on: true,
            created_at_ms: clock::now_ms(),
        };
        store.put_site_rule(rule).await?;
    }
    let account = operate::create_account(store, "client").await?;
    operate::top_up(store, account, setup.balance, "first balance").await?;
    let key = operate::create_key(store, account, "test").await?;
    Ok(Seeded { account, contributor, key })
}

async fn add_provider(open: &OpenGateway, manifest: &Manifest, (url, time_scale): (&Url, u32)) -> Result<()> {
    let provider = Provider {
        id: manifest.provider.clone(),
        base_url: Some(url.to_string()),
        time_scale: if is_loopback(url) { time_scale } else { 1 },
        loopback: true,
        status: ProviderStatus::Active,
        contribution_note: Some("a simulated provider".to_owned()),
        // Simulated providers have one host, and guests are granted no other.
        granted: Some(Granted { base_url: manifest.base_url.clone(), hosts: Vec::new(), publisher: None }),
        created_at_ms: clock::now_ms(),
    };
    Ok(open.store.upsert_provider(provider).await?)
}

async fn add_credential(
    open: &OpenGateway,
    manifest: &Manifest,
    (base_url, owner, key): (&Url, Option<AccountId>, &str),
) -> Result<()> {
    let id = CredentialId(clock::new_uuid());
    let fields = &[("key".to_owned(), Secret::new(key.to_owned()))];
    let draft = CredentialDraft { id, manifest, publisher: None, base_url, owner, label: key, fields };
    Ok(operate::add_credential(&open.store, &open.vault, &draft).await?)
}
