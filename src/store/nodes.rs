//! Nodes that serve one store: their leases and the versions that they show.

use std::time::Duration;

use sqlx::PgPool;

/// A node not seen for so long is gone.
pub const LEASE: Duration = Duration::from_secs(10);
/// How often a waiting command looks again.
const LOOK: Duration = Duration::from_millis(20);

/// A node and what it shows.
#[derive(Debug, Clone)]
pub struct NodeState {
    pub name: String,
    pub version: i64,
    pub seconds: i64,
}

/// Renews a node's lease.
pub async fn report(pool: &PgPool, name: &str, version: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into nodes (name, version) values ($1, $2)
         on conflict (name) do update set version = excluded.version, seen_at = now()",
    )
    .bind(name)
    .bind(version)
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends a node's lease.
pub async fn leave(pool: &PgPool, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from nodes where name = $1")
        .bind(name)
        .execute(pool)
        .await?;
    Ok(())
}

/// The nodes that are alive.
pub async fn alive(pool: &PgPool) -> Result<Vec<NodeState>, sqlx::Error> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select name, version, extract(epoch from now() - seen_at)::bigint from nodes
         where seen_at > now() - make_interval(secs => $1) order by name",
    )
    .bind(LEASE.as_secs_f64())
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(name, version, seconds)| NodeState {
            name,
            version,
            seconds,
        })
        .collect())
}

/// Waits until every live node shows a version. False when `patience` ran out first.
pub async fn all_show(pool: &PgPool, version: i64, patience: Duration) -> Result<bool, sqlx::Error> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        if alive(pool).await?.iter().all(|node| node.version >= version) {
            return Ok(true);
        }
        if tokio::time::Instant::now() >= deadline {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How many of the live nodes show a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    pub confirmed: usize,
    pub total: usize,
}

impl Confirmation {
    /// Whether every live node shows it. Where none seems to be alive the store has not been heard from for longer than
    /// their leases, and nobody knows.
    pub fn is_whole(self) -> bool {
        self.total > 0 && self.confirmed == self.total
    }
}

/// Waits until every live node shows what the store holds now, as long as `patience` lasts. What was published stays so
/// where the nodes cannot be asked: nobody has confirmed it then.
pub async fn confirmed(pool: &PgPool, patience: Duration) -> Confirmation {
    ask(pool, patience).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "nobody knows which nodes show what was published");
        Confirmation {
            confirmed: 0,
            total: 0,
        }
    })
}

async fn ask(pool: &PgPool, patience: Duration) -> Result<Confirmation, sqlx::Error> {
    let deadline = tokio::time::Instant::now() + patience;
    let version: i64 = sqlx::query_scalar("select max(version) from publications")
        .fetch_one(pool)
        .await?;
    loop {
        let nodes = alive(pool).await?;
        let confirmation = Confirmation {
            confirmed: nodes.iter().filter(|node| node.version >= version).count(),
            total: nodes.len(),
        };
        if confirmation.is_whole() || tokio::time::Instant::now() >= deadline {
            return Ok(confirmation);
        }
        tokio::time::sleep(LOOK).await;
    }
}
