//! One reader per kind of extract: bytes in, records and rejects out.
//!
//! A file is recognised by its content, never by its name. A reader never touches the store, never keeps a
//! file in memory, and never stops at a bad line.

mod batches;
mod c14n;
mod container;
pub mod date;
pub mod encoding;
mod finess;
mod json;
mod lines;
mod mssante;
mod nos;
mod paper;
mod pipe;
mod read;
mod recognise;
pub mod record;
mod rpps;
pub mod signature;
pub mod sink;
mod whitelist;
mod xml;

use std::path::{Path, PathBuf};

use date::ExtractDate;
use jiff::civil::Date;
use signature::Trust;
use sink::Sink;

use crate::directory::address::{AddressFault, is_citizen, may_hold_address};

pub use read::read_bytes;
pub use recognise::Kind;

/// Deepest folder looked into.
const MAX_DEPTH: usize = 4;

/// Why a file could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file system refused.
    #[error("{}: cannot be read: {error}", file.display())]
    Unreadable { file: PathBuf, error: std::io::Error },
    /// A zip that cannot be opened, or holds too much.
    #[error("{}: not a readable archive: {reason}", file.display())]
    BadArchive { file: PathBuf, reason: String },
    /// Content of no known kind.
    #[error("{file}: none of the extracts that are read; looked for {looked_for}")]
    Unknown { file: String, looked_for: &'static str },
    /// A known kind that a delivery brings along and the directory does not need: no fault of the delivery.
    #[error("{file}: {what}, which the directory does not need")]
    NotNeeded { file: String, what: &'static str },
    /// What stands beside extracts, or is reached otherwise: no fault of the delivery either.
    #[error("{file}: {why}")]
    PassedOver { file: String, why: &'static str },
    /// A known kind that is not read, and why.
    #[error("{file}: this is {what}, which is not read: {why}")]
    NotRead {
        file: String,
        what: &'static str,
        why: &'static str,
    },
    /// A header without a column that the reader needs.
    #[error(
        "{file}: a {what} by its columns, but the header lacks “{column}”, which is needed; the whole file is refused, \
         download it again"
    )]
    MissingColumn {
        file: String,
        what: &'static str,
        column: String,
    },
    /// A document that is not whole.
    #[error("{file}: {reason}; the whole file is refused, download it again")]
    Broken { file: String, reason: String },
    /// A text in another encoding than its kind is published in.
    #[error(
        "{file}: line {line} is not UTF-8, as this kind is published: {seems}, so it was converted on its way; the whole \
         file is refused: download it again, or convert it with `iconv -f {from} -t UTF-8 OLD > NEW`"
    )]
    Encoding {
        file: String,
        line: u64,
        /// What is seen, in words.
        seems: &'static str,
        /// The encoding's name to `iconv`.
        from: &'static str,
    },
    /// A white list that nobody answers for.
    #[error(
        "{file}: {reason}; the list is refused: download it again, see --white-list-ca, or take it as it is with \
         --allow-unsigned"
    )]
    Unsigned {
        file: String,
        reason: signature::SignatureError,
    },
    /// Reading stopped in the middle.
    #[error("{file}: reading stopped: {error}; the whole file is refused")]
    Stopped { file: String, error: std::io::Error },
}

impl SourceError {
    /// Whether nothing is lost by it: worth a line in the report, and no refusal.
    pub fn is_harmless(&self) -> bool {
        matches!(self, Self::NotNeeded { .. } | Self::PassedOver { .. })
    }
}

/// One extract, recognised and dated, not read yet.
#[derive(Debug, Clone)]
pub struct Extract {
    member: container::Member,
    pub kind: Kind,
    /// NOS table of a nomenclature, when its name or content told it.
    pub table: Option<String>,
    pub date: ExtractDate,
}

/// What reading one extract gave.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub struct ReadSummary {
    /// Data lines, headers left out.
    pub lines: u64,
    pub records: u64,
    pub rejected: u64,
    /// Exact repetitions of an earlier line.
    pub duplicates: u64,
    /// After decompression.
    pub bytes: u64,
    pub unknown_columns: Vec<String>,
    /// Things worth knowing, in English.
    pub notes: Vec<String>,
}

/// Finds the extracts in files and folders, folders in order of name. What is none of the known kinds is an
/// error of its own and hinders no other file. `given` dates those that neither name nor content dates. Below a folder
/// that is named, links to files are followed, links to folders are not: they may lead back, and most often lead to
/// what is found anyway.
pub fn discover(paths: &[PathBuf], given: Option<Date>) -> (Vec<Extract>, Vec<SourceError>) {
    let (mut extracts, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        for file in files(path, 0, &mut errors) {
            match container::members(&file) {
                Ok(members) => {
                    for member in members {
                        match recognise::recognise(member, given) {
                            Ok(extract) => extracts.push(extract),
                            Err(error) => errors.push(error),
                        }
                    }
                }
                Err(error) => errors.push(error),
            }
        }
    }
    (extracts, errors)
}

fn files(path: &Path, depth: usize, errors: &mut Vec<SourceError>) -> Vec<PathBuf> {
    let unreadable = |error| SourceError::Unreadable {
        file: path.to_owned(),
        error,
    };
    if !path.is_dir() {
        // A pipe would be waited for for ever.
        if path.exists() && !path.is_file() {
            errors.push(unreadable(std::io::Error::other("it is no file")));
            return Vec::new();
        }
        return vec![path.to_owned()];
    }
    let mut passed_over = |why| {
        errors.push(SourceError::PassedOver {
            file: path.display().to_string(),
            why,
        });
        Vec::new()
    };
    if depth > 0 && path.is_symlink() {
        return passed_over(
            "a link to a folder, which is not followed; name the folder itself to have it read",
        );
    }
    if depth >= MAX_DEPTH {
        return passed_over("a folder four levels deep, not looked into; name it to have it read");
    }
    let mut entries: Vec<PathBuf> = match std::fs::read_dir(path) {
        Ok(entries) => entries.filter_map(|e| e.ok().map(|e| e.path())).collect(),
        Err(error) => {
            errors.push(unreadable(error));
            Vec::new()
        }
    };
    entries.sort();
    // A folder is taken for its extracts: hidden files and papers beside them are no error.
    entries.retain(|entry| {
        let name = entry
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        !name.starts_with('.') && ![".md", ".pdf", ".html"].iter().any(|end| name.ends_with(end))
    });
    entries
        .iter()
        .flat_map(|entry| files(entry, depth + 1, errors))
        .collect()
}

impl Extract {
    /// What to call the extract in reports: the file, and the member behind `!`.
    pub fn name(&self) -> String {
        self.member.display()
    }

    /// Reads all of it. A white list must be signed as `trust` wants it.
    pub fn read(&self, sink: &mut dyn Sink, trust: &Trust) -> Result<ReadSummary, SourceError> {
        let (file, table) = (self.name(), self.table.as_deref());
        self.member
            .read(|input| read::read(self.kind, table, input, &file, trust, sink))
    }
}

/// The reason against texts of a line of which one is, or holds, a citizen's address; the line is then refused whole.
fn citizens<'t>(texts: impl IntoIterator<Item = &'t str>) -> Option<String> {
    let holds = |text: &str| may_hold_address(text.as_bytes()) && is_citizen(text);
    texts
        .into_iter()
        .any(holds)
        .then(|| AddressFault::Citizen.to_string())
}

/// A line of a text that is not UTF-8 where all of it should be.
fn not_utf8(file: &str, line: u64, text: &[u8]) -> SourceError {
    let (seems, from) = encoding::guess(text);
    SourceError::Encoding {
        file: file.to_owned(),
        line,
        seems,
        from,
    }
}

/// A file whose last line neither ends nor holds what it should.
fn cut_short(file: &str, line: u64) -> SourceError {
    SourceError::Broken {
        file: file.to_owned(),
        reason: format!("line {line}, the last one, has no end and too few columns: the file is cut short"),
    }
}
