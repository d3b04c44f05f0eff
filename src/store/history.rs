//! What the change log says of one entry, whoever changed it: an import, an operator, an administrator. What is
//! hidden now has no history, and a change shows only what it changed of the entry itself: what others changed of
//! theirs, hidden boxes among them, leaves no trace. Nor does what nobody but the operator sees, which the audit tells.
//!
//! Only the command reads this, by whoever has the store: viewers are told of no field that changed.

use sqlx::PgConnection;

use crate::directory::identifier::{professional_candidates, structure_candidates};
use crate::directory::public_id::{Genre, PublicIds};
use crate::visibility::visible_box;

/// One thing that happened to an entry.
#[derive(Debug, serde::Serialize, sqlx::FromRow)]
pub struct Event {
    /// RFC 3339.
    pub date: String,
    pub id: String,
    /// `creation`, `modification` or `retrait`.
    pub action: String,
    /// Names of the fields that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub champs: Vec<String>,
}

/// What happened to the entry of an identifier of any kind: an address, an identification nationale (RPPS or
/// ADELI number), a FINESS number, SIRET or technical id, or a public id. Oldest first.
pub async fn of(connection: &mut PgConnection, identifier: &str) -> Result<Vec<Event>, sqlx::Error> {
    let identifier = identifier.trim();
    // Many entries lack one identifier or another: nothing names none of them.
    if identifier.is_empty() {
        return Ok(Vec::new());
    }
    let ids = public_ids(connection, identifier).await?;
    sqlx::query_as(concat!(
        "with told as (
             select version, at, public_id, action, champs from change_log
             where public_id = any($1) and (action <> 'u' or cardinality(champs) > 0)
             union all
             -- A telephone for those who have signed in is in no line of the change log, which is the public's. The
             -- box may be gone: then the log tells which numbers it had.
             select c.version, p.at, numbers.public_id, 'u', array['telephone']
             from account_changes c join publications p using (version)
             join (select id, public_id from mailboxes where public_id = any($1)
                   union select entity_id, public_id from change_log where public_id = any($1) and genre = 'm') numbers
                 on numbers.id = c.mailbox_id)
         select to_char(min(at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as date, public_id as id,
                case action when 'c' then 'creation' when 'u' then 'modification' else 'retrait' end as action,
                coalesce(array_agg(distinct champ order by champ) filter (where champ is not null), '{}') as champs
         from told left join lateral unnest(champs) as champ on true
         where not exists (select 1 from mailboxes m where m.public_id = told.public_id and not (",
        visible_box!(),
        "))
         group by version, public_id, action order by version, action",
    ))
    .bind(ids)
    .fetch_all(connection)
    .await
}

async fn public_ids(connection: &mut PgConnection, identifier: &str) -> Result<Vec<String>, sqlx::Error> {
    let key: String = sqlx::query_scalar("select value from settings where name = 'public_id_key'")
        .fetch_one(&mut *connection)
        .await?;
    let ids = PublicIds::new(&key);
    if identifier.contains('@') {
        return Ok(vec![ids.make(Genre::Mailbox, &identifier.to_lowercase())]);
    }
    let structures: Vec<String> = sqlx::query_scalar(
        "select public_id from structure_keys where finess = any($1) or identifiant_technique = any($1)
         union select public_id from structures where siret = any($1)",
    )
    .bind(structure_candidates(identifier))
    .fetch_all(connection)
    .await?;
    let people = professional_candidates(identifier);
    let people = people.iter().map(|id| ids.make(Genre::Professional, id));
    Ok(structures
        .into_iter()
        .chain(people)
        .chain([identifier.to_owned()])
        .collect())
}
