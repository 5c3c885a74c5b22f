//! A file that takes its name when it is complete.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::BackupError;

/// A file being written beside its name; gone when dropped before it is finished.
pub(super) struct Partial {
    file: File,
    path: PathBuf,
    to: PathBuf,
    is_finished: bool,
}

impl Partial {
    /// Makes an empty file that only its owner can read. What a process that was killed has left is written over; what another
    /// is writing is locked, and left alone.
    pub(super) fn begin(to: &Path) -> Result<Self, BackupError> {
        refuse_existing(to)?;
        let path = beside(to, ".partial");
        let failed = |source| BackupError::File { path: path.clone(), source };
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::UnderWay(to.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // From here on it is removed again, whatever happens.
        let partial = Self { file, path, to: to.to_owned(), is_finished: false };
        let emptied =
            partial.file.set_permissions(Permissions::from_mode(0o600)).and_then(|()| partial.file.set_len(0));
        emptied.map_err(BackupError::file(&partial.path))?;
        Ok(partial)
    }

    /// Where it is written.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Flushes it and gives it its name; returns its length.
    pub(super) fn finish(mut self) -> Result<u64, BackupError> {
        self.file.sync_all().map_err(BackupError::file(&self.path))?;
        let bytes = self.file.metadata().map_err(BackupError::file(&self.path))?.len();
        refuse_existing(&self.to)?;
        std::fs::rename(&self.path, &self.to).map_err(BackupError::file(&self.to))?;
        self.is_finished = true;
        sync_dir(&self.to)?;
        Ok(bytes)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_finished
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "an unfinished backup could not be removed");
        }
    }
}

/// The same path with something after its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Flushes a file's directory, without which a new name may be lost with the power.
pub(super) fn sync_dir(path: &Path) -> Result<(), BackupError> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(BackupError::file(dir))
}

fn refuse_existing(path: &Path) -> Result<(), BackupError> {
    match path.symlink_metadata() {
        Ok(_) => Err(BackupError::Exists(path.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(BackupError::File { path: path.to_owned(), source }),
    }
}
