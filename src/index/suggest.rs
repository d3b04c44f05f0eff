//! The names that a text being typed may become: as few entries as possible are looked at.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::recherche::Recherche;
use super::record::Record;
use super::search::{Ask, SearchEnd, Walk};
use super::snapshot::Snapshot;
use super::standing::mark_before;
use crate::directory::text::fold;
use crate::query::{Filter, Kind, Kinds, Order, Test};
use crate::view::field::Field;

impl Snapshot {
    /// At most `limit` suggestions of one kind (label, detail, identifier, address, separated by tabs): people of whom the
    /// text has the [whole surname](of_whole_surname); names that begin with it, in order; then, unless these `do_alone`,
    /// names that have all its words, the best first. And whether time ran out before they were all found.
    pub fn suggest(
        &self,
        kind: Kind,
        text: &str,
        limit: usize,
        do_alone: bool,
        deadline: Instant,
    ) -> tantivy::Result<(Vec<&str>, bool)> {
        let typed = fold(text);
        let cancelled = AtomicBool::new(false);
        let kinds = Kinds::only(kind);
        let mark = mark_before(kind, &typed);
        let mut found = Offered::new(limit);
        let beginning = Ask {
            kinds,
            filter: &Filter::True,
            order: Order::Name,
            after: Some(&mark),
            skip: 0,
            limit,
            first_fields_do: false,
            deadline,
            cancelled: &cancelled,
        };
        let whole = match kind {
            Kind::Professional if !do_alone => of_whole_surname(&typed),
            _ => Vec::new(),
        };
        for filter in &whole {
            let ask = Ask {
                filter,
                after: None,
                ..beginning
            };
            if Walk::new(self, &ask).each(|matched| found.take(matched.record))? == SearchEnd::Time {
                return Ok((found.suggestions(), true));
            }
        }
        let mut end = Walk::new(self, &beginning).each(|matched| {
            // In order: behind the last that begins so none does.
            if !matched.record.name().starts_with(typed.as_bytes()) {
                return Some(SearchEnd::Limit);
            }
            found.take(matched.record)
        })?;
        if found.has_room() && !do_alone {
            let words = typed.split(' ').filter(|word| !word.is_empty());
            let filter = Filter::And(words.map(has_inside).collect());
            let holding = Ask {
                filter: &filter,
                order: Order::Relevance,
                after: None,
                ..beginning
            };
            end = Walk::new(self, &holding).each(|matched| found.take(matched.record))?;
        }
        Ok((found.suggestions(), end == SearchEnd::Time))
    }

    /// The same where a text may be anything: other words than names, typing errors forgiven. Looks at far more.
    pub fn suggest_anything(&self, kind: Kind, text: &str, limit: usize) -> tantivy::Result<Vec<&str>> {
        let asked = Recherche {
            q: Some(text.to_owned()),
            types: Kinds::only(kind),
            page: 1,
            par_page: u32::try_from(limit).unwrap_or(u32::MAX),
            ..Recherche::default()
        };
        Ok(self
            .best(&asked)?
            .into_iter()
            .filter_map(|address| Some(self.record(address)?.suggestion()))
            .collect())
    }
}

/// What is offered so far, each entry once.
struct Offered<'s> {
    found: Vec<(u64, &'s str)>,
    limit: usize,
}

impl<'s> Offered<'s> {
    fn new(limit: usize) -> Self {
        Self {
            found: Vec::with_capacity(limit),
            limit,
        }
    }

    fn has_room(&self) -> bool {
        self.found.len() < self.limit
    }

    /// Takes an entry; gives the end where there is no room.
    fn take(&mut self, record: Record<'s>) -> Option<SearchEnd> {
        if !self.has_room() {
            return Some(SearchEnd::Limit);
        }
        if self.found.iter().all(|(other, _)| *other != record.entity) {
            self.found.push((record.entity, record.suggestion()));
        }
        None
    }

    fn suggestions(self) -> Vec<&'s str> {
        self.found.into_iter().map(|(_, suggestion)| suggestion).collect()
    }
}

/// Words of the longest text in which a surname is looked for.
const SURNAMED: usize = 4;

/// The filters of people whose surname stands whole in a text, the surest first: with their first name, begun behind the
/// surname or whole before it; then alone. So `MARTIN Claire` is offered before `MARTIN-ADAM Claire`, whose name comes
/// first in order.
fn of_whole_surname(typed: &str) -> Vec<Filter> {
    let words: Vec<&str> = typed.split(' ').collect();
    if words.len() > SURNAMED {
        return Vec::new();
    }
    let mut named = Vec::new();
    for place in 1..words.len() {
        let (before, after) = words.split_at(place);
        let (before, after) = (before.join(" "), after.join(" "));
        // Of the whole name, whose many letters few have: a first name's few first letters are those of many.
        let begun = Test::Substrings {
            initial: Some(typed.to_owned()),
            any: Vec::new(),
            final_: None,
        };
        named.push(Filter::And(vec![
            is(Field::Sn, &before),
            Filter::Test(Field::Cn, begun),
        ]));
        named.push(Filter::And(vec![
            is(Field::GivenName, &before),
            is(Field::Sn, &after),
        ]));
    }
    let with_first_name = (!named.is_empty()).then_some(Filter::Or(named));
    with_first_name
        .into_iter()
        .chain([is(Field::Sn, typed)])
        .collect()
}

fn is(field: Field, text: &str) -> Filter {
    Filter::Test(field, Test::Equals(text.to_owned()))
}

fn has_inside(word: &str) -> Filter {
    let test = Test::Substrings {
        initial: None,
        any: vec![word.to_owned()],
        final_: None,
    };
    Filter::Test(Field::Cn, test)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::directory::professional::Professional;
    use crate::directory::structure::Structure;
    use crate::directory::structure::example::clinic;
    use crate::index::generation::Generation;
    use crate::store::changes::Changes;
    use crate::store::documents::Document;

    /// Practices that share a rank: nearly all of one name, one of a hundred of another, two of a third.
    fn name(number: i64) -> String {
        let family = match number % 600 {
            5 => "XAVIER",
            number if number % 100 == 7 => "ZOBEL",
            _ => "MARTIN",
        };
        // Their order by name is not that of their numbers.
        format!("CABINET DU DOCTEUR {family} {:04}", number * 7 % 1201)
    }

    fn person(id: i64, nom: &str, prenom: &str) -> Document {
        let person = Professional {
            id: format!("p_{id}"),
            identification_nationale: format!("8999000000{id:02}"),
            identifiant: format!("999000000{id:02}"),
            civilite: None,
            civilite_exercice: None,
            nom: nom.to_owned(),
            prenom: prenom.to_owned(),
            practices: Vec::new(),
            diplomas: Vec::new(),
            mailboxes: Vec::new(),
            created_at: 0,
            modified_at: 0,
        };
        Document::Professional(id, Arc::new(person))
    }

    #[test]
    fn a_surname_typed_whole_comes_before_those_that_only_begin_so() {
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::create(folder.path().to_owned()).unwrap();
        let people = [
            ("MARTIN-ADAM", "Claire"),
            ("MARTIN", "Jean"),
            ("JEAN-MARTIN", "Zoé"),
            ("MARTIN", "Zoé"),
            ("MARTINEZ", "Jean"),
            ("LE FÈVRE", "Anne"),
            ("FÈVRE", "Léa"),
            ("ADAM-MARTIN", "Jean"),
        ];
        let read: Vec<Document> = (1..)
            .zip(people)
            .map(|(id, (nom, prenom))| person(id, nom, prenom))
            .collect();
        generation.change(&Changes::default(), &read).unwrap();
        let snapshot = generation.snapshot();
        let deadline = Instant::now() + Duration::from_secs(60);
        let offered = |text: &str, limit| -> Vec<String> {
            let (found, _) = snapshot
                .suggest(Kind::Professional, text, limit, false, deadline)
                .unwrap();
            let labels = found.iter().map(|offer| offer.split('\t').next().unwrap_or(""));
            labels.map(str::to_owned).collect()
        };
        assert_eq!(
            offered("martin", 6),
            [
                "MARTIN Jean",
                "MARTIN Zoé",
                "MARTIN-ADAM Claire",
                "MARTINEZ Jean",
                "ADAM-MARTIN Jean",
                "JEAN-MARTIN Zoé"
            ]
        );
        assert_eq!(offered("jean martin", 2), ["MARTIN Jean", "JEAN-MARTIN Zoé"]);
        assert_eq!(offered("martin je", 1), ["MARTIN Jean"]);
        assert_eq!(offered("le fevre", 1), ["LE FÈVRE Anne"]);
        assert_eq!(offered("lefevre", 1), ["LE FÈVRE Anne"]);
    }

    #[test]
    fn of_many_that_begin_alike_the_first_by_name_are_found_be_they_many_or_few() {
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::create(folder.path().to_owned()).unwrap();
        let numbers = 1..=1200;
        let practice = |number| {
            let named = Structure {
                nom: name(number),
                ..clinic()
            };
            Document::Structure(number, Arc::new(named))
        };
        let read: Vec<Document> = numbers.clone().map(practice).collect();
        generation.change(&Changes::default(), &read).unwrap();
        let snapshot = generation.snapshot();
        for text in ["cabinet", "martin", "mar", "zobel", "zo", "xavier", "xa"] {
            let mut expected: Vec<String> = numbers.clone().map(name).collect();
            expected.retain(|name| name.contains(&text.to_uppercase()));
            expected.sort_unstable();
            expected.truncate(20);
            let deadline = Instant::now() + Duration::from_secs(60);
            let (found, is_late) = snapshot
                .suggest(Kind::Structure, text, 20, false, deadline)
                .unwrap();
            let labels: Vec<&str> = found
                .iter()
                .filter_map(|offer| offer.split('\t').next())
                .collect();
            assert_eq!(
                (labels, is_late),
                (expected.iter().map(String::as_str).collect(), false),
                "{text}"
            );
        }
    }
}
