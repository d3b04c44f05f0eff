//! The legacy FINESS CSV: `cs1100501` (legal entities), `cs1100502` and `cs1100507` (establishments).
//!
//! No header; line 1 is a comment, every other line begins with its record type. Fields may be quoted, with
//! doubled quotes. Source: DREES, "Jeu de données FINESS etalab_cs1100501, 502, 507".

use std::io::{BufRead, Read};

use super::encoding::decode_windows_1252;
use super::record::{AddressRow, Coded, FinessRow, GeolocationRow, Record};
use super::sink::Sink;
use super::{ReadSummary, SourceError};
use crate::directory::coordinates::Projection;
use crate::directory::identifier::{is_finess, is_siren, is_siret};
use crate::directory::place::{finess_commune, finess_department};

/// Largest file: real ones stay below 60 MB.
const MAX_BYTES: u64 = 512 << 20;

/// Why a line is rejected: column and reason.
type Fault = (Option<&'static str>, String);

/// Reads a whole file.
pub fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> Result<ReadSummary, SourceError> {
    let broken = |reason: &str| SourceError::Broken {
        file: file.to_owned(),
        reason: reason.to_owned(),
    };
    let mut bytes = Vec::new();
    input
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| SourceError::Stopped {
            file: file.to_owned(),
            error,
        })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(broken("more than 512 MiB, which no FINESS file holds"));
    }
    let mut summary = ReadSummary {
        bytes: bytes.len() as u64,
        ..ReadSummary::default()
    };
    // A file is of one encoding: UTF-8 since about 2023, Windows-1252 before.
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        summary.notes.push("read as Windows-1252".to_owned());
        decode_windows_1252(error.as_bytes())
    });
    let mut without_coordinates = 0_u64;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .has_headers(false)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(broken(&format!("CSV: {error}"))),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let fields: Vec<&str> = record.iter().map(str::trim).collect();
        if fields.first() == Some(&"finess") {
            continue;
        }
        summary.lines += 1;
        match parse(&fields, line, sink) {
            Ok(true) => summary.records += 1,
            Ok(false) => without_coordinates += 1,
            Err((column, reason)) => {
                summary.rejected += 1;
                sink.reject(line, column, &reason);
            }
        }
        if summary.lines.is_multiple_of(4096) {
            sink.progress(summary.bytes / 64);
        }
    }
    if without_coordinates > 0 {
        summary.notes.push(format!(
            "{without_coordinates} establishments without coordinates"
        ));
    }
    Ok(summary)
}

/// False for a good line that says nothing (no coordinates).
fn parse(fields: &[&str], line: u64, sink: &mut dyn Sink) -> Result<bool, Fault> {
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

fn at<'a>(fields: &[&'a str], place: usize) -> &'a str {
    fields.get(place).copied().unwrap_or("")
}

fn number<'a>(fields: &[&'a str], column: &'static str) -> Result<&'a str, Fault> {
    let finess = at(fields, 1);
    if is_finess(finess) {
        Ok(finess)
    } else {
        Err((Some(column), "not a FINESS number".to_owned()))
    }
}

fn width(fields: &[&str], allowed: &[usize]) -> Result<(), Fault> {
    if allowed.contains(&fields.len()) {
        Ok(())
    } else {
        Err((
            None,
            format!(
                "{} fields instead of {}",
                fields.len(),
                allowed.last().copied().unwrap_or(0)
            ),
        ))
    }
}

fn checked(text: &str, is_good: fn(&str) -> bool) -> &str {
    if is_good(text) { text } else { "" }
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
    let metres = |place: usize, column| {
        at(f, place)
            .parse::<f64>()
            .map_err(|_| (Some(column), "not a number".to_owned()))
    };
    let (x, y) = (metres(2, "coordxet")?, metres(3, "coordyet")?);
    // Files of 2016 split the source itself by `;`: it is all that stands between the coordinates and the date.
    let source = f.get(4..f.len().max(6) - 1).unwrap_or_default().join(",");
    let projection = Projection::named(&source).ok_or((
        Some("sourcecoordet"),
        "names no projection that is known".to_owned(),
    ))?;
    let position = projection
        .to_wgs84(x, y)
        .filter(|position| position.is_in_france())
        .ok_or((
            Some("coordxet"),
            "a point outside the French territories".to_owned(),
        ))?;
    let score = source.split(',').nth(2).and_then(|score| score.parse().ok());
    Ok(Some(GeolocationRow {
        finess,
        position,
        score,
    }))
}
