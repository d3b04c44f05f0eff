//! The columns of an extraction: the layout's, perhaps with what a differential extraction adds in front.

use std::sync::Arc;

use super::Format;
use super::known::Known;
use super::layout::{Layout, Source};
use super::row::Row;
use super::snapshot::Snapshot;
use super::spelling::Spelling;
use crate::store::labels::Labels;

/// The columns of an extraction, and where their values are in Postgres's rows.
pub struct Columns {
    all: Vec<Column>,
    /// A value that had to be spelt.
    spelt: Vec<u8>,
    /// The header line of CSV.
    pub header: String,
    /// Fields of Postgres's rows.
    pub fields: usize,
    pub stated: Stated,
}

struct Column {
    name: &'static str,
    source: Source,
    known: Known,
}

/// What a state of the store says beside its rows.
#[derive(Clone)]
pub struct Stated {
    pub labels: Arc<Labels>,
    /// The sources and their dates, as `personne_activite=2026-01-15T08:00:00Z, …`.
    pub sources: String,
}

impl Stated {
    /// What a reading says.
    pub fn of(snapshot: &Snapshot) -> Self {
        let sources = snapshot.sources.iter();
        let sources = sources.map(|source| format!("{}={}", source.genre, source.date));
        Self {
            labels: snapshot.labels.clone(),
            sources: sources.collect::<Vec<_>>().join(", "),
        }
    }
}

impl Columns {
    /// Every format but the official one begins with the entry's opaque id; a differential extraction begins with
    /// what to do and the id, whatever its format.
    pub fn of(layout: &Layout, format: Format, differential: bool, stated: Stated) -> Self {
        let mut all = Vec::with_capacity(layout.columns.len() + 2);
        let mut header = String::new();
        let id = usize::from(differential);
        if differential {
            all.push(("action", Source::Field(0)));
            header.push_str("action|id|");
        }
        if differential || format != Format::Csv {
            all.push(("id", Source::Field(id)));
        }
        all.extend(layout.names().zip(layout.sources(id + 1)));
        header.push_str(&layout.header());
        let column = |(name, source)| Column {
            name,
            source,
            known: Known::default(),
        };
        Self {
            all: all.into_iter().map(column).collect(),
            spelt: Vec::new(),
            header,
            fields: layout.expressions().count() + id + 1,
            stated,
        }
    }
    /// Their names, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.all.iter().map(|column| column.name)
    }

    /// Gives the values of a row in order, spelt, to a writer.
    pub fn each<S: Spelling>(&mut self, row: &Row, mut write: impl FnMut(usize, &[u8])) {
        let plain = !row.may_have(S::is_special);
        for (number, column) in self.all.iter_mut().enumerate() {
            let source = column.source;
            let value = match source {
                Source::Empty => &[],
                Source::Field(field) if plain => row.field(field),
                Source::Field(field) => {
                    self.spelt.clear();
                    S::spell(row.field(field), &mut self.spelt);
                    &self.spelt
                }
                _ => {
                    let fields = source.fields(row);
                    column.known.label(fields, |out| {
                        let label = source.label(&self.stated.labels, fields);
                        S::spell(label.as_deref().unwrap_or_default().as_bytes(), out);
                    })
                }
            };
            write(number, value);
        }
    }
}
