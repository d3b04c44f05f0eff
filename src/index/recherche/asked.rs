//! What is typed into the search box, taken apart into words.

use std::sync::LazyLock;

use crate::directory::commune;
use crate::directory::text::fold;

/// Words of a query beyond this number are not looked at.
const MAX_WORDS: usize = 12;
/// Digits of the shortest identifier: ADELI and FINESS numbers.
const SHORTEST_IDENTIFIER: usize = 9;
/// Letters of the shortest word that may be a plural.
const SHORTEST_PLURAL: usize = 4;

/// What people write before a name; nobody is found, or left out, by it.
const TITLES: [&str; 9] = [
    "dr",
    "docteur",
    "pr",
    "professeur",
    "mme",
    "madame",
    "mlle",
    "m",
    "monsieur",
];

/// Words that join others, as in `dentiste près de Nantes`: who has them comes first, who lacks them is found, too.
const JOINING: [&str; 19] = [
    "a", "au", "autour", "aux", "chez", "d", "dans", "de", "des", "du", "en", "et", "l", "la", "le", "les",
    "pres", "proche", "sur",
];

/// What people write and what extracts say: `kiné` for masseur-kinésithérapeute.
static SYNONYMS: LazyLock<Vec<(String, Vec<String>)>> = LazyLock::new(|| {
    include_str!("../../../import/synonymes.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .map(|(word, others)| (fold(word), others.split(',').map(fold).collect()))
        .collect()
});

/// What the directory says for a folded word that people write; for a plural, the singular and what is said for it.
pub fn synonyms(word: &str) -> impl Iterator<Item = &str> {
    let singular = word.strip_suffix('s').filter(|_| word.len() >= SHORTEST_PLURAL);
    let said = SYNONYMS
        .iter()
        .filter(move |(short, _)| short == word || Some(short.as_str()) == singular)
        .flat_map(|(_, others)| others.iter().map(String::as_str));
    singular.into_iter().chain(said)
}

/// A word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Folded; an address or the digits of an identifier are one word.
    pub text: String,
    /// What means the same, except in names.
    pub others: Vec<String>,
    /// Whether who does not meet it is left out.
    pub is_needed: bool,
}

impl Asked {
    fn whole(text: String) -> Vec<Self> {
        vec![Self {
            text,
            others: Vec::new(),
            is_needed: true,
        }]
    }

    fn word(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            others: synonyms(text).map(str::to_owned).collect(),
            is_needed: true,
        }
    }
}

/// The words of a query. Titles fall away where a name follows; `15e arrondissement` behind Paris is its postcode.
pub fn split(q: &str) -> Vec<Asked> {
    let q = q.trim();
    if q.contains('@') && !q.contains(' ') {
        return Asked::whole(q.to_lowercase());
    }
    let digits: String = q.split(' ').collect();
    if digits.len() >= SHORTEST_IDENTIFIER && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Asked::whole(digits);
    }
    let folded = fold(q);
    let mut typed = folded.split(' ').filter(|word| !word.is_empty()).peekable();
    while let Some(title) = typed.next_if(|word| TITLES.contains(word)) {
        if typed.peek().is_none() {
            return vec![Asked::word(title)];
        }
    }
    let mut words: Vec<Asked> = Vec::new();
    while let Some(word) = typed.next() {
        if words.len() == MAX_WORDS {
            break;
        }
        let city = words.last().map_or("", |before| &before.text);
        match commune::arrondissement(city, word) {
            Some(arrondissement) => {
                typed.next_if(|word| ["arr", "ardt", "arrondissement"].contains(word));
                words.push(Asked {
                    text: arrondissement.postcode,
                    others: arrondissement.others,
                    is_needed: true,
                });
            }
            None => words.push(Asked::word(word)),
        }
    }
    // The last one is perhaps not written to its end.
    if let Some((_, before)) = words.split_last_mut() {
        before
            .iter_mut()
            .for_each(|word| word.is_needed = !JOINING.contains(&word.text.as_str()));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(q: &str) -> Vec<String> {
        split(q).into_iter().map(|word| word.text).collect()
    }

    fn needed(q: &str) -> Vec<String> {
        let words = split(q).into_iter().filter(|word| word.is_needed);
        words.map(|word| word.text).collect()
    }

    #[test]
    fn numbers_and_addresses_are_one_word() {
        assert_eq!(texts("Jean-Pierre  D'Été"), ["jean", "pierre", "d", "ete"]);
        assert_eq!(texts("990 000 001"), ["990000001"]);
        assert_eq!(texts("44 000"), ["44", "000"]);
        assert_eq!(texts(" A.B@c.fr"), ["a.b@c.fr"]);
        assert_eq!(texts("a@b c"), ["a", "b", "c"]);
        assert!(texts("  ").is_empty());
    }

    #[test]
    fn titles_fall_away_before_a_name() {
        assert_eq!(texts("Mme le Dr Testeur"), ["le", "dr", "testeur"]);
        assert_eq!(texts("M. Dr Testeur"), ["testeur"]);
        assert_eq!(texts("Dr"), ["dr"]);
    }

    #[test]
    fn words_that_join_others_are_not_needed_but_at_the_end() {
        assert_eq!(needed("dentiste près de la gare"), ["dentiste", "gare"]);
        assert_eq!(needed("martin d"), ["martin", "d"]);
        assert_eq!(needed("le"), ["le"]);
        assert_eq!(needed("de la"), ["la"]);
    }

    #[test]
    fn an_arrondissement_is_its_postcode() {
        for q in [
            "paris 15",
            "Paris 15e",
            "Paris 15ème arrondissement",
            "paris 15e arr.",
        ] {
            assert_eq!(texts(q), ["paris", "75015"], "{q}");
        }
        assert_eq!(texts("lyon 1er kiné"), ["lyon", "69001", "kine"]);
        assert_eq!(texts("paris 44"), ["paris", "44"]);
        assert_eq!(texts("nantes 15"), ["nantes", "15"]);
    }

    #[test]
    fn synonyms_are_folded_and_plurals_have_them_too() {
        let others = |q: &str| {
            split(q)
                .into_iter()
                .flat_map(|word| word.others)
                .collect::<Vec<_>>()
        };
        assert_eq!(others("kiné"), ["kinesitherapeute"]);
        assert_eq!(others("kinés"), ["kine", "kinesitherapeute"]);
        assert!(others("testeur").is_empty());
    }
}
