//! How well a document answers a query, as one number: the lower, the better.
//!
//! From what weighs most: words guessed, words met less well, whether the name is just what was typed, whether a word
//! typed is the surname, how many words of the name nobody typed, kind. Never a count over the corpus.

use std::ops::Range;

use tantivy::DocId;

use super::Question;
use super::asked::Asked;
use super::words::{Level, Met};
use crate::index::bits::Bits;
use crate::index::rank;
use crate::index::snapshot::Segment;
use crate::index::terms;
use crate::query::Kind;
use crate::query::forms::equality_form;
use crate::view::field::Field;

/// Words of a name beyond what was typed that are told apart.
const MOST_SPARE: u64 = 15;

/// Scores the documents of one segment.
pub struct Scorer<'s> {
    segment: &'s Segment,
    /// Of each word of the query, and whether it is needed.
    met: Vec<(Met, bool)>,
    /// Ranks of the names that begin with a word of the query, by kind in the order of [`rank::KINDS`].
    surnames: Vec<[Range<u64>; 3]>,
    /// Those whose whole name, in either order, is what was typed; and of a thousand million others one, whose hash is
    /// the same.
    whole: Bits,
}

impl<'s> Scorer<'s> {
    /// Prepares for a query whose words are met as `met` says.
    pub fn new(segment: &'s Segment, question: &Question<'_>, met: Vec<Met>) -> tantivy::Result<Self> {
        let mut whole = Bits::none(segment.max_doc);
        if !question.words.is_empty() {
            let form = equality_form(Field::Cn.matching(), &question.text());
            whole.add_term(&segment.inverted, terms::equality(Field::Cn, &form).as_bytes())?;
        }
        let surname = |place| {
            let word = with_joined(&question.words, place);
            rank::KINDS.map(|kind| names_of(kind, &word))
        };
        let is_needed = question.words.iter().map(|word| word.is_needed);
        Ok(Self {
            segment,
            met: met.into_iter().zip(is_needed).collect(),
            surnames: (0..question.words.len()).map(surname).collect(),
            whole,
        })
    }

    /// The score of a document of this rank.
    pub fn score(&self, doc: DocId, rank: u64) -> u64 {
        let (mut guessed, mut certain, mut of_name) = (0, 0, 0);
        // From the last word on: one that joins belongs to what it stands before, `de` to `sousa`, not to `de Nantes`.
        let mut is_in_name = false;
        for (met, is_needed) in self.met.iter().rev() {
            let level = met.level(doc);
            let level = level.filter(|level| *is_needed || is_in_name || !level.is_of_name());
            match level {
                Some(level) if level.is_guess() => guessed += level.cost(),
                Some(level) => certain += level.cost(),
                None => certain += Level::UNMET,
            }
            is_in_name = level.is_some_and(Level::is_of_name);
            of_name += u64::from(is_in_name);
        }
        let is_surname = self.surnames.iter().flatten().any(|ranks| ranks.contains(&rank));
        let spare = match of_name {
            0 => MOST_SPARE,
            typed => self
                .segment
                .words
                .get_val(doc)
                .saturating_sub(typed)
                .min(MOST_SPARE),
        };
        let flag = |bad: bool, place: u32| u64::from(bad) << place;
        guessed << 40
            | certain << 32
            | flag(!self.whole.contains(doc), 31)
            | flag(!is_surname, 30)
            | spare << 8
            | order(rank::kind(rank))
    }
}

/// A word of the query with those that follow it up to the first needed one: what joins is no name alone.
fn with_joined(words: &[Asked], place: usize) -> String {
    let from = words.get(place..).unwrap_or_default();
    let joining = from.iter().take_while(|word| !word.is_needed).count();
    let texts = from.iter().take(joining + 1).map(|word| word.text.as_str());
    texts.collect::<Vec<_>>().join(" ")
}

/// Ranks of the names whose first words these are; of words longer than ranks tell apart, of all that begin as they do.
fn names_of(kind: Kind, words: &str) -> Range<u64> {
    let rank = |sign: char| rank::rank(kind, &format!("{words}{sign}"));
    let first = rank(' ');
    first..rank('0').max(first + 1)
}

/// People first, then places, then addresses.
fn order(kind: Kind) -> u64 {
    match kind {
        Kind::Professional => 0,
        Kind::Structure => 1,
        Kind::Mailbox => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surname_is_told_from_a_longer_one() {
        let rank = |name| rank::rank(Kind::Professional, name);
        let surname = names_of(Kind::Professional, "martin");
        assert!(surname.contains(&rank("martin jean")));
        assert!(!surname.contains(&rank("martinez jean")));
        assert!(!surname.contains(&rank("jean martin")));
        let long = names_of(Kind::Professional, "de la fontaine");
        assert!(long.contains(&rank("de la fontaine jean")) && !long.contains(&rank("de la tour jean")));
    }

    #[test]
    fn what_joins_begins_a_name_with_what_it_joins() {
        let words = super::super::asked::split("jean de la tour");
        let names: Vec<String> = (0..4).map(|place| with_joined(&words, place)).collect();
        assert_eq!(names, ["jean", "de la tour", "la tour", "tour"]);
    }

    #[test]
    fn guesses_weigh_more_than_anything_certain() {
        let worst_certain = 12 * Level::OtherBeginning.cost();
        assert!(worst_certain < 1 << 8 && 12 * Level::OtherFar.cost() < 1 << 8);
    }
}
