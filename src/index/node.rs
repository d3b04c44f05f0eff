//! This node's index on disk: opened at start, built beside the old one and swapped, kept up by the change log.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwapOption;
use sqlx::{PgPool, PgTransaction};
use tokio::sync::{Mutex, Notify};

use super::build;
use super::generation::Generation;
use super::snapshot::Snapshot;
use crate::priority;
use crate::store::changes::{self, Changes, Version};
use crate::store::connect;
use crate::store::contact::answered;
use crate::store::documents::{Document, Documents};
use crate::store::lock::ServeLock;

/// Names the generation in use.
const POINTER: &str = "current";
/// Changes with the layout of documents: an index of another layout is built anew.
const LAYOUT: u32 = 16;
/// Files of records after which an import has the index built anew: each publication adds one, all are kept open, and
/// what was taken out of the index still lies in them.
const WORN: u32 = 256;
/// Changes at one time that are an import's rather than an operator's: they may take a while, and give way to answers.
const IMPORTED: usize = 1000;

/// Why the index could not be opened, built or followed.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("the index under {}: {error}", folder.display())]
    Folder { folder: PathBuf, error: std::io::Error },
    #[error("the index: {0}")]
    Tantivy(#[from] tantivy::TantivyError),
    #[error("the files of the index: {0}")]
    Io(#[from] std::io::Error),
    #[error("the store: {0}")]
    Store(#[from] sqlx::Error),
}

/// The index of a data directory.
pub struct Node {
    folder: PathBuf,
    current: ArcSwapOption<Generation>,
    version: AtomicI64,
    public_version: AtomicI64,
    /// See [`Version::at`].
    at: AtomicI64,
    /// One writer at a time.
    writing: Mutex<()>,
    /// Told when segments are not in good order: there are many, or entries that were taken out lie in them.
    untidy: Notify,
}

impl Node {
    /// Opens the index under a data directory; an absent or foreign one is simply not there yet.
    pub fn open(data_dir: &Path) -> Result<Self, IndexError> {
        let folder = data_dir.join("index");
        std::fs::create_dir_all(&folder).map_err(|error| IndexError::Folder {
            folder: folder.clone(),
            error,
        })?;
        let node = Self {
            folder,
            current: ArcSwapOption::empty(),
            version: AtomicI64::new(-1),
            public_version: AtomicI64::new(0),
            at: AtomicI64::new(0),
            writing: Mutex::new(()),
            untidy: Notify::new(),
        };
        let named = std::fs::read_to_string(node.folder.join(POINTER)).unwrap_or_default();
        let named = named.trim();
        let is_ours = named.starts_with(&format!("{LAYOUT}-")) && !named.contains(['/', '.']);
        if is_ours && let Ok(generation) = Generation::open(node.folder.join(named)) {
            let payload = generation.index.load_metas().ok().and_then(|metas| metas.payload);
            if let Some(version) = payload.and_then(|payload| Version::from_payload(&payload)) {
                node.note(version);
                node.current.store(Some(Arc::new(generation)));
                node.untidy.notify_one();
            }
        }
        Ok(node)
    }

    /// The same for who holds the data directory alone: what a killed process left half made goes.
    pub fn open_held(data_dir: &Path, _held: &ServeLock) -> Result<Self, IndexError> {
        let node = Self::open(data_dir)?;
        let named = std::fs::read_to_string(node.folder.join(POINTER)).unwrap_or_default();
        node.remove_all_but(named.trim())?;
        Ok(node)
    }

    /// The index as it is now; `None` before the first build.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        Some(self.current.load().as_ref()?.snapshot())
    }

    /// The store's version that the index shows; -1 before the first build.
    pub fn version(&self) -> i64 {
        self.version.load(Ordering::Acquire)
    }

    /// The same, counting only what the public can see; the one to show.
    pub fn public_version(&self) -> i64 {
        self.public_version.load(Ordering::Acquire)
    }

    fn note(&self, version: Version) {
        self.at.store(version.at, Ordering::Release);
        self.public_version.store(version.public, Ordering::Release);
        self.version.store(version.store, Ordering::Release);
    }

    /// Catches up with the store. Gives whether anything had to be done.
    pub async fn catch_up(&self, pool: &PgPool) -> Result<bool, IndexError> {
        let _writing = self.writing.lock().await;
        let mut transaction = one_moment(pool).await?;
        if self.current.load().is_none() {
            self.build(&mut transaction).await?;
            return Ok(true);
        }
        let shown = Version {
            store: self.version(),
            public: self.public_version(),
            at: self.at.load(Ordering::Acquire),
        };
        let changes = answered(changes::since(&mut transaction, shown)).await?;
        if changes.version == shown {
            return Ok(false);
        }
        if changes.rebuild || self.is_worn() && changes.count() >= IMPORTED {
            let _room = connect::leave_room(pool, &mut transaction).await?;
            self.build(&mut transaction).await?;
        } else if changes.count() >= IMPORTED {
            let _room = connect::leave_room(pool, &mut transaction).await?;
            priority::apart_async(self.follow(&mut transaction, changes))??;
        } else {
            self.follow(&mut transaction, changes).await?;
        }
        Ok(true)
    }

    fn is_worn(&self) -> bool {
        self.snapshot()
            .is_some_and(|snapshot| snapshot.views.next() > WORN)
    }

    /// Waits until segments are not in good order; returns at once when that was so since the last time.
    pub async fn untidy(&self) {
        self.untidy.notified().await;
    }

    /// Has [`Node::untidy`] return once more: something could not be tidied up.
    pub fn stays_untidy(&self) {
        self.untidy.notify_one();
    }

    /// Works out what the first searches would have to wait for, and then fills the shelves of what is shown. Blocks.
    pub fn make_ready(&self) -> Result<(), IndexError> {
        let Some(generation) = self.current.load_full() else {
            return Ok(());
        };
        generation.snapshot().make_ready()?;
        self.tidy(|_| Ok(()))
    }

    /// Joins the segments of a new index to few. Blocks; changes are followed meanwhile.
    pub fn join_segments(&self) -> Result<(), IndexError> {
        self.tidy(Generation::join)
    }

    /// Rewrites the segments that hold entries that were taken out. Blocks; changes are followed meanwhile.
    pub fn sweep(&self) -> Result<(), IndexError> {
        self.tidy(Generation::sweep)
    }

    /// Tidies up, and fills the shelves of what is shown then: a new index is shown before it has any. Gives way to those
    /// that answer from what is shown meanwhile.
    fn tidy(&self, how: fn(&Generation) -> Result<(), IndexError>) -> Result<(), IndexError> {
        let Some(generation) = self.current.load_full() else {
            return Ok(());
        };
        priority::apart(|| {
            let done = how(&generation);
            generation.snapshot().fill_shelves(&generation.folder)?;
            done
        })?
    }

    /// Builds the index anew beside the old one, whatever the versions.
    pub async fn rebuild(&self, pool: &PgPool) -> Result<(), IndexError> {
        let _writing = self.writing.lock().await;
        let mut transaction = one_moment(pool).await?;
        self.build(&mut transaction).await
    }

    async fn build(&self, connection: &mut sqlx::PgConnection) -> Result<(), IndexError> {
        let version = answered(changes::version(connection)).await?;
        let name = (0..)
            .map(|n| format!("{LAYOUT}-{}-{n}", version.public))
            .find(|name| !self.folder.join(name).exists());
        let folder = self.folder.join(name.unwrap_or_default());
        let built = match priority::apart_async(Self::build_in(&folder, connection)) {
            Ok(built) => built.and_then(|(generation, version)| self.swap(generation, version)),
            Err(error) => Err(error.into()),
        };
        if built.is_err() {
            // Gigabytes that nobody would ever read, and that the next attempt may lack.
            let _ = std::fs::remove_dir_all(&folder);
        }
        built
    }

    async fn build_in(
        folder: &Path,
        connection: &mut sqlx::PgConnection,
    ) -> Result<(Generation, Version), IndexError> {
        let generation = Generation::create(folder.to_owned())?;
        let version = build::fill(&generation, connection).await?;
        generation.show_ready()?;
        Ok((generation, version))
    }

    /// Makes a generation the current one; the one before is removed once nobody reads it.
    fn swap(&self, generation: Generation, version: Version) -> Result<(), IndexError> {
        let failed = |error| IndexError::Folder {
            folder: self.folder.clone(),
            error,
        };
        let name = generation
            .folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let beside = self.folder.join(format!("{POINTER}.new"));
        std::fs::write(&beside, &name).map_err(failed)?;
        std::fs::rename(&beside, self.folder.join(POINTER)).map_err(failed)?;
        self.current.store(Some(Arc::new(generation)));
        self.note(version);
        self.untidy.notify_one();
        self.remove_all_but(&name)
    }

    /// Removes all generations but one.
    fn remove_all_but(&self, name: &str) -> Result<(), IndexError> {
        let entries = std::fs::read_dir(&self.folder).map_err(|error| IndexError::Folder {
            folder: self.folder.clone(),
            error,
        })?;
        for entry in entries.filter_map(Result::ok) {
            let other = entry.file_name().to_string_lossy().into_owned();
            // Files still mapped by a running request live on until it ends.
            if other != name && !other.starts_with(POINTER) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }

    async fn follow(&self, connection: &mut sqlx::PgConnection, changes: Changes) -> Result<(), IndexError> {
        let Some(generation) = self.current.load_full() else {
            return Ok(());
        };
        let mut documents = answered(Documents::open(connection)).await?;
        let professionals = answered(documents.professionals(&changes.professionals)).await?;
        let mailboxes = answered(documents.mailboxes(&changes.mailboxes)).await?;
        let mut read: Vec<Document> = changes
            .structures
            .iter()
            .filter_map(|id| Some(Document::Structure(*id, documents.structure_by_id(*id)?)))
            .collect();
        read.extend(
            professionals
                .into_iter()
                .map(|(id, professional)| Document::Professional(id, professional)),
        );
        read.extend(
            mailboxes
                .into_iter()
                .map(|(id, mailbox)| Document::Mailbox(id, mailbox)),
        );
        tokio::task::block_in_place(|| {
            generation.change(&changes, &read)?;
            self.note(changes.version);
            self.untidy.notify_one();
            Ok(())
        })
    }
}

/// A transaction in which all that is read is of one moment.
async fn one_moment(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    answered(async {
        let mut transaction = pool.begin().await?;
        // A Postgres that is there gives up before we do: the connection is good for others then.
        sqlx::raw_sql(
            "set transaction isolation level repeatable read, read only; set local statement_timeout = '9min'",
        )
        .execute(&mut *transaction)
        .await?;
        Ok(transaction)
    })
    .await
}
