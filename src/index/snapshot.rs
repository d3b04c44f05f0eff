//! The index as one request sees it: lookups by key, the boxes of a structure, counts. Never changes under a request.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use tantivy::columnar::{Column, ColumnValues};
use tantivy::fastfield::AliveBitSet;
use tantivy::index::SegmentId;
use tantivy::{DocAddress, DocId, InvertedIndexReader, Searcher, SegmentReader};

use super::kept::Kept;
use super::plan::Plan;
use super::postings::Docs;
use super::rank;
use super::record::Record;
use super::schema::{Fields, activity_column, column, hash};
use super::shelf::Shelf;
use super::terms;
use super::towns::Towns;
use super::views::{At, Views};
use crate::directory::public_id::PublicIds;
use crate::directory::text::fold;
use crate::query::Kind;
use crate::view::entry::EntryView;
use crate::view::field::Field;
use crate::view::ldap::entry_uuid;

pub use super::search::{Ask, Matched, SearchEnd};

/// One state of the index.
pub struct Snapshot {
    pub searcher: Searcher,
    pub fields: Fields,
    pub segments: Vec<Segment>,
    pub views: Views,
    /// Visible entries of each kind, in the order of [`rank::KINDS`].
    counts: [u64; 3],
    /// Read when first asked for.
    towns: OnceLock<Towns>,
}

/// What searches need of a segment, opened once. Every document has one rank and one place.
pub struct Segment {
    pub inverted: Arc<InvertedIndexReader>,
    pub ranks: Arc<dyn ColumnValues<u64>>,
    pub ats: Arc<dyn ColumnValues<u64>>,
    pub words: Arc<dyn ColumnValues<u64>>,
    pub has_mailbox: Arc<dyn ColumnValues<u64>>,
    /// Hashes of the structures of each document's places.
    structures: Column<u64>,
    pub kept: Arc<Kept>,
    pub id: SegmentId,
    alive: Option<AliveBitSet>,
    pub max_doc: DocId,
    /// The documents of each kind, in the order of [`rank::KINDS`].
    ranges: [Range<DocId>; 3],
}

impl Segment {
    /// Opens it; what was kept of it `before` is kept on.
    fn open(reader: &SegmentReader, fields: &Fields, before: Option<&Snapshot>) -> tantivy::Result<Self> {
        let fast = reader.fast_fields();
        let id = reader.segment_id();
        let known = before.and_then(|before| before.segments.iter().find(|segment| segment.id == id));
        let mut segment = Self {
            inverted: reader.inverted_index(fields.term)?,
            ranks: fast.u64("rank")?.values,
            ats: fast.u64("at")?.values,
            words: fast.u64("mots")?.values,
            has_mailbox: fast.u64("avec_messagerie")?.values,
            structures: fast.u64(activity_column(column::STRUCTURE))?,
            kept: known.map(|known| known.kept.clone()).unwrap_or_default(),
            id,
            alive: reader.alive_bitset().cloned(),
            max_doc: reader.max_doc(),
            ranges: [const { 0..0 }; 3],
        };
        let [mailboxes, professionals, structures] =
            rank::KINDS.map(|kind| segment.first_at(rank::first(kind)));
        segment.ranges = [
            mailboxes..professionals,
            professionals..structures,
            structures..segment.max_doc,
        ];
        Ok(segment)
    }

    /// The first document whose rank is not below `rank`.
    pub fn first_at(&self, rank: u64) -> DocId {
        let (mut low, mut high) = (0, self.max_doc);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.ranks.get_val(middle) < rank {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The documents of a kind.
    pub fn range(&self, kind: Kind) -> Range<DocId> {
        let [mailboxes, professionals, structures] = &self.ranges;
        match kind {
            Kind::Mailbox => mailboxes.clone(),
            Kind::Professional => professionals.clone(),
            Kind::Structure => structures.clone(),
        }
    }

    /// Whether documents have been taken out.
    pub fn has_deletes(&self) -> bool {
        self.alive.is_some()
    }

    /// Whether a document has not been taken out.
    pub fn is_alive(&self, doc: DocId) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc))
    }

    fn count(&self, range: Range<DocId>) -> u64 {
        match &self.alive {
            None => u64::from(range.end - range.start),
            Some(alive) => range.filter(|doc| alive.is_alive(*doc)).count() as u64,
        }
    }
}

impl Snapshot {
    /// Opens what searches need; what the snapshot `before` worked out of the same segments is kept on.
    pub fn new(
        searcher: Searcher,
        fields: Fields,
        views: Views,
        before: Option<&Self>,
    ) -> tantivy::Result<Self> {
        let segments: Vec<Segment> = searcher
            .segment_readers()
            .iter()
            .map(|reader| Segment::open(reader, &fields, before))
            .collect::<Result<_, _>>()?;
        let counts = rank::KINDS.map(|kind| {
            segments
                .iter()
                .map(|segment| segment.count(segment.range(kind)))
                .sum()
        });
        Ok(Self {
            searcher,
            fields,
            segments,
            views,
            counts,
            towns: OnceLock::new(),
        })
    }

    /// Works out what is otherwise worked out for whoever asks first: half a second at national size.
    pub fn make_ready(&self) -> tantivy::Result<()> {
        self.make_segments_ready()?;
        self.towns().map(|_| ())
    }

    /// The same of the segments alone: little where only few of them are new.
    pub fn make_segments_ready(&self) -> tantivy::Result<()> {
        for segment in &self.segments {
            segment.kept.ties(segment, &self.views);
            segment.kept.facets(segment)?;
        }
        Ok(())
    }

    /// Opens or writes the shelves of all segments, and removes those of others: some seconds at national size, where
    /// none are written yet.
    pub fn fill_shelves(&self, folder: &Path) -> io::Result<()> {
        for segment in &self.segments {
            segment.kept.fill_shelf(folder, segment, &self.views)?;
        }
        let own: Vec<SegmentId> = self.segments.iter().map(|segment| segment.id).collect();
        Shelf::remove_others(folder, &own)
    }

    /// The entry known by a key: of several, the first in order.
    pub fn by_key(&self, kind: Kind, key: &str) -> tantivy::Result<Option<Record<'_>>> {
        let mut found = self.records(kind, &Plan::Term(terms::key(kind, key)), |_, _| true)?;
        if PublicIds::is_one(key) {
            let wanted = entry_uuid(key);
            found.retain(|record| {
                EntryView::new(&record.entry()).first(Field::EntryUuid) == Some(wanted.as_str())
            });
        }
        found.sort_unstable_by_key(|record| (record.rank, record.entity));
        Ok(found.first().copied())
    }

    /// All entries of a kind that a plan lets in, and whose documents are meant.
    fn records(
        &self,
        kind: Kind,
        plan: &Plan,
        is_meant: impl Fn(&Segment, DocId) -> bool,
    ) -> tantivy::Result<Vec<Record<'_>>> {
        let mut found = Vec::new();
        for segment in &self.segments {
            let range = segment.range(kind);
            let mut docs = Docs::open(plan, segment, range.start)?;
            let mut doc = docs.doc();
            while doc < range.end {
                if segment.is_alive(doc)
                    && is_meant(segment, doc)
                    && let Some(record) = self.views.get(At(segment.ats.get_val(doc)))
                {
                    found.push(record);
                }
                doc = docs.advance();
            }
        }
        Ok(found)
    }

    /// The record of a document.
    pub fn record(&self, address: DocAddress) -> Option<Record<'_>> {
        let segment = self.segments.get(address.segment_ord as usize)?;
        self.views.get(At(segment.ats.get_val(address.doc_id)))
    }

    /// The kind of a document.
    pub fn kind(&self, address: DocAddress) -> Kind {
        let rank = self
            .segments
            .get(address.segment_ord as usize)
            .map_or(0, |segment| segment.ranks.get_val(address.doc_id));
        rank::kind(rank)
    }

    /// The mailboxes of a structure, by its public id, in order; those whose entry meets the words of `q`.
    pub fn of_structure(&self, id: &str, q: &str) -> tantivy::Result<Vec<Record<'_>>> {
        let folded = fold(q);
        let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        let wanted = hash(id);
        let is_there = |segment: &Segment, doc| segment.structures.values_for_doc(doc).any(|id| id == wanted);
        let mut found = self.records(Kind::Mailbox, &Plan::Term(terms::of_structure(id)), is_there)?;
        found.sort_unstable_by_key(|record| (record.rank, record.entity));
        let shown = |record: &Record<'_>| -> String {
            EntryView::new(&record.entry())
                .fields()
                .flat_map(|(_, values)| values.values())
                .map(|value| format!("{} ", fold(value)))
                .collect()
        };
        Ok(found
            .into_iter()
            .filter(|record| {
                let shown = if words.is_empty() {
                    String::new()
                } else {
                    shown(record)
                };
                words.iter().all(|word| shown.contains(word))
            })
            .collect())
    }

    /// Where communes and postcodes lie.
    pub fn towns(&self) -> tantivy::Result<&Towns> {
        if let Some(towns) = self.towns.get() {
            return Ok(towns);
        }
        let towns = Towns::read(self)?;
        Ok(self.towns.get_or_init(|| towns))
    }

    /// Number of visible entries of a kind.
    pub fn count(&self, kind: Kind) -> u64 {
        let place = rank::KINDS.into_iter().position(|other| other == kind);
        place
            .and_then(|place| self.counts.get(place).copied())
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::mailbox::Mailbox;
    use crate::directory::mailbox::example::{reception, row};
    use crate::directory::structure::Structure;
    use crate::directory::structure::example::clinic;
    use crate::index::generation::Generation;
    use crate::index::recherche::Recherche;
    use crate::query::Kinds;
    use crate::store::changes::Changes;
    use crate::store::documents::Document;

    #[test]
    fn a_mailbox_whose_address_looks_like_a_public_id_is_found_by_it() {
        let address = "p_a@a-exemple.mssante.fr";
        let mailbox = Box::new(Mailbox {
            adresse: address.into(),
            ..reception(vec![row()])
        });
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::create(folder.path().to_owned()).unwrap();
        let documents = [Document::Mailbox(7, mailbox)];
        generation.change(&Changes::default(), &documents).unwrap();
        let snapshot = generation.snapshot();
        let found = snapshot.by_key(Kind::Mailbox, address).unwrap();
        assert_eq!(found.map(|record| record.entity), Some(7));
    }

    #[test]
    fn structures_whose_public_ids_share_a_term_are_told_apart() {
        let ids = [1, 2].map(|number| format!("s_aaaaaa{number:016}"));
        assert_eq!(terms::of_structure(&ids[0]), terms::of_structure(&ids[1]));
        let documents = (1..).zip(&ids).flat_map(|(number, id)| {
            let structure = Arc::new(Structure {
                id: id.clone(),
                ..clinic()
            });
            let mut attachment = row();
            attachment.structure = Some(structure.clone());
            let mailbox = Box::new(Mailbox {
                id: format!("b_{number:022}"),
                ..reception(vec![attachment])
            });
            [
                Document::Structure(number, structure),
                Document::Mailbox(number, mailbox),
            ]
        });
        let documents: Vec<Document> = documents.collect();
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::create(folder.path().to_owned()).unwrap();
        generation.change(&Changes::default(), &documents).unwrap();
        let snapshot = generation.snapshot();
        for (number, id) in (1..).zip(ids) {
            let entities = |found: Vec<Record<'_>>| -> Vec<u64> { found.iter().map(|r| r.entity).collect() };
            let boxes = snapshot.of_structure(&id, "").unwrap();
            let by_key = snapshot.by_key(Kind::Structure, &id).unwrap();
            assert_eq!(entities(boxes), [number]);
            assert_eq!(entities(by_key.into_iter().collect()), [number]);
            let recherche = Recherche {
                types: Kinds::ALL,
                structure: vec![id],
                par_page: 10,
                ..Recherche::default()
            };
            assert_eq!(snapshot.recherche(&recherche, false).unwrap().total, 2);
        }
    }
}
