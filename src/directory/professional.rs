//! A professional (*personne physique*) with practices, qualifications and activities, labels included:
//! what every view of a person is made from.

use std::sync::Arc;

use super::mailbox::MailboxSummary;
use super::structure::Structure;

/// A code of a nomenclature and its label (the code itself where no label is known).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    pub code: Arc<str>,
    pub libelle: Arc<str>,
}

/// A person known by an *identification nationale*.
#[derive(Debug, Clone)]
pub struct Professional {
    /// Opaque public id, `p_…`.
    pub id: String,
    /// Type digit + identifier: `8` + RPPS, `0` + ADELI.
    pub identification_nationale: String,
    /// Without the type digit.
    pub identifiant: String,
    pub civilite: Option<Labelled>,
    pub civilite_exercice: Option<Labelled>,
    pub nom: String,
    pub prenom: String,
    pub practices: Vec<Practice>,
    pub diplomas: Vec<Diploma>,
    /// Visible mailboxes only, preferred first.
    pub mailboxes: Vec<MailboxSummary>,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    pub modified_at: i64,
}

/// *Exercice professionnel*: a profession held in a category.
#[derive(Debug, Clone)]
pub struct Practice {
    pub profession: Labelled,
    /// C civil, E student, M public agent.
    pub categorie: Option<Labelled>,
    pub qualifications: Vec<Qualification>,
    pub activities: Vec<Activity>,
}

/// *Savoir-faire*: the code means something only together with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qualification {
    pub type_savoir_faire: Labelled,
    pub savoir_faire: Labelled,
}

/// *Situation d'exercice*: a practice carried out at a structure, or nowhere known.
#[derive(Debug, Clone)]
pub struct Activity {
    pub mode_exercice: Option<Labelled>,
    pub role: Option<Labelled>,
    pub genre: Option<Labelled>,
    pub secteur: Option<Labelled>,
    pub section_pharmacien: Option<Labelled>,
    pub structure: Option<Arc<Structure>>,
}

/// A diploma or an authorisation to exercise; either half may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diploma {
    pub type_diplome: Option<Labelled>,
    pub diplome: Option<Labelled>,
    pub type_autorisation: Option<Labelled>,
    pub discipline: Option<Labelled>,
}

impl Professional {
    /// `RPPS`, `ADELI`, or the type digit itself where it is another.
    pub fn type_identifiant(&self) -> &str {
        match self.identification_nationale.get(..1) {
            Some("8") => "RPPS",
            Some("0") => "ADELI",
            other => other.unwrap_or_default(),
        }
    }

    /// All structures of all activities, in order, the first one being the main one.
    pub fn structures(&self) -> impl Iterator<Item = &Arc<Structure>> {
        self.practices
            .iter()
            .flat_map(|p| p.activities.iter().filter_map(|a| a.structure.as_ref()))
    }
}

/// A made-up professional for tests.
#[cfg(test)]
pub mod example {
    use super::super::structure::example::clinic;
    use super::*;

    /// A code and its label.
    pub fn labelled(code: &str, libelle: &str) -> Labelled {
        Labelled {
            code: code.into(),
            libelle: libelle.into(),
        }
    }

    /// A midwife of a [`clinic`], with a mailbox.
    pub fn midwife() -> Professional {
        Professional {
            id: "p_1".into(),
            identification_nationale: "899000000011".into(),
            identifiant: "99000000011".into(),
            civilite: Some(labelled("MME", "Madame")),
            civilite_exercice: None,
            nom: "TESTEUR".into(),
            prenom: "Claire".into(),
            practices: vec![Practice {
                profession: labelled("50", "Sage-femme"),
                categorie: Some(labelled("C", "Civil")),
                qualifications: vec![Qualification {
                    type_savoir_faire: labelled("S", "Spécialité"),
                    savoir_faire: labelled("SM54", "Médecine générale"),
                }],
                activities: vec![Activity {
                    mode_exercice: Some(labelled("L", "Libéral")),
                    role: None,
                    genre: None,
                    secteur: None,
                    section_pharmacien: None,
                    structure: Some(Arc::new(clinic())),
                }],
            }],
            diplomas: vec![],
            mailboxes: vec![MailboxSummary {
                adresse: "claire.testeur@a-exemple.mssante.fr".into(),
                type_bal: "PER".into(),
            }],
            created_at: 0,
            modified_at: 0,
        }
    }
}
