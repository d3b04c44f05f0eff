//! From extracts to rows: gather files in memory, compare them with the store, write what changed.
//!
//! One command is one transaction and one published version: each file is accepted or refused as a whole, and
//! all that was accepted becomes visible at one moment.

mod boxes;
mod codes;
mod copy;
mod establishments;
mod fingerprint;
mod gather;
mod lists;
mod people;
pub(crate) mod publication;
mod report;
mod sites;
mod write;
mod write_boxes;
mod write_lists;
mod write_people;
mod write_reference;
mod write_structures;

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use sqlx::{Connection as _, PgPool};

use crate::source::{self, Extract, Kind};
pub use gather::Reject;
use publication::Publication;
pub use report::{Entities, FileReport, Report};
pub use write_reference::qualification_table;

/// What to import and how.
#[derive(Debug, Default, Clone)]
pub struct Options {
    pub paths: Vec<PathBuf>,
    /// Dates extracts that neither name nor content dates.
    pub date: Option<Date>,
    /// Takes files older than those loaded.
    pub force: bool,
    /// Stops before committing.
    pub dry_run: bool,
    /// Marks what is loaded as a sample, which the first other import replaces.
    pub sample: bool,
}

/// Why an import failed as a whole; nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No path held an extract.
    #[error("nothing to import: {0}")]
    Nothing(String),
    /// Postgres refused or went away.
    #[error("the store refused the import, which left it as it was: {0}")]
    Store(#[from] sqlx::Error),
}

/// Imports what the paths hold. `progress` is told of the file being read and of bytes as they come.
pub async fn run(
    pool: &PgPool,
    options: &Options,
    now: Timestamp,
    progress: &mut dyn FnMut(&str, u64),
) -> Result<Report, ImportError> {
    let start = std::time::Instant::now();
    let (extracts, errors) = source::discover(&options.paths, options.date);
    let mut report = Report {
        refus: errors.iter().map(ToString::to_string).collect(),
        a_blanc: options.dry_run,
        ..Report::default()
    };
    let extracts = newest_of_each_kind(extracts, &mut report);
    if extracts.is_empty() {
        let reason = match report.refus.as_slice() {
            [] => "no file there".to_owned(),
            refused => refused.join("; "),
        };
        return Err(ImportError::Nothing(reason));
    }
    let mut connection = pool.acquire().await?.detach();
    let mut transaction = connection.begin().await?;
    let mut publication = Publication::begin(&mut transaction, now.as_second()).await?;
    write::replace_sample(&mut publication, options.sample).await?;
    let mut accepted = Vec::new();
    for extract in extracts {
        if let Some(loaded) = newer_loaded(&mut publication, &extract).await?
            && !options.force
        {
            let (name, date) = (extract.name(), extract.date.value);
            report.refus.push(format!(
                "{name}: of {date}, older than the {} of {loaded} that is loaded; --force takes it",
                extract.kind.as_str()
            ));
            continue;
        }
        let name = extract.name();
        let gathered =
            tokio::task::block_in_place(|| gather::gather(&extract, &mut |bytes| progress(&name, bytes)));
        match gathered {
            Ok(gathered) => accepted.push((extract, gathered)),
            Err(error) => report.refus.push(error.to_string()),
        }
    }
    report.fichiers = write::write(&mut publication, accepted).await?;
    let run = write::record_run(&mut publication, &report).await?;
    let version = publication.finish().await?;
    if options.dry_run {
        transaction.rollback().await?;
    } else {
        sqlx::query("update import_runs set finished_at = clock_timestamp(), version = $2 where id = $1")
            .bind(run)
            .bind(version)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        report.version = version;
        // Plans for the tables as they are now; a failure only costs speed.
        if version.is_some() {
            let _ = sqlx::query("analyze").execute(&mut connection).await;
        }
    }
    let _ = connection.close().await;
    report.secondes = start.elapsed().as_secs_f64();
    Ok(report)
}

/// Keeps one extract of each kind (of each table, for nomenclatures): the newest, of several of one date the
/// last by name, which puts cs1100507 with its coordinates before cs1100502.
fn newest_of_each_kind(mut extracts: Vec<Extract>, report: &mut Report) -> Vec<Extract> {
    extracts.sort_by(|a, b| {
        let key = |e: &Extract| (e.kind, e.table.clone(), e.date.value);
        key(a).cmp(&key(b)).then_with(|| a.name().cmp(&b.name()))
    });
    let mut kept: Vec<Extract> = Vec::new();
    for extract in extracts {
        match kept.last_mut() {
            Some(last) if same_kind(last, &extract) => {
                report
                    .ecartes
                    .push(format!("{}: {} is newer or fuller", last.name(), extract.name()));
                *last = extract;
            }
            _ => kept.push(extract),
        }
    }
    kept
}

fn same_kind(a: &Extract, b: &Extract) -> bool {
    // A CodeSystem tells its table only when it is read.
    a.kind == b.kind && (a.kind != Kind::Nomenclature || (a.table.is_some() && a.table == b.table))
}

async fn newer_loaded(
    publication: &mut Publication<'_>,
    extract: &Extract,
) -> Result<Option<DateTime>, sqlx::Error> {
    if extract.kind == Kind::Nomenclature {
        return Ok(None);
    }
    let loaded: Option<String> =
        sqlx::query_scalar("select to_char(date, 'YYYY-MM-DD\"T\"HH24:MI:SS') from sources where genre = $1")
            .bind(extract.kind.as_str())
            .fetch_optional(&mut *publication.connection)
            .await?;
    Ok(loaded
        .and_then(|text| source::date::parse(&text))
        .filter(|loaded| *loaded > extract.date.value))
}
