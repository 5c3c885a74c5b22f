//! The lock on the data directory: one process moves the tasks of one directory.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::clock;

/// A locked data directory; unlocked when dropped, or when the process dies.
pub struct DataDir {
    /// Where it is.
    pub path: PathBuf,
    /// The node's name, kept in the directory: a restarted node takes its own shards back at once.
    pub node: String,
    lock: File,
}

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process has it.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// The file system refuses.
    #[error("{path} cannot be used")]
    Io {
        /// What was touched.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl DataDir {
    /// Makes the directory if needed (for its owner only) and locks it.
    ///
    /// # Errors
    /// [`DataDirError`].
    pub fn lock(path: &Path) -> Result<Self, DataDirError> {
        let failed = |touched: &Path| {
            let touched = touched.to_owned();
            move |source| DataDirError::Io { path: touched, source }
        };
        make_private(path).map_err(failed(path))?;
        let lock_path = path.join("lock");
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(DataDirError::InUse(path.to_owned())),
            Err(std::fs::TryLockError::Error(source)) => return Err(failed(&lock_path)(source)),
        }
        let node = node_name(&path.join("node")).map_err(failed(&path.join("node")))?;
        Ok(Self { path: path.to_owned(), node, lock })
    }
}

impl Drop for DataDir {
    /// Closing the file would not do: a program that this process is just starting has a copy of it until it runs, and
    /// the lock with it.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(error = &error as &dyn std::error::Error, "the data directory is unlocked with the process");
        }
    }
}

/// Makes a directory that only its owner can look into, or makes it so.
fn make_private(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)?;
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

fn node_name(path: &Path) -> io::Result<String> {
    if let Ok(text) = std::fs::read_to_string(path)
        && Uuid::parse_str(text.trim()).is_ok()
    {
        return Ok(text.trim().to_owned());
    }
    let name = clock::new_uuid().to_string();
    std::fs::write(path, &name)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_in_use_is_refused_and_a_node_keeps_its_name() {
        let dir = std::env::temp_dir().join(format!("capstan-lock-{}", clock::new_uuid()));
        let first = DataDir::lock(&dir).unwrap();
        assert!(matches!(DataDir::lock(&dir), Err(DataDirError::InUse(_))));
        let name = first.node.clone();
        drop(first);
        assert_eq!(DataDir::lock(&dir).unwrap().node, name);
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_program_being_started_does_not_keep_the_lock() {
        let dir = std::env::temp_dir().join(format!("capstan-lock-{}", clock::new_uuid()));
        let first = DataDir::lock(&dir).unwrap();
        let inherited = first.lock.try_clone().unwrap();
        drop(first);
        DataDir::lock(&dir).unwrap();
        drop(inherited);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
