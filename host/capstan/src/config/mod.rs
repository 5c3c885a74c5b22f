//! What `capstan serve` is told: a flag beats the environment, the environment beats the file, the file beats the default.
//!
//! `capstan.default.toml`, beside this file, names and explains every setting; a test keeps it equal to the defaults.

mod address_or_unset;
mod layers;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use capstan_domain::dialect::Dialect;
use capstan_sandbox::SandboxError;
use capstan_server::door::DoorSettings;
use capstan_server::door::address::ProxyTrust;
use capstan_server::door::tls::TlsFiles;
use capstan_server::settings::sandbox::SandboxLimits;
use capstan_server::settings::{BadLimit, Limits, Settings};
use serde::{Deserialize, Serialize};

use crate::compile;
pub(crate) use layers::load;

/// The commented default file.
pub(crate) const DEFAULT_FILE: &str = include_str!("capstan.default.toml");

/// Everything in a configuration file. An empty text is a setting that is not set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    listen: SocketAddr,
    #[serde(with = "address_or_unset")]
    metrics_listen: Option<SocketAddr>,
    data_dir: PathBuf,
    pub(crate) master_key_file: PathBuf,
    adapters: Vec<PathBuf>,
    allow_loopback_providers: bool,
    database: DatabaseConfig,
    tls: TlsConfig,
    proxy: ProxyTrust,
    dialects: DialectsConfig,
    sandbox: SandboxLimits,
    limits: Limits,
}

/// Further listeners, each with a dialect of its own.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
#[serde(default, deny_unknown_fields)]
struct DialectsConfig {
    #[serde(with = "address_or_unset")]
    anysolver: Option<SocketAddr>,
    #[serde(with = "address_or_unset")]
    anticaptcha: Option<SocketAddr>,
    #[serde(with = "address_or_unset")]
    capsolver: Option<SocketAddr>,
}

impl DialectsConfig {
    fn listeners(&self) -> Vec<(Dialect, SocketAddr)> {
        let of = |dialect| match dialect {
            Dialect::AnySolver => self.anysolver,
            Dialect::AntiCaptcha => self.anticaptcha,
            Dialect::CapSolver => self.capsolver,
        };
        Dialect::ALL.iter().filter_map(|(_, dialect)| Some((*dialect, of(*dialect)?))).collect()
    }
}

// No Debug outside tests: the URL may have a password in it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
#[serde(default, deny_unknown_fields)]
struct DatabaseConfig {
    url: String,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
#[serde(default, deny_unknown_fields)]
struct TlsConfig {
    cert: PathBuf,
    key: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            metrics_listen: None,
            data_dir: "data".into(),
            master_key_file: PathBuf::new(),
            adapters: Vec::new(),
            allow_loopback_providers: false,
            database: DatabaseConfig::default(),
            tls: TlsConfig::default(),
            proxy: ProxyTrust::default(),
            dialects: DialectsConfig::default(),
            sandbox: SandboxLimits::default(),
            limits: Limits::default(),
        }
    }
}

/// Why the configuration is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {path} cannot be read")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file has something wrong in it. The line itself is not repeated, since it may hold a password.
    #[error("{path}:{line}: {message}")]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A variable has something wrong in it.
    #[error("{name}: {message}")]
    Value {
        /// Which variable.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A limit under which nothing works.
    #[error(transparent)]
    Limit(#[from] BadLimit),
    /// A limit of adapters under which nothing works.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The system does not say where this program is.
    #[error("this program's own file cannot be found")]
    Program(#[source] std::io::Error),
    /// A certificate without a key, or a key without a certificate.
    #[error("tls.cert and tls.key belong together: set both or none")]
    HalfTls,
    /// A directory of adapters cannot be looked into, or there is no such file.
    #[error("adapters: {path} cannot be read")]
    Adapters {
        /// Which path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// What the flags of a command line say; the outermost layer.
#[derive(Clone, Default)]
pub(crate) struct Flags {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) database: Option<String>,
    pub(crate) master_key_file: Option<PathBuf>,
    pub(crate) adapters: Vec<PathBuf>,
    pub(crate) allow_loopback_providers: bool,
}

/// The variables of this process that may be settings.
pub(crate) fn environment() -> Vec<(String, String)> {
    let text = |value: OsString| value.into_string().ok();
    let ours = std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
    ours.filter(|(name, _)| name.starts_with(layers::PREFIX)).collect()
}

impl Config {
    /// The settings that a gateway is started with.
    ///
    /// # Errors
    /// [`ConfigError`], for what cannot be meant.
    pub(crate) fn into_settings(self) -> Result<Settings, ConfigError> {
        self.limits.check()?;
        self.sandbox.settings().check()?;
        let tls = match (set(self.tls.cert), set(self.tls.key)) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(ConfigError::HalfTls),
        };
        Ok(Settings {
            listen: self.listen,
            dialect_listen: self.dialects.listeners(),
            metrics_listen: self.metrics_listen,
            data_dir: self.data_dir,
            database_url: Some(self.database.url).filter(|url| !url.is_empty()),
            adapters: components(&self.adapters)?,
            allow_loopback_providers: self.allow_loopback_providers,
            door: DoorSettings { tls, proxy: self.proxy },
            sandbox: self.sandbox,
            compiler: compile::compiler().map_err(ConfigError::Program)?,
            limits: self.limits,
        })
    }
}

fn set(path: PathBuf) -> Option<PathBuf> {
    Some(path).filter(|path| !path.as_os_str().is_empty())
}

/// Files as they are, directories as the components in them, by name.
fn components(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ConfigError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ConfigError::Adapters { path, source }
    };
    let mut found = Vec::new();
    for path in paths {
        if !std::fs::metadata(path).map_err(failed(path))?.is_dir() {
            found.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(failed(path))?;
        let mut inside: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        inside.retain(|file| file.extension().is_some_and(|extension| extension == "wasm"));
        inside.sort();
        found.extend(inside);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use toml::{Table, Value};

    use super::*;

    fn keys(table: &Table, before: &str, found: &mut BTreeSet<String>) {
        for (name, value) in table {
            match value {
                Value::Table(inner) => keys(inner, &format!("{before}{name}."), found),
                _ => drop(found.insert(format!("{before}{name}"))),
            }
        }
    }

    #[test]
    fn the_default_file_has_every_setting_and_says_what_the_defaults_are() {
        assert!(toml::from_str::<Config>(DEFAULT_FILE).unwrap() == Config::default());
        let (mut written, mut known) = (BTreeSet::new(), BTreeSet::new());
        keys(&DEFAULT_FILE.parse().unwrap(), "", &mut written);
        keys(&Table::try_from(Config::default()).unwrap(), "", &mut known);
        assert_eq!(written, known);
    }

    #[test]
    fn every_setting_of_the_default_file_has_a_comment_above_it() {
        // Settings that belong together share the comment above the first.
        let mut is_explained = false;
        for line in DEFAULT_FILE.lines() {
            let is_setting = line.contains(" = ") && !line.starts_with('#');
            assert!(!is_setting || is_explained, "{line}");
            is_explained = line.starts_with('#') || (is_explained && is_setting);
        }
    }

    #[test]
    fn a_certificate_without_a_key_and_adapters_that_are_not_there_are_refused() {
        let half = Config { tls: TlsConfig { cert: "cert.pem".into(), key: PathBuf::new() }, ..Config::default() };
        assert!(matches!(half.into_settings(), Err(ConfigError::HalfTls)));
        let missing = Config { adapters: vec!["no/such/adapter.wasm".into()], ..Config::default() };
        let said = missing.into_settings().unwrap_err().to_string();
        assert_eq!(said, "adapters: no/such/adapter.wasm cannot be read");
    }

    #[test]
    fn a_directory_of_adapters_is_its_components_by_name() {
        let dir = std::env::temp_dir().join(format!("capstan-adapters-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        for name in ["b.wasm", "a.wasm", "notes.txt"] {
            std::fs::write(dir.join(name), "").unwrap();
        }
        let alone = dir.join("notes.txt");
        let found = components(&[dir.clone(), alone.clone()]).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(found, [dir.join("a.wasm"), dir.join("b.wasm"), alone]);
    }
}
