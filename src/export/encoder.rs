//! What an encoder is: rows in, bytes out, in one format. Its columns are the layout's, perhaps with what a
//! differential extraction adds in front.

use std::sync::Arc;

use super::error::ExportError;
use super::layout::{Layout, Source};
use super::row::Row;
use super::{Format, csv, ndjson, parquet};
use crate::store::labels::Labels;

/// Rows in, bytes out.
pub trait Encode: Send {
    /// What stands before the first row.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError>;
    /// One row.
    fn row(&mut self, row: &Row, out: &mut Vec<u8>) -> Result<(), ExportError>;
    /// What stands after the last row.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError>;
}

/// The columns of an extraction, and where their values are in Postgres's rows.
#[derive(Clone)]
pub struct Columns {
    /// Name and place of each.
    pub all: Vec<(&'static str, Source)>,
    /// The header line of CSV.
    pub header: String,
    pub labels: Arc<Labels>,
}

impl Columns {
    /// Every format but the official one begins with the entry's opaque id; a differential extraction begins with
    /// what to do and the id, whatever its format.
    pub fn of(layout: &Layout, format: Format, differential: bool, labels: Arc<Labels>) -> Self {
        let mut all = Vec::with_capacity(layout.columns.len() + 2);
        let mut header = String::new();
        let id = usize::from(differential);
        if differential {
            all.push(("action", Source::Field(0)));
            header.push_str("action|id|");
        }
        if differential || format != Format::Csv {
            all.push(("id", Source::Field(id)));
        }
        all.extend(layout.names().zip(layout.sources(id + 1)));
        header.push_str(&layout.header());
        Self { all, header, labels }
    }

    /// Fields of Postgres's rows.
    pub fn fields(layout: &Layout, differential: bool) -> usize {
        layout.expressions().count() + 1 + usize::from(differential)
    }
}

/// The encoder of a format.
pub fn encoder(format: Format, columns: Columns) -> Result<Box<dyn Encode>, ExportError> {
    Ok(match format {
        Format::Csv => Box::new(csv::Csv::new(columns)),
        Format::Ndjson => Box::new(ndjson::Ndjson::new(columns)),
        Format::Parquet => Box::new(parquet::Parquet::new(columns)?),
    })
}
