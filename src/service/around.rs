//! Searches around communes and postcodes: the places asked become the centres of circles.

use super::{Answer, ServiceError};
use crate::directory::around::Around;
use crate::index::Recherche;
use crate::index::snapshot::Snapshot;

/// Circles of one search: each costs a comparison for every place that is looked at.
const MOST_CENTRES: usize = 100;

/// The search with its communes and postcodes as centres, where it asks for a distance from them.
pub fn placed(recherche: Recherche, snapshot: &Snapshot) -> Answer<Recherche> {
    let Some(km) = recherche.rayon_km else {
        return Ok(recherche);
    };
    let towns = snapshot.towns()?;
    let mut centres = Vec::new();
    for code in &recherche.code_postal {
        centres.push(
            towns
                .postcode(code)
                .ok_or(ServiceError::UnknownPlace("code_postal"))?,
        );
    }
    for commune in &recherche.commune {
        let found = towns.commune(commune);
        if found.is_empty() {
            return Err(ServiceError::UnknownPlace("commune"));
        }
        centres.extend(found);
    }
    if centres.len() > MOST_CENTRES {
        return Err(ServiceError::TooManyPlaces);
    }
    Ok(Recherche {
        code_postal: Vec::new(),
        commune: Vec::new(),
        autour: Some(Around::new(&centres, km)),
        rayon_km: None,
        ..recherche
    })
}
