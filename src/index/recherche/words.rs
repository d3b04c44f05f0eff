//! The words of a query: by which terms each is met, and how well.
//!
//! Which terms the dictionary holds decides nothing but which documents are met: a term that only deleted documents
//! have adds no document, and changes no answer.

use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::{InvertedIndexReader, Term};

use super::asked::Asked;
use crate::directory::commune::Arrondissement;
use crate::index::bits::Bits;
use crate::index::snapshot::Segment;
use crate::index::terms::{self, BEGINNING, FacetTerm, SOUNDING};
use crate::query::Kind;
use crate::query::forms::equality_form;
use crate::view::field;

/// Letters of the shortest beginning that is looked for among words other than names: shorter ones begin thousands.
const SHORTEST_BEGINNING: usize = 3;
/// Letters from which one typing error is forgiven, and from which two are.
const ONE_ERROR: usize = 4;
const TWO_ERRORS: usize = 8;

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

    /// What it costs not to meet a word that is not needed.
    pub const UNMET: u64 = 2;

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

/// The documents of one segment that meet a word, by how well.
pub struct Met {
    levels: Vec<(Level, Bits)>,
}

impl Met {
    /// Looks a word up; with guesses when `guessing`. One that is not needed is taken as it stands.
    pub fn read(segment: &Segment, term: Field, asked: &Asked, guessing: bool) -> tantivy::Result<Self> {
        let mut levels = Vec::new();
        for level in Level::ALL {
            if level.is_guess() && !guessing || level > Level::Other && !asked.is_needed {
                break;
            }
            let mut bits = Bits::none(segment.max_doc);
            if read(segment, term, asked, level, &mut bits)? {
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
fn read(
    segment: &Segment,
    term: Field,
    asked: &Asked,
    level: Level,
    bits: &mut Bits,
) -> tantivy::Result<bool> {
    let inverted = &segment.inverted;
    if level > Level::Name
        && let Some(arrondissement) = &asked.arrondissement
    {
        return add_arrondissement(inverted, arrondissement, level, bits);
    }
    let word = asked.text.as_str();
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
            for other in &asked.others {
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

/// Adds what lies in an arrondissement, and behind it what lies in the department that has the same number. Its number
/// begins nothing else, and stands for no other department.
fn add_arrondissement(
    inverted: &InvertedIndexReader,
    arrondissement: &Arrondissement,
    level: Level,
    bits: &mut Bits,
) -> tantivy::Result<bool> {
    let words: Vec<&String> = match level {
        Level::Other => [&arrondissement.postcodes, &arrondissement.ordinals]
            .into_iter()
            .flatten()
            .collect(),
        Level::OtherBeginning => arrondissement.departement.iter().collect(),
        _ => return Ok(false),
    };
    let mut any = false;
    for word in words {
        any |= bits.add_term(inverted, terms::other_word(word).as_bytes())?;
    }
    if level == Level::Other {
        let code = terms::facet(FacetTerm::Commune, &arrondissement.code_insee);
        any |= bits.add_term(inverted, code.as_bytes())?;
    }
    Ok(any)
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
