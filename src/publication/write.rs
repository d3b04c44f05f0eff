//! Writes one box and notes what of it may be told: to the nodes, in the change log, and to nobody else.

use sqlx::PgConnection;

use super::PublicationError;
use super::held::{Held, Sheet, SheetRow};
use super::operator::Operator;
use crate::directory::address::MailAddress;
use crate::directory::public_id::Genre;
use crate::import::ledger::Action;
use crate::import::publication::Publication;
use crate::store::aliases::structures_named;
use crate::store::audit::Act;
use crate::store::suppressions;

/// The row of a box in the extract's words, made from what the directory knows today.
const ATTACH: &str = include_str!("attach.sql");

/// Writes a box as its sheet says. Gives what that was, or nothing where it was so already.
pub async fn put(
    publication: &mut Publication<'_>,
    operator: &Operator,
    address: &MailAddress,
    before: Option<&Held>,
    mut sheet: Sheet,
) -> Result<Option<Act>, PublicationError> {
    let public_id = publication.ledger.ids.make(Genre::Mailbox, &address.key);
    let suppressed = suppressions::fields_of(publication.connection, &public_id).await?;
    if suppressed.iter().any(String::is_empty) {
        return Err(PublicationError::Forbidden(
            "cette messagerie a été retirée sur demande ; l'administration peut la rétablir",
        ));
    }
    suppressed.iter().for_each(|champ| sheet.empty(champ));
    if before.is_some_and(|held| held.sheet == sheet && held.operateur == operator.name) {
        return Ok(None);
    }
    let place = place(publication, before, &sheet).await?;
    write_box(publication, operator, address, &public_id, before, &sheet, place).await?;
    // A box that comes into view tells of its person and place what is known today, as a new one would.
    let rows_stay = before.is_some_and(|held| {
        held.sheet.rows == sheet.rows
            && held.sheet.dematerialisation == sheet.dematerialisation
            && (sheet.liste_rouge || !held.sheet.liste_rouge)
    });
    if !rows_stay {
        write_rows(
            publication.connection,
            before.map(|held| held.id),
            place.id,
            &sheet,
        )
        .await?;
    } else if let Some(held) = before
        && held.id != place.id
    {
        sqlx::query("update mailbox_attachments set mailbox_id = $2 where mailbox_id = $1")
            .bind(held.id)
            .bind(place.id)
            .execute(&mut *publication.connection)
            .await?;
    }
    sqlx::query("delete from withdrawn_mailboxes where public_id = $1")
        .bind(&public_id)
        .execute(&mut *publication.connection)
        .await?;
    note(publication, before, &public_id, place.id, &sheet).await?;
    Ok(Some(if before.is_none() {
        Act::Published
    } else {
        Act::Changed
    }))
}

/// Takes a box out of the directory, and keeps it out of the extracts that still hold it.
pub async fn withdraw(publication: &mut Publication<'_>, held: &Held) -> Result<(), sqlx::Error> {
    remove(publication, held).await?;
    sqlx::query("insert into withdrawn_mailboxes (public_id) values ($1) on conflict do nothing")
        .bind(&held.public_id)
        .execute(&mut *publication.connection)
        .await?;
    Ok(())
}

/// Takes a box out of the directory.
pub async fn remove(publication: &mut Publication<'_>, held: &Held) -> Result<(), sqlx::Error> {
    if !held.sheet.liste_rouge {
        publication
            .ledger
            .note(Genre::Mailbox, held.id, &held.public_id, Action::Withdrawn);
        note_neighbours(publication, &held.sheet).await?;
    }
    sqlx::query("delete from mailboxes where id = $1")
        .bind(held.id)
        .execute(&mut *publication.connection)
        .await?;
    sqlx::query("delete from mailbox_attachments where mailbox_id = $1")
        .bind(held.id)
        .execute(&mut *publication.connection)
        .await?;
    Ok(())
}

/// The number of a box and its dates.
#[derive(Clone, Copy)]
struct Place {
    id: i64,
    created_at: i64,
    modified_at: i64,
}

/// A box that comes into view is a new one; one that goes out of view takes a number that no visible box could have.
/// Dates move only with what the public sees.
async fn place(
    publication: &mut Publication<'_>,
    before: Option<&Held>,
    sheet: &Sheet,
) -> Result<Place, sqlx::Error> {
    let new = |id, now| Place {
        id,
        created_at: now,
        modified_at: now,
    };
    let now = publication.ledger.now;
    Ok(match (before, sheet.liste_rouge) {
        (Some(held), hidden) if held.sheet.liste_rouge == hidden => Place {
            id: held.id,
            created_at: held.created_at,
            modified_at: if hidden || held.sheet.looks_like(sheet) {
                held.modified_at
            } else {
                now
            },
        },
        (_, false) => new(publication.ledger.new_id(), now),
        (_, true) => {
            let id = sqlx::query_scalar("select nextval('hidden_ids')")
                .fetch_one(&mut *publication.connection)
                .await?;
            new(id, now)
        }
    })
}

async fn write_box(
    publication: &mut Publication<'_>,
    operator: &Operator,
    address: &MailAddress,
    public_id: &str,
    before: Option<&Held>,
    sheet: &Sheet,
    place: Place,
) -> Result<(), sqlx::Error> {
    // The spelling that was seen first stays; one that nobody has seen gives way.
    let seen = before.filter(|held| !held.sheet.liste_rouge || sheet.liste_rouge);
    let spelling = seen.map_or(address.published.as_str(), |held| held.adresse_publiee.as_str());
    sqlx::query(
        "insert into mailboxes (id, public_id, adresse, adresse_publiee, type_bal, domaine, liste_rouge, rang,
             description, dematerialisation, telephone, telephone_publie, origine, created_at, modified_at, hash,
             operateur, responsable, titulaire, cotitulaires)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'o', $13, $14, 0, $15, $16, $17, $18)
         on conflict (adresse) do update set id = excluded.id, adresse_publiee = excluded.adresse_publiee,
             liste_rouge = excluded.liste_rouge,
             rang = excluded.rang, description = excluded.description,
             dematerialisation = excluded.dematerialisation, telephone = excluded.telephone,
             telephone_publie = excluded.telephone_publie, origine = 'o', created_at = excluded.created_at,
             modified_at = excluded.modified_at, operateur = excluded.operateur,
             responsable = excluded.responsable, titulaire = excluded.titulaire,
             cotitulaires = excluded.cotitulaires",
    )
    .bind(place.id)
    .bind(public_id)
    .bind(&address.key)
    .bind(spelling)
    .bind(&sheet.type_bal)
    .bind(address.domain())
    .bind(sheet.liste_rouge)
    .bind(sheet.rang)
    .bind(&sheet.description)
    .bind(sheet.dematerialisation)
    .bind(&sheet.telephone)
    .bind(sheet.telephone_publie)
    .bind(place.created_at)
    .bind(place.modified_at)
    .bind(&operator.name)
    .bind(&sheet.responsable)
    .bind(&sheet.titulaire)
    .bind(&sheet.cotitulaires)
    .execute(&mut *publication.connection)
    .await?;
    Ok(())
}

async fn write_rows(
    connection: &mut PgConnection,
    old: Option<i64>,
    id: i64,
    sheet: &Sheet,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from mailbox_attachments where mailbox_id = $1")
        .bind(old)
        .execute(&mut *connection)
        .await?;
    for (rang, row) in (1_i32..).zip(&sheet.rows) {
        let structures = structures_named(connection, &[row.alias()]).await?;
        sqlx::query(ATTACH)
            .bind(id)
            .bind(rang)
            // Whoever answers for another box than a nominative one stands in no row: rows are extracted.
            .bind(if sheet.type_bal == "PER" {
                row.holder.as_str()
            } else {
                ""
            })
            .bind(&row.type_structure)
            .bind(&row.identifiant_structure)
            .bind(&row.service)
            .bind(match sheet.dematerialisation {
                Some(true) => "O",
                Some(false) => "N",
                None => "",
            })
            .bind(structures.into_iter().min())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Notes what the public, or those who have signed in, can see of the change; nothing of what stays hidden.
pub async fn note(
    publication: &mut Publication<'_>,
    before: Option<&Held>,
    public_id: &str,
    id: i64,
    sheet: &Sheet,
) -> Result<(), sqlx::Error> {
    let visible_before = before.filter(|held| !held.sheet.liste_rouge);
    match (visible_before, sheet.liste_rouge) {
        (None, true) => return Ok(()),
        (None, false) => publication
            .ledger
            .note(Genre::Mailbox, id, public_id, Action::Created),
        (Some(held), true) => publication
            .ledger
            .note(Genre::Mailbox, held.id, public_id, Action::Withdrawn),
        (Some(held), false) => {
            if held.sheet.shown_telephone() != sheet.shown_telephone() {
                publication.ledger.note_for_accounts(id);
            }
            let fields = held.sheet.differences(sheet);
            if fields.is_empty() {
                return Ok(());
            }
            publication
                .ledger
                .note_fields(Genre::Mailbox, id, public_id, &fields);
        }
    }
    if let Some(held) = visible_before {
        note_neighbours(publication, &held.sheet).await?;
    }
    if !sheet.liste_rouge {
        note_neighbours(publication, sheet).await?;
    }
    Ok(())
}

/// Holders show their boxes, structures count them. Who answers for another kind of box is not public: nothing is told of
/// them.
async fn note_neighbours(publication: &mut Publication<'_>, sheet: &Sheet) -> Result<(), sqlx::Error> {
    let is_held = sheet.type_bal == "PER";
    let rows = sheet.rows.iter().filter(|_| is_held);
    let holders: Vec<&str> = rows.map(|row| row.holder.as_str()).collect();
    let found: Vec<(i64, String)> =
        sqlx::query_as("select id, public_id from professionals where identification_nationale = any($1)")
            .bind(&holders)
            .fetch_all(&mut *publication.connection)
            .await?;
    for (id, public_id) in found {
        publication
            .ledger
            .note_neighbour(Genre::Professional, id, &public_id);
    }
    let aliases: Vec<String> = sheet
        .rows
        .iter()
        .map(SheetRow::alias)
        .filter(|alias| !alias.is_empty())
        .collect();
    let ids = structures_named(publication.connection, &aliases).await?;
    let found: Vec<(i64, String)> =
        sqlx::query_as("select id, public_id from structure_keys where id = any($1)")
            .bind(&ids)
            .fetch_all(&mut *publication.connection)
            .await?;
    for (id, public_id) in found {
        publication
            .ledger
            .note_neighbour(Genre::Structure, id, &public_id);
    }
    Ok(())
}
