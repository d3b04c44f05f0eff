//! The extractions of a node: the files of now, streams on request, and the task that makes the files of a kind anew
//! when something of that kind has changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::apart::apart;
use super::error::ExportError;
use super::files::{self, MANIFEST};
use super::layout::Kind;
use super::manifest::{File, GENERATION, Made, Manifest, Source};
use super::mark::{self, Since};
use super::statement::{something_changed, something_withdrawn};
use super::stream::{self, Request, Stream};
use crate::store::changes;

/// How often the store is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Files are made anew after a rest of so many times what the last making took: a tenth of the time at most. Files that
/// nobody may read any more do not wait so long.
const REST: u32 = 10;
const REST_OF_WITHDRAWN: u32 = 1;
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
    /// What to give back to have only what changed since.
    pub mark: String,
    /// What it was made of.
    pub sources: Vec<Source>,
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
        let Some((made, file)) = manifest.file(name) else {
            return Ok(None);
        };
        let Some(kind) = Kind::named(&made.kind) else {
            return Ok(None);
        };
        let asked = inner.asks(something_withdrawn(kind.layout().genre, made.version));
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(false)) => Ok(Some(Ready {
                file: file.clone(),
                mark: made.mark.clone(),
                sources: made.sources.clone(),
                path: inner.folder.join(&made.folder).join(name),
            })),
            Ok(Ok(true)) => Err(ExportError::Withdrawn {
                seconds: made.seconds,
            }),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(ExportError::NotReady),
        }
    }

    /// Keeps the files in step with the store until `stop`.
    pub async fn keep(self, stop: CancellationToken) {
        let Ok(inner) = self.inner() else { return };
        let mut manifest = inner.saved().await;
        let mut made_at: [Option<Making>; Kind::ALL.len()] = Default::default();
        loop {
            for (kind, making) in Kind::ALL.into_iter().zip(&mut made_at) {
                if !inner.is_due(kind, &mut manifest, making.as_ref()).await {
                    continue;
                }
                let began = Instant::now();
                tokio::select! {
                    () = stop.cancelled() => return,
                    done = inner.make(kind, &mut manifest) => match done {
                        Ok(()) => tracing::info!(kind = kind.layout().nom, "national files are made"),
                        Err(error) => tracing::error!(%error, "national files stay as they were"),
                    },
                }
                *making = Some(Making::since(began));
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

/// When files were last made, and how long it took.
struct Making {
    ended: Instant,
    took: Duration,
}

impl Making {
    fn since(began: Instant) -> Self {
        let ended = Instant::now();
        let took = ended - began;
        Self { ended, took }
    }

    fn has_rested(&self, times: u32) -> bool {
        self.ended.elapsed() >= self.took * times
    }
}

impl Inner {
    /// What an earlier run made of the same store: the data directory may have another since.
    async fn saved(&self) -> Manifest {
        let text = std::fs::read(self.folder.join(MANIFEST)).unwrap_or_default();
        let saved: Manifest = serde_json::from_slice(&text).unwrap_or_default();
        if saved.generation != GENERATION || !saved.is_whole() {
            return Manifest::default();
        }
        for made in &saved.kinds {
            let known = async {
                let mut connection = self.pool.acquire().await?;
                mark::version(&mut connection, &Since::Mark(made.mark.clone())).await
            };
            if let Err(error) = known.await {
                tracing::info!(%error, "the national files are made anew");
                return Manifest::default();
            }
        }
        self.current.store(Some(Arc::new(saved.clone())));
        saved
    }

    /// Whether the files of a kind are to be made now. Those that nothing touched are
    /// as good as of the new version, and say so: two nodes say the same.
    async fn is_due(&self, kind: Kind, manifest: &mut Manifest, last: Option<&Making>) -> bool {
        let rested = |times| last.is_none_or(|last| last.has_rested(times));
        let Some(made) = manifest.of(kind) else {
            return rested(REST_OF_WITHDRAWN);
        };
        let version = async { changes::version(&mut *self.pool.acquire().await?).await };
        let Ok(version) = version.await else {
            return false;
        };
        if version.public <= made.public_version {
            return false;
        }
        // Read before the question, so that a change between the two is not taken for told.
        let mark = async { mark::current(&mut *self.pool.acquire().await?).await };
        let Ok(mark) = mark.await else {
            return false;
        };
        let changed = self.asks(something_changed(kind.layout(), made.version)).await;
        match changed {
            Ok(true) if rested(REST) => true,
            Ok(true) if rested(REST_OF_WITHDRAWN) => {
                let withdrawn = self
                    .asks(something_withdrawn(kind.layout().genre, made.version))
                    .await;
                withdrawn.is_ok_and(|withdrawn| withdrawn)
            }
            Ok(true) | Err(_) => false,
            Ok(false) => {
                let made = made.clone();
                *manifest = manifest.with(Made {
                    version: version.store,
                    public_version: version.public,
                    mark,
                    ..made
                });
                self.show(manifest);
                false
            }
        }
    }

    async fn make(&self, kind: Kind, manifest: &mut Manifest) -> Result<(), ExportError> {
        let (pool, folder) = (self.pool.clone(), self.folder.clone());
        let made = apart(async move { files::make(&pool, &folder, kind).await }).await?;
        let next = manifest.with(made);
        files::publish(&self.folder, &next)?;
        *manifest = next;
        self.show(manifest);
        Ok(())
    }

    /// Shows the files once there are all.
    fn show(&self, manifest: &Manifest) {
        if manifest.is_whole() {
            self.current.store(Some(Arc::new(manifest.clone())));
        }
    }

    async fn asks(&self, question: String) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(sqlx::AssertSqlSafe(question))
            .fetch_one(&self.pool)
            .await
    }
}
