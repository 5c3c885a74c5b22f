//! Whether a manifest can be used: everything that hangs on it later is checked once, here.

use std::collections::BTreeSet;

use capstan_domain::Amount;
use capstan_domain::adapter::{Manifest, Place, PollLimits, ServedType};
use serde::de::IgnoredAny;
use url::Url;

use crate::AdmissionError;
use crate::notes::{clean, unprintable};

/// Most bytes of a name, a label or a version; of a description; of a JSON Schema.
const NAME_BYTES: usize = 100;
const TEXT_BYTES: usize = 1_000;
const SCHEMA_BYTES: usize = 64 * 1024;
/// Most entries of any list.
const MOST_ENTRIES: usize = 200;
/// Most tasks of one poll.
const MOST_BATCH: u32 = 100;

type Checked = Result<(), AdmissionError>;

/// Checks everything but the provider's id, whose type vouches for it.
///
/// # Errors
/// [`AdmissionError::BadManifest`] with the first field that cannot be used.
pub(crate) fn check(manifest: &Manifest) -> Checked {
    name("display-name", &manifest.display_name)?;
    ensure(is_version(&manifest.version), "version", "must be three numbers such as 1.2.3, a suffix allowed")?;
    ensure(https(&manifest.homepage).is_some(), "homepage", "must be an https:// address")?;
    base_url(&manifest.base_url)?;
    entries("hosts", manifest.hosts.len())?;
    for (at, pattern) in manifest.hosts.iter().enumerate() {
        let rule = "must be a host name, or `*.` and one of at least two labels, in lower case";
        ensure(is_host_pattern(pattern), format!("hosts[{at}]"), rule)?;
    }
    credential(manifest)?;
    placements(manifest)?;
    task_types(&manifest.task_types)?;
    polling(manifest.polling)
}

/// The refusal of a manifest whose provider id is not one.
pub(crate) fn bad_provider(reason: &impl ToString) -> AdmissionError {
    AdmissionError::BadManifest { field: "provider-id".to_owned(), reason: clean(&reason.to_string(), 300) }
}

fn base_url(text: &str) -> Checked {
    let url = https(text);
    let bare = url.is_some_and(|url| url.query().is_none() && url.fragment().is_none() && url.port().is_none());
    ensure(bare, "base-url", "must be an https:// address without login, port, query and fragment")
}

fn credential(manifest: &Manifest) -> Checked {
    entries("credential", manifest.credential.len())?;
    let mut seen = BTreeSet::new();
    for (at, field) in manifest.credential.iter().enumerate() {
        let path = format!("credential[{at}]");
        ensure(is_identifier(&field.name), format!("{path}.name"), "must be 1 to 100 of a-z, A-Z, 0-9, _ and -")?;
        ensure(seen.insert(field.name.as_str()), format!("{path}.name"), "appears twice")?;
        name(format!("{path}.label"), &field.label)?;
        text(format!("{path}.description"), &field.description)?;
    }
    Ok(())
}

fn placements(manifest: &Manifest) -> Checked {
    entries("placements", manifest.placements.len())?;
    for (at, placement) in manifest.placements.iter().enumerate() {
        let known = manifest.credential.iter().any(|field| field.name == placement.field);
        ensure(known, format!("placements[{at}].field"), "names no field of the credential")?;
        let path = format!("placements[{at}].place");
        match &placement.place {
            Place::JsonField(key) | Place::FormField(key) | Place::Query(key) => name(path, key)?,
            Place::Header { name, prefix } => {
                ensure(is_header(name), path.as_str(), "must be a header's name that the gateway does not set itself")?;
                let plain = prefix.len() <= NAME_BYTES && prefix.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
                ensure(plain, path, "must have a prefix of printable ASCII")?;
            }
            Place::Basic { user } => {
                let plain = user.len() <= NAME_BYTES && !user.contains(':') && !user.chars().any(unprintable);
                ensure(plain, path, "must have a user name without colon")?;
            }
        }
    }
    Ok(())
}

fn task_types(types: &[ServedType]) -> Checked {
    ensure(!types.is_empty(), "task-types", "must not be empty")?;
    entries("task-types", types.len())?;
    let mut seen = BTreeSet::new();
    for (at, served) in types.iter().enumerate() {
        let path = format!("task-types[{at}]");
        ensure(is_identifier(&served.family), format!("{path}.family"), "must be 1 to 100 of a-z, A-Z, 0-9, _ and -")?;
        ensure(seen.insert(served.family.as_str()), format!("{path}.family"), "appears twice")?;
        let price = Amount::from_decimal(&served.list_price.amount);
        let positive = price.is_ok_and(|price| price >= Amount::ZERO);
        ensure(positive, format!("{path}.list-price"), "must be a decimal such as 0.00126, not below zero")?;
        let currency = &served.list_price.currency;
        let code = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
        ensure(code, format!("{path}.list-price"), "must have a currency such as USD")?;
        let schema = served.schema.as_deref().unwrap_or("{}");
        let is_schema = schema.len() <= SCHEMA_BYTES
            && schema.trim_start().starts_with('{')
            && serde_json::from_str::<IgnoredAny>(schema).is_ok();
        ensure(is_schema, format!("{path}.schema"), "must be a JSON object of at most 64 KiB")?;
    }
    Ok(())
}

fn polling(limits: PollLimits) -> Checked {
    ensure(limits.interval_ms > 0, "polling.interval-ms", "must not be 0")?;
    ensure(limits.max_polls > 0, "polling.max-polls", "must not be 0")?;
    ensure(limits.longest_life_ms > 0, "polling.longest-life-ms", "must not be 0")?;
    ensure(limits.result_kept_ms > 0, "polling.result-kept-ms", "must not be 0")?;
    ensure(limits.first_wait_ms < limits.longest_life_ms, "polling.first-wait-ms", "must be below longest-life-ms")?;
    ensure((1..=MOST_BATCH).contains(&limits.max_batch), "polling.max-batch", "must be 1 to 100")
}

/// An `https://` address with a host name and without a login.
fn https(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= TEXT_BYTES && !text.chars().any(unprintable))?;
    let named = matches!(url.host(), Some(url::Host::Domain(host)) if is_host(host));
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    (named && plain).then_some(url)
}

/// A pattern's star stands for whole labels below a domain, never for a domain of everybody's such as `com`.
fn is_host_pattern(pattern: &str) -> bool {
    is_host(pattern.strip_prefix("*.").unwrap_or(pattern))
}

/// A name of at least two labels that is no address.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253 && host.contains('.') && host.split('.').all(label) && last.bytes().any(|b| !b.is_ascii_digit())
}

/// Headers through which a credential could change what the request is.
fn is_header(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let owned =
        ["host", "content-length", "content-type", "transfer-encoding", "connection", "te", "upgrade", "trailer"];
    (1..=NAME_BYTES).contains(&name.len())
        && name.bytes().all(token)
        && !owned.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Semantic version: three numbers, and what may follow after `-` or `+`.
fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let number = |part: &str| (1..=9).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b));
    text.len() <= NAME_BYTES && plain && core.split('.').count() == 3 && core.split('.').all(number)
}

fn is_identifier(text: &str) -> bool {
    (1..=NAME_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn name(field: impl Into<String>, text: &str) -> Checked {
    let plain = (1..=NAME_BYTES).contains(&text.len()) && text.trim() == text && !text.chars().any(unprintable);
    ensure(plain, field, "must be 1 to 100 bytes without control characters and outer blanks")
}

fn text(field: impl Into<String>, text: &str) -> Checked {
    let plain = text.len() <= TEXT_BYTES && !text.chars().any(|c| unprintable(c) && c != '\n');
    ensure(plain, field, "must be at most 1000 bytes without control characters")
}

fn entries(field: &str, count: usize) -> Checked {
    ensure(count <= MOST_ENTRIES, field, "must have at most 200 entries")
}

fn ensure(kept: bool, field: impl Into<String>, rule: &str) -> Checked {
    if kept { Ok(()) } else { Err(AdmissionError::BadManifest { field: field.into(), reason: rule.to_owned() }) }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
