//! A FINESS file of any generation gathered in memory: establishments and legal entities by number, and their
//! coordinates, whose block may stand in another order.

use std::collections::HashMap;

use super::codes::Codes;
use super::fingerprint::Fingerprint;
use crate::directory::coordinates::Position;
use crate::directory::place::{self, Place};
use crate::source::record::{FinessRow, GeolocationRow};

/// All of one file.
#[derive(Default)]
pub struct Establishments {
    entries: HashMap<Box<str>, Establishment>,
    order: Vec<Box<str>>,
    positions: HashMap<Box<str>, (Position, Option<u8>)>,
    pub categories: Codes,
    pub categories_agregees: Codes,
    pub statuts: Codes,
    pub mft: Codes,
    pub sph: Codes,
}

/// One establishment or legal entity.
pub struct Establishment {
    pub legal_entity: bool,
    pub closed: bool,
    columns: [Box<str>; IDENTITY],
    pub lignes: Vec<String>,
    place: Place,
    contact: [Box<str>; 6],
}

const IDENTITY: usize = 11;

impl Establishments {
    /// Takes a structure; of two with one number the first holds.
    pub fn add(&mut self, row: &FinessRow<'_>) {
        self.categories.number(row.categorie);
        self.categories_agregees.number(row.categorie_agregee);
        self.statuts.number(row.statut_juridique);
        self.mft.number(row.mft);
        self.sph.number(row.sph);
        if self.entries.contains_key(row.finess) {
            return;
        }
        let entry = Establishment {
            legal_entity: row.entite_juridique,
            closed: row.fermee,
            columns: [
                row.finess_ej,
                row.siret,
                row.siren,
                row.raison_sociale,
                row.complement_nom,
                row.categorie.code,
                row.categorie_agregee.code,
                row.statut_juridique.code,
                row.ape,
                row.mft.code,
                row.sph.code,
            ]
            .map(Box::from),
            lignes: place::postal_lines(&row.address),
            place: place::locate(&row.address),
            contact: [
                row.telephone,
                row.telecopie,
                row.date_ouverture,
                row.date_autorisation,
                row.date_maj,
                row.date_fermeture,
            ]
            .map(Box::from),
        };
        self.entries.insert(row.finess.into(), entry);
        self.order.push(row.finess.into());
    }

    /// Takes coordinates.
    pub fn add_position(&mut self, row: &GeolocationRow<'_>) {
        self.positions
            .insert(row.finess.into(), (row.position, row.score));
    }

    /// Number of structures.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// FINESS numbers and structures, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Establishment)> {
        self.order
            .iter()
            .filter_map(|finess| self.entries.get(finess).map(|entry| (&**finess, entry)))
    }

    /// Numbers of establishments, of legal entities, and of positions.
    pub fn totals(&self) -> [u64; 3] {
        let entities = self.entries.values().filter(|entry| entry.legal_entity).count();
        [self.len() - entities, entities, self.positions.len()].map(|n| n as u64)
    }

    /// All positions, by FINESS number.
    pub fn positions(&self) -> impl Iterator<Item = (&str, Position, Option<u8>)> {
        self.positions
            .iter()
            .map(|(finess, (position, score))| (&**finess, *position, *score))
    }

    /// Where an establishment lies, by this file.
    pub fn position(&self, finess: &str) -> Option<(Position, Option<u8>)> {
        self.positions.get(finess).copied()
    }
}

impl Establishment {
    /// `finess_ej` … `sph`, in the order of the table.
    pub fn identity(&self) -> [&str; IDENTITY] {
        std::array::from_fn(|n| &*self.columns[n])
    }

    /// Postcode, commune, INSEE code, department, country.
    pub fn place(&self) -> [&str; 5] {
        let Place {
            code_postal,
            commune,
            code_insee,
            departement,
        } = &self.place;
        [code_postal, commune, code_insee, departement, ""]
    }

    /// Telephone, fax, dates of opening, authorisation, update and closing.
    pub fn contact_and_dates(&self) -> [&str; 6] {
        std::array::from_fn(|n| &*self.contact[n])
    }

    /// Fingerprint of all of it but its position, which may come from another file.
    pub fn fingerprint(&self) -> i64 {
        let mut fingerprint = Fingerprint::default();
        fingerprint.texts([if self.closed { "closed" } else { "open" }]);
        fingerprint.texts(self.identity());
        fingerprint.texts(self.lignes.iter().map(String::as_str));
        fingerprint.texts(self.place());
        fingerprint.texts(self.contact_and_dates());
        fingerprint.value()
    }
}
