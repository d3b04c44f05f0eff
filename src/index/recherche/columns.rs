//! The columns of one segment: what results are counted and measured by.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use super::Facet;
use super::filters::{Activities, Activity};
use crate::directory::around::Around;
use crate::directory::coordinates::Position;

/// The columns of one segment.
pub struct Columns {
    pub activities: Activities,
    entity: Column<u64>,
    has_mailbox: Column<u64>,
    lat: Column<f64>,
    lon: Column<f64>,
}

impl Columns {
    /// Opens them; nothing is read yet.
    pub fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let fast = segment.fast_fields();
        Ok(Self {
            activities: Activities::open(segment)?,
            entity: fast.u64("entity")?,
            has_mailbox: fast.u64("avec_messagerie")?,
            lat: fast.f64("a_lat")?,
            lon: fast.f64("a_lon")?,
        })
    }

    /// Whether the entry has, or is, a visible mailbox.
    pub fn has_mailbox(&self, doc: DocId) -> bool {
        self.has_mailbox.first(doc) == Some(1)
    }

    /// The entry's number.
    pub fn entity(&self, doc: DocId) -> u64 {
        self.entity.first(doc).unwrap_or(0)
    }

    /// Distance of the nearest place that lies in one of the circles.
    pub fn distance(&self, doc: DocId, around: &Around) -> Option<f64> {
        self.lat
            .values_for_doc(doc)
            .zip(self.lon.values_for_doc(doc))
            .filter_map(|(lat, lon)| around.distance_km(Position { lat, lon }))
            .min_by(f64::total_cmp)
    }

    /// Counts a result once in each value that it has.
    pub fn count(&self, doc: DocId, counts: &mut Counts) {
        let mut activities = std::mem::take(&mut counts.activities);
        self.activities.read(doc, &mut activities);
        for (facet, column) in [(0, 1), (1, 3), (3, 2)] {
            counts.add(facet, activities.iter().filter_map(|a| a.get(column).copied()));
        }
        counts.activities = activities;
        counts.add(2, self.activities.qualifications(doc));
        // Zero stands for no value; here it would be one.
        counts.add(4, [1 + u64::from(self.has_mailbox(doc))]);
    }
}

/// What is counted is hashed already.
#[derive(Debug, Default, Clone, Copy)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Facets being counted.
#[derive(Default)]
pub struct Counts {
    facets: [HashMap<u64, u64, BuildHasherDefault<Hashed>>; 5],
    activities: Vec<Activity>,
    values: Vec<u64>,
}

impl Counts {
    fn add(&mut self, facet: usize, values: impl IntoIterator<Item = u64>) {
        self.values.clear();
        self.values.extend(values.into_iter().filter(|value| *value != 0));
        self.values.sort_unstable();
        self.values.dedup();
        if let Some(counts) = self.facets.get_mut(facet) {
            for value in &self.values {
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
        .zip(self.facets)
        .map(|(name, counts)| {
            let mut counts: Vec<(u64, u64)> = counts.into_iter().collect();
            if name == "avec_messagerie" {
                counts.iter_mut().for_each(|(value, _)| *value -= 1);
            }
            counts.sort_unstable_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
            Facet { name, counts }
        })
        .collect()
    }
}
