//! The audit: who published, changed, read or suppressed what only few may see. Rows are added in the transaction of
//! what they tell of; only the purge removes them. Nothing of it goes to the ordinary log.

use jiff::Timestamp;
use sqlx::{PgConnection, Row as _};

/// Most rows of one reading.
pub const MOST: i64 = 10_000;

/// Who acts, and from where.
#[derive(Debug, Clone)]
pub struct Actor {
    pub account: String,
    /// The network address of the request; empty where it is not known.
    pub origin: String,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Published,
    Changed,
    Withdrawn,
    ReadOwn,
    ReadHidden,
    ReadAudit,
    Suppressed,
    Restored,
}

impl Act {
    /// The word kept in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "publication",
            Self::Changed => "modification",
            Self::Withdrawn => "retrait",
            Self::ReadOwn => "lecture-operateur",
            Self::ReadHidden => "lecture-liste-rouge",
            Self::ReadAudit => "lecture-audit",
            Self::Suppressed => "suppression",
            Self::Restored => "retablissement",
        }
    }
}

/// A row of the audit.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Trace {
    /// RFC 3339.
    #[schema(example = "2026-01-15T08:00:00Z")]
    pub date: String,
    #[schema(example = "alpha")]
    pub compte: String,
    /// `publication`, `modification`, `retrait`, `lecture-operateur`…
    #[schema(example = "publication")]
    pub action: String,
    /// Une adresse ou un identifiant ; absent pour une liste.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "claire.testeur@a-exemple.mssante.fr")]
    pub fiche: Option<String>,
    /// D'où venait la requête.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "192.0.2.1")]
    pub origine: Option<String>,
}

/// Which rows are wanted; `None` for all.
#[derive(Debug, Default, Clone)]
pub struct Wanted {
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub account: Option<String>,
    pub entry: Option<String>,
    pub most: Option<i64>,
}

/// Adds a row for each entry that an act touched; one without entry for a list.
pub async fn note(
    connection: &mut PgConnection,
    actor: &Actor,
    act: Act,
    entries: &[&str],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into audit (compte, action, fiche, origine) select $1, $2, fiche, $4 from unnest($3::text[]) as f (fiche)",
    )
    .bind(&actor.account)
    .bind(act.as_str())
    .bind(entries)
    .bind(&actor.origin)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds the rows of a reading: one for each hidden entry that was shown, or one that says that there was none.
pub async fn note_reading(
    connection: &mut PgConnection,
    actor: &Actor,
    act: Act,
    hidden: &[&str],
) -> Result<(), sqlx::Error> {
    let entries = if hidden.is_empty() { &[""][..] } else { hidden };
    note(connection, actor, act, entries).await
}

/// A text as Postgres takes it: what has a NUL is nobody's name.
fn told(text: &str) -> &str {
    match text.contains('\0') {
        true => "?",
        false => text,
    }
}

/// The rows wanted, newest first.
pub async fn read(connection: &mut PgConnection, wanted: &Wanted) -> Result<Vec<Trace>, sqlx::Error> {
    let rows = sqlx::query(
        "select to_char(at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), compte, action,
                nullif(fiche, ''), nullif(origine, '')
         from audit
         where ($1::text is null or at >= $1::timestamptz) and ($2::text is null or at < $2::timestamptz)
           and ($3::text is null or compte = $3) and ($4::text is null or lower(fiche) = $4 or starts_with(lower(fiche), $4 || ' ('))
         order by at desc, id desc limit $5",
    )
    .bind(wanted.since.map(|time| time.to_string()))
    .bind(wanted.until.map(|time| time.to_string()))
    .bind(wanted.account.as_deref().map(told))
    .bind(wanted.entry.as_ref().map(|entry| told(entry).to_lowercase()))
    .bind(wanted.most.unwrap_or(MOST).clamp(1, MOST))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Trace {
                date: row.try_get(0)?,
                compte: row.try_get(1)?,
                action: row.try_get(2)?,
                fiche: row.try_get(3)?,
                origine: row.try_get(4)?,
            })
        })
        .collect()
}
