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
    met: Vec<Met>,
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
        let surname = |word: &Asked| {
            let word = &word.text;
            rank::KINDS.map(|kind| begins(kind, word, ' ')..begins(kind, word, '0'))
        };
        Ok(Self {
            segment,
            met,
            surnames: question.words.iter().map(surname).collect(),
            whole,
        })
    }

    /// The score of a document of this rank.
    pub fn score(&self, doc: DocId, rank: u64) -> u64 {
        let (mut guessed, mut certain, mut of_name) = (0, 0, 0);
        for met in &self.met {
            let level = met.level(doc);
            match level {
                Some(level) if level.is_guess() => guessed += level.cost(),
                Some(level) => certain += level.cost(),
                None => certain += Level::UNMET,
            }
            of_name += u64::from(level.is_some_and(Level::is_of_name));
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

/// The least rank of names that begin with a word and this sign.
fn begins(kind: Kind, word: &str, sign: char) -> u64 {
    rank::rank(kind, &format!("{word}{sign}"))
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
        let surname = begins(Kind::Professional, "martin", ' ')..begins(Kind::Professional, "martin", '0');
        assert!(surname.contains(&rank("martin jean")));
        assert!(!surname.contains(&rank("martinez jean")));
        assert!(!surname.contains(&rank("jean martin")));
    }

    #[test]
    fn guesses_weigh_more_than_anything_certain() {
        let worst_certain = 12 * Level::OtherBeginning.cost();
        assert!(worst_certain < 1 << 8 && 12 * Level::OtherFar.cost() < 1 << 8);
    }
}
