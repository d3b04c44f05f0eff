//! What a node does besides answering, each on a task of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::cli::Failure;
use crate::export::Exports;
use crate::index::follow::follow;
use crate::index::node::Node;
use crate::index::sweep::sweep;
use crate::priority;
use crate::service::Directory;
use crate::store::contact::{Contact, hear_accounts};
use crate::store::nodes;
use crate::store::retention::{self, Retention};

/// How often a node renews its lease.
const REPORT: Duration = Duration::from_secs(2);
/// How long a node that ends tries to give it back.
const LEAVING: Duration = Duration::from_secs(2);
/// How often a node removes what has been kept long enough.
const PURGE: Duration = Duration::from_secs(3600);

/// The tasks of a node. All end when this is dropped.
pub struct Chores {
    node: Arc<Node>,
    pool: PgPool,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    reporting: Option<JoinHandle<()>>,
    /// Told whenever the index shows what the store holds.
    pub looked: Arc<Notify>,
}

impl Chores {
    /// Follows the store from now on: its entries, and which accounts there are.
    pub fn follow(node: Arc<Node>, pool: PgPool, contact: Arc<Contact>, stop: CancellationToken) -> Self {
        let looked = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(hear_accounts(contact.clone(), pool.clone(), stop.clone()));
        tasks.spawn(follow(
            node.clone(),
            pool.clone(),
            contact,
            stop.clone(),
            looked.clone(),
        ));
        Self {
            node,
            pool,
            stop,
            tasks,
            reporting: None,
            looked,
        }
    }

    /// Does all else that a node that answers has to do.
    pub fn tend(&mut self, directory: Directory, data_dir: PathBuf, exports: Exports, retention: Retention) {
        let (node, pool, stop) = (&self.node, &self.pool, &self.stop);
        self.tasks.spawn(keep_reference(
            directory,
            self.looked.clone(),
            data_dir,
            stop.clone(),
        ));
        self.tasks.spawn(sweep(node.clone(), stop.clone()));
        self.tasks.spawn(purge(pool.clone(), retention));
        self.tasks.spawn(exports.keep(stop.clone()));
        let reporting = report(node.clone(), pool.clone(), stop.clone());
        self.reporting = Some(tokio::spawn(reporting));
    }

    /// Ends everything, once `stop` was told: the store hears that this node has gone.
    pub async fn end(mut self) {
        if let Some(reporting) = self.reporting.take() {
            let _ = tokio::time::timeout(LEAVING, reporting).await;
        }
    }
}

/// Reads domains and code tables anew after each import, also after one that changed no entry: it may be of a newer date.
async fn keep_reference(
    directory: Directory,
    looked: Arc<Notify>,
    data_dir: PathBuf,
    stop: CancellationToken,
) {
    loop {
        looked.notified().await;
        let read = priority::apart_async(directory.refresh_reference(&data_dir));
        if let Err(error) = read.map_err(Failure::from).and_then(|read| Ok(read?))
            && !stop.is_cancelled()
        {
            tracing::warn!(%error, "code tables stay as they were");
        }
    }
}

/// Removes what has been kept long enough, at the start and then every hour.
async fn purge(pool: PgPool, retention: Retention) {
    let mut turn = tokio::time::interval(PURGE);
    loop {
        turn.tick().await;
        if let Err(error) = retention::purge(&pool, &retention).await {
            tracing::warn!(%error, "the purge waits for its next turn");
        }
    }
}

/// Tells the store, and by it importers and operators, which version this node shows.
async fn report(node: Arc<Node>, pool: PgPool, stop: CancellationToken) {
    // Containers may share a host's name and each be its process 1: two nodes of one name would vouch for each other.
    let began = Timestamp::now().as_microsecond();
    let name = format!("{}-{}-{began:x}", hostname(), std::process::id());
    let mut told = (-1, Instant::now());
    let mut look = tokio::time::interval(Duration::from_millis(50));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = look.tick() => {
                let version = node.version();
                if (version != told.0 || told.1.elapsed() >= REPORT)
                    && nodes::report(&pool, &name, version).await.is_ok()
                {
                    told = (version, Instant::now());
                }
            }
        }
    }
    let _ = nodes::leave(&pool, &name).await;
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
