//! The public JSON of a mailbox. Never holds its telephone nor its responsible person.

use serde::Serialize;
use utoipa::ToSchema;

use super::common::{Code, present};
use super::structure::StructureResume;
use crate::directory::mailbox::{Attachment, Mailbox};

/// Une boîte aux lettres de l'espace de confiance.
#[derive(Serialize, ToSchema)]
pub struct Messagerie<'a> {
    /// Toujours `messagerie`.
    #[schema(example = "messagerie")]
    pub r#type: &'static str,
    /// Identifiant public opaque.
    #[schema(example = "b_7qk3v9x2m4n8r1t5w6y0ab")]
    pub id: &'a str,
    #[schema(example = "claire.testeur@sage-femme-exemple.mssante.fr")]
    pub adresse: &'a str,
    /// `PER`, `ORG`, `APP` ou `CAB`.
    #[schema(example = "PER")]
    pub type_bal: &'a str,
    #[schema(example = "sage-femme-exemple.mssante.fr")]
    pub domaine: &'a str,
    /// Absent quand aucune liste blanche n'est chargée.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    pub domaine_de_confiance: Option<bool>,
    /// Rang parmi les boîtes de son titulaire, 1 pour la première.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub rang: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ADDICTOLOGIE")]
    pub service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Secrétariat du service")]
    pub description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    pub dematerialisation: Option<bool>,
    /// Aux appels authentifiés seulement, quand le titulaire en a accepté la publication.
    // Never filled here: this is the public form. Signed-in viewers get it added, see `mailbox_signed_in`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0639980001")]
    pub telephone: Option<&'a str>,
    /// Son titulaire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub professionnel: Option<Titulaire<'a>>,
    /// La structure du premier rattachement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<StructureResume<'a>>,
    /// Les structures des rattachements suivants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub autres_structures: Vec<StructureResume<'a>>,
}

/// Le titulaire d'une messagerie, en bref.
#[derive(Serialize, ToSchema)]
pub struct Titulaire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "899000000002")]
    pub identification_nationale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "TESTEUR")]
    pub nom: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Claire")]
    pub prenom: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profession: Option<Code<'a>>,
}

impl<'a> From<&'a Mailbox> for Messagerie<'a> {
    fn from(mailbox: &'a Mailbox) -> Self {
        let mut structures = attached_once(&mailbox.attachments);
        let structure = structures.next();
        Self {
            r#type: "messagerie",
            id: &mailbox.id,
            adresse: &mailbox.adresse,
            type_bal: &mailbox.type_bal,
            domaine: &mailbox.domaine,
            domaine_de_confiance: mailbox.domaine_de_confiance,
            rang: mailbox.rang,
            service: mailbox.attachments.iter().find_map(|a| present(&a.service)),
            description: present(&mailbox.description),
            dematerialisation: mailbox.dematerialisation,
            telephone: None,
            professionnel: Titulaire::of(mailbox),
            structure,
            autres_structures: structures.collect(),
        }
    }
}

/// The structures of the rows, in their order; rows that differ in something else name one structure once.
fn attached_once(attachments: &[Attachment]) -> impl Iterator<Item = StructureResume<'_>> {
    let key = |a: &Attachment| match a.structure.as_deref() {
        Some(structure) => structure.id.clone(),
        None => format!(
            "{}{} {}",
            a.type_structure, a.identifiant_structure, a.raison_sociale
        ),
    };
    let mut seen = std::collections::HashSet::new();
    attachments
        .iter()
        .filter(move |attachment| seen.insert(key(attachment)))
        .filter_map(StructureResume::attached)
}

impl<'a> Titulaire<'a> {
    /// The holder as the directory knows them, else as the first row names them; `None` for a box of nobody.
    fn of(mailbox: &'a Mailbox) -> Option<Self> {
        let row = mailbox.attachments.first();
        if let Some(known) = mailbox.professional.as_deref() {
            let own = known.practices.first().map(|practice| &practice.profession);
            return Some(Self {
                identification_nationale: present(&known.identification_nationale),
                nom: present(&known.nom),
                prenom: present(&known.prenom),
                profession: row.and_then(|r| r.profession.as_ref()).or(own).map(Code::from),
            });
        }
        let row = row?;
        let named = !(row.nom.is_empty() && row.identification_nationale.is_empty());
        named.then(|| Self {
            identification_nationale: present(&row.identification_nationale),
            nom: present(&row.nom),
            prenom: present(&row.prenom),
            profession: row.profession.as_ref().map(Code::from),
        })
    }
}
