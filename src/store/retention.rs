//! How long the store keeps what it need not keep for ever: the audit, the rejects of imports, the change log, nodes that are gone.

use sqlx::{Connection as _, PgPool};

use super::changes;

/// One purge at a time, whoever begins it: "annuaire" in ASCII, cut to 63 bits, and two for the other locks.
const PURGE_LOCK: i64 = 7_020_098_466_046_816_869 + 2;

/// Days for which something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// 0 for ever.
    pub audit: u16,
    /// 0 for ever.
    pub rejects: u16,
    /// Of the change log.
    pub history: u16,
}

/// Rows that a purge removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Purged {
    pub audit: u64,
    #[serde(rename = "rejets")]
    pub rejects: u64,
    pub imports: u64,
    #[serde(rename = "modifications")]
    pub changes: u64,
}

/// Removes what has been kept long enough. Nothing when another purge is under way.
pub async fn purge(pool: &PgPool, retention: &Retention) -> Result<Purged, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    let alone: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock($1)")
        .bind(PURGE_LOCK)
        .fetch_one(&mut *transaction)
        .await?;
    if !alone {
        return Ok(Purged::default());
    }
    // The audit lets nobody else remove a row.
    sqlx::query("set local annuaire.purge = 'audit'")
        .execute(&mut *transaction)
        .await?;
    let mut removed = [0; 3];
    for (count, (statement, days)) in removed.iter_mut().zip([
        (
            "delete from audit where at < now() - make_interval(days => $1)",
            retention.audit,
        ),
        (
            "delete from rejects where run_id in
                 (select id from import_runs where started_at < now() - make_interval(days => $1))",
            retention.rejects,
        ),
        (
            "delete from import_runs where started_at < now() - make_interval(days => $1)",
            retention.rejects,
        ),
    ]) {
        if days > 0 {
            let deleted = sqlx::query(statement)
                .bind(i32::from(days))
                .execute(&mut *transaction)
                .await?;
            *count = deleted.rows_affected();
        }
    }
    // Of nodes that were killed.
    sqlx::query("delete from nodes where seen_at < now() - interval '1 day'")
        .execute(&mut *transaction)
        .await?;
    // A store that never sees another import forgets like any other.
    let changes = changes::prune(&mut transaction, retention.history).await?;
    transaction.commit().await?;
    let [audit, rejects, imports] = removed;
    Ok(Purged {
        audit,
        rejects,
        imports,
        changes,
    })
}
