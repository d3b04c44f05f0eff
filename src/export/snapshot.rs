//! A reading of the store as of one moment, on a connection of its own: when the reader goes away the connection is
//! closed, which ends the query in Postgres, and the pool has lost nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio_stream::{Stream, StreamExt as _};

use super::error::ExportError;
use super::row::Row;
use crate::store::labels::Labels;

/// The longest that one statement may take, a slow reader included.
const LONGEST_STATEMENT: Duration = Duration::from_secs(30 * 60);

/// The store as of one moment.
pub struct Snapshot {
    pub connection: PgConnection,
    pub labels: Arc<Labels>,
}

impl Snapshot {
    /// Begins a reading.
    pub async fn begin(pool: &PgPool) -> Result<Self, ExportError> {
        let mut connection = pool.acquire().await?.detach();
        let timeout = LONGEST_STATEMENT.as_millis();
        // `standard_conforming_strings` is what the quoting of filters relies on.
        let session = format!(
            "begin transaction isolation level repeatable read, read only;
             set local statement_timeout = {timeout};
             set local standard_conforming_strings = on;
             set local work_mem = '64MB'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(session))
            .execute(&mut connection)
            .await?;
        let labels = Arc::new(Labels::load(&mut connection).await?);
        Ok(Self { connection, labels })
    }

    /// The rows of a `COPY` statement, each of `fields` fields.
    pub async fn copy(&mut self, statement: &str, fields: usize) -> Result<Rows<'_>, ExportError> {
        Ok(Rows {
            lines: self.connection.copy_out_raw(statement).await?,
            line: Bytes::new(),
            row: Row::default(),
            fields,
        })
    }

    /// Ends a reading that came to its end; one that did not is simply dropped.
    pub async fn end(self) {
        let _ = self.connection.close().await;
    }
}

/// Rows as they come.
pub struct Rows<'c> {
    lines: Pin<Box<dyn Stream<Item = Result<Bytes, sqlx::Error>> + Send + 'c>>,
    line: Bytes,
    row: Row,
    fields: usize,
}

impl Rows<'_> {
    /// The next row, and the line that it was read from.
    pub async fn next(&mut self) -> Result<Option<(&Row, &[u8])>, ExportError> {
        let Some(line) = self.lines.next().await else {
            return Ok(None);
        };
        self.line = line?;
        self.row.read(&self.line);
        let (got, expected) = (self.row.len(), self.fields);
        match got == expected {
            true => Ok(Some((&self.row, &self.line))),
            false => Err(ExportError::Shape { got, expected }),
        }
    }
}
