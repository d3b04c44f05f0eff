//! A file of boxes is published some at a time, so that other operators need not wait for all of it; every row gets
//! its line of report. Sent again it changes nothing.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::PgPool;

use super::asked::Fault;
use super::lot_file::{Entry, File};
use super::{Held, Operator, PATIENCE, PublicationError, begin, parsed, put};
use crate::import::publication::Publication;
use crate::store::audit::{self, Act, Actor};
use crate::store::nodes::{self, Confirmation};

/// Boxes of one transaction.
const AT_ONCE: usize = 200;

/// What came of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Changed,
    Unchanged,
    Refused,
}

/// The report of one row.
#[derive(Debug)]
pub struct LineReport {
    /// From 2: the header is line 1.
    pub line: u64,
    pub outcome: Outcome,
    pub faults: Vec<Fault>,
}

/// Publishes a file. Each box is said whole; rows of one address are its attachments.
pub async fn lots(
    pool: &PgPool,
    actor: &Actor,
    file: File,
) -> Result<(Vec<LineReport>, Confirmation), PublicationError> {
    let mut reports = file.refused;
    let boxes: Vec<(String, Entry)> = file.boxes.into_iter().collect();
    for (place, part) in boxes.chunks(AT_ONCE).enumerate() {
        match publish(pool, actor, part).await {
            Ok(told) => reports.extend(told),
            Err(error) if place == 0 => return Err(error),
            Err(error) => {
                // What came before is published: the report must not be lost.
                tracing::warn!(%error, "the rest of a file of boxes was not published");
                let rest = boxes.iter().skip(place * AT_ONCE);
                reports.extend(rest.flat_map(|(_, entry)| {
                    let fault = Fault::new(
                        "",
                        "cette ligne n'a pas été traitée ; envoyer le fichier de nouveau",
                    );
                    lines(entry, Outcome::Refused, &[fault])
                }));
                break;
            }
        }
    }
    reports.sort_by_key(|report| report.line);
    Ok((reports, nodes::confirmed(pool, PATIENCE).await))
}

/// Publishes some boxes together.
async fn publish(
    pool: &PgPool,
    actor: &Actor,
    boxes: &[(String, Entry)],
) -> Result<Vec<LineReport>, PublicationError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = begin(&mut connection).await?;
    let operator = Operator::of(&mut transaction, &actor.account).await?;
    let mut publication =
        Publication::begin_for_operator(&mut transaction, Timestamp::now().as_second()).await?;
    let adresses: Vec<String> = boxes.iter().map(|(adresse, _)| adresse.clone()).collect();
    let held = Held::load_all(publication.connection, &adresses).await?;
    let held: HashMap<&str, &Held> = held.iter().map(|held| (held.adresse.as_str(), held)).collect();
    let mut reports = Vec::with_capacity(boxes.len());
    let (mut created, mut changed) = (Vec::new(), Vec::new());
    for (adresse, entry) in boxes {
        let before = held.get(adresse.as_str()).copied();
        let (outcome, faults) = match one(&mut publication, &operator, adresse, entry, before).await {
            Ok(Some(Act::Published)) => (Outcome::Created, Vec::new()),
            Ok(Some(_)) => (Outcome::Changed, Vec::new()),
            Ok(None) => (Outcome::Unchanged, Vec::new()),
            Err(error) => (Outcome::Refused, told(error)?),
        };
        match outcome {
            Outcome::Created => created.push(adresse.as_str()),
            Outcome::Changed => changed.push(adresse.as_str()),
            Outcome::Unchanged | Outcome::Refused => {}
        }
        reports.extend(lines(entry, outcome, &faults));
    }
    audit::note(publication.connection, actor, Act::Published, &created).await?;
    audit::note(publication.connection, actor, Act::Changed, &changed).await?;
    publication.finish().await?;
    transaction.commit().await?;
    Ok(reports)
}

async fn one(
    publication: &mut Publication<'_>,
    operator: &Operator,
    adresse: &str,
    entry: &Entry,
    before: Option<&Held>,
) -> Result<Option<Act>, PublicationError> {
    if !entry.faults.is_empty() {
        return Err(PublicationError::Faults(entry.faults.clone()));
    }
    let spelling = entry.asked.adresse.clone().flatten();
    let address = parsed(spelling.as_deref().unwrap_or(adresse))
        .map_err(|fault| PublicationError::Faults(vec![fault]))?;
    operator.check_domain(&address)?;
    operator.check_box(before)?;
    put(publication, operator, &address, before, &entry.asked, true).await
}

fn lines(entry: &Entry, outcome: Outcome, faults: &[Fault]) -> Vec<LineReport> {
    let report = |line: &u64| LineReport {
        line: *line,
        outcome,
        faults: faults.to_vec(),
    };
    entry.lines.iter().map(report).collect()
}

/// A refusal that is about this box; any other ends the whole file.
fn told(error: PublicationError) -> Result<Vec<Fault>, PublicationError> {
    match error {
        PublicationError::Faults(faults) => Ok(faults),
        PublicationError::Forbidden(reason) => Ok(vec![Fault::new("adresse", reason)]),
        PublicationError::Fixed(field) => Ok(vec![Fault::new(field, "ce champ est fixé à la création")]),
        other => Err(other),
    }
}
