//! NOS code tables: `.tabs` (tab-separated, Latin-1 or UTF-8) and FHIR CodeSystem JSON.

use std::io::{BufRead, Read};

use serde::Deserialize;

use super::encoding::decode;
use super::lines::{Line, Lines};
use super::pipe::{canonical, without_bom};
use super::record::{ConceptRow, Record};
use super::sink::Sink;
use super::{Kind, SourceError, citizens, not_utf8};

/// Largest CodeSystem read: the greatest known is below 10 MB.
pub const MAX_JSON: u64 = 64 << 20;

/// What a table held.
#[derive(Debug, Default)]
pub struct TableSummary {
    pub lines: u64,
    pub records: u64,
    pub rejected: u64,
}

/// `TRE_R38-SpecialiteOrdinale` or `TRE-R38-SpecialiteOrdinale` → `TRE_R38`; `None` for any other name.
pub fn table_name(name: &str) -> Option<String> {
    let start = name.find("TRE_").or_else(|| name.find("TRE-"))?;
    let rest = name.get(start + 4..)?;
    let code: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    let mut letters = code.chars();
    let good = letters.next().is_some_and(|c| c.is_ascii_uppercase()) && letters.all(|c| c.is_ascii_digit());
    (good && code.len() > 1).then(|| format!("TRE_{code}"))
}

/// Whether a first line is a `.tabs` header.
pub fn is_tabs_header(line: &str) -> bool {
    let names: Vec<String> = line.split('\t').map(canonical).collect();
    names.len() >= 3 && names.iter().any(|n| n == "code") && names.iter().any(|n| n.starts_with("libelle"))
}

/// Reads a `.tabs` table.
pub fn read_tabs(
    input: &mut (dyn BufRead + Send),
    file: &str,
    table: &str,
    sink: &mut dyn Sink,
) -> Result<TableSummary, SourceError> {
    let stopped = |error| SourceError::Stopped {
        file: file.to_owned(),
        error,
    };
    let mut lines = Lines::new(input);
    let header = match lines.next().map_err(stopped)? {
        Some(Line::Text(text)) => decode(text),
        _ => String::new(),
    };
    let names: Vec<String> = header
        .trim_start_matches('\u{FEFF}')
        .split('\t')
        .map(canonical)
        .collect();
    let column = |wanted: &[&str]| wanted.iter().find_map(|w| names.iter().position(|n| n == w));
    let missing = |column: &str| SourceError::MissingColumn {
        file: file.to_owned(),
        what: Kind::Nomenclature.as_str(),
        column: column.to_owned(),
    };
    let code = column(&["code"]).ok_or_else(|| missing("Code"))?;
    let label = column(&["libelle long", "libelle", "libelle adapte", "libelle court"])
        .ok_or_else(|| missing("Libellé"))?;
    let end = column(&[
        "date fin validite",
        "date fin",
        "date de fin",
        "date fin de validite",
    ]);
    let mut summary = TableSummary::default();
    loop {
        let number = lines.number + 1;
        let Some(line) = lines.next().map_err(stopped)? else {
            break;
        };
        let text = match line {
            Line::Text([]) => continue,
            Line::Text(text) => decode(text),
            Line::TooLong => String::new(),
        };
        summary.lines += 1;
        let fields: Vec<&str> = text.split('\t').map(str::trim).collect();
        let get = |place: usize| fields.get(place).copied().unwrap_or("");
        let date_fin = iso_date(end.map_or("", get));
        let row = ConceptRow {
            table,
            code: get(code),
            label: get(label),
            date_fin: &date_fin,
        };
        give(number, row, citizens(fields.iter().copied()), &mut summary, sink);
    }
    Ok(summary)
}

/// Hands a code over, unless there is a reason to refuse it.
fn give(
    number: u64,
    row: ConceptRow<'_>,
    refused: Option<String>,
    summary: &mut TableSummary,
    sink: &mut dyn Sink,
) {
    if let Some(reason) = refused {
        summary.rejected += 1;
        sink.reject(number, Some("Libellé"), &reason);
        return;
    }
    if row.code.is_empty() || row.label.is_empty() || row.code.len() > 64 {
        summary.rejected += 1;
        sink.reject(
            number,
            Some(if row.label.is_empty() { "Libellé" } else { "Code" }),
            "empty or too long",
        );
        return;
    }
    match sink.record(number, Record::Concept(row)) {
        Ok(()) => summary.records += 1,
        Err(reason) => {
            summary.rejected += 1;
            sink.reject(number, None, &reason);
        }
    }
}

/// `20160331120000`, `31/03/2016` and `2016-03-31…` → `2016-03-31`; anything else is no date.
fn iso_date(text: &str) -> String {
    let digits = |range: std::ops::Range<usize>| {
        text.get(range)
            .filter(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    let parts = match text.as_bytes() {
        [_, _, b'/', _, _, b'/', ..] => (digits(6..10), digits(3..5), digits(0..2)),
        [_, _, _, _, b'-', ..] => (digits(0..4), digits(5..7), digits(8..10)),
        _ => (digits(0..4), digits(4..6), digits(6..8)),
    };
    match parts {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => String::new(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CodeSystem {
    resource_type: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    concept: Vec<Concept>,
}

#[derive(Deserialize)]
struct Concept {
    code: String,
    #[serde(default)]
    display: String,
    #[serde(default)]
    property: Vec<Property>,
    #[serde(default)]
    concept: Vec<Concept>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    code: String,
    #[serde(default)]
    value_date_time: String,
}

/// Reads a FHIR CodeSystem; its table is told by id, url or name.
pub fn read_code_system(
    input: &mut (dyn BufRead + Send),
    file: &str,
    sink: &mut dyn Sink,
) -> Result<(String, TableSummary), SourceError> {
    let broken = |reason: String| SourceError::Broken {
        file: file.to_owned(),
        reason,
    };
    let mut text = Vec::new();
    input
        .take(MAX_JSON + 1)
        .read_to_end(&mut text)
        .map_err(|error| SourceError::Stopped {
            file: file.to_owned(),
            error,
        })?;
    if text.len() as u64 > MAX_JSON {
        return Err(broken("a CodeSystem of more than 64 MiB".to_owned()));
    }
    if let Err(error) = std::str::from_utf8(&text) {
        let (before, after) = text.split_at(error.valid_up_to());
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        let rest = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
        return Err(not_utf8(file, line, rest));
    }
    let system: CodeSystem =
        serde_json::from_slice(without_bom(&text)).map_err(|e| broken(format!("JSON: {e}")))?;
    if system.resource_type != "CodeSystem" {
        return Err(broken("a FHIR resource that is not a CodeSystem".to_owned()));
    }
    let table = [&system.id, &system.url, &system.name]
        .into_iter()
        .filter(|name| citizens([name.as_str()]).is_none())
        .find_map(|name| table_name(name))
        .ok_or_else(|| broken("a CodeSystem whose id, url and name tell no TRE table".to_owned()))?;
    let mut summary = TableSummary::default();
    let mut waiting: Vec<Concept> = system.concept.into_iter().rev().collect();
    while let Some(concept) = waiting.pop() {
        summary.lines += 1;
        let end = concept
            .property
            .iter()
            .find(|p| p.code == "dateFin")
            .map_or("", |p| p.value_date_time.as_str());
        let date_fin = iso_date(end);
        let row = ConceptRow {
            table: &table,
            code: &concept.code,
            label: &concept.display,
            date_fin: &date_fin,
        };
        let refused = citizens([concept.code.as_str(), &concept.display, end]);
        give(summary.lines, row, refused, &mut summary, sink);
        waiting.extend(concept.concept.into_iter().rev());
    }
    Ok((table, summary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_by_their_names() {
        assert_eq!(
            table_name("TRE_R38-SpecialiteOrdinale.tabs").as_deref(),
            Some("TRE_R38")
        );
        assert_eq!(
            table_name("https://x/TRE-G15-ProfessionSante").as_deref(),
            Some("TRE_G15")
        );
        assert_eq!(table_name("TREIZE"), None);
    }

    #[test]
    fn dates_of_three_forms_are_read() {
        assert_eq!(iso_date("20160331120000"), "2016-03-31");
        assert_eq!(iso_date("31/03/2016"), "2016-03-31");
        assert_eq!(iso_date("2016-03-31T00:00:00+01:00"), "2016-03-31");
        assert_eq!(iso_date("bientôt"), "");
    }
}
