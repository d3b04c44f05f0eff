//! This node's index on disk: opened at start, built beside the old one and swapped, kept up by the change log.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use sqlx::{Connection as _, PgPool};
use tantivy::directory::MmapDirectory;
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Term};
use tokio::sync::{Mutex, Notify};

use super::build;
use super::document::{self, entity_key};
use super::maker::Tools;
use super::schema::{Fields, TOKENIZER, Terms, schema, settings};
use super::snapshot::Snapshot;
use super::views::{Views, ViewsWriter};
use crate::query::Kind;
use crate::store::changes::{self, Changes, Version};
use crate::store::documents::{Document, Documents};

/// Names the generation in use.
const POINTER: &str = "current";
/// Changes with the layout of documents: an index of another layout is built anew.
const LAYOUT: u32 = 7;
const FOLLOW_MEMORY: usize = 32 << 20;

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

/// An index in a folder of its own.
pub struct Generation {
    pub index: Index,
    pub fields: Fields,
    pub folder: PathBuf,
    reader: IndexReader,
    /// Opened by the first change, and kept: it merges segments while the next change is written and shown.
    writer: std::sync::Mutex<Option<IndexWriter>>,
    shown: ArcSwap<Snapshot>,
}

/// The index of a data directory.
pub struct Node {
    folder: PathBuf,
    current: ArcSwapOption<Generation>,
    version: AtomicI64,
    public_version: AtomicI64,
    /// One writer at a time.
    writing: Mutex<()>,
    /// Told when entries were taken out, which lie in their segments until these are rewritten.
    taken_out: Notify,
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
            writing: Mutex::new(()),
            taken_out: Notify::new(),
        };
        let named = std::fs::read_to_string(node.folder.join(POINTER)).unwrap_or_default();
        let named = named.trim();
        let is_ours = named.starts_with(&format!("{LAYOUT}-")) && !named.contains(['/', '.']);
        if is_ours && let Ok(generation) = Generation::open(node.folder.join(named)) {
            let payload = generation.index.load_metas().ok().and_then(|metas| metas.payload);
            if let Some(version) = payload.and_then(|payload| Version::from_payload(&payload)) {
                node.note(version);
                node.current.store(Some(Arc::new(generation)));
                node.taken_out.notify_one();
            }
        }
        Ok(node)
    }

    /// The index as it is now; `None` before the first build.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        Some(self.current.load().as_ref()?.shown.load_full())
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
        self.public_version.store(version.public, Ordering::Release);
        self.version.store(version.store, Ordering::Release);
    }

    /// Catches up with the store. Gives whether anything had to be done.
    pub async fn catch_up(&self, pool: &PgPool) -> Result<bool, IndexError> {
        let _writing = self.writing.lock().await;
        let mut connection = pool.acquire().await?;
        let mut transaction = connection.begin().await?;
        // All that is read below is of one moment.
        sqlx::query("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await?;
        if self.current.load().is_none() {
            self.build(&mut transaction).await?;
            return Ok(true);
        }
        let changes = changes::since(&mut transaction, self.version()).await?;
        if changes.version.store == self.version() {
            return Ok(false);
        }
        if changes.rebuild {
            self.build(&mut transaction).await?;
        } else {
            self.follow(&mut transaction, changes).await?;
        }
        Ok(true)
    }

    /// Waits until entries are taken out; returns at once when some were since the last time.
    pub async fn something_taken_out(&self) {
        self.taken_out.notified().await;
    }

    /// Rewrites the segments that hold entries that were taken out. Blocks; changes are followed meanwhile.
    pub fn sweep(&self) -> Result<(), IndexError> {
        match self.current.load_full() {
            Some(generation) => generation.sweep(),
            None => Ok(()),
        }
    }

    /// Builds the index anew beside the old one, whatever the versions.
    pub async fn rebuild(&self, pool: &PgPool) -> Result<(), IndexError> {
        let _writing = self.writing.lock().await;
        let mut connection = pool.acquire().await?;
        let mut transaction = connection.begin().await?;
        sqlx::query("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await?;
        self.build(&mut transaction).await
    }

    async fn build(&self, connection: &mut sqlx::PgConnection) -> Result<(), IndexError> {
        let version = changes::version(connection).await?;
        let name = (0..)
            .map(|n| format!("{LAYOUT}-{}-{n}", version.public))
            .find(|name| !self.folder.join(name).exists());
        let generation = Generation::create(self.folder.join(name.unwrap_or_default()))?;
        let version = build::fill(&generation, connection).await?;
        tokio::task::block_in_place(|| generation.show())?;
        self.swap(generation, version)
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
        for entry in std::fs::read_dir(&self.folder)
            .map_err(failed)?
            .filter_map(Result::ok)
        {
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
        let mut documents = Documents::open(connection).await?;
        let professionals = documents.professionals(&changes.professionals).await?;
        let mailboxes = documents.mailboxes(&changes.mailboxes).await?;
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
            self.taken_out.notify_one();
            Ok(())
        })
    }
}

impl Generation {
    fn create(folder: PathBuf) -> Result<Self, IndexError> {
        std::fs::create_dir_all(&folder).map_err(|error| IndexError::Folder {
            folder: folder.clone(),
            error,
        })?;
        let directory = MmapDirectory::open(&folder).map_err(tantivy::TantivyError::from)?;
        let index = Index::create(directory, schema().0, settings())?;
        Self::of(index, folder)
    }

    fn open(folder: PathBuf) -> Result<Self, IndexError> {
        Self::of(Index::open_in_dir(&folder)?, folder)
    }

    fn of(index: Index, folder: PathBuf) -> Result<Self, IndexError> {
        index
            .tokenizers()
            .register(TOKENIZER, TextAnalyzer::from(Terms::default()));
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        let fields = schema().1;
        let shown = Snapshot::new(reader.searcher(), fields, Views::open(&folder)?)?;
        Ok(Self {
            index,
            fields,
            folder,
            reader,
            writer: std::sync::Mutex::default(),
            shown: ArcSwap::from_pointee(shown),
        })
    }

    /// Shows what was committed last.
    fn show(&self) -> Result<(), IndexError> {
        self.reader.reload()?;
        let mut views = self.shown.load().views.clone();
        while views.add(&self.folder)? {}
        let snapshot = Snapshot::new(self.reader.searcher(), self.fields, views)?;
        self.shown.store(Arc::new(snapshot));
        Ok(())
    }

    /// The writer, opened where none is kept.
    fn writer(&self, kept: &mut Option<IndexWriter>) -> Result<IndexWriter, IndexError> {
        Ok(match kept.take() {
            Some(writer) => writer,
            None => self.index.writer_with_num_threads(1, FOLLOW_MEMORY)?,
        })
    }

    /// Rewrites, one after the other, the segments that hold entries that were taken out.
    fn sweep(&self) -> Result<(), IndexError> {
        let mut swept = false;
        for segment in self.index.searchable_segment_metas()? {
            if !segment.has_deletes() {
                continue;
            }
            let merging = {
                let mut kept = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
                let mut writer = self.writer(&mut kept)?;
                let merging = writer.merge(&[segment.id()]);
                *kept = Some(writer);
                merging
            };
            // One that is being merged already is on its way out.
            swept |= merging.wait().is_ok();
        }
        if !swept {
            return Ok(());
        }
        // Not while a change is half written.
        let _kept = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.show()
    }

    /// Takes out what changed, puts in what was read of it, and shows that. The writer goes on merging by itself.
    fn change(&self, changes: &Changes, read: &[Document]) -> Result<(), IndexError> {
        let mut kept = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = self.writer(&mut kept)?;
        for (kind, ids) in [
            (Kind::Professional, &changes.professionals),
            (Kind::Structure, &changes.structures),
            (Kind::Mailbox, &changes.mailboxes),
        ] {
            for id in ids {
                writer.delete_term(Term::from_field_u64(self.fields.key, entity_key(kind, *id)));
            }
        }
        if !read.is_empty() {
            let mut views = ViewsWriter::create(&self.folder, self.shown.load().views.next())?;
            let mut tools = Tools::default();
            for document in read {
                let made = document::make(&self.fields, &mut tools, document);
                let mut doc = made.doc;
                doc.add_u64(self.fields.at, views.append(&made.record)?.0);
                writer.add_document(doc)?;
            }
            views.finish()?;
        }
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(&changes.version.to_payload());
        commit.commit()?;
        self.show()?;
        // After a failure it is not kept: a new one begins from what was committed.
        *kept = Some(writer);
        Ok(())
    }
}
