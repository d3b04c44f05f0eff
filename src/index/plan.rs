//! From a filter to the terms that narrow down what must be looked at.
//!
//! A plan never leaves out an entry that meets the filter; where it may let others in, it says so, and each
//! candidate is then put to [`crate::query::evaluate`].

use super::schema::{self, GRAM};
use crate::query::evaluate::{equality_form, piece_form};
use crate::query::{Filter, Kind, Kinds, Test};
use crate::view::field::Field;

/// What to look at.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    All,
    Nothing,
    Term(String),
    And(Vec<Plan>),
    Or(Vec<Plan>),
}

/// The plan of a filter over entries of some kinds, and whether it lets in nothing else.
pub fn plan(filter: &Filter, kinds: Kinds) -> (Plan, bool) {
    match filter {
        Filter::True => (Plan::All, true),
        Filter::False | Filter::Undefined | Filter::Test(Field::Mobile, _) => (Plan::Nothing, true),
        Filter::Kinds(wanted) => (of_kinds(*wanted), true),
        // Negation is for the evaluation: what a plan lets in too much it would leave out here.
        Filter::Not(_) => (Plan::All, false),
        Filter::And(parts) => {
            let (mut plans, mut exact) = (Vec::new(), true);
            for (plan, is_exact) in parts.iter().map(|part| plan(part, kinds)) {
                exact &= is_exact;
                match plan {
                    Plan::Nothing => return (Plan::Nothing, true),
                    Plan::All => {}
                    plan => plans.push(plan),
                }
            }
            (
                if plans.is_empty() {
                    Plan::All
                } else {
                    Plan::And(plans)
                },
                exact,
            )
        }
        Filter::Or(parts) => {
            let (mut plans, mut exact) = (Vec::new(), true);
            for (plan, is_exact) in parts
                .iter()
                .filter(|part| !is_implied(part, parts))
                .map(|part| plan(part, kinds))
            {
                match plan {
                    Plan::Nothing => {}
                    Plan::All => return (Plan::All, exact && is_exact && parts.len() == 1),
                    plan => plans.push(plan),
                }
                exact &= is_exact;
            }
            (
                if plans.is_empty() {
                    Plan::Nothing
                } else {
                    Plan::Or(plans)
                },
                exact,
            )
        }
        Filter::Test(field, test) => of_test(*field, test, kinds),
    }
}

/// Terms of all kinds of a set.
pub fn of_kinds(kinds: Kinds) -> Plan {
    if kinds == Kinds::ALL {
        return Plan::All;
    }
    let terms: Vec<Plan> = [Kind::Mailbox, Kind::Professional, Kind::Structure]
        .into_iter()
        .filter(|kind| kinds.contains(*kind))
        .map(|kind| Plan::Term(schema::kind_term(kind)))
        .collect();
    if terms.is_empty() {
        Plan::Nothing
    } else {
        Plan::Or(terms)
    }
}

/// A surname or first name holds nothing that `cn` does not hold: beside the same piece asked of `cn`, as every
/// mail client does, its own leg adds nothing.
fn is_implied(part: &Filter, parts: &[Filter]) -> bool {
    let Filter::Test(Field::Sn | Field::GivenName, test) = part else {
        return false;
    };
    let Test::Substrings {
        initial: None,
        any,
        final_: None,
    } = test
    else {
        return false;
    };
    any.len() == 1 && parts.contains(&Filter::Test(Field::Cn, test.clone()))
}

fn of_test(field: Field, test: &Test, kinds: Kinds) -> (Plan, bool) {
    let present = || Plan::Term(schema::presence_term(field));
    match test {
        Test::Present => (present(), true),
        Test::Equals(value) => (
            Plan::Term(schema::equality_term(
                field,
                &equality_form(field.matching(), value),
            )),
            true,
        ),
        Test::Substrings { initial, any, final_ } => {
            of_substrings(field, initial, any, final_, kinds).unwrap_or_else(|| (present(), false))
        }
        Test::AtLeast(_) | Test::AtMost(_) | Test::Approx(_) => (present(), false),
    }
}

fn of_substrings(
    field: Field,
    initial: &Option<String>,
    any: &[String],
    last: &Option<String>,
    kinds: Kinds,
) -> Option<(Plan, bool)> {
    // Surname and first name are parts of `cn`, whose grams serve for them.
    let (gram_field, own) = match field {
        Field::Sn | Field::GivenName => (Field::Cn, false),
        other => (other, true),
    };
    let mut asked = Kind::ALL.into_iter().filter(|kind| kinds.contains(*kind));
    if !asked.all(|kind| schema::has_grams(kind, gram_field)) {
        return None;
    }
    let mut plans = Vec::new();
    let mut short = true;
    let form = |piece: &String| piece_form(field.matching(), piece);
    if let Some(initial) = initial.as_ref().map(form).filter(|initial| !initial.is_empty()) {
        short &= initial.chars().count() <= GRAM;
        if own {
            plans.push(Plan::Term(schema::initial_term(
                gram_field,
                schema::beginning(&initial, GRAM),
            )));
        }
        inside(gram_field, &initial, &mut plans);
    }
    for piece in any.iter().chain(last).map(form) {
        short &= piece.chars().count() <= GRAM;
        inside(gram_field, &piece, &mut plans);
    }
    let one_piece = last.is_none() && any.len() + usize::from(initial.is_some()) == 1;
    match plans.len() {
        0 => None,
        _ => Some((Plan::And(plans), short && one_piece && own)),
    }
}

/// The grams that a piece of at least one letter has.
fn inside(field: Field, piece: &str, plans: &mut Vec<Plan>) {
    let letters = piece.chars().count().min(GRAM);
    let terms = schema::grams(piece).filter(|gram| gram.chars().count() == letters);
    plans.extend(terms.map(|gram| Plan::Term(schema::gram_term(field, gram))));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(field: Field, piece: &str) -> Filter {
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
    fn a_short_infix_is_one_term_and_needs_no_second_look() {
        let (found, exact) = plan(&any(Field::Cn, "XQ"), Kinds::ALL);
        assert_eq!(
            found,
            Plan::And(vec![Plan::Term(schema::gram_term(Field::Cn, "xq"))])
        );
        assert!(exact);
        assert!(!plan(&any(Field::Cn, "martin"), Kinds::ALL).1);
    }

    #[test]
    fn legs_that_cn_implies_are_left_out() {
        let four = Filter::Or(
            [Field::Cn, Field::Mail, Field::GivenName, Field::Sn]
                .map(|f| any(f, "ab"))
                .into(),
        );
        let (Plan::Or(legs), true) = plan(&four, Kinds::only(Kind::Mailbox)) else {
            panic!("not an exact union")
        };
        assert_eq!(legs.len(), 2);
    }

    #[test]
    fn a_negation_looks_at_everything() {
        assert_eq!(
            plan(&Filter::Not(Box::new(any(Field::Cn, "a"))), Kinds::ALL),
            (Plan::All, false)
        );
    }
}
