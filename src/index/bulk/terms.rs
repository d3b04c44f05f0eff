//! The terms of a segment and their lists of documents.

use std::ops::Range;

use tantivy::DocId;
use tantivy::index::Segment;
use tantivy::postings::{FieldSerializer, InvertedIndexSerializer};

use super::Bulk;
use crate::index::making::lexicon::Lexicon;
use crate::index::making::packed::Packed;
use crate::index::schema::Fields;

/// Entries of lists that are made at a time: few enough to lie near the processor.
const LISTS: usize = 4 << 20;

/// Writes the lists of all terms, and of the documents' keys.
pub fn write(bulk: Bulk, order: &[u32], segment: &Segment, fields: &Fields) -> tantivy::Result<()> {
    let mut file = InvertedIndexSerializer::open(segment)?;
    write_keys(
        &bulk,
        order,
        file.new_field(fields.key, order.len() as u64, None)?,
    )?;
    let field = file.new_field(fields.term, bulk.terms.len() as u64, None)?;
    write_terms(bulk, order, field)?;
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

fn write_terms(bulk: Bulk, order: &[u32], mut field: FieldSerializer<'_>) -> tantivy::Result<()> {
    let documents: Vec<Range<usize>> = order
        .iter()
        .map(|place| {
            let end = bulk.rows.get(*place as usize).map_or(0, |row| row.ends.terms);
            bulk.starts(*place).terms..end
        })
        .collect();
    let Bulk {
        tools,
        mut terms,
        rare,
        ..
    } = bulk;
    let rare = in_order(rare, order);
    let mut rare = rare.chunk_by(|one, other| one.0 == other.0).peekable();
    let lexicon = tools.terms.lexicon();
    let in_order = lexicon.in_order();
    let counts = renumber(&mut terms, &in_order, lexicon);
    let mut lists = Vec::new();
    let mut first = 0;
    while first < counts.len() {
        let last = part(&counts, first);
        let of_part = counts.get(first..last).unwrap_or_default();
        fill(&mut lists, first as u32, of_part, &terms, &documents);
        let mut rest = lists.as_slice();
        for (number, count) in in_order.get(first..last).unwrap_or_default().iter().zip(of_part) {
            let (list, others) = rest.split_at_checked(*count as usize).unwrap_or_default();
            rest = others;
            let term = lexicon.term(*number);
            while let Some(of_term) = rare.next_if(|of_term| is_before(of_term, term)) {
                write_rare(&mut field, of_term)?;
            }
            write_list(&mut field, term, list.iter().copied())?;
        }
        first = last;
    }
    for of_term in rare {
        write_rare(&mut field, of_term)?;
    }
    Ok(field.close()?)
}

/// Terms without numbers with their documents, each pair once, in order.
fn in_order(mut rare: Vec<(Packed, u32)>, order: &[u32]) -> Vec<(Packed, DocId)> {
    let mut docs = vec![0; order.len()];
    for (doc, place) in (0..).zip(order) {
        if let Some(of_place) = docs.get_mut(*place as usize) {
            *of_place = doc;
        }
    }
    for (_, place) in &mut rare {
        *place = docs.get(*place as usize).copied().unwrap_or(0);
    }
    rare.sort_unstable();
    rare.dedup();
    rare
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

/// Puts each term's place in the order of terms in place of its number; counts the documents of each place.
fn renumber(terms: &mut [u32], in_order: &[u32], lexicon: &Lexicon) -> Vec<u32> {
    let mut places = vec![0; lexicon.len()];
    for (place, number) in (0..).zip(in_order) {
        if let Some(of_number) = places.get_mut(*number as usize) {
            *of_number = place;
        }
    }
    let mut counts = vec![0; lexicon.len()];
    for term in terms {
        *term = places.get(*term as usize).copied().unwrap_or(0);
        if let Some(count) = counts.get_mut(*term as usize) {
            *count += 1;
        }
    }
    counts
}

/// The end of the part of the terms that begins at a place: as many lists as are made at a time, or the one that is longer.
fn part(counts: &[u32], first: usize) -> usize {
    let mut entries = 0;
    let of_part = counts.iter().skip(first).take_while(|count| {
        let fits = entries == 0 || entries + **count as usize <= LISTS;
        entries += **count as usize;
        fits
    });
    first + of_part.count().max(1)
}

/// Fills the lists of the terms from `first` on, one behind the other, each in the order of documents.
fn fill(lists: &mut Vec<DocId>, first: u32, counts: &[u32], terms: &[u32], documents: &[Range<usize>]) {
    let mut ends: Vec<usize> = Vec::with_capacity(counts.len());
    let mut all = 0;
    for count in counts {
        ends.push(all);
        all += *count as usize;
    }
    lists.clear();
    lists.resize(all, 0);
    for (doc, range) in (0..).zip(documents) {
        for term in terms.get(range.clone()).unwrap_or_default() {
            // Of terms before the part this is far beyond its end.
            let place = term.wrapping_sub(first) as usize;
            if let Some(end) = ends.get_mut(place) {
                if let Some(entry) = lists.get_mut(*end) {
                    *entry = doc;
                }
                *end += 1;
            }
        }
    }
}
