//! The rows of professionals, table by table.

use sqlx::PgConnection;

use super::Beside;
use super::plan::Plan;
use crate::directory::public_id::Genre;
use crate::import::copy::Rows;
use crate::import::ledger::Ledger;
use crate::import::people::PersonView;
use crate::import::pipe::Outlet;
use crate::import::tally::Tally;

/// Rows on their way to the tables of professionals, and what becomes of those that were there.
pub struct Tables {
    pub tallies: Tallies,
    professionals: Rows,
    practices: Rows,
    qualifications: Rows,
    activities: Rows,
    diplomas: Rows,
}

/// What becomes of each list of persons.
#[derive(Default)]
pub struct Tallies {
    pub activities: Tally,
    pub qualifications: Tally,
    pub diplomas: Tally,
}

impl Tables {
    pub fn new() -> Self {
        Self {
            tallies: Tallies::default(),
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

    /// Gives what is gathered where it is much.
    pub fn give(&mut self, outlet: &Outlet) {
        self.all().into_iter().for_each(|rows| outlet.give(rows));
    }

    /// Sends what is gathered.
    pub async fn send(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        for rows in self.all() {
            rows.send(&mut *connection).await?;
        }
        Ok(())
    }

    fn all(&mut self) -> [&mut Rows; 5] {
        [
            &mut self.professionals,
            &mut self.practices,
            &mut self.qualifications,
            &mut self.activities,
            &mut self.diplomas,
        ]
    }
}

/// Adds the rows of a person that the plan names.
pub fn write_person(
    ledger: &Ledger,
    tables: &mut Tables,
    person: &PersonView<'_>,
    plan: &Plan,
    beside: Beside<'_>,
) {
    let identification = person.identification_nationale;
    if plan.own || plan.qualifications || plan.diplomas {
        let rows = &mut tables.professionals;
        rows.plain(plan.id)
            .text(&ledger.ids.make(Genre::Professional, identification));
        rows.text(identification)
            .text(identification.get(1..).unwrap_or(""));
        rows.texts([
            person.civilite,
            person.civilite_exercice,
            person.nom,
            person.prenom,
        ]);
        rows.plain(plan.created_at).plain(ledger.now);
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
            let rest = [a.secteur, a.section, a.autorite, a.role, a.genre];
            tables
                .tallies
                .activities
                .count(plan.id, &[a.key(), a.key_sans_role()], &rest);
            let rows = &mut tables.activities;
            rows.plain(plan.id)
                .plain(rang)
                .text(a.profession)
                .text(a.categorie);
            rows.optional(beside.site_ids.get(a.site as usize))
                .text(a.identifiant_technique);
            rows.texts([a.mode, a.role, a.genre, a.secteur, a.section, a.autorite])
                .end();
        }
    }
    if let Some(lists) = beside.savoir_faire.filter(|_| plan.qualifications) {
        for entry in lists.of(identification) {
            tables.tallies.qualifications.count(plan.id, &[entry], &[]);
            tables.qualifications.plain(plan.id).texts(entry).text("s").end();
        }
    }
    if let Some(lists) = beside.diplomes.filter(|_| plan.diplomas) {
        for entry in lists.of(identification) {
            tables.tallies.diplomas.count(plan.id, &[entry], &[]);
            tables.diplomas.plain(plan.id).texts(entry).end();
        }
    }
}
