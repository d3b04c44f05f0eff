//! Writes the mailboxes of the national extract. Boxes that an operator published are the operator's: an
//! extract neither changes nor withdraws them, and a red-listed box is absent from extracts by nature.

use std::collections::HashMap;

use sqlx::Row as _;
use tokio_stream::StreamExt as _;

use super::boxes::{BoxView, Boxes};
use super::copy::Rows;
use super::publication::{Action, Counts, Genre, Publication};

struct Known {
    id: i64,
    hash: i64,
    created_at: i64,
    from_extract: bool,
    seen: bool,
}

/// Writes all that changed; boxes of the extract that the file no longer holds are withdrawn.
pub async fn write(publication: &mut Publication<'_>, boxes: &Boxes) -> Result<Counts, sqlx::Error> {
    let mut known = load_known(publication).await?;
    let mut counts = Counts::default();
    let mut stale = Vec::new();
    let mut own = Rows::new(
        "copy mailboxes (id, public_id, adresse, adresse_publiee, type_bal, domaine, dematerialisation,
         created_at, modified_at, hash) from stdin",
    );
    let mut attachments = Rows::new("copy mailbox_attachments from stdin");
    for entry in boxes.iter() {
        let hash = entry.fingerprint();
        let (id, created_at) = match known.get_mut(entry.adresse) {
            Some(old) => {
                old.seen = true;
                if old.hash == hash || !old.from_extract {
                    continue;
                }
                counts.changed += 1;
                stale.push(old.id);
                note(publication, entry.adresse, old.id, Action::Updated);
                (old.id, old.created_at)
            }
            None => {
                counts.created += 1;
                let id = publication.new_id();
                note(publication, entry.adresse, id, Action::Created);
                (id, publication.now)
            }
        };
        write_box(
            publication,
            &mut own,
            &mut attachments,
            &entry,
            (id, created_at, hash),
        );
    }
    for (adresse, gone) in known
        .iter()
        .filter(|(_, known)| known.from_extract && !known.seen)
    {
        counts.removed += 1;
        stale.push(gone.id);
        note(publication, adresse, gone.id, Action::Withdrawn);
    }
    note_neighbours(publication, &stale).await?;
    publication.delete("mailboxes", "id", &stale).await?;
    publication
        .delete("mailbox_attachments", "mailbox_id", &stale)
        .await?;
    own.send(&mut *publication.connection).await?;
    attachments.send(&mut *publication.connection).await?;
    Ok(counts)
}

/// Holders and structures of boxes that go or change show them: they change too.
async fn note_neighbours(publication: &mut Publication<'_>, ids: &[i64]) -> Result<(), sqlx::Error> {
    let holders: Vec<(i64, String)> = sqlx::query_as(
        "select distinct p.id, p.public_id from mailbox_attachments a
         join professionals p using (identification_nationale) where a.mailbox_id = any($1)",
    )
    .bind(ids)
    .fetch_all(&mut *publication.connection)
    .await?;
    for (id, public_id) in holders {
        publication.note(Genre::Professional, id, &public_id, Action::Updated);
    }
    let structures: Vec<(i64, String)> = sqlx::query_as(
        "select distinct s.id, s.public_id from mailbox_attachments a join structures s
           on a.type_structure || a.identifiant_structure in ('1' || s.finess, '3' || s.siret, s.ancien_identifiant)
         where a.mailbox_id = any($1)",
    )
    .bind(ids)
    .fetch_all(&mut *publication.connection)
    .await?;
    for (id, public_id) in structures {
        publication.note(Genre::Structure, id, &public_id, Action::Updated);
    }
    Ok(())
}

fn note(publication: &mut Publication<'_>, adresse: &str, id: i64, action: Action) {
    let public_id = publication.ids.make(Genre::Mailbox, adresse);
    publication.note(Genre::Mailbox, id, &public_id, action);
}

async fn load_known(publication: &mut Publication<'_>) -> Result<HashMap<Box<str>, Known>, sqlx::Error> {
    let mut known = HashMap::new();
    let mut rows = sqlx::query("select adresse, id, hash, created_at, origine = 'e' from mailboxes")
        .fetch(&mut *publication.connection);
    while let Some(row) = rows.next().await {
        let row = row?;
        let entry = Known {
            id: row.try_get(1)?,
            hash: row.try_get(2)?,
            created_at: row.try_get(3)?,
            from_extract: row.try_get(4)?,
            seen: false,
        };
        known.insert(row.try_get::<&str, _>(0)?.into(), entry);
    }
    Ok(known)
}

fn write_box(
    publication: &Publication<'_>,
    own: &mut Rows,
    attachments: &mut Rows,
    entry: &BoxView<'_>,
    (id, created_at, hash): (i64, i64, i64),
) {
    own.plain(id)
        .text(&publication.ids.make(Genre::Mailbox, entry.adresse));
    own.texts([
        entry.adresse,
        entry.adresse_publiee,
        entry.type_bal,
        entry.domaine(),
    ]);
    own.optional(entry.dematerialisation)
        .plain(created_at)
        .plain(publication.now)
        .plain(hash)
        .end();
    for (rang, row) in (1_i32..).zip(&entry.rows) {
        attachments.plain(id).plain(rang).texts(*row).end();
    }
}
