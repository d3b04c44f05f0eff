//! The filters of a search: the documents that have a value of each, and whether one activity has them all.

use std::sync::Arc;

use tantivy::SegmentReader;
use tantivy::columnar::Column;

use super::Recherche;
use crate::directory::text::fold;
use crate::index::bits::Bits;
use crate::index::schema::{ACTIVITY_COLUMNS, activity_column, hash};
use crate::index::snapshot::Segment;
use crate::index::terms::{self, FacetTerm};

/// What one filter allows: alternatives as terms, and as the hashes that columns hold.
#[derive(Debug, Default)]
struct Allowed {
    terms: Vec<String>,
    hashes: Vec<u64>,
}

impl Allowed {
    fn new(facet: FacetTerm, values: impl IntoIterator<Item = String>) -> Self {
        let mut allowed = Self::default();
        for value in values {
            allowed.hashes.push(hash(&value));
            allowed.terms.push(terms::facet(facet, &value));
        }
        allowed
    }

    fn is_asked(&self) -> bool {
        !self.terms.is_empty()
    }

    fn lets(&self, value: u64) -> bool {
        !self.is_asked() || self.hashes.contains(&value)
    }
}

/// The filters of activities.
#[derive(Debug)]
pub struct Filters {
    profession: Allowed,
    mode: Allowed,
    departement: Allowed,
    code_postal: Allowed,
    commune: Allowed,
    structure: Allowed,
    savoir_faire: Allowed,
}

impl Filters {
    /// Reads what is asked.
    pub fn of(recherche: &Recherche) -> Self {
        let trimmed = |values: &[String]| -> Vec<String> {
            values.iter().map(|value| value.trim().to_owned()).collect()
        };
        let upper = |values: &[String]| -> Vec<String> {
            values.iter().map(|value| value.trim().to_uppercase()).collect()
        };
        let communes = recherche
            .commune
            .iter()
            .flat_map(|value| [fold(value), value.trim().to_uppercase()]);
        Self {
            profession: Allowed::new(FacetTerm::Profession, trimmed(&recherche.profession)),
            mode: Allowed::new(FacetTerm::Mode, upper(&recherche.mode_exercice)),
            departement: Allowed::new(FacetTerm::Departement, upper(&recherche.departement)),
            code_postal: Allowed::new(FacetTerm::CodePostal, trimmed(&recherche.code_postal)),
            commune: Allowed::new(FacetTerm::Commune, communes),
            structure: Allowed::new(FacetTerm::Structure, trimmed(&recherche.structure)),
            savoir_faire: Allowed::new(FacetTerm::SavoirFaire, trimmed(&recherche.savoir_faire)),
        }
    }

    fn asked(&self) -> impl Iterator<Item = &Allowed> {
        [
            &self.profession,
            &self.mode,
            &self.departement,
            &self.code_postal,
            &self.commune,
            &self.structure,
            &self.savoir_faire,
        ]
        .into_iter()
        .filter(|allowed| allowed.is_asked())
    }

    /// Keeps the documents that have a value of each filter, in whichever activities.
    pub fn narrow(&self, segment: &Segment, docs: &mut Bits) -> tantivy::Result<()> {
        for allowed in self.asked() {
            let mut any = Bits::none(segment.max_doc);
            for term in &allowed.terms {
                any.add_term(&segment.inverted, term.as_bytes())?;
            }
            docs.keep(&any);
        }
        Ok(())
    }

    /// Whether a document that [`Self::narrow`] kept may still fail: several filters, met by several activities.
    pub fn need_activities(&self) -> bool {
        self.asked().nth(1).is_some()
    }
}

/// The columns of activities, opened once a segment.
#[derive(Clone)]
pub struct Activities {
    columns: Arc<[Column<u64>]>,
    qualification: Column<u64>,
    qualification_practice: Column<u64>,
}

/// Practice, profession, mode, department, postcode, commune, INSEE code, structure: hashes of codes, 0 for none.
pub type Activity = [u64; ACTIVITY_COLUMNS];

impl Activities {
    /// Opens them; nothing is read yet.
    pub fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let fast = segment.fast_fields();
        Ok(Self {
            columns: (0..ACTIVITY_COLUMNS)
                .map(|n| fast.u64(activity_column(n)))
                .collect::<Result<_, _>>()?,
            qualification: fast.u64("q_code")?,
            qualification_practice: fast.u64("q_exercice")?,
        })
    }

    /// Reads the activities of a document into `activities`, whose content goes.
    fn read(&self, doc: u32, activities: &mut Vec<Activity>) {
        activities.clear();
        for (n, column) in self.columns.iter().enumerate() {
            for (place, value) in column.values_for_doc(doc).enumerate() {
                if activities.len() <= place {
                    activities.push([0; ACTIVITY_COLUMNS]);
                }
                if let Some(slot) = activities.get_mut(place).and_then(|activity| activity.get_mut(n)) {
                    *slot = value;
                }
            }
        }
    }

    /// Whether one and the same activity meets all filters, its practice holding the qualification asked.
    pub fn meet(&self, doc: u32, filters: &Filters, activities: &mut Vec<Activity>) -> bool {
        self.read(doc, activities);
        activities.iter().any(
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
                filters.profession.lets(*profession)
                    && filters.mode.lets(*mode)
                    && filters.departement.lets(*departement)
                    && filters.code_postal.lets(*postcode)
                    && (filters.commune.lets(*commune) || filters.commune.lets(*insee))
                    && filters.structure.lets(*structure)
                    && (!filters.savoir_faire.is_asked()
                        || self.is_qualified(doc, *practice, &filters.savoir_faire))
            },
        )
    }

    fn is_qualified(&self, doc: u32, practice: u64, wanted: &Allowed) -> bool {
        let practices = self.qualification_practice.values_for_doc(doc);
        self.qualification
            .values_for_doc(doc)
            .zip(practices)
            .any(|(code, of)| of == practice && wanted.lets(code))
    }
}
