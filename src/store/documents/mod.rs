//! What the index is built from: whole professionals, structures and visible mailboxes, read in one snapshot
//! of the store. A red-listed mailbox never leaves this room by this door.

mod mailboxes;
mod packed;
mod professionals;
mod structures;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::PgConnection;

use super::labels::{self, Labels};
use crate::directory::mailbox::Mailbox;
use crate::directory::professional::Professional;
use crate::directory::structure::Structure;
use packed::Structures;

/// Entries read at a time.
const BATCH: i64 = 4000;

/// Tells [`Documents::open`], in the transaction that follows a change, which structures are to be read; a setting of
/// the transaction, because whoever follows opens the reader without saying what for.
const FOLLOWED: &str = "annuaire.followed_structures";

/// One entry of the index.
#[derive(Debug, Clone)]
pub enum Document {
    Professional(i64, Arc<Professional>),
    Structure(i64, Arc<Structure>),
    Mailbox(i64, Box<Mailbox>),
}

/// Reads documents inside the caller's transaction (repeatable read, so that all belong together).
pub struct Documents<'c> {
    connection: &'c mut PgConnection,
    labels: Labels,
    domains: Option<HashSet<String>>,
    /// Whether structures are read when they are needed rather than all at first.
    on_demand: bool,
    structures: Structures,
    /// Whether the reading of all structures has begun.
    is_reading_structures: bool,
    /// Mailboxes by an alias for which no structure has answered yet.
    counts: HashMap<String, i64>,
    /// Type digit + identifier → structure.
    aliases: HashMap<String, i64>,
    /// Aliases that were looked for, found or not.
    looked_up: HashSet<String>,
}

impl<'c> Documents<'c> {
    /// Prepares to read: labels and domains. In a transaction that follows a change (see [`read_only_what_changed`])
    /// also the structures that changed, others when an entry shows them; else all structures are to be read first
    /// ([`Self::next_structures`]).
    pub async fn open(connection: &'c mut PgConnection) -> Result<Self, sqlx::Error> {
        let labels = Labels::load(connection).await?;
        let domains = labels::domains(connection).await?;
        let followed: Option<Vec<i64>> =
            sqlx::query_scalar("select nullif(current_setting($1, true), '')::bigint[]")
                .bind(FOLLOWED)
                .fetch_one(&mut *connection)
                .await?;
        let mut documents = Self {
            connection,
            labels,
            domains,
            on_demand: followed.is_some(),
            structures: Structures::default(),
            is_reading_structures: false,
            counts: HashMap::new(),
            aliases: HashMap::new(),
            looked_up: HashSet::new(),
        };
        if let Some(ids) = followed {
            documents.load_followed(&ids).await?;
        }
        Ok(documents)
    }

    /// The next batch of ids of a table after `after`, in order.
    pub async fn next_ids(&mut self, table: IdTable, after: i64) -> Result<Vec<i64>, sqlx::Error> {
        sqlx::query_scalar(match table {
            IdTable::Professionals => "select id from professionals where id > $1 order by id limit $2",
            IdTable::Mailboxes => "select id from mailboxes where id > $1 order by id limit $2",
        })
        .bind(after)
        .bind(BATCH)
        .fetch_all(&mut *self.connection)
        .await
    }
}

/// Ids of entries that are read together.
#[derive(Debug, Clone, Copy)]
pub enum Ids<'i> {
    Some(&'i [i64]),
    /// All that there are from the first to the last, in order: Postgres goes along an index, and looks for one of them
    /// alone.
    Run(&'i [i64]),
}

impl Ids<'_> {
    /// The condition that a column has one of them, where [`Self::as_slice`] is the first parameter.
    fn among(self, column: &str) -> String {
        match self {
            Self::Some(_) => format!("{column} = any($1)"),
            Self::Run(_) => format!("{column} between $1[1] and $1[cardinality($1)]"),
        }
    }

    fn as_slice(&self) -> &[i64] {
        match self {
            Self::Some(ids) | Self::Run(ids) => ids,
        }
    }
}

/// Tables whose ids are walked.
#[derive(Debug, Clone, Copy)]
pub enum IdTable {
    Professionals,
    Mailboxes,
}

/// Tells that what is read next in this transaction follows a change, and which structures it must find.
pub async fn read_only_what_changed(
    connection: &mut PgConnection,
    structures: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query("select set_config($1, $2::bigint[]::text, true)")
        .bind(FOLLOWED)
        .bind(structures)
        .execute(connection)
        .await?;
    Ok(())
}
