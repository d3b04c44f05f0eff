//! Keeps the segments of the index in good order: a new index has its many joined to few, and what was taken out is
//! swept away. A deleted entry lies in its segment until that is merged: it is not
//! told, but reading past it takes a moment longer than finding nothing, and its address lies on the disk.
//!
//! A segment is rewritten as soon as something was taken out of it, and then not again for many times as long as that
//! took: at once in a small index, every few minutes in one of the whole country.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::node::{IndexError, Node};

/// Rest between two sweeps, in lengths of the last one: sweeping takes at most a twentieth of one processor.
const REST: u32 = 20;
/// The shortest rest.
const LEAST: Duration = Duration::from_millis(100);
/// The shortest rest after something could not be tidied up.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Tidies up whenever that is needed, until `stop`.
pub async fn sweep(node: Arc<Node>, stop: CancellationToken) {
    run(
        &node,
        "the index is ready for its first searches",
        Node::make_ready,
    )
    .await;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = node.untidy() => {}
        }
        let joined = run(
            &node,
            "the segments of the index were joined",
            Node::join_segments,
        )
        .await;
        let begun = Instant::now();
        let swept = run(&node, "the index was swept", Node::sweep).await;
        let mut rest = begun.elapsed().saturating_mul(REST).max(LEAST);
        if !(joined && swept) {
            node.stays_untidy();
            rest = rest.max(AFTER_FAILURE);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Gives whether it was done.
async fn run(node: &Arc<Node>, done: &'static str, how: fn(&Node) -> Result<(), IndexError>) -> bool {
    let begun = Instant::now();
    let tidied = node.clone();
    match tokio::task::spawn_blocking(move || how(&tidied)).await {
        Ok(Ok(())) => {
            tracing::debug!(seconds = begun.elapsed().as_secs_f64(), "{done}");
            return true;
        }
        // A full disk; or a segment that tantivy is merging by itself.
        Ok(Err(error)) => {
            tracing::warn!(%error, "the index stays untidy until the next sweep: slower, and with what was taken out of it");
        }
        Err(_) => tracing::error!("tidying the index panicked"),
    }
    false
}
