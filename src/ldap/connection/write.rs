//! The writing side of a connection, and what waits for clients that do not read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Octets that may wait for all clients together before those that do not read are dropped at once.
const MUCH: usize = 256 << 20;
/// How often a client that takes nothing is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The octets of all connections that wait to be sent.
#[derive(Debug, Default)]
pub struct Unsent(AtomicUsize);

/// Octets that wait to be sent, counted until they are gone.
#[derive(Debug)]
pub struct Chunk {
    bytes: Bytes,
    unsent: Arc<Unsent>,
}

impl Unsent {
    /// Counts octets until the chunk is dropped.
    pub fn hold(self: &Arc<Self>, bytes: Bytes) -> Chunk {
        self.0.fetch_add(bytes.len(), Ordering::Relaxed);
        Chunk {
            bytes,
            unsent: Arc::clone(self),
        }
    }

    fn is_much(&self) -> bool {
        self.0.load(Ordering::Relaxed) > MUCH
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.unsent.0.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// Sends chunks in order until there are no more; gives the stream back. `None` for a client that is gone, or
/// that has not taken a whole chunk for too long: one that takes an octet now and then holds all of it.
pub async fn write<S: AsyncWrite>(
    mut writer: WriteHalf<S>,
    mut queue: mpsc::Receiver<Chunk>,
    patience: Duration,
) -> Option<WriteHalf<S>> {
    while let Some(chunk) = queue.recv().await {
        if !send(&mut writer, &chunk, patience).await {
            return None;
        }
    }
    Some(writer)
}

async fn send<S: AsyncWrite>(writer: &mut WriteHalf<S>, chunk: &Chunk, patience: Duration) -> bool {
    let ends = Instant::now() + patience;
    let mut sending = std::pin::pin!(async {
        writer.write_all(&chunk.bytes).await?;
        writer.flush().await
    });
    loop {
        match timeout(LOOK.min(patience), &mut sending).await {
            Ok(sent) => return sent.is_ok(),
            Err(_) if Instant::now() >= ends || chunk.unsent.is_much() => return false,
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_counted_until_it_is_gone() {
        let unsent = Arc::new(Unsent::default());
        let chunk = unsent.hold(Bytes::from(vec![0; MUCH + 1]));
        assert!(unsent.is_much());
        drop(chunk);
        assert!(!unsent.is_much());
    }

    #[tokio::test]
    async fn who_takes_nothing_is_given_up() {
        let unsent = Arc::new(Unsent::default());
        let (_client, server) = tokio::io::duplex(16);
        let (_, writer) = tokio::io::split(server);
        let (replies, queue) = mpsc::channel(1);
        replies
            .send(unsent.hold(Bytes::from(vec![0; 100])))
            .await
            .unwrap();
        drop(replies);
        assert!(write(writer, queue, Duration::from_millis(50)).await.is_none());
    }
}
