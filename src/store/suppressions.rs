//! What is kept out of the directory on a lawful request: an entry, or a field of one. Applied when it is asked, and
//! again by every import in its own transaction: what an extract brings back is gone before anybody sees it.
//!
//! An entry is known here by its public id, which says nothing of it.

use sqlx::PgConnection;

/// A field that can be suppressed: the letter of its kind of entry, its name, and the statements that empty it for
/// the entries whose public ids are `$1`.
struct Field {
    genre: &'static str,
    champ: &'static str,
    statements: &'static [&'static str],
}

const FIELDS: [Field; 11] = [
    Field {
        genre: "p",
        champ: "civilite",
        statements: &[
            "update professionals set civilite = '', civilite_exercice = '' where public_id = any($1)",
        ],
    },
    Field {
        genre: "p",
        champ: "savoir_faire",
        statements: &["delete from qualifications where professional_id in
             (select id from professionals where public_id = any($1))"],
    },
    Field {
        genre: "p",
        champ: "diplomes",
        statements: &["delete from diplomas where professional_id in
             (select id from professionals where public_id = any($1))"],
    },
    Field {
        genre: "p",
        champ: "activites",
        statements: &["delete from activities where professional_id in
             (select id from professionals where public_id = any($1))"],
    },
    Field {
        genre: "s",
        champ: "telephone",
        statements: &[
            "update structures_rpps set telephone = '', telephone_2 = '' where structure_id in
                 (select id from structure_keys where public_id = any($1))",
            "update structures_finess set telephone = '' where structure_id in
                 (select id from structure_keys where public_id = any($1))",
        ],
    },
    Field {
        genre: "s",
        champ: "telecopie",
        statements: &[
            "update structures_rpps set telecopie = '' where structure_id in
                 (select id from structure_keys where public_id = any($1))",
            "update structures_finess set telecopie = '' where structure_id in
                 (select id from structure_keys where public_id = any($1))",
        ],
    },
    Field {
        genre: "s",
        champ: "adresse",
        statements: &[
            "update structures_rpps set lignes = '{}' where structure_id in
                 (select id from structure_keys where public_id = any($1))",
            "update structures_finess set lignes = '{}', lat = null, lon = null where structure_id in
                 (select id from structure_keys where public_id = any($1))",
        ],
    },
    Field {
        genre: "m",
        champ: "telephone",
        statements: &[
            "update mailboxes set telephone = '', telephone_publie = false where public_id = any($1)",
        ],
    },
    Field {
        genre: "m",
        champ: "description",
        statements: &["update mailboxes set description = '' where public_id = any($1)"],
    },
    Field {
        genre: "m",
        champ: "service",
        statements: &["update mailbox_attachments set service = '' where mailbox_id in
             (select id from mailboxes where public_id = any($1))"],
    },
    Field {
        genre: "m",
        champ: "responsable",
        statements: &["update mailboxes set responsable = '' where public_id = any($1)"],
    },
];

/// The fields of a kind of entry that can be suppressed.
pub fn fields(genre: char) -> impl Iterator<Item = &'static str> {
    FIELDS
        .iter()
        .filter(move |field| field.genre.starts_with(genre))
        .map(|field| field.champ)
}

/// What is suppressed of an entry; the empty text stands for the whole.
pub async fn fields_of(connection: &mut PgConnection, public_id: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select champ from suppressions where public_id = $1")
        .bind(public_id)
        .fetch_all(connection)
        .await
}

/// Public ids of the entries that are suppressed whole.
pub async fn entries(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select public_id from suppressions where champ = ''")
        .fetch_all(connection)
        .await
}

/// Structures whose address is suppressed, and their position with it.
pub async fn placeless_structures(connection: &mut PgConnection) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "select k.id from suppressions s join structure_keys k using (public_id) where s.champ = 'adresse'",
    )
    .fetch_all(connection)
    .await
}

/// Notes that an entry, or a field of it, is to stay away. False when it was noted already.
pub async fn add(
    connection: &mut PgConnection,
    genre: char,
    public_id: &str,
    champ: &str,
) -> Result<bool, sqlx::Error> {
    let added = sqlx::query(
        "insert into suppressions (public_id, genre, champ) values ($1, $2::\"char\", $3) on conflict do nothing",
    )
    .bind(public_id)
    .bind(genre.to_string())
    .bind(champ)
    .execute(connection)
    .await?;
    Ok(added.rows_affected() > 0)
}

/// Lets an entry, or a field of it, come back with the next import. False when it was not suppressed.
pub async fn remove(
    connection: &mut PgConnection,
    public_id: &str,
    champ: &str,
) -> Result<bool, sqlx::Error> {
    let removed = sqlx::query("delete from suppressions where public_id = $1 and champ = $2")
        .bind(public_id)
        .bind(champ)
        .execute(&mut *connection)
        .await?;
    // The next import is to write the entry anew, whatever it finds unchanged.
    for statement in [
        "update professionals set hash = 0, hash_sans_role = 0, hash_savoir_faire = 0, hash_diplomes = 0
         where public_id = $1",
        "update structures_rpps set hash = 0 where structure_id in
             (select id from structure_keys where public_id = $1)",
        "update structures_finess set hash = 0 where structure_id in
             (select id from structure_keys where public_id = $1)",
        "update mailboxes set hash = 0 where public_id = $1 and origine = 'e'",
    ] {
        sqlx::query(statement)
            .bind(public_id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(removed.rows_affected() > 0)
}

/// Empties one field of one entry.
pub async fn empty(
    connection: &mut PgConnection,
    genre: char,
    public_id: &str,
    champ: &str,
) -> Result<(), sqlx::Error> {
    empty_all(connection, genre, &[public_id.to_owned()], champ).await
}

/// Empties again, after an import has written, what must stay empty.
pub async fn apply(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let kept: Vec<(String, String, Vec<String>)> = sqlx::query_as(
        "select genre::text, champ, array_agg(public_id) from suppressions where champ <> '' group by 1, 2",
    )
    .fetch_all(&mut *connection)
    .await?;
    for (genre, champ, ids) in kept {
        let genre = genre.chars().next().unwrap_or_default();
        empty_all(connection, genre, &ids, &champ).await?;
    }
    Ok(())
}

async fn empty_all(
    connection: &mut PgConnection,
    genre: char,
    public_ids: &[String],
    champ: &str,
) -> Result<(), sqlx::Error> {
    let known = FIELDS
        .iter()
        .find(|field| field.genre.starts_with(genre) && field.champ == champ);
    for statement in known.map_or(&[][..], |field| field.statements) {
        sqlx::query(*statement)
            .bind(public_ids)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// One suppression, as administrators list them.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Suppression {
    /// L'identifiant opaque de la fiche : rien d'autre n'en est gardé.
    #[schema(example = "s_7qk2m0c4x9d1f3g5h7j9k2m4")]
    pub id: String,
    /// `professionnel`, `structure` ou `messagerie`.
    #[schema(example = "structures")]
    pub genre: String,
    /// Absent quand toute la fiche est supprimée.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "telephone")]
    pub champ: Option<String>,
    /// RFC 3339.
    #[schema(example = "2026-01-15T08:00:00Z")]
    pub date: String,
}

/// All suppressions, newest first.
pub async fn list(connection: &mut PgConnection) -> Result<Vec<Suppression>, sqlx::Error> {
    let rows: Vec<(String, String, Option<String>, String)> = sqlx::query_as(
        "select public_id, case genre when 'p' then 'professionnel' when 's' then 'structure' else 'messagerie' end,
                nullif(champ, ''), to_char(at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
         from suppressions order by at desc, public_id, champ",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, genre, champ, date)| Suppression {
            id,
            genre,
            champ,
            date,
        })
        .collect())
}
