//! One tantivy index a node, built from the store and kept up by its change log.
//!
//! It answers from stored views; it never holds a red-listed address and never asks the store while answering.

mod document;
pub mod follow;
pub mod node;
mod plan;
mod recherche;
mod schema;
pub mod snapshot;

pub use recherche::{Facet, Hit, Page, Recherche, Tri, is_cursor};
pub use schema::hash;
