//! Structures: all of them batch by batch, or those that a change needs; and who answers for an alias.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use tokio_stream::StreamExt as _;

use super::{BATCH, Documents};
use crate::directory::coordinates::Position;
use crate::directory::structure::{Address, Structure, StructureKind};
use crate::store::aliases::structures_named;
use crate::store::labels::Labels;
use crate::visibility::COUNTED_BOX;

impl Documents<'_> {
    /// The next structures, none after the last: what is read of other entries shows those that were read before.
    pub async fn next_structures(&mut self) -> Result<Vec<(i64, Arc<Structure>)>, sqlx::Error> {
        if !self.is_reading_structures {
            self.is_reading_structures = true;
            self.begin_structures().await?;
        }
        // Taken apart while Postgres joins the next.
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(format!("fetch {BATCH} from all_structures")))
            .fetch(&mut *self.connection);
        let mut batch = Vec::with_capacity(BATCH as usize);
        while let Some(row) = rows.next().await {
            let row = row?;
            let id: i64 = row.try_get(0)?;
            let mut structure = structure(&row, &self.labels)?;
            for alias in aliases(&structure) {
                // Several establishments may share a SIRET: the first one known answers for it.
                if let Some((alias, count)) = self.counts.remove_entry(&alias) {
                    self.aliases.insert(alias, id);
                    add_count(&mut structure, count);
                }
            }
            self.structures.put(id, &structure);
            batch.push((id, Arc::new(structure)));
        }
        Ok(batch)
    }

    /// Reads the numbers of mailboxes, and opens a cursor: Postgres cannot begin its joins behind an id, so that each
    /// batch asked for by itself costs as much as all before it.
    async fn begin_structures(&mut self) -> Result<(), sqlx::Error> {
        let counts: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(counts("true")))
            .fetch_all(&mut *self.connection)
            .await?;
        self.counts = counts.into_iter().collect();
        let cursor = format!("declare all_structures no scroll cursor for {STRUCTURES} order by id");
        sqlx::query(sqlx::AssertSqlSafe(cursor))
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    /// Structures that changed, with their numbers of mailboxes.
    pub(super) async fn load_followed(&mut self, ids: &[i64]) -> Result<(), sqlx::Error> {
        self.need_structures(ids).await?;
        let own: Vec<String> = ids
            .iter()
            .filter_map(|id| self.structures.get(*id, &self.labels))
            .flat_map(|structure| aliases(&structure))
            .collect();
        self.need_aliases(&own).await?;
        let of_those = "a.type_structure || a.identifiant_structure = any($1)";
        let counts: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(counts(of_those)))
            .bind(&own)
            .fetch_all(&mut *self.connection)
            .await?;
        for (alias, count) in counts {
            let id = self.aliases.get(&alias).copied();
            if let Some(structure) = id.and_then(|id| self.structures.get(id, &self.labels)) {
                let mut structure = Structure::clone(&structure);
                add_count(&mut structure, count);
                self.structures.put(id.unwrap_or_default(), &structure);
            }
        }
        Ok(())
    }

    /// Reads those of some structures that are not there yet; all are, unless a change is followed.
    pub(super) async fn need_structures(&mut self, ids: &[i64]) -> Result<(), sqlx::Error> {
        let mut missing: Vec<i64> = ids
            .iter()
            .copied()
            .filter(|id| !self.structures.holds(*id))
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
            let structure = structure(&row, &self.labels)?;
            self.structures.put(row.try_get(0)?, &structure);
        }
        Ok(())
    }

    /// Finds out who answers for some aliases, as reading all structures would have.
    pub(super) async fn need_aliases(&mut self, wanted: &[String]) -> Result<(), sqlx::Error> {
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
        let missing: HashSet<String> = missing.into_iter().collect();
        for id in candidates {
            let structure = self.structures.get(id, &self.labels);
            for alias in structure.map(|structure| aliases(&structure)).unwrap_or_default() {
                if missing.contains(&alias) {
                    self.aliases.entry(alias).or_insert(id);
                }
            }
        }
        self.looked_up.extend(missing);
        Ok(())
    }

    /// A structure by id, if the directory knows it.
    pub fn structure_by_id(&mut self, id: i64) -> Option<Arc<Structure>> {
        self.structures.get(id, &self.labels)
    }
}

fn structure(row: &PgRow, labels: &Labels) -> Result<Structure, sqlx::Error> {
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
        categorie: labels.get(&["TRE_R66"], row.try_get(11)?),
        statut_juridique: labels.get(&["TRE_R72"], row.try_get(12)?),
        adresse: Address {
            lignes: row.try_get(13)?,
            code_postal: row.try_get(14)?,
            commune: row.try_get(15)?,
            code_insee: row.try_get(16)?,
            libelle_departement: labels.department(&departement),
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

fn add_count(structure: &mut Structure, count: i64) {
    structure.mailboxes += u32::try_from(count).unwrap_or(u32::MAX);
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

/// The statement that counts mailboxes by the alias of their structure; aliases of hidden ones alone have none.
fn counts(condition: &str) -> String {
    format!(
        "select a.type_structure || a.identifiant_structure,
                count(distinct m.id) filter (where {COUNTED_BOX} and a.identifiant_structure <> '')
         from mailbox_attachments a join mailboxes m on m.id = a.mailbox_id
         where {condition} group by 1"
    )
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
