//! What a node must do to follow the store: from the change log, widened to every entry that shows what changed.

use sqlx::PgConnection;

use super::{aliases, documents};

/// What the store is at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Counts everything that a node has to follow.
    pub store: i64,
    /// Counts only what the public can see.
    pub public: i64,
    /// When it was published, in microseconds since the Unix epoch: tells it from the version of that number of another
    /// store, or of this one before it was restored.
    pub at: i64,
}

impl Version {
    /// As an index keeps it.
    pub fn to_payload(self) -> String {
        format!("{} {} {}", self.store, self.public, self.at)
    }

    /// From what an index kept.
    pub fn from_payload(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            store: next()?,
            public: next()?,
            at: next()?,
        })
    }
}

/// Ids of entries, by kind.
#[derive(Debug, Default, Clone)]
pub struct Changes {
    /// The version that the store is at.
    pub version: Version,
    /// True when the index must be built anew.
    pub rebuild: bool,
    /// Entries to be read again; those that are gone or hidden are then found missing and only deleted.
    pub professionals: Vec<i64>,
    pub structures: Vec<i64>,
    pub mailboxes: Vec<i64>,
}

impl Changes {
    /// How many entries are to be read again.
    pub fn count(&self) -> usize {
        self.professionals.len() + self.structures.len() + self.mailboxes.len()
    }
}

/// The version that the store is at.
pub async fn version(connection: &mut PgConnection) -> Result<Version, sqlx::Error> {
    let (store, public, at) = sqlx::query_as(
        "select version, public_version, (extract(epoch from at) * 1000000)::bigint
         from publications order by version desc limit 1",
    )
    .fetch_one(connection)
    .await?;
    Ok(Version { store, public, at })
}

/// All that changed after a version.
pub async fn since(connection: &mut PgConnection, after: Version) -> Result<Changes, sqlx::Error> {
    let mut changes = Changes {
        version: version(connection).await?,
        ..Changes::default()
    };
    if changes.version == after {
        return Ok(changes);
    }
    changes.rebuild = is_beyond_the_log(connection, after).await?;
    if changes.rebuild {
        return Ok(changes);
    }
    changes.professionals = noted(connection, after, "p", Noted::All).await?;
    changes.structures = noted(connection, after, "s", Noted::All).await?;
    changes.mailboxes = noted(connection, after, "m", Noted::All).await?;
    let for_accounts =
        sqlx::query_scalar::<_, i64>("select distinct mailbox_id from account_changes where version > $1");
    changes
        .mailboxes
        .extend(for_accounts.bind(after.store).fetch_all(&mut *connection).await?);
    widen(connection, after, &mut changes).await?;
    for ids in [
        &mut changes.professionals,
        &mut changes.structures,
        &mut changes.mailboxes,
    ] {
        ids.sort_unstable();
        ids.dedup();
    }
    documents::read_only_what_changed(connection, &changes.structures).await?;
    Ok(changes)
}

/// Whether a node whose version the log no longer reaches or never had, or which passed a generation, must build anew.
async fn is_beyond_the_log(connection: &mut PgConnection, after: Version) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from publications where version > $1 and rebuild)
             or not exists (select 1 from publications
                            where version = $1 and (extract(epoch from at) * 1000000)::bigint = $2)",
    )
    .bind(after.store)
    .bind(after.at)
    .fetch_one(connection)
    .await
}

/// Which entries of the log.
#[derive(Clone, Copy, PartialEq)]
enum Noted {
    All,
    /// Not those that changed in nothing but what their neighbours are, as a structure's number of mailboxes.
    Changed,
}

/// The entries of a kind that the log names after a version.
async fn noted(
    connection: &mut PgConnection,
    after: Version,
    genre: &'static str,
    which: Noted,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "select distinct entity_id from change_log
         where version > $1 and genre = $2::\"char\" and (not neighbour or $3)",
    )
    .bind(after.store)
    .bind(genre)
    .bind(which == Noted::All)
    .fetch_all(connection)
    .await
}

/// Adds the entries that show one that changed: a structure is shown by those who work there and by its mailboxes, a
/// professional by their mailboxes, a mailbox by its holder and its structures' numbers of mailboxes. A structure whose
/// number of mailboxes alone changed is shown as before: a box of a large hospital does not touch its thousands of people.
async fn widen(
    connection: &mut PgConnection,
    after: Version,
    changes: &mut Changes,
) -> Result<(), sqlx::Error> {
    let structures = noted(connection, after, "s", Noted::Changed).await?;
    let professionals = noted(connection, after, "p", Noted::Changed).await?;
    let boxes = std::mem::take(&mut changes.mailboxes);
    let shown_by = aliases::aliases_of(connection, &structures).await?;
    let widened: Vec<i64> = sqlx::query_scalar(
        "select professional_id from activities where structure_id = any($1)
         union select p.id from mailbox_attachments a join professionals p using (identification_nationale)
               where a.mailbox_id = any($2)",
    )
    .bind(&structures)
    .bind(&boxes)
    .fetch_all(&mut *connection)
    .await?;
    changes.professionals.extend(widened);
    changes.mailboxes = sqlx::query_scalar(
        "select unnest($1::bigint[])
         union select a.mailbox_id from professionals p join mailbox_attachments a using (identification_nationale)
               where p.id = any($2)
         union select a.mailbox_id from mailbox_attachments a
               where a.type_structure || a.identifiant_structure = any($3) and a.identifiant_structure <> ''",
    )
    .bind(&boxes)
    .bind(&professionals)
    .bind(&shown_by)
    .fetch_all(&mut *connection)
    .await?;
    let counted: Vec<String> = sqlx::query_scalar(
        "select distinct type_structure || identifiant_structure from mailbox_attachments
         where mailbox_id = any($1) and identifiant_structure <> ''",
    )
    .bind(&boxes)
    .fetch_all(&mut *connection)
    .await?;
    let counted = aliases::structures_named(connection, &counted).await?;
    changes.structures.extend(counted);
    Ok(())
}

/// Forgets what is older than `days`, and gives the number of changes forgotten. What was public at that moment keeps
/// its number, so that all that came after can be told; a node further behind builds its index anew.
///
/// A public version goes as a whole, once its successor is old enough: what came to pass for those who have signed in
/// only must not keep its mark alive.
pub async fn prune(connection: &mut PgConnection, days: u16) -> Result<u64, sqlx::Error> {
    let then: Option<i64> = sqlx::query_scalar(
        "select max(public_version) from
             (select public_version from publications group by public_version
              having min(at) < now() - make_interval(days => $1)) as old",
    )
    .bind(i32::from(days))
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query("delete from publications where public_version < $1")
        .bind(then)
        .execute(&mut *connection)
        .await?;
    sqlx::query("delete from account_changes where version < (select min(version) from publications)")
        .execute(&mut *connection)
        .await?;
    let forgotten = sqlx::query(
        "delete from change_log where version <= (select max(version) from publications where public_version = $1)",
    )
    .bind(then)
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
