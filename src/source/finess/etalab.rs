//! The legacy CSV: `cs1100501` (legal entities), `cs1100502` and `cs1100507` (establishments).
//!
//! No header; line 1 is a comment, every other line begins with its record type. Source: DREES, "Jeu de données
//! FINESS etalab_cs1100501, 502, 507".

use super::{Fault, at, checked, position, width};
use crate::directory::identifier::{is_finess, is_siren, is_siret};
use crate::directory::place::{finess_commune, finess_department};
use crate::source::record::{AddressRow, Coded, FinessRow, GeolocationRow, Record};
use crate::source::sink::Sink;

/// False for a good line that says nothing (no coordinates).
pub fn parse(fields: &[&str], line: u64, sink: &mut dyn Sink) -> Result<bool, Fault> {
    let own = |reason| (None, reason);
    match fields.first().copied().unwrap_or("") {
        "structureet" => {
            let departement = at(fields, 13);
            let commune = finess_commune(departement, at(fields, 12)).unwrap_or_default();
            let row = establishment(fields, departement, &commune)?;
            sink.record(line, Record::Finess(row)).map_err(own)?;
            Ok(true)
        }
        "structureej" => {
            let departement = at(fields, 13);
            let commune = finess_commune(departement, at(fields, 11)).unwrap_or_default();
            let row = legal_entity(fields, departement, &commune)?;
            sink.record(line, Record::Finess(row)).map_err(own)?;
            Ok(true)
        }
        "geolocalisation" => match geolocation(fields)? {
            Some(row) => sink
                .record(line, Record::Geolocation(row))
                .map_err(own)
                .map(|()| true),
            None => Ok(false),
        },
        _ => Err((
            None,
            "a record type that is none of structureet, structureej, geolocalisation".to_owned(),
        )),
    }
}

fn establishment<'a>(f: &[&'a str], departement: &'a str, commune: &'a str) -> Result<FinessRow<'a>, Fault> {
    // numuai, the last column, is missing from the official description and from some files.
    width(f, &[31, 32])?;
    let coded = |place| Coded {
        code: at(f, place),
        label: at(f, place + 1),
    };
    let name = if at(f, 4).is_empty() { at(f, 3) } else { at(f, 4) };
    if name.is_empty() {
        return Err((Some("rs"), "empty".to_owned()));
    }
    Ok(FinessRow {
        entite_juridique: false,
        finess: number(f, "nofinesset")?,
        finess_ej: checked(at(f, 2), is_finess),
        raison_sociale: name,
        complement_nom: at(f, 5),
        address: AddressRow {
            complement_geographique: at(f, 6),
            numero_voie: at(f, 7),
            type_voie: Coded {
                code: at(f, 8),
                label: "",
            },
            voie: at(f, 9),
            indice_repetition: at(f, 10),
            mention_distribution: at(f, 11),
            code_commune: commune,
            departement: finess_department(departement),
            acheminement: at(f, 15),
            ..AddressRow::default()
        },
        telephone: at(f, 16),
        telecopie: at(f, 17),
        categorie: coded(18),
        categorie_agregee: coded(20),
        statut_juridique: Coded::default(),
        siret: checked(at(f, 22), is_siret),
        siren: checked(at(f, 22), is_siret).get(..9).unwrap_or(""),
        ape: at(f, 23),
        mft: coded(24),
        sph: coded(26),
        date_ouverture: at(f, 28),
        date_autorisation: at(f, 29),
        date_maj: at(f, 30),
        ..FinessRow::default()
    })
}

fn legal_entity<'a>(f: &[&'a str], departement: &'a str, commune: &'a str) -> Result<FinessRow<'a>, Fault> {
    // A trailing separator makes 24.
    width(f, &[24, 23])?;
    let coded = |place| Coded {
        code: at(f, place),
        label: at(f, place + 1),
    };
    let name = if at(f, 3).is_empty() { at(f, 2) } else { at(f, 3) };
    if name.is_empty() {
        return Err((Some("rs"), "empty".to_owned()));
    }
    Ok(FinessRow {
        entite_juridique: true,
        finess: number(f, "nofiness")?,
        raison_sociale: name,
        complement_nom: at(f, 4),
        address: AddressRow {
            numero_voie: at(f, 5),
            type_voie: Coded {
                code: at(f, 6),
                label: "",
            },
            voie: at(f, 7),
            indice_repetition: at(f, 8),
            complement_geographique: at(f, 9),
            mention_distribution: at(f, 10),
            code_commune: commune,
            acheminement: at(f, 12),
            departement: finess_department(departement),
            ..AddressRow::default()
        },
        telephone: at(f, 15),
        statut_juridique: coded(16),
        categorie: coded(18),
        siren: checked(at(f, 20), is_siren),
        ape: at(f, 21),
        date_ouverture: at(f, 22),
        ..FinessRow::default()
    })
}

fn geolocation<'a>(f: &[&'a str]) -> Result<Option<GeolocationRow<'a>>, Fault> {
    if f.len() < 5 {
        return Err((None, format!("{} fields instead of 6", f.len())));
    }
    let finess = number(f, "nofinesset")?;
    if at(f, 2).is_empty() || at(f, 3).is_empty() {
        return Ok(None);
    }
    // Files of 2016 split the source itself by `;`: it is all that stands between the coordinates and the date.
    let source = f.get(4..f.len().max(6) - 1).unwrap_or_default().join(",");
    let position = position(at(f, 2), at(f, 3), &source)?;
    let score = source.split(',').nth(2).and_then(|score| score.parse().ok());
    Ok(Some(GeolocationRow {
        finess,
        position,
        score,
    }))
}

fn number<'a>(fields: &[&'a str], column: &'static str) -> Result<&'a str, Fault> {
    let finess = at(fields, 1);
    if is_finess(finess) {
        Ok(finess)
    } else {
        Err((Some(column), "not a FINESS number".to_owned()))
    }
}
