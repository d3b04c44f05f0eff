//! A reading of the store as of one moment, on a connection of its own: when the reader goes away the connection is
//! closed, which ends the query in Postgres, and the pool has lost nothing.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection, PgPool};
use tokio_stream::StreamExt as _;

use super::error::ExportError;
use super::manifest::Source;
use super::pipe::Sender;
use crate::store::labels::Labels;

/// The longest that one statement may take, a slow reader included.
const LONGEST_STATEMENT: Duration = Duration::from_secs(30 * 60);
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
    /// Begins a reading.
    pub async fn begin(pool: &PgPool) -> Result<Self, ExportError> {
        let mut connection = pool.acquire().await?.detach();
        let timeout = LONGEST_STATEMENT.as_millis();
        // `standard_conforming_strings` is what the quoting of filters relies on; the check of the connection is
        // what ends a long sort whose reader has gone.
        let session = format!(
            "begin transaction isolation level repeatable read, read only;
             set local statement_timeout = {timeout};
             set local client_connection_check_interval = '5s';
             set local standard_conforming_strings = on;
             set local work_mem = '64MB'"
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

    /// Sends the rows of a `COPY` statement as Postgres writes them, in pieces of whole lines.
    pub async fn copy(&mut self, statement: &str, rows: &Sender) -> Result<(), ExportError> {
        let mut lines = self.connection.copy_out_raw(statement).await?;
        let room = || Vec::with_capacity(PIECE + PIECE / 8);
        let mut piece = room();
        // Postgres sends one row a message.
        while let Some(line) = lines.next().await {
            piece.extend_from_slice(&line?);
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
