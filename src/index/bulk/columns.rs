//! The columns of a segment.

use std::io::Write as _;

use tantivy::DocId;
use tantivy::columnar::{ColumnType, ColumnarWriter};
use tantivy::directory::TerminatingWrite as _;
use tantivy::index::{Segment, SegmentComponent};
use tantivy::schema::{Field, Schema};

use super::Bulk;
use crate::index::schema::Fields;

/// Writes the columns of the documents in this order.
pub fn write(bulk: &Bulk, order: &[u32], segment: &Segment, fields: &Fields) -> tantivy::Result<()> {
    let schema = segment.schema();
    let mut columns = Columns::of(&schema);
    for (doc, place) in (0..).zip(order) {
        let Some(row) = bulk.rows.get(*place as usize) else {
            continue;
        };
        let starts = bulk.starts(*place);
        for (column, value) in row.single.values(fields, row.at) {
            columns.number(doc, column, value);
        }
        for place in bulk
            .places
            .get(starts.places..row.ends.places)
            .unwrap_or_default()
        {
            for (column, value) in fields.activity.into_iter().zip(place.activity) {
                columns.number(doc, column, value);
            }
            columns
                .writer
                .record_numerical(doc, columns.schema.get_field_name(fields.lat), place.lat);
            columns
                .writer
                .record_numerical(doc, columns.schema.get_field_name(fields.lon), place.lon);
        }
        let qualifications = starts.qualifications..row.ends.qualifications;
        for qualification in bulk.qualifications.get(qualifications).unwrap_or_default() {
            columns.number(doc, fields.qualification, qualification.code);
            columns.number(doc, fields.qualification_practice, qualification.practice);
        }
    }
    let mut file = segment.open_write(SegmentComponent::FastFields)?;
    columns.writer.serialize(order.len() as DocId, None, &mut file)?;
    file.flush()?;
    Ok(file.terminate()?)
}

struct Columns<'s> {
    schema: &'s Schema,
    writer: ColumnarWriter,
}

impl<'s> Columns<'s> {
    /// All columns of the schema, those without a value too.
    fn of(schema: &'s Schema) -> Self {
        let mut writer = ColumnarWriter::default();
        for (_, entry) in schema.fields().filter(|(_, entry)| entry.is_fast()) {
            let is_f64 = matches!(entry.field_type(), tantivy::schema::FieldType::F64(_));
            let column = if is_f64 { ColumnType::F64 } else { ColumnType::U64 };
            writer.record_column_type(entry.name(), column, false);
        }
        Self { schema, writer }
    }

    fn number(&mut self, doc: DocId, column: Field, value: u64) {
        self.writer
            .record_numerical(doc, self.schema.get_field_name(column), value);
    }
}
