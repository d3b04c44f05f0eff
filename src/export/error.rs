//! Why an extraction could not be made. No text here repeats what was asked.

use std::path::PathBuf;

/// Why an extraction could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Postgres.
    #[error("the store: {0}")]
    Store(#[from] sqlx::Error),
    /// A file could not be written or read.
    #[error("the extraction {}: {error}", path.display())]
    File { path: PathBuf, error: std::io::Error },
    /// The Parquet encoder.
    #[error("the Parquet encoder: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// A value that no filter takes; the name is the filter's.
    #[error("{0}: this value cannot be taken")]
    Filter(&'static str),
    /// A filter that this kind of extraction does not have.
    #[error("{0}: this extraction has no such filter")]
    NoSuchFilter(&'static str),
    /// A mark that no publication made, or not one that is still known.
    #[error("the mark is not one of ours: start again from a whole extraction")]
    Mark,
    /// Rows that are not of the shape asked for.
    #[error("Postgres sent a row of {got} columns where {expected} were asked")]
    Shape { got: usize, expected: usize },
    /// There is no store behind, or nothing built yet.
    #[error("the extractions are not there yet")]
    NotReady,
    /// What the file held has since been withdrawn: it is being made anew.
    #[error("the file is being made anew")]
    Withdrawn {
        /// How long the making took the last time.
        seconds: u64,
    },
    /// Whoever wrote it ended before its end.
    #[error("the extraction broke off")]
    BrokenOff,
    /// The reader went away, or took nothing for too long.
    #[error("the reader is gone")]
    ReaderGone,
}
