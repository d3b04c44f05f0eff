//! The columns of one segment: what a result's activities, places and qualifications are.

use std::collections::HashMap;

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use super::{Facet, Filters};
use crate::directory::coordinates::Position;
use crate::index::rank;
use crate::index::schema::{ACTIVITY_COLUMNS, activity_column};
use crate::query::Kinds;

/// The columns of one segment.
pub struct Columns {
    rank: Column<u64>,
    entity: Column<u64>,
    has_mailbox: Column<u64>,
    activity: Vec<Column<u64>>,
    lat: Column<f64>,
    lon: Column<f64>,
    qualification: Column<u64>,
    qualification_practice: Column<u64>,
}

impl Columns {
    /// Opens them; nothing is read yet.
    pub fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let fast = segment.fast_fields();
        Ok(Self {
            rank: fast.u64("rank")?,
            entity: fast.u64("entity")?,
            has_mailbox: fast.u64("avec_messagerie")?,
            activity: (0..ACTIVITY_COLUMNS)
                .map(|n| fast.u64(activity_column(n)))
                .collect::<Result<_, _>>()?,
            lat: fast.f64("a_lat")?,
            lon: fast.f64("a_lon")?,
            qualification: fast.u64("q_code")?,
            qualification_practice: fast.u64("q_exercice")?,
        })
    }

    /// Whether a document is of one of these kinds.
    pub fn is_of(&self, doc: DocId, kinds: Kinds) -> bool {
        kinds == Kinds::ALL || kinds.contains(rank::kind(self.rank.first(doc).unwrap_or(0)))
    }

    /// Whether the entry has, or is, a visible mailbox.
    pub fn has_mailbox(&self, doc: DocId) -> bool {
        self.has_mailbox.first(doc) == Some(1)
    }

    /// Alphabetical place.
    pub fn place(&self, doc: DocId) -> (u64, u64) {
        (
            self.rank.first(doc).unwrap_or(0),
            self.entity.first(doc).unwrap_or(0),
        )
    }

    fn activities(&self, doc: DocId) -> Vec<[u64; ACTIVITY_COLUMNS]> {
        let mut activities: Vec<[u64; ACTIVITY_COLUMNS]> = Vec::with_capacity(2);
        for (n, column) in self.activity.iter().enumerate() {
            for (place, value) in column.values_for_doc(doc).enumerate() {
                if activities.len() <= place {
                    activities.push([0; ACTIVITY_COLUMNS]);
                }
                if let Some(slot) = activities.get_mut(place).and_then(|activity| activity.get_mut(n)) {
                    *slot = value;
                }
            }
        }
        activities
    }

    /// Whether one and the same activity meets all filters, its practice holding the qualification asked.
    pub fn meets(&self, doc: DocId, filters: &Filters) -> bool {
        let any = |wanted: &[u64], value: u64| wanted.is_empty() || wanted.contains(&value);
        self.activities(doc).iter().any(
            |[
                practice,
                profession,
                mode,
                departement,
                postcode,
                commune,
                insee,
                structure,
            ]| {
                any(&filters.profession, *profession)
                    && any(&filters.mode, *mode)
                    && any(&filters.departement, *departement)
                    && any(&filters.code_postal, *postcode)
                    && (any(&filters.commune, *commune) || any(&filters.commune, *insee))
                    && any(&filters.structure, *structure)
                    && (filters.savoir_faire.is_empty()
                        || self.is_qualified(doc, *practice, &filters.savoir_faire))
            },
        )
    }

    fn is_qualified(&self, doc: DocId, practice: u64, wanted: &[u64]) -> bool {
        let practices = self.qualification_practice.values_for_doc(doc);
        self.qualification
            .values_for_doc(doc)
            .zip(practices)
            .any(|(code, of)| of == practice && wanted.contains(&code))
    }

    /// Distance of the nearest place whose position is known.
    pub fn distance(&self, doc: DocId, centre: Position) -> Option<f64> {
        self.lat
            .values_for_doc(doc)
            .zip(self.lon.values_for_doc(doc))
            .filter(|(lat, _)| !lat.is_nan())
            .map(|(lat, lon)| Position { lat, lon }.distance_km(centre))
            .min_by(f64::total_cmp)
    }

    /// Counts a result once in each value that it has.
    pub fn count(&self, doc: DocId, counts: &mut Counts) {
        let activities = self.activities(doc);
        for (facet, column) in [(0, 1), (1, 3), (3, 2)] {
            let mut values: Vec<u64> = activities
                .iter()
                .filter_map(|a| a.get(column).copied())
                .filter(|v| *v != 0)
                .collect();
            values.sort_unstable();
            values.dedup();
            counts.add(facet, &values);
        }
        let mut codes: Vec<u64> = self.qualification.values_for_doc(doc).collect();
        codes.sort_unstable();
        codes.dedup();
        counts.add(2, &codes);
        counts.add(4, &[u64::from(self.has_mailbox(doc))]);
    }
}

/// Facets being counted.
#[derive(Default)]
pub struct Counts([HashMap<u64, u64>; 5]);

impl Counts {
    fn add(&mut self, facet: usize, values: &[u64]) {
        if let Some(counts) = self.0.get_mut(facet) {
            for value in values {
                *counts.entry(*value).or_default() += 1;
            }
        }
    }

    /// Facets with the most frequent values first.
    pub fn facets(self) -> Vec<Facet> {
        [
            "profession",
            "departement",
            "savoir_faire",
            "mode_exercice",
            "avec_messagerie",
        ]
        .into_iter()
        .zip(self.0)
        .map(|(name, counts)| {
            let mut counts: Vec<(u64, u64)> = counts.into_iter().collect();
            counts.sort_unstable_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
            Facet { name, counts }
        })
        .collect()
    }
}
