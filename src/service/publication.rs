//! The doors of operators and administrators: what they ask goes to the store, in their name, and comes back when the
//! nodes show it.

use super::Directory;
use crate::directory::public_id::Genre;
use crate::publication::{
    self, Conditions, File, Held, LineReport, OwnList, PublicationError, Published, Request,
};
use crate::store::audit::{Actor, Trace, Wanted};
use crate::store::nodes::Confirmation;
use crate::store::suppressions::Suppression;

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

    /// The boxes on the red list, after an address.
    pub async fn hidden_boxes(
        &self,
        actor: &Actor,
        after: &str,
        limit: u32,
    ) -> Result<OwnList, PublicationError> {
        publication::hidden(self.pool()?, actor, after, limit).await
    }

    /// One box with all that is hidden of it.
    pub async fn whole_box(&self, actor: &Actor, adresse: &str) -> Result<Held, PublicationError> {
        publication::one_box(self.pool()?, actor, adresse).await
    }

    /// Takes out an entry, or one field of it, for good.
    pub async fn suppress(
        &self,
        actor: &Actor,
        genre: Genre,
        typed: &str,
        champ: &str,
    ) -> Result<Confirmation, PublicationError> {
        publication::suppress(self.pool()?, actor, genre, typed, champ).await
    }

    /// Lets an entry or a field come back with the next import.
    pub async fn restore(
        &self,
        actor: &Actor,
        genre: Genre,
        typed: &str,
        champ: &str,
    ) -> Result<(), PublicationError> {
        publication::restore(self.pool()?, actor, genre, typed, champ).await
    }

    /// All that is suppressed.
    pub async fn suppressed(&self, actor: &Actor) -> Result<Vec<Suppression>, PublicationError> {
        publication::suppressed(self.pool()?, actor).await
    }

    /// Rows of the audit.
    pub async fn traces(&self, actor: &Actor, wanted: &Wanted) -> Result<Vec<Trace>, PublicationError> {
        publication::traces(self.pool()?, actor, wanted).await
    }

    fn pool(&self) -> Result<&sqlx::PgPool, PublicationError> {
        match self.inner() {
            Ok(inner) => Ok(&inner.publishing),
            Err(_) => Err(PublicationError::Store(sqlx::Error::PoolClosed)),
        }
    }
}
