//! The best of what is found, as it is found: no more is kept than may be told, and what cannot be among the best is
//! known at once.

use tantivy::DocAddress;

use crate::index::record::Record;
use crate::index::snapshot::Snapshot;

/// Found beyond the limit before the worst are let go.
const SPARE: usize = 1024;

/// Score or distance, then alphabetical place as far as a rank tells it. Ascending.
pub type Coarse = (u64, u64);

/// What orders results: the name and the number decide where all else is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    pub coarse: Coarse,
    pub name: &'a [u8],
    pub entity: u64,
}

impl<'a> Place<'a> {
    fn of(coarse: Coarse, record: &Record<'a>) -> Self {
        Self {
            coarse,
            name: record.name(),
            entity: record.entity,
        }
    }
}

/// A place, to be told and taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    coarse: Coarse,
    name: Vec<u8>,
    entity: u64,
}

impl Cursor {
    /// The place behind which a page begins.
    pub fn place(&self) -> Place<'_> {
        Place {
            coarse: self.coarse,
            name: &self.name,
            entity: self.entity,
        }
    }

    /// As text: hexadecimal digits.
    pub fn encode(place: &Place<'_>) -> String {
        let ((first, rank), entity) = (place.coarse, place.entity);
        let name = place.name.iter().map(|byte| format!("{byte:02x}"));
        format!("{first:016x}{rank:016x}{entity:016x}") + &name.collect::<String>()
    }

    /// From its text; `None` where it is none of ours.
    pub fn decode(text: &str) -> Option<Self> {
        let number = |range| u64::from_str_radix(text.get(range)?, 16).ok();
        let digits = text.get(48..)?;
        let byte = |place| u8::from_str_radix(digits.get(place..place + 2)?, 16).ok();
        Some(Self {
            coarse: (number(0..16)?, number(16..32)?),
            entity: number(32..48)?,
            name: (0..digits.len()).step_by(2).map(byte).collect::<Option<_>>()?,
        })
    }
}

/// A result.
pub struct Match<'s> {
    pub place: Place<'s>,
    pub address: DocAddress,
    pub record: Record<'s>,
}

/// Collects the best.
pub struct Best<'s, 'a> {
    snapshot: &'s Snapshot,
    after: Option<Place<'a>>,
    limit: usize,
    found: Vec<(Coarse, DocAddress)>,
    /// Nothing worse is among the best.
    worst: Coarse,
    /// How many may be found before the worst are let go.
    room: usize,
}

impl<'s, 'a> Best<'s, 'a> {
    /// At most `limit`, those behind a place if one is given.
    pub fn new(snapshot: &'s Snapshot, limit: usize, after: Option<Place<'a>>) -> Self {
        Self {
            snapshot,
            after,
            limit,
            found: Vec::new(),
            worst: (u64::MAX, u64::MAX),
            room: limit.saturating_mul(2).saturating_add(SPARE),
        }
    }

    /// Takes a result, if it may be among the best; false when nothing worse than it may either.
    pub fn take(&mut self, coarse: Coarse, address: DocAddress) -> bool {
        if coarse > self.worst {
            return false;
        }
        if self
            .after
            .is_none_or(|after| self.is_behind(after, coarse, address))
        {
            self.found.push((coarse, address));
            if self.found.len() >= self.room {
                self.let_go();
            }
        }
        true
    }

    fn is_behind(&self, after: Place<'_>, coarse: Coarse, address: DocAddress) -> bool {
        match coarse.cmp(&after.coarse) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => {
                let record = self.snapshot.record(address);
                record.is_some_and(|record| Place::of(coarse, &record) > after)
            }
        }
    }

    /// Those that are like the last of the best stay: their names decide in the end.
    fn let_go(&mut self) {
        let last = self.limit.saturating_sub(1);
        if last < self.found.len() {
            let (_, (worst, _), _) = self.found.select_nth_unstable(last);
            self.worst = *worst;
            self.found.retain(|(coarse, _)| *coarse <= self.worst);
        }
        self.room = self.found.len().saturating_mul(2).saturating_add(SPARE);
    }

    /// The best, in order.
    pub fn finish(mut self) -> Vec<Match<'s>> {
        self.let_go();
        let read = |(coarse, address)| {
            let record = self.snapshot.record(address)?;
            Some(Match {
                place: Place::of(coarse, &record),
                address,
                record,
            })
        };
        let mut best: Vec<Match<'s>> = self.found.into_iter().filter_map(read).collect();
        best.sort_unstable_by_key(|found| found.place);
        best.truncate(self.limit);
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_told(first: u64, rank: u64, entity: u64, name: Vec<u8>) {
            let place = Place { coarse: (first, rank), name: &name, entity };
            let read = Cursor::decode(&Cursor::encode(&place)).unwrap();
            prop_assert_eq!(read.place(), place);
        }

        #[test]
        fn anything_else_is_no_cursor(text in "\\PC{0,60}") {
            let hex = text.len() >= 48 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.len() % 2 == 0;
            prop_assert!(hex || Cursor::decode(&text).is_none());
        }
    }
}
