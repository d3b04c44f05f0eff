//! One LDAP connection: requests read in order, searches run beside each other, one writer.
//!
//! Reading goes on while searches run, so that Abandon, Cancel and Unbind reach them; it stops while too many are
//! under way. Never answers an abandoned operation, never waits for a client longer than the settings say.

mod operations;
mod write;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ldap3_proto::proto::LdapResultCode;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tokio_util::codec::FramedRead;
use tokio_util::sync::CancellationToken;

use self::operations::{After, Operations};
pub use self::write::Unsent;
use super::Context;
use super::bind::Session;
use super::fixed::Offer;
use super::frame::{FrameError, RequestDecoder};
use crate::server::tls::{HANDSHAKE, TlsIdentity};

/// Chunks that may wait for the client.
const WRITE_QUEUE: usize = 2;
/// Octets of the buffer of a connection at first: most connections carry two small requests.
const READ_BUFFER: usize = 1024;

/// What a connection is below its messages.
#[derive(Debug, Clone)]
pub struct Link {
    /// The client's address, as its proxy tells it where there is one.
    pub address: IpAddr,
    /// Whether the client is on this machine, without a proxy between.
    pub is_local: bool,
    pub security: Security,
}

/// How a connection is secured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Security {
    Clear,
    Tls {
        /// The names in the certificate that the client has shown and the authorities have signed; none without.
        names: Vec<String>,
    },
}

impl Link {
    /// The names in the client's certificate.
    pub fn certified(&self) -> &[String] {
        match &self.security {
            Security::Clear => &[],
            Security::Tls { names } => names,
        }
    }

    /// What works on this connection.
    pub fn offer(&self, tls: Option<&Arc<TlsIdentity>>) -> Offer {
        Offer {
            start_tls: self.security == Security::Clear && tls.is_some(),
            external: !self.certified().is_empty(),
        }
    }
}

/// Serves a connection until the client leaves, breaks the protocol or falls silent, or until `shutdown`.
pub async fn serve_connection<S>(
    stream: S,
    mut link: Link,
    context: Arc<Context>,
    shutdown: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let session = Session::anonymous();
    let operations = Operations::new(number, link.clone(), session, Arc::clone(&context));
    let Some((stream, session)) = talk(stream, operations, &shutdown).await else {
        return;
    };
    let Some(tls) = context.tls.clone() else {
        return;
    };
    if let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.acceptor().accept(stream)).await {
        let names = TlsIdentity::names_of_client(&stream);
        link.security = Security::Tls { names };
        let operations = Operations::new(number, link, session, context);
        talk(stream, operations, &shutdown).await;
    }
}

/// Reads and answers requests. The stream and the session where the client is to start TLS on it; what it has
/// sent in clear behind its request is thrown away.
async fn talk<S>(stream: S, mut operations: Operations, shutdown: &CancellationToken) -> Option<(S, Session)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let context = Arc::clone(&operations.context);
    let patience = context.settings.write_timeout;
    let (reader, writer) = tokio::io::split(stream);
    let (replies, queue) = mpsc::channel(WRITE_QUEUE);
    let decoder = RequestDecoder {
        bounds: context.bounds(),
    };
    let mut requests = FramedRead::with_capacity(reader, decoder, READ_BUFFER);
    operations.answer_to(replies);
    let reading = async {
        let after = read(&mut requests, &mut operations, shutdown).await;
        // The writer ends when it has sent what the operations, ended here, have left in the queue.
        (after, operations.finish())
    };
    // Both in one task, reading first: an answer found at once is sent at once, where waking another thread for it
    // would take a tenth of what the search takes.
    let writing = write::write(writer, queue, patience);
    let ((after, session), writer) = tokio::join!(biased; reading, writing);
    let mut writer = writer?;
    match after {
        After::StartTls => Some((requests.into_inner().unsplit(writer), session)),
        _ => {
            // Best effort: the client may be gone.
            let _ = timeout(patience, writer.shutdown()).await;
            None
        }
    }
}

async fn read<R: AsyncRead + Unpin>(
    requests: &mut FramedRead<R, RequestDecoder>,
    operations: &mut Operations,
    shutdown: &CancellationToken,
) -> After {
    let idle: Duration = operations.context.settings.idle_timeout;
    let mut silence_ends = Instant::now() + operations.context.settings.first_message_timeout;
    let replies = operations.replies();
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {
                operations.wait_for_all().await;
                operations.disconnect(LdapResultCode::Unavailable, "the server is stopping").await;
                return After::Close;
            }
            () = replies.closed() => return After::Close,
            () = operations.wait_for_one(), if !operations.is_idle() => {
                silence_ends = Instant::now() + idle;
            }
            next = requests.next(), if operations.has_room() => {
                silence_ends = Instant::now() + idle;
                match next {
                    Some(Ok(request)) => match operations.handle(request).await {
                        After::GoOn => {}
                        after => return after,
                    },
                    Some(Err(FrameError::Io(_))) | None => return After::Close,
                    Some(Err(fault)) => {
                        operations.disconnect(LdapResultCode::ProtocolError, &fault.to_string()).await;
                        return After::Close;
                    }
                }
            }
            () = tokio::time::sleep_until(silence_ends.into()), if operations.is_idle() => return After::Close,
        }
    }
}
