//! Sweeps away what was taken out of the index. A deleted entry lies in its segment until that is merged: it is not
//! told, but reading past it takes a moment longer than finding nothing, and its address lies on the disk.
//!
//! A segment is rewritten as soon as something was taken out of it, and then not again for many times as long as that
//! took: at once in a small index, every few minutes in one of the whole country.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::node::Node;

/// Rest between two sweeps, in lengths of the last one: sweeping takes at most a twentieth of one processor.
const REST: u32 = 20;
/// The shortest rest.
const LEAST: Duration = Duration::from_millis(100);

/// Sweeps whenever something was taken out, until `stop`.
pub async fn sweep(node: Arc<Node>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = node.something_taken_out() => {}
        }
        let begun = Instant::now();
        let sweeping = node.clone();
        match tokio::task::spawn_blocking(move || sweeping.sweep()).await {
            Ok(Ok(())) => tracing::debug!(seconds = begun.elapsed().as_secs_f64(), "the index was swept"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "what was taken out lies in the index until the next sweep")
            }
            Err(_) => tracing::error!("a sweep of the index panicked"),
        }
        let rest = begun.elapsed().saturating_mul(REST).max(LEAST);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}
