//! A set of documents of one segment.

use std::ops::Range;

use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, InvertedIndexReader};

/// One bit a document.
#[derive(Debug, Clone)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// The empty set of a segment's documents.
    pub fn none(max_doc: DocId) -> Self {
        Self(vec![0; (max_doc as usize).div_ceil(64)])
    }

    /// The documents of some ranges.
    pub fn of(max_doc: DocId, ranges: impl IntoIterator<Item = Range<DocId>>) -> Self {
        let mut bits = Self::none(max_doc);
        for Range { start, end } in ranges {
            let mut doc = start;
            while doc < end {
                // As much of one word as lies in the range.
                let next = (doc / 64 + 1).saturating_mul(64).min(end);
                if let Some(word) = bits.0.get_mut(doc as usize / 64) {
                    *word |= u64::MAX >> (64 - (next - doc)) << (doc % 64);
                }
                doc = next;
            }
        }
        bits
    }

    /// Puts a document in.
    pub fn insert(&mut self, doc: DocId) {
        if let Some(word) = self.0.get_mut(doc as usize / 64) {
            *word |= 1 << (doc % 64);
        }
    }

    /// Whether a document is in it.
    pub fn contains(&self, doc: DocId) -> bool {
        self.0
            .get(doc as usize / 64)
            .is_some_and(|word| word >> (doc % 64) & 1 == 1)
    }

    /// Adds the documents that have a term. Gives whether any document may have been added.
    pub fn add_term(&mut self, inverted: &InvertedIndexReader, term: &[u8]) -> tantivy::Result<bool> {
        match inverted.terms().get(term)? {
            Some(info) => self.add_found(inverted, &info).map(|()| true),
            None => Ok(false),
        }
    }

    /// Adds the documents of a term that was found in the dictionary.
    pub fn add_found(&mut self, inverted: &InvertedIndexReader, info: &TermInfo) -> tantivy::Result<()> {
        let mut postings = inverted.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
        while !postings.docs().is_empty() {
            postings.docs().iter().for_each(|doc| self.insert(*doc));
            postings.advance();
        }
        Ok(())
    }

    /// Adds another set.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    /// Keeps what another set holds too.
    pub fn keep(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own &= other;
        }
    }

    /// Keeps the documents that a question is answered for with yes.
    pub fn retain(&mut self, mut keeps: impl FnMut(DocId) -> bool) {
        for (place, word) in (0..).zip(&mut self.0) {
            for bit in bits(*word) {
                if !keeps(place * 64 + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// How many documents it has.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// About how many documents of a range it has: all of a word of 64 count where some are in the range.
    pub fn count_of(&self, range: &Range<DocId>) -> u64 {
        let words = range.start as usize / 64..(range.end as usize).div_ceil(64).min(self.0.len());
        let words = self.0.get(words).unwrap_or(&[]);
        words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many documents it has in common with another.
    pub fn count_common(&self, other: &Self) -> u64 {
        let common = self.0.iter().zip(&other.0);
        common
            .map(|(own, other)| u64::from((own & other).count_ones()))
            .sum()
    }

    /// How many words of 64 documents it is made of: what it costs to go through it.
    pub fn words(&self) -> usize {
        self.0.len()
    }

    /// The documents, in order.
    pub fn iter(&self) -> impl Iterator<Item = DocId> {
        self.iter_from(0)
    }

    /// The documents from one on, in order.
    pub fn iter_from(&self, first: DocId) -> impl Iterator<Item = DocId> {
        let place = first / 64;
        let words = self.0.get(place as usize..).unwrap_or(&[]);
        let mut hidden = !(u64::MAX << (first % 64));
        (place..).zip(words).flat_map(move |(place, word)| {
            let seen = *word & !std::mem::take(&mut hidden);
            bits(seen).map(move |bit| place * 64 + bit)
        })
    }
}

/// The bits of a word that are set, the lowest first.
fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros();
        // Clears the lowest bit that is set.
        word &= word.checked_sub(1)?;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn sets_are_sets(one in prop::collection::btree_set(0_u32..300, 0..80),
                         other in prop::collection::btree_set(0_u32..300, 0..80)) {
            let set = |docs: &BTreeSet<u32>| Bits::of(300, docs.iter().map(|doc| *doc..*doc + 1));
            let (a, b) = (set(&one), set(&other));
            let (mut both, mut any) = (a.clone(), a.clone());
            both.keep(&b);
            any.add(&b);
            prop_assert_eq!(both.iter().collect::<Vec<_>>(), one.intersection(&other).copied().collect::<Vec<_>>());
            prop_assert_eq!(any.iter().collect::<Vec<_>>(), one.union(&other).copied().collect::<Vec<_>>());
            prop_assert!((0..300).all(|doc| a.contains(doc) == one.contains(&doc)));
            prop_assert_eq!((a.count(), a.count_common(&b)), (one.len() as u64, both.count()));
            let mut even = a.clone();
            even.retain(|doc| doc % 2 == 0);
            prop_assert!(even.iter().eq(one.iter().copied().filter(|doc| doc % 2 == 0)));
        }

        #[test]
        fn ranges_are_all_their_documents(start in 0_u32..300, length in 0_u32..300, first in 0_u32..400) {
            let end = (start + length).min(300);
            let set = Bits::of(300, std::iter::once(start..end));
            prop_assert!(set.iter().eq(start..end));
            prop_assert!(set.count_of(&(start..end)) == u64::from(end.saturating_sub(start)));
            prop_assert!(set.iter_from(first).eq((start..end).filter(|doc| *doc >= first)));
        }
    }
}
