//! One publication in the making: the transaction in which one import command writes, its clock, its ids, and
//! what it changed. Nothing of it is visible before [`Publication::finish`].

use sqlx::PgConnection;
use std::collections::{BTreeMap, HashSet};

use super::copy::Rows;
use super::history;
use crate::directory::public_id::{Genre, PublicIds};
use crate::store::suppressions;
use crate::visibility::visible_box;

/// Above this share of changed entries nodes build their index anew rather than follow the change log.
const REBUILD_SHARE: u64 = 5;

/// What happened to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Created,
    Updated,
    Withdrawn,
}

impl Action {
    fn letter(self) -> char {
        match self {
            Self::Created => 'c',
            Self::Updated => 'u',
            Self::Withdrawn => 'w',
        }
    }
}

/// "annuaire" in ASCII, cut to 63 bits: one import at a time on one database.
const IMPORT_LOCK: i64 = 7_020_098_466_046_816_869;
/// The next number: one writer of mailboxes and versions at a time. An import takes it only when it begins to write
/// them, so that operators need not wait while it reads its files.
const MAILBOX_LOCK: i64 = IMPORT_LOCK + 1;
/// Changes that are followed one by one whatever the size of the store: counting it would cost more.
const FOLLOWED: u64 = 10_000;

/// The writing end of an import command, or of an operator's request.
pub struct Publication<'c> {
    pub connection: &'c mut PgConnection,
    /// Seconds since the Unix epoch.
    pub now: i64,
    pub ids: PublicIds,
    /// The sequence from which this writer takes its ids.
    sequence: &'static str,
    first_id: i64,
    next_id: i64,
    changes: Rows,
    /// Fields that somebody changed who knew which, and the numbers of their entries, by kind and name of the field.
    fields: BTreeMap<(char, String), Vec<i64>>,
    /// Whether nothing was published before: the first load is one event, not millions.
    is_first: bool,
    /// Public ids of entries that are suppressed on request.
    suppressed: HashSet<String>,
    /// Mailboxes that changed for those who have signed in only.
    account_changes: Vec<i64>,
    /// Whether labels, domains or other things that every entry may show have changed.
    pub rebuild: bool,
}

impl<'c> Publication<'c> {
    /// Opens an import's publication inside the caller's transaction. Waits for any other import to end.
    pub async fn begin(connection: &'c mut PgConnection, now: i64) -> Result<Self, sqlx::Error> {
        // The next import waits for this one's transaction: where the importer is killed, so is what it asked for.
        sqlx::query("set local client_connection_check_interval = '5s'")
            .execute(&mut *connection)
            .await?;
        lock(connection, IMPORT_LOCK).await?;
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
        let next_id: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select last_value from {sequence}")))
                .fetch_one(&mut *connection)
                .await?;
        let is_first: bool = sqlx::query_scalar("select max(version) = 0 from publications")
            .fetch_one(&mut *connection)
            .await?;
        let suppressed = suppressions::entries(connection).await?.into_iter().collect();
        Ok(Self {
            connection,
            now,
            ids: PublicIds::new(&key),
            sequence,
            first_id: next_id,
            next_id,
            changes: Rows::new(
                "copy pg_temp.changes (genre, entity_id, public_id, action, neighbour) from stdin",
            ),
            fields: BTreeMap::new(),
            is_first,
            suppressed,
            account_changes: Vec::new(),
            rebuild: false,
        })
    }

    /// Whether nothing was published before.
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Waits for any other writer of mailboxes: to be called before mailboxes are read to be compared.
    pub async fn lock_mailboxes(&mut self) -> Result<(), sqlx::Error> {
        lock(self.connection, MAILBOX_LOCK).await
    }

    /// Whether any entry stays out of the directory on request.
    pub fn suppresses_any(&self) -> bool {
        !self.suppressed.is_empty()
    }

    /// Whether an entry stays out of the directory on request.
    pub fn is_suppressed(&self, genre: Genre, key: &str) -> bool {
        self.suppresses_any() && self.is_suppressed_id(&self.ids.make(genre, key))
    }

    /// The same, by its public id.
    pub fn is_suppressed_id(&self, public_id: &str) -> bool {
        self.suppressed.contains(public_id)
    }

    /// A new id, used by no entry before.
    pub fn new_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Notes that an entry changed.
    pub fn note(&mut self, genre: Genre, id: i64, public_id: &str, action: Action) {
        self.note_row(genre, id, public_id, action, false);
    }

    /// Notes that some fields of an entry changed. Their names are told by [`crate::store::history`] alone, and are of
    /// fields that the public sees: each line of the change log is the public's to know.
    pub fn note_fields(&mut self, genre: Genre, id: i64, public_id: &str, fields: &[&str]) {
        self.note(genre, id, public_id, Action::Updated);
        for field in fields {
            let key = (genre.letter(), (*field).to_owned());
            self.fields.entry(key).or_default().push(id);
        }
    }

    /// Notes that a mailbox changed for those who have signed in; the public sees it as before.
    pub fn note_for_accounts(&mut self, mailbox: i64) {
        self.account_changes.push(mailbox);
    }

    /// Notes that an entry shows something else of another one, and is itself as before.
    pub fn note_neighbour(&mut self, genre: Genre, id: i64, public_id: &str) {
        self.note_row(genre, id, public_id, Action::Updated, true);
    }

    fn note_row(&mut self, genre: Genre, id: i64, key: &str, action: Action, neighbour: bool) {
        if self.is_first {
            self.changes.count += 1;
            return;
        }
        self.changes
            .plain(genre.letter())
            .plain(id)
            .text(key)
            .plain(action.letter())
            .plain(neighbour)
            .end();
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
        if self.next_id > self.first_id {
            sqlx::query("select setval($1::regclass, $2)")
                .bind(self.sequence)
                .bind(self.next_id)
                .execute(&mut *self.connection)
                .await?;
        }
        let public = self.changes.count > 0 || self.rebuild;
        if !public && self.account_changes.is_empty() {
            return Ok(None);
        }
        self.lock_mailboxes().await?;
        let (version, public_version): (i64, i64) = sqlx::query_as(
            "select version + 1, public_version from publications order by version desc limit 1",
        )
        .fetch_one(&mut *self.connection)
        .await?;
        let rebuild = self.rebuild || self.is_first || self.is_much().await?;
        sqlx::query("insert into publications (version, rebuild, public_version) values ($1, $2, $3)")
            .bind(version)
            .bind(rebuild)
            .bind(public_version + i64::from(public))
            .execute(&mut *self.connection)
            .await?;
        if !self.is_first {
            self.write_changes(version).await?;
        } else if version > 1 {
            self.write_first_changes(version).await?;
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
        let few = self.changes.count < FOLLOWED;
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
        Ok(self.changes.count * REBUILD_SHARE > enough.unsigned_abs())
    }

    /// An operator published while the first load went on: who knows that version must be told what came after it. All
    /// that is there but the operator's mailboxes came.
    async fn write_first_changes(&mut self, version: i64) -> Result<(), sqlx::Error> {
        sqlx::query(
            r#"insert into change_log (version, genre, entity_id, public_id, action, neighbour)
               select $1::bigint, 'p'::"char", id, public_id, 'c'::"char", false from professionals
               union all select $1::bigint, 's'::"char", id, public_id, 'c'::"char", false from structure_keys
               union all select $1::bigint, 'm'::"char", id, public_id, 'c'::"char", false from mailboxes
                         where origine = 'e'"#,
        )
        .bind(version)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn write_changes(&mut self, version: i64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "create temp table changes (genre \"char\", entity_id bigint, public_id text, action \"char\",
                 neighbour boolean) on commit drop",
        )
        .execute(&mut *self.connection)
        .await?;
        self.changes.send(&mut *self.connection).await?;
        for ((genre, field), ids) in &self.fields {
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
            .bind(&self.account_changes)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}

async fn lock(connection: &mut PgConnection, number: i64) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(number)
        .execute(connection)
        .await?;
    Ok(())
}

/// What an import did to the entries of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub created: u64,
    pub changed: u64,
    pub removed: u64,
}
