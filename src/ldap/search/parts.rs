//! Which part of what answers is sent: all up to the limit, a page (RFC 2696), or a window (virtual list view).

use ldap3_proto::proto::LdapResultCode;

use super::matches::{Question, Start};
use super::range::Range;
use super::{Ended, Search, limit_or_none, size_limit};
use crate::index::record::FIRST_FIELDS_OF_MAILBOX;
use crate::ldap::controls::paged::{self, Page, Progress, Scope};
use crate::ldap::controls::sort::Arrangement;
use crate::ldap::controls::view::{self, Outcome, Target, View};
use crate::ldap::reply;
use crate::query::{Kinds, Mark};
use crate::service::SearchEnd;

impl<'a> Search<'a> {
    pub(super) fn question(&self, kinds: Kinds) -> Question<'a> {
        Question {
            context: self.context,
            viewer: self.asker.viewer,
            kinds,
            filter: self.filter,
            first_fields_do: self.writer.selection.is_within(&FIRST_FIELDS_OF_MAILBOX),
            deadline: self.deadline,
            cancelled: self.asker.cancelled,
        }
    }

    /// Everything, up to the limit.
    pub(super) fn all(&mut self, range: Range<'_>, arrangement: &Arrangement) -> Ended<()> {
        for single in &range.singles {
            self.single(single)?;
        }
        let Some((kinds, suffix)) = range.below else {
            return Ok(());
        };
        // With nothing left to send, one entry tells whether there would be more.
        let matches = self.matches(kinds, arrangement)?;
        self.begin();
        let end = matches.each(self.left.max(1), &mut |seen| self.write(seen, suffix))?;
        self.is_late = end == SearchEnd::Time;
        if self.ends.len() > self.left {
            self.buffer.truncate(self.before);
            return Err(size_limit());
        }
        self.settle()?;
        self.ended(end)
    }

    /// The next page, and the cookie of the one after it.
    pub(super) fn page(&mut self, page: &Page, range: Range<'_>, arrangement: &Arrangement) -> Ended<()> {
        let (size, cookie) = match self.next_page(page, range, arrangement) {
            Ok((size, None)) => (size, Vec::new()),
            Ok((size, Some(progress))) => (size, self.context.sealer.seal(&progress, &self.scope())),
            Err(result) => {
                self.controls.push(paged::response(0, &[]));
                return Err(result);
            }
        };
        self.controls.push(paged::response(size, &cookie));
        Ok(())
    }

    /// The number of entries, where only that was asked; and how far the reading has come, if more follow.
    fn next_page(
        &mut self,
        page: &Page,
        range: Range<'_>,
        arrangement: &Arrangement,
    ) -> Ended<(usize, Option<Progress>)> {
        if page.size == 0 {
            // With a cookie it ends the reading, of which nothing is kept here.
            let count = if page.cookie.is_empty() {
                self.estimate(range, arrangement)?
            } else {
                0
            };
            return Ok((count, None));
        }
        let mut progress = match page.cookie.as_slice() {
            [] => Progress::default(),
            cookie => self.context.sealer.open(cookie, &self.scope()).ok_or_else(|| {
                let message = "this cookie does not go on with this search on this connection: begin again";
                reply::result(LdapResultCode::UnwillingToPerform, message)
            })?,
        };
        let in_all = limit_or_none(self.request.size_limit).saturating_sub(progress.sent as usize);
        self.left = page
            .size
            .min(self.context.size_limit(self.asker.viewer))
            .min(in_all);
        let is_last = self.left == in_all;
        let more = |progress| {
            if is_last {
                Err(size_limit())
            } else {
                Ok((0, Some(progress)))
            }
        };

        for single in range.singles.iter().skip(usize::from(progress.fixed)) {
            if self.left == 0 {
                return more(progress);
            }
            self.single(single)?;
            progress.fixed = progress.fixed.saturating_add(1);
            progress.sent = progress.sent.saturating_add(1);
        }
        let Some((kinds, suffix)) = range.below else {
            return Ok((0, None));
        };
        let start = match progress.mark.as_slice() {
            [] => Start::Skip(0),
            mark => Start::After(Mark(mark.to_vec())),
        };
        let matches = self.matches(kinds, arrangement)?;
        let (found, end) = matches.take(&start, self.left.max(1))?;
        if found.len() > self.left {
            return more(progress);
        }
        self.send(&found, suffix)?;
        progress.sent = progress
            .sent
            .saturating_add(u32::try_from(found.len()).unwrap_or(u32::MAX));
        if let Some(last) = found.last() {
            progress.mark.clone_from(&last.mark.0);
        }
        match end {
            SearchEnd::Limit => more(progress),
            // A page that took too long is a shorter page.
            SearchEnd::Time if !found.is_empty() => Ok((0, Some(progress))),
            end => self.ended(end).map(|()| (0, None)),
        }
    }

    /// What a cookie of this search holds for.
    fn scope(&self) -> Scope<'a> {
        Scope {
            connection: self.asker.connection,
            viewer: self.asker.viewer.account().unwrap_or_default(),
            search: self.request.digest,
            sort: self.asked.sort.as_ref().map_or(&[], |sort| &sort.octets),
        }
    }

    /// How many entries answer.
    fn estimate(&mut self, range: Range<'_>, arrangement: &Arrangement) -> Ended<usize> {
        let singles = range.singles.len();
        let Some((kinds, _)) = range.below else {
            return Ok(singles);
        };
        self.charge_for_counting()?;
        Ok(singles + self.matches(kinds, arrangement)?.count()?)
    }

    /// The entries around a place of the list.
    pub(super) fn window(&mut self, view: &View, range: Range<'_>, arrangement: &Arrangement) -> Ended<()> {
        let Some((kinds, suffix)) = range.below else {
            let count = range.singles.len();
            self.controls
                .push(view::response(count.min(1), count, Outcome::Success));
            return self.all(range, arrangement);
        };
        self.charge_for_counting()?;
        let matches = self.matches(kinds, arrangement)?;
        let count = matches.count()?;
        let place = match &view.target {
            Target::Offset { offset, of } => View::place(*offset, *of, count),
            // Roundcube ends what was typed with a star, as in a filter.
            Target::AtLeast(value) => Some(matches.before(value.trim_end_matches('*'), count)? + 1),
        };
        let Some(place) = place else {
            self.controls
                .push(view::response(0, count, Outcome::OffsetRangeError));
            let message = "the offset of a virtual list view begins at 1";
            return Err(reply::result(LdapResultCode::VirtualListViewError, message));
        };
        let first = place.saturating_sub(1).saturating_sub(view.before);
        let end = place.saturating_add(view.after).min(count);
        let wanted = end.saturating_sub(first);
        self.controls.push(view::response(place, count, Outcome::Success));
        if wanted == 0 {
            return Ok(());
        }
        let limit = wanted.min(self.left);
        let (found, end) = matches.take(&Start::Skip(first), limit)?;
        self.send(&found, suffix)?;
        match end {
            // More follow the window in any case: only its own end counts.
            SearchEnd::Limit if wanted <= limit => Ok(()),
            end => self.ended(end),
        }
    }
}
