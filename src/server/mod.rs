//! (room under construction)
pub mod tls;
