//! The search operation (RFC 4511 section 4.5): base and scope to places, entries to bytes.
//!
//! Runs on a thread that may wait for the disk. Never returns a reference, an entry the viewer may not see, or
//! more entries than the limit; what is hidden gets the same answer as what is absent.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ldap3_proto::proto::{LdapResult, LdapResultCode, LdapSearchRequest, LdapSearchScope};

use super::dn::Dn;
use super::encode;
use super::filter::{FilterFault, translate};
use super::fixed::{self, Fixed};
use super::reply::{self, Operation};
use super::schema;
use super::select::Selection;
use super::tree::{Container, Place, Suffix, naming_field};
use super::{Context, NO_LIMIT};
use crate::query::{Filter, Key, Kind, Kinds, Order, Tri, evaluate};
use crate::service::{Ask, Found, SearchEnd, ServiceError};
use crate::view::entry::EntryView;
use crate::visibility::Viewer;

/// Octets after which the bytes of an answer become a chunk of their own.
const CHUNK: usize = 64 * 1024;

/// What a search is made with besides the request.
pub struct Asker<'a> {
    pub message_id: i32,
    pub viewer: &'a Viewer,
    /// When the request came.
    pub now: Instant,
    /// Set by Abandon and Unbind.
    pub cancelled: &'a AtomicBool,
}

/// Answers a search: encoded messages, the result last. Nothing when it was abandoned.
pub fn run(context: &Context, asker: &Asker<'_>, request: &LdapSearchRequest) -> Vec<Bytes> {
    let limit = match usize::try_from(request.sizelimit) {
        Ok(0) => NO_LIMIT,
        Ok(limit) => limit,
        Err(_) => {
            return refused(
                asker,
                reply::result(LdapResultCode::ProtocolError, "sizeLimit below 0"),
            );
        }
    };
    let Ok(seconds) = u64::try_from(request.timelimit) else {
        return refused(
            asker,
            reply::result(LdapResultCode::ProtocolError, "timeLimit below 0"),
        );
    };
    let time = match seconds {
        0 => context.settings.time_limit,
        seconds => context.settings.time_limit.min(Duration::from_secs(seconds)),
    };
    let mut search = Search {
        context,
        asker,
        request,
        selection: Selection::new(&request.attrs, request.typesonly),
        left: limit.min(context.size_limit(asker.viewer)),
        deadline: asker.now + time,
        buffer: Vec::new(),
        chunks: Vec::new(),
    };
    let result = search.answer().unwrap_or_else(|result| result);
    if asker.cancelled.load(Ordering::Relaxed) {
        return Vec::new();
    }
    search.finish(result)
}

fn refused(asker: &Asker<'_>, result: LdapResult) -> Vec<Bytes> {
    let done = Operation::Search.response(result);
    done.into_iter()
        .map(|op| reply::encode(asker.message_id, op))
        .collect()
}

struct Search<'a> {
    context: &'a Context,
    asker: &'a Asker<'a>,
    request: &'a LdapSearchRequest,
    selection: Selection,
    /// Entries that may still be sent.
    left: usize,
    deadline: Instant,
    buffer: Vec<u8>,
    chunks: Vec<Bytes>,
}

/// The result that ends a search early.
type Ended<T> = Result<T, LdapResult>;

impl Search<'_> {
    fn answer(&mut self) -> Ended<LdapResult> {
        let context = self.context;
        let base = Dn::parse(&self.request.base)
            .map_err(|fault| reply::result(LdapResultCode::InvalidDNSyntax, fault.to_string()))?;
        let filter =
            translate(&self.request.filter, &context.tree, context.bounds()).map_err(filter_fault)?;
        match (context.tree.find(&base), &self.request.scope) {
            (Place::Root, LdapSearchScope::Base) => {
                // Clients that list no attribute read the operational ones all the same.
                if self.selection.names_none() {
                    self.selection = Selection::everything(self.request.typesonly);
                }
                self.fixed(&fixed::root_dse(&context.tree))?;
            }
            (Place::Root, LdapSearchScope::OneLevel) => {
                for suffix in context.tree.contexts() {
                    self.fixed(&fixed::container(suffix.container, suffix))?;
                }
            }
            (Place::Root, LdapSearchScope::Subtree | LdapSearchScope::Children) => {
                // The context of mailboxes only: a client with an empty base must meet correspondents.
                if let Some(suffix) = context.tree.contexts().next() {
                    self.below(suffix.container, suffix, &LdapSearchScope::Subtree, &filter)?;
                }
            }
            (Place::Subschema, LdapSearchScope::Base | LdapSearchScope::Subtree) => {
                self.fixed(&fixed::subschema())?;
            }
            (Place::Container(container, suffix), scope) => self.below(container, suffix, scope, &filter)?,
            (Place::Entry(key, suffix), scope) => self.entry(&key, suffix, scope, &filter)?,
            (Place::Account(_, suffix), _) => {
                return Err(reply::no_such_object(suffix.container_dn(Container::Comptes)));
            }
            (Place::Nowhere(above), _) => return Err(reply::no_such_object(above)),
            (Place::Subschema, _) => {}
        }
        Ok(reply::result(LdapResultCode::Success, ""))
    }

    /// A container and what is below it.
    fn below(
        &mut self,
        container: Container,
        suffix: &Suffix,
        scope: &LdapSearchScope,
        filter: &Filter,
    ) -> Ended<()> {
        let kinds = match scope {
            LdapSearchScope::Base => return self.fixed(&fixed::container(container, suffix)),
            LdapSearchScope::OneLevel => container.kinds_one_level(),
            LdapSearchScope::Subtree | LdapSearchScope::Children => container.kinds_below(),
        };
        // A mail client that reads the whole context of mailboxes never meets an entry without an address.
        let correspondents_only = *scope != LdapSearchScope::OneLevel && kinds.contains(Kind::Mailbox);
        if !correspondents_only {
            if *scope == LdapSearchScope::Subtree {
                self.fixed(&fixed::container(container, suffix))?;
            }
            for child in container.children() {
                self.fixed(&fixed::container(*child, suffix))?;
            }
        }
        if kinds == Kinds::NONE {
            return Ok(());
        }
        let Asker {
            viewer, cancelled, ..
        } = *self.asker;
        // With nothing left to send, one entry tells whether there would be more.
        let (found, end) = self
            .context
            .directory
            .search(
                &Ask {
                    kinds,
                    filter,
                    order: Order::Relevance,
                    after: None,
                    skip: 0,
                    limit: self.left.max(1),
                    deadline: self.deadline,
                    cancelled,
                },
                viewer,
            )
            .map_err(|fault| unavailable(&fault))?;
        if found.len() > self.left {
            return Err(size_limit());
        }
        for entry in &found {
            self.found(entry, suffix);
        }
        match end {
            SearchEnd::Complete | SearchEnd::Cancelled => Ok(()),
            SearchEnd::Limit => Err(size_limit()),
            SearchEnd::Time => Err(reply::result(LdapResultCode::TimeLimitExceeded, "")),
        }
    }

    /// One entry by its name.
    fn entry(&mut self, key: &Key, suffix: &Suffix, scope: &LdapSearchScope, filter: &Filter) -> Ended<()> {
        let found = entry_at(self.context, key, suffix, self.asker.viewer)?;
        let itself = matches!(scope, LdapSearchScope::Base | LdapSearchScope::Subtree);
        if itself && evaluate(filter, found.kind, EntryView::new(&found.entry)) == Tri::True {
            self.found(&found, suffix);
        }
        Ok(())
    }

    /// Sends an entry made here, where it answers the filter.
    fn fixed(&mut self, entry: &Fixed) -> Ended<()> {
        if entry.answers(&self.request.filter, &self.request.scope) != Tri::True {
            return Ok(());
        }
        self.left = self.left.checked_sub(1).ok_or_else(size_limit)?;
        entry.encode(&mut self.buffer, self.asker.message_id, &self.selection);
        Ok(())
    }

    /// Sends an entry of the directory.
    fn found(&mut self, found: &Found, suffix: &Suffix) {
        self.left = self.left.saturating_sub(1);
        encode_found(
            &mut self.buffer,
            self.asker.message_id,
            found,
            suffix,
            &self.selection,
        );
        if self.buffer.len() >= CHUNK {
            self.chunks.push(std::mem::take(&mut self.buffer).into());
        }
    }

    fn finish(mut self, result: LdapResult) -> Vec<Bytes> {
        if let Some(op) = Operation::Search.response(result) {
            self.buffer
                .extend_from_slice(&reply::encode(self.asker.message_id, op));
        }
        self.chunks.push(self.buffer.into());
        self.chunks
    }
}

/// The entry of a key as its viewer may see it, or noSuchObject.
pub fn entry_at(context: &Context, key: &Key, suffix: &Suffix, viewer: &Viewer) -> Ended<Found> {
    let container = match key.kind() {
        Kind::Mailbox => Container::Bal,
        Kind::Professional => Container::Professionnels,
        Kind::Structure => Container::Structures,
    };
    context
        .directory
        .entry(key, viewer)
        .map_err(|fault| unavailable(&fault))?
        .ok_or_else(|| reply::no_such_object(suffix.container_dn(container)))
}

/// The fault is logged without what was searched for; the client learns only that it may come back.
fn unavailable(fault: &ServiceError) -> LdapResult {
    tracing::warn!(error = %fault, "directory does not answer");
    reply::result(
        LdapResultCode::Unavailable,
        "the directory cannot answer now; try again later",
    )
}

fn size_limit() -> LdapResult {
    reply::result(LdapResultCode::SizeLimitExceeded, "")
}

/// The result for a filter that is refused as a whole.
pub fn filter_fault(fault: FilterFault) -> LdapResult {
    let code = match fault {
        FilterFault::TooLarge { .. } => LdapResultCode::AdminLimitExceeded,
        FilterFault::NoPiece => LdapResultCode::ProtocolError,
    };
    reply::result(code, fault.to_string())
}

/// The values that follow from the kind alone, encoded once.
struct Made {
    classes: Vec<u8>,
    structural: Vec<u8>,
    subschema: Vec<u8>,
    has_subordinates: Vec<u8>,
}

fn made(kind: Kind) -> &'static Made {
    static MADE: LazyLock<[Made; 3]> = LazyLock::new(|| {
        Kind::ALL.map(|kind| Made {
            classes: encode::set(schema::classes(kind).iter().copied()),
            structural: encode::set([schema::structural_class(kind)]),
            subschema: encode::set([fixed::SUBSCHEMA_DN]),
            has_subordinates: encode::set(["FALSE"]),
        })
    });
    let [mailbox, professional, structure] = &*MADE;
    match kind {
        Kind::Mailbox => mailbox,
        Kind::Professional => professional,
        Kind::Structure => structure,
    }
}

/// Appends an entry of the directory. One without the value that names it cannot be answered and is left out.
fn encode_found(out: &mut Vec<u8>, message_id: i32, found: &Found, suffix: &Suffix, selection: &Selection) {
    let entry = EntryView::new(&found.entry);
    let Some(name) = entry.first(naming_field(found.kind)) else {
        tracing::error!(kind = ?found.kind, "entry without a name");
        return;
    };
    let dn = suffix.entry_dn(found.kind, name);
    let entry_dn = selection
        .wants(schema::ENTRY_DN)
        .then(|| encode::set([dn.as_str()]));
    let made = made(found.kind);
    let signed_in = found.signed_in.as_deref().map(EntryView::new);
    let mut attributes = Vec::with_capacity(32);
    attributes.extend(selection.encoded(schema::OBJECT_CLASS, &made.classes));
    for (field, values) in entry
        .fields()
        .chain(signed_in.into_iter().flat_map(EntryView::fields))
    {
        attributes.extend(selection.encoded(field.into(), values.ber()));
    }
    attributes.extend(selection.encoded(schema::STRUCTURAL_OBJECT_CLASS, &made.structural));
    attributes.extend(selection.encoded(schema::SUBSCHEMA_SUBENTRY, &made.subschema));
    attributes.extend(selection.encoded(schema::HAS_SUBORDINATES, &made.has_subordinates));
    attributes.extend(
        entry_dn
            .as_deref()
            .and_then(|dn| selection.encoded(schema::ENTRY_DN, dn)),
    );
    encode::entry(out, message_id, &dn, &attributes);
}
