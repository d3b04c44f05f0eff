//! One reader per kind of extract: bytes in, records and rejects out.
//!
//! A reader never touches the store, never keeps a file in memory, and never stops at a bad line.

pub mod record;
