//! Writes professionals with their practices, qualifications, activities and diplomas: only those who changed.

mod plan;
mod rows;

use super::ledger::{Action, Counts, Ledger};
use super::lists::Lists;
use super::people::People;
use super::pipe;
use super::publication::Publication;
use super::tally;
use crate::directory::public_id::Genre;
pub use plan::KnownPeople;
use plan::{Plan, plan};
use rows::{Tables, write_person};

/// What was written, and what the lists said of unknown people.
#[derive(Debug, Default)]
pub struct Written {
    pub professionals: Counts,
    /// Activities in the file, counted by their key.
    pub activities_told: u64,
    pub activities: Counts,
    pub qualifications: Counts,
    pub diplomas: Counts,
}

/// What is written beside what the people's own file tells.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// The structures of the people's sites, by number.
    pub site_ids: &'a [i64],
    pub savoir_faire: Option<&'a Lists>,
    pub diplomes: Option<&'a Lists>,
}

/// Rows of changed persons that must go before the new ones come.
#[derive(Default)]
struct Stale {
    /// Persons whose own row changes (whatever the reason).
    rows: Vec<i64>,
    /// Persons whose practices, activities and qualifications from Personne_activite change.
    activities: Vec<i64>,
    qualifications: Vec<i64>,
    diplomas: Vec<i64>,
}

impl Stale {
    /// What the plan of somebody known replaces.
    fn add(&mut self, plan: &Plan) {
        let Plan {
            own,
            qualifications,
            diplomas,
            ..
        } = *plan;
        self.rows
            .extend((own || qualifications || diplomas).then_some(plan.id));
        self.activities.extend(own.then_some(plan.id));
        self.qualifications.extend(qualifications.then_some(plan.id));
        self.diplomas.extend(diplomas.then_some(plan.id));
    }

    /// All of somebody who has gone.
    fn add_all(&mut self, id: i64) {
        for of_table in [
            &mut self.rows,
            &mut self.activities,
            &mut self.qualifications,
            &mut self.diplomas,
        ] {
            of_table.push(id);
        }
    }
}

/// Writes all that changed of what is known.
pub async fn write(
    publication: &mut Publication<'_>,
    known: KnownPeople,
    people: &mut People,
    beside: Beside<'_>,
) -> Result<Written, sqlx::Error> {
    people.sort();
    let mut written = Written::default();
    let mut tables = Tables::new();
    match known.is_empty() {
        true => write_first(publication, people, beside, &mut tables, &mut written).await?,
        false => write_changed(publication, known, people, beside, &mut tables, &mut written).await?,
    }
    tables.send(publication.connection).await?;
    let tallies = &tables.tallies;
    written.activities = tallies.activities.counts();
    written.qualifications = tallies.qualifications.counts();
    written.diplomas = tallies.diplomas.counts();
    Ok(written)
}

/// Writes people where nobody is known: no rows must go before theirs come.
async fn write_first(
    publication: &mut Publication<'_>,
    people: &People,
    beside: Beside<'_>,
    tables: &mut Tables,
    written: &mut Written,
) -> Result<(), sqlx::Error> {
    let Publication {
        connection, ledger, ..
    } = publication;
    let mut nobody = KnownPeople::default();
    pipe::send_while_made(connection, |outlet| {
        for person in people.iter() {
            if ledger.is_suppressed(Genre::Professional, person.identification_nationale) {
                continue;
            }
            written.activities_told += person.activities.len() as u64;
            let plan = plan(ledger, &mut nobody, &person, people.has_role, beside, written);
            write_person(ledger, tables, &person, &plan, beside);
            tables.give(outlet);
        }
    })
    .await
}

/// Writes those who are new or changed, and takes out those who are gone.
async fn write_changed(
    publication: &mut Publication<'_>,
    known: KnownPeople,
    people: &People,
    beside: Beside<'_>,
    tables: &mut Tables,
    written: &mut Written,
) -> Result<(), sqlx::Error> {
    let compared = || compare(&mut publication.ledger, known, people, beside, written);
    let (plans, stale) = tokio::task::block_in_place(compared);
    let lists = [beside.savoir_faire.is_some(), beside.diplomes.is_some()];
    note(publication, tables, &stale, people.has_role, lists).await?;
    delete(publication, &stale).await?;

    let Publication {
        connection, ledger, ..
    } = publication;
    pipe::send_while_made(connection, |outlet| {
        for (person, plan) in people.iter().zip(&plans) {
            write_person(ledger, tables, &person, plan, beside);
            tables.give(outlet);
        }
    })
    .await
}

/// The plans of all people in their order, empty ones of the suppressed, and what must go first.
fn compare(
    ledger: &mut Ledger,
    mut known: KnownPeople,
    people: &People,
    beside: Beside<'_>,
    written: &mut Written,
) -> (Vec<Plan>, Stale) {
    let mut stale = Stale::default();
    let mut plans = Vec::with_capacity(people.len());
    for person in people.iter() {
        if ledger.is_suppressed(Genre::Professional, person.identification_nationale) {
            plans.push(Plan::default());
            continue;
        }
        written.activities_told += person.activities.len() as u64;
        let plan = plan(ledger, &mut known, &person, people.has_role, beside, written);
        if !plan.new {
            stale.add(&plan);
        }
        plans.push(plan);
    }
    for (identification, gone) in known.unseen() {
        written.professionals.removed += 1;
        let public_id = ledger.ids.make(Genre::Professional, identification);
        ledger.note(Genre::Professional, gone.id, &public_id, Action::Withdrawn);
        ledger.lost.people.push(identification.to_owned());
        stale.add_all(gone.id);
    }
    (plans, stale)
}

/// Notes what is about to be deleted, to tell in the report what became of it; of the lists only where they are told of.
async fn note(
    publication: &mut Publication<'_>,
    tables: &mut Tables,
    stale: &Stale,
    has_role: bool,
    [savoir_faire, diplomes]: [bool; 2],
) -> Result<(), sqlx::Error> {
    let (tallies, connection) = (&mut tables.tallies, &mut *publication.connection);
    let activities = match has_role {
        true => tally::ACTIVITIES,
        false => tally::ACTIVITIES_SANS_ROLE,
    };
    tallies
        .activities
        .note(connection, activities, &stale.activities)
        .await?;
    if savoir_faire {
        let selection = tally::QUALIFICATIONS;
        tallies
            .qualifications
            .note(connection, selection, &stale.qualifications)
            .await?;
    }
    if diplomes {
        tallies
            .diplomas
            .note(connection, tally::DIPLOMAS, &stale.diplomas)
            .await?;
    }
    Ok(())
}

async fn delete(publication: &mut Publication<'_>, stale: &Stale) -> Result<(), sqlx::Error> {
    publication.delete("professionals", "id", &stale.rows).await?;
    publication
        .delete("practices", "professional_id", &stale.activities)
        .await?;
    publication
        .delete("activities", "professional_id", &stale.activities)
        .await?;
    publication
        .delete_where(
            "qualifications",
            "professional_id",
            &stale.activities,
            "source = 'a'",
        )
        .await?;
    publication
        .delete_where(
            "qualifications",
            "professional_id",
            &stale.qualifications,
            "source = 's'",
        )
        .await?;
    publication
        .delete("diplomas", "professional_id", &stale.diplomas)
        .await
}
