//! The structures that the lines of Personne_activite name, each kept once.
//!
//! Their columns are repeated on every line; where two lines disagree the first one holds and is counted.

use super::communes::Communes;
use super::fingerprint::Fingerprint;
use super::texts::{Joined, Numbered};
use crate::source::record::{AddressRow, Coded, SiteRow};

/// Columns of a site besides its technical id, in the order of [`columns`].
const COLUMNS: usize = 25;

/// The sites of one file.
#[derive(Default)]
pub struct Sites {
    technical_ids: Numbered,
    /// The other columns, by the same numbers.
    columns: Joined,
    pub communes: Communes,
    last: u32,
    /// Lines that told a site otherwise than its first line did.
    pub conflicts: u64,
}

impl Sites {
    /// The number of a line's site.
    pub fn number(&mut self, row: &SiteRow<'_>) -> u32 {
        let is_first = self.technical_ids.len() == 0;
        if is_first || self.identifiant_technique(self.last) != row.identifiant_technique {
            let (number, is_new) = self.technical_ids.number(row.identifiant_technique);
            self.last = number;
            if is_new {
                self.columns.keep(columns(row));
                self.communes.learn(row.address.code_commune, row.address.commune);
                return number;
            }
        }
        self.conflicts += u64::from(!self.columns.is(self.last, columns(row)));
        self.last
    }

    /// Technical id of a site; empty for a number that names none.
    pub fn identifiant_technique(&self, number: u32) -> &str {
        self.technical_ids.text(number)
    }

    /// Number of sites.
    pub fn len(&self) -> usize {
        self.technical_ids.len()
    }

    /// Ends the reading: no line comes any more.
    pub fn close(&mut self) {
        self.technical_ids.close();
    }

    /// Forgets all but the technical ids.
    pub fn forget(&mut self) {
        self.close();
        self.columns = Joined::default();
        self.communes = Communes::default();
    }

    /// Every site, in order of number.
    pub fn iter(&self) -> impl Iterator<Item = SiteRow<'_>> {
        let numbers = 0..self.columns.len() as u32;
        numbers.map(|number| site(self.identifiant_technique(number), self.columns.columns(number)))
    }
}

/// Fingerprint of all that a file says of a site.
pub fn fingerprint(row: &SiteRow<'_>) -> i64 {
    let mut fingerprint = Fingerprint::default();
    fingerprint.texts([row.identifiant_technique]);
    fingerprint.texts(columns(row));
    fingerprint.value()
}

fn columns<'a>(row: &SiteRow<'a>) -> [&'a str; COLUMNS] {
    let a = &row.address;
    [
        row.finess,
        row.finess_ej,
        row.siret,
        row.siren,
        row.ancien_identifiant,
        row.raison_sociale,
        row.enseigne,
        row.telephone,
        row.telephone_2,
        row.telecopie,
        row.email,
        a.complement_destinataire,
        a.complement_geographique,
        a.numero_voie,
        a.indice_repetition,
        a.type_voie.code,
        a.type_voie.label,
        a.voie,
        a.mention_distribution,
        a.acheminement,
        a.code_postal,
        a.code_commune,
        a.commune,
        a.pays.code,
        a.pays.label,
    ]
}

fn site<'a>(identifiant_technique: &'a str, columns: [&'a str; COLUMNS]) -> SiteRow<'a> {
    let [
        finess,
        finess_ej,
        siret,
        siren,
        ancien_identifiant,
        raison_sociale,
        enseigne,
        telephone,
        telephone_2,
        telecopie,
        email,
        complement_destinataire,
        complement_geographique,
        numero_voie,
        indice_repetition,
        type_voie,
        libelle_type_voie,
        voie,
        mention_distribution,
        acheminement,
        code_postal,
        code_commune,
        commune,
        pays,
        libelle_pays,
    ] = columns;
    SiteRow {
        identifiant_technique,
        finess,
        finess_ej,
        siret,
        siren,
        ancien_identifiant,
        raison_sociale,
        enseigne,
        telephone,
        telephone_2,
        telecopie,
        email,
        address: AddressRow {
            complement_destinataire,
            complement_geographique,
            numero_voie,
            indice_repetition,
            type_voie: Coded {
                code: type_voie,
                label: libelle_type_voie,
            },
            voie,
            mention_distribution,
            acheminement,
            code_postal,
            code_commune,
            commune,
            pays: Coded {
                code: pays,
                label: libelle_pays,
            },
            departement: "",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_site_holds_and_conflicts_are_counted() {
        let mut sites = Sites::default();
        let row = SiteRow {
            identifiant_technique: "F990000001",
            raison_sociale: "CH",
            ..SiteRow::default()
        };
        assert_eq!(sites.number(&row), 0);
        assert_eq!(
            sites.number(&SiteRow {
                identifiant_technique: "R1",
                ..row
            }),
            1
        );
        assert_eq!(
            sites.number(&SiteRow {
                raison_sociale: "AUTRE",
                ..row
            }),
            0
        );
        assert_eq!(sites.conflicts, 1);
        assert_eq!(
            sites.iter().next().map(|s| s.raison_sociale.to_owned()),
            Some("CH".to_owned())
        );
    }
}
