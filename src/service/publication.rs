//! The operators' door: what they ask goes to the store, in their name, and comes back when the nodes show it.

use super::Directory;
use crate::publication::{self, Conditions, File, LineReport, OwnList, PublicationError, Published, Request};
use crate::store::audit::Actor;
use crate::store::nodes::Confirmation;

impl Directory {
    /// Publishes, changes or withdraws one box.
    pub async fn publish(
        &self,
        actor: &Actor,
        address: &str,
        conditions: &Conditions,
        request: Request,
    ) -> Result<Published, PublicationError> {
        publication::publish(self.pool()?, actor, address, conditions, request).await
    }

    /// Publishes a file of boxes.
    pub async fn publish_lot(
        &self,
        actor: &Actor,
        file: File,
    ) -> Result<(Vec<LineReport>, Confirmation), PublicationError> {
        publication::lots(self.pool()?, actor, file).await
    }

    /// The boxes that an operator published, after an address.
    pub async fn own_boxes(
        &self,
        actor: &Actor,
        after: &str,
        limit: u32,
    ) -> Result<OwnList, PublicationError> {
        publication::own_list(self.pool()?, actor, after, limit).await
    }

    fn pool(&self) -> Result<&sqlx::PgPool, PublicationError> {
        match self.inner() {
            Ok(inner) => Ok(&inner.pool),
            Err(_) => Err(PublicationError::Store(sqlx::Error::PoolClosed)),
        }
    }
}
