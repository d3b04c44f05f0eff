//! Where the cluster's files lie and whom they belong to. Root runs Postgres as another user, who cannot enter
//! `/root` or a closed home: the files then go to `/var/lib/annuaire`, and the data directory keeps a link to them.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::ClusterError;
use super::programs::Runner;

/// Homes of the clusters whose data directory is closed to their user.
const ELSEWHERE: &str = "/var/lib/annuaire";

/// `sun_path` holds 107 bytes and a NUL (unix(7)); Postgres adds `/.s.PGSQL.5432` and, for its lock, `.lock`.
const LONGEST_SOCKET_FOLDER: usize = 107 - "/.s.PGSQL.5432.lock".len();

/// The cluster's home: a folder that belongs to whoever runs the program, with Postgres's own folders inside.
#[derive(Debug)]
pub(super) struct Home {
    dir: PathBuf,
    socket: PathBuf,
    runner: Runner,
}

/// Where the home of a data directory lies, or a link to it.
pub(super) fn place(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres")
}

impl Home {
    /// Finds or makes the home of a data directory (given in canonical form, under the start lock).
    pub(super) fn open(data_dir: &Path) -> Result<Self, ClusterError> {
        let place = place(data_dir);
        let is_new = match fs::symlink_metadata(&place) {
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(ClusterError::io("look at", &place)(error)),
        };
        let runner = Runner::choose(&place.join("cluster"))?;
        if is_new {
            make_folder(&place, &runner)?;
            if !runner.may_enter(&place) {
                fs::remove_dir(&place).map_err(ClusterError::io("remove", &place))?;
                settle_elsewhere(&place, &runner)?;
            }
        }
        let dir = place.canonicalize().map_err(ClusterError::io("follow", &place))?;
        if !runner.may_enter(&dir) {
            return Err(ClusterError::Unreachable {
                dir,
                uid: runner.uid(),
            });
        }
        let socket = socket_folder(&dir, &runner)?;
        Ok(Self { dir, socket, runner })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Postgres's own files (`PGDATA`).
    pub(super) fn cluster(&self) -> PathBuf {
        self.dir.join("cluster")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    pub(super) fn runner(&self) -> &Runner {
        &self.runner
    }
}

/// A folder of ours that the runner can pass through, but only we can write in or list.
fn make_folder(dir: &Path, runner: &Runner) -> Result<(), ClusterError> {
    let mode = if runner.is_another() { 0o711 } else { 0o700 };
    // Set apart from the making, which the umask narrows.
    fs::create_dir(dir)
        .and_then(|()| fs::set_permissions(dir, Permissions::from_mode(mode)))
        .map_err(ClusterError::io("make", dir))
}

/// A folder of the runner's own, closed to everybody else (but root).
pub(super) fn make_runner_folder(dir: &Path, runner: &Runner) -> Result<(), ClusterError> {
    DirBuilder::new()
        .mode(0o700)
        .create(dir)
        .and_then(|()| {
            if runner.is_another() {
                chown(dir, Some(runner.uid()), Some(runner.gid()))
            } else {
                Ok(())
            }
        })
        .map_err(ClusterError::io("make", dir))
}

/// Makes a home in `/var/lib/annuaire` and a link to it. The name is random, so that a data directory removed and
/// made again is empty, as its owner means it to be.
fn settle_elsewhere(place: &Path, runner: &Runner) -> Result<(), ClusterError> {
    let parent = Path::new(ELSEWHERE);
    if !parent.exists() {
        make_folder(parent, runner)?;
    }
    let mut name = [0u8; 8];
    getrandom::fill(&mut name).map_err(|error| ClusterError::io("name a folder in", parent)(error.into()))?;
    let dir = parent.join(hex(&name));
    make_folder(&dir, runner)?;
    symlink(&dir, place).map_err(ClusterError::io("link", place))?;
    tracing::info!(
        data_dir = %place.display(), files = %dir.display(), uid = runner.uid(),
        "Postgres's user cannot enter the data directory: its files are kept elsewhere"
    );
    Ok(())
}

/// The folder of the socket: in the home, or in `/tmp` where that path is too long for a socket.
fn socket_folder(home: &Path, runner: &Runner) -> Result<PathBuf, ClusterError> {
    let mut dir = home.join("socket");
    if dir.as_os_str().len() > LONGEST_SOCKET_FOLDER {
        let digest = Sha256::digest(home.as_os_str().as_bytes());
        dir = Path::new("/tmp").join(format!("annuaire-{}", hex(digest.get(..8).unwrap_or_default())));
    }
    // The name can be guessed and everybody may write in /tmp: what is there is used only if it is the runner's.
    let found = match fs::symlink_metadata(&dir) {
        Ok(found) => found,
        Err(_) => {
            make_runner_folder(&dir, runner)?;
            return Ok(dir);
        }
    };
    if found.is_dir() && found.uid() == runner.uid() && found.mode() & 0o077 == 0 {
        Ok(dir)
    } else {
        Err(ClusterError::ForeignSocketFolder {
            dir,
            uid: runner.uid(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_home(dir: &Path) -> PathBuf {
        let home = dir.join("a".repeat(100));
        fs::create_dir(&home).unwrap();
        home
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_given_a_short_folder() {
        let dir = tempfile::tempdir().unwrap();
        let home = long_home(dir.path());
        let runner = Runner::choose(&home).unwrap();
        let socket = socket_folder(&home, &runner).unwrap();
        assert!(socket.as_os_str().len() <= LONGEST_SOCKET_FOLDER);
        assert_eq!(
            socket_folder(&home, &runner).unwrap(),
            socket,
            "every process finds the same"
        );
        fs::remove_dir(socket).unwrap();
    }

    #[test]
    fn a_socket_folder_laid_by_somebody_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let home = long_home(dir.path());
        let runner = Runner::choose(&home).unwrap();
        let socket = socket_folder(&home, &runner).unwrap();
        fs::set_permissions(&socket, Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            socket_folder(&home, &runner),
            Err(ClusterError::ForeignSocketFolder { .. })
        ));
        fs::remove_dir(socket).unwrap();
    }
}
