//! A reading of the store as of one moment, on a connection of its own: when the reader goes away the connection is
//! closed, which ends the query in Postgres, and the pool has lost nothing.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection, PgPool};

use super::error::ExportError;
use super::manifest::Source;
use super::pipe::Sender;
use crate::store::labels::Labels;

/// The longest that one statement may take, a slow reader included.
const LONGEST_STATEMENT: Duration = Duration::from_secs(30 * 60);
/// The longest wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long rows are left to gather when none is there.
const PAUSE: Duration = Duration::from_millis(1);
/// Bytes of rows gathered into one piece.
const PIECE: usize = 128 << 10;

/// The store as of one moment.
pub struct Snapshot {
    pub connection: PgConnection,
    pub labels: Arc<Labels>,
    /// The sources loaded, and their dates.
    pub sources: Vec<Source>,
}

impl Snapshot {
    /// Begins a reading, on a connection of the runtime that it is begun in: see [`super::apart`].
    pub async fn begin(pool: &PgPool) -> Result<Self, ExportError> {
        let options = pool.connect_options();
        let connecting = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options));
        let mut connection = connecting.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
        let timeout = LONGEST_STATEMENT.as_millis();
        // `standard_conforming_strings` is what the quoting of filters relies on; the check of the connection is
        // what ends a long sort whose reader has gone. Postgres keeps to one processor: handing rows from one of its
        // processes to another costs more than the second one gives, and others are served meanwhile.
        let session = format!(
            "begin transaction isolation level repeatable read, read only;
             set local statement_timeout = {timeout};
             set local client_connection_check_interval = '5s';
             set local standard_conforming_strings = on;
             set local work_mem = '64MB';
             set local max_parallel_workers_per_gather = 0"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(session))
            .execute(&mut connection)
            .await?;
        let labels = Arc::new(Labels::load(&mut connection).await?);
        let sources: Vec<(String, String)> = sqlx::query_as(
            "select genre, to_char(date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from sources order by genre",
        )
        .fetch_all(&mut connection)
        .await?;
        let source = |(genre, date)| Source { genre, date };
        Ok(Self {
            connection,
            labels,
            sources: sources.into_iter().map(source).collect(),
        })
    }

    /// Sends the rows of a `COPY` statement as Postgres writes them, in pieces of whole lines. Blocks its thread.
    pub async fn copy(&mut self, statement: &str, rows: &Sender) -> Result<(), ExportError> {
        let mut lines = self.connection.copy_out_raw(statement).await?;
        let room = || Vec::with_capacity(PIECE + PIECE / 8);
        let mut piece = room();
        loop {
            // Postgres sends one row a message.
            let line = match poll_fn(|context| Poll::Ready(lines.as_mut().poll_next(context))).await {
                Poll::Ready(Some(line)) => line?,
                Poll::Ready(None) => break,
                Poll::Pending => {
                    std::thread::sleep(PAUSE);
                    tokio::task::yield_now().await;
                    continue;
                }
            };
            piece.extend_from_slice(&line);
            if piece.len() >= PIECE {
                rows.send(std::mem::replace(&mut piece, room())).await?;
            }
        }
        rows.send(piece).await
    }

    /// Ends a reading that came to its end; one that did not is simply dropped.
    pub async fn end(self) {
        let _ = self.connection.close().await;
    }
}
