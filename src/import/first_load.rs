//! A first load, into tables that are empty and that nobody asks for anything: what makes loading slow is put off.
//!
//! Indexes are built once all rows are there, from sorted rows and by several processes of Postgres. And a table that
//! was emptied by the transaction that fills it needs no line in the log: with `wal_level = minimal`, as the private
//! cluster has it, its file is written through at the end instead (PostgreSQL documentation, "Populating a Database").

use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};

use super::publication::Publication;
use crate::store::connect::is_lock_taken;

/// Large tables that imports alone write.
pub const TABLES: [&str; 8] = [
    "professionals",
    "practices",
    "qualifications",
    "diplomas",
    "activities",
    "structure_keys",
    "structures_finess",
    "structures_rpps",
];

/// Those that are written last, and locked for no longer than that.
pub const MAILBOX_TABLES: [&str; 2] = ["mailboxes", "mailbox_attachments"];

/// How long a first load waits for those who read its tables.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two attempts to have them.
const PAUSE: Duration = Duration::from_millis(20);

/// What was put off.
pub struct FirstLoad {
    /// Statements that make the indexes.
    indexes: Vec<String>,
}

impl FirstLoad {
    /// Prepares tables, if nothing was imported yet and they hold no row. Who asks for their rows from now on waits for the
    /// end of the transaction; where somebody does already, and goes on, loading goes the ordinary way, and `None` is given.
    pub async fn begin(
        publication: &mut Publication<'_>,
        tables: &[&str],
    ) -> Result<Option<Self>, sqlx::Error> {
        if !publication.ledger.is_first() {
            return Ok(None);
        }
        let mut attempt = publication.connection.begin().await?;
        let names = tables.join(", ");
        if !lock(&mut attempt, &names).await? {
            return Ok(None);
        }
        for table in tables {
            let statement = format!("select exists (select from {table})");
            let holds_rows = sqlx::query_scalar(sqlx::AssertSqlSafe(statement));
            if holds_rows.fetch_one(&mut *attempt).await? {
                return Ok(None);
            }
        }
        let indexes: Vec<(String, String)> = sqlx::query_as(
            "select case when c.oid is null then format('drop index %s', i.indexrelid::regclass)
                         else format('alter table %s drop constraint %I', i.indrelid::regclass, c.conname) end,
                    case when c.oid is null then pg_get_indexdef(i.indexrelid)
                         else format('alter table %s add constraint %I %s', i.indrelid::regclass, c.conname,
                                     pg_get_constraintdef(c.oid)) end
             from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u')
             where i.indrelid = any($1::text[]::regclass[]) order by i.indexrelid",
        )
        .bind(tables)
        .fetch_all(&mut *attempt)
        .await?;
        let (drop, make): (Vec<_>, Vec<_>) = indexes.into_iter().unzip();
        for statement in drop.into_iter().chain([format!("truncate {names}")]) {
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .execute(&mut *attempt)
                .await?;
        }
        attempt.commit().await?;
        Ok(Some(Self { indexes: make }))
    }

    /// Builds the indexes, once all rows are there.
    pub async fn finish(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("set local maintenance_work_mem = '256MB'")
            .execute(&mut *connection)
            .await?;
        for statement in self.indexes {
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

/// Locks tables against everybody; whether nobody else held one of them for longer than [`PATIENCE`].
///
/// Asks again and again rather than wait: who waits with some of the tables in hand stands in the way of a reader who
/// wants one of them and holds the next, and Postgres would end one of the two (documentation, "Deadlocks").
async fn lock(connection: &mut PgConnection, tables: &str) -> Result<bool, sqlx::Error> {
    let statement = format!("lock table {tables} in access exclusive mode nowait");
    let begun = Instant::now();
    sqlx::query("savepoint none_locked")
        .execute(&mut *connection)
        .await?;
    loop {
        let locked = sqlx::query(sqlx::AssertSqlSafe(&*statement));
        match locked.execute(&mut *connection).await {
            Ok(_) => return Ok(true),
            Err(error) if is_lock_taken(&error) => {
                sqlx::query("rollback to savepoint none_locked")
                    .execute(&mut *connection)
                    .await?;
            }
            Err(error) => return Err(error),
        }
        if begun.elapsed() > PATIENCE {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
