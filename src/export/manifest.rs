//! What files there are: kept beside them, and answered by `GET /api/v1/extractions`.

use serde::{Deserialize, Serialize};

/// Counts the changes of what files hold: those that an earlier program made are made anew.
pub const GENERATION: u32 = 1;

/// The files made of one version of the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    pub generation: u32,
    /// The mark of the state that they show.
    pub mark: String,
    /// The store's version: never shown, it counts what the public may not see.
    pub version: i64,
    /// Counts what the public may see: files are made anew when it moves.
    #[serde(default)]
    pub public_version: i64,
    /// The folder of the files, beside the manifest.
    pub folder: String,
    /// The sources loaded then, and their dates.
    pub sources: Vec<Source>,
    pub files: Vec<File>,
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
    /// The name of its kind, and the letter of its entries in the change log.
    pub kind: String,
    pub genre: char,
    pub format: String,
    /// `gzip`, `zstd`, or nothing.
    pub compression: Option<String>,
    pub media_type: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
    /// What to give as `depuis` to have only what changed since this file.
    pub mark: String,
}

impl Manifest {
    /// A file by its name.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }
}
