//! Postgres's programs: which ones, run as whom. They get an empty environment, so that no `PG…` variable of the
//! caller changes what they do, and never a shell.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;

/// The user that Postgres runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Runner {
    uid: u32,
    gid: u32,
    is_another: bool,
}

impl Runner {
    /// Ourselves; for root, who may not run Postgres: the owner of the cluster if it exists, else Debian's
    /// `postgres`, else `nobody`.
    pub(super) fn choose(cluster: &Path) -> Result<Self, ClusterError> {
        let (uid, gid) = (
            rustix::process::geteuid().as_raw(),
            rustix::process::getegid().as_raw(),
        );
        if uid != 0 {
            return Ok(Self {
                uid,
                gid,
                is_another: false,
            });
        }
        if let Some(owner) = fs::metadata(cluster).ok().filter(|cluster| cluster.uid() != 0) {
            return Ok(Self {
                uid: owner.uid(),
                gid: owner.gid(),
                is_another: true,
            });
        }
        let path = Path::new("/etc/passwd");
        let passwd = fs::read_to_string(path).map_err(ClusterError::io("read", path))?;
        let (uid, gid) = ["postgres", "nobody"]
            .iter()
            .find_map(|name| ids_of(&passwd, name))
            .ok_or(ClusterError::NoRunner)?;
        Ok(Self {
            uid,
            gid,
            is_another: true,
        })
    }

    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    pub(super) fn gid(&self) -> u32 {
        self.gid
    }

    /// Whether Postgres runs as somebody else than this process.
    pub(super) fn is_another(&self) -> bool {
        self.is_another
    }

    /// Whether this user can pass through a folder. Asked of the system, which alone knows all its rules.
    pub(super) fn may_enter(&self, dir: &Path) -> bool {
        if !self.is_another {
            return true;
        }
        let status = self
            .command(Path::new("/usr/bin/test"), Path::new("/"))
            .arg("-x")
            .arg(dir)
            .status();
        status.is_ok_and(|status| status.success())
    }

    /// A program to be run as this user (and without root's groups) in a folder that it can enter.
    pub(super) fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", "/usr/bin:/bin")
            .current_dir(dir);
        if self.is_another {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }
}

/// User and group numbers of an account (passwd(5): `name:password:uid:gid:…`); root's do not count.
fn ids_of(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid: u32 = fields.nth(1)?.parse().ok()?;
        let gid: u32 = fields.next()?.parse().ok()?;
        (uid != 0).then_some((uid, gid))
    })
}

/// The programs of one installed version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    bin: PathBuf,
    major: u32,
}

impl Programs {
    /// Those that can open the cluster, or the newest where there is none yet.
    pub(super) fn find(cluster: &Path) -> Result<Self, ClusterError> {
        let installed = installed();
        let version_file = cluster.join("PG_VERSION");
        match fs::read_to_string(&version_file)
            .ok()
            .and_then(|text| text.trim().parse().ok())
        {
            None => installed
                .into_iter()
                .max_by_key(|programs| programs.major)
                .ok_or(ClusterError::ProgramsMissing),
            Some(major) => installed
                .into_iter()
                .find(|programs| programs.major == major)
                .ok_or(ClusterError::VersionMissing {
                    cluster: cluster.to_owned(),
                    major,
                }),
        }
    }

    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }
}

/// Every complete set of programs: in `PATH` first, then where Debian keeps them, one folder per major version.
fn installed() -> Vec<Programs> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    std::env::split_paths(&path)
        .chain(debian.map(|version| version.path().join("bin")))
        .filter(|bin| {
            ["initdb", "postgres", "pg_ctl"]
                .iter()
                .all(|program| bin.join(program).is_file())
        })
        .filter_map(|bin| {
            let output = Command::new(bin.join("postgres"))
                .arg("--version")
                .output()
                .ok()?;
            let major = major_version(&String::from_utf8_lossy(&output.stdout))?;
            Some(Programs { bin, major })
        })
        .collect()
}

/// The major version in `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`; `17beta1` is a 17.
fn major_version(text: &str) -> Option<u32> {
    let version = text.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_prints() {
        assert_eq!(
            major_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_version("postgres (PostgreSQL) 17beta1\n"), Some(17));
        assert_eq!(major_version("mysqld  Ver 8"), None);
    }

    #[test]
    fn an_account_is_found_by_its_whole_name_and_is_never_root() {
        let passwd =
            "root:x:0:0::/root:/bin/bash\npostgresql:x:7:7::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(ids_of(passwd, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(passwd, "root"), None);
        assert_eq!(ids_of(passwd, "nobody"), None);
    }
}
