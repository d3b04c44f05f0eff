//! Where the places of a document lie.

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use crate::directory::around::Around;
use crate::directory::coordinates::Position;

/// The columns of one segment.
pub struct Places {
    lat: Column<f64>,
    lon: Column<f64>,
}

impl Places {
    /// Opens them; nothing is read yet.
    pub fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let fast = segment.fast_fields();
        Ok(Self {
            lat: fast.f64("a_lat")?,
            lon: fast.f64("a_lon")?,
        })
    }

    /// Distance of the nearest place that lies in one of the circles.
    pub fn distance(&self, doc: DocId, around: &Around) -> Option<f64> {
        self.lat
            .values_for_doc(doc)
            .zip(self.lon.values_for_doc(doc))
            .filter_map(|(lat, lon)| around.distance_km(Position { lat, lon }))
            .min_by(f64::total_cmp)
    }
}
