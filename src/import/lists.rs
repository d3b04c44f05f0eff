//! SavoirFaire and Dipl_AutExerc gathered in memory: per person a list of entries of four codes each.
//!
//! Both files only add to persons that Personne_activite knows; an entry for anybody else is counted, not kept.

use hashbrown::HashMap;

use super::codes::Codes;
use super::fingerprint::Fingerprint;
use super::texts::Numbered;
use crate::source::record::{Coded, DiplomaRow, QualificationRow};

/// The lists of one file. What the four columns mean is its reader's business.
#[derive(Default)]
pub struct Lists {
    /// By identification nationale.
    persons: Numbered,
    /// By number of person.
    firsts: Vec<[u32; 4]>,
    /// The same, of the few who have more than one.
    others: HashMap<u32, Vec<[u32; 4]>>,
    pub columns: [Codes; 4],
    /// Entries taken, repetitions left out.
    pub entries: u64,
}

impl Lists {
    /// Takes a line of SavoirFaire: profession, category, type, code.
    pub fn add_qualification(&mut self, row: &QualificationRow<'_>) {
        let entry = [
            row.profession,
            row.categorie,
            row.type_savoir_faire,
            row.savoir_faire,
        ];
        self.add(row.person.identification_nationale, entry);
    }

    /// Takes a line of Dipl_AutExerc: type and diploma, type and discipline of the authorisation.
    pub fn add_diploma(&mut self, row: &DiplomaRow<'_>) {
        let entry = [
            row.type_diplome,
            row.diplome,
            row.type_autorisation,
            row.discipline,
        ];
        self.add(row.person.identification_nationale, entry);
    }

    fn add(&mut self, identification_nationale: &str, entry: [Coded<'_>; 4]) {
        let mut numbers = [0; 4];
        for ((number, codes), coded) in numbers.iter_mut().zip(&mut self.columns).zip(entry) {
            *number = codes.number(coded);
        }
        let (person, is_new) = self.persons.number(identification_nationale);
        if is_new {
            self.firsts.push(numbers);
        } else if self.entries_of(person).any(|known| *known == numbers) {
            return;
        } else {
            self.others.entry(person).or_default().push(numbers);
        }
        self.entries += 1;
    }

    fn entries_of(&self, person: u32) -> impl Iterator<Item = &[u32; 4]> {
        let others = self.others.get(&person).into_iter().flatten();
        self.firsts.get(person as usize).into_iter().chain(others)
    }

    /// One person's entries, sorted by code so that the order of lines is no change.
    pub fn of(&self, identification_nationale: &str) -> Vec<[&str; 4]> {
        let [a, b, c, d] = &self.columns;
        let person = self.persons.find(identification_nationale);
        let numbers = person.into_iter().flat_map(|person| self.entries_of(person));
        let mut entries: Vec<_> = numbers
            .map(|[w, x, y, z]| [a.code(*w), b.code(*x), c.code(*y), d.code(*z)])
            .collect();
        entries.sort_unstable();
        entries
    }
}

/// Fingerprint of one person's entries; 1 for an empty list, which is not "never loaded" (0).
pub fn fingerprint(entries: &[[&str; 4]]) -> i64 {
    let mut fingerprint = Fingerprint::default();
    entries.iter().for_each(|entry| fingerprint.texts(*entry));
    if entries.is_empty() {
        1
    } else {
        fingerprint.value()
    }
}
