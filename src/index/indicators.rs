//! Who has a visible mailbox, by department, profession and structure: counted in one pass over a state of the index,
//! which holds nothing of a hidden one.

use std::collections::{BTreeMap, HashMap};

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use super::schema::{activity_column, column, hash};
use super::snapshot::{Segment, Snapshot};
use super::views::At;
use crate::query::Kind;
use crate::view::entry::EntryView;
use crate::view::field::Field;

/// Any value: no code has this hash.
const ANY: u64 = 0;

/// How many there are, and how many of them have a visible mailbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    pub all: u64,
    pub equipped: u64,
}

impl Share {
    fn add(&mut self, equipped: bool) {
        self.all += 1;
        self.equipped += u64::from(equipped);
    }
}

/// The counts of one state.
#[derive(Debug, Default)]
pub struct Indicators {
    pub professionals: Share,
    pub structures: Share,
    /// Mailboxes by type.
    pub mailboxes: BTreeMap<String, u64>,
    /// Professionals by department and profession of one and the same activity, each perhaps [`ANY`].
    by_place: HashMap<(u64, u64), Share>,
    by_structure: HashMap<u64, Share>,
}

impl Indicators {
    /// By department, of those of a profession if one is given: hashes of codes, and counts.
    pub fn by_department(&self, profession: Option<&str>) -> Vec<(u64, Share)> {
        let wanted = profession.map_or(ANY, hash);
        let of = |(key, share): (&(u64, u64), &Share)| {
            (key.1 == wanted && key.0 != ANY).then_some((key.0, *share))
        };
        self.by_place.iter().filter_map(of).collect()
    }

    /// By profession, in a department if one is given: hashes of codes, and counts.
    pub fn by_profession(&self, department: Option<&str>) -> Vec<(u64, Share)> {
        let wanted = department.map_or(ANY, hash);
        let of = |(key, share): (&(u64, u64), &Share)| {
            (key.0 == wanted && key.1 != ANY).then_some((key.1, *share))
        };
        self.by_place.iter().filter_map(of).collect()
    }

    /// Of the professionals of a structure, by its public id.
    pub fn of_structure(&self, id: &str) -> Share {
        self.by_structure.get(&hash(id)).copied().unwrap_or_default()
    }

    fn add_professional(&mut self, places: &mut Places, equipped: bool) {
        self.professionals.add(equipped);
        for (department, profession) in places.distinct_pairs() {
            self.by_place
                .entry((*department, *profession))
                .or_default()
                .add(equipped);
        }
        for structure in places.distinct_structures() {
            self.by_structure.entry(*structure).or_default().add(equipped);
        }
    }
}

/// Where one professional practises, and as what.
#[derive(Default)]
struct Places {
    pairs: Vec<(u64, u64)>,
    structures: Vec<u64>,
}

impl Places {
    /// Each pair once, and with each its halves.
    fn distinct_pairs(&mut self) -> &[(u64, u64)] {
        for position in 0..self.pairs.len() {
            if let Some(&(department, profession)) = self.pairs.get(position) {
                self.pairs.extend([(department, ANY), (ANY, profession)]);
            }
        }
        self.pairs.retain(|pair| *pair != (ANY, ANY));
        self.pairs.sort_unstable();
        self.pairs.dedup();
        &self.pairs
    }

    fn distinct_structures(&mut self) -> &[u64] {
        self.structures.retain(|structure| *structure != ANY);
        self.structures.sort_unstable();
        self.structures.dedup();
        &self.structures
    }
}

/// The columns that are counted, of one segment.
struct Columns {
    equipped: Column<u64>,
    profession: Column<u64>,
    department: Column<u64>,
    structure: Column<u64>,
}

impl Columns {
    fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let fast = segment.fast_fields();
        let activity = |number| fast.u64(activity_column(number));
        Ok(Self {
            equipped: fast.u64("avec_messagerie")?,
            profession: activity(column::PROFESSION)?,
            department: activity(column::DEPARTEMENT)?,
            structure: activity(column::STRUCTURE)?,
        })
    }

    fn is_equipped(&self, doc: DocId) -> bool {
        self.equipped.first(doc) == Some(1)
    }

    fn places(&self, doc: DocId, places: &mut Places) {
        let professions = self.profession.values_for_doc(doc);
        places.pairs.clear();
        places
            .pairs
            .extend(self.department.values_for_doc(doc).zip(professions));
        places.structures.clear();
        places.structures.extend(self.structure.values_for_doc(doc));
    }
}

impl Snapshot {
    /// Counts all of it: some seconds for a country.
    pub fn indicators(&self) -> tantivy::Result<Indicators> {
        let mut indicators = Indicators::default();
        let mut places = Places::default();
        for (segment, reader) in self.segments.iter().zip(self.searcher.segment_readers()) {
            let columns = Columns::open(reader)?;
            let visible = |kind| segment.range(kind).filter(|doc| segment.is_alive(*doc));
            for doc in visible(Kind::Professional) {
                columns.places(doc, &mut places);
                indicators.add_professional(&mut places, columns.is_equipped(doc));
            }
            for doc in visible(Kind::Structure) {
                indicators.structures.add(columns.is_equipped(doc));
            }
            for doc in visible(Kind::Mailbox) {
                *indicators
                    .mailboxes
                    .entry(self.type_of_box(segment, doc))
                    .or_default() += 1;
            }
        }
        Ok(indicators)
    }

    fn type_of_box(&self, segment: &Segment, doc: DocId) -> String {
        let Some(record) = self.views.get(At(segment.ats.get_val(doc))) else {
            return String::new();
        };
        let entry = record.entry();
        let type_bal = EntryView::new(&entry).first(Field::TypeBal);
        type_bal.unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_counts_once_in_each_place_profession_and_structure() {
        let mut indicators = Indicators::default();
        let (here, there, doctor, nurse) = (hash("44"), hash("75"), hash("10"), hash("60"));
        let mut places = Places {
            pairs: vec![(here, doctor), (here, doctor), (there, doctor), (here, nurse)],
            structures: vec![hash("s_1"), hash("s_1"), ANY],
        };
        indicators.add_professional(&mut places, true);
        let mut nowhere = Places {
            pairs: vec![(ANY, doctor)],
            structures: vec![],
        };
        indicators.add_professional(&mut nowhere, false);
        let sorted = |mut counts: Vec<(u64, Share)>| {
            counts.sort_unstable_by_key(|(code, _)| *code != here && *code != doctor);
            counts
        };
        let share = |all, equipped| Share { all, equipped };
        assert_eq!(indicators.professionals, share(2, 1));
        assert_eq!(
            sorted(indicators.by_department(None)),
            [(here, share(1, 1)), (there, share(1, 1))]
        );
        assert_eq!(
            sorted(indicators.by_profession(None)),
            [(doctor, share(2, 1)), (nurse, share(1, 1))]
        );
        assert_eq!(indicators.by_department(Some("60")), [(here, share(1, 1))]);
        assert_eq!(indicators.by_profession(Some("75")), [(doctor, share(1, 1))]);
        assert_eq!(indicators.of_structure("s_1"), share(1, 1));
        assert_eq!(indicators.of_structure("s_2"), share(0, 0));
    }
}
