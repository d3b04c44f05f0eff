//! The yearly archives `etalab_stock_et_AAAA1231.csv`, 2004 to 2025: 42 columns under a header row, in another
//! order than the legacy CSV, coordinates inside. Columns are found by name.

use super::{Fault, checked, position};
use crate::directory::identifier::{is_finess, is_siren, is_siret};
use crate::directory::place::finess_department;
use crate::source::record::{AddressRow, Coded, FinessRow, GeolocationRow, Record};
use crate::source::sink::Sink;
use crate::source::{Kind, SourceError};

/// Columns without which an archive says nothing useful.
const NEEDED: [&str; 3] = ["rs", "departement", "ligneacheminement"];

/// Whether a first line is an archive's header; true within for legal entities.
pub fn recognise(line: &str) -> Option<bool> {
    let mut names = line.split(';').map(|name| name.trim().to_lowercase());
    match (names.next()?.as_str(), names.next()?.as_str()) {
        ("nofinesset", "nofinessej") => Some(false),
        ("nofiness" | "nofinessej", "rs") => Some(true),
        _ => None,
    }
}

/// Where an archive has its columns.
pub struct Columns {
    names: Vec<String>,
    legal_entities: bool,
}

impl Columns {
    /// Reads the header; `None` when the line is none.
    pub fn of(header: &str, file: &str) -> Result<Option<Self>, SourceError> {
        let Some(legal_entities) = recognise(header) else {
            return Ok(None);
        };
        let names: Vec<String> = header.split(';').map(|n| n.trim().to_lowercase()).collect();
        match NEEDED
            .into_iter()
            .find(|needed| !names.iter().any(|name| name == needed))
        {
            Some(missing) => Err(SourceError::MissingColumn {
                file: file.to_owned(),
                what: if legal_entities {
                    Kind::FinessEntitesJuridiques.as_str()
                } else {
                    Kind::FinessEtablissements.as_str()
                },
                column: missing.to_owned(),
            }),
            None => Ok(Some(Self {
                names,
                legal_entities,
            })),
        }
    }

    /// Reads one line. False for a good one without coordinates.
    pub fn parse(&self, fields: &[&str], line: u64, sink: &mut dyn Sink) -> Result<bool, Fault> {
        let width = self.names.len();
        if fields.len() != width && !(fields.len() == width + 1 && fields.last() == Some(&"")) {
            return Err((
                None,
                format!("{} fields where the header has {width}", fields.len()),
            ));
        }
        let at = |wanted: &[&str]| {
            let place = wanted
                .iter()
                .find_map(|wanted| self.names.iter().position(|name| name == wanted));
            place.and_then(|place| fields.get(place)).copied().unwrap_or("")
        };
        let finess = fields.first().copied().unwrap_or("");
        if !is_finess(finess) {
            return Err((Some("nofinesset"), "not a FINESS number".to_owned()));
        }
        let name = [at(&["rslongue"]), at(&["rs"])]
            .into_iter()
            .find(|name| !name.is_empty());
        let name = name.ok_or((Some("rs"), "empty".to_owned()))?;
        let (telephone, telecopie) = (digits(at(&["telephone"])), digits(at(&["telecopie"])));
        let coded = |code: &[&str], label: &[&str]| Coded {
            code: at(code),
            label: at(label),
        };
        let siret = checked(at(&["siret"]), is_siret);
        let row = FinessRow {
            entite_juridique: self.legal_entities,
            finess,
            finess_ej: if self.legal_entities {
                ""
            } else {
                checked(at(&["nofinessej"]), is_finess)
            },
            raison_sociale: name,
            complement_nom: at(&["complrs"]),
            address: AddressRow {
                complement_geographique: at(&["compldistrib"]),
                numero_voie: at(&["numvoie"]),
                type_voie: Coded {
                    code: at(&["typvoie"]),
                    label: "",
                },
                voie: at(&["voie"]),
                indice_repetition: at(&["compvoie"]),
                mention_distribution: at(&["lieuditbp"]),
                code_commune: at(&["cog"]),
                departement: finess_department(at(&["departement"])),
                code_postal: at(&["codepostal"]),
                acheminement: at(&["ligneacheminement"]),
                ..AddressRow::default()
            },
            telephone: &telephone,
            telecopie: &telecopie,
            categorie: coded(&["categetab"], &["liblongcategetab", "libcategetab"]),
            categorie_agregee: coded(
                &["categretab", "categagretab"],
                &["libcategretab", "libcategagretab"],
            ),
            statut_juridique: coded(&["statutjuridique", "stj"], &["libstatutjuridique", "libstj"]),
            siret,
            siren: if self.legal_entities {
                checked(at(&["siren"]), is_siren)
            } else {
                siret.get(..9).unwrap_or("")
            },
            ape: at(&["codeape"]),
            mft: coded(&["mft", "codemft"], &["liblongmft", "libmft"]),
            sph: coded(&["sph", "codesph"], &["libsph"]),
            date_ouverture: at(&["dateouvert", "dateouv", "datecrea"]),
            date_autorisation: at(&["dateautor"]),
            date_maj: at(&["datemaj"]),
            ..FinessRow::default()
        };
        sink.record(line, Record::Finess(row))
            .map_err(|reason| (None, reason))?;
        let (x, y) = (at(&["coordx"]), at(&["coordy"]));
        if x.is_empty() || y.is_empty() {
            return Ok(self.legal_entities);
        }
        let source = at(&["sourcegeocod"]);
        // A bad point costs the point, not the establishment, which is in already.
        match position(x, y, source) {
            Ok(position) => {
                let score = source.split(',').nth(2).and_then(|score| score.parse().ok());
                let row = GeolocationRow {
                    finess,
                    position,
                    score,
                };
                sink.record(line, Record::Geolocation(row))
                    .map_err(|reason| (None, reason))?;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}

/// Telephones of archives are spaced (`01 99 00 00 01`).
fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of the archives of establishments, as quoted by a loader.
    const HEADER: &str = "nofinesset;nofinessej;rs;rslongue;complrs;compldistrib;numvoie;typvoie;voie;compvoie;lieuditbp;region;libregion;departement;libdepartement;cog;codepostal;libelle_routage;ligneacheminement;telephone;telecopie;categetab;libcategetab;liblongcategetab;categretab;libcategretab;siret;codeape;libcodeape;mft;libmft;liblongmft;sph;libsph;numen;coordx;coordy;sourcegeocod;dategeocod;dateautor;dateouvert;datemaj";

    #[derive(Default)]
    struct Kept(Vec<String>);

    impl Sink for Kept {
        fn record(&mut self, _line: u64, record: Record<'_>) -> Result<(), String> {
            self.0.push(match record {
                Record::Finess(row) => format!(
                    "{} {} {} {} {} {}",
                    row.finess,
                    row.raison_sociale,
                    row.address.code_commune,
                    row.telephone,
                    row.date_ouverture,
                    row.date_autorisation
                ),
                Record::Geolocation(row) => format!("{:.1} {:.1}", row.position.lat, row.position.lon),
                _ => String::new(),
            });
            Ok(())
        }
        fn reject(&mut self, line: u64, _column: Option<&str>, reason: &str) {
            self.0.push(format!("rejected {line}: {reason}"));
        }
    }

    #[test]
    fn an_archive_is_read_by_its_own_names_with_its_coordinates() {
        let line = "990000001;990000101;CH;CENTRE EXEMPLE;;;1;R;DES ESSAIS;;;84;ARA;01;AIN;01451;01440;VIRIAT;01440 VIRIAT;01 99 00 00 01;;355;CH;Centre;1102;CH;;;;;;;;;;870262.2;6571540.8;1,ATLASANTE,96,BAN,LAMBERT_93;2025-01-01;1979-02-13;1980-03-01;2020-02-04";
        let text = format!("{HEADER}\n{line}\n990000002;trop court\n");
        let mut kept = Kept::default();
        let summary = crate::source::finess::read(&mut text.as_bytes(), "f", &mut kept).unwrap();
        assert_eq!(
            kept.0,
            [
                "990000001 CENTRE EXEMPLE 01451 0199000001 1980-03-01 1979-02-13",
                "46.2 5.2",
                "rejected 3: 2 fields where the header has 42"
            ]
        );
        assert_eq!((summary.records, summary.rejected), (1, 1));
        let without = HEADER.replace(";ligneacheminement;", ";autre;");
        let error = crate::source::finess::read(&mut without.as_bytes(), "f", &mut kept).unwrap_err();
        assert!(error.to_string().contains("ligneacheminement"), "{error}");
    }
}
