//! Suppression on a lawful request: an entry, or a field of one, is taken out for good; later imports do not bring it
//! back. Only administrators, and each with its row of audit.

use jiff::Timestamp;
use sqlx::{PgConnection, PgPool};

use super::administrator::check;
use super::held::Held;
use super::{PATIENCE, PublicationError, begin, parsed, write};
use crate::directory::identifier::professional_candidates;
use crate::directory::public_id::Genre;
use crate::import::ledger::Action;
use crate::import::publication::Publication;
use crate::store::aliases::{aliases_of, structure_typed};
use crate::store::audit::{self, Act, Actor};
use crate::store::nodes::{self, Confirmation};
use crate::store::suppressions;
use crate::visibility::visible_box;

/// Longest identifier that is looked for.
const MAX_IDENTIFIER: usize = 64;

/// An entry as an administrator names it.
struct Target {
    genre: Genre,
    public_id: String,
    /// Absent when the directory does not hold it now.
    id: Option<i64>,
    /// What the audit calls it.
    name: String,
}

/// Takes out an entry, or one field of it (`champ`), and keeps later imports from bringing it back.
pub async fn suppress(
    pool: &PgPool,
    actor: &Actor,
    genre: Genre,
    typed: &str,
    champ: &str,
) -> Result<Confirmation, PublicationError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = begin(&mut connection).await?;
    check(&mut transaction, actor).await?;
    let mut publication = open(&mut transaction, genre).await?;
    let target = Target::find(&mut publication, genre, typed).await?;
    suppressions::add(publication.connection, genre.letter(), &target.public_id, champ).await?;
    audit::note(
        publication.connection,
        actor,
        Act::Suppressed,
        &[&target.named(champ)],
    )
    .await?;
    if let Some(id) = target.id {
        match (genre, champ) {
            (Genre::Mailbox, _) => suppress_box(&mut publication, &target.name, champ).await?,
            (Genre::Professional, "") => suppress_professional(&mut publication, id, &target).await?,
            (Genre::Structure, "") => suppress_structure(&mut publication, id, &target).await?,
            _ => suppress_field(&mut publication, id, &target, champ).await?,
        }
    }
    publication.finish().await?;
    transaction.commit().await?;
    drop(connection);
    Ok(nodes::confirmed(pool, PATIENCE).await)
}

/// Lets an entry or a field come back with the next import that holds it.
pub async fn restore(
    pool: &PgPool,
    actor: &Actor,
    genre: Genre,
    typed: &str,
    champ: &str,
) -> Result<(), PublicationError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = begin(&mut connection).await?;
    check(&mut transaction, actor).await?;
    let mut publication = open(&mut transaction, genre).await?;
    let target = Target::find(&mut publication, genre, typed).await?;
    if !suppressions::remove(publication.connection, &target.public_id, champ).await? {
        return Err(PublicationError::NotFound);
    }
    audit::note(
        publication.connection,
        actor,
        Act::Restored,
        &[&target.named(champ)],
    )
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// Mailboxes have several writers; what else there is has one, the import, which is to be waited for.
async fn open(connection: &mut PgConnection, genre: Genre) -> Result<Publication<'_>, sqlx::Error> {
    let now = Timestamp::now().as_second();
    match genre {
        Genre::Mailbox => Publication::begin_for_operator(connection, now).await,
        Genre::Professional | Genre::Structure => {
            let mut publication = Publication::begin(connection, now).await?;
            publication.lock_mailboxes().await?;
            Ok(publication)
        }
    }
}

impl Target {
    async fn find(
        publication: &mut Publication<'_>,
        genre: Genre,
        typed: &str,
    ) -> Result<Self, PublicationError> {
        if genre != Genre::Mailbox && typed.len() > MAX_IDENTIFIER {
            return Err(PublicationError::NotFound);
        }
        match genre {
            Genre::Mailbox => {
                let address = parsed(typed).map_err(|_| PublicationError::NotFound)?;
                let id = sqlx::query_scalar("select id from mailboxes where adresse = $1")
                    .bind(&address.key)
                    .fetch_optional(&mut *publication.connection)
                    .await?;
                Ok(Self {
                    genre,
                    public_id: publication.ledger.ids.make(genre, &address.key),
                    id,
                    name: address.key,
                })
            }
            Genre::Professional => Self::professional(publication, typed).await,
            Genre::Structure => Self::structure(publication, typed).await,
        }
    }

    /// One that the directory holds, or that was suppressed: then only the whole number finds it.
    async fn professional(publication: &mut Publication<'_>, typed: &str) -> Result<Self, PublicationError> {
        let candidates = professional_candidates(typed);
        let found: Option<(i64, String)> = sqlx::query_as(
            "select id, identification_nationale from professionals where identification_nationale = any($1)",
        )
        .bind(&candidates)
        .fetch_optional(&mut *publication.connection)
        .await?;
        if let Some((id, name)) = found {
            return Ok(Self {
                genre: Genre::Professional,
                public_id: publication.ledger.ids.make(Genre::Professional, &name),
                id: Some(id),
                name,
            });
        }
        for name in candidates {
            let public_id = publication.ledger.ids.make(Genre::Professional, &name);
            if !suppressions::fields_of(publication.connection, &public_id)
                .await?
                .is_empty()
            {
                return Ok(Self {
                    genre: Genre::Professional,
                    public_id,
                    id: None,
                    name,
                });
            }
        }
        Err(PublicationError::NotFound)
    }

    /// Keys of structures stay when nothing tells of them any more.
    async fn structure(publication: &mut Publication<'_>, typed: &str) -> Result<Self, PublicationError> {
        let known = structure_typed(publication.connection, typed).await?;
        let key: Option<(i64, String)> = sqlx::query_as(
            "select id, public_id from structure_keys
             where id = $1 or ($1 is null and (finess = $2 or identifiant_technique = $2))",
        )
        .bind(known)
        .bind(typed.strip_prefix('F').unwrap_or(typed))
        .fetch_optional(&mut *publication.connection)
        .await?;
        let (id, public_id) = key.ok_or(PublicationError::NotFound)?;
        Ok(Self {
            genre: Genre::Structure,
            public_id,
            id: known.map(|_| id),
            name: typed.to_owned(),
        })
    }

    fn named(&self, champ: &str) -> String {
        if champ.is_empty() {
            self.name.clone()
        } else {
            format!("{} ({champ})", self.name)
        }
    }
}

async fn suppress_box(
    publication: &mut Publication<'_>,
    adresse: &str,
    champ: &str,
) -> Result<(), sqlx::Error> {
    let Some(held) = Held::load(publication.connection, adresse).await? else {
        return Ok(());
    };
    if champ.is_empty() {
        return write::remove(publication, &held).await;
    }
    let mut sheet = held.sheet.clone();
    sheet.empty(champ);
    suppressions::empty(
        publication.connection,
        Genre::Mailbox.letter(),
        &held.public_id,
        champ,
    )
    .await?;
    write::note(publication, Some(&held), &held.public_id, held.id, &sheet).await?;
    if !held.sheet.liste_rouge && !held.sheet.looks_like(&sheet) {
        touch(publication, "mailboxes", "id", held.id).await?;
    }
    Ok(())
}

/// With a person go their nominative boxes, which name them.
async fn suppress_professional(
    publication: &mut Publication<'_>,
    id: i64,
    target: &Target,
) -> Result<(), sqlx::Error> {
    let adresses: Vec<String> = sqlx::query_scalar(
        "select distinct m.adresse from mailboxes m join mailbox_attachments a on a.mailbox_id = m.id
         where a.identification_nationale = $1 and m.type_bal = 'PER'",
    )
    .bind(&target.name)
    .fetch_all(&mut *publication.connection)
    .await?;
    for held in Held::load_all(publication.connection, &adresses).await? {
        write::remove(publication, &held).await?;
    }
    for table in ["practices", "qualifications", "activities", "diplomas"] {
        publication.delete(table, "professional_id", &[id]).await?;
    }
    publication.delete("professionals", "id", &[id]).await?;
    publication
        .ledger
        .note(Genre::Professional, id, &target.public_id, Action::Withdrawn);
    Ok(())
}

/// The key stays, by which an extract's row is known and left out.
async fn suppress_structure(
    publication: &mut Publication<'_>,
    id: i64,
    target: &Target,
) -> Result<(), sqlx::Error> {
    note_boxes_of(publication, id).await?;
    for table in ["structures_finess", "structures_rpps"] {
        publication.delete(table, "structure_id", &[id]).await?;
    }
    publication
        .ledger
        .note(Genre::Structure, id, &target.public_id, Action::Withdrawn);
    Ok(())
}

/// Boxes show their structure; afterwards nothing leads from it to them.
async fn note_boxes_of(publication: &mut Publication<'_>, id: i64) -> Result<(), sqlx::Error> {
    let aliases = aliases_of(publication.connection, &[id]).await?;
    let boxes: Vec<(i64, String)> = sqlx::query_as(concat!(
        "select distinct m.id, m.public_id from mailboxes m join mailbox_attachments a on a.mailbox_id = m.id
         where a.type_structure || a.identifiant_structure = any($1) and a.identifiant_structure <> '' and ",
        visible_box!()
    ))
    .bind(&aliases)
    .fetch_all(&mut *publication.connection)
    .await?;
    for (id, public_id) in boxes {
        publication.ledger.note_neighbour(Genre::Mailbox, id, &public_id);
    }
    Ok(())
}

async fn suppress_field(
    publication: &mut Publication<'_>,
    id: i64,
    target: &Target,
    champ: &str,
) -> Result<(), sqlx::Error> {
    let letter = target.genre.letter();
    suppressions::empty(publication.connection, letter, &target.public_id, champ).await?;
    match target.genre {
        Genre::Professional => touch(publication, "professionals", "id", id).await?,
        _ => {
            touch(publication, "structures_finess", "structure_id", id).await?;
            touch(publication, "structures_rpps", "structure_id", id).await?;
        }
    }
    publication
        .ledger
        .note_fields(target.genre, id, &target.public_id, &[champ]);
    Ok(())
}

async fn touch(
    publication: &mut Publication<'_>,
    table: &str,
    column: &str,
    id: i64,
) -> Result<(), sqlx::Error> {
    // Names are literals of this file.
    let statement = format!("update {table} set modified_at = $2 where {column} = $1");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .bind(publication.ledger.now)
        .execute(&mut *publication.connection)
        .await?;
    Ok(())
}
