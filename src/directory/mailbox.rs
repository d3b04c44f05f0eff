//! A mailbox (*boîte aux lettres*, BAL): an address of the trust space and what it is attached to.

use std::sync::Arc;

use super::professional::{Labelled, Professional};
use super::structure::{Address, Structure};

/// What a professional's own view says of each of their mailboxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxSummary {
    pub adresse: String,
    pub type_bal: String,
}

/// A mailbox that may be shown (never a red-listed one). Absent texts are empty.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// Opaque public id, `b_…`.
    pub id: String,
    /// Lower case, by which boxes are told apart; how a line of the extract wrote it is kept for extractions alone.
    pub adresse: String,
    /// `PER`, `ORG`, `APP` or `CAB`.
    pub type_bal: String,
    pub domaine: String,
    /// Whether the loaded white list holds the domain; `None` without a list.
    pub domaine_de_confiance: Option<bool>,
    /// Order among its holder's boxes, 1 first.
    pub rang: Option<u16>,
    pub description: String,
    pub dematerialisation: Option<bool>,
    /// Of the box itself, only when its holder agreed to publish it: for signed-in viewers.
    pub telephone: String,
    /// The extract's rows, first row first; never empty.
    pub attachments: Vec<Attachment>,
    /// The holder, when the directory knows them.
    pub professional: Option<Arc<Professional>>,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    pub modified_at: i64,
}

/// One row of the mailbox: who and where, with the row's own words for what the directory does not know.
#[derive(Debug, Clone)]
pub struct Attachment {
    pub type_identifiant_pp: String,
    pub identifiant_pp: String,
    pub identification_nationale: String,
    /// Type digit as in the extract: `1` FINESS, `2` SIREN, `3` SIRET, `0`/`4` practices.
    pub type_structure: String,
    pub identifiant_structure: String,
    pub service: String,
    pub nom: String,
    pub prenom: String,
    pub categorie: Option<Labelled>,
    pub profession: Option<Labelled>,
    pub savoir_faire: Option<Labelled>,
    pub raison_sociale: String,
    pub enseigne: String,
    pub adresse: Address,
    /// The structure, when the directory knows it.
    pub structure: Option<Arc<Structure>>,
}

impl Attachment {
    /// Forgets the person of the row.
    pub fn hide_person(&mut self) {
        for text in [
            &mut self.type_identifiant_pp,
            &mut self.identifiant_pp,
            &mut self.identification_nationale,
            &mut self.nom,
            &mut self.prenom,
        ] {
            text.clear();
        }
        self.categorie = None;
        self.profession = None;
        self.savoir_faire = None;
    }

    /// `FINESS`, `SIREN`, `SIRET`, `ADELI`, `RPPS`: the words that the national LDAP's one known client reads.
    pub fn type_structure_word(&self) -> &'static str {
        match self.type_structure.as_str() {
            "0" => "ADELI",
            "1" => "FINESS",
            "2" => "SIREN",
            "3" => "SIRET",
            "4" => "RPPS",
            _ => "",
        }
    }
}

/// A made-up mailbox and row for tests.
#[cfg(test)]
pub mod example {
    use super::*;

    /// A row that tells nothing.
    pub fn row() -> Attachment {
        Attachment {
            type_identifiant_pp: String::new(),
            identifiant_pp: String::new(),
            identification_nationale: String::new(),
            type_structure: String::new(),
            identifiant_structure: String::new(),
            service: String::new(),
            nom: String::new(),
            prenom: String::new(),
            categorie: None,
            profession: None,
            savoir_faire: None,
            raison_sociale: String::new(),
            enseigne: String::new(),
            adresse: Address::default(),
            structure: None,
        }
    }

    /// An organisation's mailbox.
    pub fn reception(attachments: Vec<Attachment>) -> Mailbox {
        Mailbox {
            id: "b_1".into(),
            adresse: "accueil@a-exemple.mssante.fr".into(),
            type_bal: "ORG".into(),
            domaine: "a-exemple.mssante.fr".into(),
            domaine_de_confiance: None,
            rang: None,
            description: String::new(),
            dematerialisation: None,
            telephone: "0699000001".into(),
            attachments,
            professional: None,
            created_at: 0,
            modified_at: 0,
        }
    }
}
