//! The terms of a document being made, each once, as the one text that [`super::schema::Terms`] takes apart.
//!
//! Hundreds of them make a document, millions of documents an index: nothing is allocated for a term, and the
//! collection is used again for the next document.

use super::memo::{Memo, quick_hash};
use super::schema::TERM_END;
use super::terms::{BEGINNING, Family, GRAM, Lengths, SOUNDING, Term, starts, word_starts, words, words_of};
use crate::query::forms::SEPARATOR;
use crate::view::field::Field;

/// The terms of one document.
#[derive(Debug, Default)]
pub struct Collected {
    text: String,
    seen: Seen,
    grams: Grams,
}

impl Collected {
    /// Forgets the document before.
    pub fn clear(&mut self) {
        self.text.clear();
        self.seen.clear();
    }

    /// Adds one term.
    pub fn push(&mut self, term: Term<'_>) {
        let start = self.text.len();
        term.write(&mut self.text);
        let written = self.text.get(start..).unwrap_or("");
        if written.contains(TERM_END) {
            let clean = written.replace(TERM_END, " ");
            self.text.truncate(start);
            self.text.push_str(&clean);
        }
        if self.seen.is_new(&self.text, start) {
            self.text.push(TERM_END);
        } else {
            self.text.truncate(start);
        }
    }

    /// Adds the grams of all forms of a family, and of the name family beginnings, whole words and how they sound.
    pub fn push_forms(&mut self, family: Family, lengths: Lengths, forms: &[(Field, &str)], memo: &mut Memo) {
        for (_, form) in each(forms) {
            self.grams.inside(form, lengths);
        }
        self.flush(family.class());
        if family != Family::Name {
            return;
        }
        for (field, form) in each(forms) {
            let starts = word_starts(words_of(field, form));
            self.grams
                .add(starts.flat_map(|start| lengths.pieces(BEGINNING, start)));
        }
        self.flush('^');
        for (_, form) in each(forms) {
            self.grams.add(lengths.pieces(BEGINNING, form));
        }
        self.flush('<');
        for (field, form) in each(forms) {
            for word in words(words_of(field, form)) {
                self.push(Term::whole(word));
                if word.len() >= SOUNDING {
                    self.push(Term::sounding(memo.sound(word)));
                }
            }
        }
    }

    fn flush(&mut self, class: char) {
        let text = &mut self.text;
        self.grams.drain(|gram| {
            text.push(class);
            text.push_str(gram);
            text.push(TERM_END);
        });
    }

    /// The finished text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn each<'a>(forms: &'a [(Field, &'a str)]) -> impl Iterator<Item = (Field, &'a str)> {
    forms
        .iter()
        .flat_map(|(field, forms)| forms.split(SEPARATOR).map(|form| (*field, form)))
}

/// Slots of [`Seen`]. Terms beyond half as many are not looked at: one told twice does no harm.
const SLOTS: usize = 1024;

/// Which parts of a text were there before.
#[derive(Debug, Default)]
struct Seen {
    /// Beginning and end of a part, with the document that it is of.
    slots: Vec<(u32, u32, u32)>,
    document: u32,
    count: usize,
}

impl Seen {
    fn clear(&mut self) {
        self.slots.resize(SLOTS, (0, 0, 0));
        self.count = 0;
        self.document = match self.document.checked_add(1) {
            Some(next) => next,
            None => {
                self.slots.fill((0, 0, 0));
                1
            }
        };
    }

    /// Whether no part before is what stands in the text from `start` on; if so it is kept.
    fn is_new(&mut self, text: &str, start: usize) -> bool {
        let part = text.as_bytes().get(start..).unwrap_or_default();
        if self.count >= SLOTS / 2 {
            return true;
        }
        let mut slot = quick_hash(part) as usize;
        while let Some(kept) = self.slots.get_mut(slot % SLOTS) {
            let (document, from, to) = *kept;
            if document != self.document {
                *kept = (self.document, start as u32, text.len() as u32);
                self.count += 1;
                return true;
            }
            if text.as_bytes().get(from as usize..to as usize) == Some(part) {
                return false;
            }
            slot += 1;
        }
        true
    }
}

/// Few letters each, as numbers, which sort and compare faster than texts.
#[derive(Debug, Default)]
struct Grams {
    /// Of up to eight octets: all of most names.
    short: Vec<u64>,
    long: Vec<u128>,
}

impl Grams {
    fn add<'a>(&mut self, grams: impl Iterator<Item = &'a str>) {
        for gram in grams {
            let (mut short, mut long) = ([0; 8], [0; 16]);
            if let Some(bytes) = short.get_mut(..gram.len()) {
                bytes.copy_from_slice(gram.as_bytes());
                self.short.push(u64::from_be_bytes(short));
            } else if let Some(bytes) = long.get_mut(..gram.len()) {
                bytes.copy_from_slice(gram.as_bytes());
                self.long.push(u128::from_be_bytes(long));
            }
        }
    }

    /// The pieces of up to [`GRAM`] letters of a form.
    fn inside(&mut self, form: &str, lengths: Lengths) {
        if !form.is_ascii() {
            return self.add(starts(form).flat_map(|rest| lengths.pieces(GRAM, rest)));
        }
        let mut rest = form.as_bytes();
        while let [_, after @ ..] = rest {
            let mut gram = [0; 8];
            for (place, letter) in rest.iter().take(GRAM).enumerate() {
                gram[place] = *letter;
                if lengths == Lengths::All {
                    self.short.push(u64::from_be_bytes(gram));
                }
            }
            if lengths == Lengths::Longest {
                self.short.push(u64::from_be_bytes(gram));
            }
            rest = after;
        }
    }

    /// Gives each once.
    fn drain(&mut self, mut take: impl FnMut(&str)) {
        self.short.sort_unstable();
        self.short.dedup();
        self.long.sort_unstable();
        self.long.dedup();
        let mut give = |bytes: &[u8]| {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            if let Some(gram) = bytes.get(..end).and_then(|gram| str::from_utf8(gram).ok()) {
                take(gram);
            }
        };
        self.short.drain(..).for_each(|gram| give(&gram.to_be_bytes()));
        self.long.drain(..).for_each(|gram| give(&gram.to_be_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(collected: &Collected) -> Vec<&str> {
        collected.text().split_terminator(TERM_END).collect()
    }

    fn grams(form: &str, lengths: Lengths) -> Vec<String> {
        let (mut grams, mut all) = (Grams::default(), Vec::new());
        grams.inside(form, lengths);
        grams.drain(|gram| all.push(gram.to_owned()));
        all
    }

    #[test]
    fn grams_are_pieces_of_up_to_three_letters() {
        let all = |form| grams(form, Lengths::All);
        assert_eq!(all("abcd"), ["a", "ab", "abc", "b", "bc", "bcd", "c", "cd", "d"]);
        assert_eq!(all("aaa"), ["a", "aa", "aaa"]);
        assert_eq!(all("éa"), ["a", "é", "éa"]);
        assert!(all("").is_empty());
        for form in ["abcd", "ébcd"] {
            assert_eq!(grams(form, Lengths::Longest).len(), 4);
        }
        assert_eq!(grams("abcd", Lengths::Longest), ["abc", "bcd", "cd", "d"]);
    }

    #[test]
    fn an_address_gives_words_before_its_domain_only() {
        let mut collected = Collected::default();
        collected.clear();
        let forms = [(Field::Mail, "a.bc@d.fr")];
        collected.push_forms(Family::Name, Lengths::All, &forms, &mut Memo::default());
        let terms = terms(&collected);
        assert!(terms.contains(&"wbc") && terms.contains(&"^bc") && terms.contains(&".d.f"));
        assert!(!terms.contains(&"wd") && !terms.contains(&"^d"));
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
    fn no_term_of_a_very_long_document_is_lost() {
        let mut collected = Collected::default();
        collected.clear();
        let words: Vec<String> = (0..3 * SLOTS).map(|n| n.to_string()).collect();
        words
            .iter()
            .for_each(|word| collected.push(Term::other_word(word)));
        assert_eq!(terms(&collected).len(), words.len());
    }
}
