//! The four addresses of a node, bound before anything slow happens, served until told to stop.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::http;
use super::networks::Networks;
use super::proxy::{self, Told};
use super::seats::{Seat, Seats};
use super::tls::{HANDSHAKE, TlsIdentity};
use crate::cli::settings::ServeSettings;
use crate::ldap::{self, Link, Security};
use crate::rest::{self, RestState};

/// The bound addresses.
pub struct Listeners {
    ldap: TcpListener,
    ldaps: TcpListener,
    http: TcpListener,
    admin: TcpListener,
}

/// Who may connect to LDAP, and how many.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Connections at one time.
    pub connections: usize,
    /// Connections of one address at one time (a hospital may be one address).
    pub connections_of_one: usize,
    /// Proxies that tell the client's address.
    pub proxies: Networks,
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
        limits: Limits,
        http: http::Bounds,
        stop: CancellationToken,
    ) {
        let shared = Shared {
            context: ldap,
            seats: Seats::new(limits.connections, limits.connections_of_one),
            proxies: limits.proxies,
            tracker: TaskTracker::new(),
            stop: stop.clone(),
        };
        let tracker = shared.tracker.clone();
        let plain = accept(self.ldap, None, shared.clone());
        let secured = accept(self.ldaps, Some(tls), shared);
        let public = http::serve(self.http, rest::router(rest.clone()), http.clone(), stop.clone());
        let admin = http::serve(self.admin, rest::admin_router(rest), http, stop);
        tokio::join!(plain, secured, public, admin);
        tracker.close();
        tracker.wait().await;
    }
}

/// What the LDAP listeners share.
#[derive(Clone)]
struct Shared {
    context: Arc<ldap::Context>,
    seats: Arc<Seats>,
    /// Whose word on the client's address is taken.
    proxies: Networks,
    tracker: TaskTracker,
    stop: CancellationToken,
}

async fn accept(listener: TcpListener, tls: Option<Arc<TlsIdentity>>, shared: Shared) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
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
        let Some(seat) = shared.seats.take() else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (tls, own) = (tls.clone(), shared.clone());
        shared.tracker.spawn(talk(stream, peer.ip(), seat, tls, own));
    }
}

async fn talk(
    mut stream: TcpStream,
    peer: IpAddr,
    seat: Seat,
    tls: Option<Arc<TlsIdentity>>,
    shared: Shared,
) {
    let Shared { context, stop, .. } = shared;
    let told = if shared.proxies.contain(peer) {
        let patience = context.settings.first_message_timeout;
        match timeout(patience, proxy::client(&mut stream)).await {
            Ok(Ok(told)) => told,
            Ok(Err(_)) | Err(_) => return,
        }
    } else {
        Told::Nothing
    };
    let (address, is_direct) = match told {
        Told::Nothing => (peer, true),
        Told::Header(client) => (client.unwrap_or(peer), false),
    };
    let address = address.to_canonical();
    // Held to the end of the connection.
    let Some(_seat) = seat.of(address) else {
        return;
    };
    let mut link = Link {
        address,
        is_local: is_direct && address.is_loopback(),
        security: Security::Clear,
    };
    let Some(tls) = tls else {
        return ldap::serve_connection(stream, link, context, stop).await;
    };
    if let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.acceptor().accept(stream)).await {
        let names = TlsIdentity::names_of_client(&stream);
        link.security = Security::Tls { names };
        ldap::serve_connection(stream, link, context, stop).await;
    }
}
