//! `capstan dev`: a whole gateway on one machine, with everything that it needs.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use capstan_domain::price::Price;
use capstan_domain::route::Pool;
use capstan_domain::{AccountId, Amount, ApiKeyId, CredentialId};
use capstan_egress::{Secret, is_loopback};
use capstan_sandbox::Adapter;
use capstan_server::gateway::{Gateway, OpenGateway};
use capstan_server::operate::{self, CredentialDraft};
use capstan_server::settings::{Limits, Settings};
use capstan_server::{clock, keys, providers};
use capstan_simulator::{Behaviour, KeySettings, Latency, Simulator, Usd};
use capstan_storage::{NewPriceBook, PricedFamily, Provider, ProviderStatus};
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;
use uuid::Uuid;

use crate::cli::DevArgs;
use crate::{adapters, master_key};

// The demo's rows have fixed ids, so that a second start finds those of the first.
const ACCOUNT: AccountId = AccountId(Uuid::from_u128(0xde30_0000_0000_7000_8000_0000_0000_0001));
const KEY: ApiKeyId = ApiKeyId(Uuid::from_u128(0xde30_0000_0000_7000_8000_0000_0000_0002));
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
        metrics_listen: args.metrics,
        data_dir: args.data.clone(),
        database_url: args.database.clone(),
        adapters: files,
        limits: Limits::default(),
    };
    let open = OpenGateway::open(settings, master_key).await?;
    // Both keys are derived from the master key: neither has to be stored to be the same on the next start.
    let provider_key = hex(&open.vault.derive_key("dev: key at the simulated provider"));
    let client_key = keys::api_key_from_seed(&open.vault.derive_key("dev: the demo account's API key"));
    let (simulator, simulator_url) = match &args.simulator {
        Some(url) => (None, with_address(url)),
        None => {
            let simulator = start_simulator(&provider_key, args.time_scale).await?;
            let url = Url::parse(&simulator.url())?;
            (Some(simulator), url)
        }
    };
    for adapter in &open.adapters {
        seed_provider(&open, adapter, (&simulator_url, args.time_scale), &provider_key).await?;
    }
    seed_prices(&open).await?;
    seed_account(&open, &client_key).await?;
    let gateway = open.start().await?;
    announce(&args, &gateway, (&client_key.key, &provider_key), &simulator_url)?;
    crate::until_told_to_stop().await?;
    gateway.stop().await;
    if let Some(simulator) = simulator {
        simulator.stop().await;
    }
    Ok(())
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
        adapters::build(adapters::ADAPTERS, |unit| {
            shown.inc(1);
            shown.set_message(unit.to_owned());
        })
    });
    let files = built.await.context("the build was lost")??;
    bar.finish_and_clear();
    Ok(files)
}

/// A provider that solves as fast as the better services do, divided by the same scale as the waits before a poll.
async fn start_simulator(key: &str, time_scale: u32) -> Result<Simulator> {
    let settings = capstan_simulator::Settings {
        keys: vec![KeySettings { key: key.to_owned(), balance: Usd::dollars(1_000) }],
        behaviour: Behaviour {
            latency: Latency::Lognormal { median_ms: 6_000.0, sigma: 0.5 },
            time_scale: f64::from(time_scale),
            ..Behaviour::default()
        },
        ..capstan_simulator::Settings::default()
    };
    Ok(Simulator::start(settings).await?)
}

async fn seed_provider(open: &OpenGateway, adapter: &Adapter, (url, time_scale): (&Url, u32), key: &str) -> Result<()> {
    let manifest = adapter.manifest();
    let row = Provider {
        id: manifest.provider.clone(),
        base_url: Some(url.to_string()),
        time_scale: if is_loopback(url) { time_scale } else { 1 },
        loopback: is_loopback(url),
        status: ProviderStatus::Active,
        created_at_ms: clock::now_ms(),
    };
    open.store.upsert_provider(row).await?;
    let fields: Vec<(String, Secret)> =
        manifest.credential.iter().map(|field| (field.name.clone(), Secret::new(key.to_owned()))).collect();
    let draft = CredentialDraft {
        // The same key at the same provider is found again by its fingerprint, whatever the id.
        id: CredentialId(clock::new_uuid()),
        manifest,
        base_url: url,
        owner: None,
        label: "simulated provider",
        fields: &fields,
    };
    operate::add_credential(&open.store, &open.vault, &draft).await.context("the demo credential cannot be added")
}

/// List prices plus a quarter, for every family that an adapter serves; published where one of them has no price yet.
async fn seed_prices(open: &OpenGateway) -> Result<()> {
    let book = open.store.current_price_book().await?.unwrap_or_default();
    let mut prices = Vec::new();
    for manifest in open.adapters.iter().map(Adapter::manifest) {
        for served in &manifest.task_types {
            let list = providers::dollars(&served.list_price)
                .with_context(|| format!("{} lists no dollar price for {}", manifest.provider, served.family))?;
            let amount = list.plus(list.share(2_500)?)?;
            prices.push(PricedFamily {
                provider: manifest.provider.clone(),
                family: served.family.clone(),
                pool: Pool::Platform,
                price: Price { amount, share_bp: 0 },
            });
        }
    }
    if prices.iter().all(|p| book.price(&p.provider, &p.family, p.pool).is_some()) {
        return Ok(());
    }
    open.store
        .publish_price_book(NewPriceBook { id: clock::new_uuid(), prices, created_at_ms: clock::now_ms() })
        .await?;
    Ok(())
}

async fn seed_account(open: &OpenGateway, key: &keys::NewApiKey) -> Result<()> {
    operate::add_account(&open.store, ACCOUNT, "demo").await?;
    operate::top_up(&open.store, ACCOUNT, BALANCE, "dev: the demo account's first balance").await?;
    operate::add_key(&open.store, (KEY, ACCOUNT), "demo", key).await?;
    Ok(())
}

fn announce(
    args: &DevArgs,
    gateway: &Gateway,
    (client_key, provider_key): (&str, &str),
    simulator_url: &Url,
) -> Result<()> {
    let (url, simulator) = (gateway.url(), simulator_url.as_str().trim_end_matches('/'));
    if args.json {
        let data = std::fs::canonicalize(&args.data).unwrap_or_else(|_| args.data.clone());
        let mut line =
            serde_json::json!({"url": url, "clientKey": client_key, "simulatorUrl": simulator, "dataDir": data});
        if let (Some(_), Some(fields)) = (&args.simulator, line.as_object_mut()) {
            // A simulator that was started elsewhere has to be told the key; one that was started here knows it.
            fields.insert("providerKey".to_owned(), provider_key.into());
        }
        if let (Some(metrics), Some(fields)) = (gateway.metrics_url(), line.as_object_mut()) {
            fields.insert("metricsUrl".to_owned(), metrics.into());
        }
        crate::say(&line.to_string());
        return Ok(());
    }
    if args.simulator.is_some() {
        crate::say(&format!("The simulator must know this key: {provider_key}"));
    }
    if let Some(metrics) = gateway.metrics_url() {
        crate::say(&format!("Metrics are at {metrics}"));
    }
    crate::say(&format!(
        "\nCapstan is ready at {url} (provider simulated at {simulator}; see {simulator}/_log).\n\n\
         Create a task:\n\n  \
         curl -s {url}/createTask -d '{{\"clientKey\": \"{client_key}\", \"task\": {{\"type\": \"ReCaptchaV2TokenProxyLess\", \
         \"websiteURL\": \"https://www.google.com/recaptcha/api2/demo\", \
         \"websiteKey\": \"6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-\"}}}}'\n\n\
         Read its result (put the taskId in; repeat until status is ready):\n\n  \
         curl -s {url}/getTaskResult -d '{{\"clientKey\": \"{client_key}\", \"taskId\": \"…\"}}'\n\n\
         The balance:\n\n  curl -s {url}/getBalance -d '{{\"clientKey\": \"{client_key}\"}}'\n\nCtrl-C ends it."
    ));
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
