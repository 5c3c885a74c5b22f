//! The master key of `dev`, in a file of the data directory that only its owner can read.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use capstan_egress::MasterKey;

/// Reads the key, or makes one.
///
/// # Errors
/// When the file cannot be read, is no key, or cannot be written.
pub(crate) fn read_or_create(path: &Path) -> Result<MasterKey> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            MasterKey::from_text(text.trim()).with_context(|| format!("{} holds no master key", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(path),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

fn create(path: &Path) -> Result<MasterKey> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    }
    let key = MasterKey::generate()?;
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(key.to_text().as_bytes())?;
        file.sync_all()
    });
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(key)
}
