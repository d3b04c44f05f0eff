//! `annuaire export`: one extraction, to a file that appears whole or not at all, or to standard output.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use tokio_stream::StreamExt as _;

use super::settings::CommonSettings;
use super::{Failure, close_store, open_existing_store};
use crate::export::mark::Since;
use crate::export::{Filters, Format, Kind, LICENCE, Request, SOURCE, stream};

/// Options of `annuaire export`. Filters repeat: alternatives within one, all across.
#[derive(Debug, Args)]
pub struct ExportOptions {
    /// What to extract
    #[arg(value_enum)]
    kind: KindName,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// csv has the official layout
    #[arg(long, value_enum, default_value = "csv")]
    format: FormatName,
    /// Only what changed since: the mark of an earlier extraction, or an instant (RFC 3339)
    #[arg(long, alias = "depuis", value_name = "MARK")]
    since: Option<String>,
    /// Code of a profession
    #[arg(long, value_name = "CODE")]
    profession: Vec<String>,
    /// Code of a qualification
    #[arg(long, value_name = "CODE")]
    savoir_faire: Vec<String>,
    /// Code of a mode of practice
    #[arg(long, value_name = "CODE")]
    mode_exercice: Vec<String>,
    /// 44, 2A, 971
    #[arg(long, value_name = "CODE")]
    departement: Vec<String>,
    /// Postal code
    #[arg(long, value_name = "CODE")]
    code_postal: Vec<String>,
    /// Name or INSEE code of a commune
    #[arg(long, value_name = "NAME")]
    commune: Vec<String>,
    /// FINESS, SIRET, SIREN or identifier of a structure
    #[arg(long, value_name = "ID")]
    structure: Vec<String>,
    /// PER, ORG, APP, CAB
    #[arg(long, value_name = "TYPE", value_parser = ["PER", "ORG", "APP", "CAB"])]
    type_bal: Vec<String>,
    /// Domain of mailboxes
    #[arg(long, value_name = "DOMAIN")]
    domaine: Vec<String>,
    /// Code of a category of establishments
    #[arg(long, value_name = "CODE")]
    categorie: Vec<String>,
    /// With, or without, a published mailbox
    #[arg(long, value_name = "BOOL")]
    avec_messagerie: Option<bool>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindName {
    /// Published mailboxes, in the 31 official columns
    Correspondance,
    /// Professionals and their activities
    Professionnels,
    /// Structures
    Structures,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    Csv,
    Ndjson,
    Parquet,
}

impl ExportOptions {
    fn request(&self) -> Request {
        let mut filters = Filters::default();
        for (name, values) in [
            ("profession", &self.profession),
            ("savoir_faire", &self.savoir_faire),
            ("mode_exercice", &self.mode_exercice),
            ("departement", &self.departement),
            ("code_postal", &self.code_postal),
            ("commune", &self.commune),
            ("structure", &self.structure),
            ("type_bal", &self.type_bal),
            ("domaine", &self.domaine),
            ("categorie", &self.categorie),
        ] {
            filters.add(name, values.clone());
        }
        let with = self.avec_messagerie.map(|with| with.to_string());
        filters.add("avec_messagerie", with.into_iter().collect());
        Request {
            kind: match self.kind {
                KindName::Correspondance => Kind::Correspondance,
                KindName::Professionnels => Kind::Professionnels,
                KindName::Structures => Kind::Structures,
            },
            format: match self.format {
                FormatName::Csv => Format::Csv,
                FormatName::Ndjson => Format::Ndjson,
                FormatName::Parquet => Format::Parquet,
            },
            filters,
            since: self.since.as_deref().map(Since::parse),
        }
    }
}

/// Writes the extraction; its mark, its source and its licence go to standard error.
pub async fn run(common: &CommonSettings, options: ExportOptions) -> Result<ExitCode, Failure> {
    let (pool, cluster) = open_existing_store(common).await?;
    let done = write(&pool, &options).await;
    close_store(pool, cluster).await;
    eprintln!("mark: {}\nsource: {SOURCE}\nlicence: {LICENCE}", done?);
    Ok(ExitCode::SUCCESS)
}

async fn write(pool: &sqlx::PgPool, options: &ExportOptions) -> Result<String, Failure> {
    let stream = stream::open(pool, &options.request()).await?;
    let mut pieces = stream.pieces;
    let Some(path) = &options.out else {
        let mut out = std::io::stdout().lock();
        while let Some(piece) = pieces.next().await {
            out.write_all(&piece?)?;
        }
        out.flush()?;
        return Ok(stream.mark);
    };
    let wrong = |error| format!("cannot write {}: {error}", path.display());
    // What a link leads to is meant.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    // A device or a pipe is written to, not replaced.
    let is_file = std::fs::metadata(path).map_or(true, |metadata| metadata.is_file());
    let unfinished = if is_file { beside(path) } else { path.clone() };
    let mut file = std::fs::File::create(&unfinished).map_err(wrong)?;
    while let Some(piece) = pieces.next().await {
        let written = piece
            .map_err(Failure::from)
            .and_then(|piece| file.write_all(&piece).map_err(|error| wrong(error).into()));
        if let Err(error) = written {
            if is_file {
                let _ = std::fs::remove_file(&unfinished);
            }
            return Err(error);
        }
    }
    if is_file {
        file.sync_all().map_err(wrong)?;
        std::fs::rename(&unfinished, path).map_err(wrong)?;
    }
    Ok(stream.mark)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    path.with_file_name(name)
}
