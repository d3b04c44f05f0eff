//! From extracts to rows: gather files in memory, compare them with the store, write what changed.
//!
//! One command is one transaction and one published version: each file is accepted or refused as a whole, and
//! all that was accepted becomes visible at one moment.

mod attached;
mod boxes;
mod centres;
mod codes;
mod communes;
mod copy;
mod establishments;
mod fingerprint;
mod first_load;
mod gather;
mod guard;
mod history;
pub mod ledger;
mod lists;
mod people;
mod pipe;
pub(crate) mod publication;
mod reading;
mod report;
mod sites;
mod structure_keys;
mod tally;
mod texts;
mod write;
mod write_boxes;
mod write_finess;
mod write_lists;
mod write_people;
mod write_reference;
mod write_structures;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::{Connection as _, PgPool};

use crate::source::signature::Trust;
use crate::source::{self, Extract, Kind, SourceError};
use crate::store::{changes, suppressions};
use first_load::FirstLoad;
pub use gather::Reject;
use publication::Publication;
use reading::Reading;
pub use report::{Entities, FileReport, Report};
pub use write_reference::qualification_table;

/// What to import and how.
#[derive(Debug, Clone)]
pub struct Options {
    pub paths: Vec<PathBuf>,
    /// Dates extracts that neither name nor content dates.
    pub date: Option<Date>,
    /// Takes files older than those loaded.
    pub force: bool,
    /// Takes files that hold far fewer entries than the last ones.
    pub allow_drop: bool,
    /// Whose white lists to take.
    pub trust: Trust,
    /// Days for which the change log is kept.
    pub history_days: u16,
    /// Stops before committing.
    pub dry_run: bool,
    /// Marks what is loaded as a sample, which the first other import replaces.
    pub sample: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            date: None,
            force: false,
            allow_drop: false,
            trust: Trust::default(),
            history_days: 30,
            dry_run: false,
            sample: false,
        }
    }
}

/// Why an import failed as a whole; nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No path held an extract; the report tells of each.
    #[error("nothing to import: {}", reason(.0))]
    Nothing(Box<Report>),
    /// Postgres refused or went away.
    #[error("nothing was imported, the store is as it was: {}", cause(.0))]
    Store(#[from] sqlx::Error),
}

impl ImportError {
    /// The report of an import that failed.
    pub fn report(&self) -> Report {
        let failure = Report::of_failure(self);
        match self {
            Self::Nothing(report) => Report {
                erreur: failure.erreur,
                ..report.as_ref().clone()
            },
            Self::Store(_) => failure,
        }
    }
}

/// Why nothing is left to import.
fn reason(report: &Report) -> String {
    match report.refus.as_slice() {
        [] if report.ecartes.is_empty() => "no file there".to_owned(),
        [] => report.ecartes.join("; "),
        refused => refused.join("; "),
    }
}

/// What went wrong with the store, and what to do.
fn cause(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some("53100") => format!("its disk is full ({error}); make room and import again"),
        // Shut down by an administrator, crashed, or not accepting connections.
        Some("57P01" | "57P02" | "57P03") => {
            format!("it was stopped ({error}); import again once it answers")
        }
        Some(_) => error.to_string(),
        None => format!("the connection to it was lost ({error}); import again once it answers"),
    }
}

/// Is told of the file being read and of bytes as they come, by the threads that read.
pub type Progress = Arc<dyn Fn(&str, u64) + Send + Sync>;

/// Looks at a few thousand rows of each table, which is enough to know how large it is; Postgres looks closer by itself.
const SKETCH: &str = "set default_statistics_target = 10; analyze";

/// Imports what the paths hold.
pub async fn run(
    pool: &PgPool,
    options: &Options,
    now: Timestamp,
    progress: Progress,
) -> Result<Report, ImportError> {
    let start = std::time::Instant::now();
    let (extracts, errors) = source::discover(&options.paths, options.date);
    let (not_needed, errors): (Vec<_>, Vec<_>) = errors.into_iter().partition(SourceError::is_harmless);
    let mut report = Report {
        refus: errors.iter().map(ToString::to_string).collect(),
        ecartes: not_needed.iter().map(ToString::to_string).collect(),
        a_blanc: options.dry_run,
        ..Report::default()
    };
    // The sample is taken whatever the clock says.
    let extracts = match options.sample {
        true => extracts,
        false => guard::leave_out_future(extracts, now, options.force, &mut report),
    };
    let extracts = newest_of_each_kind(extracts, &mut report);
    if extracts.is_empty() {
        report.secondes = start.elapsed().as_secs_f64();
        return Err(ImportError::Nothing(Box::new(report)));
    }
    let mut connection = pool.acquire().await?.detach();
    let mut transaction = connection.begin().await?;
    let mut publication = Publication::begin(&mut transaction, now.as_second()).await?;
    write::replace_sample(&mut publication, options.sample).await?;
    // Mailboxes are written last, and read once all else is read: most of it is forgotten by then.
    let (boxes, extracts): (Vec<_>, Vec<_>) = extracts
        .into_iter()
        .partition(|extract| extract.kind == Kind::CorrespondanceMssante);
    let mut boxes = Reading::of(boxes, options, progress.clone());
    let mut extracts = Reading::of(extracts, options, progress);
    extracts.begin(&mut publication, &mut report).await?;
    let first_load = FirstLoad::begin(&mut publication, &first_load::TABLES).await?;
    report.fichiers = write::write(&mut publication, &mut extracts, &mut boxes, &mut report).await?;
    if report.fichiers.iter().any(FileReport::tells_places) {
        centres::refresh(&mut publication).await?;
    }
    if let Some(first_load) = first_load {
        first_load.finish(publication.connection).await?;
    }
    while let Some((extract, gathered)) = boxes.next(&mut publication, &mut report).await? {
        let written = write::write_mailboxes(&mut publication, &extract, gathered).await?;
        report.fichiers.extend(written);
    }
    suppressions::apply(publication.connection).await?;
    let run = write::record_run(&mut publication, &report).await?;
    let version = publication.finish().await?;
    // Where every file was refused nothing is written, and the sample does not give way to nothing.
    if options.dry_run || report.fichiers.is_empty() {
        transaction.rollback().await?;
    } else {
        sqlx::query("update import_runs set finished_at = clock_timestamp(), version = $2 where id = $1")
            .bind(run)
            .bind(version)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        report.version = version;
        if let Err(error) = changes::prune(&mut connection, options.history_days).await {
            tracing::warn!(%error, "the old part of the change log stays until the next import");
        }
        // Plans for the tables as they are now, where they are others than before; a failure only costs speed.
        let much = sqlx::query_scalar("select rebuild from publications where version = $1");
        if let Ok(Some(true)) = much.bind(version).fetch_optional(&mut connection).await {
            let _ = sqlx::raw_sql(SKETCH).execute(&mut connection).await;
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
