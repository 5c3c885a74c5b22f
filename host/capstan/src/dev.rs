//! `capstan dev`: a whole gateway on one machine, with everything that it needs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use capstan_domain::dialect::Dialect;
use capstan_domain::exchange::statement;
use capstan_domain::price::{Base, Billing, Rule};
use capstan_domain::route::Pool;
use capstan_domain::{AccountId, Amount, ApiKeyId, CredentialId, ProviderId};
use capstan_egress::{Secret, is_loopback};
use capstan_sandbox::Adapter;
use capstan_server::door::DoorSettings;
use capstan_server::exchange::contribute::statement_hash;
use capstan_server::gateway::{Gateway, OpenGateway};
use capstan_server::operate::{self, CredentialDraft};
use capstan_server::settings::sandbox::SandboxLimits;
use capstan_server::settings::{Limits, Settings};
use capstan_server::{clock, keys, providers};
use capstan_simulator::{Behaviour, KeySettings, Latency, Simulator, Usd, WireFormat};
use capstan_storage::{NewExchangeToken, NewPriceBook, Provider, ProviderStatus};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use crate::cli::DevArgs;
use crate::signals::{self, Signals};
use crate::{adapters, compile, master_key, watch};

// The demo's rows have fixed ids, so that a second start finds those of the first.
const ACCOUNT: AccountId = AccountId(Uuid::from_u128(0xde30_0000_0000_7000_8000_0000_0000_0001));
const KEY: ApiKeyId = ApiKeyId(Uuid::from_u128(0xde30_0000_0000_7000_8000_0000_0000_0002));
const CONTRIBUTOR: AccountId = AccountId(Uuid::from_u128(0xde30_0000_0000_7000_8000_0000_0000_0003));
const TOKEN: Uuid = Uuid::from_u128(0xde30_0000_0000_7000_8000_0000_0000_0004);
/// Why keys at simulated providers may be contributed.
const NOTE: &str = "a simulated provider: it is nobody's service";
/// What the demo account starts with, in nano-dollars: ten dollars.
const BALANCE: Amount = Amount::from_nanos(10_000_000_000);

/// Builds, starts, prints, serves until Ctrl-C.
///
/// # Errors
/// The first thing that does not work, and why.
pub(crate) async fn run(args: DevArgs) -> Result<()> {
    let files = build().await?;
    let master_key = master_key::read_or_create(&args.data.join("master.key"))?;
    let settings = Settings {
        listen: args.listen,
        dialect_listen: Dialect::ALL.iter().map(|(_, dialect)| (*dialect, dialect_address(&args, *dialect))).collect(),
        metrics_listen: args.metrics,
        data_dir: args.data.clone(),
        database_url: args.database.clone(),
        adapters: files,
        allow_loopback_providers: true,
        door: DoorSettings::default(),
        sandbox: SandboxLimits::default(),
        compiler: compile::compiler()?,
        limits: Limits::default(),
    };
    let open = OpenGateway::open(settings, master_key).await?;
    // An adapter as it was before an edit is what runs when the edit is undone.
    open.adapters.force_files(&open.store).await?;
    // Both keys are derived from the master key: neither has to be stored to be the same on the next start.
    let provider_key = keys::hex(&open.vault.derive_key("dev: key at the simulated provider"));
    let client_key = keys::api_key_from_seed(&open.vault.derive_key("dev: the demo account's API key"));
    let token = keys::exchange_token_from_seed(&open.vault.derive_key("dev: the demo contributor's token"));
    let lendable_key = keys::hex(&open.vault.derive_key("dev: a key to contribute"));
    let secrets = Secrets {
        client_key: &client_key.key,
        provider_key: &provider_key,
        token: &token.key,
        lendable_key: &lendable_key,
    };
    let mut simulated = Vec::new();
    for adapter in open.adapters.current().iter() {
        match simulate(&args, adapter, [&provider_key, &lendable_key]).await? {
            Some(provider) => {
                seed_provider(&open, adapter, (&provider.url, args.time_scale), &provider_key).await?;
                simulated.push(provider);
            }
            None => put_out_of_use(&open, adapter).await?,
        }
    }
    seed_prices(&open).await?;
    seed_account(&open, &client_key).await?;
    seed_contributor(&open, &token).await?;
    let gateway = open.start().await?;
    let signals = Signals::catch()?;
    if let Some(directory) = args.watch.clone() {
        gateway.app.tracker.spawn(watch::run(Arc::clone(&gateway.app), directory));
    }
    announce(&args, &gateway, &secrets, &simulated)?;
    signals::run_until_told(gateway, signals).await?;
    for Simulated { simulator, .. } in simulated {
        if let Some(simulator) = simulator {
            simulator.stop().await;
        }
    }
    Ok(())
}

/// A dialect's listener: the ports after the main one, so that they are the same on every start; free ones where the main
/// one is.
fn dialect_address(args: &DevArgs, dialect: Dialect) -> SocketAddr {
    let offset = match dialect {
        Dialect::AnySolver => 1,
        Dialect::AntiCaptcha => 2,
        Dialect::CapSolver => 3,
    };
    let port = if args.listen.port() == 0 { 0 } else { args.listen.port().saturating_add(offset) };
    SocketAddr::new(args.listen.ip(), port)
}

/// A provider on this machine.
struct Simulated {
    provider: ProviderId,
    url: Url,
    /// Where it was started here.
    simulator: Option<Simulator>,
}

/// The simulated provider of an adapter: started here, or one that runs already. Where one is named, those that are not are
/// out of use.
async fn simulate(args: &DevArgs, adapter: &Adapter, keys: [&str; 2]) -> Result<Option<Simulated>> {
    let provider = adapter.manifest().provider.clone();
    for text in &args.simulator {
        let (name, url) = text.split_once('=').unwrap_or(("anti-captcha", text));
        let url = Url::parse(url).with_context(|| format!("--simulator {text:?} is not [PROVIDER=]URL"))?;
        if provider.matches(name) {
            return Ok(Some(Simulated { provider, url: with_address(&url), simulator: None }));
        }
    }
    if !args.simulator.is_empty() {
        return Ok(None);
    }
    let speaks: WireFormat = provider
        .as_str()
        .parse()
        .map_err(|error| anyhow::anyhow!("there is no simulator that speaks as {provider} does: {error}"))?;
    let simulator = start_simulator(keys, speaks, args.time_scale).await?;
    let url = Url::parse(&simulator.url())?;
    Ok(Some(Simulated { provider, url, simulator: Some(simulator) }))
}

/// One spelling of this machine: a credential is bound to its provider's host as it is written.
fn with_address(url: &Url) -> Url {
    let mut url = url.clone();
    if url.host_str() == Some("localhost") {
        // It has a host, so that another can be put in its place.
        let _ = url.set_host(Some("127.0.0.1"));
    }
    url
}

/// Builds the adapters; progress goes to stderr, where there is a terminal.
async fn build() -> Result<Vec<PathBuf>> {
    tracing::info!("building adapters, where they are not up to date");
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} building adapters: {pos} units {elapsed} {msg}")?);
    bar.enable_steady_tick(Duration::from_millis(100));
    let shown = bar.clone();
    let built = tokio::task::spawn_blocking(move || {
        adapters::build(adapters::SIMULATED, |unit| {
            shown.inc(1);
            shown.set_message(unit.to_owned());
        })
    });
    let files = built.await.context("the build was lost")??;
    bar.finish_and_clear();
    Ok(files)
}

/// A provider that solves as fast as the better services do, divided by the same scale as the waits before a poll.
async fn start_simulator(keys: [&str; 2], speaks: WireFormat, time_scale: u32) -> Result<Simulator> {
    let settings = capstan_simulator::Settings {
        speaks,
        keys: keys.map(|key| KeySettings { key: key.to_owned(), balance: Usd::dollars(1_000) }).to_vec(),
        behaviour: Behaviour {
            latency: Latency::Lognormal { median_ms: 6_000.0, sigma: 0.5 },
            time_scale: f64::from(time_scale),
            ..Behaviour::default()
        },
        ..capstan_simulator::Settings::default()
    };
    Ok(Simulator::start(settings).await?)
}

/// An earlier run may have set it up, at an address where nothing is any more.
async fn put_out_of_use(open: &OpenGateway, adapter: &Adapter) -> Result<()> {
    let row = Provider {
        id: adapter.manifest().provider.clone(),
        base_url: None,
        time_scale: 1,
        loopback: false,
        status: ProviderStatus::Disabled,
        contribution_note: None,
        granted: None,
        created_at_ms: clock::now_ms(),
    };
    Ok(open.store.upsert_provider(row).await?)
}

async fn seed_provider(open: &OpenGateway, adapter: &Adapter, (url, time_scale): (&Url, u32), key: &str) -> Result<()> {
    let manifest = adapter.manifest();
    let row = Provider {
        id: manifest.provider.clone(),
        base_url: Some(url.to_string()),
        time_scale: if is_loopback(url) { time_scale } else { 1 },
        loopback: is_loopback(url),
        status: ProviderStatus::Active,
        contribution_note: is_loopback(url).then(|| NOTE.to_owned()),
        granted: None,
        created_at_ms: clock::now_ms(),
    };
    open.store.upsert_provider(row).await?;
    let fields: Vec<(String, Secret)> =
        manifest.credential.iter().map(|field| (field.name.clone(), Secret::new(key.to_owned()))).collect();
    let draft = CredentialDraft {
        // The same key at the same provider is found again by its fingerprint, whatever the id.
        id: CredentialId(clock::new_uuid()),
        manifest,
        publisher: None,
        base_url: url,
        owner: None,
        label: manifest.provider.as_str(),
        fields: &fields,
    };
    operate::add_credential(&open.store, &open.vault, &draft).await.context("the demo credential cannot be added")?;
    // In a directory that an older version has filled, it may be bound to what that asked for.
    let bound = operate::bind_credentials(&open.store, &open.vault, (manifest, url)).await;
    bound.context("the demo credential cannot be bound")
}

/// List prices plus a quarter, for every family that an adapter serves, and plus a fifth through contributed keys, of which their
/// owners have nine tenths; published where one of them has no price yet.
async fn seed_prices(open: &OpenGateway) -> Result<()> {
    let book = open.store.current_price_book().await?.unwrap_or_default();
    let adapters = open.adapters.current();
    let manifests = || adapters.iter().map(Adapter::manifest);
    let served = || manifests().flat_map(|manifest| manifest.task_types.iter().map(move |t| (&manifest.provider, t)));
    if let Some((provider, t)) = served().find(|(_, t)| providers::dollars(&t.list_price).is_none()) {
        bail!("{provider} lists no dollar price for {}", t.family);
    }
    let has_price = |provider: &ProviderId, family: &str| {
        [Pool::Platform, Pool::Community].iter().all(|pool| book.rule(provider, family, *pool).is_some())
    };
    if served().all(|(provider, t)| has_price(provider, &t.family)) {
        return Ok(());
    }
    let rule = |pool, margin_bp, share_bp| Rule {
        family: None,
        provider: None,
        pool: Some(pool),
        base: Base::Margin { margin_bp, least: None },
        billing: Billing::Fixed,
        share_bp,
        surcharges: Vec::new(),
    };
    // Contributed keys are cheaper, so that they are seen to be used.
    let rules = vec![rule(Pool::Platform, 2_500, 0), rule(Pool::Community, 2_000, 9_000)];
    let new = NewPriceBook { id: clock::new_uuid(), rules, created_at_ms: clock::now_ms() };
    open.store.publish_price_book(new).await?;
    Ok(())
}

async fn seed_account(open: &OpenGateway, key: &keys::NewApiKey) -> Result<()> {
    operate::add_account(&open.store, ACCOUNT, "demo").await?;
    operate::top_up(&open.store, ACCOUNT, BALANCE, "dev: the demo account's first balance").await?;
    operate::add_key(&open.store, (KEY, ACCOUNT), "demo", key).await?;
    Ok(())
}

async fn seed_contributor(open: &OpenGateway, made: &keys::NewApiKey) -> Result<()> {
    operate::add_account(&open.store, CONTRIBUTOR, "demo contributor").await?;
    let token = NewExchangeToken {
        id: TOKEN,
        account: CONTRIBUTOR,
        public_id: made.public_id.clone(),
        secret_hash: made.secret_hash,
        label: "demo".to_owned(),
        created_at_ms: clock::now_ms(),
        expires_at_ms: None,
    };
    Ok(open.store.create_exchange_token(token).await?)
}

/// What a person needs to try everything.
struct Secrets<'s> {
    client_key: &'s str,
    provider_key: &'s str,
    /// The demo contributor's.
    token: &'s str,
    /// A key that the simulated providers know and nobody has contributed yet.
    lendable_key: &'s str,
}

fn announce(args: &DevArgs, gateway: &Gateway, secrets: &Secrets<'_>, simulated: &[Simulated]) -> Result<()> {
    let Secrets { client_key, provider_key, token, lendable_key } = *secrets;
    let url = gateway.url();
    let bare = |provider: &Simulated| provider.url.as_str().trim_end_matches('/').to_owned();
    let simulators: Map<String, Value> =
        simulated.iter().map(|provider| (provider.provider.to_string(), bare(provider).into())).collect();
    let dialects: Map<String, Value> =
        gateway.dialect_urls().into_iter().map(|(dialect, url)| (dialect.as_str().to_owned(), url.into())).collect();
    if args.json {
        let data = std::fs::canonicalize(&args.data).unwrap_or_else(|_| args.data.clone());
        let anti_captcha = simulators.get("anti-captcha").cloned();
        let mut line = serde_json::json!({
            "url": url, "clientKey": client_key, "simulatorUrl": anti_captcha, "simulators": simulators, "dataDir": data,
            "dialects": dialects, "exchangeToken": token, "lendableKey": lendable_key,
        });
        if let (false, Some(fields)) = (args.simulator.is_empty(), line.as_object_mut()) {
            // A simulator that was started elsewhere has to be told the key; one that was started here knows it.
            fields.insert("providerKey".to_owned(), provider_key.into());
        }
        if let (Some(metrics), Some(fields)) = (gateway.metrics_url(), line.as_object_mut()) {
            fields.insert("metricsUrl".to_owned(), metrics.into());
        }
        crate::say(&line.to_string());
        return Ok(());
    }
    if !args.simulator.is_empty() {
        crate::say(&format!("The simulator must know this key: {provider_key}"));
    }
    if let Some(metrics) = gateway.metrics_url() {
        crate::say(&format!("Metrics are at {metrics}"));
    }
    let listed: String = simulators
        .iter()
        .map(|(provider, url)| format!("  {provider:<14}{}\n", url.as_str().unwrap_or_default()))
        .collect();
    let spoken: String = dialects
        .iter()
        .map(|(dialect, url)| format!("  {dialect:<14}{}\n", url.as_str().unwrap_or_default()))
        .collect();
    crate::say(&format!(
        "\nCapstan is ready at {url}. Simulated providers, each with all that it received at /_log:\n{listed}\n\
         For programs made for other services, an address per dialect:\n{spoken}\n\
         Create a task:\n\n  \
         curl -s {url}/createTask -d '{{\"clientKey\": \"{client_key}\", \"task\": {{\"type\": \"ReCaptchaV2TokenProxyLess\", \
         \"websiteURL\": \"https://www.google.com/recaptcha/api2/demo\", \
         \"websiteKey\": \"6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-\"}}}}'\n\n\
         Read its result (put the taskId in; repeat until status is ready):\n\n  \
         curl -s {url}/getTaskResult -d '{{\"clientKey\": \"{client_key}\", \"taskId\": \"…\"}}'\n\n\
         The balance:\n\n  curl -s {url}/getBalance -d '{{\"clientKey\": \"{client_key}\"}}'\n\n\
         Lend a key, as a contributor would (what is signed is at {url}/exchange/v1/statement):\n\n  \
         {lend}\n\n\
         Where tasks went, and why one did:\n\n  {capstan} task list --data {data}\n  {capstan} task show … --data {data}\n\n\
         Ctrl-C ends it.",
        lend = lending(&url, token, lendable_key),
        capstan = std::env::current_exe()?.display(),
        data = args.data.display()
    ));
    Ok(())
}

/// The request that contributes a key.
fn lending(url: &str, token: &str, key: &str) -> String {
    let body = serde_json::json!({
        "provider": "anti-captcha", "fields": {"key": key}, "limits": {"dailyCap": "5.00"},
        "signature": {
            "statementVersion": statement::VERSION, "statementSha256": keys::hex(&statement_hash()), "name": "Demo Contributor",
        },
    });
    format!("curl -s {url}/exchange/v1/credentials -H 'Authorization: Bearer {token}' -d '{body}'")
}
