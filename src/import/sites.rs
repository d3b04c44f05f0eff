//! The structures that the lines of Personne_activite name, each kept once.
//!
//! Their columns are repeated on every line; where two lines disagree the first one holds and is counted.

use std::collections::HashMap;

use super::codes::{Span, Texts};
use super::fingerprint::Fingerprint;
use crate::source::record::{AddressRow, Coded, SiteRow};

/// Columns of a site, in the order of [`columns`].
const COLUMNS: usize = 26;

/// The sites of one file.
#[derive(Default)]
pub struct Sites {
    /// Technical ids, and where they lie.
    names: Texts,
    ids: Vec<Span>,
    numbers: HashMap<Box<str>, u32>,
    texts: Texts,
    sites: Vec<[Span; COLUMNS]>,
    last: u32,
    /// Lines that told a site otherwise than its first line did.
    pub conflicts: u64,
}

impl Sites {
    /// The number of a line's site.
    pub fn number(&mut self, row: &SiteRow<'_>) -> u32 {
        if self.identifiant_technique(self.last) != row.identifiant_technique || self.ids.is_empty() {
            self.last = match self.numbers.get(row.identifiant_technique) {
                Some(number) => *number,
                None => return self.add(row),
            };
        }
        if let Some(known) = self.sites.get(self.last as usize)
            && columns(row)
                .iter()
                .zip(known)
                .skip(1)
                .any(|(column, span)| *column != self.texts.get(*span))
        {
            self.conflicts += 1;
        }
        self.last
    }

    fn add(&mut self, row: &SiteRow<'_>) -> u32 {
        let number = self.ids.len() as u32;
        self.numbers.insert(row.identifiant_technique.into(), number);
        self.ids.push(self.names.keep(row.identifiant_technique));
        let mut columns = columns(row);
        columns[0] = "";
        let spans = columns.map(|column| self.texts.keep(column));
        self.sites.push(spans);
        self.last = number;
        number
    }

    /// Technical id of a site; empty for a number that names none.
    pub fn identifiant_technique(&self, number: u32) -> &str {
        self.ids
            .get(number as usize)
            .map_or("", |span| self.names.get(*span))
    }

    /// Number of sites.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Ends the reading: no line comes any more.
    pub fn close(&mut self) {
        self.numbers = HashMap::new();
    }

    /// Forgets all but the technical ids.
    pub fn forget(&mut self) {
        self.close();
        self.texts = Texts::default();
        self.sites = Vec::new();
    }

    /// Every site, in order of number.
    pub fn iter(&self) -> impl Iterator<Item = SiteRow<'_>> {
        self.sites.iter().zip(&self.ids).map(|(spans, id)| {
            let mut columns = spans.map(|span| self.texts.get(span));
            columns[0] = self.names.get(*id);
            site(columns)
        })
    }
}

/// Fingerprint of all that a file says of a site.
pub fn fingerprint(row: &SiteRow<'_>) -> i64 {
    let mut fingerprint = Fingerprint::default();
    fingerprint.texts(columns(row));
    fingerprint.value()
}

fn columns<'a>(row: &SiteRow<'a>) -> [&'a str; COLUMNS] {
    let a = &row.address;
    [
        row.identifiant_technique,
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

fn site(columns: [&str; COLUMNS]) -> SiteRow<'_> {
    let [
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
