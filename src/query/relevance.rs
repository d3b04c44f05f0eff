//! What a person most likely wants first: the filter of a mail client as a row of ever weaker filters.
//!
//! Entries that meet the first come first, then those that meet the second, and so on; the last is the filter
//! itself. Whole words come before beginnings of words, these before pieces inside; where a client asks for two
//! words in one attribute or for one of them alone in another, both come before one.

use super::{Filter, Test};
use crate::view::field::Field;

/// The filter's tiers, the best first, the filter itself last.
pub fn tiers(filter: &Filter) -> Vec<Filter> {
    let most = letters(filter);
    let mut tiers: Vec<Filter> = Vec::new();
    if most > 0 {
        for strength in [Strength::Whole, Strength::Beginning, Strength::Inside] {
            let stronger = strengthen(filter, strength, most);
            if stronger != Filter::False && stronger != *filter && tiers.last() != Some(&stronger) {
                tiers.push(stronger);
            }
        }
    }
    tiers.push(filter.clone());
    tiers
}

#[derive(Clone, Copy)]
enum Strength {
    Whole,
    Beginning,
    Inside,
}

/// Letters of the longest test for pieces.
fn letters(filter: &Filter) -> usize {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().map(letters).max().unwrap_or(0),
        Filter::Test(field, Test::Substrings { initial, any, final_ }) if is_ranked(*field) => any
            .iter()
            .chain(initial)
            .chain(final_)
            .map(|piece| piece.chars().filter(|c| c.is_alphanumeric()).count())
            .sum(),
        _ => 0,
    }
}

/// The fields whose words people type.
fn is_ranked(field: Field) -> bool {
    matches!(
        field,
        Field::Cn | Field::Sn | Field::GivenName | Field::DisplayName | Field::Mail | Field::O
    )
}

/// The filter with its tests for pieces made stronger; alternatives of fewer letters fall away. What it lets in the
/// filter itself lets in too.
fn strengthen(filter: &Filter, strength: Strength, most: usize) -> Filter {
    match filter {
        Filter::And(parts) => Filter::And(
            parts
                .iter()
                .map(|part| match letters(part) {
                    0 => part.clone(),
                    own => strengthen(part, strength, own.min(most)),
                })
                .collect(),
        ),
        Filter::Or(parts) => {
            let mut stronger: Vec<Filter> = parts
                .iter()
                .filter(|part| letters(part) >= most && !part.is_implied_by(parts))
                .map(|part| strengthen(part, strength, most))
                .filter(|part| *part != Filter::False)
                .collect();
            match stronger.len() {
                0 => Filter::False,
                1 => stronger.remove(0),
                _ => Filter::Or(stronger),
            }
        }
        Filter::Test(field, Test::Substrings { initial, any, final_ }) => {
            let pieces: Vec<String> = initial.iter().chain(any).chain(final_).cloned().collect();
            match strength {
                Strength::Inside => filter.clone(),
                // Where a value begins, a word begins.
                Strength::Beginning if initial.is_some() && any.is_empty() && final_.is_none() => {
                    filter.clone()
                }
                // The value has to begin or end as asked besides; words alone would let others in.
                _ if initial.is_some() || final_.is_some() => Filter::And(vec![
                    filter.clone(),
                    words(*field, pieces, matches!(strength, Strength::Whole)),
                ]),
                Strength::Whole => words(*field, pieces, true),
                Strength::Beginning => words(*field, pieces, false),
            }
        }
        other => other.clone(),
    }
}

fn words(field: Field, pieces: Vec<String>, whole: bool) -> Filter {
    Filter::Test(field, Test::Words { pieces, whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infix(field: Field, pieces: &[&str]) -> Filter {
        let any = pieces.iter().map(|p| (*p).to_owned()).collect();
        Filter::Test(
            field,
            Test::Substrings {
                initial: None,
                any,
                final_: None,
            },
        )
    }

    #[test]
    fn a_filter_without_pieces_is_its_own_only_tier() {
        let exact = Filter::Test(Field::Mail, Test::Equals("a@b.fr".into()));
        assert_eq!(tiers(&exact), [exact]);
    }

    #[test]
    fn whole_words_come_before_beginnings_and_these_before_pieces_inside() {
        let filter = Filter::Or(vec![infix(Field::Cn, &["mar"]), infix(Field::Mail, &["mar"])]);
        let all = tiers(&filter);
        assert_eq!(all.len(), 3);
        let of = |whole| {
            Filter::Or(
                [Field::Cn, Field::Mail]
                    .map(|f| words(f, vec!["mar".into()], whole))
                    .into(),
            )
        };
        assert_eq!(all, [of(true), of(false), filter]);
    }

    #[test]
    fn both_words_come_before_one() {
        let both = infix(Field::Cn, &["jean", "dup"]);
        let filter = Filter::Or(vec![both.clone(), infix(Field::GivenName, &["jean"])]);
        let all = tiers(&filter);
        assert_eq!(all.get(2), Some(&both));
        assert_eq!(all.last(), Some(&filter));
    }

    #[test]
    fn what_is_asked_besides_stays_asked() {
        let mail = Filter::Test(Field::Mail, Test::Present);
        let filter = Filter::And(vec![mail.clone(), infix(Field::Cn, &["a"])]);
        assert_eq!(
            tiers(&filter).first(),
            Some(&Filter::And(vec![mail, words(Field::Cn, vec!["a".into()], true)]))
        );
    }
}
