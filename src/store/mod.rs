//! (room under construction)
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
