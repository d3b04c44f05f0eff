//! HTTP connections: HTTP/1.1 and, for clients that know it beforehand, HTTP/2 in clear on the same address; within
//! bounds of number, size and time. TLS is the business of a proxy in front.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

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

use super::answers::{Answers, Waits};
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
    /// For the head of a request, the first too. Looked at now and then, as the next: it may be half as long again.
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
            // The kernel breaks off where nothing that was sent is taken for so long. It refuses more than an i32.
            let taking = i32::try_from(server.bounds.taking.as_millis()).unwrap_or(i32::MAX);
            let _ = sockopt::set_tcp_user_timeout(&stream, taking.unsigned_abs());
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
        let answers = Answers::new();
        let (router, begun) = (self.router.clone(), answers.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let answer = begun.begin(request.version());
            request.extensions_mut().insert(Peer(peer));
            let is_wrong = host::is_wrong(&request);
            let answered = (!is_wrong).then(|| router.clone().call(request));
            async {
                let answered = match answered {
                    Some(answered) => answered.await?,
                    None => Problem::of(&HOST).into_response(),
                };
                Ok::<_, Infallible>(answered.map(|body| answer.give(body)))
            }
        });
        let connection = self.connections.serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let Bounds { head, taking, .. } = self.bounds;
        let mut looks = tokio::time::interval(head.min(taking) / 2);
        let mut stops = None;
        loop {
            tokio::select! {
                // A client that breaks off, or breaks the rules, is nothing to tell of.
                _ = connection.as_mut() => return,
                // hyper waits without end for the bytes that tell one version of HTTP from the other, and for requests of
                // HTTP/2 and room for its answers.
                _ = looks.tick() => match answers.waits() {
                    Waits::First(since) if since.elapsed() >= head => return,
                    Waits::Taking(since) if since.elapsed() >= taking => return,
                    Waits::Next(since) if since.elapsed() >= head => match stops {
                        None => {
                            connection.as_mut().graceful_shutdown();
                            stops = Some(Instant::now());
                        }
                        // The end of the last answer may still be on its way.
                        Some(since) if since.elapsed() >= taking => return,
                        Some(_) => {}
                    },
                    _ => {}
                },
                () = self.stop.cancelled(), if stops.is_none() => {
                    connection.as_mut().graceful_shutdown();
                    stops = Some(Instant::now());
                }
            }
        }
    }
}
