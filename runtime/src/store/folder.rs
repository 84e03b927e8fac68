//! The runtime's folder, and the lock that lets one process at a time write in it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::problem::{StorageProblem, StorageProblemKind};

/// The lock file's name. The file stays empty; the lock is the operating system's and ends with the process.
const LOCK_FILE: &str = "dunlin.lock";

/// The folder that holds `state.db`, `journal.db` and the installed bundles.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: Mutex<Option<File>>,
}

impl Folder {
    /// Names a folder; nothing is touched until the first [`lock`](Self::lock).
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), lock: Mutex::new(None) }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder if need be and takes its lock; does nothing if this value holds it already.
    ///
    /// # Errors
    /// When another process holds the lock ([`StorageProblemKind::InUse`]), or the folder cannot be made or written.
    pub fn lock(&self) -> Result<(), StorageProblem> {
        let mut held = self.held();
        if held.is_none() {
            *held = Some(self.take_lock()?);
        }
        Ok(())
    }

    /// Gives the lock back, so that another process may write.
    pub fn release(&self) {
        *self.held() = None;
    }

    fn take_lock(&self) -> Result<File, StorageProblem> {
        std::fs::create_dir_all(&self.path).map_err(|e| StorageProblem::from_io(&self.path, &e))?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(self.path.join(LOCK_FILE));
        let file = file.map_err(|e| StorageProblem::from_io(&self.path, &e))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(StorageProblem::new(&self.path, StorageProblemKind::InUse)),
            Err(TryLockError::Error(e)) => Err(StorageProblem::from_io(&self.path, &e)),
        }
    }

    /// The file holds no invariant that a panic could break.
    fn held(&self) -> MutexGuard<'_, Option<File>> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_writer_until_it_lets_go() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (Folder::new(dir.path().join("a/b")), Folder::new(dir.path().join("a/b")));
        first.lock().unwrap();
        first.lock().unwrap();
        let refused = second.lock().unwrap_err();
        assert_eq!(refused.kind, StorageProblemKind::InUse);
        assert_eq!(refused.path, second.path(), "the folder is named");
        first.release();
        second.lock().unwrap();
    }

    #[test]
    fn a_file_in_the_folder_s_place_is_named_as_such() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(Folder::new(&path).lock().unwrap_err().kind, StorageProblemKind::NotAFolder);
        assert_eq!(Folder::new(path.join("below")).lock().unwrap_err().kind, StorageProblemKind::NotAFolder);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
