//! The JSON parts that every entry shares: a code with its label, a postal address.
//! Absent values are left out, never `null` or empty texts.

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::professional::Labelled;
use crate::directory::structure::Address;

/// Un code d'une nomenclature et son libellé.
#[derive(Serialize, ToSchema)]
pub struct Code<'a> {
    #[schema(example = "50")]
    pub code: &'a str,
    /// Le code lui-même quand aucun libellé n'est connu.
    #[schema(example = "Sage-femme")]
    pub libelle: &'a str,
}

impl<'a> From<&'a Labelled> for Code<'a> {
    fn from(labelled: &'a Labelled) -> Self {
        Self {
            code: &labelled.code,
            libelle: &labelled.libelle,
        }
    }
}

/// Une adresse postale.
#[derive(Serialize, ToSchema)]
pub struct Adresse<'a> {
    /// Les lignes au-dessus de la ligne d'acheminement.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schema(required = false, example = json!(["12 RUE DES ESSAIS"]))]
    pub lignes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "99100")]
    pub code_postal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "VILLE-EXEMPLE")]
    pub commune: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "99101")]
    pub code_insee: Option<&'a str>,
    /// `44`, `2A`, `971`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "44")]
    pub departement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Loire-Atlantique")]
    pub libelle_departement: Option<&'a str>,
    /// Absent pour la France.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Belgique")]
    pub pays: Option<&'a str>,
}

impl<'a> Adresse<'a> {
    /// `None` for an address without a word in it.
    pub(super) fn of(address: &'a Address) -> Option<Self> {
        (*address != Address::default()).then(|| Self {
            lignes: &address.lignes,
            code_postal: present(&address.code_postal),
            commune: present(&address.commune),
            code_insee: present(&address.code_insee),
            departement: present(&address.departement),
            libelle_departement: present(&address.libelle_departement),
            pays: present(&address.pays),
        })
    }
}

/// The text, or nothing for an empty one.
pub(super) fn present(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
