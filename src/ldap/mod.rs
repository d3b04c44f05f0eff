//! The LDAP face (LDAPv3, RFC 4510 to 4519), read-only: messages in, queries to the directory, entries out.
//!
//! It knows nothing of Postgres or of the index, and never sends a viewer what the views do not hold.
//! One file an operation: [`bind`], [`search`], [`compare`]; [`connection`] holds a session together.

pub mod bind;
pub mod compare;
pub mod connection;
pub mod dn;
pub mod encode;
pub mod filter;
pub mod fixed;
pub mod frame;
pub mod reply;
pub mod schema;
pub mod search;
pub mod select;
pub mod tree;

use std::time::Duration;

pub use connection::serve_connection;

use crate::service::Directory;
use crate::visibility::Viewer;
use dn::DnError;
use filter::Bounds;
use tree::Tree;

/// More entries than there are, and far from overflow.
const NO_LIMIT: usize = u32::MAX as usize;

/// What the person who runs the server decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the context of mailboxes.
    pub base_dn: String,
    /// Entries of one search for viewers who have not signed in; 0 for no limit.
    pub public_size_limit: usize,
    /// Entries of one search for accounts; 0 for no limit.
    pub account_size_limit: usize,
    /// Time of one search.
    pub time_limit: Duration,
    /// A session without requests under way ends after this silence.
    pub idle_timeout: Duration,
    /// The first request must come within this time.
    pub first_message_timeout: Duration,
    /// A client that takes no bytes for this long is dropped.
    pub write_timeout: Duration,
    /// Operators and assertions of a filter.
    pub max_filter_elements: usize,
    /// Levels of a filter.
    pub max_filter_depth: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_dn: "o=mssante,c=fr".to_owned(),
            public_size_limit: 100,
            account_size_limit: 1_000,
            time_limit: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            first_message_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(30),
            max_filter_elements: 256,
            max_filter_depth: 32,
        }
    }
}

/// What all connections share.
#[derive(Debug)]
pub struct Context {
    pub directory: Directory,
    pub settings: Settings,
    pub tree: Tree,
}

impl Context {
    /// Fails where the base name is none.
    pub fn new(directory: Directory, settings: Settings) -> Result<Self, DnError> {
        let tree = Tree::new(&settings.base_dn)?;
        Ok(Self {
            directory,
            settings,
            tree,
        })
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            elements: self.settings.max_filter_elements,
            depth: self.settings.max_filter_depth,
        }
    }

    /// Entries that a search of this viewer may return.
    fn size_limit(&self, viewer: &Viewer) -> usize {
        let limit = match viewer {
            Viewer::Public => self.settings.public_size_limit,
            _ => self.settings.account_size_limit,
        };
        if limit == 0 { NO_LIMIT } else { limit }
    }
}
