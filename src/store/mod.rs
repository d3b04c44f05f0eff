//! The store: Postgres, its tables and what is asked of them. No other room but imports, publications and extractions
//! writes SQL.

pub mod accounts;
pub mod aliases;
pub mod audit;
pub mod changes;
pub mod cluster;
pub mod connect;
pub mod contact;
pub mod documents;
pub mod history;
pub mod labels;
pub mod lock;
pub mod nodes;
pub mod retention;
mod row_address;
pub mod suppressions;
