//! What is worked out of a segment when first needed, and kept as long as the segment lives: it depends on its
//! documents alone, not on which of them have been taken out since.

use std::io;
use std::path::Path;
use std::sync::OnceLock;

use super::recherche::FacetSets;
use super::shelf::Shelf;
use super::snapshot::Segment;
use super::ties::Ties;
use super::views::{At, Views};
use crate::query::Kind;

/// Shared by all snapshots that show the segment. Worked out before it is first shown, by who may give way; of what an
/// earlier process left, by who does not: whoever asks meanwhile waits.
#[derive(Debug, Default)]
pub struct Kept {
    ties: OnceLock<Ties>,
    facets: OnceLock<FacetSets>,
    shelf: OnceLock<Shelf>,
}

impl Kept {
    /// The order of many entries of one rank.
    pub fn ties(&self, segment: &Segment, views: &Views) -> &Ties {
        self.ties.get_or_init(|| Ties::read(segment, views))
    }

    /// Whether nobody has to wait for what is worked out when first needed.
    #[cfg(test)]
    pub fn is_ready(&self) -> bool {
        self.ties.get().is_some() && self.facets.get().is_some()
    }

    /// The documents of each value of each facet.
    pub fn facets(&self, segment: &Segment) -> tantivy::Result<&FacetSets> {
        if let Some(facets) = self.facets.get() {
            return Ok(facets);
        }
        let facets = FacetSets::read(segment)?;
        Ok(self.facets.get_or_init(|| facets))
    }

    /// What mail clients ask of its mailboxes, once that is there.
    pub fn shelf(&self) -> Option<&Shelf> {
        self.shelf.get()
    }

    /// Opens the shelf, or writes it.
    pub fn fill_shelf(&self, folder: &Path, segment: &Segment, views: &Views) -> io::Result<()> {
        if self.shelf.get().is_some() {
            return Ok(());
        }
        let mut shelf = Shelf::open(folder, segment.id);
        if shelf.is_none() {
            let records = segment.range(Kind::Mailbox).map(|doc| {
                let at = At(segment.ats.get_val(doc));
                views
                    .get(at)
                    .filter(|_| segment.is_alive(doc))
                    .map(|record| (at, record))
            });
            if Shelf::write(folder, segment.id, records)? {
                shelf = Shelf::open(folder, segment.id);
            }
        }
        if let Some(shelf) = shelf {
            // Whoever was first has kept the same.
            let _ = self.shelf.set(shelf);
        }
        Ok(())
    }
}
