//! From the terms of each document to the documents of each term, by counting: each list has its place before the first
//! document is written into it.

use std::ops::Range;

use tantivy::DocId;

/// The lists of documents of all terms.
pub struct Lists<'t> {
    /// Documents' terms, as places in the order of terms.
    terms: &'t [u32],
    /// Which of these are of which document, in the order of documents.
    documents: Vec<Range<usize>>,
    /// Documents of each term.
    counts: Vec<u32>,
}

impl<'t> Lists<'t> {
    /// Of the numbers of documents' terms, which become their places in that order; `in_order` has each number once, in
    /// the order in which lists are wanted.
    pub fn new(terms: &'t mut [u32], documents: Vec<Range<usize>>, in_order: &[u32]) -> Self {
        let mut places = vec![0; in_order.len()];
        for (place, number) in (0..).zip(in_order) {
            if let Some(of_number) = places.get_mut(*number as usize) {
                *of_number = place;
            }
        }
        let mut counts = vec![0; in_order.len()];
        for term in &mut *terms {
            *term = places.get(*term as usize).copied().unwrap_or(0);
            if let Some(count) = counts.get_mut(*term as usize) {
                *count += 1;
            }
        }
        Self {
            terms,
            documents,
            counts,
        }
    }

    /// Gives all lists in order, each in the order of documents. They are made in parts of `most` entries, few enough to
    /// lie near the processor.
    pub fn each<E>(&self, most: usize, mut give: impl FnMut(&[DocId]) -> Result<(), E>) -> Result<(), E> {
        let mut lists = Vec::new();
        let mut first = 0;
        while first < self.counts.len() {
            let counts = self.part(first, most);
            self.fill(&mut lists, first as u32, counts);
            let mut rest = lists.as_slice();
            for count in counts {
                let (list, others) = rest.split_at_checked(*count as usize).unwrap_or_default();
                rest = others;
                give(list)?;
            }
            first += counts.len();
        }
        Ok(())
    }

    /// The counts of the terms from a place on whose lists are made together; at least one.
    fn part(&self, first: usize, most: usize) -> &[u32] {
        let counts = self.counts.get(first..).unwrap_or_default();
        let mut entries = 0;
        let fitting = counts.iter().take_while(|count| {
            entries += **count as usize;
            entries <= most
        });
        let fitting = fitting.count().max(1);
        counts.get(..fitting).unwrap_or_default()
    }

    /// Fills the lists of the terms from `first` on, one behind the other.
    fn fill(&self, lists: &mut Vec<DocId>, first: u32, counts: &[u32]) {
        let mut all = 0;
        let ends = counts.iter().map(|count| {
            let start = all;
            all += *count as usize;
            start
        });
        let mut ends: Vec<usize> = ends.collect();
        lists.clear();
        lists.resize(all, 0);
        for (doc, range) in (0..).zip(&self.documents) {
            for term in self.terms.get(range.clone()).unwrap_or_default() {
                // Of terms before the part this is far beyond its end.
                let place = term.wrapping_sub(first) as usize;
                if let Some(end) = ends.get_mut(place) {
                    if let Some(entry) = lists.get_mut(*end) {
                        *entry = doc;
                    }
                    *end += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_list_has_the_documents_of_its_term_in_order(
            documents in proptest::collection::vec(proptest::collection::btree_set(0..8_u32, 0..8), 0..20),
            in_order in Just((0..8_u32).collect::<Vec<_>>()).prop_shuffle(),
            most in 1..40_usize,
        ) {
            let (mut terms, mut ranges) = (Vec::new(), Vec::new());
            for document in &documents {
                let start = terms.len();
                terms.extend(document);
                ranges.push(start..terms.len());
            }
            let mut made = Vec::new();
            let Ok(()) = Lists::new(&mut terms, ranges, &in_order).each(most, |list| {
                made.push(list.to_vec());
                Ok::<_, Infallible>(())
            });
            let of_term = |term: &u32| {
                let with = (0..).zip(&documents).filter(|(_, document)| document.contains(term));
                with.map(|(doc, _)| doc).collect::<Vec<DocId>>()
            };
            prop_assert_eq!(made, in_order.iter().map(of_term).collect::<Vec<_>>());
        }
    }
}
