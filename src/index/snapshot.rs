//! The index as one request sees it: lookups by key and searches by filter. Never changes under a request.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tantivy::query::{AllQuery, BooleanQuery, EmptyQuery, EnableScoring, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::schema::document::Value;
use tantivy::{DocAddress, DocId, DocSet, Searcher, TERMINATED, TantivyDocument, Term};

use super::plan::{self, Plan};
use super::schema::{self, Fields};
use crate::directory::text::fold;
use crate::query::evaluate::{Tri, evaluate};
use crate::query::{Filter, Kind, Kinds};
use crate::view::entry::EntryView;
use crate::view::field::Field;

/// Candidates looked at between two looks at the clock.
const STRIDE: usize = 256;

/// Order of entries: rank, then the entity's number; the same on every node.
pub type Place = (u64, u64);

/// One state of the index.
#[derive(Clone)]
pub struct Snapshot {
    pub searcher: Searcher,
    pub fields: Fields,
}

/// What is stored of an entry.
#[derive(Debug, Default)]
pub struct Stored {
    pub entry: Vec<u8>,
    pub signed_in: Option<Vec<u8>>,
    pub json: String,
    pub suggestion: String,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchEnd {
    Complete,
    /// More entries than the limit meet the filter.
    Limit,
    Time,
    Cancelled,
}

impl Snapshot {
    /// The entry known by a key: of several, the first in order.
    pub fn by_key(&self, kind: Kind, key: &str) -> tantivy::Result<Option<Stored>> {
        let mut found = self.addresses(&Plan::Term(schema::key_term(kind, key)))?;
        found.sort_unstable_by_key(|(place, _)| *place);
        found
            .first()
            .map(|(_, address)| self.stored(*address))
            .transpose()
    }

    /// What is stored at an address.
    pub fn stored(&self, address: DocAddress) -> tantivy::Result<Stored> {
        let document: TantivyDocument = self.searcher.doc(address)?;
        let mut stored = Stored::default();
        for (field, value) in document.field_values() {
            let value = value.as_value();
            if field == self.fields.entry {
                stored.entry = value.as_bytes().unwrap_or_default().to_vec();
            } else if field == self.fields.signed_in {
                stored.signed_in = value.as_bytes().map(<[u8]>::to_vec);
            } else if field == self.fields.json {
                stored.json = value.as_str().unwrap_or_default().to_owned();
            } else if field == self.fields.suggestion {
                stored.suggestion = value.as_str().unwrap_or_default().to_owned();
            }
        }
        Ok(stored)
    }

    /// The first entries, in order, that meet a filter.
    pub fn search(
        &self,
        kinds: Kinds,
        filter: &Filter,
        limit: usize,
        deadline: Instant,
        cancelled: &AtomicBool,
    ) -> tantivy::Result<(Vec<(Kind, Stored)>, SearchEnd)> {
        let (planned, exact) = plan::plan(filter, kinds);
        let narrowed = match (plan::of_kinds(kinds), planned) {
            (Plan::Nothing, _) | (_, Plan::Nothing) => return Ok((Vec::new(), SearchEnd::Complete)),
            (Plan::All, planned) => planned,
            (kinds, Plan::All) => kinds,
            (kinds, planned) => Plan::And(vec![kinds, planned]),
        };
        // A heap is made in one pass and gives up only as many as are asked.
        let mut candidates: BinaryHeap<_> = self.addresses(&narrowed)?.into_iter().map(Reverse).collect();
        let mut found = Vec::new();
        let mut looked_at = 0_usize;
        while let Some(Reverse((_, address))) = candidates.pop() {
            looked_at += 1;
            if looked_at.is_multiple_of(STRIDE) {
                if cancelled.load(Ordering::Relaxed) {
                    return Ok((found, SearchEnd::Cancelled));
                }
                if Instant::now() >= deadline {
                    return Ok((found, SearchEnd::Time));
                }
            }
            let kind = self.kind(address);
            let stored = self.stored(address)?;
            if exact || evaluate(filter, kind, EntryView::new(&stored.entry)) == Tri::True {
                if found.len() >= limit {
                    return Ok((found, SearchEnd::Limit));
                }
                found.push((kind, stored));
            }
        }
        Ok((found, SearchEnd::Complete))
    }

    /// The mailboxes of a structure, by its public id, in order; those whose entry meets the words of `q`.
    pub fn of_structure(&self, id: &str, q: &str) -> tantivy::Result<Vec<Stored>> {
        let mut plans = vec![Plan::Term(schema::structure_term(id))];
        for word in fold(q).split(' ').filter(|word| !word.is_empty()) {
            let fields = [Field::Cn, Field::DisplayName, Field::Mail, Field::O];
            let of = |field| Plan::Term(schema::gram_term(field, schema::beginning(word, schema::GRAM)));
            plans.push(Plan::Or(fields.map(of).into()));
        }
        let mut found = self.addresses(&Plan::And(plans))?;
        found.sort_unstable_by_key(|(place, _)| *place);
        let words = fold(q);
        let mut mailboxes = Vec::with_capacity(found.len());
        for (_, address) in found {
            let stored = self.stored(address)?;
            let shown: String = EntryView::new(&stored.entry)
                .fields()
                .flat_map(|(_, values)| values.values())
                .map(|value| format!("{} ", fold(value)))
                .collect();
            if words.split(' ').all(|word| shown.contains(word)) {
                mailboxes.push(stored);
            }
        }
        Ok(mailboxes)
    }

    /// The kind of an entry.
    pub fn kind(&self, address: DocAddress) -> Kind {
        let column = self
            .searcher
            .segment_reader(address.segment_ord)
            .fast_fields()
            .u64("kind");
        match column.ok().and_then(|column| column.first(address.doc_id)) {
            Some(1) => Kind::Mailbox,
            Some(2) => Kind::Professional,
            _ => Kind::Structure,
        }
    }

    /// Places and addresses of all entries that a plan lets in.
    pub fn addresses(&self, plan: &Plan) -> tantivy::Result<Vec<((u64, u64), DocAddress)>> {
        let query = self.query(plan);
        let weight = query.weight(EnableScoring::disabled_from_searcher(&self.searcher))?;
        let mut found = Vec::new();
        for (segment_ord, segment) in (0_u32..).zip(self.searcher.segment_readers()) {
            let ranks = segment.fast_fields().u64("rank")?.first_or_default_col(0);
            let entities = segment.fast_fields().u64("entity")?.first_or_default_col(0);
            let mut docs = weight.scorer(segment, 1.0)?;
            let alive = segment.alive_bitset();
            let mut doc: DocId = docs.doc();
            while doc != TERMINATED {
                if alive.is_none_or(|alive| alive.is_alive(doc)) {
                    let place = (ranks.get_val(doc), entities.get_val(doc));
                    found.push((place, DocAddress::new(segment_ord, doc)));
                }
                doc = docs.advance();
            }
        }
        Ok(found)
    }

    fn query(&self, plan: &Plan) -> Box<dyn Query> {
        match plan {
            Plan::All => Box::new(AllQuery),
            Plan::Nothing => Box::new(EmptyQuery),
            Plan::Term(text) => Box::new(TermQuery::new(
                Term::from_field_text(self.fields.term, text),
                IndexRecordOption::Basic,
            )),
            Plan::And(parts) => Box::new(BooleanQuery::intersection(
                parts.iter().map(|p| self.query(p)).collect(),
            )),
            Plan::Or(parts) => Box::new(BooleanQuery::union(parts.iter().map(|p| self.query(p)).collect())),
        }
    }

    /// Number of visible entries of a kind.
    pub fn count(&self, kind: Kind) -> tantivy::Result<u64> {
        Ok(self
            .query(&Plan::Term(schema::kind_term(kind)))
            .count(&self.searcher)? as u64)
    }
}
