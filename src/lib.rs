//! The national directory of French health professionals.
//!
//! Data flow one way: extract file -> [`source`] (records, rejects) -> [`import`] (batches, differences)
//! -> [`store`] (Postgres: rows, change log) -> [`index`] (tantivy) -> [`service`] (query and viewer)
//! -> [`ldap`] | [`rest`] | [`export`]. `ARCHITECTURE.md` tells the whole in one page.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::todo,
        clippy::unimplemented
    )
)]

pub mod cli;
pub mod directory;
pub mod export;
pub mod import;
pub mod index;
pub mod ldap;
mod priority;
pub mod publication;
pub mod query;
pub mod rest;
mod room;
pub mod sample;
pub mod server;
pub mod service;
pub mod source;
pub mod store;
pub mod view;
pub mod visibility;
