//! The columns of an extraction: the layout's, perhaps with what a differential extraction adds in front.

use std::sync::Arc;

use super::Format;
use super::layout::{Layout, Source};
use super::snapshot::Snapshot;
use crate::store::labels::Labels;

/// The columns of an extraction, and where their values are in Postgres's rows.
#[derive(Clone)]
pub struct Columns {
    /// Name and place of each.
    pub all: Vec<(&'static str, Source)>,
    /// The header line of CSV.
    pub header: String,
    /// Fields of Postgres's rows.
    pub fields: usize,
    pub stated: Stated,
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
        Self {
            all,
            header,
            fields: layout.expressions().count() + id + 1,
            stated,
        }
    }
}
