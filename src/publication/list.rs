//! An operator's own list: the boxes it published, in its domains, the hidden ones too. Each reading is audited, by a
//! row for each hidden box that was shown.

use sqlx::{Connection as _, PgConnection, PgPool};

use super::PublicationError;
use super::held::Held;
use super::operator::Operator;
use crate::store::audit::{self, Act, Actor};

/// A page of boxes as few may see them.
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
    let adresses: Vec<String> = sqlx::query_scalar(
        "select adresse from mailboxes where operateur = $1 and domaine = any($2) and adresse > $3
         order by adresse limit $4",
    )
    .bind(&operator.name)
    .bind(&operator.domains)
    .bind(after)
    .bind(i64::from(limit) + 1)
    .fetch_all(&mut *transaction)
    .await?;
    let page = OwnList::read(&mut transaction, adresses, limit).await?;
    audit::note_reading(&mut transaction, actor, Act::ReadOwn, &page.hidden()).await?;
    transaction.commit().await?;
    Ok(page)
}

impl OwnList {
    /// The boxes of a page, of whose addresses there is one more than the page holds when there are more.
    pub(super) async fn read(
        connection: &mut PgConnection,
        mut adresses: Vec<String>,
        limit: u32,
    ) -> Result<Self, sqlx::Error> {
        let more = adresses.len() > limit as usize;
        adresses.truncate(limit as usize);
        let boxes = Held::load_all(connection, &adresses).await?;
        Ok(Self {
            boxes,
            next: adresses.pop().filter(|_| more),
        })
    }

    /// The addresses on the red list.
    pub(super) fn hidden(&self) -> Vec<&str> {
        let hidden = self.boxes.iter().filter(|held| held.sheet.liste_rouge);
        hidden.map(|held| held.adresse.as_str()).collect()
    }
}
