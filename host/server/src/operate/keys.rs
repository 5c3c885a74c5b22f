//! API keys: made (and shown once), changed, revoked.

use std::net::IpAddr;
use std::time::Duration;

use capstan_domain::dialect::Dialect;
use capstan_domain::policy::KeyDomains;
use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_domain::{Amount, ApiKeyId, ProviderId};
use capstan_storage::{Account, ApiKey, Change, KeySettings, NewApiKey, day_of};
use ipnet::IpNet;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{self, one, read_amount, read_name, read_pool};
use super::{Call, KeyChange, OperateError, Operator, times};
use crate::{clock, keys};

/// Most providers in a key's order, and most networks.
const MOST_LISTED: usize = 32;

pub(super) async fn create(call: &Call<'_>, account: &str, change: &KeyChange) -> Result<Value, OperateError> {
    let account = accounts::find(call.operator, account).await?;
    let settings = read(change, KeySettings { label: "key".to_owned(), ..KeySettings::default() })?;
    let made = keys::new_api_key()?;
    let id = ApiKeyId(clock::new_uuid());
    let detail = json!({"account": account.id, "publicId": made.public_id, "settings": settings_shown(&settings)});
    let new = NewApiKey {
        id,
        account: account.id,
        public_id: made.public_id.clone(),
        secret_hash: made.secret_hash,
        settings,
        created_at_ms: clock::now_ms(),
    };
    call.change("key create", target(id), detail, Change::CreateKey(new)).await?;
    Ok(json!({
        "key": id, "publicId": made.public_id, "account": account.id, "accountName": account.name,
        "clientKey": made.key,
    }))
}

pub(super) async fn list(operator: &Operator, account: Option<&str>) -> Result<Value, OperateError> {
    let account = match account {
        Some(name) => Some(accounts::find(operator, name).await?.id),
        None => None,
    };
    let names = operator.store.list_accounts().await?;
    let keys = operator.store.list_api_keys(account).await?;
    Ok(keys.iter().map(|key| shown(operator, key, &names)).collect())
}

pub(super) async fn show(operator: &Operator, key: &str) -> Result<Value, OperateError> {
    Ok(shown(operator, &find(operator, key).await?, &operator.store.list_accounts().await?))
}

fn shown(operator: &Operator, key: &ApiKey, accounts: &[Account]) -> Value {
    let owner = accounts.iter().find(|account| account.id == key.account).map(|account| account.name.as_str());
    let mut shown = json!({
        "key": key.id, "publicId": key.public_id, "account": key.account, "accountName": owner,
        "status": key.status.as_str(), "created": times::shown(key.created_at_ms),
        "lastStorm": storm_shown(operator, key.id),
    });
    if let (Some(fields), Value::Object(settings)) = (shown.as_object_mut(), settings_shown(&key.settings)) {
        fields.extend(settings);
    }
    shown
}

/// The last time that this key's client sent the same createTask again and again, if that was within a day and since the
/// start of the gateway.
fn storm_shown(operator: &Operator, key: ApiKeyId) -> Option<String> {
    let seen = operator.running.as_ref()?.storms.seen(key)?;
    Some(format!("{} creates, {}", seen.creates, times::shown(seen.at_ms)))
}

pub(super) async fn edit(call: &Call<'_>, key: &str, change: &KeyChange) -> Result<Value, OperateError> {
    let key = find(call.operator, key).await?;
    let settings = read(change, key.settings)?;
    let detail = json!({"publicId": key.public_id, "settings": settings_shown(&settings)});
    let edit = Change::EditKey { key: key.id, settings: settings.clone(), today: day_of(clock::now_ms()) };
    call.change("key edit", target(key.id), detail, edit).await?;
    Ok(json!({"key": key.id, "publicId": key.public_id, "settings": settings_shown(&settings)}))
}

pub(super) async fn revoke(call: &Call<'_>, key: &str) -> Result<Value, OperateError> {
    let key = find(call.operator, key).await?;
    let detail = json!({"publicId": key.public_id});
    call.change("key revoke", target(key.id), detail, Change::RevokeKey(key.id)).await?;
    Ok(json!({"key": key.id, "publicId": key.public_id, "status": "revoked"}))
}

/// A key by its id or its public part, with or without what every key begins with. Its secret names nothing: whoever pastes
/// a whole key is told so, and it is not repeated.
pub(super) async fn find(operator: &Operator, name: &str) -> Result<ApiKey, OperateError> {
    if keys::lookup_hash(name.trim()).is_some() {
        return Err(OperateError::Bad("key: name it by its id or its public part, not by the key itself".to_owned()));
    }
    let id = Uuid::parse_str(name.trim()).ok().map(ApiKeyId);
    let public_id = name.trim().trim_start_matches("cap_").trim_end_matches('…');
    let found = operator.store.list_api_keys(None).await?;
    one(("key", name), found.into_iter().filter(|key| id == Some(key.id) || key.public_id == public_id))
}

fn target(id: ApiKeyId) -> String {
    format!("key {id}")
}

/// What is said of a key after a change of some of it.
fn read(change: &KeyChange, before: KeySettings) -> Result<KeySettings, OperateError> {
    let KeySettings { label, purpose, selection_mode, pool_mode, pool_locked, without_url, .. } = before;
    Ok(KeySettings {
        label: change.label.as_deref().map_or(Ok(label), |text| read_name("label", text))?,
        purpose: match change.purpose.as_deref() {
            Some("none") => String::new(),
            Some(text) => read_name("purpose", text)?,
            None => purpose,
        },
        selection_mode: setting(change.mode.as_deref(), selection_mode, read_mode)?,
        pool_mode: change.pool.as_deref().map_or(Ok(pool_mode), |text| read_pool("pool", text))?,
        pool_locked: change.pool_locked.as_deref().map_or(Ok(pool_locked), |text| read_yes("lock", text))?,
        priority: setting(change.priority.as_deref(), before.priority, read_priority)?,
        addresses: setting(change.addresses.as_deref(), before.addresses, read_networks)?,
        rate_per_s: setting(change.rate.as_deref(), before.rate_per_s, |text| read_count("rate", text))?,
        most_open: setting(change.in_flight.as_deref(), before.most_open, |text| read_count("in-flight", text))?,
        daily_cap: setting(change.daily_cap.as_deref(), before.daily_cap, |text| read_amount("daily-cap", text))?,
        domains: read_domains(&change.domains, before.domains)?,
        without_url: change
            .without_url
            .as_deref()
            .map_or(Ok(without_url), |text| read_yes("allow-without-url", text))?,
        expires_at_ms: setting(change.expires.as_deref(), before.expires_at_ms, |text| times::read("expires", text))?,
        dialect: setting(change.dialect.as_deref(), before.dialect, read_dialect)?,
        duplicate_window_ms: setting(change.duplicate_window.as_deref(), before.duplicate_window_ms, read_window)?,
    })
}

/// A setting after a change: absent leaves it, `none` takes it away.
fn setting<T>(
    text: Option<&str>,
    before: Option<T>,
    read: impl Fn(&str) -> Result<T, OperateError>,
) -> Result<Option<T>, OperateError> {
    match text.map(str::trim) {
        None => Ok(before),
        Some(text) if text.eq_ignore_ascii_case("none") => Ok(None),
        Some(text) => read(text).map(Some),
    }
}

fn read_mode(text: &str) -> Result<SelectionMode, OperateError> {
    let allowed = || SelectionMode::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    SelectionMode::from_word(text)
        .ok_or_else(|| OperateError::Bad(format!("mode is {text:?}: it must be one of {} or none", allowed())))
}

fn read_dialect(text: &str) -> Result<Dialect, OperateError> {
    let allowed = || Dialect::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    Dialect::from_word(text)
        .ok_or_else(|| OperateError::Bad(format!("dialect is {text:?}: it must be one of {} or none", allowed())))
}

/// Longest window in which equal createTasks are one: longer than any client's haste, and shorter than a wish for the same
/// task again.
const LONGEST_WINDOW: Duration = Duration::from_secs(600);

fn read_window(text: &str) -> Result<i64, OperateError> {
    let window = humantime::parse_duration(text).ok().filter(|window| (SECOND..=LONGEST_WINDOW).contains(window));
    window.and_then(|window| i64::try_from(window.as_millis()).ok()).ok_or_else(|| {
        OperateError::Bad(format!(
            "duplicate-window is {text:?}: it must be a time from 1s to 10m, such as 10s, or none"
        ))
    })
}

const SECOND: Duration = Duration::from_secs(1);

/// The domains after a change: none named leaves them, `none` alone takes them away.
fn read_domains(named: &[String], before: Option<Vec<String>>) -> Result<Option<Vec<String>>, OperateError> {
    let names = named.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|name| !name.is_empty());
    match named {
        [] => return Ok(before),
        [only] if only.trim().eq_ignore_ascii_case("none") => return Ok(None),
        _ => {}
    }
    let bad = |error| OperateError::Bad(format!("domain: {error}"));
    let domains = KeyDomains::read(names, false).map_err(bad)?;
    listed("domain", domains.names().map(str::to_owned).collect()).map(Some)
}

fn read_yes(field: &str, text: &str) -> Result<bool, OperateError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" => Ok(true),
        "no" | "false" | "none" => Ok(false),
        _ => Err(OperateError::Bad(format!("{field} is {text:?}: it must be yes or no"))),
    }
}

fn read_count(field: &str, text: &str) -> Result<u32, OperateError> {
    let count = text.parse().ok().filter(|count| (1..=1_000_000).contains(count));
    count
        .ok_or_else(|| OperateError::Bad(format!("{field} is {text:?}: it must be a number from 1 to 1000000 or none")))
}

/// Providers in order, separated by commas.
pub(super) fn read_priority(text: &str) -> Result<Vec<ProviderId>, OperateError> {
    let mut order: Vec<ProviderId> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let id = ProviderId::new(name).map_err(|error| OperateError::Bad(format!("priority: {error}")))?;
        if order.contains(&id) {
            return Err(OperateError::Bad(format!("priority: {id} is named twice")));
        }
        order.push(id);
    }
    listed("priority", order)
}

fn read_networks(text: &str) -> Result<Vec<String>, OperateError> {
    let read = |part: &str| -> Result<String, OperateError> {
        let network = part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
        network.map(|network| network.trunc().to_string()).map_err(|_| {
            OperateError::Bad(format!("addresses: {part:?} is no address or network such as 203.0.113.0/24"))
        })
    };
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    listed("addresses", parts.map(read).collect::<Result<_, _>>()?)
}

fn listed<T>(field: &str, list: Vec<T>) -> Result<Vec<T>, OperateError> {
    if (1..=MOST_LISTED).contains(&list.len()) {
        return Ok(list);
    }
    Err(OperateError::Bad(format!("{field}: name 1 to {MOST_LISTED}, separated by commas, or none")))
}

fn settings_shown(settings: &KeySettings) -> Value {
    json!({
        "label": settings.label, "purpose": settings.purpose,
        "mode": settings.selection_mode.map(SelectionMode::as_str),
        "pool": settings.pool_mode.map(PoolMode::as_str), "poolLocked": settings.pool_locked,
        "priority": settings.priority, "addresses": settings.addresses,
        "ratePerSecond": settings.rate_per_s, "inFlight": settings.most_open,
        "dailyCap": settings.daily_cap.map(|cap: Amount| cap.to_string()),
        "domains": settings.domains, "withoutUrl": settings.without_url,
        "expires": settings.expires_at_ms.map(times::shown),
        "dialect": settings.dialect.map(Dialect::as_str),
        "duplicateWindowSeconds": settings.duplicate_window_ms.map(|ms| ms / 1000),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: KeyChange) -> Result<KeySettings, String> {
        let before = KeySettings {
            label: "a".to_owned(),
            pool_mode: Some(PoolMode::PlatformOnly),
            most_open: Some(5),
            ..KeySettings::default()
        };
        read(&change, before).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_absent_stays_and_none_takes_away() {
        let settings = changed(KeyChange {
            in_flight: Some("none".to_owned()),
            addresses: Some("203.0.113.7/24, 2001:db8::1".to_owned()),
            priority: Some("capsolver,2captcha".to_owned()),
            ..KeyChange::default()
        })
        .unwrap();
        assert_eq!((settings.pool_mode, settings.most_open), (Some(PoolMode::PlatformOnly), None));
        assert_eq!(settings.addresses.unwrap(), ["203.0.113.0/24", "2001:db8::1/128"]);
        assert_eq!(settings.priority.unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_is_named() {
        let with = |set: fn(&mut KeyChange)| {
            let mut change = KeyChange::default();
            set(&mut change);
            changed(change).unwrap_err()
        };
        for (said, field) in [
            (with(|c| c.mode = Some("fast".to_owned())), "mode"),
            (with(|c| c.pool = Some("mine".to_owned())), "pool"),
            (with(|c| c.pool_locked = Some("maybe".to_owned())), "lock"),
            (with(|c| c.rate = Some("0".to_owned())), "rate"),
            (with(|c| c.in_flight = Some("-1".to_owned())), "in-flight"),
            (with(|c| c.daily_cap = Some("0".to_owned())), "daily-cap"),
            (with(|c| c.addresses = Some("example.com".to_owned())), "addresses"),
            (with(|c| c.priority = Some("a,a".to_owned())), "priority"),
            (with(|c| c.domains = vec!["com".to_owned()]), "domain"),
            (with(|c| c.domains = vec!["example.com/login".to_owned()]), "domain"),
            (with(|c| c.without_url = Some("maybe".to_owned())), "allow-without-url"),
            (with(|c| c.expires = Some("soon".to_owned())), "expires"),
            (with(|c| c.dialect = Some("klingon".to_owned())), "dialect"),
            (with(|c| c.duplicate_window = Some("1h".to_owned())), "duplicate-window"),
            (with(|c| c.label = Some(String::new())), "label"),
        ] {
            assert!(said.starts_with(field), "{field}: {said}");
        }
    }
}
