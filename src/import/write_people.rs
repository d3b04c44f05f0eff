//! Writes professionals with their practices, qualifications, activities and diplomas: only those who changed.

mod plan;
mod rows;

use super::ledger::{Action, Counts};
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

/// Writes all that changed of what is known. `site_ids` are the structures of the people's sites, by number.
pub async fn write(
    publication: &mut Publication<'_>,
    mut known: KnownPeople,
    people: &mut People,
    site_ids: &[i64],
    savoir_faire: Option<&Lists>,
    diplomes: Option<&Lists>,
) -> Result<Written, sqlx::Error> {
    people.sort();
    let mut written = Written::default();
    let mut tables = Tables::new();
    // Where nobody is known no rows must go before new ones come.
    let is_first = known.is_empty();
    let mut plans = Vec::new();
    let mut stale = Stale::default();
    let Publication {
        connection, ledger, ..
    } = &mut *publication;
    pipe::send_while_made(connection, |outlet| {
        for person in people.iter() {
            if ledger.is_suppressed(Genre::Professional, person.identification_nationale) {
                plans.extend((!is_first).then(Plan::default));
                continue;
            }
            written.activities_told += person.activities.len() as u64;
            let plan = plan(
                ledger,
                &mut known,
                &person,
                people.has_role,
                savoir_faire,
                diplomes,
                &mut written,
            );
            if is_first {
                write_person(
                    ledger,
                    &mut tables,
                    &person,
                    &plan,
                    site_ids,
                    savoir_faire,
                    diplomes,
                );
                tables.give(outlet);
                continue;
            }
            if !plan.new {
                stale
                    .rows
                    .extend((plan.own || plan.qualifications || plan.diplomas).then_some(plan.id));
                stale.activities.extend(plan.own.then_some(plan.id));
                stale
                    .qualifications
                    .extend(plan.qualifications.then_some(plan.id));
                stale.diplomas.extend(plan.diplomas.then_some(plan.id));
            }
            plans.push(plan);
        }
    })
    .await?;
    for (identification, gone) in known.unseen() {
        written.professionals.removed += 1;
        let public_id = publication.ledger.ids.make(Genre::Professional, identification);
        publication
            .ledger
            .note(Genre::Professional, gone.id, &public_id, Action::Withdrawn);
        publication.ledger.lost.people.push(identification.to_owned());
        stale.rows.push(gone.id);
        stale.activities.push(gone.id);
        stale.qualifications.push(gone.id);
        stale.diplomas.push(gone.id);
    }
    drop(known);
    let lists = [savoir_faire.is_some(), diplomes.is_some()];
    note(publication, &mut tables, &stale, people.has_role, lists).await?;
    delete(publication, &stale).await?;

    let Publication {
        connection, ledger, ..
    } = &mut *publication;
    pipe::send_while_made(connection, |outlet| {
        for (person, plan) in people.iter().zip(&plans) {
            write_person(
                ledger,
                &mut tables,
                &person,
                plan,
                site_ids,
                savoir_faire,
                diplomes,
            );
            tables.give(outlet);
        }
    })
    .await?;
    tables.send(publication.connection).await?;
    let tallies = &tables.tallies;
    written.activities = tallies.activities.counts();
    written.qualifications = tallies.qualifications.counts();
    written.diplomas = tallies.diplomas.counts();
    Ok(written)
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
