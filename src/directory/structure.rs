//! A structure: an establishment or legal entity of FINESS, a SIRET site, or a practice's premises.

use super::coordinates::Position;
use super::professional::Labelled;

/// What a structure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StructureKind {
    /// FINESS establishment (ET).
    Etablissement,
    /// FINESS legal entity (EJ).
    EntiteJuridique,
    /// Known by SIRET, ADELI or RPPS rank only.
    Cabinet,
}

impl StructureKind {
    /// The word stored in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Etablissement => "etablissement",
            Self::EntiteJuridique => "entite_juridique",
            Self::Cabinet => "cabinet",
        }
    }

    /// The reverse of [`Self::as_str`]; anything else is a practice's premises.
    pub fn from_word(word: &str) -> Self {
        match word {
            "etablissement" => Self::Etablissement,
            "entite_juridique" => Self::EntiteJuridique,
            _ => Self::Cabinet,
        }
    }
}

/// A structure, FINESS data first and RPPS data where FINESS has none. Absent texts are empty.
#[derive(Debug, Clone)]
pub struct Structure {
    /// Opaque public id, `s_…`.
    pub id: String,
    pub kind: StructureKind,
    /// `F` + FINESS where there is one, else the technical id of the RPPS files.
    pub identifiant: String,
    pub finess: String,
    pub finess_ej: String,
    pub siret: String,
    pub siren: String,
    /// Type digit + identifier (*Ancien identifiant de la structure*).
    pub ancien_identifiant: String,
    pub nom: String,
    pub enseigne: String,
    pub categorie: Option<Labelled>,
    pub statut_juridique: Option<Labelled>,
    pub adresse: Address,
    /// Ten digits as a rule: the switchboard, public.
    pub telephone: String,
    pub telecopie: String,
    pub position: Option<Position>,
    /// True where the position is its commune's centre.
    pub position_approchee: bool,
    /// False for an inactive one.
    pub ouverte: bool,
    /// Visible mailboxes attached to it.
    pub mailboxes: u32,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    pub modified_at: i64,
}

/// A postal address. Absent texts are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Recipient's complement, building, street, place: the lines above the routing line.
    pub lignes: Vec<String>,
    pub code_postal: String,
    pub commune: String,
    pub code_insee: String,
    /// `44`, `2A`, `971`.
    pub departement: String,
    pub libelle_departement: String,
    /// Empty for France.
    pub pays: String,
}

/// For tests.
#[cfg(test)]
pub mod example {
    use super::*;

    pub fn clinic() -> Structure {
        Structure {
            id: "s_1".into(),
            kind: StructureKind::Etablissement,
            identifiant: "F990000001".into(),
            finess: "990000001".into(),
            finess_ej: String::new(),
            siret: String::new(),
            siren: String::new(),
            ancien_identifiant: "1990000001".into(),
            nom: "CLINIQUE EXEMPLE".into(),
            enseigne: String::new(),
            categorie: Some(Labelled {
                code: "355".into(),
                libelle: "Centre hospitalier".into(),
            }),
            statut_juridique: None,
            adresse: Address {
                lignes: vec!["12 RUE DES ESSAIS".into()],
                code_postal: "99100".into(),
                commune: "VILLE-EXEMPLE".into(),
                departement: "99".into(),
                ..Address::default()
            },
            telephone: "0199000001".into(),
            telecopie: String::new(),
            position: Some(Position { lat: 47.2, lon: -1.5 }),
            position_approchee: true,
            ouverte: true,
            mailboxes: 212,
            created_at: 0,
            modified_at: 0,
        }
    }
}
