//! What can go wrong with the private cluster, each said with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why the private cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No server programs on this machine.
    #[error(
        "PostgreSQL is not installed (no initdb in PATH nor in /usr/lib/postgresql): \
         run `apt-get install postgresql`, or give a server with ANNUAIRE_DATABASE_URL"
    )]
    ProgramsMissing,
    /// The cluster was made by a major version that is gone, as after an upgrade of the system.
    #[error(
        "the cluster in {cluster} was made by PostgreSQL {major}, which is no longer installed: \
         run `apt-get install postgresql-{major}`, or pg_upgrade, or start from an empty --data-dir and import again"
    )]
    VersionMissing {
        /// Postgres's files.
        cluster: PathBuf,
        /// The major version that made them.
        major: u32,
    },
    /// Postgres refuses to run as root, and no account to run it as was found.
    #[error(
        "Postgres does not run as root, and /etc/passwd has neither `postgres` nor `nobody`: add a user `postgres`"
    )]
    NoRunner,
    /// A cluster that exists lies where its user may not go.
    #[error(
        "Postgres, running as uid {uid}, may not enter {dir}: open the folders above it (chmod a+x) or move it"
    )]
    Unreachable {
        /// The cluster's home.
        dir: PathBuf,
        /// The user that owns the cluster.
        uid: u32,
    },
    /// The folder for the socket was there before us and is not ours.
    #[error("{dir} is not a folder of uid {uid} closed to others: remove it, or use a shorter --data-dir")]
    ForeignSocketFolder {
        /// The folder in `/tmp`.
        dir: PathBuf,
        /// Who it should belong to.
        uid: u32,
    },
    /// Another process holds the start lock for too long.
    #[error(
        "another process has been starting or stopping Postgres for minutes (it holds {lock}): see server.log"
    )]
    Busy {
        /// The start lock.
        lock: PathBuf,
    },
    /// A program of Postgres failed.
    #[error("{program} failed: {output}")]
    Program {
        /// `initdb` or `pg_ctl`.
        program: &'static str,
        /// What it printed.
        output: String,
    },
    /// The server ended at once.
    #[error("Postgres does not start; {log} ends with:\n{tail}")]
    Start {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The server does not answer in time.
    #[error("Postgres was started but does not answer: see {log}")]
    Silent {
        /// The server's log.
        log: PathBuf,
    },
    /// The server answers, and refuses.
    #[error("the private Postgres refuses: {0}")]
    Refused(#[from] sqlx::Error),
    /// The system refused a file operation.
    #[error("cannot {what} {path}: {source}{hint}", hint = hint(source))]
    Io {
        /// The verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ClusterError {
    /// For `map_err`: an I/O error of doing `what` to `path`.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => {
            " (use the account that made this data directory, or another --data-dir)"
        }
        _ => "",
    }
}
