//! Entries of one segment whose names begin so much alike that they share a rank, where they are many: thousands of
//! practices are called `CABINET DU DOCTEUR …`. Their order by name is worked out once and kept with the segment.

use std::ops::Range;

use tantivy::DocId;

use super::bits::Bits;
use super::postings::Docs;
use super::record::Record;
use super::snapshot::Segment;
use super::views::{At, Views};

/// Fewer than this are put in order when they are met.
const MANY: u32 = 64;
/// Where a search lets in more than one of so many, whoever asks for the first ones passes over less than gathering all
/// would take; and to whoever asks for all, passing over so many costs no more than reading the one found.
const SPARSE: u32 = 256;

/// The groups of one segment.
#[derive(Debug, Default)]
pub struct Ties {
    /// In the order of their documents.
    groups: Vec<Group>,
}

/// Documents of one rank.
#[derive(Debug)]
pub struct Group {
    pub docs: Range<DocId>,
    /// The documents, by name and number.
    order: Vec<DocId>,
    /// For each document of the range its place in `order`.
    places: Vec<u32>,
}

impl Ties {
    /// Finds the groups of a segment and reads the names in them: about a tenth of a second at national size.
    pub fn read(segment: &Segment, views: &Views) -> Self {
        let mut groups = Vec::new();
        let mut first = 0;
        while first < segment.max_doc {
            let rank = segment.ranks.get_val(first);
            // Most runs are short: one look ahead tells.
            let is_long = first + MANY < segment.max_doc && segment.ranks.get_val(first + MANY) == rank;
            let end = match is_long {
                true => segment.first_at(rank + 1),
                false => first + 1,
            };
            if is_long {
                groups.push(Group::read(segment, views, first..end));
            }
            first = end;
        }
        Self { groups }
    }

    /// The group that a document is in, or else the next one behind it.
    pub fn next_from(&self, doc: DocId) -> Option<&Group> {
        let place = self.groups.partition_point(|group| group.docs.end <= doc);
        self.groups.get(place)
    }
}

impl Group {
    fn read(segment: &Segment, views: &Views, docs: Range<DocId>) -> Self {
        let mut named: Vec<(&[u8], u64, DocId)> = docs
            .clone()
            .map(|doc| match views.get(At(segment.ats.get_val(doc))) {
                Some(record) => (record.name(), record.entity, doc),
                None => (&[][..], 0, doc),
            })
            .collect();
        named.sort_unstable();
        let order: Vec<DocId> = named.into_iter().map(|(_, _, doc)| doc).collect();
        let mut places = vec![0; order.len()];
        for (place, doc) in (0..).zip(&order) {
            if let Some(slot) = places.get_mut((doc - docs.start) as usize) {
                *slot = place;
            }
        }
        Self { docs, order, places }
    }

    /// The places of those that a row of documents has.
    fn gather(&self, docs: &mut Docs) -> Bits {
        let mut gathered = Bits::none(u32::try_from(self.order.len()).unwrap_or(u32::MAX));
        let mut doc = docs.doc();
        while doc < self.docs.end {
            if let Some(place) = self.places.get((doc - self.docs.start) as usize) {
                gathered.insert(*place);
            }
            doc = docs.advance();
        }
        gathered
    }
}

/// Those of a group that a search lets in, one after the other in their order.
pub struct Run<'s> {
    group: &'s Group,
    /// By their places, where the few were gathered; otherwise each of the group is asked for when its turn comes.
    gathered: Option<Bits>,
    next: u32,
}

impl<'s> Run<'s> {
    /// Takes what the row of documents has of the group, and leaves the row behind it.
    pub fn take(group: &'s Group, docs: &mut Docs) -> Self {
        let all = group.docs.end - group.docs.start;
        let are_many = docs
            .count_of(&group.docs)
            .is_some_and(|count| count > u64::from(all / SPARSE));
        let gathered = (!are_many).then(|| group.gather(docs));
        docs.seek(group.docs.end);
        Self {
            group,
            gathered,
            next: 0,
        }
    }

    /// Leaves out those of which `is_before` holds, which are the first in order.
    pub fn pass_over(&mut self, segment: &Segment, views: &Views, is_before: impl Fn(&Record<'_>) -> bool) {
        let skipped = self.group.order.partition_point(|doc| {
            views
                .get(At(segment.ats.get_val(*doc)))
                .is_none_or(|record| is_before(&record))
        });
        self.next = u32::try_from(skipped).unwrap_or(u32::MAX);
    }

    /// The next one, of the row that it was taken from.
    pub fn next(&mut self, docs: &Docs) -> Option<DocId> {
        loop {
            if let Some(gathered) = &self.gathered {
                self.next = gathered.iter_from(self.next).next()?;
            }
            let doc = *self.group.order.get(self.next as usize)?;
            self.next += 1;
            if self.gathered.is_some() || docs.holds(doc) {
                return Some(doc);
            }
        }
    }
}
