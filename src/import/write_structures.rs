//! Writes structures as the RPPS extract tells them, the sites of its activities. What FINESS says has a table and a file
//! of its own ([`super::write_finess`]).

use hashbrown::HashSet;
use sqlx::Row as _;
use tokio_stream::StreamExt as _;

use super::attached::Names;
use super::communes::Communes;
use super::copy::Rows;
use super::ledger::{Action, Counts, Ledger};
use super::pipe;
use super::publication::Publication;
use super::sites::{self, Sites};
use super::structure_keys::StructureKeys;
use crate::directory::place;
use crate::source::record::SiteRow;

/// Writes the sites of a Personne_activite file. Gives each site's structure, by number.
pub async fn write_sites(
    publication: &mut Publication<'_>,
    keys: &mut StructureKeys,
    sites: &Sites,
) -> Result<(Vec<i64>, Counts), sqlx::Error> {
    let mut known = load_known(publication).await?;
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
    let Publication {
        connection, ledger, ..
    } = &mut *publication;
    pipe::send_while_made(connection, |outlet| {
        for site in sites.iter() {
            let id = keys.find_or_make(ledger, site.finess, site.identifiant_technique);
            ids.push(id);
            // Two technical ids with one FINESS number are one structure: the first one tells it.
            if !done.insert(id) {
                continue;
            }
            let hash = sites::fingerprint(&site);
            let Some(created_at) = settle(ledger, keys, &mut known, id, hash, &mut stale, &mut counts) else {
                continue;
            };
            write_site(&mut rows, &site, id, &sites.communes);
            rows.plain(created_at).plain(ledger.now).plain(hash).end();
            if is_first {
                outlet.give(&mut rows);
                outlet.give(keys.rows());
            }
        }
    })
    .await?;
    let gone = remaining(&mut publication.ledger, keys, &known, &mut counts);
    stale.extend(gone);
    let names = Names::of(publication, &stale).await?;
    publication
        .delete("structures_rpps", "structure_id", &stale)
        .await?;
    rows.send(&mut *publication.connection).await?;
    names.note_lost(publication, &stale).await?;
    Ok((ids, counts))
}

/// Adds what a site's row says of it.
fn write_site(rows: &mut Rows, site: &SiteRow<'_>, id: i64, communes: &Communes) {
    let mut place = place::locate(&site.address);
    if place.code_insee.is_empty() && !place.departement.is_empty() {
        let code = communes.code(&place.departement, &place.commune);
        code.unwrap_or_default().clone_into(&mut place.code_insee);
    }
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
}

/// Empty for France.
fn foreign<'a>(code: &str, label: &'a str) -> &'a str {
    if matches!(code, "" | "99000" | "FR") {
        ""
    } else {
        label
    }
}

/// What the store holds of a structure, without its data.
struct Known {
    id: i64,
    hash: i64,
    created_at: i64,
    /// Whether the file holds it still.
    seen: bool,
}

/// All of them, in order of ids.
async fn load_known(publication: &mut Publication<'_>) -> Result<Vec<Known>, sqlx::Error> {
    let mut known = Vec::new();
    let mut rows = sqlx::query("select structure_id, hash, created_at from structures_rpps")
        .fetch(&mut *publication.connection);
    while let Some(row) = rows.next().await {
        let row = row?;
        known.push(Known {
            id: row.try_get(0)?,
            hash: row.try_get(1)?,
            created_at: row.try_get(2)?,
            seen: false,
        });
    }
    known.sort_unstable_by_key(|known| known.id);
    Ok(known)
}

/// Notes what becomes of a structure's row. Gives the row's time of creation when it must be written.
fn settle(
    ledger: &mut Ledger,
    keys: &StructureKeys,
    known: &mut [Known],
    id: i64,
    hash: i64,
    stale: &mut Vec<i64>,
    counts: &mut Counts,
) -> Option<i64> {
    if keys.is_suppressed(ledger, id) {
        return None;
    }
    let place = known.binary_search_by_key(&id, |known| known.id);
    match place.ok().and_then(|place| known.get_mut(place)) {
        None => {
            counts.created += 1;
            keys.note(ledger, id, Action::Created);
            Some(ledger.now)
        }
        Some(old) => {
            old.seen = true;
            if old.hash == hash {
                return None;
            }
            counts.changed += 1;
            stale.push(id);
            keys.note(ledger, id, Action::Updated);
            Some(old.created_at)
        }
    }
}

fn remaining(ledger: &mut Ledger, keys: &StructureKeys, known: &[Known], counts: &mut Counts) -> Vec<i64> {
    let gone: Vec<i64> = known
        .iter()
        .filter(|known| !known.seen)
        .map(|known| known.id)
        .collect();
    counts.removed += gone.len() as u64;
    for id in &gone {
        // The other source may still know it: the node that follows finds out.
        keys.note(ledger, *id, Action::Withdrawn);
    }
    gone
}
