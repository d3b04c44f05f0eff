//! Where a reader puts what it reads.

use super::record::Record;

/// Takes records and rejects, in the file's order.
pub trait Sink {
    /// A good record. An error is the sink's own reason to reject the line.
    fn record(&mut self, line: u64, record: Record<'_>) -> Result<(), String>;
    /// A bad line: its number from 1, the column where one is to blame, the reason. Never the line's content.
    fn reject(&mut self, line: u64, column: Option<&str>, reason: &str);
    /// Bytes read since the last call, after decompression.
    fn progress(&mut self, _bytes: u64) {}
}
