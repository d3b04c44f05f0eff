//! Reads one extract into memory: the sink of every reader.

use super::boxes::Boxes;
use super::establishments::Establishments;
use super::lists::Lists;
use super::people::People;
use super::write_reference::{Domains, Labels};
use crate::source::record::Record;
use crate::source::signature::Trust;
use crate::source::sink::Sink;
use crate::source::{Extract, Kind, ReadSummary, SourceError};

/// Most rejects of one file that are kept one by one; all are counted.
const MAX_REJECTS: usize = 200_000;

/// A rejected line.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Reject {
    #[serde(rename = "ligne")]
    pub line: u64,
    #[serde(rename = "colonne", skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    #[serde(rename = "motif")]
    pub reason: String,
}

/// What an extract holds, by kind.
pub enum Content {
    People(Box<People>),
    Qualifications(Lists),
    Diplomas(Lists),
    Boxes(Boxes),
    Establishments(Box<Establishments>),
    Domains(Domains),
    Labels(Labels),
}

/// An extract read to its end.
pub struct Gathered {
    pub content: Content,
    pub summary: ReadSummary,
    pub rejects: Vec<Reject>,
    pub seconds: f64,
}

struct Gatherer<'p> {
    content: Content,
    rejects: Vec<Reject>,
    progress: &'p mut dyn FnMut(u64),
}

/// Reads all of an extract. `progress` is told of bytes as they are read.
pub fn gather(
    extract: &Extract,
    trust: &Trust,
    progress: &mut dyn FnMut(u64),
) -> Result<Gathered, SourceError> {
    let content = match extract.kind {
        Kind::PersonneActivite => Content::People(Box::default()),
        Kind::SavoirFaire => Content::Qualifications(Lists::default()),
        Kind::Diplomes => Content::Diplomas(Lists::default()),
        Kind::CorrespondanceMssante => Content::Boxes(Boxes::default()),
        Kind::FinessEtablissements
        | Kind::FinessEntitesJuridiques
        | Kind::FinessFluxEtablissements
        | Kind::FinessFluxEntitesJuridiques
        | Kind::FinessFluxPositions
        | Kind::FinessPlus => Content::Establishments(Box::default()),
        Kind::ListeBlanche => Content::Domains(Domains::default()),
        Kind::Nomenclature => Content::Labels(Labels::default()),
    };
    let start = std::time::Instant::now();
    let mut gatherer = Gatherer {
        content,
        rejects: Vec::new(),
        progress,
    };
    let summary = extract.read(&mut gatherer, trust)?;
    let Gatherer { content, rejects, .. } = gatherer;
    Ok(Gathered {
        content,
        summary,
        rejects,
        seconds: start.elapsed().as_secs_f64(),
    })
}

impl Gathered {
    /// How many entries of each kind the file holds, to be compared with the last one's.
    pub fn totals(&self) -> Vec<(&'static str, u64)> {
        let all = match &self.content {
            Content::People(people) => vec![
                ("professionnels", people.len() as u64),
                ("structures", people.sites.len() as u64),
                ("lignes d'activité", self.summary.records),
            ],
            Content::Qualifications(lists) => vec![("savoir_faire", lists.entries)],
            Content::Diplomas(lists) => vec![("diplomes", lists.entries)],
            Content::Boxes(boxes) => vec![("messageries", boxes.len() as u64)],
            Content::Establishments(file) => {
                let [establishments, entities, positions] = file.totals();
                vec![
                    ("etablissements", establishments),
                    ("entites_juridiques", entities),
                    ("positions", positions),
                ]
            }
            Content::Domains(domains) => vec![("domaines", domains.len() as u64)],
            Content::Labels(labels) => vec![("codes", labels.len() as u64)],
        };
        all.into_iter().filter(|(_, total)| *total > 0).collect()
    }
}

impl Sink for Gatherer<'_> {
    fn record(&mut self, _line: u64, record: Record<'_>) -> Result<(), String> {
        match (&mut self.content, record) {
            (Content::People(people), Record::Activity(row)) => people.add(&row),
            (Content::Qualifications(lists), Record::Qualification(row)) => lists.add_qualification(&row),
            (Content::Diplomas(lists), Record::Diploma(row)) => lists.add_diploma(&row),
            (Content::Boxes(boxes), Record::Mailbox(row)) => boxes.add(&row),
            (Content::Establishments(file), Record::Finess(row)) => file.add(&row),
            (Content::Establishments(file), Record::Geolocation(row)) => file.add_position(&row),
            (Content::Domains(domains), Record::Domain(row)) => domains.add(&row),
            (Content::Labels(labels), Record::Concept(row)) => labels.add_concept(&row),
            _ => return Err("a line of another kind than the file's".to_owned()),
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, column: Option<&str>, reason: &str) {
        if self.rejects.len() < MAX_REJECTS {
            self.rejects.push(Reject {
                line,
                column: column.map(str::to_owned),
                reason: reason.to_owned(),
            });
        }
    }

    fn progress(&mut self, bytes: u64) {
        (self.progress)(bytes);
    }
}
