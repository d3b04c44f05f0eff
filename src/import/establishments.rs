//! A FINESS file gathered in memory: establishments or legal entities by number, and their coordinates, whose
//! block stands in another order.

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
    /// True for a file of legal entities (cs1100501).
    pub legal_entities: bool,
    /// Whether the file has the block of coordinates (cs1100507).
    pub has_positions: bool,
    pub categories: Codes,
    pub categories_agregees: Codes,
    pub statuts: Codes,
    pub mft: Codes,
    pub sph: Codes,
}

/// One establishment or legal entity.
pub struct Establishment {
    columns: [Box<str>; IDENTITY],
    pub lignes: Vec<String>,
    place: Place,
    contact: [Box<str>; 5],
}

const IDENTITY: usize = 11;

impl Establishments {
    /// Takes a `structureet` or `structureej` line; of two lines with one number the first holds.
    pub fn add(&mut self, row: &FinessRow<'_>) {
        self.legal_entities |= row.entite_juridique;
        self.categories.number(row.categorie);
        self.categories_agregees.number(row.categorie_agregee);
        self.statuts.number(row.statut_juridique);
        self.mft.number(row.mft);
        self.sph.number(row.sph);
        if self.entries.contains_key(row.finess) {
            return;
        }
        let entry = Establishment {
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
            ]
            .map(Box::from),
        };
        self.entries.insert(row.finess.into(), entry);
        self.order.push(row.finess.into());
    }

    /// Takes a `geolocalisation` line.
    pub fn add_position(&mut self, row: &GeolocationRow<'_>) {
        self.has_positions = true;
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

    /// Telephone, fax, dates of opening, authorisation and update.
    pub fn contact_and_dates(&self) -> [&str; 5] {
        std::array::from_fn(|n| &*self.contact[n])
    }

    /// Fingerprint of all of it, the position that will be stored included.
    pub fn fingerprint(&self, position: Option<(f64, f64)>) -> i64 {
        let mut fingerprint = Fingerprint::default();
        fingerprint.texts(self.identity());
        fingerprint.texts(self.lignes.iter().map(String::as_str));
        fingerprint.texts(self.place());
        fingerprint.texts(self.contact_and_dates());
        if let Some((lat, lon)) = position {
            fingerprint.texts([lat.to_string().as_str(), lon.to_string().as_str()]);
        }
        fingerprint.value()
    }
}
