//! `annuaire import`: loads extracts, then sees to it that they are served.

use std::borrow::Cow;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;

use super::settings::CommonSettings;
use super::{Failure, close_store, open_store, say, watch};
use crate::import::{self, Report};
use crate::index::node::Node;
use crate::priority;
use crate::room;
use crate::source::signature::Trust;
use crate::store::connect;
use crate::store::lock::{ServeLock, Use};
use crate::store::nodes;

/// How long to wait for the nodes to show what was imported.
const PATIENCE: Duration = Duration::from_secs(600);

/// Options of `annuaire import`.
#[derive(Debug, Args)]
pub struct ImportOptions {
    /// Extracts, or folders of them; below these, links to folders are not followed
    #[arg(required_unless_present = "watch", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Takes new files that lie in this folder itself once they are complete, never twice, until told to stop
    #[arg(long, value_name = "DIR", requires = "every", conflicts_with_all = ["paths", "dry_run"])]
    watch: Option<PathBuf>,
    /// How often to look, such as 1h or 10m
    #[arg(long, value_name = "TIME", requires = "watch", value_parser = every)]
    every: Option<Duration>,
    /// Command to run after each import of --watch, the outcome in ANNUAIRE_IMPORT_OUTCOME (ok, refused, failed) and
    /// the report as JSON on its standard input
    #[arg(long, value_name = "COMMAND", requires = "watch")]
    pub hook: Option<String>,
    /// Date of extracts that neither their name nor their content dates [default: the file's own]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<jiff::civil::Date>,
    /// Takes files older than those loaded, or dated in the future (logged)
    #[arg(long)]
    force: bool,
    /// Takes files that hold over 5 % fewer entries of a kind than the last ones (logged)
    #[arg(long)]
    allow_drop: bool,
    /// Takes a white list without a valid signature
    #[arg(long)]
    allow_unsigned: bool,
    /// Reads and compares, but stores nothing
    #[arg(long)]
    dry_run: bool,
    /// Writes the report as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Writes each rejected line by file, number, column and reason
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// The report on standard output as JSON
    #[arg(long)]
    json: bool,
}

fn every(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    match Duration::try_from(span) {
        Ok(every) if every >= Duration::from_secs(1) => Ok(every),
        _ => Err("at least one second".to_owned()),
    }
}

/// Runs the command: status 1 when any file was refused.
pub async fn run(common: &CommonSettings, options: ImportOptions) -> Result<ExitCode, Failure> {
    if let (Some(folder), Some(every)) = (&options.watch, options.every) {
        return watch::run(common, &options, folder, every).await;
    }
    // Wrong settings are told before a Postgres is started for them, and before anything is imported.
    trust(common, options.allow_unsigned)?;
    for file in options.report.iter().chain(&options.rejects) {
        write(file, b"")?;
    }
    let (pool, cluster) = match open_store(common).await {
        Ok(store) => store,
        Err(error) => {
            tell_machines(&options, &Report::of_failure(&error))?;
            return Err(error);
        }
    };
    let pool = give_way(common, pool).await;
    let done = once(common, &options, &pool, options.paths.clone()).await;
    close_store(pool, cluster).await;
    Ok(if done?.refus.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Has this process give way from now on, and what Postgres does for it by the pool that it is given. Not before a Postgres
/// that this command started: it may serve others.
pub async fn give_way(common: &CommonSettings, pool: sqlx::PgPool) -> sqlx::PgPool {
    priority::lower_process();
    room::leave(&common.store.data_dir, common.leave_processors);
    let giving_way = connect::giving_way(&pool);
    pool.close().await;
    giving_way
}

/// Imports once, waits until it is served, and tells.
pub async fn once(
    common: &CommonSettings,
    options: &ImportOptions,
    pool: &sqlx::PgPool,
    paths: Vec<PathBuf>,
) -> Result<Report, Failure> {
    let wanted = import::Options {
        paths,
        date: options.date,
        force: options.force,
        allow_drop: options.allow_drop,
        trust: trust(common, options.allow_unsigned)?,
        history_days: common.history_days,
        dry_run: options.dry_run,
        sample: false,
    };
    let progress = Arc::new(Mutex::new(Progress::new()));
    let shared = progress.clone();
    let tell = move |file: &str, bytes| lock(&shared).add(file, bytes);
    let done = import::run(pool, &wanted, Timestamp::now(), Arc::new(tell)).await;
    lock(&progress).end();
    match done {
        Ok(report) => {
            finish(common, pool, options, &report).await?;
            Ok(report)
        }
        Err(error) => {
            tell_machines(options, &error.report())?;
            Err(error.into())
        }
    }
}

fn lock(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whose white lists to take, as the settings say.
fn trust(common: &CommonSettings, allow_unsigned: bool) -> Result<Trust, Failure> {
    let wrong =
        |file: &Path, why: &dyn std::fmt::Display| format!("--white-list-ca {}: {why}", file.display());
    let file = common.white_list_ca.as_deref();
    let pem = file
        .map(|file| std::fs::read(file).map_err(|error| wrong(file, &error)))
        .transpose()?;
    let mut trust = Trust::new(pem.as_deref(), &common.white_list_signer)
        .map_err(|error| wrong(file.unwrap_or(Path::new("")), &error))?;
    trust.allow_unsigned = allow_unsigned;
    Ok(trust)
}

async fn finish(
    common: &CommonSettings,
    pool: &sqlx::PgPool,
    options: &ImportOptions,
    report: &Report,
) -> Result<(), Failure> {
    let visible = match report.version {
        Some(version) => make_visible(common, pool, version).await,
        None => Ok(()),
    };
    tell_machines(options, report)?;
    if !options.json {
        say(format_args!("{}", report.to_string().trim_end()))?;
    }
    visible
}

/// Writes the report and the rejects where they were asked for.
fn tell_machines(options: &ImportOptions, report: &Report) -> Result<(), Failure> {
    if let Some(file) = &options.report {
        write(file, &serde_json::to_vec_pretty(report)?)?;
    }
    if let Some(file) = &options.rejects {
        write(file, rejects(report).as_bytes())?;
    }
    if options.json {
        say(format_args!("{}", serde_json::to_string(report)?))?;
    }
    Ok(())
}

/// Without a node on this data directory, builds its index; then waits for the nodes that serve this store.
pub async fn make_visible(common: &CommonSettings, pool: &sqlx::PgPool, version: i64) -> Result<(), Failure> {
    let data_dir = &common.store.data_dir;
    if let Ok(lock) = ServeLock::hold_data_dir(data_dir, Use::Indexing, Timestamp::now()) {
        Node::open_held(data_dir, &lock)?.catch_up(pool).await?;
    }
    if !nodes::all_show(pool, version, PATIENCE).await? {
        eprintln!("annuaire: stored, but a node does not show it yet; see annuaire status");
    }
    Ok(())
}

fn write(file: &Path, content: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, content).map_err(|error| format!("cannot write {}: {error}", file.display()).into())
}

/// The rejects as CSV. Paths and columns may hold any sign.
fn rejects(report: &Report) -> String {
    let mut text = String::from("fichier;ligne;colonne;motif\n");
    for file in &report.fichiers {
        for reject in &file.rejects {
            let line = reject.line.to_string();
            let column = reject.column.as_deref().unwrap_or("");
            let fields = [&file.fichier, line.as_str(), column, &reject.reason].map(csv_field);
            text.push_str(&fields.join(";"));
            text.push('\n');
        }
    }
    text
}

/// A field between `;`, in quotes where it needs them (RFC 4180).
fn csv_field(value: &str) -> Cow<'_, str> {
    if value.contains([';', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\"")).into()
    } else {
        value.into()
    }
}

/// A line that is rewritten on a terminal, a line every few seconds elsewhere.
struct Progress {
    bytes: u64,
    start: Instant,
    told: Instant,
    every: Duration,
    terminal: bool,
}

impl Progress {
    fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let every = if terminal {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(5)
        };
        Self {
            bytes: 0,
            start: Instant::now(),
            told: Instant::now(),
            every,
            terminal,
        }
    }

    fn add(&mut self, file: &str, bytes: u64) {
        self.bytes += bytes;
        if self.told.elapsed() < self.every {
            return;
        }
        self.told = Instant::now();
        let seconds = self.start.elapsed().as_secs_f64();
        let megabytes = self.bytes as f64 / 1e6;
        let line = format!(
            "{file}: {megabytes:.0} MB read in all, {:.0} MB/s",
            megabytes / seconds
        );
        if self.terminal {
            eprint!("\r\x1b[K{line}");
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }

    fn end(&self) {
        if self.terminal && self.bytes > 0 {
            eprint!("\r\x1b[K");
        }
    }
}
