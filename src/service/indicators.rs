//! Equipment rates: counted once for each state of the index, named by the code tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use super::{Answer, Directory};
use crate::index::{Indicators, Recherche, Share};
use crate::query::{Kind, Kinds};
use crate::visibility::Viewer;

/// The counts of a state, with its version.
#[derive(Default)]
pub struct Kept(Mutex<Option<(i64, Arc<Indicators>)>>);

/// The figures of the whole.
#[derive(Debug)]
pub struct National {
    pub professionnels: Share,
    pub structures: Share,
    /// Mailboxes by type.
    pub messageries: BTreeMap<String, u64>,
    pub domaines: u64,
    pub operateurs: u64,
}

/// The share of one department, profession or structure.
#[derive(Debug)]
pub struct Indicateur {
    pub code: String,
    pub libelle: String,
    pub part: Share,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    identifiant: String,
    #[serde(default)]
    nom: String,
}

impl Directory {
    fn counted(&self) -> Answer<Arc<Indicators>> {
        self.check_mailboxes()?;
        let inner = self.inner()?;
        // Others that ask meanwhile wait for the one count.
        let mut kept = inner.indicators.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Read before the state: a count of a later state under an earlier version is only made anew.
        let version = inner.node.public_version();
        if let Some((_, counts)) = kept.as_ref().filter(|(of, _)| *of == version) {
            return Ok(Arc::clone(counts));
        }
        let counts = Arc::new(self.snapshot()?.indicators()?);
        *kept = Some((version, Arc::clone(&counts)));
        Ok(counts)
    }

    /// The figures of the whole.
    pub fn national(&self) -> Answer<National> {
        let counts = self.counted()?;
        let domains = self.domaines();
        let operators: BTreeSet<&String> = domains.iter().flat_map(|domain| &domain.operateurs).collect();
        Ok(National {
            professionnels: counts.professionals,
            structures: counts.structures,
            messageries: counts.mailboxes.clone(),
            domaines: domains.len() as u64,
            operateurs: operators.len() as u64,
        })
    }

    /// By department, of those of a profession if one is given.
    pub fn indicators_by_department(&self, profession: Option<&str>) -> Answer<Vec<Indicateur>> {
        let counts = self.counted()?.by_department(profession);
        self.named("departement", counts)
    }

    /// By profession, in a department if one is given.
    pub fn indicators_by_profession(&self, department: Option<&str>) -> Answer<Vec<Indicateur>> {
        let counts = self.counted()?.by_profession(department);
        self.named("profession", counts)
    }

    /// By structure: a page of those that a search finds, how many there are, and the cursor of the next page.
    pub fn indicators_by_structure(
        &self,
        search: &Recherche,
        viewer: &Viewer,
    ) -> Answer<(Vec<Indicateur>, u64, Option<String>)> {
        let counts = self.counted()?;
        let search = Recherche {
            types: Kinds::only(Kind::Structure),
            ..search.clone()
        };
        let page = self.recherche(&search, viewer)?;
        let structures = page
            .resultats
            .iter()
            .filter_map(|hit| serde_json::from_str::<Named>(&hit.json).ok());
        let shares = structures.map(|structure| Indicateur {
            part: counts.of_structure(&structure.id),
            code: structure.identifiant,
            libelle: structure.nom,
        });
        Ok((shares.collect(), page.total, page.curseur_suivant))
    }

    /// In the order of codes; a code that no table names is left out.
    fn named(&self, facet: &'static str, counts: Vec<(u64, Share)>) -> Answer<Vec<Indicateur>> {
        let reference = self.inner()?.reference.load();
        let named = |(hash, part)| {
            let (code, libelle) = reference.name(facet, hash)?;
            Some(Indicateur { code, libelle, part })
        };
        let mut named: Vec<Indicateur> = counts.into_iter().filter_map(named).collect();
        named.sort_unstable_by(|a, b| a.code.cmp(&b.code));
        Ok(named)
    }
}
