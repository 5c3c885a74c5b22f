//! Packages in registries.

use std::path::{Path, PathBuf};

use anyhow::Result;
use capstan_package::registry::{Login, Reference, Registry};
use serde_json::{Value, json};

use super::args::LoginArgs;
use super::{files, pack};
use crate::operator::spinner;

pub(super) async fn push(path: &Path, reference: Reference, args: &LoginArgs) -> Result<Value> {
    let package = files::package(path)?;
    let mut registry = Registry::new(reference.clone(), login(args, &reference)?)?;
    let bar = spinner("sending the package");
    let pushed = registry.push(&package).await;
    bar.finish_and_clear();
    Ok(json!({"pushed": pushed?.to_string(), "digest": package.digest()}))
}

pub(super) async fn pull(reference: Reference, out: Option<PathBuf>, args: &LoginArgs) -> Result<Value> {
    let mut registry = Registry::new(reference.clone(), login(args, &reference)?)?;
    let bar = spinner("fetching the package");
    let pulled = registry.pull().await;
    bar.finish_and_clear();
    let package = pulled?;
    // The name is made of a provider's id and a version: letters, digits, dots and dashes.
    let out = out.unwrap_or_else(|| PathBuf::from(package.file_name()));
    files::write(&out, &package.to_file())?;
    let mut shown = pack::shown(&package, &out);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("pulled".to_owned(), reference.pinned(package.digest()).to_string().into());
    }
    Ok(shown)
}

fn login(args: &LoginArgs, reference: &Reference) -> Result<Login> {
    if let (Some(name), Some(file)) = (&args.username, &args.password_file) {
        return Ok(Login::Account { name: name.clone(), password: files::secret_line(file)? });
    }
    let own = || std::env::home_dir().map(|home| home.join(".docker"));
    let file = args.docker_config.clone().or_else(own).map(|folder| folder.join("config.json"));
    let config = file.and_then(|file| std::fs::read(file).ok()).map(zeroize::Zeroizing::new);
    Ok(config.map_or(Login::Anonymous, |config| Login::of_docker(&config, reference.registry())))
}
