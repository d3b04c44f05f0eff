//! Which fields of an entry an import changed: rows on their way out are kept until the import ends, then
//! compared with those that took their place. Names only, never values; nothing at a first load, which deletes
//! nothing, nor at a change of the whole stock, which says nothing of any one entry.

use sqlx::PgConnection;

/// More rows than this at once are a change of the stock: a new layout, another generation of files.
const MAX_ROWS: usize = 100_000;

/// Columns that are no field of an entry, or that not everybody may see move.
const NO_FIELDS: &str = "'{id,structure_id,hash,hash_sans_role,hash_savoir_faire,hash_diplomes,created_at,modified_at,\
     source,score,liste_rouge,telephone_publie,telephone_responsable,origine}'::text[]";

/// Tables, the letter of the entries they are of, and the one field that all rows of a table make together.
const TABLES: [(&str, char, Option<&str>); 9] = [
    ("professionals", 'p', None),
    ("practices", 'p', Some("exercices")),
    ("qualifications", 'p', Some("savoir_faire")),
    ("activities", 'p', Some("activites")),
    ("diplomas", 'p', Some("diplomes")),
    ("structures_rpps", 's', None),
    ("structures_finess", 's', None),
    ("mailboxes", 'm', None),
    ("mailbox_attachments", 'm', Some("rattachements")),
];

/// Deletes rows of some entries and keeps them for comparison. Names and conditions are literals of this program.
pub async fn delete(
    connection: &mut PgConnection,
    table: &str,
    column: &str,
    ids: &[i64],
    condition: &str,
) -> Result<(), sqlx::Error> {
    let gone = format!(
        "delete from {table} using unnest($1::bigint[]) as gone (gone_id)
         where {column} = gone_id and {condition}"
    );
    if ids.len() > MAX_ROWS || !TABLES.iter().any(|(known, ..)| *known == table) {
        sqlx::query(sqlx::AssertSqlSafe(gone))
            .bind(ids)
            .execute(connection)
            .await?;
        return Ok(());
    }
    prepare(connection).await?;
    let statement = format!(
        "with gone as ({gone} returning {column} as key, to_jsonb({table}) - {NO_FIELDS} as fields)
         insert into pg_temp.before
         select '{table}', $2, key, fields from gone
         union all select '{table}', $2, unnest($1::bigint[]), null"
    );
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(ids)
        .bind(format!("{column} = key and {condition}"))
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes a field that changed by something else than the rows of the entry itself.
pub async fn note(
    connection: &mut PgConnection,
    genre: char,
    ids: &[i64],
    field: &str,
) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    prepare(connection).await?;
    sqlx::query("insert into pg_temp.champs select $1::\"char\", unnest($2::bigint[]), array[$3]")
        .bind(genre.to_string())
        .bind(ids)
        .bind(field)
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes the table of what was, once for each import.
async fn prepare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    // The rows of a change that will not be committed go with it.
    sqlx::query(
        "do $$ begin
             if to_regclass('pg_temp.before') is null then
                 create temp table before (of_table text, condition text, key bigint, fields jsonb)
                     on commit drop;
                 create temp table champs (genre \"char\", entity_id bigint, champs text[]) on commit drop;
             end if;
         end $$",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Compares, and leaves the names in `pg_temp.champs` by entry.
pub async fn compare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    prepare(connection).await?;
    let kept: Vec<(String, String)> =
        sqlx::query_as("select distinct of_table, condition from pg_temp.before")
            .fetch_all(&mut *connection)
            .await?;
    for (table, condition) in kept {
        let Some((_, genre, together)) = TABLES.iter().find(|(known, ..)| *known == table) else {
            continue;
        };
        let names = match together {
            // One row before and one after: the columns that differ.
            None => {
                "array(select o.key from jsonb_each(old[1]) o where o.value is distinct from new[1] -> o.key)"
                    .to_owned()
            }
            Some(word) => format!("case when old is distinct from new then array['{word}'] else '{{}}' end"),
        };
        let statement = format!(
            "insert into pg_temp.champs
             select '{genre}', key, {names}
             from (select key, array_agg(fields order by fields) filter (where fields is not null) as old
                   from pg_temp.before where of_table = $1 and condition = $2 group by key) as b
             cross join lateral (select array_agg(fields order by fields) as new
                   from (select to_jsonb({table}) - {NO_FIELDS} as fields from {table} where {condition}) as n) as a
             where old is distinct from new"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(&table)
            .bind(&condition)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
