//! The search operation (RFC 4511 section 4.5): base and scope to places, entries to bytes.
//!
//! Runs on a thread that may wait for the disk. Never returns a reference, an entry the viewer may not see, or
//! more entries than the limit and the budget of the public; what is hidden gets the same answer as what is absent.

mod matches;
mod parts;
mod range;
pub mod request;
mod write;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{LdapResult, LdapResultCode, LdapSearchScope};

pub use matches::MAX_GATHERINGS;
pub use write::Writer;

use self::matches::Matches;
use self::range::{Range, Single};
use self::request::SearchRequest;
use super::controls::sort::{self, Arrangement, SortFault, SortResult};
use super::controls::{Asked, assertion, matched, view};
use super::dn::Dn;
use super::encode;
use super::filter::translate;
use super::fixed::Offer;
use super::reply::{self, Operation};
use super::select::Selection;
use super::tree::{Container, Place, Suffix, naming_field};
use super::{Context, NO_LIMIT};
use crate::query::{Filter, Key, Kind, Kinds, Order, Tri, evaluate};
use crate::service::{Found, SearchEnd, Seen, ServiceError};
use crate::view::entry::EntryView;
use crate::visibility::Viewer;

/// How long a search may take on the thread that reads requests; longer ones begin again on one that may wait.
const AT_ONCE: Duration = Duration::from_millis(1);
/// Octets of an answer that are handed to the network at a time.
const CHUNK: usize = 64 * 1024;

/// Who asks, where and when.
pub struct Asker<'a> {
    pub message_id: i32,
    pub viewer: &'a Viewer,
    /// The address that what is read counts for.
    pub address: IpAddr,
    /// The connection's number.
    pub connection: u64,
    /// What works on this connection.
    pub offer: Offer,
    /// When the request came.
    pub now: Instant,
    /// The same by the calendar.
    pub time: SystemTime,
    /// Set by Abandon, Cancel and Unbind.
    pub cancelled: &'a AtomicBool,
}

/// Answers a search: encoded messages, the result last. Nothing when it was abandoned. May wait.
pub fn run(context: &Context, asker: &Asker<'_>, request: &SearchRequest, asked: &Asked) -> Vec<Bytes> {
    let time = match request.time_limit {
        0 => context.settings.time_limit,
        seconds => context.settings.time_limit.min(Duration::from_secs(seconds)),
    };
    let filter = translate(&request.filter, &context.tree);
    let mut search = Search::new(context, asker, request, asked, &filter, asker.now + time);
    let result = search.answer().unwrap_or_else(|result| result);
    if asker.cancelled.load(Ordering::Relaxed) {
        return Vec::new();
    }
    search.finish(result)
}

/// Answers a search that takes no longer than a mail client's at a keystroke; `None` for [`run`] to answer.
pub fn run_at_once(
    context: &Context,
    asker: &Asker<'_>,
    request: &SearchRequest,
    asked: &Asked,
) -> Option<Vec<Bytes>> {
    let is_ordered = |sort: &sort::Sort| matches!(sort.arrange(), Ok(Arrangement::Index(_)));
    if asked.page.is_some() || asked.view.is_some() || !asked.sort.as_ref().is_none_or(is_ordered) {
        return None;
    }
    let filter = translate(&request.filter, &context.tree);
    let mut search = Search::new(context, asker, request, asked, &filter, asker.now + AT_ONCE);
    let result = search.answer().unwrap_or_else(|result| result);
    (!search.is_late).then(|| search.finish(result))
}

fn limit_or_none(limit: usize) -> usize {
    if limit == 0 { NO_LIMIT } else { limit }
}

struct Search<'a> {
    context: &'a Context,
    asker: &'a Asker<'a>,
    request: &'a SearchRequest,
    asked: &'a Asked,
    writer: Writer,
    filter: &'a Filter,
    /// Entries that may still be sent.
    left: usize,
    sent: usize,
    deadline: Instant,
    /// Time was over before all was looked at, and nothing has been sent of it.
    is_late: bool,
    /// What became of sorting, where it was asked.
    sorted: Option<SortFault>,
    /// Those of the answer.
    controls: Vec<LdapControl>,
    buffer: Vec<u8>,
    /// Where the entries end in the buffer that the budget has not been asked for yet, where the first begins, and
    /// what they cost.
    ends: Vec<usize>,
    before: usize,
    spent: Vec<u32>,
}

/// The result that ends a search early.
type Ended<T> = Result<T, LdapResult>;

impl<'a> Search<'a> {
    fn new(
        context: &'a Context,
        asker: &'a Asker<'a>,
        request: &'a SearchRequest,
        asked: &'a Asked,
        filter: &'a Filter,
        deadline: Instant,
    ) -> Self {
        Self {
            context,
            asker,
            request,
            asked,
            writer: Writer {
                message_id: encode::integer(asker.message_id),
                selection: Selection::new(&request.attributes, request.types_only),
                values: asked
                    .values
                    .clone()
                    .map(|items| matched::Values::new(items, &context.tree)),
            },
            filter,
            left: limit_or_none(request.size_limit).min(context.size_limit(asker.viewer)),
            sent: 0,
            deadline,
            is_late: false,
            sorted: asked.sort.is_some().then_some(SortFault {
                code: SortResult::Success,
                attribute: None,
            }),
            controls: Vec::new(),
            buffer: Vec::new(),
            ends: Vec::new(),
            before: 0,
            spent: Vec::new(),
        }
    }

    fn answer(&mut self) -> Ended<LdapResult> {
        let context = self.context;
        let base = Dn::parse(&self.request.base)
            .map_err(|fault| reply::result(LdapResultCode::InvalidDNSyntax, fault.to_string()))?;
        let place = context.tree.find(&base);
        if let Some(wanted) = &self.asked.assertion {
            assertion::check(wanted, &place, context, self.asker)?;
        }
        if self.asked.view.is_some() && self.asked.sort.is_none() {
            self.controls
                .push(view::response(0, 0, view::Outcome::SortControlMissing));
            let message = "a virtual list view needs server-side sorting";
            return Err(reply::result(LdapResultCode::VirtualListViewError, message));
        }
        let arrangement = self.arrangement()?;
        let mut range = match self.asked.subentries {
            Some(true) => Range::subentries(&place),
            _ => Range::of(&place, &self.request.scope, context, self.asker)?,
        };
        if place == Place::Root
            && self.request.scope == LdapSearchScope::Base
            && self.writer.selection.names_none()
        {
            // Clients that list no attribute read the operational ones all the same.
            self.writer.selection = Selection::everything(self.request.types_only);
        }
        range.singles.retain(|single| self.is_answer(single));
        match (&self.asked.view, &self.asked.page) {
            (Some(view), _) => self.window(view, range, &arrangement)?,
            (None, Some(page)) => self.page(page, range, &arrangement)?,
            (None, None) => self.all(range, &arrangement)?,
        }
        Ok(reply::result(LdapResultCode::Success, ""))
    }

    fn is_answer(&self, single: &Single<'_>) -> bool {
        let truth = match single {
            Single::Fixed(entry) => entry.answers(&self.request.filter, &self.request.scope),
            Single::Found(found, _) => evaluate(self.filter, found.kind, EntryView::new(&found.entry)),
        };
        truth == Tri::True
    }

    /// How the entries are to be ordered.
    fn arrangement(&mut self) -> Ended<Arrangement> {
        match (&self.asked.sort, &self.asked.page) {
            (Some(sort), _) => match sort.arrange() {
                Ok(arrangement) => Ok(arrangement),
                Err(fault) => self.not_sorted(fault).map(Arrangement::Index),
            },
            // Who reads in pages reads all of it: the order that is gone on with at no cost.
            (None, Some(_)) => Ok(Arrangement::Index(Order::Name)),
            (None, None) => Ok(Arrangement::Index(Order::Relevance)),
        }
    }

    /// Entries cannot be had in the order asked: refused where that order is critical, told where it is not.
    fn not_sorted(&mut self, fault: SortFault) -> Ended<Order> {
        self.sorted = Some(fault);
        if self.asked.sort.as_ref().is_some_and(|sort| sort.critical) {
            let code = LdapResultCode::UnavailableCriticalExtension;
            return Err(reply::result(code, "entries cannot be sorted so"));
        }
        Ok(Order::Name)
    }

    /// The entries of the directory that answer.
    fn matches(&mut self, kinds: Kinds, arrangement: &Arrangement) -> Ended<Matches<'a>> {
        let question = self.question(kinds);
        let keys = match arrangement {
            Arrangement::Index(order) => return Ok(Matches::ordered(question, *order)),
            Arrangement::Gathered(keys) => keys,
        };
        let code = match Matches::gathered(question, keys)? {
            Ok(matches) => return Ok(matches),
            Err(code) => code,
        };
        let order = match sort::nearest(keys) {
            Some(order) => order,
            None => self.not_sorted(SortFault {
                code,
                attribute: None,
            })?,
        };
        Ok(Matches::ordered(self.question(kinds), order))
    }

    /// Sends an entry that was not searched for.
    fn single(&mut self, single: &Single<'_>) -> Ended<()> {
        self.left = self.left.checked_sub(1).ok_or_else(size_limit)?;
        self.sent += 1;
        match single {
            Single::Fixed(entry) => entry.encode(&mut self.buffer, &self.writer),
            Single::Found(found, suffix) => self.writer.entry(&mut self.buffer, &found.seen(), suffix),
        }
        Ok(())
    }

    /// Writes an entry of the directory; whether it is to stay, [`Self::settle`] tells.
    fn write(&mut self, seen: &Seen<'_>, suffix: &Suffix) {
        if self.is_bounded() {
            let name = seen.entry.first_octets(naming_field(seen.kind));
            self.spent.push(self.context.budget.key(&(seen.kind, name)));
        }
        self.writer.entry(&mut self.buffer, seen, suffix);
        self.ends.push(self.buffer.len());
    }

    /// Whether what is read counts.
    fn is_bounded(&self) -> bool {
        *self.asker.viewer == Viewer::Public && self.context.budget.has_bound()
    }

    /// Of the entries written, takes those back that are beyond the budget of the public.
    fn settle(&mut self) -> Ended<()> {
        let written = self.ends.len();
        let kept = match self.is_bounded() {
            true => {
                let budget = &self.context.budget;
                budget.spend(self.asker.address, &self.spent, self.asker.time)
            }
            false => written,
        };
        if kept < written {
            let end = kept.checked_sub(1).and_then(|last| self.ends.get(last));
            self.buffer.truncate(end.copied().unwrap_or(self.before));
        }
        self.left = self.left.saturating_sub(kept);
        self.sent += kept;
        if kept < written { Err(size_limit()) } else { Ok(()) }
    }

    /// Sends entries of the directory, as far as the budget of the public goes.
    fn send(&mut self, found: &[Found], suffix: &Suffix) -> Ended<()> {
        self.begin();
        for entry in found {
            self.write(&entry.seen(), suffix);
        }
        self.settle()
    }

    /// What is written from now on is settled together.
    fn begin(&mut self) {
        self.before = self.buffer.len();
        self.ends.clear();
        self.spent.clear();
    }

    /// Counting tells of entries as well as reading: for the public each different count costs one of the budget.
    fn charge_for_counting(&self) -> Ended<()> {
        let question = ["count".to_owned(), self.request.digest.to_string()];
        let budget = &self.context.budget;
        let key = budget.key(&question);
        match self.asker.viewer {
            Viewer::Public if budget.spend(self.asker.address, &[key], self.asker.time) == 0 => {
                Err(size_limit())
            }
            _ => Ok(()),
        }
    }

    /// What the end of a search means. Clients throw away what they got with timeLimitExceeded, so that a part of
    /// an answer is ended as a full one is.
    fn ended(&self, end: SearchEnd) -> Ended<()> {
        match end {
            SearchEnd::Complete | SearchEnd::Cancelled => Ok(()),
            SearchEnd::Limit => Err(size_limit()),
            SearchEnd::Time if self.sent > 0 => Err(size_limit()),
            SearchEnd::Time => Err(reply::result(LdapResultCode::TimeLimitExceeded, "")),
        }
    }

    fn finish(mut self, result: LdapResult) -> Vec<Bytes> {
        if let Some(SortFault { code, attribute }) = &self.sorted {
            self.controls.push(sort::response(*code, attribute.as_deref()));
        }
        if let Some(op) = Operation::Search.response(result) {
            let done = reply::encode_with(self.asker.message_id, op, self.controls);
            self.buffer.extend_from_slice(&done);
        }
        let mut rest = Bytes::from(self.buffer);
        let mut chunks = Vec::with_capacity(rest.len() / CHUNK + 1);
        while rest.len() > CHUNK {
            chunks.push(rest.split_to(CHUNK));
        }
        chunks.push(rest);
        chunks
    }
}

/// The entry of a key as its viewer may see it, or noSuchObject. For the public it is one of the budget's.
pub fn entry_at(context: &Context, key: &Key, suffix: &Suffix, asker: &Asker<'_>) -> Ended<Found> {
    let container = match key.kind() {
        Kind::Mailbox => Container::Bal,
        Kind::Professional => Container::Professionnels,
        Kind::Structure => Container::Structures,
    };
    let found = context
        .directory
        .entry(key, asker.viewer)
        .map_err(|fault| unavailable(&fault))?
        .ok_or_else(|| reply::no_such_object(suffix.container_dn(container)))?;
    let name = EntryView::new(&found.entry).first_octets(naming_field(found.kind));
    let is_public = *asker.viewer == Viewer::Public;
    let key = context.budget.key(&(found.kind, name));
    if is_public && context.budget.spend(asker.address, &[key], asker.time) == 0 {
        return Err(size_limit());
    }
    Ok(found)
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
