//! The entries of the directory that answer a search, in the order that was asked: a part of them, how many, and
//! how many stand before a value.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use ldap3_proto::proto::{LdapResult, LdapResultCode};
use tokio::sync::SemaphorePermit;

use super::unavailable;
use crate::ldap::Context;
use crate::ldap::controls::sort::{self, Key, SortResult};
use crate::ldap::reply;
use crate::query::{Filter, Kinds, Mark, Order};
use crate::service::{Ask, Found, SearchEnd, Seen};
use crate::view::entry::EntryView;
use crate::visibility::Viewer;

/// Entries that are gathered to be sorted by another attribute than the index's: some 5 MB.
const MAX_GATHERED: usize = 4_000;
/// Searches that may have gathered entries at one time.
pub const MAX_GATHERINGS: usize = 8;

/// What is asked of the directory.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub context: &'a Context,
    pub viewer: &'a Viewer,
    pub kinds: Kinds,
    pub filter: &'a Filter,
    /// Of the entries sent, only those fields are read that are found fastest.
    pub first_fields_do: bool,
    pub deadline: Instant,
    pub cancelled: &'a AtomicBool,
}

/// Where a part begins.
#[derive(Debug, Clone)]
pub enum Start {
    /// After so many entries.
    Skip(usize),
    /// After the entry of this mark.
    After(Mark),
}

/// The entries, in order.
pub struct Matches<'a> {
    question: Question<'a>,
    source: Source<'a>,
}

enum Source<'a> {
    Index(Order),
    Gathered {
        entries: Vec<Found>,
        keys: Vec<Key>,
        _permit: SemaphorePermit<'a>,
    },
}

impl<'a> Question<'a> {
    fn ask(&self, order: Order) -> Ask<'a> {
        Ask {
            kinds: self.kinds,
            filter: self.filter,
            order,
            after: None,
            skip: 0,
            limit: 0,
            first_fields_do: self.first_fields_do,
            deadline: self.deadline,
            cancelled: self.cancelled,
        }
    }

    fn search(&self, ask: &Ask<'_>) -> Result<(Vec<Found>, SearchEnd), LdapResult> {
        let found = self.context.directory.search(ask, self.viewer);
        found.map_err(|fault| unavailable(&fault))
    }
}

impl<'a> Matches<'a> {
    /// In an order that the index keeps.
    pub fn ordered(question: Question<'a>, order: Order) -> Self {
        Self {
            question,
            source: Source::Index(order),
        }
    }

    /// Gathers all entries and sorts them; the reason why not, where there are too many, or where too many
    /// searches do so already.
    pub fn gathered(question: Question<'a>, keys: &[Key]) -> Result<Result<Self, SortResult>, LdapResult> {
        let Ok(permit) = question.context.gatherings.try_acquire() else {
            return Ok(Err(SortResult::Busy));
        };
        let (mut entries, end) = question.search(&Ask {
            limit: MAX_GATHERED,
            ..question.ask(Order::Name)
        })?;
        if end != SearchEnd::Complete {
            return Ok(Err(SortResult::AdminLimitExceeded));
        }
        sort::sort(&mut entries, keys, |found| EntryView::new(&found.entry));
        for (place, found) in (0_u64..).zip(&mut entries) {
            // In an order of our own making, a mark is a place.
            found.mark = Mark(place.to_be_bytes().to_vec());
        }
        let source = Source::Gathered {
            entries,
            keys: keys.to_vec(),
            _permit: permit,
        };
        Ok(Ok(Self { question, source }))
    }

    /// How many there are.
    pub fn count(&self) -> Result<usize, LdapResult> {
        match &self.source {
            Source::Gathered { entries, .. } => Ok(entries.len()),
            Source::Index(order) => {
                let counted = self.question.context.directory.count(&self.question.ask(*order));
                let (count, end) = counted.map_err(|fault| unavailable(&fault))?;
                in_time(end).map(|()| count)
            }
        }
    }

    /// How many stand before a value of what they are sorted by, of `count`.
    pub fn before(&self, value: &str, count: usize) -> Result<usize, LdapResult> {
        match &self.source {
            Source::Gathered { entries, keys, .. } => {
                Ok(entries
                    .partition_point(|found| sort::is_before(EntryView::new(&found.entry), value, keys)))
            }
            // Halves the list until the place is found; the index goes to a place at once.
            Source::Index(order) => {
                let keys = [sort::key_of(*order)];
                let (mut low, mut high) = (0, count);
                while low < high {
                    let middle = low + (high - low) / 2;
                    let (found, end) = self.question.search(&Ask {
                        skip: middle,
                        limit: 1,
                        ..self.question.ask(*order)
                    })?;
                    in_time(end)?;
                    match found.first() {
                        Some(found) if sort::is_before(EntryView::new(&found.entry), value, &keys) => {
                            low = middle + 1;
                        }
                        _ => high = middle,
                    }
                }
                Ok(low)
            }
        }
    }

    /// The first of them, each where it lies; [`SearchEnd::Limit`] only when more follow.
    pub fn each(self, limit: usize, take: &mut dyn FnMut(&Seen<'_>)) -> Result<SearchEnd, LdapResult> {
        match self.source {
            Source::Gathered { entries, .. } => {
                entries.iter().take(limit).for_each(|found| take(&found.seen()));
                Ok(if entries.len() > limit {
                    SearchEnd::Limit
                } else {
                    SearchEnd::Complete
                })
            }
            Source::Index(order) => {
                let ask = Ask {
                    limit,
                    ..self.question.ask(order)
                };
                let directory = &self.question.context.directory;
                let end = directory.each(&ask, self.question.viewer, take);
                end.map_err(|fault| unavailable(&fault))
            }
        }
    }

    /// A part of them; [`SearchEnd::Limit`] only when more follow. To be asked once.
    pub fn take(self, start: &Start, limit: usize) -> Result<(Vec<Found>, SearchEnd), LdapResult> {
        match self.source {
            Source::Gathered { mut entries, .. } => {
                let first = match start {
                    Start::Skip(places) => *places,
                    Start::After(mark) => place(mark).ok_or_else(begin_again)? + 1,
                };
                let mut part = entries.split_off(first.min(entries.len()));
                let end = if part.len() > limit {
                    SearchEnd::Limit
                } else {
                    SearchEnd::Complete
                };
                part.truncate(limit);
                Ok((part, end))
            }
            Source::Index(order) => {
                let (after, skip) = match start {
                    Start::Skip(places) => (None, *places),
                    Start::After(mark) if place(mark).is_some() => return Err(begin_again()),
                    Start::After(mark) => (Some(mark), 0),
                };
                self.question.search(&Ask {
                    after,
                    skip,
                    limit,
                    ..self.question.ask(order)
                })
            }
        }
    }
}

/// A number, unlike entries, says nothing when only a part was looked at.
fn in_time(end: SearchEnd) -> Result<(), LdapResult> {
    match end {
        SearchEnd::Time => Err(reply::result(LdapResultCode::TimeLimitExceeded, "")),
        _ => Ok(()),
    }
}

/// Between two pages the entries became too many to be sorted here, or few enough: the mark is of the other manner, and
/// from the first entry on again would be an answer to something else.
fn begin_again() -> LdapResult {
    reply::result(
        LdapResultCode::UnwillingToPerform,
        "the reading in pages cannot go on; begin it again",
    )
}

fn place(mark: &Mark) -> Option<usize> {
    let octets: [u8; 8] = mark.0.as_slice().try_into().ok()?;
    usize::try_from(u64::from_be_bytes(octets)).ok()
}
