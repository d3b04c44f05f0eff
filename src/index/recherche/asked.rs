//! What is typed into the search box, taken apart into words.

use std::sync::LazyLock;

use crate::directory::commune::{self, Arrondissement};
use crate::directory::text::fold;

/// Words of a query beyond this number are not looked at.
const MAX_WORDS: usize = 12;
/// Digits of the shortest identifier: ADELI and FINESS numbers.
const SHORTEST_IDENTIFIER: usize = 9;
/// Letters of the shortest word that may have a plural.
const SHORTEST_OF_TRADE: usize = 3;

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

/// What the directory says for a folded word that people write; for the plural of a word that one list or the other has,
/// the singular and what is said for it. Of names there are no plurals: `Saintes` is not `Sainte`.
pub fn synonyms(word: &str) -> impl Iterator<Item = &str> {
    let singular = word.strip_suffix('s').filter(|one| is_of_trade(one));
    let said = SYNONYMS
        .iter()
        .filter(move |(short, _)| short == word || Some(short.as_str()) == singular)
        .flat_map(|(_, others)| others.iter().map(String::as_str));
    singular.into_iter().chain(said)
}

/// Whether people write a word, or the directory says it, for a trade or a kind of place.
fn is_of_trade(word: &str) -> bool {
    word.len() >= SHORTEST_OF_TRADE
        && SYNONYMS
            .iter()
            .any(|(short, others)| short == word || others.iter().any(|other| other == word))
}

/// A word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Folded; an address or the digits of an identifier are one word.
    pub text: String,
    /// What means the same, except in names.
    pub others: Vec<String>,
    /// The part of a city that it is where it is none of a name: `15` behind Paris.
    pub arrondissement: Option<Arrondissement>,
    /// Whether who does not meet it is left out.
    pub is_needed: bool,
}

impl Asked {
    fn whole(text: String) -> Self {
        Self {
            text,
            others: Vec::new(),
            arrondissement: None,
            is_needed: true,
        }
    }

    fn word(text: &str) -> Self {
        Self {
            others: synonyms(text).map(str::to_owned).collect(),
            ..Self::whole(text.to_owned())
        }
    }
}

/// The words of a query. Titles fall away where a name follows.
pub fn split(q: &str) -> Vec<Asked> {
    let q = q.trim();
    if q.contains('@') && !q.contains(' ') {
        return vec![Asked::whole(q.to_lowercase())];
    }
    let digits: String = q.split(' ').collect();
    if digits.len() >= SHORTEST_IDENTIFIER && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return vec![Asked::whole(digits)];
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
        let arrondissement = commune::arrondissement(city, word);
        if arrondissement.is_some() {
            typed.next_if(|word| ["arr", "ardt", "arrondissement"].contains(word));
        }
        words.push(Asked {
            arrondissement,
            // The last word is perhaps not written to its end.
            is_needed: typed.peek().is_none() || !JOINING.contains(&word),
            ..Asked::word(word)
        });
    }
    if !words.iter().any(|word| word.is_needed) {
        words.iter_mut().for_each(|word| word.is_needed = true);
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
        let long = format!("martin {}dupont", "de ".repeat(MAX_WORDS));
        assert_eq!(needed(&long), ["martin"]);
        assert_eq!(needed(&"de ".repeat(MAX_WORDS + 1)).len(), MAX_WORDS);
    }

    #[test]
    fn a_number_behind_a_city_may_be_its_arrondissement() {
        let postcodes = |q: &str| -> Vec<String> {
            let parts = split(q).into_iter().filter_map(|word| word.arrondissement);
            parts.flat_map(|part| part.postcodes).collect()
        };
        for q in [
            "paris 15",
            "Paris 15e",
            "Paris 15ème arrondissement kiné",
            "paris 15e arr.",
        ] {
            assert_eq!(postcodes(q), ["75015"], "{q}");
        }
        assert_eq!(texts("lyon 1er arrondissement kiné"), ["lyon", "1er", "kine"]);
        assert!(postcodes("paris 44").is_empty() && postcodes("nantes 15").is_empty());
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
        assert_eq!(
            others("dentistes cliniques"),
            ["dentiste", "dentiste", "clinique", "clinique"]
        );
        for name in ["testeur", "Saintes", "Tours", "Gers", "Martins", "près"] {
            assert!(others(name).is_empty(), "{name}");
        }
    }
}
