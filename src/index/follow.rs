//! Keeps a node's index up: told by `NOTIFY`, and looking by itself now and then in case it was not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::node::{IndexError, Node};
use crate::store::connect;
use crate::store::contact::Contact;

/// The channel on which publications are told.
const CHANNEL: &str = "annuaire";
/// Longest time between two looks at the store.
const LOOK: Duration = Duration::from_secs(2);

/// Follows the store until `stop`. `looked` is told whenever the index shows what the store holds; `contact` tells whether
/// Postgres answers.
pub async fn follow(
    node: Arc<Node>,
    pool: PgPool,
    contact: Arc<Contact>,
    stop: CancellationToken,
    looked: Arc<Notify>,
) {
    let mut listener: Option<PgListener> = None;
    loop {
        let asked = Instant::now();
        match node.catch_up(&pool).await {
            Ok(did) => {
                if contact.heard(asked) {
                    tracing::info!("the store answers again");
                }
                if did {
                    tracing::info!(version = node.version(), "the index shows a new version");
                }
                looked.notify_one();
            }
            Err(IndexError::Store(error)) => {
                if contact.lost() {
                    tracing::warn!(%error, "the store does not answer; the index goes on answering from its last state");
                }
                listener = None;
            }
            // The store answers: what it tells of accounts still holds.
            Err(error) => {
                tracing::error!(%error, "the index cannot follow the store; tried again in a moment")
            }
        }
        if listener.is_none()
            && contact.is_reachable()
            && let Ok(mut fresh) = PgListener::connect_with(&pool).await
            && fresh.listen(CHANNEL).await.is_ok()
        {
            listener = Some(fresh);
            // A Postgres that was started anew has others. Where they are not told, the rest leaves room nevertheless.
            let _ = connect::writers_leave_room(&pool).await;
            // What came between the last look and the listening is not announced again.
            continue;
        }
        let told = async {
            match &mut listener {
                // A connection that was lost is not quietly made anew: what was told meanwhile is lost with it.
                Some(listener) => listener.try_recv().await.ok().flatten(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            heard = told => if heard.is_none() {
                listener = None;
            },
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
