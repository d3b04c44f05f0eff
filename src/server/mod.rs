//! Listeners, TLS, limits and the way down; the protocols do the talking.

pub mod listeners;
pub mod tls;
