//! Locks between processes, as advisory `flock`s on files of the data directory: they vanish with their holder,
//! `kill -9` included, so that no lock is ever stale. Never a lock between threads of one process.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::{Errno, retry_on_intr};

/// How often a waiting process looks again: `flock` cannot be awaited, and a blocked thread cannot be cancelled.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A lock file, opened; what is held on it is let go when this value is dropped.
#[derive(Debug)]
pub(super) struct LockFile(File);

impl LockFile {
    /// Opens the file, making it (mode 0600) when absent. A symbolic link is refused: root must not be led elsewhere.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits() as i32)
            .open(path)
            .map(Self)
    }

    /// Takes the lock together with other sharers; waits while somebody holds it alone.
    pub(super) fn share(&self) -> io::Result<()> {
        Ok(retry_on_intr(|| flock(&self.0, FlockOperation::LockShared))?)
    }

    /// Takes the lock alone, blocking the thread until it is free.
    pub(super) fn take(&self) -> io::Result<()> {
        Ok(retry_on_intr(|| flock(&self.0, FlockOperation::LockExclusive))?)
    }

    /// Takes the lock alone if nobody else has it, and says whether it did. Where it did not, a share that this
    /// file held before may be lost (flock(2): conversion is not atomic).
    pub(super) fn try_take(&self) -> io::Result<bool> {
        match retry_on_intr(|| flock(&self.0, FlockOperation::NonBlockingLockExclusive)) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the lock alone, for at most `patience`; says whether it came.
    pub(super) async fn take_within(&self, patience: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + patience;
        while !self.try_take()? {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(true)
    }
}

/// What a data directory is held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To its end, whenever that is.
    Serving,
    /// Until its index is built: minutes.
    Indexing,
}

/// What the line of a holder who builds the index begins with.
const INDEXING: &str = "index: ";

/// Why a process may not have the data directory.
#[derive(Debug, thiserror::Error)]
pub enum ServeLockError {
    /// Another `serve` runs on it.
    #[error(
        "the data directory {data_dir} is already served by {holder}: stop that one, or give this one another --data-dir"
    )]
    Served {
        /// The directory asked for.
        data_dir: PathBuf,
        /// `pid 4242, since 2026-03-01T08:00:00Z, on 127.0.0.1:8080`, as the holder wrote it.
        holder: String,
    },
    /// An import, or a `reindex`, builds its index.
    #[error("the index of the data directory {data_dir} is being built by {holder}: that ends by itself")]
    Indexed {
        /// The directory asked for.
        data_dir: PathBuf,
        /// `pid 4242, since 2026-03-01T08:00:00Z`.
        holder: String,
    },
    /// The lock file could not be made or read.
    #[error("cannot lock the data directory with {path}: {source}")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The right to serve from a data directory: one process at a time. Let go when dropped, and by the system when
/// the process dies.
#[derive(Debug)]
pub struct ServeLock {
    file: LockFile,
    path: PathBuf,
    holder: String,
}

impl ServeLock {
    /// Takes the directory for this process, or says who has it. `now` is what the next to come will read as "since". The
    /// directory is made when absent.
    pub fn hold_data_dir(
        data_dir: &Path,
        purpose: Use,
        now: jiff::Timestamp,
    ) -> Result<Self, ServeLockError> {
        let path = data_dir.join("serve.lock");
        let failed = |source| ServeLockError::Io {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(data_dir).map_err(failed)?;
        let mut file = LockFile::open(&path).map_err(failed)?;
        if !file.try_take().map_err(failed)? {
            let mut holder = String::new();
            // The holder writes one short line; whatever else is in the file is not worth reading.
            let read = (&mut file.0).take(1024).read_to_string(&mut holder);
            if read.is_err() || holder.trim().is_empty() {
                holder = "another process".to_owned();
            }
            let data_dir = data_dir.to_owned();
            let holder = holder.trim();
            return Err(match holder.strip_prefix(INDEXING) {
                Some(holder) => ServeLockError::Indexed {
                    data_dir,
                    holder: holder.to_owned(),
                },
                None => ServeLockError::Served {
                    data_dir,
                    holder: holder.to_owned(),
                },
            });
        }
        let purpose = match purpose {
            Use::Serving => "",
            Use::Indexing => INDEXING,
        };
        let holder = format!("{purpose}pid {}, since {now:.0}", std::process::id());
        let mut lock = Self { file, path, holder };
        lock.write(&lock.holder.clone())?;
        Ok(lock)
    }

    /// The same for who serves: waits for the end of who builds the index.
    pub async fn hold_to_serve(data_dir: &Path, now: jiff::Timestamp) -> Result<Self, ServeLockError> {
        let mut is_told = false;
        loop {
            match Self::hold_data_dir(data_dir, Use::Serving, now) {
                Err(wait @ ServeLockError::Indexed { .. }) => {
                    if !is_told {
                        tracing::info!("{wait}");
                    }
                    is_told = true;
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                held => return held,
            }
        }
    }

    /// Adds the addresses served to what a second `serve` is told, once they are bound.
    pub fn note_addresses(&mut self, addresses: &[std::net::SocketAddr]) -> Result<(), ServeLockError> {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        self.write(&format!("{}, on {}", self.holder, addresses.join(", ")))
    }

    fn write(&mut self, line: &str) -> Result<(), ServeLockError> {
        let mut file = &self.file.0;
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{line}"))
            .map_err(|source| ServeLockError::Io {
                path: self.path.clone(),
                source,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_serve_is_told_who_holds_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let now = "2026-03-01T08:00:00Z".parse().unwrap();
        let mut first = ServeLock::hold_data_dir(dir.path(), Use::Serving, now).unwrap();
        first
            .note_addresses(&["127.0.0.1:8080".parse().unwrap()])
            .unwrap();
        let refusal = ServeLock::hold_data_dir(dir.path(), Use::Indexing, now)
            .unwrap_err()
            .to_string();
        let holder = format!(
            "pid {}, since 2026-03-01T08:00:00Z, on 127.0.0.1:8080",
            std::process::id()
        );
        assert!(refusal.contains(&holder), "{refusal}");
        drop(first);
        ServeLock::hold_data_dir(dir.path(), Use::Serving, now).unwrap();
    }

    #[tokio::test]
    async fn a_serve_waits_for_who_builds_the_index() {
        let dir = tempfile::tempdir().unwrap();
        let now = "2026-03-01T08:00:00Z".parse().unwrap();
        let builder = ServeLock::hold_data_dir(dir.path(), Use::Indexing, now).unwrap();
        let refusal = ServeLock::hold_data_dir(dir.path(), Use::Serving, now).unwrap_err();
        assert!(
            refusal.to_string().contains("is being built by pid "),
            "{refusal}"
        );
        let serve = ServeLock::hold_to_serve(dir.path(), now);
        let ends = async {
            tokio::time::sleep(4 * LOOK_AGAIN).await;
            drop(builder);
        };
        let (served, ()) = tokio::join!(serve, ends);
        served.unwrap();
    }

    #[test]
    fn a_lock_file_that_is_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), dir.path().join("serve.lock")).unwrap();
        assert!(ServeLock::hold_data_dir(dir.path(), Use::Serving, jiff::Timestamp::UNIX_EPOCH).is_err());
        assert!(!dir.path().join("elsewhere").exists());
    }
}
