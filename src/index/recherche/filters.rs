//! The filters of a search, and the documents that have a value of each.

use super::Recherche;
use crate::directory::around::Around;
use crate::directory::cell::Cell;
use crate::directory::commune;
use crate::index::bits::Bits;
use crate::index::schema::{column, hash};
use crate::index::snapshot::Segment;
use crate::index::terms::{self, FacetTerm};

/// What one filter allows: alternatives as terms, and as the hashes that columns hold.
#[derive(Debug, Default)]
pub struct Allowed {
    terms: Vec<String>,
    hashes: Vec<u64>,
    /// Whether no other value has these terms.
    pub is_exact: bool,
}

impl Allowed {
    fn new(facet: FacetTerm, values: impl IntoIterator<Item = String>) -> Self {
        let mut allowed = Self {
            is_exact: facet.is_exact(),
            ..Self::default()
        };
        for value in values {
            allowed.hashes.push(hash(&value));
            allowed.terms.push(terms::facet(facet, &value));
        }
        allowed
    }

    fn is_asked(&self) -> bool {
        !self.terms.is_empty()
    }

    /// Whether a value is one of the alternatives.
    pub fn lets(&self, value: u64) -> bool {
        self.hashes.contains(&value)
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
    /// Where all that lies near lies, as terms.
    cells: Option<Vec<String>>,
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
        let cells = recherche.autour.as_ref().and_then(Around::cells);
        let term_of = |cell: &Cell| terms::facet(FacetTerm::Cell, &cell.to_string());
        let communes = recherche.commune.iter().flat_map(|value| commune::names(value));
        Self {
            profession: Allowed::new(FacetTerm::Profession, trimmed(&recherche.profession)),
            mode: Allowed::new(FacetTerm::Mode, upper(&recherche.mode_exercice)),
            departement: Allowed::new(FacetTerm::Departement, upper(&recherche.departement)),
            code_postal: Allowed::new(FacetTerm::CodePostal, trimmed(&recherche.code_postal)),
            commune: Allowed::new(FacetTerm::Commune, communes),
            structure: Allowed::new(FacetTerm::Structure, trimmed(&recherche.structure)),
            savoir_faire: Allowed::new(FacetTerm::SavoirFaire, trimmed(&recherche.savoir_faire)),
            cells: cells.map(|cells| cells.iter().map(term_of).collect()),
        }
    }

    /// The filters that are asked, each with the columns of activities that may meet it; none for qualifications.
    pub fn asked(&self) -> impl Iterator<Item = (&Allowed, &'static [usize])> {
        [
            (&self.profession, &[column::PROFESSION][..]),
            (&self.mode, &[column::MODE]),
            (&self.departement, &[column::DEPARTEMENT]),
            (&self.code_postal, &[column::CODE_POSTAL]),
            (&self.commune, &[column::COMMUNE, column::INSEE]),
            (&self.structure, &[column::STRUCTURE]),
            (&self.savoir_faire, &[]),
        ]
        .into_iter()
        .filter(|(allowed, _)| allowed.is_asked())
    }

    /// Keeps the documents that have a value of each filter, in whichever activities, or one that shares its term; and
    /// of those, where a circle is asked, what may lie in it.
    pub fn narrow(&self, segment: &Segment, docs: &mut Bits) -> tantivy::Result<()> {
        let asked = self.asked().map(|(allowed, _)| &allowed.terms);
        for alternatives in asked.chain(&self.cells) {
            let mut any = Bits::none(segment.max_doc);
            for term in alternatives {
                any.add_term(&segment.inverted, term.as_bytes())?;
            }
            docs.keep(&any);
        }
        Ok(())
    }
}
