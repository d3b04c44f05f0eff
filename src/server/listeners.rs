//! The four addresses of a node, bound before anything slow happens, served until told to stop.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::tls::TlsIdentity;
use crate::cli::settings::ServeSettings;
use crate::ldap;
use crate::rest::{self, RestState};

/// Most LDAP connections at one time, and of one address (a hospital may be one address).
const MAX_CONNECTIONS: usize = 8192;
const MAX_CONNECTIONS_OF_ONE: usize = 2048;
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The bound addresses.
pub struct Listeners {
    ldap: TcpListener,
    ldaps: TcpListener,
    http: TcpListener,
    admin: TcpListener,
}

/// An address that could not be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on {address} ({what}): {error}; another program may hold it, choose another with --{what}"
)]
pub struct BindError {
    address: SocketAddr,
    what: &'static str,
    error: std::io::Error,
}

impl Listeners {
    /// Binds all four, or none.
    pub async fn bind(settings: &ServeSettings) -> Result<Self, BindError> {
        let bind = async |address, what| {
            TcpListener::bind(address)
                .await
                .map_err(|error| BindError { address, what, error })
        };
        Ok(Self {
            ldap: bind(settings.ldap, "ldap").await?,
            ldaps: bind(settings.ldaps, "ldaps").await?,
            http: bind(settings.http, "http").await?,
            admin: bind(settings.admin, "admin").await?,
        })
    }

    /// LDAP, LDAPS, HTTP and administration, with the ports that port 0 became.
    pub fn named(&self) -> [SocketAddr; 4] {
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        [&self.ldap, &self.ldaps, &self.http, &self.admin].map(|l| l.local_addr().unwrap_or(unknown))
    }

    /// The same, as a list.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.named().to_vec()
    }

    /// Serves until `stop`, then lets answers under way end.
    pub async fn serve(
        self,
        ldap: Arc<ldap::Context>,
        rest: RestState,
        tls: Arc<TlsIdentity>,
        stop: CancellationToken,
    ) {
        let tracker = TaskTracker::new();
        let limits = Arc::new(Limits::default());
        let plain = accept(
            self.ldap,
            None,
            ldap.clone(),
            limits.clone(),
            tracker.clone(),
            stop.clone(),
        );
        let secured = accept(self.ldaps, Some(tls), ldap, limits, tracker.clone(), stop.clone());
        let waiting = |stop: CancellationToken| async move { stop.cancelled().await };
        let http =
            axum::serve(self.http, rest::router(rest.clone())).with_graceful_shutdown(waiting(stop.clone()));
        let admin = axum::serve(self.admin, rest::admin_router(rest)).with_graceful_shutdown(waiting(stop));
        let (_, _, http, admin) = tokio::join!(plain, secured, async { http.await }, async { admin.await });
        for error in [http.err(), admin.err()].into_iter().flatten() {
            tracing::error!(%error, "the HTTP listener ended");
        }
        tracker.close();
        tracker.wait().await;
    }
}

/// Connections by address.
#[derive(Default)]
struct Limits(Mutex<HashMap<IpAddr, usize>>);

/// A place among the connections, given back when dropped.
struct Seat {
    limits: Arc<Limits>,
    ip: IpAddr,
}

impl Limits {
    fn take(self: &Arc<Self>, ip: IpAddr) -> Option<Seat> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= MAX_CONNECTIONS {
            return None;
        }
        let own = open.entry(ip).or_default();
        if *own >= MAX_CONNECTIONS_OF_ONE {
            return None;
        }
        *own += 1;
        Some(Seat {
            limits: self.clone(),
            ip,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.limits.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.ip) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.ip);
            }
        }
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<Arc<TlsIdentity>>,
    context: Arc<ldap::Context>,
    limits: Arc<Limits>,
    tracker: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most often: wait for some connection to end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(seat) = limits.take(peer.ip()) else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (tls, context, stop) = (tls.clone(), context.clone(), stop.clone());
        tracker.spawn(async move {
            talk(stream, peer, tls, context, stop).await;
            drop(seat);
        });
    }
}

async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<TlsIdentity>>,
    context: Arc<ldap::Context>,
    stop: CancellationToken,
) {
    match tls {
        None => ldap::serve_connection(stream, peer, false, context, stop).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(HANDSHAKE, tls.acceptor().accept(stream)).await;
            if let Ok(Ok(stream)) = handshake {
                ldap::serve_connection(stream, peer, true, context, stop).await;
            }
        }
    }
}
