//! One publication in the making: the transaction in which one import command writes, and the book of what it changes.
//! Nothing of it is visible before [`Publication::finish`].

use sqlx::PgConnection;

use super::attached::Lost;
use super::history;
use super::ledger::Ledger;
use crate::directory::public_id::PublicIds;
use crate::store::suppressions;
use crate::visibility::visible_box;

/// Above this share of changed entries nodes build their index anew rather than follow the change log.
const REBUILD_SHARE: u64 = 5;

/// "annuaire" in ASCII, cut to 63 bits: one import at a time on one database.
const IMPORT_LOCK: i64 = 7_020_098_466_046_816_869;
/// The next number: one writer of mailboxes and versions at a time. An import into a store that holds real entries takes
/// it only when it begins to write them, so that operators need not wait while it reads its files.
const MAILBOX_LOCK: i64 = IMPORT_LOCK + 1;
/// Changes that are followed one by one whatever the size of the store: counting it would cost more.
const FOLLOWED: u64 = 10_000;

/// The writing end of an import command, or of an operator's request.
pub struct Publication<'c> {
    pub connection: &'c mut PgConnection,
    pub ledger: Ledger,
    /// The sequence from which this writer takes its ids.
    sequence: &'static str,
}

impl<'c> Publication<'c> {
    /// Opens an import's publication inside the caller's transaction. Waits for any other import to end. Where nothing
    /// was published before, operators wait for its end: nobody could publish in an empty directory, and whoever tried
    /// would wait for tables that [`super::first_load`] holds, and hold what this waits for.
    pub async fn begin(connection: &'c mut PgConnection, now: i64) -> Result<Self, sqlx::Error> {
        // The next import waits for this one's transaction: where the importer is killed, so is what it asked for.
        sqlx::query("set local client_connection_check_interval = '5s'")
            .execute(&mut *connection)
            .await?;
        lock(connection, IMPORT_LOCK).await?;
        if nothing_was_published(connection).await? {
            lock(connection, MAILBOX_LOCK).await?;
        }
        Self::open(connection, now, "entity_ids").await
    }

    /// Opens an operator's publication inside the caller's transaction. Waits for any other writer of mailboxes.
    pub async fn begin_for_operator(connection: &'c mut PgConnection, now: i64) -> Result<Self, sqlx::Error> {
        lock(connection, MAILBOX_LOCK).await?;
        Self::open(connection, now, "operator_ids").await
    }

    async fn open(
        connection: &'c mut PgConnection,
        now: i64,
        sequence: &'static str,
    ) -> Result<Self, sqlx::Error> {
        let key: String = sqlx::query_scalar("select value from settings where name = 'public_id_key'")
            .fetch_one(&mut *connection)
            .await?;
        // Read, not taken: a publication that shows nothing new leaves no gap in the numbers.
        let last_id: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select last_value from {sequence}")))
                .fetch_one(&mut *connection)
                .await?;
        let is_first = nothing_was_published(connection).await?;
        let suppressed = suppressions::entries(connection).await?.into_iter().collect();
        Ok(Self {
            connection,
            ledger: Ledger::new(now, PublicIds::new(&key), last_id, is_first, suppressed),
            sequence,
        })
    }

    /// Waits for any other writer of mailboxes: to be called before mailboxes are read to be compared.
    pub async fn lock_mailboxes(&mut self) -> Result<(), sqlx::Error> {
        lock(self.connection, MAILBOX_LOCK).await
    }

    /// Deletes the rows of some entries.
    pub async fn delete(&mut self, table: &str, column: &str, ids: &[i64]) -> Result<(), sqlx::Error> {
        self.delete_where(table, column, ids, "true").await
    }

    /// Deletes those rows of some entries that meet a condition.
    pub async fn delete_where(
        &mut self,
        table: &str,
        column: &str,
        ids: &[i64],
        condition: &str,
    ) -> Result<(), sqlx::Error> {
        if ids.is_empty() {
            return Ok(());
        }
        history::delete(&mut *self.connection, table, column, ids, condition).await?;
        Ok(())
    }

    /// Writes the change log and the new version, and tells the nodes when the transaction commits.
    /// Gives the version, or `None` when nothing changed.
    pub async fn finish(mut self) -> Result<Option<i64>, sqlx::Error> {
        if let Some(last_id) = self.ledger.last_id() {
            sqlx::query("select setval($1::regclass, $2)")
                .bind(self.sequence)
                .bind(last_id)
                .execute(&mut *self.connection)
                .await?;
        }
        let public = self.ledger.is_public();
        if !public && self.ledger.account_changes.is_empty() {
            return Ok(None);
        }
        self.lock_mailboxes().await?;
        Lost::note_boxes(&mut self).await?;
        let (version, public_version): (i64, i64) = sqlx::query_as(
            "select version + 1, public_version from publications order by version desc limit 1",
        )
        .fetch_one(&mut *self.connection)
        .await?;
        let rebuild = self.ledger.rebuild || self.ledger.is_first() || self.is_much().await?;
        sqlx::query("insert into publications (version, rebuild, public_version) values ($1, $2, $3)")
            .bind(version)
            .bind(rebuild)
            .bind(public_version + i64::from(public))
            .execute(&mut *self.connection)
            .await?;
        if !self.ledger.is_first() {
            self.write_changes(version).await?;
        }
        sqlx::query("select pg_notify('annuaire', $1)")
            .bind(version.to_string())
            .execute(&mut *self.connection)
            .await?;
        Ok(Some(version))
    }

    /// Whether so much changed that building an index anew is faster than following. Hidden boxes do not count.
    async fn is_much(&mut self) -> Result<bool, sqlx::Error> {
        if self.sequence == "operator_ids" {
            return Ok(false);
        }
        let few = self.ledger.changes.count < FOLLOWED;
        let enough: i64 = sqlx::query_scalar(concat!(
            "select (select count(*) from (select 1 from professionals limit $1) p)
                  + (select count(*) from (select 1 from mailboxes m where ",
            visible_box!(),
            " limit $1) m)
                  + (select count(*) from (select 1 from structures_rpps limit $1) r)
                  + (select count(*) from (select 1 from structures_finess limit $1) f)",
        ))
        // Few changes need only few entries to be few: no need to count them all.
        .bind(few.then(|| (FOLLOWED * REBUILD_SHARE).cast_signed()))
        .fetch_one(&mut *self.connection)
        .await?;
        Ok(self.ledger.changes.count * REBUILD_SHARE > enough.unsigned_abs())
    }

    async fn write_changes(&mut self, version: i64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "create temp table changes (genre \"char\", entity_id bigint, public_id text, action \"char\",
                 neighbour boolean) on commit drop",
        )
        .execute(&mut *self.connection)
        .await?;
        self.ledger.changes.send(&mut *self.connection).await?;
        for ((genre, field), ids) in &self.ledger.fields {
            history::note(&mut *self.connection, *genre, ids, field).await?;
        }
        history::compare(&mut *self.connection).await?;
        sqlx::query(
            "insert into change_log (version, genre, entity_id, public_id, action, neighbour, champs)
             select $1, genre, entity_id, public_id, action, neighbour, case action when 'u' then named end
             from pg_temp.changes
             left join (select genre, entity_id, array_agg(distinct champ) as named
                        from pg_temp.champs, unnest(champs) as champ group by genre, entity_id) as f
                 using (genre, entity_id)",
        )
        .bind(version)
        .execute(&mut *self.connection)
        .await?;
        sqlx::query("insert into account_changes (version, mailbox_id) select $1, unnest($2::bigint[])")
            .bind(version)
            .bind(&self.ledger.account_changes)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}

async fn nothing_was_published(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select max(version) = 0 from publications")
        .fetch_one(connection)
        .await
}

async fn lock(connection: &mut PgConnection, number: i64) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(number)
        .execute(connection)
        .await?;
    Ok(())
}
