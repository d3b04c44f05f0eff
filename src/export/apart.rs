//! A thread of its own for one reading of the store, with a runtime that has nothing else to do.
//!
//! Postgres hands over rows 8 KiB at a time. A reader that is woken for each of them takes a tenth of the time that
//! Postgres has for the rows; one that sleeps a moment finds many there. Whoever sleeps on a thread must have it to itself.

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::error::ExportError;

/// Runs a reading to its end, or until nobody waits for it any more.
pub async fn apart<T: Send + 'static>(
    reading: impl Future<Output = Result<T, ExportError>> + Send + 'static,
) -> Result<T, ExportError> {
    let unwanted = CancellationToken::new();
    let _wanted = unwanted.clone().drop_guard();
    let done = tokio::task::spawn_blocking(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| ExportError::NotReady)?;
        let done = runtime.block_on(unwanted.run_until_cancelled(reading));
        done.unwrap_or(Err(ExportError::ReaderGone))
    });
    done.await.map_err(|_| ExportError::BrokenOff)?
}
