//! Whom one trusts, in a TOML file, and how a publisher hands over from one key to the next.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use capstan_domain::ProviderId;
use capstan_package::{Digest, KeyId, Moment, Rotation, Trust};
use serde_json::{Value, json};

use super::args::{RotateArgs, TrustCommand};
use super::{files, now};
use crate::operator::show::View;

/// Before the keys of a file that is written.
const HEAD: &str = "# Whose packages of adapters are believed (capstan adapter trust).\n\n";

pub(super) fn rotate(args: &RotateArgs) -> Result<Value> {
    let old = files::private_key(&args.key, args.passphrase_file.as_deref())?;
    let new = files::private_key(&args.new_key, args.new_passphrase_file.as_deref())?;
    let not_after = Moment::from_words(&args.not_after, now()).context("--not-after")?;
    let rotation = Rotation::new(&old, &new, not_after)?;
    files::write(&args.out, (serde_json::to_string_pretty(&rotation)? + "\n").as_bytes())?;
    let (from, to) = (old.public().id(), new.public().id());
    Ok(json!({"from": from, "to": to, "notAfter": not_after, "file": args.out.display().to_string()}))
}

pub(super) fn run(path: &Path, command: TrustCommand, reason: Option<&str>) -> Result<(Value, View)> {
    match command {
        TrustCommand::List => Ok((list(&files::trust(path)?), View::Table(COLUMNS))),
        TrustCommand::Add { key, name, provider } => {
            // The one verb that begins a file.
            let mut trust = if path.exists() { files::trust(path)? } else { Trust::default() };
            let key = files::public_key(&key)?;
            let providers: Vec<ProviderId> = provider.iter().map(|id| ProviderId::new(id)).collect::<Result<_, _>>()?;
            let providers = (!providers.is_empty()).then(|| providers.into_iter().collect());
            trust.add(&name, key, providers)?;
            write(path, &trust)?;
            Ok((json!({"name": name, "key": key.id()}), View::Record))
        }
        TrustCommand::Follow { rotation } => {
            let mut trust = files::trust(path)?;
            let read = serde_json::from_str::<Rotation>(&files::text(&rotation)?);
            let read = read.with_context(|| format!("{} is no rotation of a key", rotation.display()))?;
            let name = trust.follow(&read, now())?;
            write(path, &trust)?;
            let key = trust.keys().iter().find(|trusted| trusted.name == name).map(|trusted| trusted.key.id());
            Ok((json!({"name": name, "key": key}), View::Record))
        }
        TrustCommand::Remove { key } => {
            let mut trust = files::trust(path)?;
            let removed = trust.remove(&key)?;
            write(path, &trust)?;
            Ok((json!({"removed": removed.name, "key": removed.key.id()}), View::Record))
        }
        // They are the gateway's.
        TrustCommand::Enforce | TrustCommand::InForce => bail!("it is no verb on a file"),
        TrustCommand::Revoke { key, digest } => revoke(path, key.as_deref(), digest, reason),
    }
}

fn revoke(path: &Path, key: Option<&str>, digest: Option<Digest>, reason: Option<&str>) -> Result<(Value, View)> {
    let Some(reason) = reason else { bail!("say why, with --reason") };
    let mut trust = files::trust(path)?;
    let revoked = match (key, digest) {
        (Some(key), _) => {
            let named = trust.keys().iter().find(|trusted| trusted.name == key).map(|trusted| trusted.key.id());
            let id = named.or_else(|| key.parse().ok().map(KeyId));
            let id = id.with_context(|| format!("no key is called {key}, and it is no key's id"))?;
            trust.revoke_key(id, reason, now());
            id.to_string()
        }
        (None, Some(digest)) => {
            trust.revoke_digest(digest, reason, now());
            digest.to_string()
        }
        (None, None) => bail!("say what, with --key or --digest"),
    };
    write(path, &trust)?;
    Ok((json!({"revoked": revoked, "reason": reason}), View::Record))
}

fn write(path: &Path, trust: &Trust) -> Result<()> {
    files::write(path, format!("{HEAD}{}", toml::to_string(trust)?).as_bytes())
}

const COLUMNS: &[(&str, &str)] = &[
    ("NAME", "name"),
    ("STATUS", "status"),
    ("PROVIDERS", "providers"),
    ("NOT AFTER", "notAfter"),
    ("ID", "id"),
    ("REASON", "reason"),
];

/// A line for each key and for everything that is revoked.
fn list(trust: &Trust) -> Value {
    let key = |trusted: &capstan_package::TrustedKey| {
        let id = trusted.key.id();
        let revoked = trust.revoked_key(id);
        let is_past = trusted.not_after.is_some_and(|not_after| not_after < now());
        let status = if revoked.is_some() {
            "revoked"
        } else if is_past {
            "past its time"
        } else {
            "trusted"
        };
        json!({
            "name": trusted.name, "id": id, "key": trusted.key, "status": status, "providers": trusted.providers,
            "notAfter": trusted.not_after, "follows": trusted.follows, "reason": revoked.map(|revoked| &revoked.reason),
        })
    };
    let others = trust.revoked_keys().iter().filter(|revoked| trust.key(revoked.key).is_none());
    let others = others.map(|revoked| json!({"id": revoked.key, "status": "revoked", "reason": revoked.reason}));
    let digests = trust.revoked_digests().iter();
    let digests =
        digests.map(|revoked| json!({"id": revoked.digest, "status": "revoked package", "reason": revoked.reason}));
    trust.keys().iter().map(key).chain(others).chain(digests).collect()
}
