//! The operations of one connection: which are under way, what each request starts, ends or is answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use ldap3_proto::proto::{LdapExtendedRequest, LdapOp, LdapResult, LdapResultCode};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::write::Chunk;
use super::{Link, Security};
use crate::ldap::bind::{self, Session};
use crate::ldap::controls::{self, Asked};
use crate::ldap::extended::{self, cancel, cancel::Ticket};
use crate::ldap::frame::{Op, Request};
use crate::ldap::reply::{self, Operation};
use crate::ldap::search::request::{Refusal, SearchRequest};
use crate::ldap::search::{self, Asker};
use crate::ldap::{Context, compare};

/// Operations of one connection that may be under way before reading stops.
const MAX_PENDING: usize = 64;
/// Operations of one connection that run, or wait to be sent, at the same time.
const MAX_RUNNING: usize = 4;

/// What follows a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    GoOn,
    Close,
    StartTls,
}

/// A connection's operations and what they share.
pub struct Operations {
    pub context: Arc<Context>,
    number: u64,
    link: Link,
    session: Session,
    replies: mpsc::Sender<Chunk>,
    /// Operations under way, by message id.
    pending: HashMap<i32, Arc<Ticket>>,
    /// Each ends with its message id.
    tasks: JoinSet<i32>,
    permits: Arc<Semaphore>,
}

/// The parts of a connection that an operation takes with it.
struct Work {
    context: Arc<Context>,
    session: Session,
    link: Link,
    number: u64,
    message_id: i32,
    now: Instant,
    time: SystemTime,
    ticket: Arc<Ticket>,
}

impl Work {
    fn asker(&self) -> Asker<'_> {
        Asker {
            message_id: self.message_id,
            viewer: &self.session.viewer,
            address: self.link.address,
            connection: self.number,
            offer: self.link.offer(self.context.tls.as_ref()),
            now: self.now,
            time: self.time,
            cancelled: self.ticket.stop(),
        }
    }
}

impl Operations {
    pub fn new(number: u64, link: Link, session: Session, context: Arc<Context>) -> Self {
        Self {
            context,
            number,
            link,
            session,
            replies: mpsc::channel(1).0,
            pending: HashMap::new(),
            tasks: JoinSet::new(),
            permits: Arc::new(Semaphore::new(MAX_RUNNING)),
        }
    }

    /// Where answers go from now on.
    pub fn answer_to(&mut self, replies: mpsc::Sender<Chunk>) {
        self.replies = replies;
    }

    /// Ends what is under way; who has signed in.
    pub fn finish(self) -> Session {
        self.abandon_all();
        self.session
    }

    /// Nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Another request may be read.
    pub fn has_room(&self) -> bool {
        self.tasks.len() < MAX_PENDING
    }

    /// The way answers go, which closes when the client is gone.
    pub fn replies(&self) -> mpsc::Sender<Chunk> {
        self.replies.clone()
    }

    /// Waits until an operation ends.
    pub async fn wait_for_one(&mut self) {
        if let Some(Ok(id)) = self.tasks.join_next().await {
            self.pending.remove(&id);
        }
    }

    /// Waits until all operations have ended.
    pub async fn wait_for_all(&mut self) {
        while self.tasks.join_next().await.is_some() {}
        self.pending.clear();
    }

    fn abandon_all(&self) {
        self.pending.values().for_each(|ticket| ticket.abandon());
    }

    /// Answers a request or starts the task that will.
    pub async fn handle(&mut self, request: Request) -> After {
        let Request {
            id,
            operation,
            controls,
            op,
        } = request;
        // Unbind and Abandon have no response, so their controls cannot be refused (RFC 4511 section 4.1.11).
        match (operation, &op) {
            (Operation::Unbind, _) => return After::Close,
            (Operation::Abandon, op) => {
                if let Ok(Op::Other(LdapOp::AbandonRequest(abandoned))) = op
                    && let Some(ticket) = self.pending.get(abandoned)
                {
                    ticket.abandon();
                }
                return After::GoOn;
            }
            _ => {}
        }
        let asked = match controls::read(&controls, operation, self.context.bounds()) {
            Ok(asked) => asked,
            Err(result) => return self.reply(id, operation, result).await,
        };
        match op {
            Err(refusal) => {
                let code = match refusal {
                    Refusal::Filter(crate::ldap::filter::FilterFault::TooLarge(_)) => {
                        LdapResultCode::UnwillingToPerform
                    }
                    _ => LdapResultCode::ProtocolError,
                };
                self.reply(id, operation, reply::result(code, refusal.to_string()))
                    .await
            }
            Ok(Op::Search(search)) => self.start_search(id, search, asked).await,
            Ok(Op::Other(op)) => self.other(id, operation, op, asked).await,
        }
    }

    async fn other(&mut self, id: i32, operation: Operation, op: LdapOp, asked: Asked) -> After {
        match op {
            LdapOp::BindRequest(request) => {
                // A bind ends what was asked before it (RFC 4511 section 4.2.1).
                self.abandon_all();
                self.wait_for_all().await;
                let (session, result) = bind::run(&self.context, &self.link, &request).await;
                self.session = session;
                self.reply(id, operation, result).await
            }
            LdapOp::CompareRequest(request) => {
                self.start(id, operation, move |work| {
                    let result = compare::run(&work.context, &work.asker(), &request, &asked);
                    answer(work.message_id, operation, result)
                })
                .await
            }
            LdapOp::ExtendedRequest(request) => self.extended(id, &request).await,
            _ => {
                let result = reply::result(LdapResultCode::UnwillingToPerform, "this directory is read-only");
                self.reply(id, operation, result).await
            }
        }
    }

    async fn extended(&mut self, id: i32, request: &LdapExtendedRequest) -> After {
        match request.name.as_str() {
            extended::WHO_AM_I => {
                self.send(reply::encode(id, extended::who_am_i(&self.session)))
                    .await
            }
            extended::START_TLS => self.start_tls(id).await,
            extended::CANCEL => self.cancel(id, request.value.as_deref()).await,
            name => self.reply(id, Operation::Extended, extended::refused(name)).await,
        }
    }

    async fn start_tls(&mut self, id: i32) -> After {
        let (code, message) = match self.link.security {
            Security::Tls { .. } => (LdapResultCode::OperationsError, "TLS is on already"),
            Security::Clear if self.context.tls.is_none() => {
                (LdapResultCode::ProtocolError, "this server has no certificate")
            }
            Security::Clear if !self.is_idle() => {
                (LdapResultCode::OperationsError, "other operations are under way")
            }
            Security::Clear => (LdapResultCode::Success, ""),
        };
        let is_started = code == LdapResultCode::Success;
        let response = extended::response(extended::START_TLS, reply::result(code, message));
        match self.send(reply::encode(id, response)).await {
            After::GoOn if is_started => After::StartTls,
            after => after,
        }
    }

    async fn cancel(&mut self, id: i32, value: Option<&[u8]>) -> After {
        let result = match cancel::target(value) {
            None => Err(reply::result(
                LdapResultCode::ProtocolError,
                "the request cannot be decoded",
            )),
            Some(target) => match self.pending.get(&target) {
                // The operation's own task answers when it has ended.
                Some(ticket) => ticket.cancel(id),
                None => Err(reply::result(LdapResultCode::NoSuchOperation, "")),
            },
        };
        match result {
            Ok(()) => After::GoOn,
            Err(result) => self.reply(id, Operation::Extended, result).await,
        }
    }

    async fn start_search(&mut self, id: i32, request: SearchRequest, asked: Asked) -> After {
        if let Some(after) = self.search_at_once(id, &request, &asked).await {
            return after;
        }
        self.start(id, Operation::Search, move |work| {
            search::run(&work.context, &work.asker(), &request, &asked)
        })
        .await
    }

    /// Answers a search right here, as most can be that a mail client sends at a keystroke: to hand it to another
    /// thread and back would take longer than the search.
    async fn search_at_once(&mut self, id: i32, request: &SearchRequest, asked: &Asked) -> Option<After> {
        if !self.is_idle() {
            return None;
        }
        let work = self.work(id, Arc::default());
        let chunks = search::run_at_once(&work.context, &work.asker(), request, asked)?;
        for chunk in chunks {
            if self.send(chunk).await == After::Close {
                return Some(After::Close);
            }
        }
        Some(After::GoOn)
    }

    fn work(&self, message_id: i32, ticket: Arc<Ticket>) -> Work {
        Work {
            context: Arc::clone(&self.context),
            session: self.session.clone(),
            link: self.link.clone(),
            number: self.number,
            message_id,
            now: Instant::now(),
            time: SystemTime::now(),
            ticket,
        }
    }

    /// Runs `work` on a thread that may wait, and sends what it returns unless it was abandoned meanwhile.
    async fn start(
        &mut self,
        id: i32,
        operation: Operation,
        work: impl FnOnce(&Work) -> Vec<Bytes> + Send + 'static,
    ) -> After {
        if self.pending.contains_key(&id) {
            // RFC 4511 section 4.1.1.1: the answers could not be told apart.
            let result = reply::result(LdapResultCode::ProtocolError, "this message id is in use");
            return self.reply(id, operation, result).await;
        }
        let ticket = Arc::new(Ticket::default());
        self.pending.insert(id, Arc::clone(&ticket));
        let own = self.work(id, Arc::clone(&ticket));
        let unsent = Arc::clone(&self.context.unsent);
        let (permits, replies) = (Arc::clone(&self.permits), self.replies.clone());
        self.tasks.spawn(async move {
            let _permit = permits.acquire().await;
            let chunks = run(id, operation, own, work).await;
            let chunks: Vec<Chunk> = chunks.into_iter().map(|chunk| unsent.hold(chunk)).collect();
            for chunk in chunks {
                if ticket.is_abandoned() || replies.send(chunk).await.is_err() {
                    return id;
                }
            }
            if let Some((by, result)) = ticket.end() {
                for bytes in answer(by, Operation::Extended, result) {
                    // A closed queue means that the client is gone already.
                    let _ = replies.send(unsent.hold(bytes)).await;
                }
            }
            id
        });
        After::GoOn
    }

    async fn reply(&mut self, id: i32, operation: Operation, result: LdapResult) -> After {
        match operation.response(result) {
            Some(op) => self.send(reply::encode(id, op)).await,
            None => After::GoOn,
        }
    }

    async fn send(&mut self, bytes: Bytes) -> After {
        match self.replies.send(self.context.unsent.hold(bytes)).await {
            Ok(()) => After::GoOn,
            Err(_) => After::Close,
        }
    }

    /// The last message of a session that the server ends.
    pub async fn disconnect(&mut self, code: LdapResultCode, message: &str) {
        self.abandon_all();
        self.send(reply::disconnection(code, message)).await;
    }
}

/// Runs the work of an operation unless it has been ended before it began. What was cancelled answers so.
async fn run(
    id: i32,
    operation: Operation,
    own: Work,
    work: impl FnOnce(&Work) -> Vec<Bytes> + Send + 'static,
) -> Vec<Bytes> {
    let ticket = Arc::clone(&own.ticket);
    let worked = tokio::task::spawn_blocking(move || {
        if own.ticket.is_stopped() {
            Vec::new()
        } else {
            work(&own)
        }
    });
    let chunks = worked.await.unwrap_or_else(|fault| {
        tracing::error!(error = %fault, "LDAP operation failed");
        answer(
            id,
            operation,
            reply::result(LdapResultCode::Other, "internal error"),
        )
    });
    if chunks.is_empty() && !ticket.is_abandoned() {
        ticket.note_cancelled();
        return answer(id, operation, reply::result(LdapResultCode::Canceled, ""));
    }
    chunks
}

/// The one message that answers an operation.
fn answer(id: i32, operation: Operation, result: LdapResult) -> Vec<Bytes> {
    let op = operation.response(result);
    op.map(|op| reply::encode(id, op)).into_iter().collect()
}
