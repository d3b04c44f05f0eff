//! The white list of domains, streamed; one that is not well-formed is refused whole. Its signature is another
//! matter ([`super::signature`]).

use std::io::{BufRead, Read as _};

use super::record::{DomainRow, Record};
use super::signature::{self, Trust, Worth};
use super::sink::Sink;
use super::xml::{Step, Xml};
use super::{ReadSummary, SourceError};
use crate::directory::address::is_citizen;

/// Largest list: real ones stay below 6 MB. Beyond, the list seems cut short and is refused.
const MAX_BYTES: u64 = 64 << 20;
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
struct ListSummary {
    entries: u64,
    records: u64,
    rejected: u64,
    /// Citizens' domains left out.
    citizens: u64,
    /// Texts left out for a citizen's address in them.
    blanked: u64,
    /// `DateDeGeneration`, as it came.
    generated: String,
}

/// Reads a whole list once its signature is checked: the very bytes that are read. The whole list is in memory.
pub fn read_trusted(
    input: &mut dyn BufRead,
    file: &str,
    trust: &Trust,
    sink: &mut dyn Sink,
) -> Result<ReadSummary, SourceError> {
    let mut bytes = Vec::new();
    let all = input.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    all.map_err(|error| SourceError::Stopped {
        file: file.to_owned(),
        error,
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(SourceError::Broken {
            file: file.to_owned(),
            reason: format!(
                "more than 64 MiB by line {}, which no white list holds",
                lines(&bytes)
            ),
        });
    }
    let list = read(&mut bytes.as_slice(), file, sink)?;
    let mut notes = vec![match signature::verify(&bytes, trust) {
        Ok(Worth::Vouched) => "signature good, by the configured authority's signer".to_owned(),
        Ok(Worth::Intact) => {
            "signature good, but NOT CHECKED AGAINST AN AUTHORITY: none is configured (--white-list-ca)"
                .to_owned()
        }
        Err(reason) if trust.allow_unsigned => format!("taken by --allow-unsigned: {reason}"),
        Err(reason) => {
            return Err(SourceError::Unsigned {
                file: file.to_owned(),
                reason,
            });
        }
    }];
    if list.citizens > 0 {
        notes.push(format!("{} entries of citizens' domains left out", list.citizens));
    }
    if list.blanked > 0 {
        notes.push(format!(
            "{} texts with citizens' addresses left out",
            list.blanked
        ));
    }
    Ok(ReadSummary {
        lines: list.entries,
        records: list.records,
        rejected: list.rejected,
        bytes: bytes.len() as u64,
        notes,
        ..ReadSummary::default()
    })
}

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Reads a whole list, whatever its signature.
fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> Result<ListSummary, SourceError> {
    let mut xml = Xml::new(input, MAX_BYTES, file);
    let mut summary = ListSummary::default();
    let mut entry: [String; 6] = Default::default();
    while let Some(step) = xml.next()? {
        let (name, text) = match step {
            Step::Open(name) => {
                if name == "Domaine" && xml.path().len() == 3 {
                    entry = Default::default();
                }
                continue;
            }
            Step::Close(name, text) => (name, text),
        };
        // By their whole path: what lies inside the signature is not signed, and must not pass for a domain.
        let path: Vec<&str> = xml.path().iter().map(String::as_str).collect();
        match (&path[..], name.as_str()) {
            ([_, "ListeDomaines", "Domaine"], child) => {
                let slot = CHILDREN.iter().position(|c| *c == child);
                if let Some(slot) = slot.and_then(|n| entry.get_mut(n)) {
                    *slot = text;
                }
            }
            ([_, "ListeDomaines"], "Domaine") => {
                summary.entries += 1;
                hand_over(&entry, &mut summary, sink);
            }
            ([_], "DateDeGeneration") => summary.generated = text,
            _ => {}
        }
    }
    Ok(summary)
}

fn hand_over(entry: &[String; 6], summary: &mut ListSummary, sink: &mut dyn Sink) {
    let [nom, ..] = entry;
    let nom = nom.to_lowercase();
    if is_citizen(&nom) {
        summary.citizens += 1;
        return;
    }
    // A domain is not lost for a citizen's address among its contacts; that text is.
    let [_, description, dn, responsable, support, date_maj] = entry.each_ref().map(|text| {
        let refused = is_citizen(text);
        summary.blanked += u64::from(refused);
        if refused { "" } else { text.as_str() }
    });
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
