//! The server itself: made once, started, stopped. Everything here is done under the start lock.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::NAME;
use super::error::ClusterError;
use super::home::{Home, make_runner_folder};
use super::programs::Programs;

/// How long a start may take: recovery after a crash replays up to `max_wal_size`.
const START: Duration = Duration::from_secs(300);
/// How often a starting server is asked whether it is ready.
const ASK_AGAIN: Duration = Duration::from_millis(30);
/// A server that was killed leaves processes that hold its memory for a moment; Postgres refuses to start meanwhile.
const ATTEMPTS: u32 = 3;
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// For one modest machine that loads the whole country at once and then mostly reads. Durable: a lost import could be
/// done again, a lost withdrawal could not. `wal_level = minimal` lets a COPY into a new table skip the log.
/// The log never holds a row: errors are terse and without their statement.
const SETTINGS: &str = "\
# Written by annuaire at every start of its private Postgres: changes made here are lost.
include 'cluster/postgresql.conf'
listen_addresses = ''
port = 5432
unix_socket_permissions = 0700
max_connections = 50
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 15min
jit = off
logging_collector = off
log_destination = stderr
log_checkpoints = off
log_error_verbosity = terse
log_min_error_statement = panic
";

#[derive(Debug)]
pub(super) struct Server {
    home: Home,
    programs: Programs,
}

impl Server {
    pub(super) fn new(home: Home) -> Result<Self, ClusterError> {
        let programs = Programs::find(&home.cluster())?;
        Ok(Self { home, programs })
    }

    /// Makes, starts, or simply finds the server, and gives the options to connect with.
    pub(super) async fn ensure_running(&self) -> Result<PgConnectOptions, ClusterError> {
        if !self.home.cluster().exists() {
            tracing::info!(home = %self.home.dir().display(), "making a private Postgres cluster");
            self.make()?;
        }
        self.start().await?;
        let options = self.options(NAME);
        match connect(&options).await {
            Ok(()) => {}
            Err(error) if has_code(&error, INVALID_CATALOG_NAME) => {
                let mut connection = PgConnection::connect_with(&self.options("postgres")).await?;
                sqlx::query("create database annuaire")
                    .execute(&mut connection)
                    .await?;
                connection.close().await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(options)
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.home.socket())
            .port(5432)
            .username(NAME)
            .database(database)
            .application_name(NAME)
            .ssl_mode(PgSslMode::Disable)
            .disable_statement_logging()
    }

    /// Makes the cluster under another name first: one that has its name is whole.
    fn make(&self) -> Result<(), ClusterError> {
        let (unfinished, cluster) = (self.home.dir().join("cluster.new"), self.home.cluster());
        if unfinished.exists() {
            tracing::warn!("the making of the cluster was cut short: starting again");
            fs::remove_dir_all(&unfinished).map_err(ClusterError::io("remove", &unfinished))?;
        }
        make_runner_folder(&unfinished, self.home.runner())?;
        // Rows are ordered by their bytes, the same on every machine; letters are those of Unicode.
        let mut initdb = self.command("initdb", &unfinished);
        initdb.args(["--username", NAME, "--auth=trust", "--encoding=UTF8"]);
        initdb.args([
            "--locale=C",
            "--lc-ctype=C.UTF-8",
            "--no-instructions",
            "--pgdata=.",
        ]);
        run("initdb", &mut initdb)?;
        fs::rename(&unfinished, &cluster)
            .and_then(|()| File::open(self.home.dir())?.sync_all())
            .map_err(ClusterError::io("name", &cluster))
    }

    /// Returns when the server answers, whoever started it.
    async fn start(&self) -> Result<(), ClusterError> {
        let deadline = Instant::now() + START;
        let mut attempts = 0;
        let mut started: Option<JoinHandle<io::Result<ExitStatus>>> = None;
        loop {
            match connect(&self.options("postgres")).await {
                Ok(()) => return Ok(()),
                // No socket, or nobody behind it.
                Err(sqlx::Error::Io(_)) => {}
                // Starting up, recovering, or still shutting down.
                Err(error) if has_code(&error, CANNOT_CONNECT_NOW) => {}
                Err(error) => return Err(error.into()),
            }
            if started.as_ref().is_some_and(JoinHandle::is_finished) {
                if attempts == ATTEMPTS {
                    let log = self.home.log();
                    let tail = tail(&log);
                    return Err(ClusterError::Start { log, tail });
                }
                started = None;
                tokio::time::sleep(BETWEEN_ATTEMPTS).await;
            }
            if started.is_none() && !self.is_alive() {
                started = Some(self.spawn()?);
                attempts += 1;
            }
            if Instant::now() >= deadline {
                return Err(ClusterError::Silent { log: self.home.log() });
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// Starts the server as a child. It outlives us, and its own process group keeps a terminal's Ctrl-C from it;
    /// the thread that is returned waits for its end, so that a dead one is never taken for a running one.
    fn spawn(&self) -> Result<JoinHandle<io::Result<ExitStatus>>, ClusterError> {
        let settings = self.home.dir().join("settings.conf");
        // Relative to Postgres's files where possible, so that no name of a folder needs quoting.
        let socket = match self.home.socket().starts_with(self.home.dir()) {
            true => Path::new("../socket"),
            false => self.home.socket(),
        };
        let text = format!(
            "{SETTINGS}wal_compression = {}\nunix_socket_directories = '{}'\n",
            self.compression(),
            socket.display()
        );
        fs::write(&settings, text)
            .and_then(|()| fs::set_permissions(&settings, Permissions::from_mode(0o644)))
            .map_err(ClusterError::io("write", &settings))?;

        let log = self.home.log();
        // The log of the start before is kept, in case it tells why there was an end; there may be none.
        let _ = fs::rename(&log, log.with_extension("log.old"));
        let log_failed = || ClusterError::io("write", &log);
        self.forget_another()?;
        let output = File::create(&log).map_err(log_failed())?;
        let errors = output.try_clone().map_err(log_failed())?;

        let mut config_file = std::ffi::OsString::from("config_file=");
        config_file.push(&settings);
        let postgres = self.programs.path("postgres");
        let mut child = self
            .command("postgres", &self.home.cluster())
            .args(["-D", ".", "-c"])
            .arg(config_file)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(ClusterError::io("run", &postgres))?;
        Ok(std::thread::spawn(move || child.wait()))
    }

    /// How the log packs whole pages, which a day's changes write more of than anything else: by lz4 where this Postgres
    /// has it (PostgreSQL documentation, "wal_compression": from version 15 on, if it was built with it), by its own
    /// slower way elsewhere.
    fn compression(&self) -> &'static str {
        let mut postgres = self.command("postgres", &self.home.cluster());
        postgres.args(["-D", ".", "-C", "wal_compression", "-c", "wal_compression=lz4"]);
        match postgres.output() {
            Ok(output) if output.status.success() => "lz4",
            _ => "on",
        }
    }

    /// Stops the server and waits for its end; sessions that are left are ended.
    pub(super) fn stop(&self) -> Result<(), ClusterError> {
        if !self.is_alive() {
            return Ok(());
        }
        let mut pg_ctl = self.command("pg_ctl", &self.home.cluster());
        run(
            "pg_ctl",
            pg_ctl.args(["stop", "-D", ".", "-m", "fast", "-w", "-t", "120"]),
        )
    }

    /// Whether the process named in `postmaster.pid` is this cluster's Postgres.
    fn is_alive(&self) -> bool {
        self.named().is_some_and(|process| self.is_ours(&process))
    }

    /// Removes a `postmaster.pid` whose number is somebody else's since: where that runs as the same user, Postgres would
    /// take it for itself and refuse to start, at every start of a container that was killed, for one. A number that
    /// nobody has is left to Postgres, which then looks for what a killed server left behind.
    fn forget_another(&self) -> Result<(), ClusterError> {
        let cluster = self.home.cluster();
        let somebody_works_there = || {
            let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
            processes
                .map(|process| process.path())
                .any(|process| works_in(&process, &cluster) == Some(true))
        };
        match self.named() {
            Some(process) if process.exists() && !self.is_ours(&process) && !somebody_works_there() => {
                let named = cluster.join("postmaster.pid");
                tracing::warn!(file = %named.display(), "removed: the process that it names is another's");
                fs::remove_file(&named).map_err(ClusterError::io("remove", &named))
            }
            _ => Ok(()),
        }
    }

    /// The folder in /proc of the process that `postmaster.pid` names, whether it is there or not.
    fn named(&self) -> Option<PathBuf> {
        let text = fs::read_to_string(self.home.cluster().join("postmaster.pid")).ok()?;
        let number: u32 = text.lines().next()?.trim().parse().ok()?;
        Some(PathBuf::from(format!("/proc/{number}")))
    }

    /// Whether a process is a running Postgres of this cluster. The number alone says little: after a crash it may be free,
    /// or somebody else's, another Postgres among them.
    fn is_ours(&self, process: &Path) -> bool {
        // proc(5): `pid (name) state …`; Z is dead and not yet buried.
        let is_postgres = fs::read_to_string(process.join("stat"))
            .is_ok_and(|stat| stat.contains("(postgres) ") && !stat.contains("(postgres) Z"));
        is_postgres && works_in(process, &self.home.cluster()) != Some(false)
    }

    fn command(&self, program: &str, dir: &Path) -> Command {
        self.home.runner().command(&self.programs.path(program), dir)
    }
}

/// Whether a process works in a folder, as Postgres does in its cluster; `None` where that is not told.
fn works_in(process: &Path, folder: &Path) -> Option<bool> {
    let folder = folder.canonicalize().ok()?;
    let cwd = fs::read_link(process.join("cwd")).ok()?;
    Some(cwd == folder)
}

const CANNOT_CONNECT_NOW: &str = "57P03";
const INVALID_CATALOG_NAME: &str = "3D000";

/// Whether Postgres gave this code (PostgreSQL documentation, appendix A).
fn has_code(error: &sqlx::Error, code: &str) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|found| found == code)
}

async fn connect(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    PgConnection::connect_with(options).await?.close().await
}

fn run(program: &'static str, command: &mut Command) -> Result<(), ClusterError> {
    let output = command
        .output()
        .map_err(ClusterError::io("run", Path::new(command.get_program())))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(ClusterError::Program {
        program,
        output: String::from_utf8_lossy(&said).trim().to_owned(),
    })
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(10)..)
        .unwrap_or_default()
        .join("\n")
}
