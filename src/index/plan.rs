//! From a filter to the terms that narrow down what must be looked at.
//!
//! A plan never leaves out an entry of its kind that meets the filter; where it may let others in, it says so, and
//! each candidate is then put to [`crate::query::matcher`].

use super::fields::{self, Family, Lengths, Words};
use super::terms::{self, BEGINNING, GRAM};
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
    /// What has a term of a class with these letters in it.
    Containing(char, String),
    And(Vec<Plan>),
    Or(Vec<Plan>),
}

/// A plan, and whether it lets in nothing else.
type Planned = (Plan, bool);

/// Parts of words that are looked for in all words at a time, a tenth of a second each at national size; further ones narrow
/// nothing down.
const SOUGHT: usize = 4;

/// The plan of a filter over the entries of one kind.
pub fn plan(filter: &Filter, kind: Kind) -> Planned {
    let (mut plan, exact) = planned(filter, kind);
    let mut left = SOUGHT;
    plan.spare(&mut left);
    (plan, exact)
}

fn planned(filter: &Filter, kind: Kind) -> Planned {
    match filter {
        Filter::True => (Plan::All, true),
        Filter::False | Filter::Undefined | Filter::Test(Field::Mobile, _) => (Plan::Nothing, true),
        Filter::Kinds(wanted) if wanted.contains(kind) => (Plan::All, true),
        Filter::Kinds(_) => (Plan::Nothing, true),
        // Negation is for the matcher: what a plan lets in too much it would leave out here.
        Filter::Not(_) => (Plan::All, false),
        Filter::And(parts) => all(parts.iter().map(|part| planned(part, kind))),
        Filter::Or(parts) => any(parts
            .iter()
            .filter(|part| !part.is_implied_by(parts))
            .map(|part| planned(part, kind))),
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
            if fields::is_key(kind, field) {
                // A key may be another field's value.
                (Plan::Term(terms::key(kind, &form)), false)
            } else if fields::has_equality(kind, field) {
                (
                    Plan::Term(terms::equality(field, &form)),
                    !fields::is_hashed(field),
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
    if fields::has_presence(kind, field) {
        (Plan::Term(terms::presence(field)), true)
    } else {
        (Plan::All, fields::is_always_there(kind, field))
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
    let initial = initial.as_ref().map(form);
    let others = any.iter().chain(last).map(form);
    let mut plans = Vec::new();
    if let Some(family) = Family::of(kind, field) {
        match initial {
            Some(initial) if family == Family::Name => {
                headed(terms::first_letters, &initial, kind, &mut plans);
            }
            Some(initial) => inside(family, &initial, kind, &mut plans),
            None => {}
        }
        others.for_each(|piece| inside(family, &piece, kind, &mut plans));
    } else if fields::has_heads(kind, field)
        && let Some(head) = initial.as_deref().map(terms::head_of)
        && !head.is_empty()
    {
        let term = terms::value_head(field, head);
        plans.push(of_piece(term, head, GRAM, Lengths::Longest));
    } else if let Some(words) = Words::of(kind, field) {
        let initial = initial.map(|piece| (piece, true)).into_iter();
        for (piece, begins) in initial.chain(others.map(|piece| (piece, false))) {
            in_words(words, &piece, begins, kind, &mut plans);
        }
    }
    (of_presence(field, kind).0.and(plans), false)
}

fn of_words(field: Field, pieces: &[String], whole: bool, kind: Kind) -> Planned {
    let mut plans = Vec::new();
    let pieces = pieces.iter().map(|piece| piece_form(field.matching(), piece));
    let Some(family) = Family::of(kind, field) else {
        if let Some(words) = Words::of(kind, field) {
            pieces.for_each(|piece| in_words(words, &piece, true, kind, &mut plans));
        }
        return (of_presence(field, kind).0.and(plans), false);
    };
    for piece in pieces {
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
    /// Gives up what is sought in all words where more than so many are.
    fn spare(&mut self, left: &mut usize) {
        match self {
            Self::Containing(..) => match left.checked_sub(1) {
                Some(less) => *left = less,
                None => *self = Self::All,
            },
            Self::And(parts) | Self::Or(parts) => parts.iter_mut().for_each(|part| part.spare(left)),
            _ => {}
        }
    }

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

/// The words, or parts of words, that a piece is made of. `begins` says whether the piece stands at the beginning of a word.
fn in_words(words: Words, piece: &str, begins: bool, kind: Kind, plans: &mut Vec<Plan>) {
    let count = piece.split(' ').count();
    for (place, word) in piece.split(' ').enumerate().filter(|(_, word)| !word.is_empty()) {
        let (begins, ends) = (begins || place > 0, place + 1 < count);
        let term = terms::other_word(word);
        let of_others = match (begins, ends) {
            (true, true) => Plan::Term(term),
            (true, false) => Plan::Beginning(term),
            (false, _) => Plan::Containing(terms::OTHER_WORDS, word.to_owned()),
        };
        if words == Words::Other {
            plans.push(of_others);
            continue;
        }
        let mut of_name = Vec::new();
        match begins {
            true => at_beginning(word, kind, &mut of_name),
            false => inside(Family::Name, word, kind, &mut of_name),
        }
        plans.push(Plan::Or(vec![Plan::All.and(of_name), of_others]));
    }
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
#[path = "plan_tests.rs"]
mod tests;
