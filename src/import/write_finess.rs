//! Writes what FINESS says of structures. Its generations (the CSV, FiNESS+, the XML flux) may all be loaded: each
//! row belongs to the one that told it, the newest file wins for each establishment, and a generation withdraws
//! only what is its own, so that the order of loading does not matter.

use std::collections::{HashMap, HashSet};

use sqlx::Row as _;
use tokio_stream::StreamExt as _;

use super::attached::Names;
use super::copy::Rows;
use super::establishments::{Establishment, Establishments};
use super::ledger::{Action, Counts};
use super::publication::Publication;
use super::structure_keys::StructureKeys;
use crate::source::{Extract, Kind, date};
use crate::store::suppressions;

/// What the store holds of a structure.
struct Known {
    hash: i64,
    created_at: i64,
    position: Option<(f64, f64)>,
    score: Option<i16>,
    /// The kind of file that the row belongs to.
    source: String,
    seen: bool,
}

/// Writes one file of structures.
pub async fn write(
    publication: &mut Publication<'_>,
    keys: &mut StructureKeys,
    extract: &Extract,
    file: &Establishments,
) -> Result<Counts, sqlx::Error> {
    let source = extract.kind.as_str();
    let newer = newer_sources(publication, extract).await?;
    let mut known = load_known(publication).await?;
    let placeless = suppressions::placeless_structures(publication.connection).await?;
    let mut counts = Counts::default();
    let (mut stale, mut taken_over) = (Vec::new(), Vec::new());
    let mut done = HashSet::with_capacity(file.len());
    let mut rows = Rows::new(
        "copy structures_finess (structure_id, genre, finess, finess_ej, siret, siren, nom, complement_nom,
         categorie, categorie_agregee, statut_juridique, ape, mft, sph, lignes, code_postal, commune,
         code_insee, departement, pays, telephone, telecopie, date_ouverture, date_autorisation, date_maj,
         date_fermeture, ouverte, source, lat, lon, score, created_at, modified_at, hash) from stdin",
    );
    for (finess, entry) in file.iter() {
        let id = keys.find_or_make(&mut publication.ledger, finess, "");
        if !done.insert(id) || keys.is_suppressed(&publication.ledger, id) {
            continue;
        }
        let hash = entry.fingerprint();
        let own = file.position(finess).filter(|_| !placeless.contains(&id));
        let mut position = own.map(|(position, _)| (position.lat, position.lon));
        let mut score = own.and_then(|(_, score)| score.map(i16::from));
        let created_at = match known.get_mut(&id) {
            None => {
                counts.created += 1;
                keys.note(&mut publication.ledger, id, Action::Created);
                publication.ledger.now
            }
            Some(old) => {
                old.seen = true;
                if newer.contains(&old.source) {
                    continue;
                }
                // A file without coordinates keeps those of the one that had them.
                if position.is_none() {
                    (position, score) = (old.position, old.score);
                }
                if old.hash == hash && old.position == position {
                    if old.source != source {
                        taken_over.push(id);
                    }
                    continue;
                }
                counts.changed += 1;
                stale.push(id);
                keys.note(&mut publication.ledger, id, Action::Updated);
                old.created_at
            }
        };
        write_row(&mut rows, id, finess, entry);
        rows.text(source)
            .optional(position.map(|p| p.0))
            .optional(position.map(|p| p.1))
            .optional(score);
        rows.plain(created_at)
            .plain(publication.ledger.now)
            .plain(hash)
            .end();
    }
    for (id, _) in known.iter().filter(|(_, old)| !old.seen && old.source == source) {
        counts.removed += 1;
        stale.push(*id);
        // The RPPS extract may still know it: the node that follows finds out.
        keys.note(&mut publication.ledger, *id, Action::Withdrawn);
    }
    let names = Names::of(publication, &stale).await?;
    publication
        .delete("structures_finess", "structure_id", &stale)
        .await?;
    rows.send(&mut *publication.connection).await?;
    names.note_lost(publication, &stale).await?;
    if !taken_over.is_empty() {
        sqlx::query("update structures_finess set source = $1 where structure_id = any($2)")
            .bind(source)
            .bind(taken_over)
            .execute(&mut *publication.connection)
            .await?;
    }
    Ok(counts)
}

/// Writes a file of positions only (cs1400109) onto the establishments that are known.
pub async fn write_positions(
    publication: &mut Publication<'_>,
    keys: &StructureKeys,
    extract: &Extract,
    file: &Establishments,
) -> Result<Counts, sqlx::Error> {
    let newer = newer_sources(publication, extract).await?;
    let known = load_known(publication).await?;
    let placeless = suppressions::placeless_structures(publication.connection).await?;
    let (mut ids, mut lats, mut lons, mut scores) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (finess, position, score) in file.positions() {
        let found = keys
            .by_finess(finess)
            .and_then(|id| known.get(&id).map(|old| (id, old)));
        let Some((id, old)) = found else { continue };
        let place = Some((position.lat, position.lon));
        if placeless.contains(&id)
            || old.position == place
            || (old.position.is_some() && newer.contains(&old.source))
        {
            continue;
        }
        keys.note(&mut publication.ledger, id, Action::Updated);
        ids.push(id);
        lats.push(position.lat);
        lons.push(position.lon);
        scores.push(score.map(i16::from));
    }
    let counts = Counts {
        changed: ids.len() as u64,
        ..Counts::default()
    };
    sqlx::query(
        "update structures_finess s set lat = new.lat, lon = new.lon, score = new.score, modified_at = $5
         from unnest($1::bigint[], $2::float8[], $3::float8[], $4::smallint[]) as new (id, lat, lon, score)
         where s.structure_id = new.id",
    )
    .bind(ids)
    .bind(lats)
    .bind(lons)
    .bind(scores)
    .bind(publication.ledger.now)
    .execute(&mut *publication.connection)
    .await?;
    Ok(counts)
}

fn write_row(rows: &mut Rows, id: i64, finess: &str, entry: &Establishment) {
    let genre = if entry.legal_entity {
        "entite_juridique"
    } else {
        "etablissement"
    };
    rows.plain(id)
        .text(genre)
        .text(finess)
        .texts(entry.identity())
        .array(&entry.lignes);
    rows.texts(entry.place())
        .texts(entry.contact_and_dates())
        .plain(!entry.closed);
}

/// The other kinds of FINESS files of which a newer one than this is loaded. `--force` passes over its own kind
/// only: what is newer elsewhere stays.
async fn newer_sources(
    publication: &mut Publication<'_>,
    extract: &Extract,
) -> Result<HashSet<String>, sqlx::Error> {
    let loaded: Vec<(String, String)> = sqlx::query_as(
        "select genre, to_char(date, 'YYYY-MM-DD\"T\"HH24:MI:SS') from sources where genre like 'finess%'",
    )
    .fetch_all(&mut *publication.connection)
    .await?;
    let own = extract.kind.as_str();
    Ok(loaded
        .into_iter()
        .filter(|(genre, text)| {
            genre != own
                && genre != Kind::FinessFluxPositions.as_str()
                && date::parse(text).is_some_and(|loaded| loaded > extract.date.value)
        })
        .map(|(genre, _)| genre)
        .collect())
}

async fn load_known(publication: &mut Publication<'_>) -> Result<HashMap<i64, Known>, sqlx::Error> {
    let mut known = HashMap::new();
    let mut rows =
        sqlx::query("select structure_id, hash, created_at, lat, lon, score, source from structures_finess")
            .fetch(&mut *publication.connection);
    while let Some(row) = rows.next().await {
        let row = row?;
        let (lat, lon): (Option<f64>, Option<f64>) = (row.try_get(3)?, row.try_get(4)?);
        let entry = Known {
            hash: row.try_get(1)?,
            created_at: row.try_get(2)?,
            position: lat.zip(lon),
            score: row.try_get(5)?,
            source: row.try_get(6)?,
            seen: false,
        };
        known.insert(row.try_get(0)?, entry);
    }
    Ok(known)
}
