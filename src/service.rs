//! The directory as every protocol asks it: a query and a viewer in, views out. Answers need no Postgres.

mod around;
mod entries;
mod failures;
mod indicators;
mod publication;
mod recherche;
mod records;
mod reference;
mod signin;
mod stale;
mod suggestions;
mod verification;
mod vocabulary;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sqlx::PgPool;

use crate::index::node::Node;
use crate::index::snapshot::Snapshot;
use crate::query::Kind;
use crate::room::Sign;
use crate::store::contact::Contact;
use crate::store::{connect, nodes};

pub use crate::index::snapshot::{Ask, SearchEnd};
pub use crate::index::{Recherche, Share, Tri};
pub use entries::{Found, Seen};
use failures::Failures;
pub use indicators::{Indicateur, National};
pub use recherche::{Facette, Hit, Page};
pub use reference::{Concept, Domaine, Source};
use reference::{Imports, Reference};
pub use signin::Standing;
pub use suggestions::Suggestion;
pub use verification::{Avertissement, Verdict};

/// Why a question could not be answered. No text here repeats what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("the cursor is not one of ours")]
    Cursor,
    #[error("the store has not answered for so long that mailboxes are not told")]
    Stale,
    /// A commune or a postcode, by the name of the parameter, of which no position is known.
    #[error("no position is known for a value of {0}")]
    UnknownPlace(&'static str),
    #[error("too many places at once")]
    TooManyPlaces,
    #[error("the index is not built yet")]
    NotReady,
    #[error("the index: {0}")]
    Index(#[from] tantivy::TantivyError),
    #[error("the store: {0}")]
    Store(#[from] sqlx::Error),
}

type Answer<T> = Result<T, ServiceError>;

/// The directory; cheap to clone.
#[derive(Clone, Default)]
pub struct Directory(Option<Arc<Inner>>);

struct Inner {
    node: Arc<Node>,
    pool: PgPool,
    /// For operators and administrators, who wait for imports and for each other: nobody else waits with them.
    publishing: PgPool,
    contact: Arc<Contact>,
    sign: Sign,
    failures: Failures,
    reference: ArcSwap<Reference>,
    indicators: indicators::Kept,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directory")
    }
}

/// How the node is.
#[derive(Debug, Default)]
pub struct Sante {
    pub pret: bool,
    pub base_joignable: bool,
    /// Counts only what the public can see.
    pub version: u64,
    pub sources: Vec<Source>,
    pub professionnels: u64,
    pub structures: u64,
    pub messageries: u64,
}

impl Directory {
    /// A directory over this node's index. `contact` tells when Postgres last answered.
    pub fn new(node: Arc<Node>, pool: PgPool, contact: Arc<Contact>, data_dir: &std::path::Path) -> Self {
        let reference = ArcSwap::from_pointee(Reference::saved(data_dir));
        Self(Some(Arc::new(Inner {
            node,
            publishing: connect::beside(&pool),
            pool,
            contact,
            sign: Sign::new(data_dir),
            failures: Failures::default(),
            reference,
            indicators: indicators::Kept::default(),
        })))
    }

    fn inner(&self) -> Answer<&Inner> {
        self.0.as_deref().ok_or(ServiceError::NotReady)
    }

    fn snapshot(&self) -> Answer<Arc<Snapshot>> {
        let inner = self.inner()?;
        inner.sign.asked();
        inner.node.snapshot().ok_or(ServiceError::NotReady)
    }

    /// Reads domains, code tables and sources anew where an import ended since, then what suggestions offer, which takes
    /// seconds at national size, where it changed an entry; keeps them beside the index.
    pub async fn refresh_reference(&self, data_dir: &std::path::Path) -> Answer<()> {
        let inner = self.inner()?;
        let imports = Imports::of(&inner.pool).await?;
        let last = inner.reference.load_full();
        let mut reference = last.clone();
        if reference.import != imports.last {
            let vocabulary = reference.vocabulary.clone();
            reference = Arc::new(Reference::load(&inner.pool, imports.last, vocabulary).await?);
            inner.reference.store(reference.clone());
        }
        if reference.vocabulary.import != imports.last_to_change {
            let whole = reference.with_vocabulary(&inner.pool, imports.last_to_change);
            reference = Arc::new(whole.await?);
            inner.reference.store(reference.clone());
        }
        if !Arc::ptr_eq(&reference, &last) {
            reference.save(data_dir);
        }
        Ok(())
    }

    /// The white list.
    pub fn domaines(&self) -> Arc<Vec<Domaine>> {
        self.inner()
            .map(|inner| inner.reference.load().domains.clone())
            .unwrap_or_default()
    }

    /// One code table.
    pub fn nomenclature(&self, table: &str) -> Option<Arc<Vec<Concept>>> {
        self.inner().ok()?.reference.load().tables.get(table).cloned()
    }

    /// Names of the code tables.
    pub fn nomenclatures(&self) -> Vec<String> {
        self.inner()
            .map(|inner| inner.reference.load().tables.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// How many nodes of the store are alive; none where it does not answer in a second.
    pub async fn nodes(&self) -> usize {
        let Ok(inner) = self.inner() else {
            return 0;
        };
        let asked = tokio::time::timeout(Duration::from_secs(1), nodes::alive(&inner.pool)).await;
        asked.ok().and_then(Result::ok).map_or(0, |alive| alive.len())
    }

    /// How the node is.
    pub fn sante(&self) -> Sante {
        let Ok(inner) = self.inner() else {
            return Sante::default();
        };
        let snapshot = inner.node.snapshot();
        let count = |kind| snapshot.as_ref().map_or(0, |snapshot| snapshot.count(kind));
        Sante {
            pret: snapshot.is_some(),
            base_joignable: inner.contact.is_reachable(),
            version: inner.node.public_version().max(0).unsigned_abs(),
            sources: inner.reference.load().sources.clone(),
            professionnels: count(Kind::Professional),
            structures: count(Kind::Structure),
            messageries: count(Kind::Mailbox),
        }
    }
}
