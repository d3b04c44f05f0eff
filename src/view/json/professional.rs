//! The public JSON of a professional. Never says anything of a mailbox on the red list: the domain value
//! that it is made from holds visible boxes only.

use serde::Serialize;
use utoipa::ToSchema;

use super::common::Code;
use super::structure::StructureResume;
use crate::directory::professional::{Activity, Diploma, Practice, Professional, Qualification};

/// Un professionnel de santé.
#[derive(Serialize, ToSchema)]
pub struct Professionnel<'a> {
    /// Toujours `professionnel`.
    #[schema(example = "professionnel")]
    pub r#type: &'static str,
    /// Identifiant public opaque.
    #[schema(example = "p_7qk3v9x2m4n8r1t5w6y0ab")]
    pub id: &'a str,
    /// Chiffre de type suivi de l'identifiant.
    #[schema(example = "899000000002")]
    pub identification_nationale: &'a str,
    /// Sans le chiffre de type.
    #[schema(example = "99000000002")]
    pub identifiant: &'a str,
    /// `RPPS` ou `ADELI`.
    #[schema(example = "RPPS")]
    pub type_identifiant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Madame")]
    pub civilite: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Docteur")]
    pub civilite_exercice: Option<&'a str>,
    #[schema(example = "TESTEUR")]
    pub nom: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Claire")]
    pub prenom: Option<&'a str>,
    pub exercices: Vec<Exercice<'a>>,
    /// La préférée d'abord.
    pub messageries: Vec<MessagerieResume<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub diplomes: Vec<Diplome<'a>>,
}

/// Une profession exercée dans une catégorie.
#[derive(Serialize, ToSchema)]
pub struct Exercice<'a> {
    pub profession: Code<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categorie: Option<Code<'a>>,
    pub savoir_faire: Vec<SavoirFaire<'a>>,
    pub activites: Vec<Activite<'a>>,
}

/// Une qualification : le code n'a de sens qu'avec son type.
#[derive(Serialize, ToSchema)]
pub struct SavoirFaire<'a> {
    #[schema(example = "S")]
    pub r#type: &'a str,
    #[schema(example = "SM54")]
    pub code: &'a str,
    #[schema(example = "Médecine générale")]
    pub libelle: &'a str,
}

/// Une situation d'exercice : comment et où une profession est exercée.
#[derive(Serialize, ToSchema)]
pub struct Activite<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode_exercice: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genre: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secteur: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_pharmacien: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<StructureResume<'a>>,
}

/// Une messagerie, en bref.
#[derive(Serialize, ToSchema)]
pub struct MessagerieResume<'a> {
    #[schema(example = "claire.testeur@sage-femme-exemple.mssante.fr")]
    pub adresse: &'a str,
    /// `PER`, `ORG`, `APP` ou `CAB`.
    #[schema(example = "PER")]
    pub r#type: &'a str,
}

/// Un diplôme ou une autorisation d'exercice ; l'un ou l'autre peut manquer.
#[derive(Serialize, ToSchema)]
pub struct Diplome<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diplome: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autorisation: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discipline: Option<Code<'a>>,
}

impl<'a> From<&'a Professional> for Professionnel<'a> {
    fn from(professional: &'a Professional) -> Self {
        let messageries = professional.mailboxes.iter().map(|mailbox| MessagerieResume {
            adresse: &mailbox.adresse,
            r#type: &mailbox.type_bal,
        });
        Self {
            r#type: "professionnel",
            id: &professional.id,
            identification_nationale: &professional.identification_nationale,
            identifiant: &professional.identifiant,
            type_identifiant: professional.type_identifiant(),
            civilite: professional.civilite.as_ref().map(|c| &*c.libelle),
            civilite_exercice: professional.civilite_exercice.as_ref().map(|c| &*c.libelle),
            nom: &professional.nom,
            prenom: super::common::present(&professional.prenom),
            exercices: professional.practices.iter().map(Exercice::from).collect(),
            messageries: messageries.collect(),
            diplomes: professional.diplomas.iter().map(Diplome::from).collect(),
        }
    }
}

impl<'a> From<&'a Practice> for Exercice<'a> {
    fn from(practice: &'a Practice) -> Self {
        Self {
            profession: Code::from(&practice.profession),
            categorie: practice.categorie.as_ref().map(Code::from),
            savoir_faire: practice.qualifications.iter().map(SavoirFaire::from).collect(),
            activites: practice.activities.iter().map(Activite::from).collect(),
        }
    }
}

impl<'a> From<&'a Qualification> for SavoirFaire<'a> {
    fn from(qualification: &'a Qualification) -> Self {
        Self {
            r#type: &qualification.type_savoir_faire.code,
            code: &qualification.savoir_faire.code,
            libelle: &qualification.savoir_faire.libelle,
        }
    }
}

impl<'a> From<&'a Activity> for Activite<'a> {
    fn from(activity: &'a Activity) -> Self {
        Self {
            mode_exercice: activity.mode_exercice.as_ref().map(Code::from),
            role: activity.role.as_ref().map(Code::from),
            genre: activity.genre.as_ref().map(Code::from),
            secteur: activity.secteur.as_ref().map(Code::from),
            section_pharmacien: activity.section_pharmacien.as_ref().map(Code::from),
            structure: activity.structure.as_deref().map(StructureResume::from),
        }
    }
}

impl<'a> From<&'a Diploma> for Diplome<'a> {
    fn from(diploma: &'a Diploma) -> Self {
        Self {
            r#type: diploma.type_diplome.as_ref().map(Code::from),
            diplome: diploma.diplome.as_ref().map(Code::from),
            autorisation: diploma.type_autorisation.as_ref().map(Code::from),
            discipline: diploma.discipline.as_ref().map(Code::from),
        }
    }
}
