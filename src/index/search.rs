//! The first entries that meet a filter, in order, looking at no more of the index than that takes.
//!
//! Segments are sorted by rank: in each, entries of one rank are put in order by their whole names; these rows of
//! candidates are merged, and each candidate is put to the filter before the next is looked at.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tantivy::DocId;

use super::plan::{Plan, plan};
use super::postings::Docs;
use super::snapshot::{Segment, Snapshot};
use super::ties::Run;
use super::views::{At, Record, Views};
use crate::query::forms::forms;
use crate::query::matcher::{Matcher, Subject};
use crate::query::{Filter, Kind, Kinds, Mark, Order, Tri, relevance};
use crate::view::entry::EntryView;
use crate::view::field::Field;

/// Candidates looked at between two looks at the clock.
const STRIDE: usize = 256;

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

/// An entry that answers, where it lies.
#[derive(Debug)]
pub struct Matched<'s> {
    pub kind: Kind,
    pub record: Record<'s>,
    standing: Standing<'s>,
}

impl Matched<'_> {
    /// Where it stands.
    pub fn mark(&self) -> Mark {
        self.standing.mark()
    }
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

/// A candidate while a filter is put to it.
struct Candidate<'s> {
    kind: Kind,
    record: Record<'s>,
    /// The entry, once it had to be unpacked.
    unpacked: std::cell::OnceCell<tantivy::directory::OwnedBytes>,
}

impl Subject for Candidate<'_> {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn forms(&self, field: Field) -> Cow<'_, [u8]> {
        match self.record.forms(field) {
            Some(kept) => Cow::Borrowed(kept),
            None => Cow::Owned(forms(field, self.entry()).into_bytes()),
        }
    }

    fn entry(&self) -> EntryView<'_> {
        match self.record.hot_entry() {
            Some(entry) => EntryView::new(entry),
            None => EntryView::new(self.unpacked.get_or_init(|| self.record.entry())),
        }
    }
}

/// Where an entry stands: tier, rank, folded name, number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Standing<'s> {
    tier: u8,
    rank: u64,
    name: &'s [u8],
    entity: u64,
}

impl Standing<'_> {
    fn mark(&self) -> Mark {
        let mut bytes = Vec::with_capacity(17 + self.name.len());
        bytes.push(self.tier);
        bytes.extend_from_slice(&self.rank.to_be_bytes());
        bytes.extend_from_slice(&self.entity.to_be_bytes());
        bytes.extend_from_slice(self.name);
        Mark(bytes)
    }

    fn of(mark: &Mark) -> Option<Standing<'_>> {
        let (tier, rest) = mark.0.split_first()?;
        let (rank, rest) = rest.split_first_chunk()?;
        let (entity, name) = rest.split_first_chunk()?;
        Some(Standing {
            tier: *tier,
            rank: u64::from_be_bytes(*rank),
            name,
            entity: u64::from_be_bytes(*entity),
        })
    }
}

/// The mark behind which the entries of a kind begin whose folded name is not before `name`.
pub fn mark_before(kind: Kind, name: &str) -> Mark {
    Standing {
        tier: 0,
        rank: super::rank::rank(kind, name),
        name: name.as_bytes(),
        entity: 0,
    }
    .mark()
}

/// A filter and what it takes to find and to check.
struct Tier {
    filter: Filter,
    matcher: Matcher,
}

/// The candidates of one segment, in order.
struct Row<'s> {
    segment: &'s Segment,
    views: &'s Views,
    /// Stands behind the candidates that are being told.
    docs: Docs,
    end: DocId,
    /// Candidates of one rank, the next one last.
    few: Vec<Record<'s>>,
    /// The same where they are many.
    many: Option<Run<'s>>,
    /// What it stands at; `None` behind the last.
    record: Option<Record<'s>>,
}

impl<'s> Row<'s> {
    /// Goes to the next candidate. Of many that share a rank, those not behind `after` are passed over at once.
    fn advance(&mut self, after: Option<&Standing<'_>>) {
        self.record = None;
        while self.record.is_none() {
            if let Some(run) = &mut self.many {
                match run.next() {
                    Some(doc) => self.record = self.read(doc),
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
        let ties = self.segment.kept.ties(self.segment, self.views);
        if let Some(group) = ties.of(first) {
            let mut run = Run::take(group, self.segment, &mut self.docs);
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
        self.views.get(At(self.segment.ats.get_val(doc)))
    }
}

impl Snapshot {
    /// Gives the first entries that meet a filter, in order, to `take`.
    pub fn each<'s>(
        &'s self,
        ask: &Ask<'_>,
        take: &mut dyn FnMut(Matched<'s>),
    ) -> tantivy::Result<SearchEnd> {
        let mut seen = 0;
        let end = ask.skip.saturating_add(ask.limit);
        Walk::new(self, ask).each(|matched| {
            if seen >= end {
                return Some(SearchEnd::Limit);
            }
            if seen >= ask.skip {
                take(matched);
            }
            seen += 1;
            None
        })
    }

    /// How many entries meet a filter, whatever the order and the limits.
    pub fn count_matches(&self, ask: &Ask<'_>) -> tantivy::Result<(usize, SearchEnd)> {
        let ask = Ask {
            order: Order::Name,
            after: None,
            ..*ask
        };
        let mut count = 0;
        let end = Walk::new(self, &ask).each(|_| {
            count += 1;
            None
        })?;
        Ok((count, end))
    }
}

/// One search under way.
pub struct Walk<'s, 'a> {
    snapshot: &'s Snapshot,
    ask: &'a Ask<'a>,
    tiers: Vec<Tier>,
    after: Option<Standing<'a>>,
    looked_at: usize,
}

impl<'s, 'a> Walk<'s, 'a> {
    /// Prepares it.
    pub fn new(snapshot: &'s Snapshot, ask: &'a Ask<'a>) -> Self {
        let filter = ask.filter.clone().flattened();
        let filters = match ask.order {
            Order::Relevance => relevance::tiers(&filter),
            Order::Name | Order::NameDescending => vec![filter],
        };
        let tiers = filters.into_iter().map(|filter| Tier {
            matcher: Matcher::new(&filter),
            filter,
        });
        Self {
            snapshot,
            ask,
            tiers: tiers.collect(),
            after: ask.after.and_then(Standing::of),
            looked_at: 0,
        }
    }

    /// Gives each entry that answers to `take`, until it says how the search ends.
    pub fn each(
        mut self,
        mut take: impl FnMut(Matched<'s>) -> Option<SearchEnd>,
    ) -> tantivy::Result<SearchEnd> {
        let begin = self.after.as_ref().map_or(0, |after| usize::from(after.tier));
        for tier in begin..self.tiers.len() {
            for kind in super::rank::KINDS {
                if self.ask.kinds.contains(kind)
                    && let Some(end) = self.each_of(tier, kind, &mut take)?
                {
                    return Ok(end);
                }
            }
        }
        Ok(SearchEnd::Complete)
    }

    fn each_of(
        &mut self,
        tier: usize,
        kind: Kind,
        take: &mut impl FnMut(Matched<'s>) -> Option<SearchEnd>,
    ) -> tantivy::Result<Option<SearchEnd>> {
        let Some((plan, exact)) = self.tiers.get(tier).map(|tier| plan(&tier.filter, kind)) else {
            return Ok(None);
        };
        let mut rows = self.rows(&plan, kind, tier)?;
        if self.ask.order == Order::NameDescending {
            let mut all = Vec::new();
            while let Some(record) = self.next(&mut rows, None) {
                all.push(record);
            }
            let mut backwards = all.into_iter().rev();
            return Ok(backwards.find_map(|record| self.put(tier, kind, exact, record, take)));
        }
        let after = self.after.filter(|after| usize::from(after.tier) == tier);
        while let Some(record) = self.next(&mut rows, after.as_ref()) {
            if let Some(end) = self.put(tier, kind, exact, record, take) {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// The candidates of each segment, from where the search goes on.
    fn rows(&self, plan: &Plan, kind: Kind, tier: usize) -> tantivy::Result<Vec<Row<'s>>> {
        let after = self
            .after
            .as_ref()
            .filter(|after| usize::from(after.tier) == tier && self.ask.order != Order::NameDescending);
        let mut rows = Vec::with_capacity(self.snapshot.segments.len());
        for segment in &self.snapshot.segments {
            let range = segment.range(kind);
            let first = after.map_or(range.start, |after| segment.first_at(after.rank).max(range.start));
            if first >= range.end || *plan == Plan::Nothing {
                continue;
            }
            let mut row = Row {
                segment,
                views: &self.snapshot.views,
                docs: Docs::open(plan, &segment.inverted, first)?,
                end: range.end,
                few: Vec::new(),
                many: None,
                record: None,
            };
            row.advance(after);
            if row.record.is_some() {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// The next candidate of all rows.
    fn next(&self, rows: &mut [Row<'s>], after: Option<&Standing<'_>>) -> Option<Record<'s>> {
        let mut best: Option<(&mut Row<'s>, Record<'s>)> = None;
        for row in rows {
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
        row.advance(after);
        Some(record)
    }

    /// Puts a candidate to the filter; gives how the search ends, if it does.
    fn put(
        &mut self,
        tier: usize,
        kind: Kind,
        exact: bool,
        record: Record<'s>,
        take: &mut impl FnMut(Matched<'s>) -> Option<SearchEnd>,
    ) -> Option<SearchEnd> {
        let standing = Standing {
            tier: u8::try_from(tier).unwrap_or(u8::MAX),
            rank: record.rank,
            name: record.name(),
            entity: record.entity,
        };
        let is_before = self.after.is_some_and(|after| match self.ask.order {
            Order::NameDescending => standing >= after,
            Order::Relevance | Order::Name => standing <= after,
        });
        if is_before {
            return None;
        }
        self.looked_at += 1;
        if self.looked_at.is_multiple_of(STRIDE) {
            if self.ask.cancelled.load(Ordering::Relaxed) {
                return Some(SearchEnd::Cancelled);
            }
            if Instant::now() >= self.ask.deadline {
                return Some(SearchEnd::Time);
            }
        }
        if !self.answers(tier, kind, exact, record) {
            return None;
        }
        take(Matched {
            kind,
            record,
            standing,
        })
    }

    /// Whether a candidate meets the tier's filter and none of the better ones.
    fn answers(&self, tier: usize, kind: Kind, exact: bool, record: Record<'s>) -> bool {
        let candidate = Candidate {
            kind,
            record,
            unpacked: std::cell::OnceCell::new(),
        };
        let meets = |tier: &Tier| tier.matcher.matches(&candidate) == Tri::True;
        let (better, own) = self.tiers.split_at(tier);
        (exact || own.first().is_some_and(meets)) && !better.iter().any(meets)
    }
}
