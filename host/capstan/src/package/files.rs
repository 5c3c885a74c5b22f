//! Files of keys, trust and packages: how they are read, and written so that a reader sees the whole or nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use capstan_package::{Package, PrivateKey, PublicKey, Trust};
use zeroize::Zeroizing;

/// Most bytes of a key's, a passphrase's or a trust's file.
const MOST_BYTES: u64 = 1024 * 1024;

pub(super) fn package(path: &Path) -> Result<Package> {
    let file = std::fs::File::open(path).with_context(|| unreadable(path))?;
    Package::read(file).with_context(|| format!("{} is refused", path.display()))
}

pub(super) fn public_key(path: &Path) -> Result<PublicKey> {
    PublicKey::from_text(&text(path)?).with_context(|| format!("{} is refused", path.display()))
}

pub(super) fn private_key(path: &Path, passphrase_file: Option<&Path>) -> Result<PrivateKey> {
    let passphrase = passphrase_file.map(secret_line).transpose()?;
    let passphrase = passphrase.as_ref().map(|line| line.as_str());
    let text = Zeroizing::new(text(path)?);
    PrivateKey::from_text(&text, passphrase).with_context(|| format!("{} is refused", path.display()))
}

/// Who is trusted; nobody where there is no file yet.
pub(super) fn trust(path: &Path) -> Result<Trust> {
    if !path.exists() {
        bail!("{} does not exist; make it with `capstan adapter trust add`", path.display());
    }
    toml::from_str(&text(path)?).with_context(|| format!("{} is refused", path.display()))
}

/// A file's first line; `-` is standard input.
pub(super) fn secret_line(path: &Path) -> Result<Zeroizing<String>> {
    let text = if path.as_os_str() == "-" {
        let mut line = Zeroizing::new(String::new());
        std::io::stdin().read_line(&mut line)?;
        line
    } else {
        Zeroizing::new(text(path)?)
    };
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(Zeroizing::new(line.to_owned())),
        None => bail!("{} has nothing in its first line", path.display()),
    }
}

pub(super) fn text(path: &Path) -> Result<String> {
    let file = std::fs::File::open(path).with_context(|| unreadable(path))?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::Read::take(file, MOST_BYTES), &mut text)
        .with_context(|| unreadable(path))?;
    Ok(text)
}

/// Writes a file that does not exist yet and that only its owner can read.
pub(super) fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.with_context(|| format!("{} cannot be written", path.display()))
}

/// Writes a file beside its place and puts it there when it is whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().with_context(|| format!("{} is no file's name", path.display()))?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside: PathBuf = path.with_file_name(name);
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}

fn unreadable(path: &Path) -> String {
    format!("{} cannot be read", path.display())
}
