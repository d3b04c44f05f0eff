//! Writes the mailboxes of the national extract. Boxes that an operator published are the operator's: an
//! extract neither changes nor withdraws them, and a red-listed box is absent from extracts by nature (the rule
//! of each field is in [`crate::publication`]).

use hashbrown::{HashMap, HashSet};
use sqlx::Row as _;
use tokio_stream::StreamExt as _;

use super::boxes::{BoxView, Boxes};
use super::copy::Rows;
use super::first_load::{self, FirstLoad};
use super::ledger::{Action, Counts, Ledger};
use super::pipe;
use super::publication::Publication;
use crate::directory::public_id::Genre;
use crate::store::aliases::structures_named;
use crate::store::suppressions;

struct Known {
    id: i64,
    hash: i64,
    created_at: i64,
    from_extract: bool,
    seen: bool,
}

/// Writes all that changed; boxes of the extract that the file no longer holds are withdrawn.
pub async fn write(publication: &mut Publication<'_>, boxes: &Boxes) -> Result<Counts, sqlx::Error> {
    publication.lock_mailboxes().await?;
    let first_load = FirstLoad::begin(publication, &first_load::MAILBOX_TABLES).await?;
    let mut known = load_known(publication).await?;
    // Where nothing is known nothing must go before rows come.
    let is_first = known.is_empty();
    let mut kept_out = KeptOut::load(publication).await?;
    let mut counts = Counts::default();
    let mut stale = Vec::new();
    let mut fresh = Vec::new();
    let mut own = Rows::new(
        "copy mailboxes (id, public_id, adresse, adresse_publiee, type_bal, domaine, dematerialisation,
         created_at, modified_at, hash) from stdin",
    );
    let mut attachments = Rows::new("copy mailbox_attachments from stdin");
    let Publication {
        connection, ledger, ..
    } = &mut *publication;
    pipe::send_while_made(connection, |outlet| {
        // A box that is kept out counts as one that the file does not hold.
        for entry in boxes.iter() {
            if is_of_suppressed_person(ledger, &entry) {
                continue;
            }
            let hash = entry.fingerprint();
            let (id, created_at) = match known.get_mut(entry.adresse) {
                Some(old) => {
                    old.seen = true;
                    if old.hash == hash || !old.from_extract {
                        continue;
                    }
                    counts.changed += 1;
                    stale.push(old.id);
                    note(ledger, entry.adresse, old.id, Action::Updated);
                    (old.id, old.created_at)
                }
                None if kept_out.holds(&ledger.ids.make(Genre::Mailbox, entry.adresse)) => continue,
                None => {
                    counts.created += 1;
                    let id = ledger.new_id();
                    note(ledger, entry.adresse, id, Action::Created);
                    (id, ledger.now)
                }
            };
            fresh.push(id);
            let rows = [&mut own, &mut attachments];
            write_box(ledger, rows, &entry, (id, created_at, hash));
            if is_first {
                outlet.give(&mut own);
                outlet.give(&mut attachments);
            }
        }
    })
    .await?;
    for (adresse, gone) in known
        .iter()
        .filter(|(_, known)| known.from_extract && !known.seen)
    {
        counts.removed += 1;
        stale.push(gone.id);
        note(&mut publication.ledger, adresse, gone.id, Action::Withdrawn);
    }
    kept_out.forget_absent(publication).await?;
    note_neighbours(publication, &stale).await?;
    publication.delete("mailboxes", "id", &stale).await?;
    publication
        .delete("mailbox_attachments", "mailbox_id", &stale)
        .await?;
    own.send(&mut *publication.connection).await?;
    attachments.send(&mut *publication.connection).await?;
    if let Some(first_load) = first_load {
        first_load.finish(publication.connection).await?;
    }
    // Nobody is told of a first load entry by entry.
    if !publication.ledger.is_first() {
        note_neighbours(publication, &fresh).await?;
    }
    Ok(counts)
}

/// Addresses, by public id, that an extract does not bring back: withdrawn by their operators (true once the file was
/// found to hold them still), or suppressed on request while the files were read.
struct KeptOut {
    withdrawn: HashMap<String, bool>,
    suppressed: HashSet<String>,
}

impl KeptOut {
    async fn load(publication: &mut Publication<'_>) -> Result<Self, sqlx::Error> {
        let withdrawn: Vec<String> = sqlx::query_scalar("select public_id from withdrawn_mailboxes")
            .fetch_all(&mut *publication.connection)
            .await?;
        Ok(Self {
            withdrawn: withdrawn.into_iter().map(|id| (id, false)).collect(),
            suppressed: suppressions::entries(publication.connection)
                .await?
                .into_iter()
                .collect(),
        })
    }

    fn holds(&mut self, public_id: &str) -> bool {
        if let Some(still_there) = self.withdrawn.get_mut(public_id) {
            *still_there = true;
            return true;
        }
        self.suppressed.contains(public_id)
    }

    /// Once the extract knows of a withdrawal it needs no more guarding against.
    async fn forget_absent(self, publication: &mut Publication<'_>) -> Result<(), sqlx::Error> {
        let absent: Vec<String> = self
            .withdrawn
            .into_iter()
            .filter(|(_, still_there)| !still_there)
            .map(|(public_id, _)| public_id)
            .collect();
        sqlx::query("delete from withdrawn_mailboxes where public_id = any($1)")
            .bind(&absent)
            .execute(&mut *publication.connection)
            .await?;
        Ok(())
    }
}

/// A nominative box names its holder.
fn is_of_suppressed_person(ledger: &Ledger, entry: &BoxView<'_>) -> bool {
    entry.type_bal == "PER"
        && entry
            .holders()
            .any(|holder| ledger.is_suppressed(Genre::Professional, holder))
}

/// Holders and structures of boxes that come, go or change show them, and have some or none. Whoever answers for an
/// organisation's, a machine's or a practice's box is not public: nothing is told of them.
async fn note_neighbours(publication: &mut Publication<'_>, ids: &[i64]) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let holders: Vec<(i64, String)> = sqlx::query_as(
        "select distinct p.id, p.public_id from mailbox_attachments a
         join mailboxes m on m.id = a.mailbox_id
         join professionals p using (identification_nationale) where a.mailbox_id = any($1) and m.type_bal = 'PER'",
    )
    .bind(ids)
    .fetch_all(&mut *publication.connection)
    .await?;
    for (id, public_id) in holders {
        publication
            .ledger
            .note_neighbour(Genre::Professional, id, &public_id);
    }
    let aliases: Vec<String> = sqlx::query_scalar(
        "select distinct type_structure || identifiant_structure from mailbox_attachments
         where mailbox_id = any($1) and identifiant_structure <> ''",
    )
    .bind(ids)
    .fetch_all(&mut *publication.connection)
    .await?;
    let named = structures_named(publication.connection, &aliases).await?;
    let structures: Vec<(i64, String)> =
        sqlx::query_as("select id, public_id from structure_keys where id = any($1)")
            .bind(&named)
            .fetch_all(&mut *publication.connection)
            .await?;
    for (id, public_id) in structures {
        publication
            .ledger
            .note_neighbour(Genre::Structure, id, &public_id);
    }
    Ok(())
}

fn note(ledger: &mut Ledger, adresse: &str, id: i64, action: Action) {
    let public_id = ledger.ids.make(Genre::Mailbox, adresse);
    ledger.note(Genre::Mailbox, id, &public_id, action);
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
    ledger: &Ledger,
    [own, attachments]: [&mut Rows; 2],
    entry: &BoxView<'_>,
    (id, created_at, hash): (i64, i64, i64),
) {
    own.plain(id)
        .text(&ledger.ids.make(Genre::Mailbox, entry.adresse));
    own.texts([
        entry.adresse,
        entry.adresse_publiee,
        entry.type_bal,
        entry.domaine(),
    ]);
    own.optional(entry.dematerialisation)
        .plain(created_at)
        .plain(ledger.now)
        .plain(hash)
        .end();
    for (rang, row) in (1_i32..).zip(&entry.rows) {
        attachments.plain(id).plain(rang).texts(*row).end();
    }
}
