//! From keys to viewers. Sign-in asks the store each time, so that a revocation holds at once; a session that lasts
//! asks again when accounts have changed.

use std::net::IpAddr;

use super::{Answer, Directory};
use crate::store::accounts::{self, Account, Role};
use crate::visibility::Viewer;

/// What a session that lasts was signed in with.
#[derive(Debug, Clone)]
pub struct Standing {
    account: String,
    /// The part of the key that is not secret; empty where something else than a key vouched for the account.
    key_id: String,
    /// What had happened to accounts when it was last looked at.
    changes: u64,
}

impl Directory {
    /// The viewer behind a key that comes from an address; `None` for a key of nobody, after a while when such keys
    /// come again and again.
    pub async fn authenticate_key(&self, key: &str, from: IpAddr) -> Answer<Option<Viewer>> {
        let inner = self.inner()?;
        let found = accounts::authenticate_key(&inner.pool, key).await?;
        inner
            .failures
            .settle(from, accounts::key_id(key), found.is_some())
            .await;
        Ok(found.map(viewer))
    }

    /// The viewer behind an account's name and key that come from an address, in the same way.
    pub async fn authenticate(
        &self,
        name: &str,
        key: &str,
        from: IpAddr,
    ) -> Answer<Option<(Viewer, Standing)>> {
        let inner = self.inner()?;
        let changes = inner.contact.account_changes();
        let found = accounts::authenticate(&inner.pool, name, key).await?;
        inner.failures.settle(from, name, found.is_some()).await;
        let standing = Standing {
            account: name.to_owned(),
            key_id: accounts::key_id(key).to_owned(),
            changes,
        };
        Ok(found.map(|account| (viewer(account), standing)))
    }

    /// The viewer behind an account that a certificate has vouched for.
    pub async fn certified(&self, name: &str) -> Answer<Option<(Viewer, Standing)>> {
        let inner = self.inner()?;
        let changes = inner.contact.account_changes();
        let found = accounts::named(&inner.pool, name).await?;
        let standing = Standing {
            account: name.to_owned(),
            key_id: String::new(),
            changes,
        };
        Ok(found.map(|account| (viewer(account), standing)))
    }

    /// Whether the account of a session is still what it was. Without the store nothing is known to have changed.
    pub async fn stands(&self, standing: &mut Standing) -> bool {
        let Ok(inner) = self.inner() else {
            return false;
        };
        let changes = inner.contact.account_changes();
        if changes == standing.changes || !inner.contact.is_reachable() {
            return true;
        }
        match accounts::stands(&inner.pool, &standing.account, &standing.key_id).await {
            Ok(stands) => {
                standing.changes = changes;
                stands
            }
            Err(error) => {
                tracing::warn!(%error, "accounts cannot be read; sessions go on");
                true
            }
        }
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
