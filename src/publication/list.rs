//! An operator's own list: the boxes it published, in its domains, the hidden ones too. Each reading is audited.

use sqlx::{Connection as _, PgPool};

use super::PublicationError;
use super::held::Held;
use super::operator::Operator;
use crate::store::audit::{self, Act, Actor};

/// A page of an operator's boxes.
#[derive(Debug)]
pub struct OwnList {
    pub boxes: Vec<Held>,
    /// The last address of the page, when there are more.
    pub next: Option<String>,
}

/// The boxes after an address, in alphabetical order.
pub async fn own_list(
    pool: &PgPool,
    actor: &Actor,
    after: &str,
    limit: u32,
) -> Result<OwnList, PublicationError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    let operator = Operator::of(&mut transaction, &actor.account).await?;
    let mut adresses: Vec<String> = sqlx::query_scalar(
        "select adresse from mailboxes where operateur = $1 and domaine = any($2) and adresse > $3
         order by adresse limit $4",
    )
    .bind(&operator.name)
    .bind(&operator.domains)
    .bind(after)
    .bind(i64::from(limit) + 1)
    .fetch_all(&mut *transaction)
    .await?;
    let more = adresses.len() > limit as usize;
    adresses.truncate(limit as usize);
    let boxes = Held::load_all(&mut transaction, &adresses).await?;
    audit::note(&mut transaction, actor, Act::ReadOwn, &[""]).await?;
    transaction.commit().await?;
    Ok(OwnList {
        boxes,
        next: adresses.pop().filter(|_| more),
    })
}
