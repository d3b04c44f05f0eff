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

/// Longest line; real ones stay below 600 bytes.
const MAX_LINE: usize = 16 << 10;

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
    for (line, content) in (1_u64..).zip(text.trim_start_matches('\u{FEFF}').lines()) {
        if content.trim().is_empty() || content.starts_with("finess;") {
            continue;
        }
        summary.lines += 1;
        match split(content)
            .and_then(|fields| parse(&fields.iter().map(str::trim).collect::<Vec<_>>(), line, sink))
        {
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

/// Splits one line. Each stands alone: a quote left open costs its own line and no other.
fn split(content: &str) -> Result<csv::StringRecord, Fault> {
    if content.len() > MAX_LINE || content.contains('\0') {
        return Err((None, "longer than 16 KiB, or with a NUL byte".to_owned()));
    }
    if !content.contains('"') {
        return Ok(content.split(';').collect());
    }
    let mut record = csv::StringRecord::new();
    csv::ReaderBuilder::new()
        .delimiter(b';')
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 10)
        .from_reader(content.as_bytes())
        .read_record(&mut record)
        .map_err(|_| (None, "not a CSV line".to_owned()))?;
    Ok(record)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept(Vec<String>, Vec<(u64, String)>);

    impl Sink for Kept {
        fn record(&mut self, _line: u64, record: Record<'_>) -> Result<(), String> {
            match record {
                Record::Finess(row) => {
                    let a = &row.address;
                    self.0.push(format!(
                        "{} {} {} {}",
                        row.finess, row.raison_sociale, a.code_commune, a.departement
                    ));
                }
                Record::Geolocation(row) => {
                    self.0.push(format!(
                        "{} {:.2} {:.2}",
                        row.finess, row.position.lat, row.position.lon
                    ));
                }
                _ => {}
            }
            Ok(())
        }
        fn reject(&mut self, line: u64, _column: Option<&str>, reason: &str) {
            self.1.push((line, reason.to_owned()));
        }
    }

    fn kept(text: &[u8]) -> Kept {
        let mut kept = Kept::default();
        read(&mut &text[..], "f", &mut kept).unwrap();
        kept
    }

    fn establishment(finess: &str, name: &str) -> String {
        format!(
            "structureet;{finess};990000101;{name};;;;1;R;DES ESSAIS;;;101;9A;GUADELOUPE;97139 LES ABYMES;;;355;CH;1102;CH;;;;;;;;;2026-01-01;\n"
        )
    }

    #[test]
    fn overseas_letters_doubled_quotes_and_windows_1252_are_read() {
        let text =
            establishment("990000001", "\"LIEU \"\"EXEMPLE\"\"\"") + &establishment("990000002", "L'EXEMPLE");
        assert_eq!(
            kept(text.as_bytes()).0,
            [
                "990000001 LIEU \"EXEMPLE\" 97101 971",
                "990000002 L'EXEMPLE 97101 971"
            ]
        );
        let windows = text.replace("L'EXEMPLE", "L@EXEMPLE").into_bytes();
        let windows: Vec<u8> = windows
            .into_iter()
            .map(|b| if b == b'@' { 0x92 } else { b })
            .collect();
        assert_eq!(kept(&windows).0[1], "990000002 L’EXEMPLE 97101 971");
    }

    #[test]
    fn a_quote_left_open_costs_its_own_line_only() {
        let text = establishment("990000001", "\"OUVERT") + &establishment("990000002", "SUIVANT");
        let kept = kept(text.as_bytes());
        assert_eq!(kept.0, ["990000002 SUIVANT 97101 971"]);
        assert_eq!(kept.1.len(), 1);
    }

    #[test]
    fn positions_follow_the_projection_that_the_line_names() {
        let text = "geolocalisation;990000001;657242.9;1795384.4;2,ATLASANTE,96,BAN,EPSG:5490 RGAF09/UTM Zone 20N (Antilles);2026-05-04\n\
                    geolocalisation;990000002;870262.2;6571540.8;1;ATLASANTE;100;IGN;BD_ADRESSE;V2.1;LAMBERT_93;2016-02-29\n\
                    geolocalisation;990000003;;;;2026-05-04\n\
                    geolocalisation;990000004;870262.2;6571540.8;1,ATLASANTE,96,BAN,INCONNUE;2026-05-04\n";
        let kept = kept(text.as_bytes());
        assert_eq!(kept.0, ["990000001 16.23 -61.53", "990000002 46.22 5.21"]);
        assert_eq!(kept.1.len(), 1);
    }
}
