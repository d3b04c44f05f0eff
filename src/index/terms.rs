//! The terms by which entries are found: the one place where indexing and asking agree on them.
//!
//! Their first character tells them apart:
//!
//! | | |
//! |---|---|
//! | `.` | one to three letters anywhere in the name or, of a mailbox, the address; see [`Lengths`] |
//! | `^` | one to five letters at the beginning of a word of the same |
//! | `<` | the same at the beginning of a whole value |
//! | `w` | a whole word of the same |
//! | `,` `;` | one to three letters anywhere in `displayName`, in `o` (mailboxes only) |
//! | `@` | one to three letters anywhere in the addresses of a professional |
//! | `=` | a value of a field, in its form of equality, or [its hash](is_hashed) |
//! | `?` | a field that few entries of the kind have |
//! | `h` | three letters at the beginning of a value that mail clients ask for besides names: postal address, service |
//! | `K` | a name by which one entry is asked for as a whole |
//! | `S` | the structure of a mailbox, by its public id |
//! | `f` | how a word of the name sounds |
//! | `o` | a word of anything else: profession, place, structure |
//! | `a` | a value of an activity or a qualification, for the filters of a search |

use super::fields::{Family, is_hashed};
use super::schema::hash;
use crate::directory::phonetic::sound;
use crate::directory::public_id::PublicIds;
use crate::query::Kind;
use crate::view::field::Field;

/// The class of words of anything but the name.
pub const OTHER_WORDS: char = 'o';

/// Letters of the longest gram.
pub const GRAM: usize = 3;
/// Letters of the longest beginning that is a term: most texts are typed from the first letter on, and few grams at a beginning tell
/// a common name from its longer forms.
pub const BEGINNING: usize = 5;

/// Octets of the shortest word that is found by its sound: shorter ones sound like too many.
pub const SOUNDING: usize = 4;

/// A term as it is put together: what tells it apart, then its text.
#[derive(Debug, Clone, Copy)]
pub struct Term<'t> {
    class: char,
    /// Kind, field or column within the class.
    part: Option<char>,
    text: Text<'t>,
    is_rare: bool,
}

#[derive(Debug, Clone, Copy)]
enum Text<'t> {
    Whole(&'t str),
    Hash(u64),
}

impl<'t> Term<'t> {
    fn new(class: char, part: Option<char>, text: &'t str) -> Self {
        Self {
            class,
            part,
            text: Text::Whole(text),
            is_rare: false,
        }
    }

    fn rare(self) -> Self {
        Self {
            is_rare: true,
            ..self
        }
    }

    /// A whole word of the name.
    pub fn whole(word: &'t str) -> Self {
        Self::new('w', None, word)
    }

    /// All entries that have a field.
    pub fn presence(field: Field) -> Self {
        Self::new('?', Some(letter(field)), "")
    }

    /// A value, in its form of equality.
    pub fn equality(field: Field, form: &'t str) -> Self {
        Self {
            text: match is_hashed(field) {
                true => Text::Hash(hash(form)),
                false => Text::Whole(form),
            },
            is_rare: is_hashed(field),
            ..Self::new('=', Some(letter(field)), form)
        }
    }

    /// A name by which one entry is asked for as a whole. Two entries may share that of a public id.
    pub fn key(kind: Kind, key: &'t str) -> Self {
        Self::new('K', Some(digit(kind as u8)), shortened(key)).rare()
    }

    /// The mailboxes of a structure, by its public id, and perhaps of another one.
    pub fn of_structure(id: &'t str) -> Self {
        Self::new('S', None, shortened(id)).rare()
    }

    /// How a word of the name sounds.
    pub fn sounding(sound: &'t str) -> Self {
        Self::new('f', None, sound)
    }

    /// A word of anything but the name: profession, place, structure.
    pub fn other_word(word: &'t str) -> Self {
        Self::new(OTHER_WORDS, None, word)
    }

    /// A value of an activity's column, or a qualification.
    pub fn facet(facet: FacetTerm, value: &'t str) -> Self {
        let part = Some(digit(facet as u8));
        match facet {
            FacetTerm::Structure => Self::new('a', part, shortened(value)).rare(),
            _ => Self::new('a', part, value),
        }
    }

    /// Letters anywhere in a family.
    pub fn gram(family: Family, gram: &'t str) -> Self {
        Self::new(family.class(), None, gram)
    }

    /// Letters at the beginning of a word of the name.
    pub fn beginning(head: &'t str) -> Self {
        Self::new('^', None, head)
    }

    /// Letters at the beginning of the name or of one of its values.
    pub fn first_letters(head: &'t str) -> Self {
        Self::new('<', None, head)
    }

    /// The first letters of a field's value.
    pub fn value_head(field: Field, head: &'t str) -> Self {
        Self::new('h', Some(letter(field)), head)
    }

    /// Whether few entries have it, or one alone.
    pub fn is_rare(self) -> bool {
        self.is_rare
    }

    /// Appends the term.
    pub fn write(self, out: &mut String) {
        out.push(self.class);
        out.extend(self.part);
        match self.text {
            Text::Whole(text) => out.push_str(text),
            Text::Hash(hash) => out.extend((0..HASH).map(|place| letter_of(hash, place))),
        }
    }

    fn text(self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }
}

/// Octets of a public id that are in a term: its first thirty random bits. Random letters have nothing in common, and
/// whole ids would take more of the dictionary than all names; so whoever finds an entry by one looks whether it is his.
const ID: usize = 8;

fn shortened(key: &str) -> &str {
    match PublicIds::is_one(key) {
        true => key.get(..ID).unwrap_or(key),
        false => key,
    }
}

/// Letters of a hash in a term, of five bits each: as many as tell nearly all values of a country apart.
const HASH: u32 = 6;

fn letter_of(hash: u64, place: u32) -> char {
    let bits = (hash >> (5 * place) & 31) as u8;
    char::from(if bits < 26 { b'a' + bits } else { b'0' + bits - 26 })
}

fn letter(field: Field) -> char {
    char::from(b'0' + field as u8)
}

fn digit(number: u8) -> char {
    char::from(b'0' + number)
}

/// Letters inside.
pub fn inside(family: Family, gram: &str) -> String {
    Term::gram(family, gram).text()
}

/// Letters at the beginning of a word of the name.
pub fn beginning(head: &str) -> String {
    Term::beginning(head).text()
}

/// Letters at the beginning of the name or of one of its values.
pub fn first_letters(head: &str) -> String {
    Term::first_letters(head).text()
}

/// The first letters of a field's value.
pub fn value_head(field: Field, head: &str) -> String {
    Term::value_head(field, head).text()
}

/// A whole word of the name.
pub fn whole(word: &str) -> String {
    Term::whole(word).text()
}

/// All entries that have a field.
pub fn presence(field: Field) -> String {
    Term::presence(field).text()
}

/// A value, in its form of equality.
pub fn equality(field: Field, form: &str) -> String {
    Term::equality(field, form).text()
}

/// A name by which one entry is asked for as a whole.
pub fn key(kind: Kind, key: &str) -> String {
    Term::key(kind, key).text()
}

/// The mailboxes of a structure, by its public id.
pub fn of_structure(id: &str) -> String {
    Term::of_structure(id).text()
}

/// How a word of the name sounds.
pub fn sounding(word: &str) -> String {
    Term::sounding(&sound(word)).text()
}

/// A word of anything but the name: profession, place, structure.
pub fn other_word(word: &str) -> String {
    Term::other_word(word).text()
}

/// A value of an activity's column, or a qualification.
pub fn facet(facet: FacetTerm, value: &str) -> String {
    Term::facet(facet, value).text()
}

/// What the filters of a search ask of activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FacetTerm {
    Profession,
    Mode,
    Departement,
    CodePostal,
    /// Folded name or INSEE code.
    Commune,
    /// Public id.
    Structure,
    SavoirFaire,
    /// Where it lies; no filter of itself, but what lies near is in few of them.
    Cell,
}

impl FacetTerm {
    /// Whether its terms tell one value from every other.
    pub fn is_exact(self) -> bool {
        self != Self::Structure
    }
}

/// The part of a form that words are taken from: of an address what stands before the domain.
pub fn words_of(field: Field, form: &str) -> &str {
    match field {
        Field::Mail => form.split_once('@').map_or(form, |(local, _)| local),
        _ => form,
    }
}

/// The form from the beginning of each of its words on.
pub fn word_starts(form: &str) -> impl Iterator<Item = &str> {
    let mut before = ' ';
    form.char_indices().filter_map(move |(place, c)| {
        let begins = !before.is_alphanumeric() && c.is_alphanumeric();
        before = c;
        if begins { form.get(place..) } else { None }
    })
}

/// The words of a form.
pub fn words(form: &str) -> impl Iterator<Item = &str> {
    form.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// The form from each of its letters on.
pub fn starts(form: &str) -> impl Iterator<Item = &str> {
    form.char_indices().filter_map(|(place, _)| form.get(place..))
}

/// The first one to `most` letters.
pub fn up_to(most: usize, rest: &str) -> impl Iterator<Item = &str> {
    rest.char_indices()
        .take(most)
        .filter_map(move |(place, c)| rest.get(..place + c.len_utf8()))
}

/// The grams that a piece needs: all of three letters, or the piece itself when it is shorter.
pub fn needed(piece: &str) -> Vec<&str> {
    let letters = piece.chars().count().min(GRAM);
    starts(piece)
        .filter_map(|rest| up_to(GRAM, rest).nth(letters.checked_sub(1)?))
        .collect()
}

/// The first letters of a form, as many as are a term; less where it is shorter.
pub fn head_of(form: &str) -> &str {
    up_to(GRAM, form).last().unwrap_or("")
}

/// The first letters of a piece, as many as a beginning has, and the grams that it needs besides.
pub fn head(piece: &str) -> (&str, Vec<&str>) {
    let head = up_to(BEGINNING, piece).last().unwrap_or("");
    let rest = match head == piece {
        true => Vec::new(),
        // The grams that lie within the beginning say nothing more.
        false => needed(piece).split_off(BEGINNING - GRAM + 1),
    };
    (head, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_needs_all_its_grams() {
        assert_eq!(needed("abcd"), ["abc", "bcd"]);
        assert_eq!(needed("éa"), ["éa"]);
        assert_eq!(head("éabcdef"), ("éabcd", vec!["cde", "def"]));
        assert_eq!(head("ab"), ("ab", Vec::new()));
    }

    #[test]
    fn of_a_public_id_the_first_letters_are_a_term() {
        let id = PublicIds::new("ff").make(crate::directory::public_id::Genre::Structure, "F990000000");
        assert_eq!(of_structure(&id), format!("S{}", &id[..ID]));
        assert_eq!(of_structure("F990000000"), "SF990000000");
    }
}
