//! Publication by operators: one request is one transaction, one version at most, one row of audit an entry.
//!
//! # What outlives an import
//!
//! A box that an operator published is the operator's. For it, later national extracts are not asked at all:
//!
//! | field | rule |
//! |---|---|
//! | address, type | fixed when the box is first known, by whoever brought it |
//! | red list | the operator's; an extract's row never brings a hidden box back into view |
//! | holder, structure, service, rank, description, dematerialisation, telephone and its publication, responsible person, co-holders | the operator's; an extract's row changes none of them |
//! | presence | an extract that lacks the box does not withdraw it: a red-listed box is absent from extracts by nature |
//! | words of the person and of the structure | of the day of publication in the extraction's row, of today in every record |
//! | withdrawal | stands until an extract no longer holds the address, or an operator publishes it again |
//!
//! An operator takes over a box of the extract, in its own domains, by its first request about it.
//!
//! # What cannot be told from outside
//!
//! A change to a hidden box that stays hidden makes no version, no line of the change log, and takes none of the
//! numbers that visible boxes are given. A box that comes into view is new: its number, its date of creation. A box
//! that goes out of view is withdrawn, in the same words as one that is gone.

mod administrator;
mod asked;
mod check;
mod held;
mod list;
mod lot_file;
mod lot_rows;
mod lots;
mod operator;
mod suppress;
mod write;

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Connection as _, PgPool};

pub use administrator::{hidden, one_box, suppressed, traces};
pub use asked::{Asked, AskedRow, Fault, Said};
pub use held::{Held, MessagerieOperateur};
pub use list::{OwnList, own_list};
pub use lot_file::{File, MOST_BYTES, read as read_lot};
pub use lots::{LineReport, Outcome, lots};
pub use operator::Operator;
pub use suppress::{restore, suppress};

use crate::directory::address::{AddressFault, MailAddress};
use crate::import::publication::Publication;
use crate::store::audit::{self, Act, Actor};
use crate::store::nodes::{self, Confirmation};

/// How long an answer waits for the nodes to show what was published.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why nothing was published. No text here repeats what was sent.
#[derive(Debug, thiserror::Error)]
pub enum PublicationError {
    #[error("the account was revoked meanwhile")]
    Revoked,
    /// With the reason, in French.
    #[error("refused: {0}")]
    Forbidden(&'static str),
    #[error("no such box")]
    NotFound,
    /// With the field.
    #[error("{0} is fixed when a box is created")]
    Fixed(&'static str),
    #[error("the box changed meanwhile")]
    Precondition,
    #[error("{} faults", .0.len())]
    Faults(Vec<Fault>),
    #[error("an import is writing: try again in some seconds")]
    Busy,
    #[error("the store: {0}")]
    Store(sqlx::Error),
}

impl From<sqlx::Error> for PublicationError {
    fn from(error: sqlx::Error) -> Self {
        // 55P03: lock_not_available, after `lock_timeout`.
        match error.as_database_error().and_then(|error| error.code()) {
            Some(code) if code == "55P03" => Self::Busy,
            _ => Self::Store(error),
        }
    }
}

/// What is asked of one box.
#[derive(Debug)]
pub enum Request {
    /// The whole box as it is to be; made when it is not there.
    Put(Asked),
    /// What is to change of a box that is there.
    Patch(Asked),
    Delete,
}

/// Conditions on the box as it is (RFC 9110, section 13.1).
#[derive(Debug, Default)]
pub struct Conditions {
    /// `If-Match`: entity tags, or `*`.
    pub if_match: Option<Vec<String>>,
    /// `If-None-Match: *`: only where there is no box yet.
    pub only_new: bool,
}

/// What came of a request.
#[derive(Debug)]
pub struct Published {
    /// `None` after a withdrawal.
    pub held: Option<Held>,
    pub created: bool,
    pub nodes: Confirmation,
}

/// Answers one request of an operator, and waits up to a second for the nodes.
pub async fn publish(
    pool: &PgPool,
    actor: &Actor,
    address: &str,
    conditions: &Conditions,
    request: Request,
) -> Result<Published, PublicationError> {
    let address = parsed(address).map_err(|fault| PublicationError::Faults(vec![fault]))?;
    let mut connection = pool.acquire().await?;
    let mut transaction = begin(&mut connection).await?;
    let operator = Operator::of(&mut transaction, &actor.account).await?;
    let mut publication =
        Publication::begin_for_operator(&mut transaction, Timestamp::now().as_second()).await?;
    operator.check_domain(&address)?;
    let before = Held::load(publication.connection, &address.key).await?;
    operator.check_box(before.as_ref())?;
    conditions.check(before.as_ref())?;
    let created = before.is_none();
    let act = match request {
        Request::Delete => {
            let before = before.ok_or(PublicationError::NotFound)?;
            write::withdraw(&mut publication, &before).await?;
            Some(Act::Withdrawn)
        }
        Request::Patch(_) if created => return Err(PublicationError::NotFound),
        Request::Put(asked) => {
            put(
                &mut publication,
                &operator,
                &address,
                before.as_ref(),
                &asked,
                true,
            )
            .await?
        }
        Request::Patch(asked) => {
            put(
                &mut publication,
                &operator,
                &address,
                before.as_ref(),
                &asked,
                false,
            )
            .await?
        }
    };
    if let Some(act) = act {
        audit::note(publication.connection, actor, act, &[&address.key]).await?;
    }
    let held = Held::load(publication.connection, &address.key).await?;
    publication.finish().await?;
    transaction.commit().await?;
    drop(connection);
    Ok(Published {
        held,
        created,
        nodes: nodes::confirmed(pool, PATIENCE).await,
    })
}

/// Writes what is asked of one box. Gives what that was, or nothing where the box was so already.
async fn put(
    publication: &mut Publication<'_>,
    operator: &Operator,
    address: &MailAddress,
    before: Option<&Held>,
    asked: &Asked,
    whole: bool,
) -> Result<Option<Act>, PublicationError> {
    if before.is_none() {
        check::new_address(address, asked)?;
    }
    let sheet = check::sheet(publication.connection, asked, before, whole).await?;
    write::put(publication, operator, address, before, sheet).await
}

async fn begin(
    connection: &mut sqlx::PgConnection,
) -> Result<sqlx::Transaction<'_, sqlx::Postgres>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    // An import that writes mailboxes holds them for some seconds, the first one to its end; nobody waits longer than a
    // request may.
    sqlx::query("set local lock_timeout = '5s'")
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}

/// The address of a box, or why it can be none.
fn parsed(text: &str) -> Result<MailAddress, Fault> {
    MailAddress::parse(text).map_err(|fault| {
        Fault::new(
            "adresse",
            match fault {
                AddressFault::Form => "ce n'est pas une adresse de messagerie",
                AddressFault::Citizen => "l'adresse d'un usager ne se publie pas",
                AddressFault::ApicryptV1 => "Apicrypt version 1 n'est pas de l'espace de confiance",
            },
        )
    })
}

impl Conditions {
    fn check(&self, held: Option<&Held>) -> Result<(), PublicationError> {
        let matched = match (&self.if_match, held) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(tags), Some(held)) => {
                let own = held.etag();
                tags.iter().any(|tag| *tag == "*" || *tag == own)
            }
        };
        if matched && !(self.only_new && held.is_some()) {
            Ok(())
        } else {
            Err(PublicationError::Precondition)
        }
    }
}
