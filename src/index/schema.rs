//! The tantivy schema, and the terms by which entries are found.
//!
//! We analyse texts ourselves (`directory::text`); tantivy sees raw terms in one field, told apart by their
//! first character, and keeps neither frequencies nor norms: nothing of the corpus weighs in any answer.

use tantivy::schema::{
    FAST, Field as TantivyField, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};

use crate::query::Kind;
use crate::view::field::Field;

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// `p12`, `s7`, `m3`: what the change log names.
    pub id: TantivyField,
    pub term: TantivyField,
    /// First eight bytes of the folded name: entries come in alphabetical order on every node.
    pub rank: TantivyField,
    pub entity: TantivyField,
    pub kind: TantivyField,
    pub entry: TantivyField,
    pub signed_in: TantivyField,
    pub json: TantivyField,
    /// Label, detail and address of a suggestion, separated by tabs.
    pub suggestion: TantivyField,
    /// Columns with one value per activity (or place), in the same order: hashes of codes, 0 for none.
    pub activity: [TantivyField; ACTIVITY_COLUMNS],
    pub lat: TantivyField,
    pub lon: TantivyField,
    /// Qualification and its practice, one value each per qualification.
    pub qualification: TantivyField,
    pub qualification_practice: TantivyField,
    pub has_mailbox: TantivyField,
}

/// Columns of an activity: practice number, profession, mode, department, postcode, commune, INSEE code, structure.
pub const ACTIVITY_COLUMNS: usize = 8;
const ACTIVITY_NAMES: [&str; ACTIVITY_COLUMNS] = [
    "a_exercice",
    "a_profession",
    "a_mode",
    "a_departement",
    "a_code_postal",
    "a_commune",
    "a_insee",
    "a_structure",
];

/// The schema and its fields.
pub fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let raw = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic),
    );
    let fields = Fields {
        id: builder.add_text_field("id", STRING),
        term: builder.add_text_field("term", raw),
        rank: builder.add_u64_field("rank", FAST),
        entity: builder.add_u64_field("entity", FAST),
        kind: builder.add_u64_field("kind", FAST),
        entry: builder.add_bytes_field("entry", STORED),
        signed_in: builder.add_bytes_field("signed_in", STORED),
        json: builder.add_text_field("json", STORED),
        suggestion: builder.add_text_field("suggestion", STORED),
        activity: ACTIVITY_NAMES.map(|name| builder.add_u64_field(name, FAST)),
        lat: builder.add_f64_field("a_lat", FAST),
        lon: builder.add_f64_field("a_lon", FAST),
        qualification: builder.add_u64_field("q_code", FAST),
        qualification_practice: builder.add_u64_field("q_exercice", FAST),
        has_mailbox: builder.add_u64_field("avec_messagerie", FAST),
    };
    (builder.build(), fields)
}

/// Name of an activity column, for opening it.
pub fn activity_column(column: usize) -> &'static str {
    ACTIVITY_NAMES.get(column).copied().unwrap_or(ACTIVITY_NAMES[0])
}

/// Whether pieces of a field are found by grams. Mail clients ask mailboxes; of the others only names are. Pieces of
/// any other field are looked for in every entry that has it.
pub fn has_grams(kind: Kind, field: Field) -> bool {
    field == Field::Cn
        || (kind == Kind::Mailbox && matches!(field, Field::DisplayName | Field::Mail | Field::O))
}

/// Letters of the longest gram.
pub const GRAM: usize = 3;

/// Term of all entries of a kind.
pub fn kind_term(kind: Kind) -> String {
    format!("k{}", kind as u8)
}

/// Term of all entries that have a field.
pub fn presence_term(field: Field) -> String {
    format!("?{}", field as u8)
}

/// Term of a value, in its form of equality.
pub fn equality_term(field: Field, form: &str) -> String {
    format!("={}:{form}", field as u8)
}

/// Term of a gram anywhere in a value.
pub fn gram_term(field: Field, gram: &str) -> String {
    format!(".{}:{gram}", field as u8)
}

/// Term of the first letters of a value.
pub fn initial_term(field: Field, gram: &str) -> String {
    format!("^{}:{gram}", field as u8)
}

/// Term of a name by which one entry is asked for as a whole.
pub fn key_term(kind: Kind, key: &str) -> String {
    format!("K{}:{key}", kind as u8)
}

/// Term of the mailboxes of a structure, by its public id.
pub fn structure_term(id: &str) -> String {
    format!("S{id}")
}

/// Term of a word of a person's or structure's name.
pub fn name_word(word: &str) -> String {
    format!("n{word}")
}

/// Term of any other word: profession, place, structure, identifier.
pub fn other_word(word: &str) -> String {
    format!("o{word}")
}

/// The grams of one to [`GRAM`] letters of a form.
pub fn grams(form: &str) -> impl Iterator<Item = &str> {
    let ends: Vec<usize> = form
        .char_indices()
        .map(|(start, c)| start + c.len_utf8())
        .collect();
    let starts: Vec<usize> = form.char_indices().map(|(start, _)| start).collect();
    let count = starts.len();
    (0..count).flat_map(move |place| {
        let pieces: Vec<&str> = (0..GRAM.min(count - place))
            .filter_map(|more| form.get(*starts.get(place)?..*ends.get(place + more)?))
            .collect();
        pieces
    })
}

/// The first `letters` letters of a text, or all of it.
pub fn beginning(text: &str, letters: usize) -> &str {
    text.char_indices()
        .nth(letters)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}

/// Hash of a code or folded word, for the columns; 0 for an empty one.
pub fn hash(text: &str) -> u64 {
    use std::hash::Hasher;
    if text.is_empty() {
        return 0;
    }
    let mut hasher = siphasher::sip::SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_are_all_pieces_of_one_to_three_letters() {
        assert_eq!(
            grams("abcd").collect::<Vec<_>>(),
            ["a", "ab", "abc", "b", "bc", "bcd", "c", "cd", "d"]
        );
        assert_eq!(grams("").count(), 0);
        assert_eq!(beginning("éab", 2), "éa");
    }
}
