//! FINESS in all its generations, one file per format: the legacy CSV ([`etalab`]), its yearly archives
//! ([`archive`]), FiNESS+ JSON ([`plus`]) and the XML flux ([`flux`]). Here, what the two CSV formats share.

mod archive;
mod etalab;
pub mod flux;
pub mod plus;

use std::io::BufRead;

use super::encoding::decode_windows_1252;
use super::lines::{Line, Lines};
use super::pipe::without_bom;
use super::sink::Sink;
use super::{ReadSummary, SourceError, citizens, cut_short};
use crate::directory::coordinates::{Position, Projection};

pub use archive::recognise as recognise_archive;

/// Longest line; real ones stay below 600 bytes.
const MAX_LINE: usize = 16 << 10;

/// What is to blame where a citizen's address stands in a column that has no business with addresses.
const ADDRESS: &str = "adresse de messagerie";

/// Why a line is rejected: column and reason.
type Fault = (Option<&'static str>, String);

/// Reads a whole CSV file of either format.
pub fn read(
    input: &mut (dyn BufRead + Send),
    file: &str,
    sink: &mut dyn Sink,
) -> Result<ReadSummary, SourceError> {
    let stopped = |error| SourceError::Stopped {
        file: file.to_owned(),
        error,
    };
    let mut lines = Lines::new(input);
    let mut summary = ReadSummary::default();
    let mut columns = None;
    let (mut without_coordinates, mut windows, mut told) = (0_u64, 0_u64, 0);
    let mut last = Ok(true);
    loop {
        let number = lines.number + 1;
        let Some(line) = lines.next().map_err(stopped)? else {
            break;
        };
        let text = match line {
            Line::Text(text) if text.trim_ascii().is_empty() => continue,
            Line::Text(text) if text.len() <= MAX_LINE => Some(decode(without_bom(text), &mut windows)),
            _ => None,
        };
        if number == 1
            && let Some(header) = &text
        {
            if header.starts_with("finess;") {
                continue;
            }
            columns = archive::Columns::of(header, file)?;
            if columns.is_some() {
                continue;
            }
        }
        summary.lines += 1;
        last = split(text.as_deref()).and_then(|fields| {
            let fields: Vec<&str> = fields.iter().map(str::trim).collect();
            if let Some(reason) = citizens(fields.iter().copied()) {
                return Err((Some(ADDRESS), reason));
            }
            match &columns {
                Some(columns) => columns.parse(&fields, number, sink),
                None => etalab::parse(&fields, number, sink),
            }
        });
        match &last {
            Ok(true) => summary.records += 1,
            Ok(false) => without_coordinates += 1,
            Err((column, reason)) => {
                summary.rejected += 1;
                sink.reject(number, *column, reason);
            }
        }
        if summary.lines.is_multiple_of(4096) {
            sink.progress(lines.bytes - told);
            told = lines.bytes;
        }
    }
    if lines.unended && matches!(last, Err((None, _))) {
        return Err(cut_short(file, lines.number));
    }
    summary.bytes = lines.bytes;
    if windows > 0 {
        summary
            .notes
            .push(format!("{windows} lines read as Windows-1252"));
    }
    if without_coordinates > 0 {
        summary.notes.push(format!(
            "{without_coordinates} establishments without coordinates"
        ));
    }
    Ok(summary)
}

/// UTF-8 since about 2023, Windows-1252 before: a line that is not the one is the other.
fn decode(line: &[u8], windows: &mut u64) -> String {
    match std::str::from_utf8(line) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            *windows += 1;
            decode_windows_1252(line)
        }
    }
}

/// Splits one line. Each stands alone: a quote left open costs its own line and no other.
fn split(content: Option<&str>) -> Result<csv::StringRecord, Fault> {
    let Some(content) = content.filter(|content| !content.contains('\0')) else {
        return Err((None, "longer than 16 KiB, or with a NUL byte".to_owned()));
    };
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

fn at<'a>(fields: &[&'a str], place: usize) -> &'a str {
    fields.get(place).copied().unwrap_or("")
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

/// The position of projected metres, by the projection that their source names.
fn position(x: &str, y: &str, source: &str) -> Result<Position, Fault> {
    let metres = |text: &str, column| {
        text.parse::<f64>()
            .map_err(|_| (Some(column), "not a number".to_owned()))
    };
    let (x, y) = (metres(x, "coordxet")?, metres(y, "coordyet")?);
    let projection = Projection::named(source).ok_or((
        Some("sourcecoordet"),
        "names no projection that is known".to_owned(),
    ))?;
    projection
        .to_wgs84(x, y)
        .filter(|position| position.is_in_france())
        .ok_or((
            Some("coordxet"),
            "a point outside the French territories".to_owned(),
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::record::Record;

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
