//! What files there are: kept beside them, and answered by `GET /api/v1/extractions`.

use serde::{Deserialize, Serialize};

use super::layout::Kind;

/// Counts the changes of what files hold: those that an earlier program made are made anew.
pub const GENERATION: u32 = 2;

/// The files of every kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Manifest {
    pub generation: u32,
    pub kinds: Vec<Made>,
}

/// The files of one kind, made of one version of the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Made {
    /// The kind's name.
    pub kind: String,
    /// The store's version: never shown, it counts what the public may not see.
    pub version: i64,
    /// Counts what the public may see: files are made anew when it moves.
    pub public_version: i64,
    /// What to give as `depuis` to have only what changed since.
    pub mark: String,
    /// The folder of the files, beside the manifest.
    pub folder: String,
    /// The sources loaded then, and their dates.
    pub sources: Vec<Source>,
    pub files: Vec<File>,
    /// How long the making took.
    pub seconds: u64,
}

/// A source and its date.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Source {
    pub genre: String,
    pub date: String,
}

/// One file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct File {
    pub name: String,
    pub format: String,
    /// `gzip`, `zstd`, or nothing.
    pub compression: Option<String>,
    pub media_type: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
}

impl Manifest {
    /// A file by its name, and the kind that it is of.
    pub fn file(&self, name: &str) -> Option<(&Made, &File)> {
        let mut files = self
            .kinds
            .iter()
            .flat_map(|made| made.files.iter().map(move |file| (made, file)));
        files.find(|(_, file)| file.name == name)
    }

    /// The files of a kind.
    pub fn of(&self, kind: Kind) -> Option<&Made> {
        self.kinds.iter().find(|made| made.is_of(kind))
    }

    /// The same with other files of one kind.
    pub fn with(&self, made: Made) -> Self {
        let mut kinds: Vec<Made> = self
            .kinds
            .iter()
            .filter(|other| other.kind != made.kind)
            .cloned()
            .collect();
        kinds.push(made);
        kinds.sort_by_key(|made| Kind::ALL.into_iter().position(|kind| made.is_of(kind)));
        Self {
            generation: GENERATION,
            kinds,
        }
    }

    /// Whether no kind lacks.
    pub fn is_whole(&self) -> bool {
        Kind::ALL.into_iter().all(|kind| self.of(kind).is_some())
    }
}

impl Made {
    fn is_of(&self, kind: Kind) -> bool {
        self.kind == kind.layout().nom
    }
}
