//! What administrators read beside operators: hidden boxes, what is suppressed, the audit. Each reading leaves its rows
//! in the transaction of what it tells.

use sqlx::{Connection as _, PgConnection, PgPool};

use super::held::Held;
use super::{OwnList, PublicationError, parsed};
use crate::store::audit::{self, Act, Actor};
use crate::store::suppressions::{self, Suppression};
use crate::visibility::visible_box;

/// The boxes on the red list after an address, whoever published them.
pub async fn hidden(
    pool: &PgPool,
    actor: &Actor,
    after: &str,
    limit: u32,
) -> Result<OwnList, PublicationError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    check(&mut transaction, actor).await?;
    let adresses: Vec<String> = sqlx::query_scalar(concat!(
        "select adresse from mailboxes m where not (",
        visible_box!(),
        ") and adresse > $1 order by adresse limit $2",
    ))
    .bind(after)
    .bind(i64::from(limit) + 1)
    .fetch_all(&mut *transaction)
    .await?;
    let page = OwnList::read(&mut transaction, adresses, limit).await?;
    audit::note_reading(&mut transaction, actor, Act::ReadHidden, &page.hidden()).await?;
    transaction.commit().await?;
    Ok(page)
}

/// One box with all that is hidden of it.
pub async fn one_box(pool: &PgPool, actor: &Actor, adresse: &str) -> Result<Held, PublicationError> {
    let address = parsed(adresse).map_err(|_| PublicationError::NotFound)?;
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    check(&mut transaction, actor).await?;
    // Who asks in vain has asked all the same.
    audit::note(&mut transaction, actor, Act::ReadHidden, &[&address.key]).await?;
    let held = Held::load(&mut transaction, &address.key).await?;
    transaction.commit().await?;
    held.ok_or(PublicationError::NotFound)
}

/// All that is suppressed now.
pub async fn suppressed(pool: &PgPool, actor: &Actor) -> Result<Vec<Suppression>, PublicationError> {
    let mut connection = pool.acquire().await?;
    check(&mut connection, actor).await?;
    Ok(suppressions::list(&mut connection).await?)
}

/// Rows of the audit, for who may read it; that they were read is a row, too.
pub async fn traces(
    pool: &PgPool,
    actor: &Actor,
    wanted: &audit::Wanted,
) -> Result<Vec<audit::Trace>, PublicationError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    check(&mut transaction, actor).await?;
    let traces = audit::read(&mut transaction, wanted).await?;
    audit::note(&mut transaction, actor, Act::ReadAudit, &[""]).await?;
    transaction.commit().await?;
    Ok(traces)
}

/// What a revoked account asked for is never committed after its revocation.
pub async fn check(connection: &mut PgConnection, actor: &Actor) -> Result<(), PublicationError> {
    let stands: Option<i32> = sqlx::query_scalar(
        "select 1 from accounts where name = $1 and role = 'administrator' and revoked_at is null for share",
    )
    .bind(&actor.account)
    .fetch_optional(connection)
    .await?;
    stands.map(|_| ()).ok_or(PublicationError::Revoked)
}
