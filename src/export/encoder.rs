//! What an encoder is: rows in, bytes out, in one format.

use super::columns::Columns;
use super::error::ExportError;
use super::row::Row;
use super::{Format, csv, ndjson, parquet};

/// Rows in, bytes out.
pub trait Encode: Send {
    /// What stands before the first row.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError>;
    /// One row.
    fn row(&mut self, row: &Row, out: &mut Vec<u8>) -> Result<(), ExportError>;
    /// What stands after the last row.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError>;
}

/// The encoder of a format.
pub fn encoder(format: Format, columns: Columns) -> Result<Box<dyn Encode>, ExportError> {
    Ok(match format {
        Format::Csv => Box::new(csv::Csv::new(columns)),
        Format::Ndjson => Box::new(ndjson::Ndjson::new(columns)),
        Format::Parquet => Box::new(parquet::Parquet::new(columns)?),
    })
}

/// An encoder at work on rows as Postgres writes them.
pub struct Encoding {
    encoder: Box<dyn Encode>,
    /// Fields that each row must have.
    fields: usize,
    row: Row,
    /// Rows written so far.
    pub count: u64,
    /// What is written and not yet taken.
    pub out: Vec<u8>,
}

impl Encoding {
    /// Nothing written yet.
    pub fn new(fields: usize, encoder: Box<dyn Encode>) -> Self {
        Self {
            encoder,
            fields,
            row: Row::default(),
            count: 0,
            out: Vec::new(),
        }
    }

    /// What stands before the first row.
    pub fn begin(&mut self) -> Result<(), ExportError> {
        self.encoder.begin(&mut self.out)
    }

    /// Whole lines.
    pub fn rows(&mut self, lines: &[u8]) -> Result<(), ExportError> {
        let mut rest = lines;
        while !rest.is_empty() {
            let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (line, others) = rest.split_at(line);
            rest = others;
            self.row.read(line);
            let (got, expected) = (self.row.len(), self.fields);
            if got != expected {
                return Err(ExportError::Shape { got, expected });
            }
            self.encoder.row(&self.row, &mut self.out)?;
            self.count += 1;
        }
        Ok(())
    }

    /// What stands after the last row.
    pub fn end(&mut self) -> Result<(), ExportError> {
        self.encoder.end(&mut self.out)
    }

    /// What was written since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        // The next will be about as long.
        let room = Vec::with_capacity(self.out.len() + self.out.len() / 8);
        std::mem::replace(&mut self.out, room)
    }
}
