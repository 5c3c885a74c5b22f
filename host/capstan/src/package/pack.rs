//! A publisher's work at home: a key, a package, a signature; and an operator's question about one.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result, bail};
use capstan_package::{About, Fixtures, Moment, Package, PrivateKey, Question, Refusal, Seen, Statement};
use capstan_server::fixtures;
use semver::Version;
use serde_json::{Value, json};

use super::args::PackArgs;
use super::{files, now};
use crate::adapter_test;

pub(super) fn keygen(out: &Path, passphrase_file: Option<&Path>) -> Result<Value> {
    let mut name = out.file_name().with_context(|| format!("{} is no file's name", out.display()))?.to_owned();
    name.push(".pub");
    let public: PathBuf = out.with_file_name(name);
    for path in [out, &public] {
        if path.symlink_metadata().is_ok() {
            bail!("{} exists; a key that is overwritten signs nothing any more", path.display());
        }
    }
    let passphrase = passphrase_file.map(files::secret_line).transpose()?;
    let key = PrivateKey::generate()?;
    let text = key.to_text(passphrase.as_ref().map(|line| line.as_str()))?;
    files::write_private(out, &text)?;
    files::write(&public, key.public().to_text().as_bytes())?;
    let (private, sealed) = (out.display().to_string(), passphrase.is_some());
    Ok(json!({"key": key.public().id(), "private": private, "public": public.display().to_string(), "sealed": sealed}))
}

pub(super) async fn pack(args: PackArgs) -> Result<Value> {
    let PackArgs { component, fixtures, publisher, out, created, licences, source } = args;
    let publisher = files::public_key(&publisher)?.id();
    let created = created.map_or_else(|| changed(&component), Ok)?;
    let (adapter, component) = adapter_test::admit(component).await?;
    let fixtures = Fixtures::new(adapter_test::texts(&fixtures)?)?;
    for (name, text) in fixtures.iter() {
        let replayed = fixtures::replay(&adapter, text).await;
        if let Some(wrong) = replayed.wrong.first() {
            bail!("the fixture {name} differs: {wrong} (capstan adapter test tells all)");
        }
    }
    let about = About { publisher, created, licences, source };
    let statement = Statement::of(&component, adapter.manifest(), &fixtures, about)?;
    let package = Package::pack(component, fixtures, &statement)?;
    files::write(&out, &package.to_file())?;
    Ok(shown(&package, &out))
}

/// When a file was changed last: the same file gives the same package.
fn changed(path: &Path) -> Result<Moment> {
    let facts = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let since = facts.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Moment::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

pub(super) fn sign(path: &Path, key: &Path, passphrase_file: Option<&Path>) -> Result<Value> {
    let package = files::package(path)?;
    let key = files::private_key(key, passphrase_file)?;
    let package = package.signed(&key)?;
    files::write(path, &package.to_file())?;
    Ok(shown(&package, path))
}

/// What a package is, and who has signed it, as it says.
pub(super) fn shown(package: &Package, file: &Path) -> Value {
    let statement = package.statement();
    let signatures: Vec<_> = package.envelope().signatures().iter().map(|signature| signature.keyid).collect();
    json!({
        "file": file.display().to_string(), "digest": package.digest(), "provider": statement.provider,
        "version": statement.version, "component": statement.component, "fixtures": package.fixtures().len(),
        "publisher": statement.publisher, "created": statement.created, "signatures": signatures,
    })
}

pub(super) async fn verify(path: &Path, trust: &Path, newest: Option<Version>, allow_downgrade: bool) -> Result<Value> {
    let trust = files::trust(trust)?;
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let newest = newest.map(|version| Seen { version, component: None });
    let question = Question { now: now(), newest, allow_downgrade };
    let opened =
        capstan_package::open(file, &trust, &question).with_context(|| format!("{} is refused", path.display()))?;
    let adapter = adapter_test::admit_bytes(opened.component.to_vec()).await;
    let adapter = adapter.with_context(|| format!("{} is refused by the sandbox", path.display()))?;
    let differences = opened.verdict.statement.differences(adapter.manifest());
    if !differences.is_empty() {
        bail!("{} is refused: its component says otherwise of itself: {}", path.display(), differences.join(", "));
    }
    let verdict = opened.verdict;
    Ok(json!({
        "package": verdict.package, "signer": verdict.signer, "key": verdict.key, "provider": verdict.statement.provider,
        "version": verdict.statement.version, "component": verdict.statement.component,
        "created": verdict.statement.created, "baseUrl": verdict.statement.base_url, "hosts": verdict.statement.hosts,
        "placements": verdict.statement.placements, "families": verdict.statement.families,
        "fixtures": opened.fixtures.len(),
    }))
}

/// Why a package was refused, for scripts.
pub(super) fn refused(error: &anyhow::Error) -> Option<Value> {
    let refusal = error.chain().find_map(|cause| cause.downcast_ref::<Refusal>())?;
    Some(json!({"refused": refusal.name(), "why": refusal.to_string()}))
}
