//! Writes SavoirFaire or Dipl_AutExerc alone, when the command brings no Personne_activite beside it.

use super::copy::Rows;
use super::ledger::{Action, Counts};
use super::lists::{self, Lists};
use super::publication::Publication;
use super::tally::{self, Tally};
use crate::directory::public_id::Genre;

/// Which of the two files it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    Qualifications,
    Diplomas,
}

/// Replaces the lists of the persons whose list changed.
pub async fn write(
    publication: &mut Publication<'_>,
    lists: &Lists,
    kind: ListKind,
) -> Result<Counts, sqlx::Error> {
    let (known, update) = match kind {
        ListKind::Qualifications => (
            "select id, identification_nationale, hash_savoir_faire from professionals",
            "update professionals p set hash_savoir_faire = new.hash, modified_at = $3
             from unnest($1::bigint[], $2::bigint[]) as new (id, hash) where p.id = new.id",
        ),
        ListKind::Diplomas => (
            "select id, identification_nationale, hash_diplomes from professionals",
            "update professionals p set hash_diplomes = new.hash, modified_at = $3
             from unnest($1::bigint[], $2::bigint[]) as new (id, hash) where p.id = new.id",
        ),
    };
    let known: Vec<(i64, String, i64)> = sqlx::query_as(known)
        .fetch_all(&mut *publication.connection)
        .await?;
    let mut rows = Rows::new(match kind {
        ListKind::Qualifications => {
            "copy qualifications (professional_id, profession, categorie, type_savoir_faire, savoir_faire,
             source) from stdin"
        }
        ListKind::Diplomas => {
            "copy diplomas (professional_id, type_diplome, diplome, type_autorisation, discipline) from stdin"
        }
    });
    let (mut ids, mut hashes) = (Vec::new(), Vec::new());
    let mut stale = Vec::new();
    for (id, identification, old) in known {
        let hash = lists::fingerprint(&lists.of(&identification));
        if hash != old {
            ids.push(id);
            hashes.push(hash);
            stale.push(identification);
        }
    }
    let mut tally = Tally::default();
    let selection = match kind {
        ListKind::Qualifications => tally::QUALIFICATIONS,
        ListKind::Diplomas => tally::DIPLOMAS,
    };
    tally.note(&mut *publication.connection, selection, &ids).await?;
    for (&id, identification) in ids.iter().zip(&stale) {
        let public_id = publication.ledger.ids.make(Genre::Professional, identification);
        publication
            .ledger
            .note(Genre::Professional, id, &public_id, Action::Updated);
        for entry in lists.of(identification) {
            tally.count(id, &[entry], &[]);
            rows.plain(id).texts(entry);
            if kind == ListKind::Qualifications {
                rows.text("s");
            }
            rows.end();
        }
    }
    match kind {
        ListKind::Qualifications => {
            publication
                .delete_where("qualifications", "professional_id", &ids, "source = 's'")
                .await?;
        }
        ListKind::Diplomas => publication.delete("diplomas", "professional_id", &ids).await?,
    }
    rows.send(&mut *publication.connection).await?;
    sqlx::query(update)
        .bind(ids)
        .bind(hashes)
        .bind(publication.ledger.now)
        .execute(&mut *publication.connection)
        .await?;
    Ok(tally.counts())
}
