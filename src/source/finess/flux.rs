//! The XML "flux standard": legal entities (cs1400101), establishments (cs1400102) and positions (cs1400109).
//! All states are in it, closed ones included. Streamed, one element at a time.
//!
//! Source: ANS, "Description technique de la fourniture automatisée de données FINESS" V4.1.

use std::collections::HashMap;
use std::io::BufRead;

use super::{ADDRESS, Fault, checked, position};
use crate::directory::identifier::{is_finess, is_siren, is_siret};
use crate::directory::place::{finess_commune, finess_department};
use crate::source::record::{AddressRow, Coded, FinessRow, GeolocationRow, Record};
use crate::source::sink::Sink;
use crate::source::xml::{Step, Xml};
use crate::source::{ReadSummary, SourceError, citizens};

/// Largest flux: the stock of establishments is about 450 MB.
const MAX_BYTES: u64 = 4 << 30;
/// Most children of one block; real ones have up to 51.
const MAX_CHILDREN: usize = 96;

/// What is taken of a flux: its structures, or only the positions of cs1400109, whose structures lack half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Structures,
    Positions,
}

type Block = HashMap<String, String>;

/// Reads a whole flux.
pub fn read(
    input: &mut dyn BufRead,
    file: &str,
    part: Part,
    sink: &mut dyn Sink,
) -> Result<ReadSummary, SourceError> {
    let mut xml = Xml::new(input, MAX_BYTES, file);
    let mut summary = ReadSummary::default();
    let mut without_coordinates = 0_u64;
    let (mut line, mut told) = (0, 0);
    let mut block = Block::new();
    while let Some(step) = xml.next()? {
        match step {
            Step::Open(_) if xml.path().len() == 2 => {
                line = xml.line();
                block.clear();
            }
            Step::Close(name, text)
                if xml.path().len() == 2 && !text.is_empty() && block.len() < MAX_CHILDREN =>
            {
                block.insert(name, text);
            }
            Step::Close(name, _) if xml.path().len() == 1 => {
                let refused = citizens(block.values().map(String::as_str));
                let outcome = match (name.as_str(), part) {
                    ("geolocalisation" | "structureet" | "structureej", _) if refused.is_some() => {
                        Err((Some(ADDRESS), refused.unwrap_or_default()))
                    }
                    ("geolocalisation", _) => geolocation(&block, line, sink),
                    ("structureet" | "structureej", Part::Structures) => structure(&block, &name, line, sink),
                    _ => continue,
                };
                summary.lines += 1;
                match outcome {
                    Ok(true) => summary.records += 1,
                    Ok(false) => without_coordinates += 1,
                    Err((column, reason)) => {
                        summary.rejected += 1;
                        sink.reject(line, column, &reason);
                    }
                }
                if summary.lines.is_multiple_of(1024) {
                    sink.progress(xml.bytes() - told);
                    told = xml.bytes();
                }
            }
            _ => {}
        }
    }
    summary.bytes = xml.bytes();
    if without_coordinates > 0 {
        summary.notes.push(format!(
            "{without_coordinates} establishments without coordinates"
        ));
    }
    Ok(summary)
}

fn structure(block: &Block, name: &str, line: u64, sink: &mut dyn Sink) -> Result<bool, Fault> {
    let at = |name: &str| block.get(name).map_or("", String::as_str);
    let legal_entity = name == "structureej";
    let (column, finess) = if legal_entity {
        ("nofiness", at("nofiness"))
    } else {
        ("nofinesset", at("nofinesset"))
    };
    if !is_finess(finess) {
        return Err((Some(column), "not a FINESS number".to_owned()));
    }
    let name = [at("rslongue"), at("rs")]
        .map(|name| name.trim_start_matches("[Fermé]").trim_start())
        .into_iter()
        .find(|name| !name.is_empty())
        .ok_or((Some("rs"), "empty".to_owned()))?;
    let commune = finess_commune(at("departement"), at("commune")).unwrap_or_default();
    let coded = |code: &str, label: &str| Coded {
        code: at(code),
        label: at(label),
    };
    let siret = checked(at("siret"), is_siret);
    let row = FinessRow {
        entite_juridique: legal_entity,
        finess,
        finess_ej: checked(at("nofinessej"), is_finess),
        raison_sociale: name,
        complement_nom: at("complrs"),
        address: AddressRow {
            complement_geographique: at("compldistrib"),
            numero_voie: at("numvoie"),
            type_voie: Coded {
                code: at("typvoie"),
                label: "",
            },
            voie: at("voie"),
            indice_repetition: at("compvoie"),
            mention_distribution: at("lieuditbp"),
            code_commune: &commune,
            departement: finess_department(at("departement")),
            acheminement: at("ligneacheminement"),
            ..AddressRow::default()
        },
        telephone: at("telephone"),
        telecopie: at("telecopie"),
        categorie: coded("categetab", "libcategetab"),
        categorie_agregee: coded("categagretab", "libcategagretab"),
        statut_juridique: coded("statutjuridique", "libstatutjuridique"),
        siret,
        siren: if legal_entity {
            checked(at("siren"), is_siren)
        } else {
            siret.get(..9).unwrap_or("")
        },
        ape: at("codeape"),
        mft: coded("codemft", "libmft"),
        sph: coded("codesph", "libsph"),
        date_ouverture: if legal_entity {
            at("datecrea")
        } else {
            at("dateouv")
        },
        date_autorisation: at("dateautor"),
        date_maj: at("datemaj"),
        fermee: !at("datefermeture").is_empty() || !at("typefermeture").is_empty(),
        date_fermeture: at("datefermeture"),
    };
    sink.record(line, Record::Finess(row))
        .map(|()| true)
        .map_err(|reason| (None, reason))
}

fn geolocation(block: &Block, line: u64, sink: &mut dyn Sink) -> Result<bool, Fault> {
    let at = |name: &str| block.get(name).map_or("", String::as_str);
    let finess = at("nofinesset");
    if !is_finess(finess) {
        return Err((Some("nofinesset"), "not a FINESS number".to_owned()));
    }
    if at("coordxet").is_empty() || at("coordyet").is_empty() {
        return Ok(false);
    }
    let source = at("sourcecoordet");
    let row = GeolocationRow {
        finess,
        position: position(at("coordxet"), at("coordyet"), source)?,
        score: source.split(',').nth(2).and_then(|score| score.parse().ok()),
    };
    sink.record(line, Record::Geolocation(row))
        .map(|()| true)
        .map_err(|reason| (None, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept(Vec<String>);

    impl Sink for Kept {
        fn record(&mut self, line: u64, record: Record<'_>) -> Result<(), String> {
            self.0.push(match record {
                Record::Finess(row) => format!(
                    "{line} {} {} {} {}",
                    row.finess, row.raison_sociale, row.address.code_commune, row.fermee
                ),
                Record::Geolocation(row) => format!("{line} {} {:.1}", row.finess, row.position.lat),
                _ => String::new(),
            });
            Ok(())
        }
        fn reject(&mut self, line: u64, _column: Option<&str>, reason: &str) {
            self.0.push(format!("rejected {line}: {reason}"));
        }
    }

    const FLUX: &str = "<?xml version=\"1.0\"?>\n<fluxfiness xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n<structureet>\n<nofinesset>990000001</nofinesset><rs>[Fermé] CH EXEMPLE</rs><rslongue xsi:nil=\"true\"/><commune>269</commune><departement>01</departement><datefermeture>2007-04-20</datefermeture>\n</structureet>\n<structureet><nofinesset>99</nofinesset></structureet>\n<geolocalisation><nofinesset>990000001</nofinesset><coordxet>901292.8</coordxet><coordyet>6564338.8</coordyet><sourcecoordet>1,ATLASANTE,100,IGN,LAMBERT_93</sourcecoordet></geolocalisation>\n</fluxfiness>";

    #[test]
    fn closed_structures_are_known_as_such_and_positions_joined() {
        let mut kept = Kept::default();
        let summary = read(&mut FLUX.as_bytes(), "f", Part::Structures, &mut kept).unwrap();
        assert_eq!(
            kept.0,
            [
                "3 990000001 CH EXEMPLE 01269 true",
                "rejected 6: not a FINESS number",
                "7 990000001 46.1"
            ]
        );
        assert_eq!((summary.lines, summary.records, summary.rejected), (3, 2, 1));
        let mut positions = Kept::default();
        read(&mut FLUX.as_bytes(), "f", Part::Positions, &mut positions).unwrap();
        assert_eq!(positions.0, ["7 990000001 46.1"]);
    }

    #[test]
    fn entities_a_cut_and_a_gigantic_text_refuse_the_file_by_line() {
        let refused = |text: &str| {
            let read = read(&mut text.as_bytes(), "f", Part::Structures, &mut Kept::default());
            read.unwrap_err().to_string()
        };
        let bomb = FLUX.replace("<fluxfiness", "<!DOCTYPE a [<!ENTITY b \"c\">]><fluxfiness");
        assert!(refused(&bomb).contains("document type"), "{}", refused(&bomb));
        assert!(refused(&FLUX.replace("CH EXEMPLE", "&inconnue;")).contains("line 4"));
        assert!(refused(&FLUX[..FLUX.len() - 8]).contains("cut short"));
        let long = FLUX.replace("CH EXEMPLE", &"x".repeat(3 << 20));
        assert!(refused(&long).contains("longer than"), "{}", refused(&long));
        let deep = format!("<fluxfiness>{}", "<a>".repeat(1_000_000));
        assert!(refused(&deep).contains("nested deeper"));
    }
}
