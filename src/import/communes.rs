//! The INSEE codes of communes that lines leave out, by those that other lines of the same file tell: where they lie is asked
//! by code as by name.

use hashbrown::{HashMap, HashSet};

use crate::directory::place::department;
use crate::directory::text::equality_key;

/// Communes by department and name.
#[derive(Default)]
pub struct Communes {
    codes: HashSet<String>,
    /// `None` where one department has two of a name.
    by_name: HashMap<String, Option<String>>,
}

impl Communes {
    /// Learns what a line tells. Either text may be empty.
    pub fn learn(&mut self, code: &str, name: &str) {
        let Some(departement) = department(code, "") else {
            return;
        };
        if name.is_empty() || self.codes.contains(code) {
            return;
        }
        self.codes.insert(code.to_owned());
        self.by_name
            .entry(key(departement, name))
            .and_modify(|known| *known = None)
            .or_insert_with(|| Some(code.to_owned()));
    }

    /// The code of a commune, where the name says which it is.
    pub fn code(&self, departement: &str, name: &str) -> Option<&str> {
        self.by_name.get(&key(departement, name))?.as_deref()
    }
}

fn key(departement: &str, name: &str) -> String {
    format!("{departement} {}", equality_key(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_by_department_and_name_however_spelled() {
        let mut communes = Communes::default();
        communes.learn("42218", "Saint-Étienne");
        communes.learn("93066", "Saint-Denis");
        communes.learn("97411", "Saint-Denis");
        communes.learn("44109", "");
        communes.learn("", "NANTES");
        assert_eq!(communes.code("42", "ST ETIENNE"), Some("42218"));
        assert_eq!(communes.code("93", "SAINT DENIS"), Some("93066"));
        assert_eq!(communes.code("974", "St-Denis"), Some("97411"));
        assert_eq!(communes.code("44", "NANTES"), None);
        assert_eq!(communes.code("43", "ST ETIENNE"), None);
    }

    #[test]
    fn a_name_that_two_communes_of_a_department_have_tells_none() {
        let mut communes = Communes::default();
        communes.learn("01001", "Exemple");
        communes.learn("01001", "Exemple");
        assert_eq!(communes.code("01", "EXEMPLE"), Some("01001"));
        communes.learn("01002", "EXEMPLE");
        assert_eq!(communes.code("01", "EXEMPLE"), None);
    }
}
