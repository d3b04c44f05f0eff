//! The white list of domains, streamed. The signature is not verified here.
//!
//! No DTD, no entity beyond XML's five, bounded depth and text; a list that is not well-formed is refused whole.

use std::io::BufRead;

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::SourceError;
use super::record::{DomainRow, Record};
use super::sink::Sink;
use crate::directory::address::is_citizen;

/// Largest list: real ones stay below 6 MB. Beyond, the list seems cut short and is refused.
const MAX_BYTES: u64 = 64 << 20;
/// Longest text of one element.
const MAX_TEXT: usize = 8 << 10;
/// Deepest element (the signature is the deepest part, about 7).
const MAX_DEPTH: usize = 32;
const CHILDREN: [&str; 6] = [
    "Nom",
    "Description",
    "DNCertificatOperateur",
    "ResponsableContact",
    "SupportContact",
    "DateMAJ",
];

/// What the list said.
#[derive(Debug, Default)]
pub struct ListSummary {
    pub entries: u64,
    pub records: u64,
    pub rejected: u64,
    /// Citizens' domains left out.
    pub citizens: u64,
    /// `DateDeGeneration`, as it came.
    pub generated: String,
}

/// Reads a whole list.
pub fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> Result<ListSummary, SourceError> {
    let broken = |reason: String| SourceError::Broken {
        file: file.to_owned(),
        reason,
    };
    let mut reader = Reader::from_reader(std::io::Read::take(input, MAX_BYTES));
    reader.config_mut().check_end_names = true;
    let mut summary = ListSummary::default();
    let mut buffer = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut entry: [String; 6] = Default::default();
    let mut closed = false;
    loop {
        buffer.clear();
        match reader
            .read_event_into(&mut buffer)
            .map_err(|e| broken(format!("XML at byte {}: {e}", reader.buffer_position())))?
        {
            Event::Eof => break,
            Event::DocType(_) => {
                return Err(broken(
                    "a document type declaration, which no white list has".to_owned(),
                ));
            }
            Event::Start(start) => {
                if path.len() >= MAX_DEPTH {
                    return Err(broken("elements nested too deep".to_owned()));
                }
                path.push(start.local_name().as_ref().to_owned());
                text.clear();
                if path.last().is_some_and(|name| name == "Domaine") {
                    entry = Default::default();
                }
            }
            Event::Text(piece) => {
                let piece = piece.xml10_content();
                append(&mut text, &piece).map_err(|reason| broken(reason.to_owned()))?;
            }
            Event::CData(piece) => {
                let piece = piece.xml10_content();
                append(&mut text, &piece).map_err(|reason| broken(reason.to_owned()))?;
            }
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().map_err(|e| broken(e.to_string()))? {
                    Some(character) => character.to_string(),
                    None => {
                        let name = reference.xml10_content();
                        quick_xml::escape::resolve_predefined_entity(&name)
                            .ok_or_else(|| broken("an entity that XML does not define".to_owned()))?
                            .to_owned()
                    }
                };
                append(&mut text, &resolved).map_err(|reason| broken(reason.to_owned()))?;
            }
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                let parent = path.last().map_or("", String::as_str);
                match (parent, name.as_str()) {
                    ("Domaine", child) => {
                        if let Some(slot) = CHILDREN
                            .iter()
                            .position(|c| *c == child)
                            .and_then(|n| entry.get_mut(n))
                        {
                            *slot = text.trim().to_owned();
                        }
                    }
                    ("ListeDomaines", "Domaine") => {
                        summary.entries += 1;
                        hand_over(&entry, &mut summary, sink);
                    }
                    ("ListeBlancheMSSante", "DateDeGeneration") => summary.generated = text.trim().to_owned(),
                    ("", "ListeBlancheMSSante") => closed = true,
                    _ => {}
                }
                text.clear();
            }
            _ => {}
        }
    }
    if !closed {
        return Err(broken(
            "the list ends before its last tag: the file is cut short".to_owned(),
        ));
    }
    Ok(summary)
}

fn append(text: &mut String, piece: &str) -> Result<(), &'static str> {
    if text.len() + piece.len() > MAX_TEXT {
        // Base64 of a signature's certificate stays below; nothing of the list itself comes near.
        return Err("a text longer than 8 KiB");
    }
    text.push_str(piece);
    Ok(())
}

fn hand_over(entry: &[String; 6], summary: &mut ListSummary, sink: &mut dyn Sink) {
    let [nom, description, dn, responsable, support, date_maj] = entry;
    let nom = nom.to_lowercase();
    if is_citizen(&nom) {
        summary.citizens += 1;
        return;
    }
    if !is_domain(&nom) {
        summary.rejected += 1;
        sink.reject(summary.entries, Some("Nom"), "not a domain name");
        return;
    }
    let (identifiant_operateur, operateur) = (dn_part(dn, "OU"), dn_part(dn, "O"));
    let row = DomainRow {
        nom: &nom,
        description,
        dn_certificat: dn,
        identifiant_operateur: &identifiant_operateur,
        operateur: &operateur,
        responsable_contact: responsable,
        support_contact: support,
        date_maj,
    };
    match sink.record(summary.entries, Record::Domain(row)) {
        Ok(()) => summary.records += 1,
        Err(reason) => {
            summary.rejected += 1;
            sink.reject(summary.entries, None, &reason);
        }
    }
}

fn is_domain(name: &str) -> bool {
    name.len() <= 255
        && name.contains('.')
        && name.split('.').all(|label| {
            !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

/// The value of one part of a certificate's name, read leniently: quotes may surround it or stand inside it.
fn dn_part(dn: &str, wanted: &str) -> String {
    let mut quoted = false;
    let mut start = 0;
    let mut parts = Vec::new();
    for (place, c) in dn.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(dn.get(start..place).unwrap_or(""));
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(dn.get(start..).unwrap_or(""));
    parts
        .iter()
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Names(Vec<String>, u64);

    impl Sink for Names {
        fn record(&mut self, _line: u64, record: Record<'_>) -> Result<(), String> {
            if let Record::Domain(row) = record {
                self.0.push(format!(
                    "{} {} {}",
                    row.nom, row.operateur, row.identifiant_operateur
                ));
            }
            Ok(())
        }
        fn reject(&mut self, _line: u64, _column: Option<&str>, _reason: &str) {
            self.1 += 1;
        }
    }

    fn entry(nom: &str, dn: &str) -> String {
        format!(
            "<Domaine><Nom>{nom}</Nom><Description>a &amp; b</Description><DNCertificatOperateur>{dn}</DNCertificatOperateur></Domaine>"
        )
    }

    fn list(entries: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><ListeBlancheMSSante xmlns=\"https://listeblanche.mssante.fr/schema\"><DateDeGeneration>2026-01-15T06:00:00Z</DateDeGeneration><ListeDomaines>{entries}</ListeDomaines></ListeBlancheMSSante>"
        )
    }

    #[test]
    fn names_are_lowered_operators_read_and_citizens_left_out() {
        let text = list(
            &[
                entry(
                    "CMP-Exemple.mssante.fr",
                    "CN=a, OU=399000000000025, O=\"OPERATEUR, BETA\",C=FR",
                ),
                entry("patient.mssante.fr", "CN=b"),
            ]
            .concat(),
        );
        let mut names = Names::default();
        let summary = read(&mut text.as_bytes(), "f", &mut names).unwrap();
        assert_eq!(
            names.0,
            ["cmp-exemple.mssante.fr OPERATEUR, BETA 399000000000025"]
        );
        assert_eq!((summary.entries, summary.citizens), (2, 1));
        assert_eq!(summary.generated, "2026-01-15T06:00:00Z");
    }

    #[test]
    fn a_list_cut_short_or_with_a_document_type_is_refused() {
        let text = list(&entry("a-exemple.mssante.fr", "CN=a"));
        let cut = text.trim_end_matches("</ListeBlancheMSSante>");
        assert!(read(&mut cut.as_bytes(), "f", &mut Names::default()).is_err());
        let typed = text.replace("<ListeBlanche", "<!DOCTYPE x [<!ENTITY a \"b\">]><ListeBlanche");
        assert!(read(&mut typed.as_bytes(), "f", &mut Names::default()).is_err());
    }
}
