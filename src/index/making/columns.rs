//! The columns of one document: what a search filters and orders by without looking at a record.

use tantivy::TantivyDocument;

use crate::index::schema::{ACTIVITY_COLUMNS, Fields};
use crate::index::views::At;

/// One activity, or one place of an entry: a value in each of its columns.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// By [`crate::index::schema::column`].
    pub activity: [u64; ACTIVITY_COLUMNS],
    /// Not a number where nobody knows.
    pub lat: f64,
    pub lon: f64,
}

/// One qualification: hash of its code, and number of its practice.
#[derive(Debug, Clone, Copy)]
pub struct Qualification {
    pub code: u64,
    pub practice: u64,
}

/// What each document has one of.
#[derive(Debug, Default, Clone, Copy)]
pub struct Single {
    /// See [`Fields::key`]; no column but a term of its own.
    pub key: u64,
    pub rank: u64,
    pub entity: u64,
    pub words: u64,
    pub has_mailbox: bool,
}

/// The columns of one document.
#[derive(Debug, Default)]
pub struct Columns {
    pub single: Single,
    pub places: Vec<Place>,
    pub qualifications: Vec<Qualification>,
}

impl Columns {
    /// As tantivy takes documents, without terms.
    pub fn document(&self, fields: &Fields, at: At) -> TantivyDocument {
        let mut doc = TantivyDocument::default();
        doc.add_u64(fields.key, self.single.key);
        for (column, value) in self.single.values(fields, at) {
            doc.add_u64(column, value);
        }
        for place in &self.places {
            for (column, value) in fields.activity.into_iter().zip(place.activity) {
                doc.add_u64(column, value);
            }
            doc.add_f64(fields.lat, place.lat);
            doc.add_f64(fields.lon, place.lon);
        }
        for qualification in &self.qualifications {
            doc.add_u64(fields.qualification, qualification.code);
            doc.add_u64(fields.qualification_practice, qualification.practice);
        }
        doc
    }
}

impl Single {
    /// Columns and their values.
    pub fn values(&self, fields: &Fields, at: At) -> [(tantivy::schema::Field, u64); 5] {
        [
            (fields.rank, self.rank),
            (fields.entity, self.entity),
            (fields.words, self.words),
            (fields.at, at.0),
            (fields.has_mailbox, u64::from(self.has_mailbox)),
        ]
    }
}
