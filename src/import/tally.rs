//! Counts what becomes of activities, qualifications and diplomas. A person whose lists changed is written anew, row by
//! row: what was there is noted before it goes, and met again by what comes.

use std::collections::HashMap;

use sqlx::{PgConnection, Row as _};
use tokio_stream::StreamExt as _;

use super::fingerprint::Fingerprint;
use super::ledger::Counts;

/// Selects what [`Tally::note`] wants of activities: six texts tell them apart.
pub const ACTIVITIES: (&str, usize) = (
    "select professional_id, profession, categorie, identifiant_technique, mode_exercice, role, genre, secteur,
         section_pharmacien, autorite, role, genre
     from activities where professional_id = any($1)",
    6,
);
/// The same where the file is of the era without role and genre: they tell nothing apart, and are lost.
pub const ACTIVITIES_SANS_ROLE: (&str, usize) = (
    "select professional_id, profession, categorie, identifiant_technique, mode_exercice, '', '', secteur,
         section_pharmacien, autorite, role, genre
     from activities where professional_id = any($1)",
    6,
);
/// The same of SavoirFaire's own qualifications.
pub const QUALIFICATIONS: (&str, usize) = (
    "select professional_id, profession, categorie, type_savoir_faire, savoir_faire
     from qualifications where professional_id = any($1) and source = 's'",
    4,
);
/// The same of diplomas.
pub const DIPLOMAS: (&str, usize) = (
    "select professional_id, type_diplome, diplome, type_autorisation, discipline
     from diplomas where professional_id = any($1)",
    4,
);

/// The rows of one table.
#[derive(Default)]
pub struct Tally {
    /// By person and key: what else the row says, and how many rows are so.
    old: HashMap<i64, (u32, u32)>,
    counts: Counts,
}

impl Tally {
    /// Notes rows that are about to be deleted. The statement selects, for the persons of `$1`, the person and then texts;
    /// the first `keys` of these tell one row from another.
    pub async fn note(
        &mut self,
        connection: &mut PgConnection,
        (statement, keys): (&'static str, usize),
        persons: &[i64],
    ) -> Result<(), sqlx::Error> {
        if persons.is_empty() {
            return Ok(());
        }
        let mut rows = sqlx::query(statement).bind(persons).fetch(connection);
        while let Some(row) = rows.next().await {
            let row = row?;
            let texts = (1..row.len())
                .map(|column| row.try_get(column))
                .collect::<Result<Vec<&str>, _>>()?;
            let (key, rest) = texts.split_at(keys.min(texts.len()));
            let entry = self.old.entry(hash(row.try_get(0)?, key)).or_default();
            *entry = (rest_hash(rest), entry.1 + 1);
        }
        Ok(())
    }

    /// Counts a row that is written. It is the row of one of the `keys` that was there, the first ones first; else it is
    /// new.
    pub fn count<const N: usize>(&mut self, person: i64, keys: &[[&str; N]], rest: &[&str]) {
        // Nothing is compared at a first load.
        let known = keys.iter().filter(|_| !self.old.is_empty()).find_map(|key| {
            let key = hash(person, key);
            self.old.get(&key).filter(|(_, times)| *times > 0).map(|_| key)
        });
        let Some((before, times)) = known.and_then(|key| self.old.get_mut(&key)) else {
            self.counts.created += 1;
            return;
        };
        *times -= 1;
        self.counts.changed += u64::from(*before != rest_hash(rest));
    }

    /// What was done in all; rows that nothing took the place of were removed.
    pub fn counts(&self) -> Counts {
        Counts {
            removed: self.old.values().map(|(_, times)| u64::from(*times)).sum(),
            ..self.counts
        }
    }
}

fn hash(person: i64, texts: &[&str]) -> i64 {
    let mut fingerprint = Fingerprint::default();
    fingerprint.number(person);
    fingerprint.texts(texts.iter().copied());
    fingerprint.value()
}

fn rest_hash(texts: &[&str]) -> u32 {
    hash(0, texts) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_is_met_once_and_the_rest_is_removed() {
        let mut tally = Tally::default();
        for (key, rest) in [("a", "1"), ("b", "1"), ("c", "1")] {
            tally.old.insert(hash(1, &[key]), (rest_hash(&[rest]), 1));
        }
        tally.count(1, &[["a"]], &["1"]);
        tally.count(1, &[["b"]], &["2"]);
        tally.count(1, &[["a"]], &["1"]);
        tally.count(2, &[["c"]], &["1"]);
        let counts = tally.counts();
        assert_eq!((counts.created, counts.changed, counts.removed), (2, 1, 1));
    }
}
