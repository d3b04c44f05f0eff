//! The public JSON of a structure, whole and in brief. Never holds its ordinary e-mail.

use serde::Serialize;
use utoipa::ToSchema;

use super::common::{Adresse, Code, present};
use crate::directory::mailbox::Attachment;
use crate::directory::structure::Structure;

/// Une structure : établissement, entité juridique ou cabinet.
#[derive(Serialize, ToSchema)]
#[schema(as = Structure)]
pub struct StructureComplete<'a> {
    /// Toujours `structure`.
    #[schema(example = "structure")]
    pub r#type: &'static str,
    /// Identifiant public opaque.
    #[schema(example = "s_7qk3v9x2m4n8r1t5w6y0ab")]
    pub id: &'a str,
    /// `F` suivi du numéro FINESS quand il existe, sinon l'identifiant technique.
    #[schema(example = "F990000000")]
    pub identifiant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "990000000")]
    pub finess: Option<&'a str>,
    /// FINESS de l'entité juridique de rattachement.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "990000002")]
    pub finess_ej: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "99000000100015")]
    pub siret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "990000000")]
    pub siren: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "CLINIQUE EXEMPLE")]
    pub nom: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "LES LILAS")]
    pub enseigne: Option<&'a str>,
    /// `etablissement`, `entite_juridique` ou `cabinet`.
    #[schema(example = "etablissement")]
    pub genre: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categorie: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statut_juridique: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adresse: Option<Adresse<'a>>,
    /// Le standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0199000001")]
    pub telephone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0199000002")]
    pub telecopie: Option<&'a str>,
    /// Degrés, WGS84.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 47.218)]
    pub lat: Option<f64>,
    /// Degrés, WGS84.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = -1.553)]
    pub lon: Option<f64>,
    /// Vrai quand la position est le centre de la commune.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = false)]
    pub position_approchee: Option<bool>,
    /// Faux pour une structure fermée.
    #[schema(example = true)]
    pub ouverte: bool,
    pub messageries: NombreMessageries,
}

/// Combien de messageries publiées sont rattachées à la structure.
#[derive(Serialize, ToSchema)]
pub struct NombreMessageries {
    #[schema(example = 2)]
    pub total: u32,
}

/// Une structure, en bref, là où une activité ou une messagerie la nomme.
#[derive(Serialize, ToSchema)]
pub struct StructureResume<'a> {
    /// Identifiant public opaque ; absent quand l'annuaire ne connaît pas la structure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "s_7qk3v9x2m4n8r1t5w6y0ab")]
    pub id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "F990000000")]
    pub identifiant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "990000000")]
    pub finess: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "99000000100015")]
    pub siret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "990000000")]
    pub siren: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "CLINIQUE EXEMPLE")]
    pub nom: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "LES LILAS")]
    pub enseigne: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0199000001")]
    pub telephone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adresse: Option<Adresse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 47.218)]
    pub lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = -1.553)]
    pub lon: Option<f64>,
    /// Vrai quand la position est le centre de la commune.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = false)]
    pub position_approchee: Option<bool>,
}

impl<'a> From<&'a Structure> for StructureComplete<'a> {
    fn from(structure: &'a Structure) -> Self {
        Self {
            r#type: "structure",
            id: &structure.id,
            identifiant: &structure.identifiant,
            finess: present(&structure.finess),
            finess_ej: present(&structure.finess_ej),
            siret: present(&structure.siret),
            siren: present(&structure.siren),
            nom: present(&structure.nom),
            enseigne: present(&structure.enseigne),
            genre: structure.kind.as_str(),
            categorie: structure.categorie.as_ref().map(Code::from),
            statut_juridique: structure.statut_juridique.as_ref().map(Code::from),
            adresse: Adresse::of(&structure.adresse),
            telephone: present(&structure.telephone),
            telecopie: present(&structure.telecopie),
            lat: structure.position.map(|p| p.lat),
            lon: structure.position.map(|p| p.lon),
            position_approchee: structure.position.map(|_| structure.position_approchee),
            ouverte: structure.ouverte,
            messageries: NombreMessageries {
                total: structure.mailboxes,
            },
        }
    }
}

impl<'a> From<&'a Structure> for StructureResume<'a> {
    fn from(structure: &'a Structure) -> Self {
        Self {
            id: present(&structure.id),
            identifiant: present(&structure.identifiant),
            finess: present(&structure.finess),
            siret: present(&structure.siret),
            siren: present(&structure.siren),
            nom: present(&structure.nom),
            enseigne: present(&structure.enseigne),
            telephone: present(&structure.telephone),
            adresse: Adresse::of(&structure.adresse),
            lat: structure.position.map(|p| p.lat),
            lon: structure.position.map(|p| p.lon),
            position_approchee: structure.position.map(|_| structure.position_approchee),
        }
    }
}

impl<'a> StructureResume<'a> {
    /// The structure of a mailbox's row: the directory's own, else the row's own words.
    /// `None` when the row names none.
    pub(super) fn attached(attachment: &'a Attachment) -> Option<Self> {
        if let Some(structure) = attachment.structure.as_deref() {
            return Some(Self::from(structure));
        }
        let number = |digit: &str| {
            (attachment.type_structure == digit)
                .then(|| present(&attachment.identifiant_structure))
                .flatten()
        };
        let nom = present(&attachment.raison_sociale);
        (nom.is_some() || !attachment.identifiant_structure.is_empty()).then(|| Self {
            id: None,
            identifiant: None,
            finess: number("1"),
            siren: number("2"),
            siret: number("3"),
            nom,
            enseigne: present(&attachment.enseigne),
            telephone: None,
            adresse: Adresse::of(&attachment.adresse),
            lat: None,
            lon: None,
            position_approchee: None,
        })
    }
}
