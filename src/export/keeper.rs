//! The extractions of a node: the files of now, streams on request, and the task that makes the files anew when the
//! store has changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::ExportError;
use super::files::{self, MANIFEST};
use super::manifest::{File, GENERATION, Manifest};
use super::mark::{self, Since};
use super::statement::something_withdrawn;
use super::stream::{self, Request, Stream};
use crate::store::changes;

/// How often the store is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Files are made anew after a rest of so many times what the last making took: a tenth of the time at most.
const REST: u32 = 10;
/// The longest that the question whether a file still holds may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The extractions of a node; cheap to clone. By default there are none.
#[derive(Clone, Default)]
pub struct Exports(Option<Arc<Inner>>);

struct Inner {
    pool: PgPool,
    folder: PathBuf,
    current: ArcSwapOption<Manifest>,
}

/// A file that may be read.
pub struct Ready {
    pub file: File,
    pub path: PathBuf,
}

impl Exports {
    /// The extractions under a data directory.
    pub fn open(pool: PgPool, data_dir: &Path) -> Self {
        Self(Some(Arc::new(Inner {
            pool,
            folder: data_dir.join("extractions"),
            current: ArcSwapOption::empty(),
        })))
    }

    fn inner(&self) -> Result<&Inner, ExportError> {
        self.0.as_deref().ok_or(ExportError::NotReady)
    }

    /// The files of now; `None` before the first are made.
    pub fn manifest(&self) -> Option<Arc<Manifest>> {
        self.0.as_ref()?.current.load_full()
    }

    /// Begins a filtered or differential extraction.
    pub async fn stream(&self, request: &Request) -> Result<Stream, ExportError> {
        stream::open(&self.inner()?.pool, request).await
    }

    /// A file by its name; `None` when there is none of that name. Refused once anything that it may hold has been
    /// withdrawn, and while that cannot be told.
    pub async fn file(&self, name: &str) -> Result<Option<Ready>, ExportError> {
        let inner = self.inner()?;
        let Some(manifest) = inner.current.load_full() else {
            return Err(ExportError::NotReady);
        };
        let Some(file) = manifest.file(name) else {
            return Ok(None);
        };
        let statement = something_withdrawn(file.genre, manifest.version);
        let asked = sqlx::query_scalar::<_, bool>(sqlx::AssertSqlSafe(statement)).fetch_one(&inner.pool);
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(false)) => Ok(Some(Ready {
                file: file.clone(),
                path: inner.folder.join(&manifest.folder).join(name),
            })),
            Ok(Ok(true)) => Err(ExportError::Withdrawn),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(ExportError::NotReady),
        }
    }

    /// Keeps the files in step with the store until `stop`.
    pub async fn keep(self, stop: CancellationToken) {
        let Ok(inner) = self.inner() else { return };
        inner.find_saved().await;
        let mut not_before = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            if Instant::now() < not_before || !inner.is_behind().await {
                continue;
            }
            let started = Instant::now();
            tokio::select! {
                () = stop.cancelled() => return,
                made = files::make(&inner.pool, &inner.folder) => match made {
                    Ok(manifest) => {
                        tracing::info!(files = manifest.files.len(), "the national files are made");
                        inner.current.store(Some(Arc::new(manifest)));
                    }
                    Err(error) => tracing::error!(%error, "the national files stay as they were"),
                },
            }
            not_before = Instant::now() + started.elapsed() * REST;
        }
    }
}

impl Inner {
    /// Takes up the files that an earlier run made of the same store: the data directory may have another since.
    async fn find_saved(&self) {
        let Ok(text) = std::fs::read(self.folder.join(MANIFEST)) else {
            return;
        };
        let Ok(saved) = serde_json::from_slice::<Manifest>(&text) else {
            return;
        };
        let known = async {
            let mut connection = self.pool.acquire().await?;
            mark::version(&mut connection, &Since::Mark(saved.mark.clone())).await
        };
        match known.await {
            Ok(_) if saved.generation == GENERATION => self.current.store(Some(Arc::new(saved))),
            Ok(_) => tracing::info!("the national files are of an earlier program"),
            Err(error) => tracing::info!(%error, "the national files are made anew"),
        }
    }

    async fn is_behind(&self) -> bool {
        let made = self
            .current
            .load()
            .as_ref()
            .map_or(0, |manifest| manifest.public_version);
        let version = async { changes::version(&mut *self.pool.acquire().await?).await };
        version.await.is_ok_and(|version| version.public > made)
    }
}
