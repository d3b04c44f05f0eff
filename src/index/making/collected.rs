//! The terms of a document being made, each once, as numbers of a lexicon that many documents share.
//!
//! Hundreds of them make a document, millions of documents an index: of most, a piece of three letters, the number is
//! found without looking at a text; of none is anything allocated once its lexicon knows it.

use super::known::{Key, Known, Numbers};
use super::lexicon::Lexicon;
use super::packed::Packed;
use super::pieces::{Piece, Pieces};
use crate::directory::phonetic::sound;
use crate::index::fields::{Family, Lengths};
use crate::index::schema::TERM_END;
use crate::index::terms::{BEGINNING, GRAM, SOUNDING, Term, starts, up_to, word_starts, words, words_of};
use crate::query::forms::SEPARATOR;
use crate::view::field::Field;

/// Octets of the longest term, as tantivy has it; longer ones find nothing.
const LONGEST: usize = u16::MAX as usize - 5;

/// What texts are remembered for besides terms: beginnings of each [`Lengths`], and words.
const BEGINNING_OF_WORD: u8 = 1;
const FIRST_LETTERS: u8 = 3;
const WORD: u8 = 5;

/// The terms of one document, and the lexicon of all before.
#[derive(Debug, Default)]
pub struct Collected {
    lexicon: Lexicon,
    /// Of the document.
    numbers: Vec<u32>,
    /// Of the document as well: short terms that hardly another has, without number; one may stand there twice.
    rare: Vec<Packed>,
    /// By number, the document that had it last.
    seen: Vec<u32>,
    document: u32,
    pieces: Pieces,
    known: Known,
    term: String,
}

impl Collected {
    /// Forgets the document before, not its lexicon.
    pub fn clear(&mut self) {
        self.numbers.clear();
        self.rare.clear();
        // No lexicon lives for four thousand million documents.
        self.document = self.document.wrapping_add(1);
    }

    /// The number of a term; `None` of one that is too long.
    pub fn number(&mut self, term: Term<'_>) -> Option<u32> {
        self.write(term);
        (self.term.len() <= LONGEST).then(|| self.lexicon.number(self.term.as_bytes()))
    }

    fn write(&mut self, term: Term<'_>) {
        self.term.clear();
        term.write(&mut self.term);
        if self.term.contains(TERM_END) {
            self.term = self.term.replace(TERM_END, " ");
        }
    }

    /// Adds the term of a number.
    pub fn add(&mut self, number: u32) {
        let place = number as usize;
        if place >= self.seen.len() {
            self.seen.resize(self.lexicon.len(), 0);
        }
        if let Some(document) = self.seen.get_mut(place)
            && *document != self.document
        {
            *document = self.document;
            self.numbers.push(number);
        }
    }

    /// Adds one term.
    pub fn push(&mut self, term: Term<'_>) {
        self.write(term);
        if term.is_rare()
            && let Some(packed) = Packed::whole(self.term.as_bytes())
        {
            self.rare.push(packed);
            return;
        }
        self.push_known(Key::of_term(&self.term), |terms, numbers| {
            numbers.extend(terms.number(term));
        });
    }

    /// Adds what a text gives, which is worked out where nobody remembers it.
    fn push_known(&mut self, key: Option<Key>, give: impl FnOnce(&mut Self, &mut Numbers)) {
        let known = key.and_then(|key| self.known.get(key));
        let numbers = known.unwrap_or_else(|| {
            let mut numbers = Numbers::default();
            give(self, &mut numbers);
            if let Some(key) = key {
                self.known.keep(key, numbers);
            }
            numbers
        });
        numbers.as_slice().iter().for_each(|number| self.add(*number));
    }

    /// Adds the grams of all forms of a family, and of the name family beginnings, whole words and how they sound.
    pub fn push_forms(&mut self, family: Family, lengths: Lengths, forms: &[(Field, &str)]) {
        for (_, form) in each(forms) {
            self.inside(family, form, lengths);
        }
        if family != Family::Name {
            return;
        }
        for (field, form) in each(forms) {
            let words_of = words_of(field, form);
            for start in word_starts(words_of) {
                self.head(BEGINNING_OF_WORD, Term::beginning, start, lengths);
            }
            self.head(FIRST_LETTERS, Term::first_letters, form, lengths);
            for word in words(words_of) {
                self.word(word);
            }
        }
    }

    /// Adds the first letters of a text.
    fn head<'a>(&mut self, tag: u8, term: fn(&'a str) -> Term<'a>, text: &'a str, lengths: Lengths) {
        let head = up_to(BEGINNING, text).last().unwrap_or("");
        self.push_known(Key::new(tag + lengths as u8, head), |terms, numbers| {
            for piece in lengths.pieces(BEGINNING, head) {
                numbers.extend(terms.number(term(piece)));
            }
        });
    }

    /// Adds a word of a name, and how it sounds.
    fn word(&mut self, word: &str) {
        self.push_known(Key::new(WORD, word), |terms, numbers| {
            numbers.extend(terms.number(Term::whole(word)));
            if word.len() >= SOUNDING {
                let sound = sound(word);
                numbers.extend(terms.number(Term::sounding(&sound)));
            }
        });
    }

    /// Adds the pieces of up to [`GRAM`] letters of a form.
    fn inside(&mut self, family: Family, form: &str, lengths: Lengths) {
        for start in starts(form) {
            for piece in lengths.pieces(GRAM, start) {
                self.gram(family, piece);
            }
        }
    }

    fn gram(&mut self, family: Family, text: &str) {
        let Some(piece) = Piece::of(text) else {
            return self.push(Term::gram(family, text));
        };
        let known = self.pieces.get(family, piece);
        let number = known.or_else(|| {
            let number = self.number(Term::gram(family, text))?;
            self.pieces.keep(family, piece, number);
            Some(number)
        });
        if let Some(number) = number {
            self.add(number);
        }
    }

    /// The numbers of the document's terms.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// The document's other terms.
    pub fn rare(&self) -> &[Packed] {
        &self.rare
    }

    /// What the numbers mean.
    pub fn into_lexicon(self) -> Lexicon {
        self.lexicon
    }

    /// The document's terms as the one text that [`crate::index::schema::Terms`] takes apart.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut push = |term: &[u8]| {
            text.push_str(str::from_utf8(term).unwrap_or(""));
            text.push(TERM_END);
        };
        self.numbers
            .iter()
            .for_each(|number| push(self.lexicon.term(*number)));
        self.rare.iter().for_each(|rare| push(rare.unpack().as_ref()));
        text
    }
}

fn each<'a>(forms: &'a [(Field, &'a str)]) -> impl Iterator<Item = (Field, &'a str)> {
    forms
        .iter()
        .flat_map(|(field, forms)| forms.split(SEPARATOR).map(|form| (*field, form)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(collected: &Collected) -> Vec<String> {
        let text = collected.text();
        text.split_terminator(TERM_END).map(str::to_owned).collect()
    }

    fn grams(form: &str, lengths: Lengths) -> Vec<String> {
        let mut collected = Collected::default();
        collected.clear();
        collected.inside(Family::Name, form, lengths);
        let grams = terms(&collected).into_iter().map(|term| term[1..].to_owned());
        let mut grams: Vec<String> = grams.collect();
        grams.sort();
        grams
    }

    #[test]
    fn grams_are_pieces_of_up_to_three_letters() {
        let all = |form| grams(form, Lengths::All);
        assert_eq!(all("abcd"), ["a", "ab", "abc", "b", "bc", "bcd", "c", "cd", "d"]);
        assert_eq!(all("aaa"), ["a", "aa", "aaa"]);
        assert_eq!(all("éa"), ["a", "é", "éa"]);
        assert!(all("").is_empty());
        for form in ["abcd", "ébcd", "a*cd"] {
            assert_eq!(grams(form, Lengths::Longest).len(), 4);
        }
        assert_eq!(grams("abcd", Lengths::Longest), ["abc", "bcd", "cd", "d"]);
    }

    #[test]
    fn an_address_gives_words_before_its_domain_only() {
        let mut collected = Collected::default();
        collected.clear();
        let forms = [(Field::Mail, "a.bc@d.fr")];
        collected.push_forms(Family::Name, Lengths::All, &forms);
        let terms = terms(&collected);
        let has = |term: &str| terms.iter().any(|other| other == term);
        assert!(has("wbc") && has("^bc") && has(".d.f"));
        assert!(!has("wd") && !has("^d"));
    }

    #[test]
    fn a_term_stands_once_in_a_document_and_again_in_the_next() {
        let mut collected = Collected::default();
        for _ in 0..3 {
            collected.clear();
            for word in ["a", "b", "a", "b\u{1}c"] {
                collected.push(Term::other_word(word));
            }
            assert_eq!(terms(&collected), ["oa", "ob", "ob c"]);
        }
    }

    #[test]
    fn a_term_too_long_for_tantivy_is_left_out() {
        let mut collected = Collected::default();
        collected.clear();
        for length in [LONGEST - 1, LONGEST] {
            collected.push(Term::other_word(&"x".repeat(length)));
        }
        assert_eq!(collected.numbers().len(), 1);
    }
}
