//! HTTP connections: HTTP/1.1 and, for clients that know it beforehand, HTTP/2 in clear on the same address; within
//! bounds of number, size and time. TLS is the business of a proxy in front.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service as _;

use super::host;
use super::networks::Networks;
use super::seats::{Seat, Seats};
use crate::rest::Peer;
use crate::rest::problem::{HOST, Problem};

/// Octets of a request's head.
const HEAD_SIZE: usize = 32 << 10;
/// Requests of one HTTP/2 connection at one time.
const STREAMS: u32 = 100;
/// How often a silent HTTP/2 client is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);
/// The wait after an accept that failed: out of file descriptors, most often.
const BREATH: Duration = Duration::from_millis(100);

/// Who may connect, how many, and how slow they may be.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Connections at one time.
    pub connections: usize,
    /// Connections of one address at one time; those of a trusted proxy are many addresses'.
    pub connections_of_one: usize,
    /// For the head of a request, the first too.
    pub head: Duration,
    /// For some of an answer that waits to be taken.
    pub taking: Duration,
    /// Proxies that connect for many.
    pub proxies: Networks,
}

/// Serves a router until `stop`, then lets answers under way end.
pub async fn serve(listener: TcpListener, router: Router, bounds: Bounds, stop: CancellationToken) {
    let seats = Seats::new(bounds.connections, bounds.connections_of_one);
    let server = Arc::new(Server {
        connections: connections(bounds.head),
        router,
        bounds,
        stop,
    });
    let tracker = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = server.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip().to_canonical()),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let seat = seats
            .take()
            .and_then(|seat| match server.bounds.proxies.contain(peer) {
                true => Some(seat),
                false => seat.of(peer),
            });
        if let Some(seat) = seat {
            let _ = stream.set_nodelay(true);
            // The kernel breaks off where nothing is taken for so long: nobody keeps a seat by not reading.
            let taking = u32::try_from(server.bounds.taking.as_millis()).unwrap_or(u32::MAX);
            let _ = sockopt::set_tcp_user_timeout(&stream, taking);
            tracker.spawn(Arc::clone(&server).talk(stream, peer, seat));
        }
    }
    drop(listener);
    tracker.close();
    tracker.wait().await;
}

struct Server {
    connections: auto::Builder<TokioExecutor>,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
}

fn connections(head: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_SIZE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_SIZE as u32)
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

impl Server {
    /// One connection. The seat is held to its end.
    async fn talk(self: Arc<Self>, stream: TcpStream, peer: IpAddr, _seat: Seat) {
        let asked = Arc::new(AtomicBool::new(false));
        let (router, first) = (self.router.clone(), Arc::clone(&asked));
        let service = service_fn(move |mut request: Request<Incoming>| {
            first.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(Peer(peer));
            let is_wrong = host::is_wrong(&request);
            let answer = (!is_wrong).then(|| router.clone().call(request));
            async {
                match answer {
                    Some(answer) => answer.await,
                    None => Ok(Problem::of(&HOST).into_response()),
                }
            }
        });
        let connection = self.connections.serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        // hyper waits without end for the bytes that tell one version of HTTP from the other.
        let mut first = pin!(tokio::time::sleep(self.bounds.head));
        let (mut waits, mut stops) = (true, false);
        loop {
            tokio::select! {
                // A client that breaks off, or breaks the rules, is nothing to tell of.
                _ = connection.as_mut() => return,
                () = first.as_mut(), if waits => {
                    if !asked.load(Ordering::Relaxed) {
                        return;
                    }
                    waits = false;
                }
                () = self.stop.cancelled(), if !stops => {
                    connection.as_mut().graceful_shutdown();
                    stops = true;
                }
            }
        }
    }
}
