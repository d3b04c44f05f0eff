//! The tantivy schema: one field of terms of our own making, and columns.
//!
//! We analyse texts ourselves (`directory::text`, [`super::terms`]); tantivy sees finished terms and keeps neither
//! frequencies nor norms: nothing of the corpus weighs in any answer. What entries look like is not here but in
//! [`super::views`].

use tantivy::schema::{
    FAST, Field as TantivyField, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use tantivy::{IndexSettings, IndexSortByField, Order};

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// Number of the entry in the store with its kind, as [`entity_key`] makes it: by it entries are taken out.
    pub key: TantivyField,
    pub term: TantivyField,
    /// See [`super::rank`]; segments are sorted by it.
    pub rank: TantivyField,
    pub entity: TantivyField,
    /// Words of the name.
    pub words: TantivyField,
    /// Where the views are; see [`super::views::At`].
    pub at: TantivyField,
    /// Columns with one value per activity (or place), in the same order: hashes of codes, 0 for none.
    pub activity: [TantivyField; ACTIVITY_COLUMNS],
    pub lat: TantivyField,
    pub lon: TantivyField,
    /// Qualification and its practice, one value each per qualification.
    pub qualification: TantivyField,
    pub qualification_practice: TantivyField,
    pub has_mailbox: TantivyField,
}

/// Columns of an activity, by number.
pub mod column {
    /// Number of the practice.
    pub const PRACTICE: usize = 0;
    pub const PROFESSION: usize = 1;
    pub const MODE: usize = 2;
    pub const DEPARTEMENT: usize = 3;
    pub const CODE_POSTAL: usize = 4;
    pub const COMMUNE: usize = 5;
    pub const INSEE: usize = 6;
    pub const STRUCTURE: usize = 7;
}

/// How many columns an activity has.
pub const ACTIVITY_COLUMNS: usize = ACTIVITY_NAMES.len();
const ACTIVITY_NAMES: [&str; 8] = [
    "a_exercice",
    "a_profession",
    "a_mode",
    "a_departement",
    "a_code_postal",
    "a_commune",
    "a_insee",
    "a_structure",
];

/// Name of the tokenizer that takes our terms apart.
pub const TOKENIZER: &str = "terms";
/// Stands between the terms of a document.
pub const TERM_END: char = '\u{1}';

/// The schema and its fields.
pub fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let terms = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(TOKENIZER)
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic),
    );
    let fields = Fields {
        key: builder.add_u64_field("key", INDEXED),
        term: builder.add_text_field("term", terms),
        rank: builder.add_u64_field("rank", FAST),
        entity: builder.add_u64_field("entity", FAST),
        words: builder.add_u64_field("mots", FAST),
        at: builder.add_u64_field("at", FAST),
        activity: ACTIVITY_NAMES.map(|name| builder.add_u64_field(name, FAST)),
        lat: builder.add_f64_field("a_lat", FAST),
        lon: builder.add_f64_field("a_lon", FAST),
        qualification: builder.add_u64_field("q_code", FAST),
        qualification_practice: builder.add_u64_field("q_exercice", FAST),
        has_mailbox: builder.add_u64_field("avec_messagerie", FAST),
    };
    (builder.build(), fields)
}

/// Segments sorted by rank, so that a search meets entries in order.
pub fn settings() -> IndexSettings {
    IndexSettings {
        sort_by_field: Some(IndexSortByField {
            field: "rank".to_owned(),
            order: Order::Asc,
        }),
        ..IndexSettings::default()
    }
}

/// Name of an activity column, for opening it.
pub fn activity_column(column: usize) -> &'static str {
    ACTIVITY_NAMES.get(column).copied().unwrap_or(ACTIVITY_NAMES[0])
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

/// Takes the terms of a document apart: one long text with [`TERM_END`] between them costs tantivy far less than
/// hundreds of values.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    token: Token,
}

/// The terms of one document.
#[derive(Debug)]
pub struct TermsStream<'a> {
    token: &'a mut Token,
    rest: &'a str,
}

impl Tokenizer for Terms {
    type TokenStream<'a> = TermsStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> TermsStream<'a> {
        self.token.reset();
        self.token.position = 0;
        TermsStream {
            token: &mut self.token,
            rest: text,
        }
    }
}

impl TokenStream for TermsStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((term, rest)) = self.rest.split_once(TERM_END) else {
            return false;
        };
        self.token.text.clear();
        self.token.text.push_str(term);
        self.rest = rest;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_come_apart_where_they_end() {
        let mut terms = Terms::default();
        let mut stream = terms.token_stream("a\u{1}bc\u{1}");
        let mut seen = Vec::new();
        while stream.advance() {
            seen.push(stream.token().text.clone());
        }
        assert_eq!(seen, ["a", "bc"]);
    }
}
