//! Full-text search, as front-ends ask it.

use super::records::{public_id, with_telephone};
use super::{Answer, Directory, ServiceError, around, stale};
use crate::index::{self, Recherche};
use crate::visibility::Viewer;

/// A page of results.
#[derive(Debug)]
pub struct Page {
    pub total: u64,
    pub page: u32,
    pub par_page: u32,
    pub curseur_suivant: Option<String>,
    pub resultats: Vec<Hit>,
    pub facettes: Vec<(String, Vec<Facette>)>,
}

/// One result.
#[derive(Debug)]
pub struct Hit {
    pub json: String,
    pub distance_km: Option<f64>,
}

/// One value of a facet.
#[derive(Debug)]
pub struct Facette {
    pub code: String,
    pub libelle: String,
    pub nombre: u64,
}

impl Directory {
    /// Full-text search. Structures may be given by any of their identifiers.
    pub fn recherche(&self, r: &Recherche, viewer: &Viewer) -> Answer<Page> {
        if r.curseur
            .as_deref()
            .is_some_and(|cursor| !index::is_cursor(cursor))
        {
            return Err(ServiceError::Cursor);
        }
        let snapshot = self.snapshot()?;
        let tells_mailboxes = self.tells_mailboxes();
        let of_others;
        let r = if tells_mailboxes {
            r
        } else {
            of_others = stale::recherche(r)?;
            &of_others
        };
        let mut structure = Vec::with_capacity(r.structure.len());
        for alias in &r.structure {
            let json = self.structure_json(&snapshot, alias)?;
            // An identifier that names nothing matches nothing, rather than everything.
            structure.push(json.map_or_else(|| "?".to_owned(), |json| public_id(&json)));
        }
        let asked = Recherche {
            structure,
            ..r.clone()
        };
        let page = snapshot.recherche(&around::placed(asked, &snapshot)?, true)?;
        let reference = self.inner()?.reference.load();
        Ok(Page {
            total: page.total,
            page: r.page,
            par_page: r.par_page,
            curseur_suivant: page.curseur_suivant,
            resultats: page
                .hits
                .into_iter()
                .map(|hit| Hit {
                    json: match tells_mailboxes {
                        true => with_telephone(hit.json, hit.signed_in, viewer),
                        false => stale::json(&hit.json),
                    },
                    distance_km: hit.distance_km,
                })
                .collect(),
            facettes: page
                .facets
                .into_iter()
                .filter(|facet| tells_mailboxes || facet.name != "avec_messagerie")
                .map(|facet| (facet.name.to_owned(), reference.name_facet(&facet)))
                .collect(),
        })
    }
}
