//! (room under construction)
pub mod accounts;
pub mod cluster;
pub mod connect;
pub mod lock;
