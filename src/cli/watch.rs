//! `annuaire import --watch DIR --every 1h`: takes new files once they are complete, never twice, and tells a
//! hook command how it went. Runs until it is told to stop; an import under way ends first.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, SystemTime};

use sqlx::PgPool;
use tokio::io::AsyncWriteExt as _;
use tokio::signal::unix::{SignalKind, signal};

use super::import::{ImportOptions, give_way, once};
use super::settings::CommonSettings;
use super::{Failure, close_store, open_store};
use crate::import::{ImportError, Report};

/// A file is complete when neither its size nor its time has moved for this long.
const SETTLE: Duration = Duration::from_secs(10);
/// Longest run of the hook.
const HOOK: Duration = Duration::from_secs(60);
/// Names that programs give to files that they still write.
const UNFINISHED: [&str; 5] = [".part", ".tmp", ".filepart", ".crdownload", ".download"];

/// What tells a file from the next one of its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Seen {
    path: PathBuf,
    bytes: i64,
    /// Nanoseconds since the Unix epoch.
    modified_at: i64,
}

/// Watches a folder.
pub async fn run(
    common: &CommonSettings,
    options: &ImportOptions,
    folder: &Path,
    every: Duration,
) -> Result<ExitCode, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut taken = HashSet::new();
    // A folder that never was there is a mistake; one that is away for a moment comes back.
    look(folder)?;
    loop {
        let settle = SETTLE.min(every);
        let before = look_again(options, folder).await;
        tokio::select! {
            () = tokio::time::sleep(settle) => {}
            _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
            _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
        }
        // Where it fails only now, the next round tells it.
        let mut complete = look(folder).unwrap_or_default();
        complete.retain(|file| before.contains(file) && !taken.contains(file));
        if !complete.is_empty() {
            match take(common, options, complete).await {
                Ok(done) => taken.extend(done),
                // The files are looked at again: what failed was not their fault.
                Err(error) => tell_failure(options, &error).await,
            }
        }
        tokio::select! {
            () = tokio::time::sleep(every.saturating_sub(settle)) => {}
            _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
            _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// The same as [`look`], none where the folder cannot be read.
async fn look_again(options: &ImportOptions, folder: &Path) -> Vec<Seen> {
    match look(folder) {
        Ok(files) => files,
        Err(error) => {
            tell_failure(options, &error).await;
            Vec::new()
        }
    }
}

/// Tells the log and the hook what failed; the next round tries again.
async fn tell_failure(options: &ImportOptions, error: &Failure) {
    tracing::error!(%error, "watching failed; it is tried again");
    let report = serde_json::json!({ "erreur": error.to_string() });
    tell(options, "failed", &report).await;
}

/// The files directly in the folder that somebody has finished naming, in order of name.
fn look(folder: &Path) -> Result<Vec<Seen>, Failure> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("cannot watch {}: {error}", folder.display()))?;
    let mut files: Vec<Seen> = entries.filter_map(|entry| seen(&entry.ok()?)).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn seen(entry: &std::fs::DirEntry) -> Option<Seen> {
    let name = entry.file_name().to_string_lossy().to_lowercase();
    let unfinished = name.starts_with('.') || UNFINISHED.iter().any(|end| name.ends_with(end));
    let metadata = entry.metadata().ok().filter(|metadata| metadata.is_file())?;
    let modified = metadata
        .modified()
        .ok()?
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    (!unfinished && metadata.len() > 0).then_some(Seen {
        path: entry.path(),
        bytes: i64::try_from(metadata.len()).ok()?,
        modified_at: i64::try_from(modified.as_nanos()).ok()?,
    })
}

/// Imports what no watcher of this store has taken before. Gives what is done with, refused files included.
async fn take(
    common: &CommonSettings,
    options: &ImportOptions,
    mut files: Vec<Seen>,
) -> Result<Vec<Seen>, Failure> {
    let (pool, cluster) = open_store(common).await?;
    let pool = give_way(common, pool).await;
    let done = async {
        let known = known(&pool).await?;
        let (old, new): (Vec<_>, Vec<_>) = files.drain(..).partition(|file| known.contains(file));
        if !new.is_empty() {
            let paths = new.iter().map(|file| file.path.clone()).collect();
            let (outcome, report) = match once(common, options, &pool, paths).await {
                Ok(report) if report.refus.is_empty() => ("ok", told(&report)),
                Ok(report) => ("refused", told(&report)),
                Err(error) if is_nothing(&error) => {
                    ("refused", serde_json::json!({ "erreur": error.to_string() }))
                }
                Err(error) => return Err(error),
            };
            remember(&pool, &new).await?;
            tracing::info!(files = new.len(), outcome, "new files");
            tell(options, outcome, &report).await;
        }
        Ok([old, new].concat())
    };
    let done = done.await;
    close_store(pool, cluster).await;
    done
}

fn told(report: &Report) -> serde_json::Value {
    serde_json::to_value(report).unwrap_or_default()
}

/// Whether the files were at fault, none of them being an extract.
fn is_nothing(error: &Failure) -> bool {
    matches!(error.downcast_ref::<ImportError>(), Some(ImportError::Nothing(_)))
}

async fn known(pool: &PgPool) -> Result<HashSet<Seen>, sqlx::Error> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as("select path, bytes, modified_at from watched_files")
        .fetch_all(pool)
        .await?;
    let seen = |(path, bytes, modified_at): (String, i64, i64)| Seen {
        path: path.into(),
        bytes,
        modified_at,
    };
    Ok(rows.into_iter().map(seen).collect())
}

async fn remember(pool: &PgPool, files: &[Seen]) -> Result<(), sqlx::Error> {
    for file in files {
        sqlx::query(
            "insert into watched_files (path, bytes, modified_at) values ($1, $2, $3) on conflict do nothing",
        )
        .bind(file.path.to_string_lossy())
        .bind(file.bytes)
        .bind(file.modified_at)
        .execute(pool)
        .await?;
    }
    Ok(())
}

/// Runs the hook: the outcome (`ok`, `refused` or `failed`) in ANNUAIRE_IMPORT_OUTCOME, the report as JSON on its
/// standard input. What the hook does of it changes nothing here.
async fn tell(options: &ImportOptions, outcome: &str, report: &serde_json::Value) {
    let Some(hook) = &options.hook else { return };
    let run = async {
        let mut child = tokio::process::Command::new("sh")
            .args(["-c", hook])
            .env("ANNUAIRE_IMPORT_OUTCOME", outcome)
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A hook may well not read it.
            let _ = input.write_all(report.to_string().as_bytes()).await;
        }
        child.wait().await
    };
    match tokio::time::timeout(HOOK, run).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::warn!(%status, "the hook failed"),
        Ok(Err(error)) => tracing::warn!(%error, "the hook could not be run"),
        Err(_) => tracing::warn!("the hook took more than a minute and was ended"),
    }
}
