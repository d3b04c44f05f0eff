//! The first entries that meet a filter, in order, looking at no more of the index than that takes.
//!
//! Candidates come in order from [`super::rows`]; each is put to the filter before the next is looked at.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::plan::plan;
use super::record::Record;
use super::rows::Rows;
use super::snapshot::Snapshot;
use super::standing::Standing;
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
    /// Of what answers, nothing is read but [`super::record::FIRST_FIELDS_OF_MAILBOX`].
    pub first_fields_do: bool,
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

    fn has(&self, field: Field) -> bool {
        let first = self.record.first_fields().map(EntryView::new);
        first.is_some_and(|first| first.get(field).is_some()) || self.entry().get(field).is_some()
    }

    fn entry(&self) -> EntryView<'_> {
        match self.record.hot_entry() {
            Some(entry) => EntryView::new(entry),
            None => EntryView::new(self.unpacked.get_or_init(|| self.record.entry())),
        }
    }
}

/// A filter and what it takes to find and to check.
struct Tier {
    filter: Filter,
    matcher: Matcher,
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
            let mut kinds = super::rank::KINDS;
            // The kind is the top of the rank: what comes last by name comes first backwards.
            if self.ask.order == Order::NameDescending {
                kinds.reverse();
            }
            for kind in kinds {
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
        let descending = self.ask.order == Order::NameDescending;
        let after = self
            .after
            .filter(|after| usize::from(after.tier) == tier && !descending);
        let mut rows = Rows::open(self.snapshot, &plan, kind, after)?;
        if !descending {
            return Ok(rows.find_map(|record| self.put(tier, kind, exact, record, take)));
        }
        let mut all = Vec::new();
        for record in rows {
            if let Some(end) = self.look() {
                return Ok(Some(end));
            }
            all.push(record);
        }
        let mut backwards = all.into_iter().rev();
        Ok(backwards.find_map(|record| self.put(tier, kind, exact, record, take)))
    }

    /// Counts a candidate looked at; gives why the search ends, if it has lasted too long or nobody waits for it.
    fn look(&mut self) -> Option<SearchEnd> {
        self.looked_at += 1;
        if !self.looked_at.is_multiple_of(STRIDE) {
            return None;
        }
        if self.ask.cancelled.load(Ordering::Relaxed) {
            return Some(SearchEnd::Cancelled);
        }
        (Instant::now() >= self.ask.deadline).then_some(SearchEnd::Time)
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
        if let Some(end) = self.look() {
            return Some(end);
        }
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
