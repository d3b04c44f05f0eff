//! The index as one request sees it: lookups by key and searches by filter. Never changes under a request.

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
use crate::query::{Filter, Kind, Kinds, Mark, Order};
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

/// What a protocol asks of the entries.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub kinds: Kinds,
    pub filter: &'a Filter,
    pub order: Order,
    /// Begin behind this entry of an earlier answer to the same filter and order.
    pub after: Option<&'a Mark>,
    /// Leave out so many more.
    pub skip: usize,
    pub limit: usize,
    pub deadline: Instant,
    /// Set from outside when nobody waits for the answer any more.
    pub cancelled: &'a AtomicBool,
}

/// An entry that answers.
#[derive(Debug)]
pub struct Matched {
    pub kind: Kind,
    pub stored: Stored,
    pub mark: Mark,
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
    pub fn search(&self, ask: &Ask<'_>) -> tantivy::Result<(Vec<Matched>, SearchEnd)> {
        let mut found = Vec::new();
        let mut skipped = 0;
        let end = self.each(ask, |kind, place, stored| {
            if skipped < ask.skip {
                skipped += 1;
            } else if found.len() >= ask.limit {
                return Some(SearchEnd::Limit);
            } else {
                let mark = Mark([place.0.to_be_bytes(), place.1.to_be_bytes()].concat());
                found.push(Matched { kind, stored, mark });
            }
            None
        })?;
        Ok((found, end))
    }

    /// How many entries meet a filter.
    pub fn count_matches(&self, ask: &Ask<'_>) -> tantivy::Result<(usize, SearchEnd)> {
        let mut count = 0;
        let end = self.each(&Ask { after: None, ..*ask }, |_, _, _| {
            count += 1;
            None
        })?;
        Ok((count, end))
    }

    fn each(
        &self,
        ask: &Ask<'_>,
        mut take: impl FnMut(Kind, Place, Stored) -> Option<SearchEnd>,
    ) -> tantivy::Result<SearchEnd> {
        let (planned, exact) = plan::plan(ask.filter, ask.kinds);
        let narrowed = match (plan::of_kinds(ask.kinds), planned) {
            (Plan::Nothing, _) | (_, Plan::Nothing) => return Ok(SearchEnd::Complete),
            (Plan::All, planned) => planned,
            (kinds, Plan::All) => kinds,
            (kinds, planned) => Plan::And(vec![kinds, planned]),
        };
        let mut candidates = self.addresses(&narrowed)?;
        candidates.sort_unstable_by_key(|(place, _)| *place);
        if ask.order == Order::NameDescending {
            candidates.reverse();
        }
        let after = ask.after.and_then(|mark| {
            let (rank, entity) = mark.0.split_first_chunk::<8>()?;
            Some((
                u64::from_be_bytes(*rank),
                u64::from_be_bytes(entity.try_into().ok()?),
            ))
        });
        for (looked_at, (place, address)) in candidates.into_iter().enumerate() {
            let is_before = after.is_some_and(|after| match ask.order {
                Order::NameDescending => place >= after,
                _ => place <= after,
            });
            if is_before {
                continue;
            }
            if looked_at.is_multiple_of(STRIDE) {
                if ask.cancelled.load(Ordering::Relaxed) {
                    return Ok(SearchEnd::Cancelled);
                }
                if Instant::now() >= ask.deadline {
                    return Ok(SearchEnd::Time);
                }
            }
            let kind = self.kind(address);
            let stored = self.stored(address)?;
            if (exact || evaluate(ask.filter, kind, EntryView::new(&stored.entry)) == Tri::True)
                && let Some(end) = take(kind, place, stored)
            {
                return Ok(end);
            }
        }
        Ok(SearchEnd::Complete)
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
