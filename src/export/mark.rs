//! Marks: what a reader gives back to have only what changed since. A mark is a keyed hash of a version, because
//! versions count what the public may not see; it is found again by trying those that there are.

use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher24};
use sqlx::PgConnection;

use super::error::ExportError;
use super::layout::Layout;

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

/// The version after which everything is to be told.
pub async fn version(
    connection: &mut PgConnection,
    layout: &Layout,
    since: &Since,
) -> Result<i64, ExportError> {
    match since {
        Since::Instant(instant) => Ok(sqlx::query_scalar(
            "select coalesce(max(version), 0) from publications where at <= $1::timestamptz - $2::interval",
        )
        .bind(instant.to_string())
        .bind(LONGEST_IMPORT)
        .fetch_one(connection)
        .await?),
        Since::Mark(mark) => {
            let key = key(connection).await?;
            let versions: Vec<i64> =
                sqlx::query_scalar("select version from publications order by version desc")
                    .fetch_all(connection)
                    .await?;
            versions
                .into_iter()
                .find(|version| made(&key, layout.genre, *version) == *mark)
                .ok_or(ExportError::Mark)
        }
    }
}

/// The mark of now: of the last version that changed what this layout shows.
pub async fn current(connection: &mut PgConnection, layout: &Layout) -> Result<String, ExportError> {
    let version: i64 = sqlx::query_scalar(
        "select greatest(
             (select coalesce(max(version), 0) from publications where rebuild),
             (select coalesce(max(version), 0) from change_log where genre::text = $1 or ($2 and genre = 's')))",
    )
    .bind(layout.genre.to_string())
    .bind(layout.touched.is_some())
    .fetch_one(&mut *connection)
    .await?;
    Ok(made(&key(connection).await?, layout.genre, version))
}

async fn key(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("select value from settings where name = 'public_id_key'")
        .fetch_one(connection)
        .await
}

fn made(key: &str, genre: char, version: i64) -> String {
    let mut bytes = [0; 16];
    for (byte, given) in bytes.iter_mut().zip(key.bytes().cycle()) {
        *byte = given;
    }
    let mut hasher = SipHasher24::new_with_key(&bytes);
    hasher.write(b"marque");
    hasher.write(key.as_bytes());
    hasher.write_u32(genre.into());
    hasher.write_i64(version);
    format!("{:032x}", hasher.finish128().as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_differ_by_key_kind_and_version() {
        let marks = [
            made("a", 'm', 1),
            made("b", 'm', 1),
            made("a", 'p', 1),
            made("a", 'm', 2),
        ];
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
