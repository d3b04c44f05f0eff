//! From an entry of the store to a document of the index: its terms, its columns and its record.

mod collected;
pub mod columns;
pub mod document;
mod known;
pub mod lexicon;
mod maker;
mod memo;
pub mod packed;
mod pieces;

pub use maker::Tools;
