//! The names that a text being typed may become: as few entries as possible are looked at.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::recherche::Recherche;
use super::search::{Ask, SearchEnd, Walk};
use super::snapshot::Snapshot;
use super::standing::mark_before;
use crate::directory::text::fold;
use crate::query::{Filter, Kind, Kinds, Order, Test};
use crate::view::field::Field;

impl Snapshot {
    /// At most `limit` suggestions of one kind (label, detail, identifier, address, separated by tabs): names that
    /// begin with the text, in order; then, unless these `do_alone`, names that have all its words, the best first. And
    /// whether time ran out before they were all found.
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
        let mut found: Vec<(u64, &str)> = Vec::with_capacity(limit);
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
        let mut end = Walk::new(self, &beginning).each(|matched| {
            // In order: behind the last that begins so none does.
            if found.len() >= limit || !matched.record.name().starts_with(typed.as_bytes()) {
                return Some(SearchEnd::Limit);
            }
            found.push((matched.record.entity, matched.record.suggestion()));
            None
        })?;
        if found.len() < limit && !do_alone {
            let words = typed.split(' ').filter(|word| !word.is_empty());
            let filter = Filter::And(words.map(has_inside).collect());
            let holding = Ask {
                filter: &filter,
                order: Order::Relevance,
                after: None,
                ..beginning
            };
            end = Walk::new(self, &holding).each(|matched| {
                if found.len() >= limit {
                    return Some(SearchEnd::Limit);
                }
                let entity = matched.record.entity;
                if found.iter().all(|(other, _)| *other != entity) {
                    found.push((entity, matched.record.suggestion()));
                }
                None
            })?;
        }
        let found = found.into_iter().map(|(_, suggestion)| suggestion);
        Ok((found.collect(), end == SearchEnd::Time))
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
