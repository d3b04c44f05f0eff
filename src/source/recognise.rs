//! Tells what an extract is by its first line.

use std::io::Read;

use jiff::civil::Date;

use super::container::Member;
use super::date::{self, ExtractDate};
use super::encoding::decode;
use super::json::Json;
use super::pipe::{canonical, without_bom};
use super::{Extract, SourceError, finess, nos, paper, rpps};

/// Bytes looked at.
const HEAD: u64 = 16 << 10;
/// Bytes of a byte order mark.
const BOM: usize = 3;
const LOOKED_FOR: &str = "PS_LibreAcces (Personne_activite, SavoirFaire, Dipl_AutExerc), Extraction_Correspondance_MSSante, \
     FINESS (etalab CSV of any year, FiNESS+ JSON, XML flux), the MSSanté white list, NOS tables (.tabs or FHIR \
     CodeSystem JSON), plain or in gzip, zstd or zip";

/// The kinds of extracts that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    ListeBlanche,
    Nomenclature,
    FinessEntitesJuridiques,
    FinessEtablissements,
    FinessFluxEntitesJuridiques,
    FinessFluxEtablissements,
    FinessFluxPositions,
    FinessPlus,
    PersonneActivite,
    SavoirFaire,
    Diplomes,
    CorrespondanceMssante,
}

impl Kind {
    /// The word stored in the database and shown in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ListeBlanche => "liste_blanche",
            Self::Nomenclature => "nomenclature",
            Self::FinessEntitesJuridiques => "finess_entites_juridiques",
            Self::FinessEtablissements => "finess_etablissements",
            Self::FinessFluxEntitesJuridiques => "finess_flux_entites_juridiques",
            Self::FinessFluxEtablissements => "finess_flux_etablissements",
            Self::FinessFluxPositions => "finess_flux_positions",
            Self::FinessPlus => "finess_plus",
            Self::PersonneActivite => "personne_activite",
            Self::SavoirFaire => "savoir_faire",
            Self::Diplomes => "dipl_autexerc",
            Self::CorrespondanceMssante => "correspondance_mssante",
        }
    }
}

/// Recognises and dates one text.
pub(super) fn recognise(member: Member, given: Option<Date>) -> Result<Extract, SourceError> {
    let file = member.display();
    let head = member.read(|input| {
        let mut head = Vec::new();
        input
            .take(HEAD)
            .read_to_end(&mut head)
            .map_err(|error| SourceError::Stopped {
                file: file.clone(),
                error,
            })?;
        Ok(head)
    })?;
    let unknown = || {
        if paper::is_paper(member.name.as_deref().unwrap_or(&member.file_name())) {
            return SourceError::PassedOver {
                file: file.clone(),
                why: "a paper beside the extracts",
            };
        }
        SourceError::Unknown {
            file: file.clone(),
            looked_for: LOOKED_FOR,
        }
    };
    if head.is_empty() {
        return Err(empty(&member));
    }
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return Err(SourceError::Encoding {
            file,
            line: 1,
            seems: "it is UTF-16",
            from: "UTF-16",
        });
    }
    let head = without_bom(&head);
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = decode(first.strip_suffix(b"\r").unwrap_or(first));
    let (kind, table) = match kind_of(&line, head, &file)? {
        Some(found) => found,
        None if nos::is_tabs_header(&line) => {
            let named = member.name.clone().unwrap_or_else(|| member.file_name());
            let table = nos::table_name(&named).ok_or_else(unknown)?;
            (Kind::Nomenclature, Some(table))
        }
        None if head.trim_ascii_start().starts_with(b"{") && is_code_system(&member)? => {
            (Kind::Nomenclature, None)
        }
        None => return Err(unknown()),
    };
    let content = content_date(kind, &line, head);
    let date: ExtractDate = date::of(&member, content, given);
    Ok(Extract {
        member,
        kind,
        table,
        date,
    })
}

/// An empty file is what a download that failed leaves behind; who packs an archive puts empty members into it on
/// purpose, unless their names promise the extract of a day.
fn empty(member: &Member) -> SourceError {
    let file = member.display();
    match &member.name {
        Some(name) if !date::is_in_name(name) => SourceError::PassedOver { file, why: "empty" },
        _ => SourceError::Broken {
            file,
            reason: "it is empty".to_owned(),
        },
    }
}

/// Whether a JSON document is a CodeSystem. FHIR prescribes no order of members: its codes, thousands of them, may stand
/// before the word.
fn is_code_system(member: &Member) -> Result<bool, SourceError> {
    member.read(|input| {
        let mut resource = String::new();
        if input
            .fill_buf()
            .is_ok_and(|start| without_bom(start).len() < start.len())
        {
            input.consume(BOM);
        }
        let mut input = input.take(nos::MAX_JSON);
        // Where it is no JSON after all, what was found until then counts.
        let _ = Json::new(&mut input).object(|json, key| match key {
            "resourcetype" => json.text(&mut resource),
            _ => json.skip(),
        });
        Ok(resource == "CodeSystem")
    })
}

type Found = Option<(Kind, Option<String>)>;

fn kind_of(line: &str, head: &[u8], file: &str) -> Result<Found, SourceError> {
    let not_read = |what, why| {
        Err(SourceError::NotRead {
            file: file.to_owned(),
            what,
            why,
        })
    };
    if let Some(names) = line
        .contains('|')
        .then(|| line.split('|').map(canonical).collect::<Vec<_>>())
    {
        let at = |place: usize, name: &str| names.get(place).is_some_and(|found| *found == canonical(name));
        if at(0, "Type de BAL") && at(1, "Adresse BAL") {
            return Ok(Some((Kind::CorrespondanceMssante, None)));
        }
        if at(0, "Type d'identifiant PP") && at(2, "Identification nationale PP") {
            if names.iter().any(|name| *name == canonical("Nom de famille")) {
                return not_read(
                    "a restricted extract with civil identities",
                    "it must not enter the directory",
                );
            }
            return Ok(rpps::kind(&names).map(|kind| (kind, None)));
        }
        return Ok(None);
    }
    if line.starts_with("finess;etalab;") {
        return finess_kind(head, file);
    }
    if let Some(legal_entities) = finess::recognise_archive(line) {
        return Ok(Some(if legal_entities {
            (Kind::FinessEntitesJuridiques, None)
        } else {
            (Kind::FinessEtablissements, None)
        }));
    }
    if line.starts_with("\"Type d'identifiant PP\";") {
        return not_read(
            "the former MonoTable or a restricted V300 file",
            "take PS_LibreAcces",
        );
    }
    let text = decode(head);
    let text = text.trim_start();
    if text.starts_with('<') {
        if text.contains("<ListeBlancheMSSante") {
            return Ok(Some((Kind::ListeBlanche, None)));
        }
        if text.contains("<fluxetalab") {
            return not_read("the XML twin of the FINESS CSV", "take the CSV, or FiNESS+");
        }
        if text.contains("<fluxfiness") {
            return flux_kind(text, file);
        }
        return Ok(None);
    }
    if text.starts_with('{') {
        if text.contains("\"CodeSystem\"") {
            return Ok(Some((Kind::Nomenclature, None)));
        }
        let lower = text.to_lowercase();
        if lower.contains("\"activitesautorisees\"") {
            return not_needed("FiNESS+ activities", file);
        }
        // Root keys come in any order, and the first list may be longer than the head.
        if lower.contains("\"schemaversion\"") || lower.contains("\"pmej\"") {
            return Ok(Some((Kind::FinessPlus, None)));
        }
    }
    Ok(None)
}

fn finess_kind(head: &[u8], file: &str) -> Result<Found, SourceError> {
    let mut lines = head.split(|byte| *byte == b'\n').skip(1);
    let second = lines.next().unwrap_or_default();
    let columns = second.iter().filter(|b| **b == b';').count();
    if second.starts_with(b"structureej;") {
        Ok(Some((Kind::FinessEntitesJuridiques, None)))
    } else if second.starts_with(b"structureet;") && columns > 6 {
        Ok(Some((Kind::FinessEtablissements, None)))
    } else if second.starts_with(b"equipementsocial;") || second.starts_with(b"structureet;") {
        not_needed("FINESS social equipment (cs1100505)", file)
    } else {
        Err(SourceError::NotRead {
            file: file.to_owned(),
            what: "a FINESS etalab file without structures",
            why: "only cs1100501, cs1100502 and cs1100507 are read",
        })
    }
}

/// The flux of activities and equipment hold structures too, of two or three fields, and other blocks.
fn flux_kind(text: &str, file: &str) -> Result<Found, SourceError> {
    let has = |tag: &str| text.contains(tag);
    if has("<structureet>") && has("<typeet>") {
        Ok(Some((Kind::FinessFluxEtablissements, None)))
    } else if has("<structureej>") && has("<statutjuridique>") {
        Ok(Some((Kind::FinessFluxEntitesJuridiques, None)))
    } else if has("<geolocalisation>") || (has("<structureet>") && has("<ligneacheminement>")) {
        Ok(Some((Kind::FinessFluxPositions, None)))
    } else {
        not_needed("a FINESS flux of activities, equipment or codes", file)
    }
}

fn not_needed(what: &'static str, file: &str) -> Result<Found, SourceError> {
    Err(SourceError::NotNeeded {
        file: file.to_owned(),
        what,
    })
}

fn content_date(kind: Kind, line: &str, head: &[u8]) -> Option<jiff::civil::DateTime> {
    match kind {
        Kind::FinessEtablissements | Kind::FinessEntitesJuridiques => date::parse(line.rsplit(';').next()?),
        Kind::FinessPlus => {
            let text = decode(head);
            let (_, rest) = text.split_once("\"generatedAt\"")?;
            date::parse(rest.split('"').nth(1)?.get(..19)?)
        }
        Kind::FinessFluxEntitesJuridiques | Kind::FinessFluxEtablissements | Kind::FinessFluxPositions => {
            let text = decode(head);
            let (_, rest) = text.split_once("<horodatage>")?;
            let (_, rest) = rest.split_once("<datemaj>")?;
            date::parse(rest.split('<').next()?)
        }
        Kind::ListeBlanche => {
            let text = decode(head);
            let (_, rest) = text.split_once("<DateDeGeneration>")?;
            date::parse(rest.get(..19)?)
        }
        _ => None,
    }
}
