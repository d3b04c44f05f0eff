//! The terms by which entries are found: the one place where indexing and asking agree on them.
//!
//! Their first character tells them apart:
//!
//! | | |
//! |---|---|
//! | `.` | one to three letters anywhere in the name or, of a mailbox, the address |
//! | `^` | the same at the beginning of a word |
//! | `w` | a whole word of the same |
//! | `,` `;` | one to three letters anywhere in `displayName`, in `o` (mailboxes only) |
//! | `=` | a value of a field, in its form of equality |
//! | `?` | a field that not every entry of the kind has |
//! | `K` | a name by which one entry is asked for as a whole |
//! | `S` | the structure of a mailbox, by its public id |
//! | `n` `o` | words of the name and of anything else, for full-text search |

use std::borrow::Cow;

use super::schema::TERM_END;
use crate::query::Kind;
use crate::query::forms::SEPARATOR;
use crate::view::field::Field;

/// Letters of the longest gram.
pub const GRAM: usize = 3;

/// A group of fields whose pieces are found together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `cn` with the surname and first name in it and, of a mailbox, the address.
    Name,
    DisplayName,
    Organisation,
}

impl Family {
    /// The family that finds the pieces of a field. Mail clients ask mailboxes; of the others only names are found
    /// so, and pieces of any other field are looked for in every entry that has it.
    pub fn of(kind: Kind, field: Field) -> Option<Self> {
        match (kind, field) {
            (_, Field::Cn) | (Kind::Mailbox, Field::Mail) => Some(Self::Name),
            (Kind::Mailbox | Kind::Professional, Field::Sn | Field::GivenName) => Some(Self::Name),
            (Kind::Mailbox, Field::DisplayName) => Some(Self::DisplayName),
            (Kind::Mailbox, Field::O) => Some(Self::Organisation),
            _ => None,
        }
    }

    fn class(self) -> char {
        match self {
            Self::Name => '.',
            Self::DisplayName => ',',
            Self::Organisation => ';',
        }
    }
}

/// Whether every entry of a kind has a field: no term says so.
pub fn is_always_there(kind: Kind, field: Field) -> bool {
    use Field as F;
    match field {
        F::Cn | F::DisplayName | F::Uid | F::EntryUuid | F::CreateTimestamp | F::ModifyTimestamp => true,
        F::Mail | F::TypeBal => kind == Kind::Mailbox,
        F::Sn => kind != Kind::Structure,
        F::O => kind == Kind::Structure,
        F::EmployeeNumber | F::IdentifiantPp | F::TypeIdentifiantPp => kind == Kind::Professional,
        _ => false,
    }
}

/// Whether the values of a field are found by equality. The others are looked for in every entry that has it.
pub fn has_equality(kind: Kind, field: Field) -> bool {
    use Field as F;
    !is_key(kind, field)
        && !matches!(
            field,
            F::PostalAddress
                | F::DisplayName
                | F::Description
                | F::Latitude
                | F::Longitude
                | F::EntryUuid
                | F::CreateTimestamp
                | F::ModifyTimestamp
        )
}

/// Whether a field's value is among the keys of its entry.
pub fn is_key(kind: Kind, field: Field) -> bool {
    match kind {
        Kind::Mailbox => matches!(field, Field::Mail | Field::Uid),
        Kind::Professional => matches!(field, Field::Uid | Field::EmployeeNumber | Field::IdentifiantPp),
        Kind::Structure => matches!(field, Field::Uid | Field::Finess | Field::Siret),
    }
}

/// Letters inside.
pub fn inside(family: Family, gram: &str) -> String {
    format!("{}{gram}", family.class())
}

/// Letters at the beginning of a word of the name.
pub fn beginning(gram: &str) -> String {
    format!("^{gram}")
}

/// A whole word of the name.
pub fn whole(word: &str) -> String {
    format!("w{word}")
}

/// All entries that have a field.
pub fn presence(field: Field) -> String {
    format!("?{}", letter(field))
}

/// A value, in its form of equality.
pub fn equality(field: Field, form: &str) -> String {
    format!("={}{form}", letter(field))
}

fn letter(field: Field) -> char {
    char::from(b'0' + field as u8)
}

/// A name by which one entry is asked for as a whole.
pub fn key(kind: Kind, key: &str) -> String {
    format!("K{}{key}", kind as u8)
}

/// The mailboxes of a structure, by its public id.
pub fn of_structure(id: &str) -> String {
    format!("S{id}")
}

/// A word of a person's or structure's name.
pub fn name_word(word: &str) -> String {
    format!("n{word}")
}

/// Any other word: profession, place, structure, identifier.
pub fn other_word(word: &str) -> String {
    format!("o{word}")
}

/// The part of a form that words are taken from: of an address what stands before the domain.
pub fn words_of(field: Field, form: &str) -> &str {
    match field {
        Field::Mail => form.split_once('@').map_or(form, |(local, _)| local),
        _ => form,
    }
}

/// The terms of a document being made, as the one text that [`super::schema::Terms`] takes apart.
#[derive(Debug, Default)]
pub struct Collected {
    text: String,
    grams: Vec<u128>,
}

impl Collected {
    /// Adds one term.
    pub fn push(&mut self, term: impl AsRef<str>) {
        let term = term.as_ref();
        let clean: Cow<'_, str> = match term.contains(TERM_END) {
            true => term.replace(TERM_END, " ").into(),
            false => term.into(),
        };
        self.text.push_str(&clean);
        self.text.push(TERM_END);
    }

    /// Adds the grams of all forms of a family, and of the name family the beginnings of words and whole words.
    pub fn push_forms(&mut self, family: Family, forms: &[(Field, &str)]) {
        for (_, form) in each(forms) {
            self.collect(inside_grams(form));
        }
        self.flush(family.class());
        if family != Family::Name {
            return;
        }
        for (field, form) in each(forms) {
            self.collect(beginnings(words_of(field, form)));
        }
        self.flush('^');
        let mut words: Vec<&str> = each(forms)
            .flat_map(|(field, form)| words(words_of(field, form)))
            .collect();
        words.sort_unstable();
        words.dedup();
        for word in words {
            self.push(whole(word));
        }
    }

    fn collect<'a>(&mut self, grams: impl Iterator<Item = &'a str>) {
        self.grams.extend(grams.filter_map(packed));
    }

    fn flush(&mut self, class: char) {
        self.grams.sort_unstable();
        self.grams.dedup();
        for gram in self.grams.drain(..) {
            let bytes = gram.to_be_bytes();
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            if let Some(gram) = bytes.get(..end).and_then(|gram| std::str::from_utf8(gram).ok()) {
                self.text.push(class);
                self.text.push_str(gram);
                self.text.push(TERM_END);
            }
        }
    }

    /// The finished text.
    pub fn finish(self) -> String {
        self.text
    }
}

fn each<'a>(forms: &'a [(Field, &'a str)]) -> impl Iterator<Item = (Field, &'a str)> {
    forms
        .iter()
        .flat_map(|(field, forms)| forms.split(SEPARATOR).map(|form| (*field, form)))
}

/// At most three letters as a number, which sorts and compares faster than a text.
fn packed(gram: &str) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes.get_mut(..gram.len())?.copy_from_slice(gram.as_bytes());
    Some(u128::from_be_bytes(bytes))
}

/// The pieces of one to [`GRAM`] letters of a form.
fn inside_grams(form: &str) -> impl Iterator<Item = &str> {
    starts(form).flat_map(up_to_gram)
}

/// The first one to [`GRAM`] letters from the beginning of each word.
fn beginnings(form: &str) -> impl Iterator<Item = &str> {
    let mut before = ' ';
    form.char_indices().flat_map(move |(place, c)| {
        let begins = !before.is_alphanumeric() && c.is_alphanumeric();
        before = c;
        up_to_gram(if begins {
            form.get(place..).unwrap_or("")
        } else {
            ""
        })
    })
}

/// The words of a form.
pub fn words(form: &str) -> impl Iterator<Item = &str> {
    form.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn starts(form: &str) -> impl Iterator<Item = &str> {
    form.char_indices().filter_map(|(place, _)| form.get(place..))
}

fn up_to_gram(rest: &str) -> impl Iterator<Item = &str> {
    rest.char_indices()
        .take(GRAM)
        .filter_map(move |(place, c)| rest.get(..place + c.len_utf8()))
}

/// The grams that a piece needs: all of three letters, or the piece itself when it is shorter.
pub fn needed(piece: &str) -> Vec<&str> {
    let letters = piece.chars().count().min(GRAM);
    starts(piece)
        .filter_map(|rest| up_to_gram(rest).nth(letters.checked_sub(1)?))
        .collect()
}

/// The first letters of a piece, at most three.
pub fn head(piece: &str) -> &str {
    up_to_gram(piece).last().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_are_all_pieces_of_one_to_three_letters() {
        assert_eq!(
            inside_grams("abcd").collect::<Vec<_>>(),
            ["a", "ab", "abc", "b", "bc", "bcd", "c", "cd", "d"]
        );
        assert_eq!(inside_grams("").count(), 0);
        assert_eq!(needed("abcd"), ["abc", "bcd"]);
        assert_eq!(needed("éa"), ["éa"]);
        assert_eq!(head("éabcd"), "éab");
    }

    #[test]
    fn beginnings_are_those_of_words() {
        assert_eq!(
            beginnings("de la").collect::<Vec<_>>(),
            ["d", "de", "de ", "l", "la"]
        );
    }

    #[test]
    fn an_address_gives_words_before_its_domain_only() {
        let mut terms = Collected::default();
        terms.push_forms(Family::Name, &[(Field::Mail, "a.bc@d.fr")]);
        let text = terms.finish();
        let terms: Vec<&str> = text.split(TERM_END).collect();
        assert!(terms.contains(&"wbc") && terms.contains(&"^bc") && terms.contains(&".d.f"));
        assert!(!terms.contains(&"wd") && !terms.contains(&"^d"));
    }
}
