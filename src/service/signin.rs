//! From keys to viewers. Sign-in asks the store each time, so that a revocation holds at once.

use super::{Answer, Directory};
use crate::store::accounts::{self, Account, Role};
use crate::visibility::Viewer;

impl Directory {
    /// The viewer behind a key; `None` for a key of nobody.
    pub async fn authenticate_key(&self, key: &str) -> Answer<Option<Viewer>> {
        Ok(accounts::authenticate_key(&self.inner()?.pool, key)
            .await?
            .map(viewer))
    }

    /// The viewer behind an account's name and key.
    pub async fn authenticate(&self, name: &str, key: &str) -> Answer<Option<Viewer>> {
        Ok(accounts::authenticate(&self.inner()?.pool, name, key)
            .await?
            .map(viewer))
    }

    /// The viewer behind an account that a certificate has vouched for.
    pub async fn certified(&self, name: &str) -> Answer<Option<Viewer>> {
        Ok(accounts::named(&self.inner()?.pool, name).await?.map(viewer))
    }
}

fn viewer(account: Account) -> Viewer {
    match account.role {
        Role::Professional => Viewer::Professional {
            account: account.name,
        },
        Role::Operator => Viewer::Operator {
            account: account.name,
            domains: account.domains,
        },
        Role::Administrator => Viewer::Administrator {
            account: account.name,
        },
    }
}
