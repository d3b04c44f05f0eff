//! The LDAP face (LDAPv3, RFC 4510 to 4519), read-only: messages in, queries to the directory, entries out.
//!
//! It knows nothing of Postgres or of the index, and never sends a viewer what the views do not hold.
//! One file an operation: [`bind`], [`search`], [`compare`], [`extended`]; one a control in [`controls`];
//! [`connection`] holds a session together.

pub mod bind;
pub mod compare;
pub mod connection;
pub mod controls;
pub mod dn;
pub mod encode;
pub mod extended;
pub mod filter;
pub mod fixed;
pub mod frame;
pub mod reader;
pub mod reply;
pub mod schema;
pub mod search;
pub mod select;
pub mod tree;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use connection::{Link, Security, serve_connection};

use crate::server::budget::Budget;
use crate::server::tls::TlsIdentity;
use crate::service::Directory;
use crate::visibility::Viewer;
use connection::Unsent;
use controls::paged::Sealer;
use filter::Bounds;
use tree::{BaseError, Tree};

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
    /// Different entries that one address may read in a day without signing in; 0 for no bound.
    pub public_entries_per_day: usize,
    /// Where keys are taken without TLS.
    pub keys_in_clear: KeysInClear,
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

/// Where a key may be sent without TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeysInClear {
    /// From this machine itself, where nobody listens on the way
    #[default]
    Local,
    /// Nowhere
    Never,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_dn: "o=mssante,c=fr".to_owned(),
            public_size_limit: 100,
            account_size_limit: 1_000,
            public_entries_per_day: 50_000,
            keys_in_clear: KeysInClear::Local,
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
    /// To start TLS with; none where it is not offered.
    pub tls: Option<Arc<TlsIdentity>>,
    budget: Budget,
    sealer: Sealer,
    unsent: Arc<Unsent>,
    /// Of searches that gather entries to sort them.
    gatherings: Semaphore,
}

/// Why LDAP cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The base name is none.
    #[error("--base-dn: {0}")]
    Base(#[from] BaseError),
    /// No key for cookies.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

impl Context {
    /// Fails where the base name is none.
    pub fn new(
        directory: Directory,
        settings: Settings,
        tls: Option<Arc<TlsIdentity>>,
    ) -> Result<Self, ContextError> {
        let mut key = [0; 16];
        getrandom::fill(&mut key)?;
        Ok(Self {
            tree: Tree::new(&settings.base_dn)?,
            budget: Budget::new(settings.public_entries_per_day),
            sealer: Sealer::new(key),
            unsent: Arc::default(),
            gatherings: Semaphore::new(search::MAX_GATHERINGS),
            directory,
            settings,
            tls,
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
