//! From a filter to the terms that narrow down what must be looked at.
//!
//! A plan never leaves out an entry of its kind that meets the filter; where it may let others in, it says so, and
//! each candidate is then put to [`crate::query::matcher`].

use super::terms::{self, BEGINNING, Family, GRAM, Lengths};
use crate::query::forms::{equality_form, piece_form};
use crate::query::{Filter, Kind, Test};
use crate::view::field::Field;

/// What to look at.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    All,
    Nothing,
    Term(String),
    /// What has a term that begins so.
    Beginning(String),
    And(Vec<Plan>),
    Or(Vec<Plan>),
}

/// A plan, and whether it lets in nothing else.
type Planned = (Plan, bool);

/// The plan of a filter over the entries of one kind.
pub fn plan(filter: &Filter, kind: Kind) -> Planned {
    match filter {
        Filter::True => (Plan::All, true),
        Filter::False | Filter::Undefined | Filter::Test(Field::Mobile, _) => (Plan::Nothing, true),
        Filter::Kinds(wanted) if wanted.contains(kind) => (Plan::All, true),
        Filter::Kinds(_) => (Plan::Nothing, true),
        // Negation is for the matcher: what a plan lets in too much it would leave out here.
        Filter::Not(_) => (Plan::All, false),
        Filter::And(parts) => all(parts.iter().map(|part| plan(part, kind))),
        Filter::Or(parts) => any(parts
            .iter()
            .filter(|part| !part.is_implied_by(parts))
            .map(|part| plan(part, kind))),
        Filter::Test(field, test) => of_test(*field, test, kind),
    }
}

fn all(parts: impl Iterator<Item = Planned>) -> Planned {
    let (mut plans, mut exact) = (Vec::new(), true);
    for (plan, is_exact) in parts {
        exact &= is_exact;
        match plan {
            Plan::Nothing => return (Plan::Nothing, true),
            Plan::All => {}
            Plan::And(more) => plans.extend(more),
            plan => plans.push(plan),
        }
    }
    match plans.len() {
        0 => (Plan::All, exact),
        1 => (plans.remove(0), exact),
        _ => (Plan::And(plans), exact),
    }
}

fn any(parts: impl Iterator<Item = Planned>) -> Planned {
    let (mut plans, mut exact): (Vec<Plan>, bool) = (Vec::new(), true);
    for (plan, is_exact) in parts {
        exact &= is_exact;
        match plan {
            Plan::Nothing => {}
            Plan::All => return (Plan::All, false),
            // Clients ask the same letters of several attributes that one family finds.
            plan if plans.contains(&plan) => {}
            plan => plans.push(plan),
        }
    }
    match plans.len() {
        0 => (Plan::Nothing, true),
        1 => (plans.remove(0), exact),
        _ => (Plan::Or(plans), exact),
    }
}

fn of_test(field: Field, test: &Test, kind: Kind) -> Planned {
    match test {
        Test::Present => of_presence(field, kind),
        Test::Equals(value) => {
            let form = equality_form(field.matching(), value);
            if terms::is_key(kind, field) {
                // A key may be another field's value.
                (Plan::Term(terms::key(kind, &form)), false)
            } else if terms::has_equality(kind, field) {
                (
                    Plan::Term(terms::equality(field, &form)),
                    !terms::is_hashed(field),
                )
            } else {
                (of_presence(field, kind).0, false)
            }
        }
        Test::Substrings { initial, any, final_ } => of_pieces(field, initial, any, final_, kind),
        Test::Words { pieces, whole } => of_words(field, pieces, *whole, kind),
        Test::AtLeast(_) | Test::AtMost(_) | Test::Approx(_) => (of_presence(field, kind).0, false),
    }
}

fn of_presence(field: Field, kind: Kind) -> Planned {
    if terms::has_presence(kind, field) {
        (Plan::Term(terms::presence(field)), true)
    } else {
        (Plan::All, terms::is_always_there(kind, field))
    }
}

fn of_pieces(
    field: Field,
    initial: &Option<String>,
    any: &[String],
    last: &Option<String>,
    kind: Kind,
) -> Planned {
    let form = |piece: &String| piece_form(field.matching(), piece);
    let Some(family) = Family::of(kind, field) else {
        let initial = initial
            .as_ref()
            .map(form)
            .filter(|_| terms::has_heads(kind, field));
        let head = initial.as_deref().map_or("", terms::head_of);
        let plan = match head {
            "" => of_presence(field, kind).0,
            head => of_piece(terms::value_head(field, head), head, GRAM, Lengths::Longest),
        };
        return (plan, false);
    };
    let mut plans = Vec::new();
    if let Some(initial) = initial.as_ref().map(form) {
        if family == Family::Name {
            headed(terms::first_letters, &initial, kind, &mut plans);
        } else {
            inside(family, &initial, kind, &mut plans);
        }
    }
    for piece in any.iter().chain(last).map(form) {
        inside(family, &piece, kind, &mut plans);
    }
    (of_presence(field, kind).0.and(plans), false)
}

fn of_words(field: Field, pieces: &[String], whole: bool, kind: Kind) -> Planned {
    let Some(family) = Family::of(kind, field) else {
        return (of_presence(field, kind).0, false);
    };
    let mut plans = Vec::new();
    for piece in pieces.iter().map(|piece| piece_form(field.matching(), piece)) {
        if family != Family::Name {
            // Of the others no words are terms, and a word has all its grams.
            inside(family, &piece, kind, &mut plans);
        } else if field == Field::Mail && piece.contains('@') {
            plans.push(Plan::Term(terms::key(kind, &piece)));
        } else if whole {
            plans.extend(terms::words(&piece).map(|word| Plan::Term(terms::whole(word))));
        } else if piece.starts_with(char::is_alphanumeric) {
            at_beginning(&piece, kind, &mut plans);
        } else {
            inside(family, &piece, kind, &mut plans);
        }
    }
    (Plan::All.and(plans), false)
}

impl Plan {
    fn and(self, mut plans: Vec<Self>) -> Self {
        match plans.len() {
            0 => self,
            1 => plans.remove(0),
            _ => Self::And(plans),
        }
    }
}

/// The term of a piece that is cut after `most` letters.
fn of_piece(term: String, piece: &str, most: usize, lengths: Lengths) -> Plan {
    match lengths {
        Lengths::Longest if piece.chars().nth(most - 1).is_none() => Plan::Beginning(term),
        _ => Plan::Term(term),
    }
}

/// The grams that a piece has.
fn inside(family: Family, piece: &str, kind: Kind, plans: &mut Vec<Plan>) {
    let lengths = family.lengths(kind);
    let of_gram = |gram| of_piece(terms::inside(family, gram), gram, GRAM, lengths);
    plans.extend(terms::needed(piece).into_iter().map(of_gram));
}

/// The first letters of a piece at the beginning of a word, the others anywhere.
fn at_beginning(piece: &str, kind: Kind, plans: &mut Vec<Plan>) {
    if piece.starts_with(char::is_alphanumeric) {
        headed(terms::beginning, piece, kind, plans);
    }
}

fn headed(term: fn(&str) -> String, piece: &str, kind: Kind, plans: &mut Vec<Plan>) {
    let (head, rest) = terms::head(piece);
    if !head.is_empty() {
        plans.push(of_piece(term(head), head, BEGINNING, Family::Name.lengths(kind)));
        let inside = |gram| Plan::Term(terms::inside(Family::Name, gram));
        plans.extend(rest.into_iter().map(inside));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infix(field: Field, piece: &str) -> Filter {
        let any = vec![piece.to_owned()];
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
    fn the_four_legs_of_a_mail_client_are_one_term() {
        let four = Filter::Or(
            [Field::Cn, Field::Mail, Field::GivenName, Field::Sn]
                .map(|f| infix(f, "XQ"))
                .into(),
        );
        let term = Plan::Term(terms::inside(Family::Name, "xq"));
        assert_eq!(plan(&four, Kind::Mailbox).0, term);
    }

    #[test]
    fn longer_pieces_need_all_their_grams() {
        let grams = ["mar", "art"].map(|gram| Plan::Term(terms::inside(Family::Name, gram)));
        assert_eq!(
            plan(&infix(Field::Cn, "mart"), Kind::Mailbox),
            (Plan::And(grams.into()), false)
        );
    }

    #[test]
    fn few_letters_are_the_beginning_of_a_term_where_only_the_longest_are_terms() {
        let short = Plan::Beginning(terms::inside(Family::Name, "xq"));
        assert_eq!(plan(&infix(Field::Cn, "xq"), Kind::Structure), (short, false));
        let long = Plan::Term(terms::inside(Family::Name, "xqu"));
        assert_eq!(plan(&infix(Field::Cn, "xqu"), Kind::Structure), (long, false));
    }

    #[test]
    fn words_are_looked_for_by_their_grams_where_they_are_no_terms() {
        let word = Test::Words {
            pieces: vec!["xqu".to_owned()],
            whole: true,
        };
        let of = |field| plan(&Filter::Test(field, word.clone()), Kind::Mailbox);
        let whole = Plan::Term(terms::whole("xqu"));
        assert_eq!(of(Field::Cn), (whole, false));
        for (field, family) in [
            (Field::DisplayName, Family::DisplayName),
            (Field::O, Family::Organisation),
        ] {
            let gram = Plan::Term(terms::inside(family, "xqu"));
            assert_eq!(of(field), (gram, false));
        }
    }

    #[test]
    fn what_a_telephone_asks_of_addresses_are_their_first_letters() {
        let beginning = |piece: &str| {
            let initial = Some(piece.to_owned());
            let test = Test::Substrings {
                initial,
                any: Vec::new(),
                final_: None,
            };
            plan(&Filter::Test(Field::PostalAddress, test), Kind::Mailbox).0
        };
        let head = |letters| terms::value_head(Field::PostalAddress, letters);
        assert_eq!(beginning("Té"), Plan::Beginning(head("te")));
        assert_eq!(beginning("Testeur"), Plan::Term(head("tes")));
        assert_eq!(beginning("-"), Plan::All);
    }

    #[test]
    fn what_every_entry_has_costs_nothing() {
        let mail = Filter::Test(Field::Mail, Test::Present);
        assert_eq!(plan(&mail, Kind::Mailbox), (Plan::All, true));
        let both = Filter::And(vec![mail, infix(Field::Cn, "ab")]);
        assert!(matches!(plan(&both, Kind::Mailbox), (Plan::Term(_), false)));
    }

    #[test]
    fn a_negation_looks_at_everything() {
        let not = Filter::Not(Box::new(infix(Field::Cn, "a")));
        assert_eq!(plan(&not, Kind::Structure), (Plan::All, false));
    }
}
