//! File locks by flock(2), which the kernel releases when their holder ends.
//!
//! flock and not fcntl, because a lock belongs to the open file and so can be handed to a child process.

use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// A lock, held until it is dropped. Child processes inherit it only by [`FileLock::into_descriptor`].
#[derive(Debug)]
pub struct FileLock(File);

/// Shared or exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Compatible with other shared locks.
    Shared,
    /// Conflicts with all other locks.
    Exclusive,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Wait,
    Try,
}

impl FileLock {
    /// Waits for the lock.
    pub fn wait(path: &Path, mode: LockMode) -> Result<FileLock> {
        loop {
            if let Some(lock) = lock(path, mode, Patience::Wait)? {
                return Ok(lock);
            }
        }
    }

    /// Takes the lock, or `None` when it is held.
    pub fn attempt(path: &Path, mode: LockMode) -> Result<Option<FileLock>> {
        lock(path, mode, Patience::Try)
    }

    /// Whether another process holds it exclusively.
    pub fn is_held_alone(path: &Path) -> Result<bool> {
        Ok(path.exists() && FileLock::attempt(path, LockMode::Shared)?.is_none())
    }

    /// Passes the lock to a child process: it is held while either keeps the descriptor open.
    pub fn into_descriptor(self) -> OwnedFd {
        self.0.into()
    }

    /// Lets the program that replaces this one (exec) keep the lock.
    pub fn survive_exec(&self) -> Result<()> {
        rustix::io::fcntl_setfd(&self.0, rustix::io::FdFlags::empty())
            .context("could not keep the lock across exec")
    }
}

fn lock(path: &Path, mode: LockMode, patience: Patience) -> Result<Option<FileLock>> {
    let operation = match (mode, patience) {
        (LockMode::Shared, Patience::Wait) => FlockOperation::LockShared,
        (LockMode::Shared, Patience::Try) => FlockOperation::NonBlockingLockShared,
        (LockMode::Exclusive, Patience::Wait) => FlockOperation::LockExclusive,
        (LockMode::Exclusive, Patience::Try) => FlockOperation::NonBlockingLockExclusive,
    };
    loop {
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("could not open {}", path.display()))?;
        match operate(&file, operation) {
            Ok(()) if is_still_at(&file, path) => return Ok(Some(FileLock(file))),
            // `db destroy` removed the file while we waited: a lock on the removed file protects nothing.
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("could not lock {}", path.display()));
            }
        }
    }
}

fn operate(file: impl AsFd, operation: FlockOperation) -> Result<(), Errno> {
    loop {
        match flock(&file, operation) {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// How many shared locks are held on the file, counted by the kernel; `None` where it doesn't list them (not Linux).
pub fn holders(path: &Path) -> Option<usize> {
    let inode = fs::metadata(path).ok()?.ino();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    Some(count(&locks, inode))
}

/// Counts lines such as `3: FLOCK  ADVISORY  READ  1234 08:02:131 0 EOF`.
///
/// By inode alone: some file systems list another device than stat(2) gives. Waiting locks have `->` and aren't
/// counted.
fn count(locks: &str, inode: u64) -> usize {
    let inode = inode.to_string();
    let held = locks.lines().filter(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        matches!(fields[..], [_, "FLOCK", _, "READ", _, place, ..]
            if place.rsplit(':').next() == Some(&inode))
    });
    held.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_excludes_exclusive_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let one = FileLock::attempt(&path, LockMode::Shared).unwrap().unwrap();
        let _two = FileLock::attempt(&path, LockMode::Shared).unwrap().unwrap();
        assert!(
            FileLock::attempt(&path, LockMode::Exclusive)
                .unwrap()
                .is_none()
        );
        drop(one);
        assert!(
            FileLock::attempt(&path, LockMode::Exclusive)
                .unwrap()
                .is_none()
        );
        assert!(!FileLock::is_held_alone(&path).unwrap());
        drop(_two);
        let _alone = FileLock::attempt(&path, LockMode::Exclusive)
            .unwrap()
            .unwrap();
        assert!(FileLock::is_held_alone(&path).unwrap());
    }

    #[test]
    fn counts_held_shared_locks_of_one_file() {
        let locks = "1: FLOCK  ADVISORY  READ  10 fe:00:131 0 EOF\n\
                     2: FLOCK  ADVISORY  READ  11 fe:00:131 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 12 fe:00:131 0 EOF\n\
                     3: FLOCK  ADVISORY  READ  13 fe:00:1131 0 EOF\n\
                     4: POSIX  ADVISORY  READ  14 fe:00:131 0 EOF\n";
        assert_eq!(count(locks, 131), 2);
    }
}
