//! A box as the store holds it and as its operator reads it: with all that nobody else sees.

use std::hash::Hasher;

use serde::Serialize;
use siphasher::sip::SipHasher13;
use sqlx::{PgConnection, Row as _};
use utoipa::ToSchema;

/// What an operator decides of a box.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub type_bal: String,
    pub liste_rouge: bool,
    pub rang: Option<i16>,
    pub description: String,
    pub responsable: String,
    /// The responsible professional of a practice's box.
    pub titulaire: String,
    pub cotitulaires: Vec<String>,
    pub telephone: String,
    pub telephone_publie: bool,
    pub dematerialisation: Option<bool>,
    /// Never empty.
    pub rows: Vec<SheetRow>,
}

/// Where a box belongs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SheetRow {
    /// The holder of a nominative box; empty for the others.
    pub holder: String,
    /// Type digit and identifier, see [`crate::store::aliases`]; empty without a structure.
    pub type_structure: String,
    pub identifiant_structure: String,
    pub service: String,
}

impl SheetRow {
    /// The name by which the row points at its structure.
    pub fn alias(&self) -> String {
        format!("{}{}", self.type_structure, self.identifiant_structure)
    }
}

impl Sheet {
    /// Whether the public sees the same of both, neither being hidden.
    pub fn looks_like(&self, other: &Self) -> bool {
        self.differences(other).is_empty()
    }

    /// The fields in which the public sees a difference, neither being hidden; as requests name them, and
    /// `rattachements` where there are more or fewer of these.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        // Whoever answers for an organisation's, a machine's or a practice's box is not public.
        let holders = self.type_bal == "PER" || other.type_bal == "PER";
        let rows = || self.rows.iter().zip(&other.rows);
        [
            ("type_bal", self.type_bal != other.type_bal),
            ("rang", self.rang != other.rang),
            ("description", self.description != other.description),
            (
                "dematerialisation",
                self.dematerialisation != other.dematerialisation,
            ),
            ("rattachements", self.rows.len() != other.rows.len()),
            (
                "identification_nationale",
                holders && rows().any(|(old, new)| old.holder != new.holder),
            ),
            ("structure", rows().any(|(old, new)| old.alias() != new.alias())),
            ("service", rows().any(|(old, new)| old.service != new.service)),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
    }

    /// Empties a field that is suppressed.
    pub fn empty(&mut self, champ: &str) {
        match champ {
            "telephone" => (self.telephone, self.telephone_publie) = Default::default(),
            "description" => self.description.clear(),
            "service" => self.rows.iter_mut().for_each(|row| row.service.clear()),
            "responsable" => self.responsable.clear(),
            _ => {}
        }
    }

    /// The telephone that signed-in viewers see.
    pub fn shown_telephone(&self) -> &str {
        if self.telephone_publie {
            &self.telephone
        } else {
            ""
        }
    }
}

/// A box of the store.
#[derive(Debug, Clone)]
pub struct Held {
    pub id: i64,
    pub public_id: String,
    pub adresse: String,
    pub adresse_publiee: String,
    /// Empty for a box of the extract.
    pub operateur: String,
    pub created_at: i64,
    pub modified_at: i64,
    pub sheet: Sheet,
}

/// Une messagerie telle que son opérateur la lit : avec ce que personne d'autre ne voit.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagerieOperateur {
    #[schema(example = "claire.testeur@sage-femme-exemple.mssante.fr")]
    pub adresse: String,
    #[schema(example = "PER")]
    pub type_bal: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "899000000011")]
    pub identification_nationale: String,
    /// Chiffre de type et identifiant, comme dans l'extraction (`1` FINESS, `2` SIREN, `3` SIRET…).
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "1990000001")]
    pub structure: String,
    #[schema(example = false)]
    pub liste_rouge: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub rang: Option<i16>,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "CARDIOLOGIE", required = false)]
    pub service: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "Messagerie du secrétariat", required = false)]
    pub description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "Claire TESTEUR", required = false)]
    pub responsable: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["899000000029"]), required = false)]
    pub cotitulaires: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "0199000000", required = false)]
    pub telephone: String,
    #[schema(example = false)]
    pub telephone_publie: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    pub dematerialisation: Option<bool>,
    /// Nombre de rattachements, quand il y en a plusieurs ; les champs ci-dessus sont ceux du premier.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub rattachements: Option<usize>,
    /// `operateur`, ou `extrait` pour une messagerie que l'opérateur n'a pas encore reprise.
    #[schema(example = "operateur")]
    pub origine: &'static str,
}

impl Held {
    /// The box of an address in lower case.
    pub async fn load(connection: &mut PgConnection, adresse: &str) -> Result<Option<Self>, sqlx::Error> {
        Ok(Self::load_all(connection, &[adresse.to_owned()]).await?.pop())
    }

    /// The boxes of addresses in lower case, in their order.
    pub async fn load_all(
        connection: &mut PgConnection,
        adresses: &[String],
    ) -> Result<Vec<Self>, sqlx::Error> {
        let rows = sqlx::query(
            "select id, public_id, adresse, adresse_publiee, operateur, created_at, modified_at, type_bal, liste_rouge,
                    rang, description, responsable, titulaire, cotitulaires, telephone, telephone_publie,
                    dematerialisation
             from mailboxes where adresse = any($1) order by adresse",
        )
        .bind(adresses)
        .fetch_all(&mut *connection)
        .await?;
        let mut boxes = Vec::with_capacity(rows.len());
        for row in rows {
            boxes.push(Self {
                id: row.try_get(0)?,
                public_id: row.try_get(1)?,
                adresse: row.try_get(2)?,
                adresse_publiee: row.try_get(3)?,
                operateur: row.try_get(4)?,
                created_at: row.try_get(5)?,
                modified_at: row.try_get(6)?,
                sheet: Sheet {
                    type_bal: row.try_get(7)?,
                    liste_rouge: row.try_get(8)?,
                    rang: row.try_get(9)?,
                    description: row.try_get(10)?,
                    responsable: row.try_get(11)?,
                    titulaire: row.try_get(12)?,
                    cotitulaires: row.try_get(13)?,
                    telephone: row.try_get(14)?,
                    telephone_publie: row.try_get(15)?,
                    dematerialisation: row.try_get(16)?,
                    rows: Vec::new(),
                },
            });
        }
        let ids: Vec<i64> = boxes.iter().map(|held| held.id).collect();
        let rows = sqlx::query(
            "select mailbox_id, identification_nationale, type_structure, identifiant_structure, service
             from mailbox_attachments where mailbox_id = any($1) order by mailbox_id, rang",
        )
        .bind(&ids)
        .fetch_all(connection)
        .await?;
        for row in rows {
            let id: i64 = row.try_get(0)?;
            if let Some(held) = boxes.iter_mut().find(|held| held.id == id) {
                held.sheet.rows.push(SheetRow {
                    holder: row.try_get(1)?,
                    type_structure: row.try_get(2)?,
                    identifiant_structure: row.try_get(3)?,
                    service: row.try_get(4)?,
                });
            }
        }
        Ok(boxes)
    }

    /// The entity tag: of all that the operator may read.
    pub fn etag(&self) -> String {
        let mut hasher = SipHasher13::new();
        hasher.write(format!("{:?}{:?}", self.operateur, self.sheet).as_bytes());
        format!("\"{:016x}\"", hasher.finish())
    }

    /// The box as its operator reads it.
    pub fn shown(&self) -> MessagerieOperateur {
        let sheet = &self.sheet;
        let first = sheet.rows.first().cloned().unwrap_or_default();
        MessagerieOperateur {
            adresse: self.adresse_publiee.clone(),
            type_bal: sheet.type_bal.clone(),
            identification_nationale: if sheet.titulaire.is_empty() {
                first.holder.clone()
            } else {
                sheet.titulaire.clone()
            },
            structure: first.alias(),
            liste_rouge: sheet.liste_rouge,
            rang: sheet.rang,
            service: first.service,
            description: sheet.description.clone(),
            responsable: sheet.responsable.clone(),
            cotitulaires: sheet.cotitulaires.clone(),
            telephone: sheet.telephone.clone(),
            telephone_publie: sheet.telephone_publie,
            dematerialisation: sheet.dematerialisation,
            rattachements: Some(sheet.rows.len()).filter(|rows| *rows > 1),
            origine: if self.operateur.is_empty() {
                "extrait"
            } else {
                "operateur"
            },
        }
    }
}
