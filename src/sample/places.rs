//! Towns: real ones, with commune code, postcode and centre, drawn by their size.

use std::sync::LazyLock;

use super::random::Random;

/// A town.
pub struct Town {
    pub insee: &'static str,
    pub postcode: &'static str,
    pub name: &'static str,
    pub lat: f64,
    pub lon: f64,
    weight: u64,
}

static TOWNS: LazyLock<Vec<Town>> = LazyLock::new(|| {
    include_str!("../../import/sample-data/towns.csv")
        .lines()
        .filter_map(parse)
        .collect()
});

fn parse(line: &'static str) -> Option<Town> {
    let mut parts = line.split(';');
    Some(Town {
        insee: parts.next()?,
        postcode: parts.next()?,
        name: parts.next()?,
        lat: parts.next()?.parse().ok()?,
        lon: parts.next()?.parse().ok()?,
        weight: parts.next()?.parse().ok()?,
    })
}

const NOWHERE: Town = Town {
    insee: "44109",
    postcode: "44000",
    name: "Nantes",
    lat: 47.218,
    lon: -1.554,
    weight: 1,
};

/// A town, the bigger the likelier.
pub fn town(random: &mut Random) -> &'static Town {
    let total: u64 = TOWNS.iter().map(|town| town.weight).sum();
    let mut drawn = random.below(total);
    for town in TOWNS.iter() {
        match drawn.checked_sub(town.weight) {
            Some(rest) => drawn = rest,
            None => return town,
        }
    }
    &NOWHERE
}

/// A town by its commune code; Nantes where it is not in the list.
pub fn by_insee(insee: &str) -> &'static Town {
    TOWNS.iter().find(|town| town.insee == insee).unwrap_or(&NOWHERE)
}

impl Town {
    /// In capitals without accents or hyphens, `SAINT` shortened, as routing lines write it.
    pub fn routing_name(&self) -> String {
        crate::directory::text::fold(self.name)
            .to_uppercase()
            .replace("SAINT ", "ST ")
            .replace("SAINTE ", "STE ")
    }

    /// The postcode of businesses with their own delivery.
    pub fn cedex(&self) -> String {
        format!("{}9", self.postcode.get(..4).unwrap_or("4400"))
    }

    /// FINESS's department and commune.
    pub fn finess_codes(&self) -> (&'static str, &'static str) {
        let commune = self.insee.get(2..).unwrap_or("");
        match self.insee.get(..3).unwrap_or("") {
            "971" => ("9A", commune),
            "972" => ("9B", commune),
            "973" => ("9C", commune),
            "974" => ("9D", commune),
            "975" => ("9E", commune),
            "976" => ("9F", commune),
            "986" => ("9J", commune),
            _ => (self.insee.get(..2).unwrap_or("44"), commune),
        }
    }
}
