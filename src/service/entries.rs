//! Entries as LDAP sends them: those that meet a filter, and one by its name.

use tantivy::directory::OwnedBytes;

use super::{Answer, Directory, ServiceError, stale};
use crate::directory::text::{fold, fold_exact};
use crate::index;
use crate::index::record::Record;
use crate::index::snapshot::{Ask, Matched, SearchEnd};
use crate::query::{Key, Kind, Mark};
use crate::view::entry::EntryView;
use crate::view::field::Field;
use crate::visibility::Viewer;

/// An entry as LDAP sends it.
#[derive(Debug)]
pub struct Found {
    pub kind: Kind,
    /// For [`EntryView`]; shared with the index.
    pub entry: OwnedBytes,
    /// What this viewer may see besides.
    pub signed_in: Option<Vec<u8>>,
    /// Where it stands in the order that was asked.
    pub mark: Mark,
}

/// An entry as LDAP sends it, where it lies.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'s> {
    pub kind: Kind,
    pub entry: EntryView<'s>,
    /// What this viewer may see besides.
    pub signed_in: Option<EntryView<'s>>,
}

impl Found {
    /// The same where it lies.
    pub fn seen(&self) -> Seen<'_> {
        Seen {
            kind: self.kind,
            entry: EntryView::new(&self.entry),
            signed_in: self.signed_in.as_deref().map(EntryView::new),
        }
    }
}

impl Directory {
    /// The first `limit` entries that answer; [`SearchEnd::Limit`] only when there are more.
    pub fn search(&self, ask: &Ask<'_>, viewer: &Viewer) -> Answer<(Vec<Found>, SearchEnd)> {
        let snapshot = self.snapshot()?;
        let mut found = Vec::new();
        if !self.tells_mailboxes() {
            let end = stale::each(&snapshot, ask, &mut |matched| found.push(matched))?;
            return Ok((found, end));
        }
        let end = snapshot.each(ask, &mut |matched| {
            found.push(shown(matched.kind, &matched.record, matched.mark(), viewer));
        })?;
        Ok((found, end))
    }

    /// Gives each of these entries to `take` where it lies, without copying it: as much of it as `ask` says is read.
    pub fn each(&self, ask: &Ask<'_>, viewer: &Viewer, take: &mut dyn FnMut(&Seen<'_>)) -> Answer<SearchEnd> {
        let snapshot = self.snapshot()?;
        if !self.tells_mailboxes() {
            return stale::each(&snapshot, ask, &mut |found| take(&found.seen()));
        }
        let end = snapshot.each(ask, &mut |Matched { kind, record, .. }| {
            let unpacked;
            let entry = match ask.first_fields_do {
                true => record.first_fields(),
                false => record.hot_entry(),
            };
            let entry = match entry {
                Some(entry) => entry,
                None => {
                    unpacked = record.entry();
                    unpacked.as_slice()
                }
            };
            let signed_in = record
                .signed_in()
                .filter(|_| viewer.sees_published_phone(&domain(entry)));
            take(&Seen {
                kind,
                entry: EntryView::new(entry),
                signed_in: signed_in.map(EntryView::new),
            });
        })?;
        Ok(end)
    }

    /// How many entries meet a filter, whatever the order and the limits of `ask`.
    pub fn count(&self, ask: &Ask<'_>) -> Answer<(usize, SearchEnd)> {
        let snapshot = self.snapshot()?;
        if self.tells_mailboxes() {
            Ok(snapshot.count_matches(ask)?)
        } else {
            stale::count(&snapshot, ask)
        }
    }

    /// The mark behind which the entries of a kind begin that are not before `name` in the order of names.
    pub fn mark_before(&self, kind: Kind, name: &str) -> Mark {
        index::mark_before(kind, &fold(name))
    }

    /// One entry.
    pub fn entry(&self, key: &Key, viewer: &Viewer) -> Answer<Option<Found>> {
        let (kind, key) = match key {
            Key::Mailbox(adresse) => (Kind::Mailbox, adresse),
            Key::Professional(identification) => (Kind::Professional, identification),
            Key::Structure(identifiant) => (Kind::Structure, identifiant),
        };
        let snapshot = self.snapshot()?;
        let record = snapshot.by_key(kind, &fold_exact(key))?;
        let found = record.map(|record| shown(kind, &record, Mark(Vec::new()), viewer));
        match found {
            _ if self.tells_mailboxes() => Ok(found),
            // Of one that is not there as of one that is.
            _ if kind == Kind::Mailbox => Err(ServiceError::Stale),
            found => Ok(found.map(stale::found)),
        }
    }
}

fn shown(kind: Kind, record: &Record<'_>, mark: Mark, viewer: &Viewer) -> Found {
    let entry = record.entry();
    let signed_in = record
        .signed_in()
        .filter(|_| viewer.sees_published_phone(&domain(&entry)))
        .map(<[u8]>::to_vec);
    Found {
        kind,
        entry,
        signed_in,
        mark,
    }
}

fn domain(entry: &[u8]) -> String {
    let address = EntryView::new(entry).first(Field::Mail).unwrap_or("");
    address
        .rsplit_once('@')
        .map(|(_, domain)| domain.to_lowercase())
        .unwrap_or_default()
}
