//! A whole segment at once: documents are gathered, put in the order of their ranks, and written as tantivy writes its own.
//!
//! tantivy's writer takes a term as a text, looks for it in a table, and appends to a list of its own; of 300 million
//! that is most of the work of an index of the country. Here a document brings numbers of terms, found while it was made
//! (`super::making`), and the lists are made by counting them. Changes that come later go through tantivy's writer.

mod columns;
mod lists;
mod terms;
#[cfg(test)]
mod tests;

use tantivy::fieldnorm::{FieldNormsSerializer, FieldNormsWriter};
use tantivy::index::{Index, Segment, SegmentComponent, SegmentMeta};
use tantivy::schema::Schema;
use tantivy::store::StoreWriter;
use tantivy::{DocId, TantivyDocument};

use super::making::Tools;
use super::making::columns::{Place, Qualification, Single};
use super::making::document;
use super::making::packed::Packed;
use super::schema::Fields;
use super::views::At;
use crate::store::documents::Document;

/// Terms of documents, all together, with which a segment is full; each takes four octets twice over.
pub const FULL: usize = 16 << 20;

/// Documents on their way into one segment, and the room for those of the next.
#[derive(Debug, Default)]
pub struct Bulk {
    tools: Tools,
    rows: Vec<Row>,
    /// Numbers of terms, document by document.
    terms: Vec<u32>,
    /// Terms that have no numbers, each with the place of its document.
    rare: Vec<(Packed, u32)>,
    places: Vec<Place>,
    qualifications: Vec<Qualification>,
}

/// One document.
#[derive(Debug)]
struct Row {
    single: Single,
    at: At,
    ends: Ends,
}

/// Where a document ends in the rows of values, and the next begins.
#[derive(Debug, Default, Clone, Copy)]
struct Ends {
    terms: usize,
    places: usize,
    qualifications: usize,
}

impl Bulk {
    /// Makes a document and takes it; gives its record, which will lie at this place.
    pub fn add(&mut self, document: &Document, at: At) -> Vec<u8> {
        let made = document::make(&mut self.tools, document);
        self.terms.extend_from_slice(self.tools.terms.numbers());
        let place = self.rows.len() as u32;
        let rare = self.tools.terms.rare().iter();
        self.rare.extend(rare.map(|term| (*term, place)));
        self.places.extend_from_slice(&made.columns.places);
        self.qualifications
            .extend_from_slice(&made.columns.qualifications);
        self.rows.push(Row {
            single: made.columns.single,
            at,
            ends: Ends {
                terms: self.terms.len(),
                places: self.places.len(),
                qualifications: self.qualifications.len(),
            },
        });
        made.record
    }

    /// Terms of its documents, to be compared with [`FULL`].
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the segment, and is empty again; whoever adds the segment to the index commits it.
    pub fn write(&mut self, index: &Index, fields: &Fields) -> tantivy::Result<SegmentMeta> {
        let segment = index.new_segment();
        let order = self.order();
        self.write_norms(&segment, fields)?;
        columns::write(self, &order, &segment, fields)?;
        // The lists of terms take their room.
        (self.places, self.qualifications) = Default::default();
        write_store(&segment, order.len())?;
        let count = order.len() as DocId;
        terms::write(self, &order, &segment, fields)?;
        self.rows.clear();
        let segment = segment.with_max_doc(count);
        segment.meta().untrack_temp_docstore();
        Ok(segment.meta().clone())
    }

    /// Places of the documents, in the order of their ranks.
    fn order(&self) -> Vec<u32> {
        let ranks = self.rows.iter().map(|row| row.single.rank);
        let mut order: Vec<(u64, u32)> = ranks.zip(0..).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, place)| place).collect()
    }

    /// Where the values of a document begin.
    fn starts(&self, place: u32) -> Ends {
        let before = (place as usize).checked_sub(1);
        before
            .and_then(|before| self.rows.get(before))
            .map_or(Ends::default(), |row| row.ends)
    }

    /// Nothing weighs in any answer, but tantivy has a norm of each document's one key.
    fn write_norms(&self, segment: &Segment, fields: &Fields) -> tantivy::Result<()> {
        let mut norms = FieldNormsWriter::for_schema(&segment.schema());
        for doc in 0..self.rows.len() as DocId {
            norms.record(doc, fields.key, 1);
        }
        let file = FieldNormsSerializer::from_write(segment.open_write(SegmentComponent::FieldNorms)?)?;
        Ok(norms.serialize(file, None)?)
    }
}

/// No field is stored; tantivy wants a store all the same.
fn write_store(segment: &Segment, documents: usize) -> tantivy::Result<()> {
    let settings = segment.index().settings();
    let mut store = StoreWriter::new(
        segment.open_write(SegmentComponent::Store)?,
        settings.docstore_compression,
        settings.docstore_blocksize,
        false,
    )?;
    let (schema, nothing): (Schema, _) = (segment.schema(), TantivyDocument::default());
    for _ in 0..documents {
        store.store(&nothing, &schema)?;
    }
    Ok(store.close()?)
}
