//! What one publication has come to so far, in memory: its clock, the ids that it gave, the entries that it changed.

use std::collections::{BTreeMap, HashSet};

use super::attached::Lost;
use super::copy::Rows;
use crate::directory::public_id::{Genre, PublicIds};

/// What happened to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Created,
    Updated,
    Withdrawn,
}

impl Action {
    fn letter(self) -> char {
        match self {
            Self::Created => 'c',
            Self::Updated => 'u',
            Self::Withdrawn => 'w',
        }
    }
}

/// The book of one publication.
pub struct Ledger {
    /// Seconds since the Unix epoch.
    pub now: i64,
    pub ids: PublicIds,
    first_id: i64,
    next_id: i64,
    /// Rows of the change log.
    pub changes: Rows,
    /// Fields that somebody changed who knew which, and the numbers of their entries, by kind and name of the field.
    pub fields: BTreeMap<(char, String), Vec<i64>>,
    /// Whether nothing was published before: the first load is one event, not millions.
    is_first: bool,
    /// Public ids of entries that are suppressed on request.
    suppressed: HashSet<String>,
    /// Mailboxes that changed for those who have signed in only.
    pub account_changes: Vec<i64>,
    /// Whether labels, domains or other things that every entry may show have changed.
    pub rebuild: bool,
    /// Whom and what boxes show no longer.
    pub lost: Lost,
}

impl Ledger {
    /// A book with nothing in it. New ids come after `last_id`.
    pub fn new(now: i64, ids: PublicIds, last_id: i64, is_first: bool, suppressed: HashSet<String>) -> Self {
        Self {
            now,
            ids,
            first_id: last_id,
            next_id: last_id,
            changes: Rows::new(
                "copy pg_temp.changes (genre, entity_id, public_id, action, neighbour) from stdin",
            ),
            fields: BTreeMap::new(),
            is_first,
            suppressed,
            account_changes: Vec::new(),
            rebuild: false,
            lost: Lost::default(),
        }
    }

    /// Whether nothing was published before.
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Whether any entry stays out of the directory on request.
    pub fn suppresses_any(&self) -> bool {
        !self.suppressed.is_empty()
    }

    /// Whether an entry stays out of the directory on request.
    pub fn is_suppressed(&self, genre: Genre, key: &str) -> bool {
        self.suppresses_any() && self.is_suppressed_id(&self.ids.make(genre, key))
    }

    /// The same, by its public id.
    pub fn is_suppressed_id(&self, public_id: &str) -> bool {
        self.suppressed.contains(public_id)
    }

    /// A new id, used by no entry before.
    pub fn new_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Notes that an entry changed.
    pub fn note(&mut self, genre: Genre, id: i64, public_id: &str, action: Action) {
        self.note_row(genre, id, public_id, action, false);
    }

    /// Notes that some fields of an entry changed. Their names are told by [`crate::store::history`] alone, and are of
    /// fields that the public sees: each line of the change log is the public's to know.
    pub fn note_fields(&mut self, genre: Genre, id: i64, public_id: &str, fields: &[&str]) {
        self.note(genre, id, public_id, Action::Updated);
        for field in fields {
            let key = (genre.letter(), (*field).to_owned());
            self.fields.entry(key).or_default().push(id);
        }
    }

    /// Notes that a mailbox changed for those who have signed in; the public sees it as before.
    pub fn note_for_accounts(&mut self, mailbox: i64) {
        self.account_changes.push(mailbox);
    }

    /// Notes that an entry shows something else of another one, and is itself as before.
    pub fn note_neighbour(&mut self, genre: Genre, id: i64, public_id: &str) {
        self.note_row(genre, id, public_id, Action::Updated, true);
    }

    fn note_row(&mut self, genre: Genre, id: i64, key: &str, action: Action, neighbour: bool) {
        if self.is_first {
            self.changes.count += 1;
            return;
        }
        self.changes
            .plain(genre.letter())
            .plain(id)
            .text(key)
            .plain(action.letter())
            .plain(neighbour)
            .end();
    }

    /// The last id that was given; `None` where none was.
    pub fn last_id(&self) -> Option<i64> {
        (self.next_id > self.first_id).then_some(self.next_id)
    }

    /// Whether the public sees anything else than before.
    pub fn is_public(&self) -> bool {
        self.changes.count > 0 || self.rebuild
    }
}

/// What an import did to the entries of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub created: u64,
    pub changed: u64,
    pub removed: u64,
}
