//! What is worked out of a segment when first needed, and kept as long as the segment lives: it depends on its
//! documents alone, not on which of them have been taken out since.

use std::sync::OnceLock;

use super::recherche::FacetSets;
use super::snapshot::Segment;
use super::ties::Ties;
use super::views::Views;

/// Shared by all snapshots that show the segment.
#[derive(Debug, Default)]
pub struct Kept {
    ties: OnceLock<Ties>,
    facets: OnceLock<FacetSets>,
}

impl Kept {
    /// The order of many entries of one rank.
    pub fn ties(&self, segment: &Segment, views: &Views) -> &Ties {
        self.ties.get_or_init(|| Ties::read(segment, views))
    }

    /// The documents of each value of each facet.
    pub fn facets(&self, segment: &Segment) -> tantivy::Result<&FacetSets> {
        if let Some(facets) = self.facets.get() {
            return Ok(facets);
        }
        let facets = FacetSets::read(segment)?;
        Ok(self.facets.get_or_init(|| facets))
    }
}
