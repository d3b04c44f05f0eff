//! A set of documents of one segment.

use tantivy::postings::SegmentPostings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, InvertedIndexReader, TERMINATED};

/// One bit a document.
#[derive(Debug, Clone)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// The empty set of a segment's documents.
    pub fn none(max_doc: DocId) -> Self {
        Self(vec![0; (max_doc as usize).div_ceil(64)])
    }

    /// The documents of some ranges.
    pub fn of(max_doc: DocId, ranges: impl IntoIterator<Item = std::ops::Range<DocId>>) -> Self {
        let mut bits = Self::none(max_doc);
        for range in ranges {
            for doc in range {
                bits.insert(doc);
            }
        }
        bits
    }

    fn insert(&mut self, doc: DocId) {
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
        let Some(info) = inverted.terms().get(term)? else {
            return Ok(false);
        };
        let mut postings: SegmentPostings =
            inverted.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
        let mut doc = postings.doc();
        while doc != TERMINATED {
            self.insert(doc);
            doc = postings.advance();
        }
        Ok(true)
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

    /// The documents, in order.
    pub fn iter(&self) -> impl Iterator<Item = DocId> {
        (0..).zip(&self.0).flat_map(|(place, word): (DocId, &u64)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                // Clears the lowest bit that is set.
                left &= left.checked_sub(1)?;
                Some(place * 64 + bit)
            })
        })
    }
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
        }
    }
}
