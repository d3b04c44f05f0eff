//! One LDAP connection: requests read in order, searches run beside each other, one writer.
//!
//! Reading goes on while searches run, so that Abandon and Unbind reach them; it stops while too many are
//! under way. Never answers an abandoned operation, never waits for a client longer than the settings say.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ldap3_proto::proto::{
    LdapExtendedRequest, LdapExtendedResponse, LdapOp, LdapResult, LdapResultCode, LdapSearchRequest,
    OID_WHOAMI,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, WriteHalf};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tokio_util::codec::FramedRead;
use tokio_util::sync::CancellationToken;

use super::bind::{self, Session};
use super::frame::{FrameError, Request, RequestDecoder};
use super::reply::{self, Operation};
use super::search::{self, Asker};
use super::{Context, compare};

/// Operations of one connection that may be under way before reading stops.
const MAX_PENDING: usize = 64;
/// Operations of one connection that run at the same time.
const MAX_RUNNING: usize = 4;
/// Chunks that may wait for the client.
const WRITE_QUEUE: usize = 16;
/// Controls that ask for what this server does anyway (no references, one tree): ManageDsaIT (RFC 3296) and
/// domain scope, which directory libraries of Windows send.
pub const ACCEPTED_CONTROLS: [&str; 2] = ["2.16.840.1.113730.3.4.2", "1.2.840.113556.1.4.1339"];

/// Serves a connection until the client leaves, breaks the protocol or falls silent, or until `shutdown`.
/// `tls` tells whether the stream is encrypted; keys are taken in clear from loopback addresses only.
pub async fn serve_connection<S>(
    stream: S,
    peer: SocketAddr,
    tls: bool,
    context: Arc<Context>,
    shutdown: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (reader, writer) = tokio::io::split(stream);
    let (replies, queue) = mpsc::channel(WRITE_QUEUE);
    let writing = tokio::spawn(write(writer, queue, context.settings.write_timeout));
    let mut connection = Connection {
        confidential: tls || peer.ip().to_canonical().is_loopback(),
        session: Session::anonymous(),
        replies,
        pending: HashMap::new(),
        tasks: JoinSet::new(),
        permits: Arc::new(Semaphore::new(MAX_RUNNING)),
        context,
    };
    connection
        .serve(FramedRead::new(reader, RequestDecoder), shutdown)
        .await;
    // The writer ends when it has sent what the connection, dropped here, has left in the queue.
    drop(connection);
    if let Err(fault) = writing.await {
        tracing::error!(error = %fault, "LDAP writer failed");
    }
}

/// Sends chunks in order. A client that takes none for too long ends the connection.
async fn write<S: AsyncWrite>(mut writer: WriteHalf<S>, mut queue: mpsc::Receiver<Bytes>, limit: Duration) {
    while let Some(bytes) = queue.recv().await {
        match timeout(limit, async {
            writer.write_all(&bytes).await?;
            writer.flush().await
        })
        .await
        {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
    // Best effort: the client may be gone.
    let _ = timeout(limit, writer.shutdown()).await;
}

struct Connection {
    context: Arc<Context>,
    /// Whether a key may be sent: TLS, or the same machine.
    confidential: bool,
    session: Session,
    replies: mpsc::Sender<Bytes>,
    /// Operations under way: message id, and the flag that abandons.
    pending: HashMap<i32, Arc<AtomicBool>>,
    /// Each ends with its message id.
    tasks: JoinSet<i32>,
    permits: Arc<Semaphore>,
}

impl Connection {
    async fn serve<R: AsyncRead + Unpin>(
        &mut self,
        mut requests: FramedRead<R, RequestDecoder>,
        shutdown: CancellationToken,
    ) {
        let mut silence_ends = Instant::now() + self.context.settings.first_message_timeout;
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {
                    while self.tasks.join_next().await.is_some() {}
                    return self.disconnect(LdapResultCode::Unavailable, "the server is stopping").await;
                }
                () = self.replies.closed() => return self.abandon_all(),
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    if let Ok(id) = ended {
                        self.pending.remove(&id);
                    }
                    silence_ends = Instant::now() + self.context.settings.idle_timeout;
                }
                next = requests.next(), if self.tasks.len() < MAX_PENDING => {
                    silence_ends = Instant::now() + self.context.settings.idle_timeout;
                    match next {
                        Some(Ok(request)) => {
                            if self.handle(request).await.is_break() {
                                return self.abandon_all();
                            }
                        }
                        Some(Err(FrameError::Io(_))) | None => return self.abandon_all(),
                        Some(Err(fault)) => {
                            self.abandon_all();
                            return self.disconnect(LdapResultCode::ProtocolError, &fault.to_string()).await;
                        }
                    }
                }
                () = tokio::time::sleep_until(silence_ends.into()), if self.tasks.is_empty() => return,
            }
        }
    }

    /// Answers a request or starts the task that will.
    async fn handle(&mut self, request: Request) -> ControlFlow<()> {
        let Request {
            id,
            operation,
            controls,
            op,
        } = request;
        // Unbind and Abandon have no response, so their controls cannot be refused (RFC 4511 section 4.1.11).
        match (operation, &op) {
            (Operation::Unbind, _) => return ControlFlow::Break(()),
            (Operation::Abandon, Some(LdapOp::AbandonRequest(abandoned))) => {
                if let Some(flag) = self.pending.get(abandoned) {
                    flag.store(true, Ordering::Relaxed);
                }
                return ControlFlow::Continue(());
            }
            _ => {}
        }
        let unknown = |oid: &String| !ACCEPTED_CONTROLS.contains(&oid.as_str());
        if controls
            .iter()
            .any(|control| control.critical && unknown(&control.oid))
        {
            let code = LdapResultCode::UnavailableCriticalExtension;
            return self
                .reply(id, operation, reply::result(code, "unknown critical control"))
                .await;
        }
        match op {
            None => {
                let result = reply::result(LdapResultCode::ProtocolError, "the request cannot be decoded");
                self.reply(id, operation, result).await
            }
            Some(LdapOp::BindRequest(bind)) => {
                // A bind ends what was asked before it (RFC 4511 section 4.2.1).
                self.abandon_all();
                while self.tasks.join_next().await.is_some() {}
                self.pending.clear();
                let (session, result) = bind::run(&self.context, self.confidential, &bind).await;
                self.session = session;
                self.reply(id, operation, result).await
            }
            Some(LdapOp::SearchRequest(search)) => {
                self.start_search(id, search);
                ControlFlow::Continue(())
            }
            Some(LdapOp::CompareRequest(compare)) => {
                let (context, viewer) = (Arc::clone(&self.context), self.session.viewer.clone());
                self.start(id, operation, move |_| {
                    let result = compare::run(&context, &viewer, &compare);
                    operation
                        .response(result)
                        .map(|op| reply::encode(id, op))
                        .into_iter()
                        .collect()
                });
                ControlFlow::Continue(())
            }
            Some(LdapOp::ExtendedRequest(extended)) => self.extended(id, &extended).await,
            Some(_) => {
                let result = reply::result(LdapResultCode::UnwillingToPerform, "this directory is read-only");
                self.reply(id, operation, result).await
            }
        }
    }

    async fn extended(&mut self, id: i32, request: &LdapExtendedRequest) -> ControlFlow<()> {
        if request.name != OID_WHOAMI {
            let result = reply::result(LdapResultCode::ProtocolError, "unknown extended operation");
            return self.reply(id, Operation::Extended, result).await;
        }
        let who = match self.session.name.as_str() {
            "" => String::new(),
            name => format!("dn:{name}"),
        };
        let response = LdapExtendedResponse {
            res: reply::result(LdapResultCode::Success, ""),
            name: None,
            value: Some(who.into_bytes()),
        };
        self.send(reply::encode(id, LdapOp::ExtendedResponse(response)))
            .await
    }

    fn start_search(&mut self, id: i32, request: LdapSearchRequest) {
        let (context, viewer) = (Arc::clone(&self.context), self.session.viewer.clone());
        let now = Instant::now();
        self.start(id, Operation::Search, move |cancelled| {
            search::run(
                &context,
                &Asker {
                    message_id: id,
                    viewer: &viewer,
                    now,
                    cancelled,
                },
                &request,
            )
        });
    }

    /// Runs `work` on a thread that may wait, and sends what it returns unless it was abandoned meanwhile.
    fn start(
        &mut self,
        id: i32,
        operation: Operation,
        work: impl FnOnce(&AtomicBool) -> Vec<Bytes> + Send + 'static,
    ) {
        let abandoned = Arc::new(AtomicBool::new(false));
        self.pending.insert(id, Arc::clone(&abandoned));
        let (permits, replies) = (Arc::clone(&self.permits), self.replies.clone());
        self.tasks.spawn(async move {
            let permit = permits.acquire().await;
            let flag = Arc::clone(&abandoned);
            let worked = tokio::task::spawn_blocking(move || {
                if flag.load(Ordering::Relaxed) {
                    Vec::new()
                } else {
                    work(&flag)
                }
            });
            let chunks = worked.await.unwrap_or_else(|fault| {
                tracing::error!(error = %fault, "LDAP operation failed");
                let result = reply::result(LdapResultCode::Other, "internal error");
                operation
                    .response(result)
                    .map(|op| reply::encode(id, op))
                    .into_iter()
                    .collect()
            });
            for chunk in chunks {
                if abandoned.load(Ordering::Relaxed) || replies.send(chunk).await.is_err() {
                    break;
                }
            }
            drop(permit);
            id
        });
    }

    fn abandon_all(&self) {
        self.pending
            .values()
            .for_each(|flag| flag.store(true, Ordering::Relaxed));
    }

    async fn reply(&mut self, id: i32, operation: Operation, result: LdapResult) -> ControlFlow<()> {
        match operation.response(result) {
            Some(op) => self.send(reply::encode(id, op)).await,
            None => ControlFlow::Continue(()),
        }
    }

    async fn send(&mut self, bytes: Bytes) -> ControlFlow<()> {
        match self.replies.send(bytes).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// The last message of a session that the server ends.
    async fn disconnect(&mut self, code: LdapResultCode, message: &str) {
        // A closed queue means that the client is gone already.
        let _ = self.replies.send(reply::disconnection(code, message)).await;
    }
}
