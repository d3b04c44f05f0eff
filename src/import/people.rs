//! Personne_activite gathered in memory: persons, their practices, qualifications and activities, and the sites.
//!
//! One person stands on many rows, not always adjacent, and exact duplicates occur; the whole file is held in
//! a compact form (about 200 bytes a row at national size, so half a gibibyte) until all of it is read.

use super::codes::{Codes, NONE};
use super::fingerprint::Fingerprint;
use super::sites::Sites;
use super::texts::{Numbered, Span, Texts};
use crate::source::record::{ActivityRow, Coded};

/// Stands for "no site".
pub const NOWHERE: u32 = u32::MAX;

/// All of one Personne_activite file.
#[derive(Default)]
pub struct People {
    /// Identifications nationales.
    identifications: Numbered,
    names: Texts,
    persons: Vec<Person>,
    rows: Vec<Row>,
    pub sites: Sites,
    /// Whether the file has the columns role and genre (since the 56-column era).
    pub has_role: bool,
    pub civilites: Codes,
    pub civilites_exercice: Codes,
    pub professions: Codes,
    pub categories: Codes,
    pub types_savoir_faire: Codes,
    /// Code of a qualification behind its type: `S/SM54`.
    pub savoir_faire: Codes,
    pub modes: Codes,
    pub roles: Codes,
    pub genres: Codes,
    pub secteurs: Codes,
    pub sections: Codes,
    pub autorites: Codes,
}

#[derive(Clone, Copy)]
struct Person {
    nom: Span,
    prenom: Span,
    civilite: u32,
    civilite_exercice: u32,
}

#[derive(Clone, Copy)]
struct Row {
    person: u32,
    profession: u32,
    categorie: u32,
    savoir_faire: u32,
    activity: ActivityCodes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct ActivityCodes {
    site: u32,
    mode: u32,
    role: u32,
    genre: u32,
    secteur: u32,
    section: u32,
    autorite: u32,
}

/// One person as the file tells them, every list without repetition and in the file's order.
pub struct PersonView<'p> {
    pub identification_nationale: &'p str,
    pub nom: &'p str,
    pub prenom: &'p str,
    pub civilite: &'p str,
    pub civilite_exercice: &'p str,
    /// Profession and category.
    pub practices: Vec<(&'p str, &'p str)>,
    pub qualifications: Vec<QualificationView<'p>>,
    pub activities: Vec<ActivityView<'p>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QualificationView<'p> {
    pub profession: &'p str,
    pub categorie: &'p str,
    pub type_savoir_faire: &'p str,
    pub savoir_faire: &'p str,
}

#[derive(Clone, Copy)]
pub struct ActivityView<'p> {
    pub profession: &'p str,
    pub categorie: &'p str,
    /// Number of the site in [`Sites`], or [`NOWHERE`].
    pub site: u32,
    pub identifiant_technique: &'p str,
    pub mode: &'p str,
    pub role: &'p str,
    pub genre: &'p str,
    pub secteur: &'p str,
    pub section: &'p str,
    pub autorite: &'p str,
}

impl People {
    /// Takes one line. A person's first line gives name and civility.
    pub fn add(&mut self, row: &ActivityRow<'_>) {
        let person = self.person(row);
        let absent = Coded::default();
        self.has_role |= row.role.is_some();
        let savoir_faire = if row.savoir_faire.code.is_empty() {
            NONE
        } else {
            self.types_savoir_faire.number(row.type_savoir_faire);
            let code = format!("{}/{}", row.type_savoir_faire.code, row.savoir_faire.code);
            self.savoir_faire.number(Coded {
                code: &code,
                label: row.savoir_faire.label,
            })
        };
        let row = Row {
            person,
            profession: self.professions.number(row.profession),
            categorie: self.categories.number(row.categorie),
            savoir_faire,
            activity: ActivityCodes {
                site: row.site.as_ref().map_or(NOWHERE, |site| self.sites.number(site)),
                mode: self.modes.number(row.mode_exercice),
                role: self.roles.number(row.role.unwrap_or(absent)),
                genre: self.genres.number(row.genre.unwrap_or(absent)),
                secteur: self.secteurs.number(row.secteur),
                section: self.sections.number(row.section_pharmacien),
                autorite: self.autorites.number(Coded {
                    code: row.autorite,
                    label: "",
                }),
            },
        };
        self.rows.push(row);
    }

    fn person(&mut self, row: &ActivityRow<'_>) -> u32 {
        let identification = row.person.identification_nationale;
        // Real files are sorted by person: the last one is most often the right one.
        if let Some(last) = self.persons.len().checked_sub(1)
            && self.identifications.text(last as u32) == identification
        {
            return last as u32;
        }
        let (number, is_new) = self.identifications.number(identification);
        if is_new {
            self.persons.push(Person {
                nom: self.names.keep(row.nom),
                prenom: self.names.keep(row.prenom),
                civilite: self.civilites.number(row.civilite),
                civilite_exercice: self.civilites_exercice.number(row.civilite_exercice),
            });
        }
        number
    }

    /// Number of persons.
    pub fn len(&self) -> usize {
        self.persons.len()
    }

    /// Brings each person's rows together; nearly free on a sorted file. Call it once all is read.
    pub fn sort(&mut self) {
        if !self.rows.is_sorted_by_key(|row| row.person) {
            self.rows.sort_by_key(|row| row.person);
        }
        self.identifications.close();
        self.sites.close();
    }

    /// Every person, in the file's order of first appearance, once [`Self::sort`] has been called.
    pub fn iter(&self) -> impl Iterator<Item = PersonView<'_>> {
        self.rows
            .chunk_by(|a, b| a.person == b.person)
            .filter_map(|rows| self.view(rows))
    }

    fn view(&self, rows: &[Row]) -> Option<PersonView<'_>> {
        let number = rows.first()?.person;
        let person = self.persons.get(number as usize)?;
        let mut view = PersonView {
            identification_nationale: self.identifications.text(number),
            nom: self.names.get(person.nom),
            prenom: self.names.get(person.prenom),
            civilite: self.civilites.code(person.civilite),
            civilite_exercice: self.civilites_exercice.code(person.civilite_exercice),
            practices: Vec::with_capacity(1),
            qualifications: Vec::with_capacity(1),
            activities: Vec::with_capacity(rows.len()),
        };
        for row in rows {
            let practice = (
                self.professions.code(row.profession),
                self.categories.code(row.categorie),
            );
            if !view.practices.contains(&practice) {
                view.practices.push(practice);
            }
            if let Some((type_savoir_faire, savoir_faire)) =
                self.savoir_faire.code(row.savoir_faire).split_once('/')
            {
                let (profession, categorie) = practice;
                let qualification = QualificationView {
                    profession,
                    categorie,
                    type_savoir_faire,
                    savoir_faire,
                };
                if !view.qualifications.contains(&qualification) {
                    view.qualifications.push(qualification);
                }
            }
            let activity = self.activity(practice, &row.activity);
            if !view.activities.iter().any(|other| other.key() == activity.key()) {
                view.activities.push(activity);
            }
        }
        Some(view)
    }

    fn activity<'p>(&'p self, practice: (&'p str, &'p str), codes: &ActivityCodes) -> ActivityView<'p> {
        ActivityView {
            profession: practice.0,
            categorie: practice.1,
            site: codes.site,
            identifiant_technique: self.sites.identifiant_technique(codes.site),
            mode: self.modes.code(codes.mode),
            role: self.roles.code(codes.role),
            genre: self.genres.code(codes.genre),
            secteur: self.secteurs.code(codes.secteur),
            section: self.sections.code(codes.section),
            autorite: self.autorites.code(codes.autorite),
        }
    }
}

impl<'p> ActivityView<'p> {
    /// What makes two rows one activity (within a person).
    pub fn key(&self) -> [&'p str; 6] {
        [
            self.profession,
            self.categorie,
            self.identifiant_technique,
            self.mode,
            self.role,
            self.genre,
        ]
    }

    /// The key of the same activity in a file of the era without role and genre.
    pub fn key_sans_role(&self) -> [&'p str; 6] {
        let [profession, categorie, identifiant_technique, mode, _, _] = self.key();
        [profession, categorie, identifiant_technique, mode, "", ""]
    }
}

impl PersonView<'_> {
    /// Fingerprints of all that the file says of the person: in full, and without role and genre, by which a
    /// 52-column file is compared with a 56-column one.
    pub fn fingerprints(&self) -> (i64, i64) {
        let mut base = Fingerprint::default();
        base.texts([
            self.identification_nationale,
            self.nom,
            self.prenom,
            self.civilite,
            self.civilite_exercice,
        ]);
        for qualification in &self.qualifications {
            base.texts([
                "q",
                qualification.profession,
                qualification.categorie,
                qualification.type_savoir_faire,
                qualification.savoir_faire,
            ]);
        }
        let mut full = base;
        let mut seen: Vec<[&str; 7]> = Vec::with_capacity(self.activities.len());
        for a in &self.activities {
            let without = [
                a.profession,
                a.categorie,
                a.identifiant_technique,
                a.mode,
                a.secteur,
                a.section,
                a.autorite,
            ];
            full.texts(without);
            full.texts([a.role, a.genre]);
            if !seen.contains(&without) {
                base.texts(without);
                seen.push(without);
            }
        }
        (full.value(), base.value())
    }
}
