//! Visible mailboxes with their rows and holders.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::Documents;
use super::professionals::Professionals;
use crate::directory::mailbox::{Attachment, Mailbox};
use crate::directory::professional::Professional;
use crate::directory::structure::Address;
use crate::store::row_address;
use crate::visibility::VISIBLE_BOX;

/// Mailboxes with their ids.
pub type Mailboxes = Vec<(i64, Box<Mailbox>)>;

impl Documents<'_> {
    /// Visible mailboxes by id; red-listed ones and those that are gone are left out.
    pub async fn mailboxes(&mut self, ids: &[i64]) -> Result<Mailboxes, sqlx::Error> {
        let mut mailboxes = self.without_holders(ids).await?;
        let wanted: Vec<&str> = mailboxes
            .iter()
            .filter_map(|(_, mailbox)| holder(mailbox))
            .collect();
        let ids: Vec<i64> =
            sqlx::query_scalar("select id from professionals where identification_nationale = any($1)")
                .bind(&wanted)
                .fetch_all(&mut *self.connection)
                .await?;
        let known = self.professionals(&ids).await?;
        add_holders(&mut mailboxes, &known);
        Ok(mailboxes)
    }

    /// Those visible mailboxes whose holder is one of some professionals: who has just read these need not read them
    /// again.
    pub async fn mailboxes_of(
        &mut self,
        professionals: &Professionals,
        ids: &[i64],
    ) -> Result<Mailboxes, sqlx::Error> {
        let mut mailboxes = self.without_holders(ids).await?;
        add_holders(&mut mailboxes, professionals);
        mailboxes.retain(|(_, mailbox)| mailbox.professional.is_some());
        Ok(mailboxes)
    }

    async fn without_holders(&mut self, ids: &[i64]) -> Result<Mailboxes, sqlx::Error> {
        let statement = format!(
            "select id, public_id, adresse, type_bal, domaine, rang, description,
                    dematerialisation, case when telephone_publie then telephone else '' end, created_at, modified_at
             from mailboxes m where id = any($1) and {VISIBLE_BOX} order by id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(ids)
            .fetch_all(&mut *self.connection)
            .await?;
        let mut mailboxes = Vec::with_capacity(rows.len());
        let mut places = HashMap::with_capacity(rows.len());
        for row in rows {
            let id: i64 = row.try_get(0)?;
            let domaine: String = row.try_get(4)?;
            places.insert(id, mailboxes.len());
            mailboxes.push((
                id,
                Box::new(Mailbox {
                    id: row.try_get(1)?,
                    adresse: row.try_get(2)?,
                    type_bal: row.try_get(3)?,
                    domaine_de_confiance: self.domains.as_ref().map(|domains| domains.contains(&domaine)),
                    domaine,
                    rang: row
                        .try_get::<Option<i16>, _>(5)?
                        .and_then(|rang| u16::try_from(rang).ok()),
                    description: row.try_get(6)?,
                    dematerialisation: row.try_get(7)?,
                    telephone: row.try_get(8)?,
                    attachments: Vec::new(),
                    professional: None,
                    created_at: row.try_get(9)?,
                    modified_at: row.try_get(10)?,
                }),
            ));
        }
        self.add_attachments(ids, &places, &mut mailboxes).await?;
        Ok(mailboxes)
    }

    async fn add_attachments(
        &mut self,
        ids: &[i64],
        places: &HashMap<i64, usize>,
        mailboxes: &mut [(i64, Box<Mailbox>)],
    ) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(ATTACHMENTS)
            .bind(ids)
            .fetch_all(&mut *self.connection)
            .await?;
        let shown = rows.iter().map(|row| {
            let (digit, identifier): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
            Ok(format!("{digit}{identifier}"))
        });
        let shown: Vec<String> = shown.collect::<Result<_, sqlx::Error>>()?;
        self.need_aliases(&shown).await?;
        for (row, alias) in rows.iter().zip(&shown) {
            let Some((_, mailbox)) = places.get(&row.try_get(0)?).and_then(|n| mailboxes.get_mut(*n)) else {
                continue;
            };
            let mut attachment = self.attachment(row, alias)?;
            // Whoever answers for an organisation's, a machine's or a practice's box is not public.
            if mailbox.type_bal != "PER" {
                attachment.hide_person();
            }
            mailbox.attachments.push(attachment);
        }
        Ok(())
    }

    fn attachment(&mut self, row: &PgRow, alias: &str) -> Result<Attachment, sqlx::Error> {
        let borrowed = |column: usize| row.try_get::<&str, _>(column);
        let text = |column: usize| row.try_get::<String, _>(column);
        let structure = self
            .aliases
            .get(alias)
            .and_then(|id| self.structures.get(*id, &self.labels));
        let adresse = row_address::of(row_address::Columns {
            l2: borrowed(14)?,
            l3: borrowed(15)?,
            numero: borrowed(16)?,
            indice: borrowed(17)?,
            type_voie: borrowed(18)?,
            voie: borrowed(19)?,
            mention: borrowed(20)?,
            acheminement: borrowed(21)?,
            code_postal: borrowed(22)?,
            departement: borrowed(23)?,
            pays: borrowed(24)?,
        });
        let adresse = Address {
            libelle_departement: self.labels.department(&adresse.departement),
            ..adresse
        };
        Ok(Attachment {
            type_structure: text(1)?,
            identifiant_structure: text(2)?,
            type_identifiant_pp: text(3)?,
            identifiant_pp: text(4)?,
            identification_nationale: text(5)?,
            service: text(6)?,
            nom: text(7)?,
            prenom: text(8)?,
            categorie: self.labels.get(&["TRE_R09"], borrowed(9)?),
            profession: self.labels.profession(borrowed(10)?),
            savoir_faire: self.labels.qualification("", borrowed(11)?),
            raison_sociale: text(12)?,
            enseigne: text(13)?,
            adresse,
            structure,
        })
    }
}

/// The rows of some mailboxes.
const ATTACHMENTS: &str =
    "select mailbox_id, type_structure, identifiant_structure, type_identifiant_pp, identifiant_pp,
            identification_nationale, service, nom, prenom, categorie, profession, savoir_faire, raison_sociale,
            enseigne, l2_complement, l3_complement, l4_numero, l4_complement_numero, l4_type_voie, l4_voie,
            l5_mention, l6_acheminement, code_postal, departement, pays
     from mailbox_attachments where mailbox_id = any($1) order by mailbox_id, rang";

/// Whom the rows of a mailbox name as its holder.
fn holder(mailbox: &Mailbox) -> Option<&str> {
    mailbox
        .attachments
        .iter()
        .map(|a| a.identification_nationale.as_str())
        .find(|id| !id.is_empty())
}

fn add_holders(mailboxes: &mut Mailboxes, professionals: &Professionals) {
    let known: HashMap<&str, &Arc<Professional>> = professionals
        .iter()
        .map(|(_, professional)| (professional.identification_nationale.as_str(), professional))
        .collect();
    for (_, mailbox) in mailboxes {
        let professional = holder(mailbox).and_then(|id| known.get(id));
        mailbox.professional = professional.map(|professional| (*professional).clone());
    }
}
