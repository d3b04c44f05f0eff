//! What the index is built from: whole professionals, structures and visible mailboxes, read in one snapshot
//! of the store. A red-listed mailbox never leaves this room by this door.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::{PgConnection, Row as _};

use super::aliases::structures_named;
use super::labels::{self, Labels};
use crate::directory::coordinates::Position;
use crate::directory::mailbox::{Attachment, Mailbox, MailboxSummary};
use crate::directory::professional::{Activity, Diploma, Practice, Professional, Qualification};
use crate::directory::structure::{Address, Structure, StructureKind};
use crate::visibility::{COUNTED_BOX, VISIBLE_BOX};

/// Entries read at a time.
const BATCH: i64 = 4000;

/// Tells [`Documents::open`], in the transaction that follows a change, which structures are to be read; a setting of
/// the transaction, because whoever follows opens the reader without saying what for.
const FOLLOWED: &str = "annuaire.followed_structures";

/// One entry of the index.
pub enum Document {
    Professional(i64, Arc<Professional>),
    Structure(i64, Arc<Structure>),
    Mailbox(i64, Box<Mailbox>),
}

/// Reads documents inside the caller's transaction (repeatable read, so that all belong together).
pub struct Documents<'c> {
    connection: &'c mut PgConnection,
    labels: Labels,
    domains: Option<HashSet<String>>,
    /// Whether structures are read when they are needed rather than all at first.
    on_demand: bool,
    structures: HashMap<i64, Arc<Structure>>,
    /// Type digit + identifier → structure.
    aliases: HashMap<String, i64>,
    /// Aliases that were looked for, found or not.
    looked_up: HashSet<String>,
}

impl<'c> Documents<'c> {
    /// Prepares to read: labels and domains, and all structures. In a transaction that follows a change (see
    /// [`read_only_what_changed`]) only those that changed; others are then read when an entry shows them.
    pub async fn open(connection: &'c mut PgConnection) -> Result<Self, sqlx::Error> {
        let labels = Labels::load(connection).await?;
        let domains = labels::domains(connection).await?;
        let followed: Option<Vec<i64>> =
            sqlx::query_scalar("select nullif(current_setting($1, true), '')::bigint[]")
                .bind(FOLLOWED)
                .fetch_one(&mut *connection)
                .await?;
        let mut documents = Self {
            connection,
            labels,
            domains,
            on_demand: followed.is_some(),
            structures: HashMap::new(),
            aliases: HashMap::new(),
            looked_up: HashSet::new(),
        };
        match followed {
            Some(ids) => documents.load_followed(&ids).await?,
            None => documents.load_structures().await?,
        }
        Ok(documents)
    }

    async fn load_structures(&mut self) -> Result<(), sqlx::Error> {
        let counts: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(counts("true")))
            .fetch_all(&mut *self.connection)
            .await?;
        let mut after = 0_i64;
        loop {
            let statement = format!("{STRUCTURES} where id > $1 order by id limit $2");
            let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
                .bind(after)
                .bind(BATCH * 10)
                .fetch_all(&mut *self.connection)
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let id: i64 = row.try_get(0)?;
                after = id;
                let structure = self.structure(&row)?;
                for alias in aliases(&structure) {
                    // Several establishments may share a SIRET: the first one known answers for it.
                    self.aliases.entry(alias).or_insert(id);
                }
                self.structures.insert(id, Arc::new(structure));
            }
        }
        self.add_counts(counts);
        Ok(())
    }

    /// Structures that changed, with their numbers of mailboxes.
    async fn load_followed(&mut self, ids: &[i64]) -> Result<(), sqlx::Error> {
        self.need_structures(ids).await?;
        let own: Vec<String> = ids
            .iter()
            .filter_map(|id| self.structures.get(id))
            .flat_map(|structure| aliases(structure))
            .collect();
        self.need_aliases(&own).await?;
        let of_those = "a.type_structure || a.identifiant_structure = any($1)";
        let counts: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(counts(of_those)))
            .bind(&own)
            .fetch_all(&mut *self.connection)
            .await?;
        self.add_counts(counts);
        Ok(())
    }

    fn add_counts(&mut self, counts: Vec<(String, i64)>) {
        for (alias, count) in counts {
            if let Some(structure) = self
                .aliases
                .get(&alias)
                .and_then(|id| self.structures.get_mut(id))
            {
                Arc::make_mut(structure).mailboxes += u32::try_from(count).unwrap_or(u32::MAX);
            }
        }
    }

    /// Reads those of some structures that are not there yet; all are, unless a change is followed.
    async fn need_structures(&mut self, ids: &[i64]) -> Result<(), sqlx::Error> {
        let mut missing: Vec<i64> = ids
            .iter()
            .copied()
            .filter(|id| !self.structures.contains_key(id))
            .collect();
        if !self.on_demand || missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{STRUCTURES} where id = any($1)")))
            .bind(&missing)
            .fetch_all(&mut *self.connection)
            .await?;
        for row in rows {
            let structure = self.structure(&row)?;
            self.structures.insert(row.try_get(0)?, Arc::new(structure));
        }
        Ok(())
    }

    /// Finds out who answers for some aliases, as reading all structures would have.
    async fn need_aliases(&mut self, wanted: &[String]) -> Result<(), sqlx::Error> {
        let missing: Vec<String> = wanted
            .iter()
            .filter(|alias| !self.looked_up.contains(*alias))
            .cloned()
            .collect();
        if !self.on_demand || missing.is_empty() {
            return Ok(());
        }
        let mut candidates = structures_named(self.connection, &missing).await?;
        candidates.sort_unstable();
        self.need_structures(&candidates).await?;
        for id in candidates {
            for alias in self
                .structures
                .get(&id)
                .map(|structure| aliases(structure))
                .unwrap_or_default()
            {
                if missing.contains(&alias) {
                    self.aliases.entry(alias).or_insert(id);
                }
            }
        }
        self.looked_up.extend(missing);
        Ok(())
    }

    fn structure(&self, row: &sqlx::postgres::PgRow) -> Result<Structure, sqlx::Error> {
        let departement: String = row.try_get(17)?;
        let position = match (row.try_get(21)?, row.try_get(22)?) {
            (Some(lat), Some(lon)) => Some(Position { lat, lon }),
            _ => None,
        };
        Ok(Structure {
            id: row.try_get(1)?,
            kind: StructureKind::from_word(row.try_get(2)?),
            identifiant: row.try_get(3)?,
            finess: row.try_get(4)?,
            finess_ej: row.try_get(5)?,
            siret: row.try_get(6)?,
            siren: row.try_get(7)?,
            ancien_identifiant: row.try_get(8)?,
            nom: row.try_get(9)?,
            enseigne: row.try_get(10)?,
            categorie: self.labels.get(&["TRE_R66"], row.try_get(11)?),
            statut_juridique: self.labels.get(&["TRE_R72"], row.try_get(12)?),
            adresse: Address {
                lignes: row.try_get(13)?,
                code_postal: row.try_get(14)?,
                commune: row.try_get(15)?,
                code_insee: row.try_get(16)?,
                libelle_departement: self.labels.department(&departement),
                departement,
                pays: row.try_get(18)?,
            },
            telephone: row.try_get(19)?,
            telecopie: row.try_get(20)?,
            position,
            position_approchee: position.is_some() && row.try_get(26)?,
            ouverte: row.try_get(25)?,
            mailboxes: 0,
            created_at: row.try_get(23)?,
            modified_at: row.try_get(24)?,
        })
    }

    /// A structure by id, if the directory knows it.
    pub fn structure_by_id(&self, id: i64) -> Option<Arc<Structure>> {
        self.structures.get(&id).cloned()
    }

    /// Ids of all structures.
    pub fn structure_ids(&self) -> Vec<i64> {
        self.structures.keys().copied().collect()
    }

    /// The next batch of ids of a table after `after`, in order.
    pub async fn next_ids(&mut self, table: IdTable, after: i64) -> Result<Vec<i64>, sqlx::Error> {
        sqlx::query_scalar(match table {
            IdTable::Professionals => "select id from professionals where id > $1 order by id limit $2",
            IdTable::Mailboxes => "select id from mailboxes where id > $1 order by id limit $2",
        })
        .bind(after)
        .bind(BATCH)
        .fetch_all(&mut *self.connection)
        .await
    }

    /// Whole professionals by id; those that are gone are left out.
    pub async fn professionals(&mut self, ids: &[i64]) -> Result<Vec<(i64, Arc<Professional>)>, sqlx::Error> {
        let mut professionals = Vec::with_capacity(ids.len());
        let rows = sqlx::query(
            "select id, public_id, identification_nationale, identifiant, civilite, civilite_exercice, nom, prenom,
                    created_at, modified_at
             from professionals where id = any($1) order by id",
        )
        .bind(ids)
        .fetch_all(&mut *self.connection)
        .await?;
        let mut places = HashMap::with_capacity(rows.len());
        for row in rows {
            let id: i64 = row.try_get(0)?;
            places.insert(id, professionals.len());
            professionals.push((
                id,
                Professional {
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
                },
            ));
        }
        self.add_activities(ids, &places, &mut professionals).await?;
        self.add_qualifications(ids, &places, &mut professionals).await?;
        self.add_diplomas(ids, &places, &mut professionals).await?;
        self.add_mailboxes(&mut professionals).await?;
        Ok(professionals
            .into_iter()
            .map(|(id, professional)| (id, Arc::new(professional)))
            .collect())
    }

    async fn add_activities(
        &mut self,
        ids: &[i64],
        places: &HashMap<i64, usize>,
        professionals: &mut [(i64, Professional)],
    ) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(
            "select professional_id, profession, categorie, structure_id, mode_exercice, role, genre, secteur,
                    section_pharmacien
             from activities where professional_id = any($1) order by professional_id, rang",
        )
        .bind(ids)
        .fetch_all(&mut *self.connection)
        .await?;
        let shown = rows.iter().filter_map(|row| row.try_get(3).ok().flatten());
        let shown: Vec<i64> = shown.collect();
        self.need_structures(&shown).await?;
        for row in rows {
            let Some((_, professional)) = places
                .get(&row.try_get(0)?)
                .and_then(|n| professionals.get_mut(*n))
            else {
                continue;
            };
            let activity = Activity {
                structure: row
                    .try_get::<Option<i64>, _>(3)?
                    .and_then(|id| self.structures.get(&id).cloned()),
                mode_exercice: self.labels.get(&["TRE_R23"], row.try_get(4)?),
                role: self.labels.get(&["TRE_R21", "TRE_R85"], row.try_get(5)?),
                genre: self.labels.get(&["TRE_R22"], row.try_get(6)?),
                secteur: self.labels.get(&["TRE_R02"], row.try_get(7)?),
                section_pharmacien: self.labels.get(&["TRE_R06"], row.try_get(8)?),
            };
            if let Some(practice) = self.practice(professional, row.try_get(1)?, row.try_get(2)?) {
                practice.activities.push(activity);
            }
        }
        Ok(())
    }

    /// The practice of a profession and category, made when it is not there yet.
    fn practice<'p>(
        &self,
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
                    profession: self.labels.profession(profession)?,
                    categorie: self.labels.get(&["TRE_R09"], categorie),
                    qualifications: Vec::new(),
                    activities: Vec::new(),
                });
                professional.practices.len() - 1
            }
        };
        professional.practices.get_mut(place)
    }

    async fn add_qualifications(
        &mut self,
        ids: &[i64],
        places: &HashMap<i64, usize>,
        professionals: &mut [(i64, Professional)],
    ) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(
            "select distinct on (professional_id, profession, categorie, type_savoir_faire, savoir_faire)
                    professional_id, profession, categorie, type_savoir_faire, savoir_faire
             from qualifications where professional_id = any($1)
             order by professional_id, profession, categorie, type_savoir_faire, savoir_faire",
        )
        .bind(ids)
        .fetch_all(&mut *self.connection)
        .await?;
        for row in rows {
            let Some((_, professional)) = places
                .get(&row.try_get(0)?)
                .and_then(|n| professionals.get_mut(*n))
            else {
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
            if let Some(practice) = self.practice(professional, row.try_get(1)?, row.try_get(2)?) {
                practice.qualifications.push(Qualification {
                    type_savoir_faire,
                    savoir_faire,
                });
            }
        }
        Ok(())
    }

    async fn add_diplomas(
        &mut self,
        ids: &[i64],
        places: &HashMap<i64, usize>,
        professionals: &mut [(i64, Professional)],
    ) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(
            "select professional_id, type_diplome, diplome, type_autorisation, discipline
             from diplomas where professional_id = any($1) order by 1, 2, 3, 4, 5",
        )
        .bind(ids)
        .fetch_all(&mut *self.connection)
        .await?;
        for row in rows {
            if let Some((_, professional)) = places
                .get(&row.try_get(0)?)
                .and_then(|n| professionals.get_mut(*n))
            {
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

    async fn add_mailboxes(&mut self, professionals: &mut [(i64, Professional)]) -> Result<(), sqlx::Error> {
        let holders: Vec<&str> = professionals
            .iter()
            .map(|(_, p)| p.identification_nationale.as_str())
            .collect();
        let statement = format!(
            "select distinct a.identification_nationale, m.adresse_publiee, m.type_bal, m.rang, m.adresse
             from mailbox_attachments a join mailboxes m on m.id = a.mailbox_id
             where a.identification_nationale = any($1) and {VISIBLE_BOX} and m.type_bal = 'PER'
             order by a.identification_nationale, m.rang nulls last, m.adresse"
        );
        let rows: Vec<(String, String, String, Option<i16>, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(statement))
                .bind(&holders)
                .fetch_all(&mut *self.connection)
                .await?;
        let mut boxes: HashMap<String, Vec<MailboxSummary>> = HashMap::new();
        for (holder, adresse, type_bal, _, _) in rows {
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
        Ok(())
    }

    /// Visible mailboxes by id; red-listed ones and those that are gone are left out.
    pub async fn mailboxes(&mut self, ids: &[i64]) -> Result<Vec<(i64, Box<Mailbox>)>, sqlx::Error> {
        let statement = format!(
            "select id, public_id, adresse, adresse_publiee, type_bal, domaine, rang, description,
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
            let domaine: String = row.try_get(5)?;
            places.insert(id, mailboxes.len());
            mailboxes.push((
                id,
                Box::new(Mailbox {
                    id: row.try_get(1)?,
                    adresse: row.try_get(2)?,
                    adresse_publiee: row.try_get(3)?,
                    type_bal: row.try_get(4)?,
                    domaine_de_confiance: self.domains.as_ref().map(|domains| domains.contains(&domaine)),
                    domaine,
                    rang: row
                        .try_get::<Option<i16>, _>(6)?
                        .and_then(|rang| u16::try_from(rang).ok()),
                    description: row.try_get(7)?,
                    dematerialisation: row.try_get(8)?,
                    telephone: row.try_get(9)?,
                    attachments: Vec::new(),
                    professional: None,
                    created_at: row.try_get(10)?,
                    modified_at: row.try_get(11)?,
                }),
            ));
        }
        self.add_attachments(ids, &places, &mut mailboxes).await?;
        self.add_holders(&mut mailboxes).await?;
        Ok(mailboxes)
    }

    async fn add_attachments(
        &mut self,
        ids: &[i64],
        places: &HashMap<i64, usize>,
        mailboxes: &mut [(i64, Box<Mailbox>)],
    ) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(
            "select * from mailbox_attachments where mailbox_id = any($1) order by mailbox_id, rang",
        )
        .bind(ids)
        .fetch_all(&mut *self.connection)
        .await?;
        let shown = rows.iter().map(|row| {
            let (digit, identifier): (&str, &str) = (
                row.try_get("type_structure")?,
                row.try_get("identifiant_structure")?,
            );
            Ok(format!("{digit}{identifier}"))
        });
        let shown: Vec<String> = shown.collect::<Result<_, sqlx::Error>>()?;
        self.need_aliases(&shown).await?;
        for row in rows {
            let Some((_, mailbox)) = places.get(&row.try_get(0)?).and_then(|n| mailboxes.get_mut(*n)) else {
                continue;
            };
            let mut attachment = self.attachment(&row)?;
            // Whoever answers for an organisation's, a machine's or a practice's box is not public.
            if mailbox.type_bal != "PER" {
                attachment.hide_person();
            }
            mailbox.attachments.push(attachment);
        }
        Ok(())
    }

    fn attachment(&self, row: &sqlx::postgres::PgRow) -> Result<Attachment, sqlx::Error> {
        let text = |name: &str| row.try_get::<String, _>(name);
        let (type_structure, identifiant_structure) =
            (text("type_structure")?, text("identifiant_structure")?);
        let structure = self
            .aliases
            .get(&format!("{type_structure}{identifiant_structure}"))
            .and_then(|id| self.structures.get(id).cloned());
        let (postcode, routing, pays) = (text("code_postal")?, text("l6_acheminement")?, text("pays")?);
        let (numero, indice, voie_type, voie, mention, l2, l3) = (
            text("l4_numero")?,
            text("l4_complement_numero")?,
            text("l4_type_voie")?,
            text("l4_voie")?,
            text("l5_mention")?,
            text("l2_complement")?,
            text("l3_complement")?,
        );
        let adresse = super::row_address::of(super::row_address::Columns {
            l2: &l2,
            l3: &l3,
            numero: &numero,
            indice: &indice,
            type_voie: &voie_type,
            voie: &voie,
            mention: &mention,
            acheminement: &routing,
            code_postal: &postcode,
            departement: &text("departement")?,
            pays: &pays,
        });
        let adresse = Address {
            libelle_departement: self.labels.department(&adresse.departement),
            ..adresse
        };
        Ok(Attachment {
            type_identifiant_pp: text("type_identifiant_pp")?,
            identifiant_pp: text("identifiant_pp")?,
            identification_nationale: text("identification_nationale")?,
            type_structure,
            identifiant_structure,
            service: text("service")?,
            nom: text("nom")?,
            prenom: text("prenom")?,
            categorie: self.labels.get(&["TRE_R09"], row.try_get("categorie")?),
            profession: self.labels.profession(row.try_get("profession")?),
            savoir_faire: self.labels.qualification("", row.try_get("savoir_faire")?),
            raison_sociale: text("raison_sociale")?,
            enseigne: text("enseigne")?,
            adresse,
            structure,
        })
    }

    async fn add_holders(&mut self, mailboxes: &mut [(i64, Box<Mailbox>)]) -> Result<(), sqlx::Error> {
        let holder = |mailbox: &Mailbox| {
            mailbox
                .attachments
                .iter()
                .map(|a| a.identification_nationale.clone())
                .find(|id| !id.is_empty())
        };
        let wanted: Vec<String> = mailboxes
            .iter()
            .filter_map(|(_, mailbox)| holder(mailbox))
            .collect();
        let ids: Vec<i64> =
            sqlx::query_scalar("select id from professionals where identification_nationale = any($1)")
                .bind(&wanted)
                .fetch_all(&mut *self.connection)
                .await?;
        let known: HashMap<String, Arc<Professional>> = self
            .professionals(&ids)
            .await?
            .into_iter()
            .map(|(_, professional)| (professional.identification_nationale.clone(), professional))
            .collect();
        for (_, mailbox) in mailboxes {
            mailbox.professional = holder(mailbox).and_then(|id| known.get(&id).cloned());
        }
        Ok(())
    }
}

/// Tables whose ids are walked.
#[derive(Debug, Clone, Copy)]
pub enum IdTable {
    Professionals,
    Mailboxes,
}

/// What the structures of the directory are read from. Those without a position lie at the centre of their commune or
/// postcode; abroad there is no department, and a postcode of the same digits is another place.
const STRUCTURES: &str =
    "select id, public_id, genre, identifiant, finess, finess_ej, siret, siren, ancien_identifiant, nom,
            enseigne, categorie, statut_juridique, lignes, code_postal, commune, code_insee,
            departement, pays, telephone, telecopie, coalesce(s.lat, c.lat, p.lat),
            coalesce(s.lon, c.lon, p.lon), created_at, modified_at, ouverte, s.lat is null
     from structures s
     left join commune_centres c on c.code = s.code_insee and s.departement <> ''
     left join postcode_centres p on p.code = s.code_postal and s.departement <> ''";

/// The statement that counts mailboxes by the alias of their structure.
fn counts(condition: &str) -> String {
    format!(
        "select a.type_structure || a.identifiant_structure, count(distinct m.id)
         from mailbox_attachments a join mailboxes m on m.id = a.mailbox_id
         where {COUNTED_BOX} and a.identifiant_structure <> '' and {condition} group by 1"
    )
}

/// Tells that what is read next in this transaction follows a change, and which structures it must find.
pub async fn read_only_what_changed(
    connection: &mut PgConnection,
    structures: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query("select set_config($1, $2::bigint[]::text, true)")
        .bind(FOLLOWED)
        .bind(structures)
        .execute(connection)
        .await?;
    Ok(())
}

/// The names by which a mailbox's row may point at a structure.
fn aliases(structure: &Structure) -> Vec<String> {
    let mut aliases = vec![
        prefixed('1', &structure.finess),
        structure.ancien_identifiant.clone(),
        prefixed('3', &structure.siret),
        prefixed('2', &structure.siren),
        // An operator may name a place that has nothing but a technical id.
        structure.identifiant.clone(),
    ];
    aliases.retain(|alias| !alias.is_empty());
    aliases
}

fn prefixed(digit: char, identifier: &str) -> String {
    if identifier.is_empty() {
        String::new()
    } else {
        format!("{digit}{identifier}")
    }
}
