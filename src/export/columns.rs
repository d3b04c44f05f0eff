//! The columns of an extraction: the layout's, perhaps with what a differential extraction adds in front.

use std::sync::Arc;

use super::Format;
use super::layout::{Layout, Source};
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
    pub labels: Arc<Labels>,
}

impl Columns {
    /// Every format but the official one begins with the entry's opaque id; a differential extraction begins with
    /// what to do and the id, whatever its format.
    pub fn of(layout: &Layout, format: Format, differential: bool, labels: Arc<Labels>) -> Self {
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
            labels,
        }
    }
}
