//! One publication in the making: the transaction in which one import command writes, its clock, its ids, and
//! what it changed. Nothing of it is visible before [`Publication::finish`].

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};
use sqlx::PgConnection;

use super::copy::Rows;
use super::history;

/// Above this share of changed entries nodes build their index anew rather than follow the change log.
const REBUILD_SHARE: u64 = 5;

/// What an entry is, as the change log writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Genre {
    Professional,
    Structure,
    Mailbox,
}

impl Genre {
    fn letter(self) -> char {
        match self {
            Self::Professional => 'p',
            Self::Structure => 's',
            Self::Mailbox => 'm',
        }
    }

    /// First letter of public ids: `b_` for a mailbox (boîte).
    fn prefix(self) -> char {
        match self {
            Self::Professional => 'p',
            Self::Structure => 's',
            Self::Mailbox => 'b',
        }
    }
}

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

/// Makes the opaque public ids: a keyed hash of what the entry is known by.
#[derive(Clone, Copy)]
pub struct PublicIds([u8; 16]);

impl PublicIds {
    /// `key` is the 32 hexadecimal digits kept in the settings table.
    pub fn new(key: &str) -> Self {
        let mut bytes = [0; 16];
        for (byte, digits) in bytes.iter_mut().zip(key.as_bytes().chunks(2)) {
            *byte = std::str::from_utf8(digits)
                .ok()
                .and_then(|d| u8::from_str_radix(d, 16).ok())
                .unwrap_or(0);
        }
        Self(bytes)
    }

    /// The public id of an entry, about 24 characters of `[0-9a-z_]`.
    pub fn make(&self, genre: Genre, key: &str) -> String {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u8(genre.letter() as u8);
        hasher.write(key.as_bytes());
        let mut hash = hasher.finish128().as_u128();
        let mut id = String::with_capacity(28);
        id.push(genre.prefix());
        id.push('_');
        for _ in 0..22 {
            id.push(char::from(DIGITS[(hash & 31) as usize]));
            hash >>= 5;
        }
        id
    }
}

/// The writing end of an import command.
pub struct Publication<'c> {
    pub connection: &'c mut PgConnection,
    /// Seconds since the Unix epoch.
    pub now: i64,
    pub ids: PublicIds,
    next_id: i64,
    changes: Rows,
    /// Whether labels, domains or other things that every entry may show have changed.
    pub rebuild: bool,
}

impl<'c> Publication<'c> {
    /// Opens a publication inside the caller's transaction. Waits for any other import to end.
    pub async fn begin(connection: &'c mut PgConnection, now: i64) -> Result<Self, sqlx::Error> {
        // "annuaire" in ASCII, cut to 63 bits: one import at a time on one database.
        sqlx::query("select pg_advisory_xact_lock(7020098466046816869)")
            .execute(&mut *connection)
            .await?;
        let key: String = sqlx::query_scalar("select value from settings where name = 'public_id_key'")
            .fetch_one(&mut *connection)
            .await?;
        let next_id: i64 = sqlx::query_scalar("select nextval('entity_ids')")
            .fetch_one(&mut *connection)
            .await?;
        Ok(Self {
            connection,
            now,
            ids: PublicIds::new(&key),
            next_id,
            changes: Rows::new("copy pg_temp.changes (genre, entity_id, public_id, action) from stdin"),
            rebuild: false,
        })
    }

    /// A new id, used by no entry before.
    pub fn new_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Notes that an entry changed.
    pub fn note(&mut self, genre: Genre, id: i64, public_id: &str, action: Action) {
        self.changes
            .plain(genre.letter())
            .plain(id)
            .text(public_id)
            .plain(action.letter())
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
        sqlx::query("select setval('entity_ids', $1)")
            .bind(self.next_id)
            .execute(&mut *self.connection)
            .await?;
        if self.changes.count == 0 && !self.rebuild {
            return Ok(None);
        }
        let entries: i64 = sqlx::query_scalar(
            "select (select count(*) from professionals) + (select count(*) from mailboxes)
                  + (select count(*) from structures_rpps) + (select count(*) from structures_finess)",
        )
        .fetch_one(&mut *self.connection)
        .await?;
        let version: i64 = sqlx::query_scalar("select max(version) + 1 from publications")
            .fetch_one(&mut *self.connection)
            .await?;
        let first = version == 1;
        let rebuild = self.rebuild || first || self.changes.count * REBUILD_SHARE > entries.unsigned_abs();
        sqlx::query("insert into publications (version, rebuild) values ($1, $2)")
            .bind(version)
            .bind(rebuild)
            .execute(&mut *self.connection)
            .await?;
        // The first load is one event, not millions.
        if !first {
            sqlx::query(
                "create temp table changes (genre \"char\", entity_id bigint, public_id text, action \"char\")
                 on commit drop",
            )
            .execute(&mut *self.connection)
            .await?;
            self.changes.send(&mut *self.connection).await?;
            history::compare(&mut *self.connection).await?;
            sqlx::query(
                "insert into change_log (version, genre, entity_id, public_id, action, champs)
                 select $1, genre, entity_id, public_id, action, case action when 'u' then
                        (select array_agg(distinct champ) from pg_temp.champs f, unnest(f.champs) as champ
                         where (f.genre, f.entity_id) = (c.genre, c.entity_id)) end
                 from pg_temp.changes c",
            )
            .bind(version)
            .execute(&mut *self.connection)
            .await?;
        }
        sqlx::query("select pg_notify('annuaire', $1)")
            .bind(version.to_string())
            .execute(&mut *self.connection)
            .await?;
        Ok(Some(version))
    }
}

/// What an import did to the entries of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub created: u64,
    pub changed: u64,
    pub removed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_ids_say_nothing_and_stay_the_same() {
        let ids = PublicIds::new("00112233445566778899aabbccddeeff");
        let id = ids.make(Genre::Mailbox, "claire.testeur@a-exemple.mssante.fr");
        assert_eq!(
            id,
            ids.make(Genre::Mailbox, "claire.testeur@a-exemple.mssante.fr")
        );
        assert!(id.starts_with("b_") && id.len() == 24 && !id.contains("claire"));
        assert_ne!(
            id,
            PublicIds::new("ff").make(Genre::Mailbox, "claire.testeur@a-exemple.mssante.fr")
        );
    }
}
