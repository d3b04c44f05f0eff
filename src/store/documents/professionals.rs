//! Whole professionals: practices, qualifications, activities, diplomas, visible mailboxes.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::{Documents, Ids};
use crate::directory::mailbox::MailboxSummary;
use crate::directory::professional::{Activity, Diploma, Practice, Professional, Qualification};
use crate::store::labels::Labels;
use crate::visibility::VISIBLE_BOX;

/// Professionals with their ids.
pub type Professionals = Vec<(i64, Arc<Professional>)>;

impl Documents<'_> {
    /// Whole professionals by id; those that are gone are left out.
    pub async fn professionals(&mut self, ids: &[i64]) -> Result<Professionals, sqlx::Error> {
        Ok(self.professionals_with_boxes(Ids::Some(ids)).await?.0)
    }

    /// The same, with the ids of their visible mailboxes.
    pub async fn professionals_with_boxes(
        &mut self,
        ids: Ids<'_>,
    ) -> Result<(Professionals, Vec<i64>), sqlx::Error> {
        let rows = self
            .rows_of(
                ids,
                "id",
                "select id, public_id, identification_nationale, identifiant, civilite, civilite_exercice, nom,
                        prenom, created_at, modified_at
                 from professionals where {among} order by id",
            )
            .await?;
        let mut gathered = Gathered::default();
        for row in rows {
            let professional = Professional {
                id: row.try_get(1)?,
                identification_nationale: row.try_get(2)?,
                identifiant: row.try_get(3)?,
                civilite: self.labels.get(&["TRE_R81"], row.try_get(4)?),
                civilite_exercice: self.labels.get(&["TRE_R11"], row.try_get(5)?),
                nom: row.try_get(6)?,
                prenom: row.try_get(7)?,
                practices: Vec::new(),
                diplomas: Vec::new(),
                mailboxes: Vec::new(),
                created_at: row.try_get(8)?,
                modified_at: row.try_get(9)?,
            };
            gathered.push(row.try_get(0)?, professional);
        }
        self.add_activities(ids, &mut gathered).await?;
        self.add_qualifications(ids, &mut gathered).await?;
        self.add_diplomas(ids, &mut gathered).await?;
        let mut professionals = gathered.all;
        let boxes = self.add_mailboxes(&mut professionals).await?;
        let professionals = professionals
            .into_iter()
            .map(|(id, professional)| (id, Arc::new(professional)))
            .collect();
        Ok((professionals, boxes))
    }

    /// What a statement reads of some professionals, whose ids are in a column and `{among}` others.
    async fn rows_of(
        &mut self,
        ids: Ids<'_>,
        column: &str,
        statement: &str,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        let statement = statement.replace("{among}", &ids.among(column));
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(ids.as_slice())
            .fetch_all(&mut *self.connection)
            .await
    }

    async fn add_activities(&mut self, ids: Ids<'_>, gathered: &mut Gathered) -> Result<(), sqlx::Error> {
        let rows = self
            .rows_of(
                ids,
                "professional_id",
                "select professional_id, profession, categorie, structure_id, mode_exercice, role, genre, secteur,
                        section_pharmacien
                 from activities where {among} order by professional_id, rang",
            )
            .await?;
        let shown = rows.iter().filter_map(|row| row.try_get(3).ok().flatten());
        let shown: Vec<i64> = shown.collect();
        self.need_structures(&shown).await?;
        for row in rows {
            let Some(professional) = gathered.get_mut(row.try_get(0)?) else {
                continue;
            };
            let activity = Activity {
                structure: row
                    .try_get::<Option<i64>, _>(3)?
                    .and_then(|id| self.structures.get(id, &self.labels)),
                mode_exercice: self.labels.get(&["TRE_R23"], row.try_get(4)?),
                role: self.labels.get(&["TRE_R21", "TRE_R85"], row.try_get(5)?),
                genre: self.labels.get(&["TRE_R22"], row.try_get(6)?),
                secteur: self.labels.get(&["TRE_R02"], row.try_get(7)?),
                section_pharmacien: self.labels.get(&["TRE_R06"], row.try_get(8)?),
            };
            if let Some(practice) = practice(&self.labels, professional, row.try_get(1)?, row.try_get(2)?) {
                practice.activities.push(activity);
            }
        }
        Ok(())
    }

    async fn add_qualifications(&mut self, ids: Ids<'_>, gathered: &mut Gathered) -> Result<(), sqlx::Error> {
        let rows = self
            .rows_of(
                ids,
                "professional_id",
                "select distinct on (professional_id, profession, categorie, type_savoir_faire, savoir_faire)
                        professional_id, profession, categorie, type_savoir_faire, savoir_faire
                 from qualifications where {among}
                 order by professional_id, profession, categorie, type_savoir_faire, savoir_faire",
            )
            .await?;
        for row in rows {
            let Some(professional) = gathered.get_mut(row.try_get(0)?) else {
                continue;
            };
            let (type_code, code): (&str, &str) = (row.try_get(3)?, row.try_get(4)?);
            let Some(savoir_faire) = self.labels.qualification(type_code, code) else {
                continue;
            };
            let type_savoir_faire = self
                .labels
                .get(&["TRE_R04"], type_code)
                .unwrap_or_else(|| savoir_faire.clone());
            if let Some(practice) = practice(&self.labels, professional, row.try_get(1)?, row.try_get(2)?) {
                practice.qualifications.push(Qualification {
                    type_savoir_faire,
                    savoir_faire,
                });
            }
        }
        Ok(())
    }

    async fn add_diplomas(&mut self, ids: Ids<'_>, gathered: &mut Gathered) -> Result<(), sqlx::Error> {
        let rows = self
            .rows_of(
                ids,
                "professional_id",
                "select professional_id, type_diplome, diplome, type_autorisation, discipline
                 from diplomas where {among} order by 1, 2, 3, 4, 5",
            )
            .await?;
        for row in rows {
            if let Some(professional) = gathered.get_mut(row.try_get(0)?) {
                professional.diplomas.push(Diploma {
                    type_diplome: self.labels.get(&["TRE_R14"], row.try_get(1)?),
                    diplome: self.labels.get(&["DIPLOME"], row.try_get(2)?),
                    type_autorisation: self.labels.get(&["TRE_R17"], row.try_get(3)?),
                    discipline: self.labels.get(&["TRE_R18"], row.try_get(4)?),
                });
            }
        }
        Ok(())
    }

    /// Adds what a professional's own view says of their visible mailboxes; gives the ids of these.
    async fn add_mailboxes(
        &mut self,
        professionals: &mut [(i64, Professional)],
    ) -> Result<Vec<i64>, sqlx::Error> {
        let holders: Vec<&str> = professionals
            .iter()
            .map(|(_, p)| p.identification_nationale.as_str())
            .collect();
        let statement = format!(
            "select distinct a.identification_nationale, m.adresse, m.type_bal, m.rang, m.id
             from mailbox_attachments a join mailboxes m on m.id = a.mailbox_id
             where a.identification_nationale = any($1) and {VISIBLE_BOX} and m.type_bal = 'PER'
             order by a.identification_nationale, m.rang nulls last, m.adresse"
        );
        let rows: Vec<(String, String, String, Option<i16>, i64)> =
            sqlx::query_as(sqlx::AssertSqlSafe(statement))
                .bind(&holders)
                .fetch_all(&mut *self.connection)
                .await?;
        let mut ids = Vec::with_capacity(rows.len());
        let mut boxes: HashMap<String, Vec<MailboxSummary>> = HashMap::new();
        for (holder, adresse, type_bal, _, id) in rows {
            ids.push(id);
            boxes
                .entry(holder)
                .or_default()
                .push(MailboxSummary { adresse, type_bal });
        }
        for (_, professional) in professionals {
            professional.mailboxes = boxes
                .remove(&professional.identification_nationale)
                .unwrap_or_default();
        }
        Ok(ids)
    }
}

/// Professionals while their parts come, found by id.
#[derive(Default)]
struct Gathered {
    all: Vec<(i64, Professional)>,
    places: HashMap<i64, usize>,
}

impl Gathered {
    fn push(&mut self, id: i64, professional: Professional) {
        self.places.insert(id, self.all.len());
        self.all.push((id, professional));
    }

    fn get_mut(&mut self, id: i64) -> Option<&mut Professional> {
        let place = *self.places.get(&id)?;
        self.all.get_mut(place).map(|(_, professional)| professional)
    }
}

/// The practice of a profession and category, made when it is not there yet.
fn practice<'p>(
    labels: &Labels,
    professional: &'p mut Professional,
    profession: &str,
    categorie: &str,
) -> Option<&'p mut Practice> {
    let is_it = |p: &Practice| {
        &*p.profession.code == profession && p.categorie.as_ref().map_or("", |c| &*c.code) == categorie
    };
    let place = match professional.practices.iter().position(is_it) {
        Some(place) => place,
        None => {
            professional.practices.push(Practice {
                profession: labels.profession(profession)?,
                categorie: labels.get(&["TRE_R09"], categorie),
                qualifications: Vec::new(),
                activities: Vec::new(),
            });
            professional.practices.len() - 1
        }
    };
    professional.practices.get_mut(place)
}
