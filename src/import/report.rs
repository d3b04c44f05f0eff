//! What an import did, for people and for machines.

use std::collections::BTreeMap;
use std::fmt;

use super::gather::Reject;
use super::ledger::Counts;

/// The report of one command.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub struct Report {
    /// The version that became visible; absent when nothing changed or nothing was committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    pub fichiers: Vec<FileReport>,
    pub refus: Vec<String>,
    /// Files beside which the command brought a newer or fuller one of the same kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ecartes: Vec<String>,
    /// Why nothing was imported at all, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erreur: Option<String>,
    pub secondes: f64,
    pub a_blanc: bool,
}

impl Report {
    /// The report of a command that failed as a whole.
    pub fn of_failure(error: &dyn fmt::Display) -> Self {
        Self {
            erreur: Some(error.to_string()),
            ..Self::default()
        }
    }
}

/// The report of one extract.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub struct FileReport {
    pub genre: String,
    pub fichier: String,
    pub date: String,
    pub lignes: u64,
    pub enregistrements: u64,
    pub doublons: u64,
    pub rejets: u64,
    /// What became of each kind of entry that the file tells of.
    pub entites: BTreeMap<&'static str, Entities>,
    pub secondes: f64,
    pub mo_par_seconde: f64,
    pub notes: Vec<String>,
    #[serde(skip)]
    pub rejects: Vec<Reject>,
}

impl FileReport {
    /// Whether structures may lie elsewhere since.
    pub fn tells_places(&self) -> bool {
        self.entites.contains_key("structures")
    }
}

/// Entries of one kind: how many the file holds, and what changed in the store.
#[derive(Debug, Default, Clone, Copy, serde::Serialize)]
pub struct Entities {
    pub total: u64,
    #[serde(rename = "crees")]
    pub created: u64,
    #[serde(rename = "modifies")]
    pub changed: u64,
    #[serde(rename = "retires")]
    pub removed: u64,
}

impl Entities {
    /// Joins a total and what changed.
    pub fn new(total: u64, counts: Counts) -> Self {
        Self {
            total,
            created: counts.created,
            changed: counts.changed,
            removed: counts.removed,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.fichiers {
            writeln!(
                f,
                "{} of {} ({}): {} lines, {} records, {} duplicates, {} rejected, {:.1} s, {:.0} MB/s",
                file.genre,
                file.date,
                file.fichier,
                file.lignes,
                file.enregistrements,
                file.doublons,
                file.rejets,
                file.secondes,
                file.mo_par_seconde
            )?;
            for (kind, e) in &file.entites {
                writeln!(
                    f,
                    "  {kind}: {} ({} created, {} changed, {} removed)",
                    e.total, e.created, e.changed, e.removed
                )?;
            }
            for note in &file.notes {
                writeln!(f, "  note: {note}")?;
            }
            for reject in file.rejects.iter().take(5) {
                let column = reject
                    .column
                    .as_deref()
                    .map(|c| format!(", column “{c}”"))
                    .unwrap_or_default();
                writeln!(f, "  rejected: line {}{column}: {}", reject.line, reject.reason)?;
            }
            if file.rejects.len() > 5 {
                writeln!(
                    f,
                    "  … and {} more (see --rejects FILE)",
                    file.rejets.saturating_sub(5)
                )?;
            }
        }
        for aside in &self.ecartes {
            writeln!(f, "left aside: {aside}")?;
        }
        for refused in &self.refus {
            writeln!(f, "refused: {refused}")?;
        }
        match (self.version, self.a_blanc) {
            (_, true) => writeln!(f, "dry run: nothing was committed ({:.1} s)", self.secondes),
            (Some(version), _) => writeln!(f, "version {version} is visible ({:.1} s)", self.secondes),
            (None, _) => writeln!(f, "nothing changed ({:.1} s)", self.secondes),
        }
    }
}
