//! Listeners, TLS, limits and the way down; the protocols do the talking.

mod answers;
pub mod budget;
pub mod certificate;
mod host;
pub mod http;
pub mod listeners;
pub mod networks;
pub mod proxy;
pub mod rate;
pub mod seats;
pub mod tls;
