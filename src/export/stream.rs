//! A filtered or differential extraction, made while it is read: a few pieces wait for a slow reader, never more.

use std::time::Duration;

use bytes::Bytes;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Format;
use super::encoder::{Columns, Encode, encoder};
use super::error::ExportError;
use super::filters::Filters;
use super::layout::Kind;
use super::mark::{self, Since};
use super::snapshot::Snapshot;
use super::statement::{self, Order};

/// Bytes gathered into one piece.
const PIECE: usize = 128 << 10;
/// Pieces that wait for a slow reader.
const WAITING: usize = 4;
/// A reader that takes no piece for so long is taken for gone.
const STALLED: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    pub kind: Kind,
    pub format: Format,
    pub filters: Filters,
    /// Only what changed since.
    pub since: Option<Since>,
}

/// An extraction on its way.
pub struct Stream {
    /// What to give back to have only what changes after this one.
    pub mark: String,
    /// The bytes. A failure is the last item: the extraction is then not whole.
    pub pieces: ReceiverStream<Result<Bytes, ExportError>>,
}

/// Begins an extraction. What is wrong with the request is told here, not in the stream.
pub async fn open(pool: &PgPool, request: &Request) -> Result<Stream, ExportError> {
    let layout = request.kind.layout();
    // A wrong filter costs no connection.
    request.filters.condition(layout)?;
    let mut snapshot = Snapshot::begin(pool).await?;
    let mark = mark::current(&mut snapshot.connection, layout).await?;
    let statements = statements(&mut snapshot, request).await?;
    let differential = request.since.is_some();
    let columns = Columns::of(layout, request.format, differential, snapshot.labels.clone());
    let encoder = encoder(request.format, columns)?;
    let fields = Columns::fields(layout, differential);
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let sending = Sending {
            sender: sender.clone(),
            encoder,
            piece: Vec::with_capacity(PIECE * 2),
        };
        if let Err(error) = sending.run(snapshot, &statements, fields).await {
            // The reader may be gone: then nobody is there to be told.
            let _ = sender.try_send(Err(error));
        }
    });
    Ok(Stream {
        mark,
        pieces: ReceiverStream::new(receiver),
    })
}

async fn statements(snapshot: &mut Snapshot, request: &Request) -> Result<Vec<String>, ExportError> {
    let layout = request.kind.layout();
    let filters = &request.filters;
    let Some(since) = &request.since else {
        return Ok(vec![statement::whole(layout, filters, Order::Any)?]);
    };
    let after = mark::version(&mut snapshot.connection, layout, since).await?;
    // A rebuild may come of changed labels, which are in no entry's own log.
    let all: bool =
        sqlx::query_scalar("select exists (select 1 from publications where version > $1 and rebuild)")
            .bind(after)
            .fetch_one(&mut snapshot.connection)
            .await?;
    Ok(vec![
        statement::withdrawn(layout, filters, after)?,
        statement::published(layout, filters, after, all)?,
    ])
}

struct Sending {
    sender: mpsc::Sender<Result<Bytes, ExportError>>,
    encoder: Box<dyn Encode>,
    piece: Vec<u8>,
}

impl Sending {
    async fn run(
        mut self,
        mut snapshot: Snapshot,
        statements: &[String],
        fields: usize,
    ) -> Result<(), ExportError> {
        self.encoder.begin(&mut self.piece)?;
        for statement in statements {
            let mut rows = snapshot.copy(statement, fields).await?;
            while let Some((row, _)) = rows.next().await? {
                self.encoder.row(row, &mut self.piece)?;
                if self.piece.len() >= PIECE {
                    self.send().await?;
                }
            }
        }
        self.encoder.end(&mut self.piece)?;
        self.send().await?;
        snapshot.end().await;
        Ok(())
    }

    async fn send(&mut self) -> Result<(), ExportError> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE * 2));
        if piece.is_empty() {
            return Ok(());
        }
        match tokio::time::timeout(STALLED, self.sender.send(Ok(piece.into()))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(ExportError::ReaderGone),
        }
    }
}
