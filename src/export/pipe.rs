//! A bounded pipe of bytes whose end is told: one that is cut short ends by an error, never as if it were whole.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::Stream;

use super::error::ExportError;

/// Pieces that wait for a slow reader.
pub const FEW: usize = 4;
/// Pieces that wait for a reader that is busy with many at once: about as many as make a group of rows of Parquet, so
/// that Postgres goes on while one is written.
pub const MANY: usize = 32;
/// A reader that takes no piece for so long is taken for gone.
const STALLED: Duration = Duration::from_secs(60);

enum Message {
    Piece(Bytes),
    End(Result<(), ExportError>),
}

/// The end that is written to.
#[derive(Clone)]
pub struct Sender {
    messages: mpsc::Sender<Message>,
    patience: Duration,
}

/// The end that is read from. A failure is the last item.
pub struct Pieces(Option<mpsc::Receiver<Message>>);

/// A pipe in which so many pieces may wait.
pub fn pipe(waiting: usize) -> (Sender, Pieces) {
    pipe_with(waiting, STALLED)
}

fn pipe_with(waiting: usize, patience: Duration) -> (Sender, Pieces) {
    let (messages, receiver) = mpsc::channel(waiting);
    (Sender { messages, patience }, Pieces(Some(receiver)))
}

impl Sender {
    /// Waits until there is room for a piece, within bounds.
    pub async fn send(&self, piece: Vec<u8>) -> Result<(), ExportError> {
        if piece.is_empty() {
            return Ok(());
        }
        let sending = self.messages.send(Message::Piece(piece.into()));
        match tokio::time::timeout(self.patience, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ExportError::ReaderGone),
        }
    }

    /// Tells how it ended.
    pub async fn end(self, how: Result<(), ExportError>) {
        // A reader that is gone or stalled has nothing to be told: it does not see an end.
        let _ = tokio::time::timeout(self.patience, self.messages.send(Message::End(how))).await;
    }

    /// Returns when nobody reads any more.
    pub async fn closed(&self) {
        self.messages.closed().await;
    }
}

impl Pieces {
    /// The next piece, for a thread that may block.
    pub fn blocking_next(&mut self) -> Option<Result<Bytes, ExportError>> {
        let message = self.0.as_mut()?.blocking_recv();
        self.take(message)
    }

    fn take(&mut self, message: Option<Message>) -> Option<Result<Bytes, ExportError>> {
        let end = match message {
            Some(Message::Piece(piece)) => return Some(Ok(piece)),
            Some(Message::End(how)) => how,
            None => Err(ExportError::BrokenOff),
        };
        self.0 = None;
        end.err().map(Err)
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, ExportError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(receiver) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let message = ready!(receiver.poll_recv(context));
        Poll::Ready(self.take(message))
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt as _;

    use super::*;

    async fn read(mut pieces: Pieces) -> (Vec<u8>, bool) {
        let mut read = Vec::new();
        while let Some(piece) = pieces.next().await {
            match piece {
                Ok(piece) => read.extend_from_slice(&piece),
                Err(_) => return (read, false),
            }
        }
        (read, true)
    }

    #[tokio::test]
    async fn a_pipe_that_is_cut_short_does_not_end_well() {
        let (sender, pieces) = pipe(FEW);
        sender.send(b"ab".to_vec()).await.unwrap();
        sender.send(b"c".to_vec()).await.unwrap();
        sender.end(Ok(())).await;
        assert_eq!(read(pieces).await, (b"abc".to_vec(), true));

        let (sender, pieces) = pipe(FEW);
        sender.send(b"ab".to_vec()).await.unwrap();
        drop(sender);
        assert_eq!(read(pieces).await, (b"ab".to_vec(), false));
    }

    #[tokio::test]
    async fn a_reader_that_stalls_or_leaves_holds_nobody() {
        let (sender, pieces) = pipe_with(FEW, Duration::from_millis(20));
        for _ in 0..FEW {
            sender.send(b"a".to_vec()).await.unwrap();
        }
        let stalled = sender.send(b"a".to_vec()).await;
        assert!(matches!(stalled, Err(ExportError::ReaderGone)));
        drop(pieces);
        assert!(sender.send(b"a".to_vec()).await.is_err());
        sender.closed().await;
    }
}
