//! The candidates of a plan in order, looking at no more of the index than somebody asks for.
//!
//! Segments are sorted by rank: in each, entries of one rank are put in order by their whole names, and these rows are
//! merged.

use tantivy::DocId;

use super::plan::Plan;
use super::postings::Docs;
use super::record::Record;
use super::shelf::Shelf;
use super::snapshot::{Segment, Snapshot};
use super::standing::Standing;
use super::ties::{Group, Run};
use super::views::{At, Views};
use crate::query::Kind;

/// The rows of all segments, merged.
pub struct Rows<'s, 'a> {
    rows: Vec<Row<'s>>,
    after: Option<Standing<'a>>,
}

impl<'s, 'a> Rows<'s, 'a> {
    /// The candidates of a kind. Of those that stand `after` or before it few are told.
    pub fn open(
        snapshot: &'s Snapshot,
        plan: &Plan,
        kind: Kind,
        after: Option<Standing<'a>>,
    ) -> tantivy::Result<Self> {
        let mut rows = Vec::with_capacity(snapshot.segments.len());
        for segment in &snapshot.segments {
            let range = segment.range(kind);
            let first = after.map_or(range.start, |after| segment.first_at(after.rank).max(range.start));
            if first >= range.end || *plan == Plan::Nothing {
                continue;
            }
            let mut row = Row {
                segment,
                views: &snapshot.views,
                shelf: segment.kept.shelf().filter(|_| kind == Kind::Mailbox),
                docs: Docs::open(plan, segment, first)?,
                end: range.end,
                few: Vec::new(),
                many: None,
                ahead: segment.kept.ties(segment, &snapshot.views).next_from(first),
                record: None,
            };
            row.advance(after.as_ref());
            if row.record.is_some() {
                rows.push(row);
            }
        }
        Ok(Self { rows, after })
    }
}

impl<'s> Iterator for Rows<'s, '_> {
    type Item = Record<'s>;

    fn next(&mut self) -> Option<Record<'s>> {
        let mut best: Option<(&mut Row<'s>, Record<'s>)> = None;
        for row in &mut self.rows {
            let Some(record) = row.record else { continue };
            let is_better = best.as_ref().is_none_or(|(_, other)| {
                record.rank < other.rank
                    || (record.rank == other.rank
                        && (record.name(), record.entity) < (other.name(), other.entity))
            });
            if is_better {
                best = Some((row, record));
            }
        }
        let (row, record) = best?;
        row.advance(self.after.as_ref());
        Some(record)
    }
}

/// The candidates of one segment, in order.
struct Row<'s> {
    segment: &'s Segment,
    views: &'s Views,
    shelf: Option<&'s Shelf>,
    /// Stands behind the candidates that are being told.
    docs: Docs,
    end: DocId,
    /// Candidates of one rank, the next one last.
    few: Vec<Record<'s>>,
    /// The same where they are many.
    many: Option<Run<'s>>,
    /// The many of one rank that come next, where they have been looked for.
    ahead: Option<&'s Group>,
    /// What it stands at; `None` behind the last.
    record: Option<Record<'s>>,
}

impl<'s> Row<'s> {
    /// Goes to the next candidate. Of many that share a rank, those not behind `after` are passed over at once.
    fn advance(&mut self, after: Option<&Standing<'_>>) {
        self.record = None;
        while self.record.is_none() {
            if let Some(run) = &mut self.many {
                match run.next(&self.docs) {
                    Some(doc) if self.segment.is_alive(doc) => self.record = self.read(doc),
                    Some(_) => {}
                    None => self.many = None,
                }
            } else if let Some(record) = self.few.pop() {
                self.record = Some(record);
            } else if !self.open_rank(after) {
                return;
            }
        }
    }

    /// Takes up the candidates of the next rank; false behind the last.
    fn open_rank(&mut self, after: Option<&Standing<'_>>) -> bool {
        let first = self.docs.doc();
        if first >= self.end {
            return false;
        }
        if self.ahead.is_some_and(|group| group.docs.end <= first) {
            self.ahead = self.segment.kept.ties(self.segment, self.views).next_from(first);
        }
        if let Some(group) = self.ahead.filter(|group| group.docs.contains(&first)) {
            let mut run = Run::take(group, &mut self.docs);
            if let Some(after) = after {
                run.pass_over(self.segment, self.views, |record| {
                    (record.rank, record.name(), record.entity) <= (after.rank, after.name, after.entity)
                });
            }
            self.many = Some(run);
            return true;
        }
        let rank = self.segment.ranks.get_val(first);
        let mut doc = first;
        while doc < self.end && self.segment.ranks.get_val(doc) == rank {
            if self.segment.is_alive(doc) {
                let record = self.read(doc);
                self.few.extend(record);
            }
            doc = self.docs.advance();
        }
        if self.few.len() > 1 {
            self.few
                .sort_unstable_by(|one, other| (other.name(), other.entity).cmp(&(one.name(), one.entity)));
        }
        true
    }

    fn read(&self, doc: DocId) -> Option<Record<'s>> {
        let shelved = self.shelf.and_then(|shelf| shelf.record(doc, self.views));
        shelved.or_else(|| self.views.get(At(self.segment.ats.get_val(doc))))
    }
}
