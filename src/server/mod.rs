//! Listeners, TLS, limits and the way down; the protocols do the talking.

pub mod certificate;
pub mod listeners;
pub mod networks;
pub mod proxy;
pub mod seats;
pub mod tls;
