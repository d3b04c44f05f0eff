//! Writes structures: the stable keys, found by FINESS number first, then by technical id, and what the RPPS
//! extract says of its sites. What FINESS says has a table and a file of its own ([`super::write_finess`]).

use std::collections::{HashMap, HashSet};

use sqlx::Row as _;
use tokio_stream::StreamExt as _;

use super::copy::Rows;
use super::publication::{Action, Counts, Publication};
use super::sites::{self, Sites};
use crate::directory::place;
use crate::directory::public_id::Genre;

/// The stable keys, loaded whole (one per structure).
pub struct StructureKeys {
    by_finess: HashMap<Box<str>, i64>,
    by_technical_id: HashMap<Box<str>, i64>,
    public_ids: HashMap<i64, Box<str>>,
    new: Rows,
    /// Keys that gained a FINESS number or a technical id.
    completed: Vec<(i64, Option<String>, Option<String>)>,
    /// Keys that turned out to be of a structure that had another one already, which stands from now on.
    merged: HashMap<i64, i64>,
}

impl StructureKeys {
    /// Reads the keys.
    pub async fn load(publication: &mut Publication<'_>) -> Result<Self, sqlx::Error> {
        let mut keys = Self {
            by_finess: HashMap::new(),
            by_technical_id: HashMap::new(),
            public_ids: HashMap::new(),
            new: Rows::new("copy structure_keys (id, public_id, finess, identifiant_technique) from stdin"),
            completed: Vec::new(),
            merged: HashMap::new(),
        };
        let mut rows = sqlx::query("select id, public_id, finess, identifiant_technique from structure_keys")
            .fetch(&mut *publication.connection);
        while let Some(row) = rows.next().await {
            let row = row?;
            let id: i64 = row.try_get(0)?;
            keys.public_ids.insert(id, row.try_get::<&str, _>(1)?.into());
            if let Some(finess) = row.try_get::<Option<&str>, _>(2)? {
                keys.by_finess.insert(finess.into(), id);
            }
            if let Some(technical_id) = row.try_get::<Option<&str>, _>(3)? {
                keys.by_technical_id.insert(technical_id.into(), id);
            }
        }
        drop(rows);
        Ok(keys)
    }

    /// The key of a structure, made when there is none yet. Either identifier may be empty, not both.
    pub fn find_or_make(
        &mut self,
        publication: &mut Publication<'_>,
        finess: &str,
        technical_id: &str,
    ) -> i64 {
        let by_finess = self.by_finess.get(finess).filter(|_| !finess.is_empty()).copied();
        let by_technical_id = self
            .by_technical_id
            .get(technical_id)
            .filter(|_| !technical_id.is_empty())
            .copied();
        let id = match by_finess.or(by_technical_id) {
            Some(id) => {
                if let Some(other) = by_technical_id.filter(|other| *other != id) {
                    self.merged.insert(other, id);
                }
                let gains_finess = by_finess.is_none() && !finess.is_empty();
                let gains_technical_id = by_technical_id.is_none() && !technical_id.is_empty();
                if gains_finess || gains_technical_id {
                    self.completed.push((
                        id,
                        gains_finess.then(|| finess.to_owned()),
                        gains_technical_id.then(|| technical_id.to_owned()),
                    ));
                }
                id
            }
            None => {
                let id = publication.new_id();
                let named = if finess.is_empty() {
                    technical_id.to_owned()
                } else {
                    format!("F{finess}")
                };
                let public_id = publication.ids.make(Genre::Structure, &named);
                let present = |text: &str| (!text.is_empty()).then(|| text.to_owned());
                self.new.plain(id).text(&public_id);
                self.new
                    .optional(present(finess))
                    .optional(present(technical_id))
                    .end();
                self.public_ids.insert(id, public_id.into());
                id
            }
        };
        if !finess.is_empty() {
            self.by_finess.entry(finess.into()).or_insert(id);
        }
        if !technical_id.is_empty() {
            self.by_technical_id.entry(technical_id.into()).or_insert(id);
        }
        id
    }

    /// The structure with a FINESS number.
    pub fn by_finess(&self, finess: &str) -> Option<i64> {
        self.by_finess.get(finess).copied()
    }

    /// Whether a structure stays out of the directory on request.
    pub fn is_suppressed(&self, publication: &Publication<'_>, id: i64) -> bool {
        let public_id = self.public_ids.get(&id);
        public_id.is_some_and(|public_id| publication.is_suppressed_id(public_id))
    }

    /// Notes that a structure changed.
    pub fn note(&self, publication: &mut Publication<'_>, id: i64, action: Action) {
        let public_id = self
            .public_ids
            .get(&id)
            .map(|p| p.to_string())
            .unwrap_or_default();
        publication.note(Genre::Structure, id, &public_id, action);
    }

    /// Writes new and completed keys.
    pub async fn save(mut self, publication: &mut Publication<'_>) -> Result<(), sqlx::Error> {
        self.new.send(&mut *publication.connection).await?;
        let (mut ids, mut told, mut technical_ids) = (Vec::new(), Vec::new(), Vec::new());
        for (id, finess, technical_id) in self.completed {
            ids.push(id);
            told.push(finess);
            technical_ids.push(technical_id);
        }
        // All at once: a first load has no index yet by which each would be found.
        sqlx::query(
            "update structure_keys k set finess = coalesce(k.finess, new.finess),
                    identifiant_technique = coalesce(k.identifiant_technique, new.identifiant_technique)
             from (select id, (array_agg(finess order by place) filter (where finess is not null))[1] as finess,
                          (array_agg(technical_id order by place) filter (where technical_id is not null))[1]
                              as identifiant_technique
                   from unnest($1::bigint[], $2::text[], $3::text[]) with ordinality
                        as told (id, finess, technical_id, place)
                   group by id) new
             where k.id = new.id",
        )
        .bind(ids)
        .bind(told)
        .bind(technical_ids)
        .execute(&mut *publication.connection)
        .await?;
        merge(publication, &self.public_ids, &self.merged).await
    }
}

/// Moves the activities of keys that stand no more: people whose own rows did not change are not written again.
async fn merge(
    publication: &mut Publication<'_>,
    public_ids: &HashMap<i64, Box<str>>,
    merged: &HashMap<i64, i64>,
) -> Result<(), sqlx::Error> {
    if merged.is_empty() || publication.is_first() {
        return Ok(());
    }
    let (from, to): (Vec<i64>, Vec<i64>) = merged.iter().unzip();
    let moved: Vec<i64> = sqlx::query_scalar(
        "with moved as (
             update activities a set structure_id = m.new_id
             from unnest($1::bigint[], $2::bigint[]) as m (old_id, new_id)
             where a.structure_id = m.old_id returning m.new_id)
         select distinct new_id from moved",
    )
    .bind(from)
    .bind(to)
    .fetch_all(&mut *publication.connection)
    .await?;
    for id in moved {
        let public_id = public_ids.get(&id).map_or("", |public_id| public_id);
        publication.note(Genre::Structure, id, public_id, Action::Updated);
    }
    Ok(())
}

/// Writes the sites of a Personne_activite file. Gives each site's structure, by number.
pub async fn write_sites(
    publication: &mut Publication<'_>,
    keys: &mut StructureKeys,
    sites: &Sites,
) -> Result<(Vec<i64>, Counts), sqlx::Error> {
    let mut known = load_known(
        publication,
        "select structure_id, hash, created_at from structures_rpps",
    )
    .await?;
    // Where nothing is known nothing must go before rows come.
    let is_first = known.is_empty();
    let mut counts = Counts::default();
    let mut ids = Vec::with_capacity(sites.len());
    let mut stale = Vec::new();
    let mut done = HashSet::with_capacity(sites.len());
    let mut rows = Rows::new(
        "copy structures_rpps (structure_id, identifiant_technique, finess, finess_ej, siret, siren,
         ancien_identifiant, nom, enseigne, lignes, code_postal, commune, code_insee, departement, pays,
         telephone, telephone_2, telecopie, email, created_at, modified_at, hash) from stdin",
    );
    for site in sites.iter() {
        let id = keys.find_or_make(publication, site.finess, site.identifiant_technique);
        ids.push(id);
        // Two technical ids with one FINESS number are one structure: the first one tells it.
        if !done.insert(id) {
            continue;
        }
        let hash = sites::fingerprint(&site);
        let Some(created_at) = settle(publication, keys, &mut known, id, hash, &mut stale, &mut counts)
        else {
            continue;
        };
        let place = place::locate(&site.address);
        rows.plain(id).texts([
            site.identifiant_technique,
            site.finess,
            site.finess_ej,
            site.siret,
            site.siren,
        ]);
        rows.texts([site.ancien_identifiant, site.raison_sociale, site.enseigne]);
        rows.array(&place::postal_lines(&site.address));
        rows.texts(
            [
                &place.code_postal,
                &place.commune,
                &place.code_insee,
                &place.departement,
            ]
            .map(String::as_str),
        );
        rows.text(foreign(site.address.pays.code, site.address.pays.label));
        rows.texts([site.telephone, site.telephone_2, site.telecopie, site.email]);
        rows.plain(created_at).plain(publication.now).plain(hash).end();
        for rows in [&mut rows, &mut keys.new] {
            if is_first && rows.is_heavy() {
                rows.send(&mut *publication.connection).await?;
            }
        }
    }
    let gone = remaining(publication, keys, &known, &mut counts);
    stale.extend(gone);
    publication
        .delete("structures_rpps", "structure_id", &stale)
        .await?;
    rows.send(&mut *publication.connection).await?;
    Ok((ids, counts))
}

/// Empty for France.
fn foreign<'a>(code: &str, label: &'a str) -> &'a str {
    if matches!(code, "" | "99000" | "FR") {
        ""
    } else {
        label
    }
}

type KnownRows = HashMap<i64, (i64, i64, bool)>;

async fn load_known(
    publication: &mut Publication<'_>,
    statement: &'static str,
) -> Result<KnownRows, sqlx::Error> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(statement)
        .fetch_all(&mut *publication.connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, hash, created_at)| (id, (hash, created_at, false)))
        .collect())
}

/// Notes what becomes of a structure's row. Gives the row's time of creation when it must be written.
fn settle(
    publication: &mut Publication<'_>,
    keys: &StructureKeys,
    known: &mut KnownRows,
    id: i64,
    hash: i64,
    stale: &mut Vec<i64>,
    counts: &mut Counts,
) -> Option<i64> {
    if keys.is_suppressed(publication, id) {
        return None;
    }
    match known.get_mut(&id) {
        None => {
            counts.created += 1;
            keys.note(publication, id, Action::Created);
            Some(publication.now)
        }
        Some((old, created_at, seen)) => {
            *seen = true;
            if *old == hash {
                return None;
            }
            counts.changed += 1;
            stale.push(id);
            keys.note(publication, id, Action::Updated);
            Some(*created_at)
        }
    }
}

fn remaining(
    publication: &mut Publication<'_>,
    keys: &StructureKeys,
    known: &KnownRows,
    counts: &mut Counts,
) -> Vec<i64> {
    let gone: Vec<i64> = known
        .iter()
        .filter(|(_, (_, _, seen))| !seen)
        .map(|(id, _)| *id)
        .collect();
    counts.removed += gone.len() as u64;
    for id in &gone {
        // The other source may still know it: the node that follows finds out.
        keys.note(publication, *id, Action::Withdrawn);
    }
    gone
}
