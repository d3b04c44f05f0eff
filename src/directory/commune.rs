//! What one commune is called: by its INSEE code or its name, `saint` written out or not, and the three cities whose parts
//! stand in extracts for the whole (`75115`, `Paris 15e Arrondissement`).

use super::text::variants;

/// A city with arrondissements.
struct City {
    name: &'static str,
    /// INSEE code of the whole.
    code: &'static str,
    /// One less than the code of the first arrondissement.
    before: u32,
    arrondissements: u32,
}

const CITIES: [City; 3] = [
    City {
        name: "paris",
        code: "75056",
        before: 75100,
        arrondissements: 20,
    },
    City {
        name: "lyon",
        code: "69123",
        before: 69380,
        arrondissements: 9,
    },
    City {
        name: "marseille",
        code: "13055",
        before: 13200,
        arrondissements: 16,
    },
];

/// Every name and INSEE code that stands for a commune: names folded, its own first, codes in capitals. Who asks for one
/// of the three cities asks for all its parts.
pub fn names(asked: &str) -> Vec<String> {
    let code = asked.trim().to_uppercase();
    let mut names = variants(asked);
    let first = names.first().cloned().unwrap_or_default();
    for city in &CITIES {
        let is_whole = code == city.code || first == city.name;
        let parts = (1..=city.arrondissements).filter(|part| {
            is_whole
                || code == (city.before + part).to_string()
                || city.spellings(*part).any(|name| name == first)
        });
        for part in parts {
            names.push((city.before + part).to_string());
            names.extend(city.spellings(part));
        }
        if is_whole {
            names.extend([city.name, city.code].map(str::to_owned));
        }
    }
    names.push(code);
    let mut once = Vec::with_capacity(names.len());
    for name in names {
        if !name.is_empty() && !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// An arrondissement as it is looked for among what entries say of their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrondissement {
    /// Its postcodes: Paris' sixteenth has two.
    pub postcodes: Vec<String>,
    /// Who has a postcode of CEDEX may still have it.
    pub code_insee: String,
    /// How it is written: `15e`.
    pub ordinals: Vec<String>,
    /// The *département* of the same number, where that is the city's as well: `Marseille (13)`.
    pub departement: Option<String>,
}

/// The arrondissement that a word means behind the name of a city, both folded: `paris`, `15eme`.
pub fn arrondissement(city: &str, word: &str) -> Option<Arrondissement> {
    let city = CITIES.iter().find(|other| other.name == city)?;
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let part: u32 = digits.parse().ok()?;
    let ordinals = ["", "e", "er", "eme", "ieme"];
    if !(1..=city.arrondissements).contains(&part) || !ordinals.contains(&word.get(digits.len()..)?) {
        return None;
    }
    let department = city.before / 1000;
    let mut postcodes = vec![(department * 1000 + part).to_string()];
    if department == 75 && part == 16 {
        postcodes.push("75116".to_owned());
    }
    Some(Arrondissement {
        postcodes,
        code_insee: (city.before + part).to_string(),
        ordinals: ordinals[1..]
            .iter()
            .map(|ordinal| format!("{part}{ordinal}"))
            .collect(),
        departement: (part == department && digits == word).then(|| word.to_owned()),
    })
}

impl City {
    /// How an arrondissement is written, folded: `paris 15`, `paris 15e`, `paris 15e arrondissement`…
    fn spellings(&self, part: u32) -> impl Iterator<Item = String> {
        let ordinals: &[&str] = if part == 1 { &["", "er"] } else { &["", "e", "eme"] };
        ordinals.iter().flat_map(move |ordinal| {
            ["", " arrondissement"].map(|rest| format!("{} {part}{ordinal}{rest}", self.name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(asked: &str, name: &str) -> bool {
        names(asked).iter().any(|other| other == name)
    }

    #[test]
    fn a_city_is_all_its_parts_and_a_part_no_other() {
        for city in ["Paris", "PARIS", "75056"] {
            assert!(has(city, "75101") && has(city, "75120") && !has(city, "75121"));
            assert!(has(city, "paris 15e arrondissement") && has(city, "paris") && has(city, "75056"));
        }
        assert!(has("Lyon", "69389") && has("marseille", "13216"));
        for part in ["Paris 15", "paris 15ème", "PARIS 15E ARRONDISSEMENT", "75115"] {
            assert!(
                has(part, "75115") && has(part, "paris 15e arrondissement"),
                "{part}"
            );
            assert!(
                !has(part, "75116") && !has(part, "paris") && !has(part, "75056"),
                "{part}"
            );
        }
        assert!(has("Lyon 1er", "69381") && !has("Lyon 10", "69381"));
    }

    #[test]
    fn a_number_is_an_arrondissement_of_the_three_cities_alone_and_perhaps_their_department() {
        let of = |city, word| arrondissement(city, word).map(|part| (part.code_insee, part.departement));
        assert_eq!(of("paris", "15eme"), Some(("75115".to_owned(), None)));
        assert_eq!(of("marseille", "13e"), Some(("13213".to_owned(), None)));
        let both = Some(("13213".to_owned(), Some("13".to_owned())));
        assert_eq!(of("marseille", "13"), both);
        for (city, word) in [
            ("paris", "21"),
            ("lyon", "0"),
            ("nantes", "1"),
            ("lyon", "1x"),
            ("lyon", "e"),
        ] {
            assert_eq!(of(city, word), None);
        }
        assert_eq!(
            arrondissement("paris", "16").unwrap().postcodes,
            ["75016", "75116"]
        );
    }

    #[test]
    fn other_communes_are_themselves_however_spelled() {
        assert_eq!(names("Nantes"), ["nantes", "NANTES"]);
        assert_eq!(names(" 2a004 "), ["2a004", "2A004"]);
        assert!(has("SAINT-ETIENNE", "st etienne") && has("St Étienne", "saint etienne"));
        assert!(names(" ").is_empty());
    }
}
