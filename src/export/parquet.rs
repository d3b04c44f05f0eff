//! Parquet: columns of optional text, in groups of rows held in memory until they are full; zstd inside.
//! The same rows give the same bytes: no time is written, and the writer is named without its version.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::columns::Columns;
use super::encoder::Encode;
use super::error::ExportError;
use super::row::Row;
use super::spelling::Spelling;
use super::{LICENCE, SOURCE};

/// Rows of one group: what is held in memory.
const GROUP: usize = 20_000;
/// Values handed to the writer at once: few enough to stay in the processor's cache.
const BATCH: usize = 1024;
/// A column with a greater dictionary has a new value in most rows: it is smaller, and sooner written, without.
const DICTIONARY: usize = 64 << 10;

/// Writes rows.
pub struct Parquet {
    columns: Columns,
    writer: Option<SerializedFileWriter<Sink>>,
    sink: Sink,
    held: Vec<Held>,
    rows: usize,
}

/// The values of one column in the group: texts end to end, which row each is of and where it ends.
#[derive(Default)]
struct Held {
    text: Vec<u8>,
    present: Vec<(usize, usize)>,
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
        let fields = columns.names().map(text);
        let fields = fields.collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("annuaire").with_fields(fields).build()?;
        let stated = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
        let properties = WriterProperties::builder()
            .set_created_by("annuaire".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_dictionary_page_size_limit(DICTIONARY)
            // Rows come in an order that is nobody's: the least and the greatest of each group would be those of all.
            .set_statistics_enabled(EnabledStatistics::None)
            .set_key_value_metadata(Some(vec![
                stated("licence", LICENCE),
                stated("source", SOURCE),
                stated("dates", &columns.stated.sources),
            ]))
            .build();
        let sink = Sink::default();
        let writer = SerializedFileWriter::new(sink.clone(), Arc::new(schema), Arc::new(properties))?;
        let mut held = Vec::new();
        held.resize_with(columns.names().len(), Held::default);
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
                held.write(self.rows, column.typed::<ByteArrayType>())?;
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
    fn push(&mut self, row: usize, value: &[u8]) {
        if !value.is_empty() {
            self.text.extend_from_slice(value);
            self.present.push((row, self.text.len()));
        }
    }

    /// Writes the values of so many rows and forgets them.
    fn write(
        &mut self,
        rows: usize,
        column: &mut ColumnWriterImpl<ByteArrayType>,
    ) -> Result<(), ExportError> {
        let mut levels = vec![0; rows];
        for (row, _) in &self.present {
            if let Some(level) = levels.get_mut(*row) {
                *level = 1;
            }
        }
        let text = &self.text;
        let mut start = 0;
        // A copy each: counting who shares one text takes longer.
        let mut values = self.present.iter().map(|(_, end)| {
            let value = text.get(start..*end).unwrap_or_default();
            start = *end;
            ByteArray::from(value.to_vec())
        });
        let mut batch = Vec::with_capacity(BATCH);
        for levels in levels.chunks(BATCH) {
            let present = levels.iter().filter(|level| **level > 0).count();
            batch.extend(values.by_ref().take(present));
            column.write_batch(&batch, Some(levels), None)?;
            batch.clear();
        }
        self.text.clear();
        self.present.clear();
        Ok(())
    }
}

/// Texts are what they are.
impl Spelling for Parquet {
    fn is_special(_: u8) -> bool {
        false
    }

    fn spell(value: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(value);
    }
}

impl Encode for Parquet {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.sink.drain(out);
        Ok(())
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let (held, place) = (&mut self.held, self.rows);
        self.columns.each::<Parquet>(row, |number, value| {
            if let Some(held) = held.get_mut(number) {
                held.push(place, value);
            }
        });
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
