//! Parquet: columns of optional text, in groups of rows held in memory until they are full; zstd inside.
//! The same rows give the same bytes: no time is written, and the writer is named without its version.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::columns::Columns;
use super::encoder::Encode;
use super::error::ExportError;
use super::row::Row;
use super::{LICENCE, SOURCE};

/// Rows of one group: what is held in memory.
const GROUP: usize = 20_000;

/// Writes rows.
pub struct Parquet {
    columns: Columns,
    writer: Option<SerializedFileWriter<Sink>>,
    sink: Sink,
    held: Vec<Held>,
    rows: usize,
}

/// The values of one column in the group: texts end to end, where each ends, and which rows have one.
#[derive(Default)]
struct Held {
    text: Vec<u8>,
    ends: Vec<usize>,
    levels: Vec<i16>,
}

/// Takes what the writer writes, until it is fetched.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn drain(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Parquet {
    /// A writer of these columns.
    pub fn new(columns: Columns) -> Result<Self, ExportError> {
        let fields = columns.all.iter().map(|(name, _)| text(name));
        let fields = fields.collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("annuaire").with_fields(fields).build()?;
        let stated = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
        let properties = WriterProperties::builder()
            .set_created_by("annuaire".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_key_value_metadata(Some(vec![
                stated("licence", LICENCE),
                stated("source", SOURCE),
                stated("dates", &columns.stated.sources),
            ]))
            .build();
        let sink = Sink::default();
        let writer = SerializedFileWriter::new(sink.clone(), Arc::new(schema), Arc::new(properties))?;
        let mut held = Vec::new();
        held.resize_with(columns.all.len(), Held::default);
        Ok(Self {
            columns,
            writer: Some(writer),
            sink,
            held,
            rows: 0,
        })
    }

    fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        if let Some(writer) = self.writer.as_mut().filter(|_| self.rows > 0) {
            let mut group = writer.next_row_group()?;
            let mut held = self.held.iter_mut();
            while let (Some(mut column), Some(held)) = (group.next_column()?, held.next()) {
                let (values, levels) = held.take();
                column
                    .typed::<ByteArrayType>()
                    .write_batch(&values, Some(&levels), None)?;
                column.close()?;
            }
            group.close()?;
            self.rows = 0;
        }
        self.sink.drain(out);
        Ok(())
    }
}

impl Held {
    fn push(&mut self, value: &[u8]) {
        self.levels.push(i16::from(!value.is_empty()));
        if !value.is_empty() {
            self.text.extend_from_slice(value);
            self.ends.push(self.text.len());
        }
    }

    fn take(&mut self) -> (Vec<ByteArray>, Vec<i16>) {
        let text = Bytes::from(std::mem::take(&mut self.text));
        let mut start = 0;
        let values = std::mem::take(&mut self.ends).into_iter().map(|end| {
            let value = text.slice(start..end);
            start = end;
            ByteArray::from(value)
        });
        (values.collect(), std::mem::take(&mut self.levels))
    }
}

impl Encode for Parquet {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.sink.drain(out);
        Ok(())
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) -> Result<(), ExportError> {
        for ((_, source), held) in self.columns.all.iter().zip(&mut self.held) {
            source.value(row, &self.columns.stated.labels, |value| held.push(value));
        }
        self.rows += 1;
        if self.rows == GROUP {
            self.flush(out)?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.flush(out)?;
        if let Some(writer) = self.writer.take() {
            writer.close()?;
        }
        self.sink.drain(out);
        Ok(())
    }
}

fn text(name: &str) -> Result<Arc<Type>, ExportError> {
    let column = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::String))
        .build()?;
    Ok(Arc::new(column))
}
