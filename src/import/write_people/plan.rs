//! What is to be written of a person: compared by fingerprints with what the store holds.

use sqlx::Row as _;
use tokio_stream::StreamExt as _;

use super::{Beside, Written};
use crate::directory::public_id::Genre;
use crate::import::ledger::{Action, Ledger};
use crate::import::lists::{self, Lists};
use crate::import::people::PersonView;
use crate::import::publication::Publication;
use crate::import::texts::Numbered;

/// What the store holds of a person, without the person's data.
pub struct Known {
    pub id: i64,
    created_at: i64,
    hash: i64,
    hash_sans_role: i64,
    hash_savoir_faire: i64,
    hash_diplomes: i64,
    /// Whether the file holds them still.
    seen: bool,
}

/// What is to be written of one person; nothing at first.
#[derive(Default)]
pub struct Plan {
    pub id: i64,
    pub new: bool,
    /// Whether the person's own row, practices and activities change.
    pub own: bool,
    pub qualifications: bool,
    pub diplomas: bool,
    pub created_at: i64,
    pub hashes: [i64; 4],
}

/// Everybody whom the store holds.
#[derive(Default)]
pub struct KnownPeople {
    /// Identifications nationales.
    identifications: Numbered,
    /// By the same numbers.
    people: Vec<Known>,
}

impl KnownPeople {
    /// Reads everybody.
    pub async fn load(publication: &mut Publication<'_>) -> Result<Self, sqlx::Error> {
        let mut known = Self::default();
        let mut rows = sqlx::query(
            "select identification_nationale, id, created_at, hash, hash_sans_role, hash_savoir_faire, hash_diplomes
             from professionals",
        )
        .fetch(&mut *publication.connection);
        while let Some(row) = rows.next().await {
            let row = row?;
            known.identifications.number(row.try_get(0)?);
            known.people.push(Known {
                id: row.try_get(1)?,
                created_at: row.try_get(2)?,
                hash: row.try_get(3)?,
                hash_sans_role: row.try_get(4)?,
                hash_savoir_faire: row.try_get(5)?,
                hash_diplomes: row.try_get(6)?,
                seen: false,
            });
        }
        Ok(known)
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    fn get_mut(&mut self, identification: &str) -> Option<&mut Known> {
        let number = self.identifications.find(identification)?;
        self.people.get_mut(number as usize)
    }

    /// Those whom the file did not hold, with their identifications nationales.
    pub fn unseen(&self) -> impl Iterator<Item = (&str, &Known)> {
        let people = (0..).zip(&self.people).filter(|(_, known)| !known.seen);
        people.map(|(number, known)| (self.identifications.text(number), known))
    }
}

/// Compares a person with what is known, and notes what changed.
pub fn plan(
    ledger: &mut Ledger,
    known: &mut KnownPeople,
    person: &PersonView<'_>,
    has_role: bool,
    beside: Beside<'_>,
    written: &mut Written,
) -> Plan {
    let Beside {
        savoir_faire,
        diplomes,
        ..
    } = beside;
    let identification = person.identification_nationale;
    let (mut hash, hash_sans_role) = person.fingerprints();
    let list = |lists: Option<&Lists>| lists.map(|l| lists::fingerprint(&l.of(identification)));
    let (new_savoir_faire, new_diplomes) = (list(savoir_faire), list(diplomes));
    let Some(old) = known.get_mut(identification) else {
        let id = ledger.new_id();
        let public_id = ledger.ids.make(Genre::Professional, identification);
        ledger.note(Genre::Professional, id, &public_id, Action::Created);
        written.professionals.created += 1;
        return Plan {
            id,
            new: true,
            own: true,
            qualifications: savoir_faire.is_some(),
            diplomas: diplomes.is_some(),
            created_at: ledger.now,
            hashes: [
                hash,
                hash_sans_role,
                new_savoir_faire.unwrap_or(0),
                new_diplomes.unwrap_or(0),
            ],
        };
    };
    old.seen = true;
    // A file of the era without role and genre is compared without them, and keeps those that are known.
    let own = if has_role {
        hash != old.hash
    } else {
        hash_sans_role != old.hash_sans_role
    };
    if !own {
        hash = old.hash;
    }
    let qualifications = new_savoir_faire.is_some_and(|h| h != old.hash_savoir_faire);
    let diplomas = new_diplomes.is_some_and(|h| h != old.hash_diplomes);
    if own {
        written.professionals.changed += 1;
    }
    if own || qualifications || diplomas {
        let public_id = ledger.ids.make(Genre::Professional, identification);
        ledger.note(Genre::Professional, old.id, &public_id, Action::Updated);
    }
    Plan {
        id: old.id,
        new: false,
        own,
        qualifications,
        diplomas,
        created_at: old.created_at,
        hashes: [
            hash,
            hash_sans_role,
            new_savoir_faire.unwrap_or(old.hash_savoir_faire),
            new_diplomes.unwrap_or(old.hash_diplomes),
        ],
    }
}
