//! The terms of a segment and their lists of documents.

use std::ops::Range;

use tantivy::DocId;
use tantivy::index::Segment;
use tantivy::postings::{FieldSerializer, InvertedIndexSerializer};

use super::Bulk;
use super::lists::Lists;
use crate::index::making::packed::Packed;
use crate::index::schema::Fields;

/// Entries of lists that are made at a time.
const LISTS: usize = 4 << 20;

/// Writes the lists of all terms, and of the documents' keys; the documents have no terms any more.
pub fn write(bulk: &mut Bulk, order: &[u32], segment: &Segment, fields: &Fields) -> tantivy::Result<()> {
    let mut file = InvertedIndexSerializer::open(segment)?;
    let keys = file.new_field(fields.key, order.len() as u64, None)?;
    write_keys(bulk, order, keys)?;
    let terms = file.new_field(fields.term, bulk.terms.len() as u64, None)?;
    write_terms(bulk, order, terms)?;
    Ok(file.close()?)
}

/// Each document has a key of its own.
fn write_keys(bulk: &Bulk, order: &[u32], mut field: FieldSerializer<'_>) -> tantivy::Result<()> {
    let key = |place: &u32| bulk.rows.get(*place as usize).map_or(0, |row| row.single.key);
    let mut keys: Vec<(u64, DocId)> = order.iter().map(key).zip(0..).collect();
    keys.sort_unstable();
    for of_key in keys.chunk_by(|one, other| one.0 == other.0) {
        if let Some((key, _)) = of_key.first() {
            write_list(&mut field, &key.to_be_bytes(), of_key.iter().map(|(_, doc)| *doc))?;
        }
    }
    Ok(field.close()?)
}

fn write_terms(bulk: &mut Bulk, order: &[u32], mut field: FieldSerializer<'_>) -> tantivy::Result<()> {
    let documents: Vec<Range<usize>> = order
        .iter()
        .map(|place| {
            let end = bulk.rows.get(*place as usize).map_or(0, |row| row.ends.terms);
            bulk.starts(*place).terms..end
        })
        .collect();
    with_documents(&mut bulk.rare, order);
    let mut rare = bulk.rare.chunk_by(|one, other| one.0 == other.0).peekable();
    let lexicon = std::mem::take(&mut bulk.tools).into_lexicon();
    let in_order = lexicon.in_order();
    let mut numbers = in_order.iter();
    Lists::new(&mut bulk.terms, documents, &in_order).each(LISTS, |list| {
        let term = numbers.next().map_or(&[][..], |number| lexicon.term(*number));
        while let Some(of_term) = rare.next_if(|of_term| is_before(of_term, term)) {
            write_rare(&mut field, of_term)?;
        }
        write_list(&mut field, term, list.iter().copied())
    })?;
    for of_term in rare {
        write_rare(&mut field, of_term)?;
    }
    bulk.terms.clear();
    bulk.rare.clear();
    Ok(field.close()?)
}

/// Makes the places beside terms without numbers those of their documents, each pair once, in order.
fn with_documents(rare: &mut Vec<(Packed, u32)>, order: &[u32]) {
    let mut docs = vec![0; order.len()];
    for (doc, place) in (0..).zip(order) {
        if let Some(of_place) = docs.get_mut(*place as usize) {
            *of_place = doc;
        }
    }
    for (_, place) in &mut *rare {
        *place = docs.get(*place as usize).copied().unwrap_or(0);
    }
    rare.sort_unstable();
    rare.dedup();
}

fn is_before(of_term: &[(Packed, DocId)], term: &[u8]) -> bool {
    of_term
        .first()
        .is_some_and(|(rare, _)| rare.unpack().as_ref() < term)
}

fn write_rare(field: &mut FieldSerializer<'_>, of_term: &[(Packed, DocId)]) -> tantivy::Result<()> {
    match of_term.first() {
        Some((term, _)) => write_list(field, term.unpack().as_ref(), of_term.iter().map(|(_, doc)| *doc)),
        None => Ok(()),
    }
}

fn write_list(
    field: &mut FieldSerializer<'_>,
    term: &[u8],
    docs: impl ExactSizeIterator<Item = DocId>,
) -> tantivy::Result<()> {
    field.new_term(term, docs.len() as u32, false)?;
    docs.for_each(|doc| field.write_doc(doc, 1, &[]));
    Ok(field.close_term()?)
}
