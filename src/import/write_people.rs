//! Writes professionals with their practices, qualifications, activities and diplomas: only those who changed.

use std::collections::HashMap;

use sqlx::Row as _;
use tokio_stream::StreamExt as _;

use super::copy::Rows;
use super::lists::{self, Lists};
use super::people::{People, PersonView};
use super::publication::{Action, Counts, Genre, Publication};

/// What the store holds of a person, without the person's data.
struct Known {
    id: i64,
    created_at: i64,
    hash: i64,
    hash_sans_role: i64,
    hash_savoir_faire: i64,
    hash_diplomes: i64,
    seen: bool,
}

/// What was written, and what the lists said of unknown people.
#[derive(Debug, Default)]
pub struct Written {
    pub professionals: Counts,
    /// Activities in the file, counted by their key.
    pub activities: u64,
    pub qualifications: Counts,
    pub diplomas: Counts,
}

struct Tables {
    professionals: Rows,
    practices: Rows,
    qualifications: Rows,
    activities: Rows,
    diplomas: Rows,
}

impl Tables {
    fn new() -> Self {
        Self {
            professionals: Rows::new(
                "copy professionals (id, public_id, identification_nationale, identifiant, civilite,
                 civilite_exercice, nom, prenom, created_at, modified_at, hash, hash_sans_role,
                 hash_savoir_faire, hash_diplomes) from stdin",
            ),
            practices: Rows::new("copy practices (professional_id, profession, categorie) from stdin"),
            qualifications: Rows::new(
                "copy qualifications (professional_id, profession, categorie, type_savoir_faire, savoir_faire,
                 source) from stdin",
            ),
            activities: Rows::new(
                "copy activities (professional_id, rang, profession, categorie, structure_id,
                 identifiant_technique, mode_exercice, role, genre, secteur, section_pharmacien, autorite)
                 from stdin",
            ),
            diplomas: Rows::new(
                "copy diplomas (professional_id, type_diplome, diplome, type_autorisation, discipline) from stdin",
            ),
        }
    }

    async fn send(&mut self, publication: &mut Publication<'_>, all: bool) -> Result<(), sqlx::Error> {
        for rows in [
            &mut self.professionals,
            &mut self.practices,
            &mut self.qualifications,
            &mut self.activities,
            &mut self.diplomas,
        ] {
            if all || rows.is_heavy() {
                rows.send(&mut *publication.connection).await?;
            }
        }
        Ok(())
    }
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

/// What is to be written of one person; nothing at first.
#[derive(Default)]
struct Plan {
    id: i64,
    new: bool,
    own: bool,
    qualifications: bool,
    diplomas: bool,
    created_at: i64,
    hashes: [i64; 4],
}

/// Writes all that changed. `site_ids` are the structures of the people's sites, by number.
pub async fn write(
    publication: &mut Publication<'_>,
    people: &mut People,
    site_ids: &[i64],
    savoir_faire: Option<&Lists>,
    diplomes: Option<&Lists>,
) -> Result<Written, sqlx::Error> {
    let mut known = load_known(publication).await?;
    people.sort();
    let mut written = Written::default();
    let mut tables = Tables::new();
    // Where nobody is known no rows must go before new ones come.
    let is_first = known.is_empty();
    let mut plans = Vec::new();
    let mut stale = Stale::default();
    for person in people.iter() {
        if publication.is_suppressed(Genre::Professional, person.identification_nationale) {
            plans.extend((!is_first).then(Plan::default));
            continue;
        }
        written.activities += person.activities.len() as u64;
        let plan = plan(
            publication,
            &mut known,
            &person,
            people.has_role,
            savoir_faire,
            diplomes,
            &mut written,
        );
        if is_first {
            write_person(
                publication,
                &mut tables,
                &person,
                &plan,
                site_ids,
                savoir_faire,
                diplomes,
            );
            tables.send(publication, false).await?;
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
    for (identification, gone) in known.iter().filter(|(_, known)| !known.seen) {
        written.professionals.removed += 1;
        let public_id = publication.ids.make(Genre::Professional, identification);
        publication.note(Genre::Professional, gone.id, &public_id, Action::Withdrawn);
        stale.rows.push(gone.id);
        stale.activities.push(gone.id);
        stale.qualifications.push(gone.id);
        stale.diplomas.push(gone.id);
    }
    delete(publication, &stale).await?;

    for (person, plan) in people.iter().zip(&plans) {
        write_person(
            publication,
            &mut tables,
            &person,
            plan,
            site_ids,
            savoir_faire,
            diplomes,
        );
        tables.send(publication, false).await?;
    }
    tables.send(publication, true).await?;
    Ok(written)
}

async fn load_known(publication: &mut Publication<'_>) -> Result<HashMap<Box<str>, Known>, sqlx::Error> {
    let mut known = HashMap::new();
    let mut rows = sqlx::query(
        "select identification_nationale, id, created_at, hash, hash_sans_role, hash_savoir_faire, hash_diplomes
         from professionals",
    )
    .fetch(&mut *publication.connection);
    while let Some(row) = rows.next().await {
        let row = row?;
        let entry = Known {
            id: row.try_get(1)?,
            created_at: row.try_get(2)?,
            hash: row.try_get(3)?,
            hash_sans_role: row.try_get(4)?,
            hash_savoir_faire: row.try_get(5)?,
            hash_diplomes: row.try_get(6)?,
            seen: false,
        };
        known.insert(row.try_get::<&str, _>(0)?.into(), entry);
    }
    Ok(known)
}

fn plan(
    publication: &mut Publication<'_>,
    known: &mut HashMap<Box<str>, Known>,
    person: &PersonView<'_>,
    has_role: bool,
    savoir_faire: Option<&Lists>,
    diplomes: Option<&Lists>,
    written: &mut Written,
) -> Plan {
    let identification = person.identification_nationale;
    let (mut hash, hash_sans_role) = person.fingerprints();
    let list = |lists: Option<&Lists>| lists.map(|l| lists::fingerprint(&l.of(identification)));
    let (new_savoir_faire, new_diplomes) = (list(savoir_faire), list(diplomes));
    let Some(old) = known.get_mut(identification) else {
        let id = publication.new_id();
        let public_id = publication.ids.make(Genre::Professional, identification);
        publication.note(Genre::Professional, id, &public_id, Action::Created);
        written.professionals.created += 1;
        return Plan {
            id,
            new: true,
            own: true,
            qualifications: savoir_faire.is_some(),
            diplomas: diplomes.is_some(),
            created_at: publication.now,
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
    written.qualifications.changed += u64::from(qualifications);
    written.diplomas.changed += u64::from(diplomas);
    if own {
        written.professionals.changed += 1;
    }
    if own || qualifications || diplomas {
        let public_id = publication.ids.make(Genre::Professional, identification);
        publication.note(Genre::Professional, old.id, &public_id, Action::Updated);
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

fn write_person(
    publication: &Publication<'_>,
    tables: &mut Tables,
    person: &PersonView<'_>,
    plan: &Plan,
    site_ids: &[i64],
    savoir_faire: Option<&Lists>,
    diplomes: Option<&Lists>,
) {
    let identification = person.identification_nationale;
    if plan.own || plan.qualifications || plan.diplomas {
        let rows = &mut tables.professionals;
        rows.plain(plan.id)
            .text(&publication.ids.make(Genre::Professional, identification));
        rows.text(identification)
            .text(identification.get(1..).unwrap_or(""));
        rows.texts([
            person.civilite,
            person.civilite_exercice,
            person.nom,
            person.prenom,
        ]);
        rows.plain(plan.created_at).plain(publication.now);
        plan.hashes.iter().for_each(|hash| {
            rows.plain(hash);
        });
        rows.end();
    }
    if plan.own {
        for (profession, categorie) in &person.practices {
            tables
                .practices
                .plain(plan.id)
                .text(profession)
                .text(categorie)
                .end();
        }
        for q in &person.qualifications {
            let codes = [
                q.profession,
                q.categorie,
                q.type_savoir_faire,
                q.savoir_faire,
                "a",
            ];
            tables.qualifications.plain(plan.id).texts(codes).end();
        }
        for (rang, a) in (1_i32..).zip(&person.activities) {
            let rows = &mut tables.activities;
            rows.plain(plan.id)
                .plain(rang)
                .text(a.profession)
                .text(a.categorie);
            rows.optional(site_ids.get(a.site as usize))
                .text(a.identifiant_technique);
            rows.texts([a.mode, a.role, a.genre, a.secteur, a.section, a.autorite])
                .end();
        }
    }
    if let Some(lists) = savoir_faire.filter(|_| plan.qualifications) {
        for entry in lists.of(identification) {
            tables.qualifications.plain(plan.id).texts(entry).text("s").end();
        }
    }
    if let Some(lists) = diplomes.filter(|_| plan.diplomas) {
        for entry in lists.of(identification) {
            tables.diplomas.plain(plan.id).texts(entry).end();
        }
    }
}
