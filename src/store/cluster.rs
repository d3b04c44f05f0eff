//! A private Postgres cluster under the data directory, for those who give no `ANNUAIRE_DATABASE_URL`: reached by a
//! Unix socket only, no port, no password. The first process that needs it starts it, others join, the last stops it.
//!
//! ```text
//! <data-dir>/postgres.lock    held alone by whoever is starting or stopping the server, for that moment
//! <data-dir>/postgres/        the cluster's home, or a link to it (see `home`)
//!     users.lock              shared by every process that uses the server; free means that nobody does
//!     cluster/  socket/       Postgres's own files; the socket
//!     settings.conf           written at each start
//!     server.log              what Postgres has to say since it was started
//! ```
//!
//! A killed program leaves the server running and no lock behind: the next one joins it.
//! To look inside: `psql -h <data-dir>/postgres/socket -U annuaire`.

mod error;
mod home;
mod programs;
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

pub use self::error::ClusterError;
use self::home::Home;
use self::server::Server;
use super::lock::LockFile;

/// Name of the database and of the role that owns it.
const NAME: &str = "annuaire";

/// How long one process waits while another starts or stops the server; a recovery after a crash is the longest.
const PATIENCE: Duration = Duration::from_secs(360);

/// One process's use of the private cluster. Leaving, by [`Cluster::release`] or by dropping it, stops the server
/// when nobody else uses it.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    users: LockFile,
    start_lock: PathBuf,
    /// Held until the server answers; also what a join that is given up half-way leaves with.
    starting: Option<LockFile>,
}

/// Whether there is a cluster in this data directory.
pub fn is_made(data_dir: &Path) -> bool {
    home::place(data_dir).symlink_metadata().is_ok()
}

/// Joins the cluster of this data directory, making and starting it as needed.
///
/// Gives the guard to keep for as long as connections are wanted, and the options to connect with.
/// The directory is made when absent. Takes about two seconds for a new cluster, a few milliseconds for a running one.
pub async fn join(data_dir: &Path) -> Result<(Cluster, PgConnectOptions), ClusterError> {
    std::fs::create_dir_all(data_dir).map_err(ClusterError::io("make the data directory", data_dir))?;
    let data_dir = data_dir
        .canonicalize()
        .map_err(ClusterError::io("find the data directory", data_dir))?;

    let start_lock = data_dir.join("postgres.lock");
    let locking = || ClusterError::io("lock", &start_lock);
    let starting = LockFile::open(&start_lock).map_err(locking())?;
    if !starting.take_within(PATIENCE).await.map_err(locking())? {
        return Err(ClusterError::Busy { lock: start_lock });
    }

    let home = Home::open(&data_dir)?;
    let users_lock = home.dir().join("users.lock");
    let users = LockFile::open(&users_lock)
        .and_then(|lock| lock.share().map(|()| lock))
        .map_err(ClusterError::io("lock", &users_lock))?;
    let server = Server::new(home)?;
    let mut cluster = Cluster {
        server,
        users,
        start_lock,
        starting: Some(starting),
    };
    let options = cluster.server.ensure_running().await?;
    cluster.starting = None;
    Ok((cluster, options))
}

impl Cluster {
    /// Leaves the cluster; returns when the server has stopped, if this was its last user. Close the pools first:
    /// a stop ends the connections that are left.
    pub async fn release(self) {
        // Stopping blocks for a checkpoint's time. The task fails only if it panics, which leaves nothing to do.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    fn leave(&mut self) -> Result<(), ClusterError> {
        let locking = || ClusterError::io("lock", &self.start_lock);
        let _starting = match self.starting.take() {
            Some(held) => held,
            None => {
                let lock = LockFile::open(&self.start_lock).map_err(locking())?;
                lock.take().map_err(locking())?;
                lock
            }
        };
        if self.users.try_take().map_err(locking())? {
            self.server.stop()
        } else {
            Ok(())
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.leave() {
            tracing::warn!(%error, "the private Postgres may still be running");
        }
    }
}
