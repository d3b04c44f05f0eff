//! The words of a query: by which terms each is met, and how well.
//!
//! Which terms the dictionary holds decides nothing but which documents are met: a term that only deleted documents
//! have adds no document, and changes no answer.

use std::sync::LazyLock;

use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::{InvertedIndexReader, Term};

use crate::directory::text::fold;
use crate::index::bits::Bits;
use crate::index::snapshot::Segment;
use crate::index::terms::{self, BEGINNING, SOUNDING};
use crate::query::Kind;
use crate::query::forms::equality_form;
use crate::view::field;

/// Words of a query beyond this number are not looked at.
const MAX_WORDS: usize = 12;
/// Letters of the shortest beginning that is looked for among words other than names: shorter ones begin thousands.
const SHORTEST_BEGINNING: usize = 3;
/// Letters from which one typing error is forgiven, and from which two are.
const ONE_ERROR: usize = 4;
const TWO_ERRORS: usize = 8;
/// Digits of the shortest identifier: ADELI and FINESS numbers.
const SHORTEST_IDENTIFIER: usize = 9;

/// How a word is met, best first. Those from [`Level::Close`] on are guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Name,
    Other,
    NameBeginning,
    OtherBeginning,
    /// A word of the name with one typing error, or one that sounds alike.
    Close,
    OtherClose,
    /// Two typing errors.
    Far,
    OtherFar,
}

impl Level {
    const ALL: [Self; 8] = [
        Self::Name,
        Self::Other,
        Self::NameBeginning,
        Self::OtherBeginning,
        Self::Close,
        Self::OtherClose,
        Self::Far,
        Self::OtherFar,
    ];

    /// Whether the word is taken for another one.
    pub fn is_guess(self) -> bool {
        self >= Self::Close
    }

    /// Whether it is a word of the name that is met.
    pub fn is_of_name(self) -> bool {
        matches!(self, Self::Name | Self::NameBeginning | Self::Close | Self::Far)
    }

    /// What it costs among guesses, or among certainties.
    pub fn cost(self) -> u64 {
        match self {
            Self::Name => 0,
            Self::Other => 1,
            Self::NameBeginning | Self::Close => 4,
            Self::OtherBeginning | Self::OtherClose => 5,
            Self::Far => 10,
            Self::OtherFar => 11,
        }
    }
}

/// What people write and what extracts say: `kiné` for masseur-kinésithérapeute.
static SYNONYMS: LazyLock<Vec<(String, Vec<String>)>> = LazyLock::new(|| {
    include_str!("../../../import/synonymes.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .map(|(word, others)| (fold(word), others.split(',').map(fold).collect()))
        .collect()
});

/// What the directory says for a folded word that people write.
pub fn synonyms(word: &str) -> impl Iterator<Item = &str> {
    SYNONYMS
        .iter()
        .filter(move |(short, _)| short == word)
        .flat_map(|(_, others)| others.iter().map(String::as_str))
}

/// What people write before a name; nobody is found, or left out, by it.
const TITLES: [&str; 9] = [
    "dr",
    "docteur",
    "pr",
    "professeur",
    "mme",
    "madame",
    "mlle",
    "m",
    "monsieur",
];

/// The words of a query, folded; an address or the digits of an identifier are one word. Titles fall away where a
/// name follows.
pub fn split(q: &str) -> Vec<String> {
    let q = q.trim();
    if q.contains('@') && !q.contains(' ') {
        return vec![q.to_lowercase()];
    }
    let digits: String = q.split(' ').collect();
    if digits.len() >= SHORTEST_IDENTIFIER && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return vec![digits];
    }
    let folded = fold(q);
    let mut words = folded.split(' ').filter(|word| !word.is_empty()).peekable();
    while let Some(title) = words.next_if(|word| TITLES.contains(word)) {
        if words.peek().is_none() {
            return vec![title.to_owned()];
        }
    }
    words.take(MAX_WORDS).map(str::to_owned).collect()
}

/// The documents of one segment that meet a word, by how well.
pub struct Met {
    levels: Vec<(Level, Bits)>,
}

impl Met {
    /// Looks a word up; with guesses when `guessing`.
    pub fn read(segment: &Segment, term: Field, word: &str, guessing: bool) -> tantivy::Result<Self> {
        let mut levels = Vec::new();
        for level in Level::ALL {
            if level.is_guess() && !guessing {
                break;
            }
            let mut bits = Bits::none(segment.max_doc);
            if read(segment, term, word, level, &mut bits)? {
                levels.push((level, bits));
            }
        }
        Ok(Self { levels })
    }

    /// All documents that meet it in any way.
    pub fn any(&self, segment: &Segment) -> Bits {
        let mut any = Bits::none(segment.max_doc);
        self.levels.iter().for_each(|(_, bits)| any.add(bits));
        any
    }

    /// How well a document meets it at best.
    pub fn level(&self, doc: u32) -> Option<Level> {
        self.levels
            .iter()
            .find(|(_, bits)| bits.contains(doc))
            .map(|(level, _)| *level)
    }
}

/// Adds the documents that meet a word at one level; gives whether there are any.
fn read(segment: &Segment, term: Field, word: &str, level: Level, bits: &mut Bits) -> tantivy::Result<bool> {
    let inverted = &segment.inverted;
    let letters = word.chars().count();
    let is_number = word.bytes().any(|byte| byte.is_ascii_digit());
    let errors = match letters {
        _ if is_number || word.contains('@') => 0,
        ONE_ERROR..TWO_ERRORS => 1,
        TWO_ERRORS.. => 2,
        _ => 0,
    };
    match level {
        Level::Name => {
            let mut any = bits.add_term(inverted, terms::whole(word).as_bytes())?;
            if is_number || word.contains('@') {
                for kind in [Kind::Mailbox, Kind::Professional, Kind::Structure] {
                    any |= bits.add_term(inverted, terms::key(kind, word).as_bytes())?;
                }
            }
            if word.contains('@') {
                any |= bits.add_term(inverted, of_mail(word).as_bytes())?;
            }
            Ok(any)
        }
        Level::Other => {
            let mut any = bits.add_term(inverted, terms::other_word(word).as_bytes())?;
            for other in synonyms(word) {
                any |= bits.add_term(inverted, terms::other_word(other).as_bytes())?;
            }
            Ok(any)
        }
        // An address being typed: a mailbox's own, or one of a professional's.
        Level::NameBeginning if word.contains('@') => {
            let any = add_beginning_with(inverted, &terms::key(Kind::Mailbox, word), bits)?;
            Ok(add_beginning_with(inverted, &of_mail(word), bits)? || any)
        }
        Level::NameBeginning if letters <= BEGINNING => {
            add_beginning_with(inverted, &terms::beginning(word), bits)
        }
        Level::NameBeginning => add_beginning_with(inverted, &terms::whole(word), bits),
        Level::OtherBeginning if letters >= SHORTEST_BEGINNING => {
            add_beginning_with(inverted, &terms::other_word(word), bits)
        }
        Level::OtherBeginning => Ok(false),
        Level::Close => {
            let sounds = word.len() >= SOUNDING
                && errors > 0
                && bits.add_term(inverted, terms::sounding(word).as_bytes())?;
            Ok(add_near(inverted, term, &terms::whole(word), errors.min(1), bits)? || sounds)
        }
        Level::OtherClose => add_near(inverted, term, &terms::other_word(word), errors.min(1), bits),
        Level::Far if errors > 1 => add_near(inverted, term, &terms::whole(word), 2, bits),
        Level::OtherFar if errors > 1 => add_near(inverted, term, &terms::other_word(word), 2, bits),
        Level::Far | Level::OtherFar => Ok(false),
    }
}

/// The term of a professional's address, or of its beginning.
fn of_mail(word: &str) -> String {
    let mail = field::Field::Mail;
    terms::equality(mail, &equality_form(mail.matching(), word))
}

/// Adds the documents of the terms that begin with another; gives whether there are such terms.
fn add_beginning_with(
    inverted: &InvertedIndexReader,
    beginning: &str,
    bits: &mut Bits,
) -> tantivy::Result<bool> {
    let mut any = false;
    let mut stream = inverted.terms().range().ge(beginning).into_stream()?;
    while stream.advance() && stream.key().starts_with(beginning.as_bytes()) {
        bits.add_found(inverted, stream.value())?;
        any = true;
    }
    Ok(any)
}

/// Adds the documents of the terms within so many typing errors of another, of the same class: insertions, deletions,
/// substitutions, and swaps of neighbours. Gives whether there are such terms.
fn add_near(
    inverted: &InvertedIndexReader,
    term: Field,
    wanted: &str,
    errors: u8,
    bits: &mut Bits,
) -> tantivy::Result<bool> {
    if errors == 0 {
        return Ok(false);
    }
    let automaton = FuzzyTermQuery::new(Term::from_field_text(term, wanted), errors, true).automaton()?;
    let class = wanted.get(..1).unwrap_or("");
    let mut any = false;
    let mut stream = inverted
        .terms()
        .search(automaton)
        .ge(class)
        .lt(format!("{class}\u{10ffff}"))
        .into_stream()?;
    while stream.advance() {
        bits.add_found(inverted, stream.value())?;
        any = true;
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_are_one_word() {
        assert_eq!(split("Jean-Pierre  D'Été"), ["jean", "pierre", "d", "ete"]);
        assert_eq!(split("990 000 001"), ["990000001"]);
        assert_eq!(split("44 000"), ["44", "000"]);
        assert_eq!(split(" A.B@c.fr"), ["a.b@c.fr"]);
        assert_eq!(split("a@b c"), ["a", "b", "c"]);
        assert!(split("  ").is_empty());
    }

    #[test]
    fn titles_fall_away_before_a_name() {
        assert_eq!(split("Mme le Dr Testeur"), ["le", "dr", "testeur"]);
        assert_eq!(split("M. Dr Testeur"), ["testeur"]);
        assert_eq!(split("Dr"), ["dr"]);
    }

    #[test]
    fn synonyms_are_folded() {
        assert!(synonyms("kine").any(|other| other == "kinesitherapeute"));
        assert_eq!(synonyms("testeur").count(), 0);
    }
}
