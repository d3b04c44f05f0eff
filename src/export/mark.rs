//! Marks: what a reader gives back to have only what changed since. A mark is a keyed hash of the number of a
//! publication among those that changed something; it is found again by trying those that there are.

use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher24};
use sqlx::PgConnection;

use super::error::ExportError;

/// How much further back an instant reaches: a publication is dated when it begins, and seen when it ends.
const LONGEST_IMPORT: &str = "1 hour";

/// From where a differential extraction starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// The mark of an earlier answer.
    Mark(String),
    /// What changed since then, and perhaps a little before.
    Instant(jiff::Timestamp),
}

impl Since {
    /// Reads what a caller wrote: an instant of RFC 3339, or else a mark.
    pub fn parse(text: &str) -> Self {
        match text.parse() {
            Ok(instant) => Self::Instant(instant),
            Err(_) => Self::Mark(text.to_owned()),
        }
    }
}

/// The last publication of each public version, as `shown (version, number)`. What changed nothing that is shown has
/// no number of its own: a mark does not tell that it happened.
const SHOWN: &str = "with shown as (
    select max(version) as version, public_version as number from publications group by public_version)";

/// The version after which everything is to be told.
pub async fn version(connection: &mut PgConnection, since: &Since) -> Result<i64, ExportError> {
    match since {
        Since::Instant(instant) => {
            let found: Option<i64> = sqlx::query_scalar(
                "select coalesce(
                     (select max(version) from publications where at <= $1::timestamptz - $2::interval),
                     (select version from publications where version = 0))",
            )
            .bind(instant.to_string())
            .bind(LONGEST_IMPORT)
            .fetch_one(connection)
            .await?;
            // The log does not reach back so far: what it still tells would be taken for all.
            found.ok_or(ExportError::Mark)
        }
        Since::Mark(mark) => {
            let key = key(connection).await?;
            let shown = format!("{SHOWN} select version, number from shown order by version desc");
            let shown: Vec<(i64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(shown))
                .fetch_all(connection)
                .await?;
            let found = shown.into_iter().find(|(_, number)| made(&key, *number) == *mark);
            found.map(|(version, _)| version).ok_or(ExportError::Mark)
        }
    }
}

/// The mark of now.
pub async fn current(connection: &mut PgConnection) -> Result<String, ExportError> {
    let number = format!("{SHOWN} select coalesce(max(number), 0) from shown");
    let number: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(number))
        .fetch_one(&mut *connection)
        .await?;
    Ok(made(&key(connection).await?, number))
}

async fn key(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("select value from settings where name = 'public_id_key'")
        .fetch_one(connection)
        .await
}

fn made(key: &str, number: i64) -> String {
    let mut bytes = [0; 16];
    for (byte, given) in bytes.iter_mut().zip(key.bytes().cycle()) {
        *byte = given;
    }
    let mut hasher = SipHasher24::new_with_key(&bytes);
    hasher.write(b"marque");
    hasher.write(key.as_bytes());
    hasher.write_i64(number);
    format!("{:032x}", hasher.finish128().as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_differ_by_key_and_number() {
        let marks = [made("a", 1), made("b", 1), made("a", 2)];
        let distinct: std::collections::BTreeSet<_> = marks.iter().collect();
        assert_eq!(distinct.len(), marks.len());
    }

    #[test]
    fn an_instant_is_not_taken_for_a_mark() {
        assert!(matches!(Since::parse("2026-01-15T08:00:00Z"), Since::Instant(_)));
        assert!(matches!(
            Since::parse("00112233445566778899aabbccddeeff"),
            Since::Mark(_)
        ));
    }
}
