//! Signed lists of packages: made by whoever stands for them, searched by operators.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use capstan_package::registry::{Reference, fetch};
use capstan_package::{Index, Listed, MAX_INDEX_BYTES, Moment, Question, verify};
use serde_json::{Value, json};

use super::args::{IndexArgs, SearchArgs};
use super::{files, now};

pub(super) fn make(args: &IndexArgs) -> Result<Value> {
    let trust = files::trust(&args.trust.trust)?;
    let key = files::private_key(&args.key, args.passphrase_file.as_deref())?;
    let question = Question { now: now(), newest: None, allow_downgrade: false };
    let mut packages = Vec::new();
    for named in &args.packages {
        let (file, reference) = named.rsplit_once('=').with_context(|| format!("{named:?} is not FILE=REFERENCE"))?;
        let reference: Reference = reference.parse()?;
        if reference.digest().is_some() {
            bail!("{reference} has a digest; the index gives it the package's own");
        }
        let package = files::package(Path::new(file))?;
        let verdict = verify(&package, &trust, &question).with_context(|| format!("{file} is refused"))?;
        packages.push(Listed::of(&verdict, &reference.to_string()));
    }
    let expires = Moment::from_words(&args.expires, now()).context("--expires")?;
    let serial = args.serial.unwrap_or_else(|| now().seconds());
    let index = Index { serial, expires, packages };
    files::write(&args.out, index.signed(&key)?.as_bytes())?;
    let (file, packages) = (args.out.display().to_string(), index.packages.len());
    Ok(json!({"file": file, "serial": serial, "expires": expires, "packages": packages, "key": key.public().id()}))
}

pub(super) async fn search(args: &SearchArgs) -> Result<Value> {
    let key = files::public_key(&args.index_key)?;
    let text = if args.index.contains("://") {
        fetch(&args.index, MAX_INDEX_BYTES).await?
    } else {
        read(Path::new(&args.index))?
    };
    let seen = args.serial_file.as_deref().filter(|path| path.exists()).map(|path| {
        let text = files::text(path)?;
        text.trim().parse::<u64>().with_context(|| format!("{} has no number in it", path.display()))
    });
    let index =
        Index::open(&text, &key, now(), seen.transpose()?).with_context(|| format!("{} is refused", args.index))?;
    if let Some(path) = &args.serial_file {
        files::write(path, format!("{}\n", index.serial).as_bytes())?;
    }
    let shown = |listed: &&Listed| {
        json!({
            "provider": listed.provider, "title": listed.title, "version": listed.version, "families": listed.families,
            "reference": listed.pinned(), "publisher": listed.publisher,
        })
    };
    Ok(index.search(&args.text).iter().map(shown).collect())
}

/// A file of at most as many bytes as an index has.
fn read(path: &Path) -> Result<Vec<u8>> {
    let unreadable = || format!("{} cannot be read", path.display());
    let file = std::fs::File::open(path).with_context(unreadable)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_INDEX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    std::io::Read::read_to_end(&mut std::io::Read::take(file, most), &mut bytes).with_context(unreadable)?;
    Ok(bytes)
}

/// What was found, each with a line to be copied into `adapter pull`.
pub(super) fn text(found: &Value) -> String {
    let word = |listed: &Value, name: &str| listed.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut text = String::new();
    for listed in found.as_array().into_iter().flatten() {
        let families = listed.get("families").and_then(Value::as_array).into_iter().flatten();
        let families: Vec<&str> = families.filter_map(Value::as_str).collect();
        let (provider, version) = (word(listed, "provider"), word(listed, "version"));
        let _ = writeln!(text, "{provider} {version} ({})\n  {}", families.join(", "), word(listed, "reference"));
    }
    if text.is_empty() { "nothing".to_owned() } else { text.trim_end().to_owned() }
}
