//! Numbers for terms: each text once, numbered in the order in which they came.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::packed::Packed;

/// Terms and their numbers.
#[derive(Debug, Default)]
pub struct Lexicon {
    /// All terms, one behind the other.
    octets: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    /// Seeded at random: nobody can write a file whose terms all meet in one place.
    hasher: DefaultHashBuilder,
}

impl Lexicon {
    /// The number of a term, given to it when it first comes. At most four gibibytes of terms are told apart.
    pub fn number(&mut self, term: &[u8]) -> u32 {
        let Self {
            octets,
            ends,
            numbers,
            hasher,
        } = self;
        let entry = numbers.entry(
            hasher.hash_one(term),
            |number| of(octets, ends, *number) == term,
            |number| hasher.hash_one(of(octets, ends, *number)),
        );
        *entry
            .or_insert_with(|| {
                octets.extend_from_slice(term);
                ends.push(octets.len() as u32);
                ends.len() as u32 - 1
            })
            .get()
    }

    /// The term that has a number.
    pub fn term(&self, number: u32) -> &[u8] {
        of(&self.octets, &self.ends, number)
    }

    /// How many there are: every number is below.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The numbers of all terms, in the order of the terms' octets.
    pub fn in_order(&self) -> Vec<u32> {
        // Most are told apart by their first octets, which lie together while they are put in order.
        let mut order: Vec<(Packed, u32)> = (0..self.len() as u32)
            .map(|number| (Packed::beginning(self.term(number)), number))
            .collect();
        order.sort_unstable_by(|(one, a), (other, b)| {
            one.cmp(other).then_with(|| self.term(*a).cmp(self.term(*b)))
        });
        order.into_iter().map(|(_, number)| number).collect()
    }
}

fn of<'o>(octets: &'o [u8], ends: &[u32], number: u32) -> &'o [u8] {
    let number = number as usize;
    let end = |number: usize| ends.get(number).map_or(0, |end| *end as usize);
    let start = number.checked_sub(1).map_or(0, end);
    octets.get(start..end(number)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_term_has_one_number_and_they_come_in_order(
            terms in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 0..80),
        ) {
            let mut lexicon = Lexicon::default();
            let numbers: Vec<u32> = terms.iter().map(|term| lexicon.number(term)).collect();
            for (number, term) in numbers.iter().zip(&terms) {
                prop_assert_eq!(lexicon.term(*number), term.as_slice());
            }
            let in_order: Vec<Vec<u8>> = lexicon.in_order().iter().map(|n| lexicon.term(*n).to_vec()).collect();
            let sorted: std::collections::BTreeSet<Vec<u8>> = terms.into_iter().collect();
            prop_assert_eq!(in_order, sorted.into_iter().collect::<Vec<_>>());
        }
    }
}
