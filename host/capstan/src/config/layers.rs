//! The layers of a configuration, laid over each other.

use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError, DatabaseConfig, Flags};

/// What the names of our variables begin with.
pub(super) const PREFIX: &str = "CAPSTAN_";

/// The one setting whose variable has another name: the other commands share it.
const DATA_VARIABLE: &str = "CAPSTAN_DATA";

/// The configuration in force. Reads the file, if there is one.
///
/// # Errors
/// [`ConfigError`], naming the file and the line, or the variable.
pub(crate) fn load(
    file: Option<&Path>,
    environment: &[(String, String)],
    flags: &Flags,
) -> Result<Config, ConfigError> {
    let config = match file {
        Some(path) => read(path)?,
        None => Config::default(),
    };
    Ok(with_flags(with_environment(config, environment)?, flags))
}

fn read(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError::Line { path: path.to_owned(), line, message: on_one_line(error.message()) }
    })
}

fn on_one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A place in a configuration: the section, if it is in one, and the name.
type Place<'p> = (Option<&'p str>, &'p str);

fn with_environment(config: Config, environment: &[(String, String)]) -> Result<Config, ConfigError> {
    let mut config = config;
    for (variable, text) in environment {
        let known = places(&table(&config, variable)?);
        let place = known.iter().find(|(section, name)| variable_of((section.as_deref(), name)) == *variable);
        if let Some((section, name)) = place {
            config = set(config, (section.as_deref(), name), variable, |before| of_text(before, text))?;
        } else if let Some(section) = known
            .iter()
            .filter_map(|(section, _)| section.as_deref())
            .find(|section| variable.starts_with(&format!("{PREFIX}{}_", section.to_ascii_uppercase())))
        {
            // Not refused: orchestrators put variables of their own making beside ours.
            tracing::warn!(variable, "there is no such setting in [{section}]");
        }
    }
    Ok(config)
}

fn with_flags(config: Config, flags: &Flags) -> Config {
    let Flags { listen, data, database, master_key_file, adapters, allow_loopback_providers } = flags.clone();
    Config {
        listen: listen.unwrap_or(config.listen),
        data_dir: data.unwrap_or(config.data_dir),
        database: database.map_or(config.database, |url| DatabaseConfig { url }),
        master_key_file: master_key_file.unwrap_or(config.master_key_file),
        adapters: if adapters.is_empty() { config.adapters } else { adapters },
        allow_loopback_providers: allow_loopback_providers || config.allow_loopback_providers,
        ..config
    }
}

/// The variable of a setting.
fn variable_of((section, name): Place<'_>) -> String {
    match (section, name) {
        (None, "data_dir") => DATA_VARIABLE.to_owned(),
        (None, name) => format!("{PREFIX}{}", name.to_ascii_uppercase()),
        (Some(section), name) => format!("{PREFIX}{}_{}", section.to_ascii_uppercase(), name.to_ascii_uppercase()),
    }
}

/// Every setting there is.
fn places(table: &Table) -> Vec<(Option<String>, String)> {
    let of_section = |(name, value): (&String, &Value)| match value {
        Value::Table(inner) => inner.keys().map(|inner| (Some(name.clone()), inner.clone())).collect(),
        _ => vec![(None, name.clone())],
    };
    table.iter().flat_map(of_section).collect()
}

fn table(config: &Config, name: &str) -> Result<Table, ConfigError> {
    Table::try_from(config).map_err(|error| bad(name, &error.to_string()))
}

fn bad(name: &str, message: &str) -> ConfigError {
    ConfigError::Value { name: name.to_owned(), message: on_one_line(message) }
}

/// Puts a value in its place; `name` is the variable that it is from.
fn set(
    config: Config,
    (section, key): Place<'_>,
    name: &str,
    value: impl FnOnce(&Value) -> Option<Value>,
) -> Result<Config, ConfigError> {
    let mut whole = table(&config, name)?;
    let holder = match section {
        None => Some(&mut whole),
        Some(section) => whole.get_mut(section).and_then(Value::as_table_mut),
    };
    let place = holder.and_then(|holder| holder.get_mut(key)).ok_or_else(|| bad(name, "there is no such setting"))?;
    let value = value(place).ok_or_else(|| bad(name, &format!("this must be of the kind: {}", place.type_str())))?;
    *place = value;
    whole.try_into().map_err(|error: toml::de::Error| bad(name, error.message()))
}

/// A variable's text as a value of the kind that the setting has.
fn of_text(before: &Value, text: &str) -> Option<Value> {
    let text = text.trim();
    match before {
        Value::Integer(_) => text.replace('_', "").parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Array(_) => {
            let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            Some(Value::Array(entries.map(|entry| Value::String(entry.to_owned())).collect()))
        }
        Value::String(_) => Some(Value::String(text.to_owned())),
        // No setting is one of these.
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn written(text: &str) -> std::path::PathBuf {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("capstan-config-{}-{number}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }

    fn loaded(text: &str, environment: &[(&str, &str)], flags: &Flags) -> Result<Config, String> {
        let path = written(text);
        let environment: Vec<_> = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let loaded = load(Some(&path), &environment, flags);
        std::fs::remove_file(&path).unwrap();
        let name = path.display().to_string();
        loaded.map_err(|error| error.to_string().replace(&name, "FILE"))
    }

    fn refused(text: &str, environment: &[(&str, &str)]) -> String {
        match loaded(text, environment, &Flags::default()) {
            Ok(_) => panic!("{text} {environment:?} is taken"),
            Err(error) => error,
        }
    }

    #[test]
    fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
        let file = "listen = \"127.0.0.1:1\"\ndata_dir = \"of-file\"\n[limits]\nmax_open = 1\n";
        let environment = [("CAPSTAN_LISTEN", "127.0.0.1:2"), ("CAPSTAN_DATA", "of-environment")];
        let flags = Flags { listen: Some("127.0.0.1:3".parse().unwrap()), ..Flags::default() };
        let config = loaded(file, &environment, &flags).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.data_dir, Path::new("of-environment"));
        assert_eq!((config.limits.max_open, config.limits.max_attempts), (1, 3));
        assert_eq!(loaded(file, &environment, &Flags::default()).unwrap().listen.port(), 2);
        assert_eq!(loaded(file, &[], &Flags::default()).unwrap().listen.port(), 1);
    }

    #[test]
    fn every_flag_is_in_force() {
        let flags = Flags {
            listen: Some("127.0.0.1:3".parse().unwrap()),
            data: Some("of-flag".into()),
            database: Some("sqlite:of-flag".into()),
            master_key_file: Some("key-of-flag".into()),
            adapters: vec!["a.wasm".into(), "b".into()],
            allow_loopback_providers: true,
        };
        let config = loaded("adapters = [\"c\"]", &[("CAPSTAN_DATABASE_URL", "sqlite:other")], &flags).unwrap();
        assert_eq!((config.listen.port(), config.data_dir), (3, "of-flag".into()));
        assert_eq!((config.database.url.as_str(), config.master_key_file), ("sqlite:of-flag", "key-of-flag".into()));
        assert_eq!((config.adapters, config.allow_loopback_providers), (vec!["a.wasm".into(), "b".into()], true));
    }

    #[test]
    fn the_environment_has_every_kind_of_value() {
        let environment = [
            ("CAPSTAN_LIMITS_RETENTION", "2h"),
            ("CAPSTAN_LIMITS_MAX_OPEN", "1_000"),
            ("CAPSTAN_LIMITS_MAX_BODY_BYTES", "1MiB"),
            ("CAPSTAN_ADAPTERS", "a.wasm, b.wasm"),
            ("CAPSTAN_PROXY_TRUSTED", "10.0.0.0/8,127.0.0.1"),
            ("CAPSTAN_ALLOW_LOOPBACK_PROVIDERS", "true"),
            ("CAPSTAN_TLS_CERT", ""),
            ("CAPSTAN_METRICS_LISTEN", "127.0.0.1:9090"),
            // Not settings, and not refused.
            ("CAPSTAN_LOG", "debug"),
            ("CAPSTAN_DATABASE_SERVICE_HOST", "10.1.2.3"),
        ];
        let config = loaded("", &environment, &Flags::default()).unwrap();
        assert_eq!(config.limits.retention, Duration::from_secs(7200));
        assert_eq!((config.limits.max_open, config.limits.max_body_bytes), (1000, 1 << 20));
        assert_eq!(config.adapters, ["a.wasm", "b.wasm"].map(std::path::PathBuf::from));
        assert_eq!((config.proxy.trusted.len(), config.allow_loopback_providers), (2, true));
        assert_eq!(config.tls, super::super::TlsConfig::default());
        assert_eq!(config.metrics_listen, Some("127.0.0.1:9090".parse().unwrap()));
    }

    #[test]
    fn an_empty_text_takes_an_address_of_the_file_back() {
        let file = "metrics_listen = \"127.0.0.1:9090\"\n";
        assert!(loaded(file, &[], &Flags::default()).unwrap().metrics_listen.is_some());
        let environment = [("CAPSTAN_METRICS_LISTEN", "")];
        assert_eq!(loaded(file, &environment, &Flags::default()).unwrap().metrics_listen, None);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_without_its_line() {
        let unknown = refused("listen = \"127.0.0.1:1\"\n\n[database]\nurll = \"postgres://u:hunter2@h/d\"\n", &[]);
        assert!(unknown.starts_with("FILE:4: unknown field `urll`"), "{unknown}");
        assert!(!unknown.contains("hunter2") && !unknown.contains('\n'), "{unknown}");
        let section = refused("[limit]\nmax_open = 3\n", &[]);
        assert!(section.starts_with("FILE:1: unknown field `limit`"), "{section}");
        let unit = refused("[limits]\nlease = \"3\"\n", &[]);
        assert!(unit.starts_with("FILE:2: \"3\" is no duration such as"), "{unit}");
        let syntax = refused("listen = \n", &[]);
        assert!(syntax.starts_with("FILE:1: ") && !syntax.contains('\n'), "{syntax}");
        let zero = refused("[limits]\nkey_rate = 0\n", &[]);
        assert!(zero.starts_with("FILE:2: ") && zero.contains("nonzero"), "{zero}");
        let number = refused("", &[("CAPSTAN_LIMITS_MAX_OPEN", "many")]);
        assert_eq!(number, "CAPSTAN_LIMITS_MAX_OPEN: this must be of the kind: integer");
        let network = refused("", &[("CAPSTAN_PROXY_TRUSTED", "10.0.0.0/8,here")]);
        assert!(network.starts_with("CAPSTAN_PROXY_TRUSTED: \"here\" is no network"), "{network}");
        let address = refused("", &[("CAPSTAN_LISTEN", "8080")]);
        assert!(address.starts_with("CAPSTAN_LISTEN: "), "{address}");
        let metrics = refused("metrics_listen = \"9090\"\n", &[]);
        assert!(metrics.starts_with("FILE:1: \"9090\" is no address such as"), "{metrics}");
    }
}
