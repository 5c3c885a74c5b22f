//! `capstan serve`: the gateway as an operator runs it. It makes nothing that is missing and says what to do about it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use capstan_egress::MasterKey;
use capstan_server::gateway::OpenGateway;
use capstan_server::settings::Settings;
use serde_json::{Map, Value, json};

use crate::cli::ServeArgs;
use crate::config::{self, Config, Flags};
use crate::master_key;
use crate::operator::args::Connection;
use crate::signals::{self, Signals};

/// The variable with the text of the master key.
const MASTER_KEY: &str = "CAPSTAN_MASTER_KEY";

/// Reads the configuration, starts, serves until it is told to stop.
///
/// # Errors
/// The first thing that is not as it must be, and what to do about it.
pub(crate) async fn run(args: ServeArgs) -> Result<()> {
    if args.print_config {
        crate::say(config::DEFAULT_FILE.trim_end());
        return Ok(());
    }
    let environment = config::environment();
    let says_json = args.json;
    let (config_file, flags) = flags(args);
    let config = config::load(config_file.as_deref(), &environment, &flags)?;
    let key = find_key(&config, &environment, &flags)?;
    let key_file = config.master_key_file.clone();
    let settings = config.into_settings()?;
    warn_of(&settings, &key_file);
    let data_dir = settings.data_dir.clone();
    let gateway = OpenGateway::open(settings, key).await?.start().await?;
    let signals = Signals::catch()?;
    let url = gateway.url();
    if says_json {
        let data = std::fs::canonicalize(&data_dir).unwrap_or(data_dir);
        let dialects: Map<String, Value> = gateway
            .dialect_urls()
            .into_iter()
            .map(|(dialect, url)| (dialect.as_str().to_owned(), url.into()))
            .collect();
        let line = json!({"url": url, "dialects": dialects, "dataDir": data, "metricsUrl": gateway.metrics_url()});
        crate::say(&line.to_string());
    }
    tracing::info!(%url, metrics = gateway.metrics_url(), "ready");
    signals::run_until_told(gateway, signals).await
}

/// The settings that an operator's verb has chosen, and the master key, where there is one.
pub(crate) struct Chosen {
    pub(crate) settings: Settings,
    pub(crate) key: Result<MasterKey>,
}

/// The settings of the gateway that a verb is for. A gateway that runs needs no more than its data directory of them.
///
/// # Errors
/// When the configuration is none.
pub(crate) fn choose(connection: &Connection) -> Result<Chosen> {
    let environment = config::environment();
    let flags = Flags {
        data: connection.data.clone(),
        master_key_file: connection.master_key_file.clone(),
        ..Flags::default()
    };
    let config = config::load(connection.config.as_deref(), &environment, &flags)?;
    let key = find_key(&config, &environment, &flags);
    Ok(Chosen { settings: config.into_settings()?, key })
}

fn flags(args: ServeArgs) -> (Option<std::path::PathBuf>, Flags) {
    let ServeArgs { config, listen, data, database, master_key_file, adapters, allow_loopback_providers, .. } = args;
    (config, Flags { listen, data, database, master_key_file, adapters, allow_loopback_providers })
}

/// The master key: of the file that a flag names, else the environment's text, else of the configured file.
fn find_key(config: &Config, environment: &[(String, String)], flags: &Flags) -> Result<MasterKey> {
    let variable = |wanted: &str| environment.iter().find(|(name, _)| name == wanted).map(|(_, text)| text.as_str());
    let text = variable(MASTER_KEY).filter(|text| !text.trim().is_empty());
    match text {
        Some(_) if variable("CAPSTAN_MASTER_KEY_FILE").is_some_and(|path| !path.is_empty()) => {
            bail!("{MASTER_KEY} and CAPSTAN_MASTER_KEY_FILE are both set; keep the one that is meant")
        }
        Some(text) if flags.master_key_file.is_none() => {
            return MasterKey::from_text(text).with_context(|| format!("{MASTER_KEY} holds no master key"));
        }
        Some(_) | None => {}
    }
    if config.master_key_file.as_os_str().is_empty() {
        bail!(
            "there is no master key: make one with `capstan master-key --out FILE` and name it as master_key_file, or set \
             {MASTER_KEY}"
        );
    }
    master_key::read_private(&config.master_key_file)
}

fn warn_of(settings: &Settings, key_file: &Path) {
    if settings.adapters.is_empty() {
        tracing::warn!("no adapter is configured: no task can be taken");
    }
    if settings.allow_loopback_providers {
        tracing::warn!("providers on this machine are allowed; that is for trials only");
    }
    let canonical = |path: &Path| std::fs::canonicalize(path).ok();
    if let (Some(file), Some(data)) = (canonical(key_file), canonical(&settings.data_dir))
        && file.starts_with(&data)
    {
        tracing::warn!(
            file = %file.display(),
            "the master key lies in the data directory: whoever has a backup of it can open what is sealed in it"
        );
    }
}
