//! What a node must do to follow the store: from the change log, widened to every entry that shows what changed.

use sqlx::PgConnection;

/// Ids of entries, by kind.
#[derive(Debug, Default, Clone)]
pub struct Changes {
    /// The version that the store is at.
    pub version: i64,
    /// True when the index must be built anew.
    pub rebuild: bool,
    /// Entries to be read again; those that are gone or hidden are then found missing and only deleted.
    pub professionals: Vec<i64>,
    pub structures: Vec<i64>,
    pub mailboxes: Vec<i64>,
}

/// The version that the store is at.
pub async fn version(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select coalesce(max(version), 0) from publications")
        .fetch_one(connection)
        .await
}

/// All that changed after a version.
pub async fn since(connection: &mut PgConnection, after: i64) -> Result<Changes, sqlx::Error> {
    let mut changes = Changes {
        version: version(connection).await?,
        ..Changes::default()
    };
    if changes.version == after {
        return Ok(changes);
    }
    // A node whose version the log no longer reaches, or which passed a generation, builds anew.
    changes.rebuild = sqlx::query_scalar(
        "select $1 > $2 or exists (select 1 from publications where version > $1 and rebuild)
             or not exists (select 1 from publications where version = $1)",
    )
    .bind(after)
    .bind(changes.version)
    .fetch_one(&mut *connection)
    .await?;
    if changes.rebuild {
        return Ok(changes);
    }
    let of = |genre: &'static str| {
        sqlx::query_scalar::<_, i64>(
            "select distinct entity_id from change_log where version > $1 and genre = $2::\"char\"",
        )
        .bind(after)
        .bind(genre)
    };
    changes.structures = of("s").fetch_all(&mut *connection).await?;
    changes.professionals = of("p").fetch_all(&mut *connection).await?;
    changes.mailboxes = of("m").fetch_all(&mut *connection).await?;
    // A structure is shown by those who work there and by the mailboxes attached to it, a mailbox by its holder and
    // its structure, and a holder by their mailboxes.
    let attached: Vec<i64> = sqlx::query_scalar(
        "select a.mailbox_id
         from structure_keys k left join structures s using (id)
         cross join lateral (values ('1' || k.finess), (s.ancien_identifiant), ('3' || s.siret), ('2' || s.siren))
               as alias (word)
         join mailbox_attachments a on a.type_structure || a.identifiant_structure = alias.word
         where k.id = any($1) and a.identifiant_structure <> ''",
    )
    .bind(&changes.structures)
    .fetch_all(&mut *connection)
    .await?;
    changes.structures.extend(
        sqlx::query_scalar::<_, i64>(
            "select distinct s.id from mailbox_attachments a join structures s
               on a.type_structure || a.identifiant_structure in ('1' || s.finess, '3' || s.siret, s.ancien_identifiant)
             where a.mailbox_id = any($1)",
        )
        .bind(&changes.mailboxes)
        .fetch_all(&mut *connection)
        .await?,
    );
    changes.professionals = sqlx::query_scalar(
        "select unnest($1::bigint[])
         union select professional_id from activities where structure_id = any($2)
         union select p.id from mailbox_attachments a join professionals p using (identification_nationale)
               where a.mailbox_id = any($3)",
    )
    .bind(&changes.professionals)
    .bind(&changes.structures)
    .bind(&changes.mailboxes)
    .fetch_all(&mut *connection)
    .await?;
    changes.mailboxes = sqlx::query_scalar(
        "select unnest($1::bigint[])
         union select unnest($3::bigint[])
         union select a.mailbox_id from professionals p join mailbox_attachments a using (identification_nationale)
               where p.id = any($2)",
    )
    .bind(&changes.mailboxes)
    .bind(&changes.professionals)
    .bind(&attached)
    .fetch_all(&mut *connection)
    .await?;
    Ok(changes)
}

/// Forgets what is older than `days`. A node that far behind builds its index anew: its version is gone too.
pub async fn prune(connection: &mut PgConnection, days: u16) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from publications where at < now() - make_interval(days => $1)
             and version < (select max(version) from publications)",
    )
    .bind(i32::from(days))
    .execute(&mut *connection)
    .await?;
    sqlx::query("delete from change_log where version < (select min(version) from publications)")
        .execute(connection)
        .await?;
    Ok(())
}
