//! (room under construction)
pub mod accounts;
pub mod changes;
pub mod cluster;
pub mod connect;
pub mod documents;
pub mod labels;
pub mod lock;
pub mod nodes;
mod row_address;
