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
