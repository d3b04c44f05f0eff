//! A filtered or differential extraction, made while it is read: Postgres is read by a thread of its own, rows are
//! written by another, and a few pieces wait for a slow reader, never more.

use sqlx::PgPool;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Format;
use super::apart::apart;
use super::columns::{Columns, Stated};
use super::encoder::{Encoding, encoder};
use super::error::ExportError;
use super::filters::Filters;
use super::layout::Kind;
use super::mark::{self, Since};
use super::pipe::{self, Pieces, Sender, pipe};
use super::snapshot::Snapshot;
use super::statement::{self, Order};

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
    pub pieces: Pieces,
}

/// Begins an extraction. What is wrong with the request is told here, not in the stream.
pub async fn open(pool: &PgPool, request: &Request) -> Result<Stream, ExportError> {
    let layout = request.kind.layout();
    // A wrong filter costs no connection.
    request.filters.condition(layout)?;
    let (rows, from_store) = pipe(match request.format {
        Format::Csv | Format::Ndjson => pipe::FEW,
        Format::Parquet => pipe::MANY,
    });
    let (sender, pieces) = pipe(pipe::FEW);
    let (begun, beginning) = oneshot::channel();
    let reading = read(pool.clone(), request.clone(), begun, rows, sender.clone());
    tokio::spawn(apart(reading));
    let (mark, stated) = beginning.await.map_err(|_| ExportError::BrokenOff)??;
    let columns = Columns::of(layout, request.format, request.since.is_some(), stated);
    let encoding = Encoding::new(columns.fields, encoder(request.format, columns)?);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let done = write(encoding, from_store, &sender, &runtime);
        runtime.block_on(sender.end(done));
    });
    Ok(Stream { mark, pieces })
}

/// Reads the store until it has been read, or until nobody reads `out`. `begun` is told the mark and what is stated, or
/// why there is nothing to read.
async fn read(
    pool: PgPool,
    request: Request,
    begun: oneshot::Sender<Result<(String, Stated), ExportError>>,
    rows: Sender,
    out: Sender,
) -> Result<(), ExportError> {
    let beginning = async {
        let mut snapshot = Snapshot::begin(&pool).await?;
        let mark = mark::current(&mut snapshot.connection).await?;
        let statements = statements(&mut snapshot, &request).await?;
        Ok((snapshot, mark, statements))
    };
    let (mut snapshot, mark, statements) = match beginning.await {
        Ok(begin) => begin,
        Err(error) => {
            let _ = begun.send(Err(error));
            return Ok(());
        }
    };
    let _ = begun.send(Ok((mark, Stated::of(&snapshot))));
    let reading = async {
        for statement in &statements {
            snapshot.copy(statement, &rows).await?;
        }
        Ok(())
    };
    let done = tokio::select! {
        done = reading => done,
        () = out.closed() => return Err(ExportError::ReaderGone),
    };
    drop(out);
    snapshot.end().await;
    rows.end(done).await;
    Ok(())
}

async fn statements(snapshot: &mut Snapshot, request: &Request) -> Result<Vec<String>, ExportError> {
    let layout = request.kind.layout();
    let filters = &request.filters;
    let Some(since) = &request.since else {
        // The rows of boxes lie where changes of hidden ones have put them: that order would tell of these.
        let order = match request.kind {
            Kind::Correspondance => Order::Fixed,
            Kind::Professionnels | Kind::Structures => Order::Any,
        };
        return Ok(vec![statement::whole(layout, filters, order)?]);
    };
    let after = mark::version(&mut snapshot.connection, since).await?;
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

fn write(
    mut encoding: Encoding,
    mut rows: Pieces,
    out: &Sender,
    runtime: &Handle,
) -> Result<(), ExportError> {
    encoding.begin()?;
    while let Some(piece) = rows.blocking_next() {
        encoding.rows(&piece?)?;
        runtime.block_on(out.send(encoding.take()))?;
    }
    encoding.end()?;
    runtime.block_on(out.send(encoding.take()))
}
