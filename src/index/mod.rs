//! One tantivy index a node, built from the store and kept up by its change log.
//!
//! It answers from stored views; it never holds a red-listed address and never asks the store while answering.

mod bits;
mod build;
mod bulk;
mod fields;
pub mod follow;
mod generation;
pub mod indicators;
mod kept;
mod making;
pub mod node;
mod plan;
mod postings;
mod rank;
mod recherche;
pub mod record;
mod rows;
mod schema;
mod search;
mod shelf;
pub mod snapshot;
mod standing;
mod suggest;
pub mod sweep;
mod terms;
mod ties;
mod towns;
pub mod views;

pub use indicators::{Indicators, Share};
pub use recherche::{Facet, Hit, Page, Recherche, Tri, is_cursor, synonyms};
pub use schema::hash;
pub use standing::mark_before;
