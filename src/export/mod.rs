//! Extractions: whole files made after each import, and filtered or differential ones made as they are read.
//!
//! A [`snapshot`] of the store gives rows by `COPY`, on a thread [`apart`]; [`row`] cuts them, a [`layout`] names their columns and labels
//! their codes, [`columns`] gives the values in a format's [`spelling`], and one encoder per format ([`csv`], [`ndjson`],
//! [`parquet`]) writes them. [`stream`] sends rows as they come, in constant memory; [`files`] writes the national files
//! and [`keeper`] keeps them in step with the store.
//! Red-listed mailboxes are left out where the rows are read, and nowhere else.

pub mod apart;
pub mod columns;
pub mod csv;
pub mod encoder;
pub mod error;
pub mod files;
pub mod filters;
pub mod keeper;
pub mod known;
pub mod layout;
pub mod manifest;
pub mod mark;
pub mod ndjson;
pub mod output;
pub mod parquet;
pub mod pipe;
pub mod row;
pub mod snapshot;
pub mod spelling;
pub mod statement;
pub mod stream;

pub use error::ExportError;
pub use filters::Filters;
pub use keeper::Exports;
pub use layout::Kind;
pub use stream::Request;

/// Whose data these are, stated in each extraction.
pub const SOURCE: &str = "Agence du Numérique en Santé (Annuaire Santé, MSSanté) ; DREES (FINESS)";
/// Under which licence they may be used again.
pub const LICENCE: &str = "Licence Ouverte / Open Licence 2.0 (Etalab)";

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The official layout: fields separated by `|`, LF line ends, UTF-8.
    Csv,
    /// One JSON object a line, empty values left out.
    Ndjson,
    /// Columns of text, compressed by zstd inside.
    Parquet,
}

impl Format {
    /// The names by which a caller asks, which are the file extensions.
    pub const NAMED: &[(&str, Self)] = &[
        ("csv", Self::Csv),
        ("ndjson", Self::Ndjson),
        ("parquet", Self::Parquet),
    ];

    /// The file extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}
