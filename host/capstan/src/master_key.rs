//! The master key in a file that only its owner can read: `dev` makes its own, `serve` takes what `capstan master-key` made.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use capstan_egress::MasterKey;

use crate::cli::MasterKeyArgs;

/// `capstan master-key`: makes a key in a new file.
///
/// # Errors
/// When the file exists or cannot be written.
pub(crate) fn run(args: &MasterKeyArgs) -> Result<()> {
    // The creation itself refuses, too; this says why in words.
    if args.out.symlink_metadata().is_ok() {
        bail!("{} exists; a key that is overwritten is lost with all that it sealed", args.out.display());
    }
    create(&args.out)?;
    crate::say(&format!(
        "A master key is in {file}. Keep a copy in a safe place, apart from the data directory's backups: without the key, \
         stored credentials and solutions are lost.\n\nmaster_key_file = {quoted}",
        file = args.out.display(),
        quoted = toml::Value::String(args.out.display().to_string()),
    ));
    Ok(())
}

/// Reads the key, or makes one.
///
/// # Errors
/// When the file cannot be read, is no key, or cannot be written.
pub(crate) fn read_or_create(path: &Path) -> Result<MasterKey> {
    match std::fs::read_to_string(path) {
        Ok(text) => of_text(path, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(path),
        Err(error) => Err(error).with_context(|| unreadable(path)),
    }
}

/// Reads the key, if nobody but its owner can.
///
/// # Errors
/// When the file cannot be read, is no key, or is open to others; what to do is in the error.
pub(crate) fn read_private(path: &Path) -> Result<MasterKey> {
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "the master key {file} does not exist: make one with `capstan master-key --out {file}`",
            file = path.display()
        ),
        Err(error) => return Err(error).with_context(|| unreadable(path)),
    };
    #[cfg(unix)]
    {
        let about = file.metadata().with_context(|| unreadable(path))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            bail!(
                "the master key {file} is open to others (mode {mode:03o}): close it with `chmod 600 {file}`",
                file = path.display()
            );
        }
    }
    let text = std::io::read_to_string(&mut file).with_context(|| unreadable(path))?;
    of_text(path, &text)
}

fn unreadable(path: &Path) -> String {
    format!("the master key {} cannot be read", path.display())
}

fn of_text(path: &Path, text: &str) -> Result<MasterKey> {
    MasterKey::from_text(text.trim()).with_context(|| format!("{} holds no master key", path.display()))
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
