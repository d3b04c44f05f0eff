//! Whether one and the same activity of a document meets several filters.

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use super::filters::{Allowed, Filters};
use crate::index::schema::{activity_column, column};

/// Several filters and the columns of one segment that tell.
pub struct Together<'f> {
    filters: Vec<(&'f Allowed, Vec<Column<u64>>)>,
    qualified: Option<Qualified<'f>>,
    /// For each activity of a document, whether it meets the filters looked at so far, and the one looked at.
    met: Vec<bool>,
    now: Vec<bool>,
}

/// A qualification that is asked: it is one of a practice, whose activities count.
struct Qualified<'f> {
    asked: &'f Allowed,
    practice: Column<u64>,
    qualification: Column<u64>,
    of_practice: Column<u64>,
}

impl<'f> Together<'f> {
    /// Prepares; `None` where no more than one filter is asked, and its terms tell who meets it.
    pub fn open(filters: &'f Filters, segment: &SegmentReader) -> tantivy::Result<Option<Self>> {
        let is_one = filters.asked().nth(1).is_none();
        if is_one && filters.asked().all(|(asked, _)| asked.is_exact) {
            return Ok(None);
        }
        let fast = segment.fast_fields();
        let mut together = Self {
            filters: Vec::new(),
            qualified: None,
            met: Vec::new(),
            now: Vec::new(),
        };
        for (asked, columns) in filters.asked() {
            if columns.is_empty() {
                together.qualified = Some(Qualified {
                    asked,
                    practice: fast.u64(activity_column(column::PRACTICE))?,
                    qualification: fast.u64("q_code")?,
                    of_practice: fast.u64("q_exercice")?,
                });
                continue;
            }
            let columns = columns.iter().map(|column| fast.u64(activity_column(*column)));
            together.filters.push((asked, columns.collect::<Result<_, _>>()?));
        }
        Ok(Some(together))
    }

    /// Whether an activity of a document meets them all.
    pub fn meet(&mut self, doc: DocId) -> bool {
        for (number, (asked, columns)) in self.filters.iter().enumerate() {
            self.now.clear();
            for column in columns {
                for (place, value) in column.values_for_doc(doc).enumerate() {
                    let lets = asked.lets(value);
                    match self.now.get_mut(place) {
                        Some(met) => *met |= lets,
                        None => self.now.push(lets),
                    }
                }
            }
            if number == 0 {
                std::mem::swap(&mut self.met, &mut self.now);
            } else {
                self.met.resize(self.now.len(), false);
                let both = self.met.iter_mut().zip(&self.now);
                both.for_each(|(met, now)| *met &= now);
            }
            if !self.met.contains(&true) {
                return false;
            }
        }
        let Some(qualified) = &self.qualified else {
            return true;
        };
        let practices = qualified.practice.values_for_doc(doc);
        practices
            .zip(&self.met)
            .any(|(practice, met)| *met && qualified.holds(doc, practice))
    }
}

impl Qualified<'_> {
    fn holds(&self, doc: DocId, practice: u64) -> bool {
        let practices = self.of_practice.values_for_doc(doc);
        self.qualification
            .values_for_doc(doc)
            .zip(practices)
            .any(|(code, of)| of == practice && self.asked.lets(code))
    }
}
