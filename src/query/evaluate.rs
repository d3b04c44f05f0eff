//! Whether one entry answers a filter: the reference for what the index finds, by the logic of RFC 4511.
//!
//! Assertions are folded once ([`Prepared`]), values as they are met. Never reads anything but the entry.

use std::cmp::Ordering;

use super::{Filter, Kind, Kinds, Test};
use crate::directory::text;
use crate::view::entry::EntryView;
use crate::view::field::{Field, Matching};

/// Truth of RFC 4511 section 4.5.1.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tri {
    True,
    False,
    Undefined,
}

impl Tri {
    /// False if one is false, else undefined if one is, else true.
    pub fn all(items: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::True;
        for item in items {
            match item {
                Self::False => return Self::False,
                Self::Undefined => result = Self::Undefined,
                Self::True => {}
            }
        }
        result
    }

    /// True if one is true, else undefined if one is, else false.
    pub fn any(items: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for item in items {
            match item {
                Self::True => return Self::True,
                Self::Undefined => result = Self::Undefined,
                Self::False => {}
            }
        }
        result
    }

    /// What cannot be told cannot be told of the contrary either.
    pub fn negate(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Undefined => Self::Undefined,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// Evaluates a filter on one entry; for many entries, prepare it once.
pub fn evaluate(filter: &Filter, kind: Kind, entry: EntryView<'_>) -> Tri {
    Prepared::new(filter).evaluate(kind, entry)
}

/// A filter whose assertion values are folded.
#[derive(Debug, Clone)]
pub struct Prepared(Node);

#[derive(Debug, Clone)]
enum Node {
    Known(Tri),
    Kinds(Kinds),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test(Field, Assertion),
}

#[derive(Debug, Clone)]
enum Assertion {
    Present,
    Equals(String),
    Substrings(Pieces),
    AtLeast(String),
    AtMost(String),
}

#[derive(Debug, Clone)]
struct Pieces {
    initial: String,
    any: Vec<String>,
    last: String,
}

impl Prepared {
    /// Folds every assertion value. The depth of the recursion is the filter's, which protocols bound.
    pub fn new(filter: &Filter) -> Self {
        Self(node(filter))
    }

    pub fn evaluate(&self, kind: Kind, entry: EntryView<'_>) -> Tri {
        self.0.evaluate(kind, entry)
    }
}

fn node(filter: &Filter) -> Node {
    match filter {
        Filter::True => Node::Known(Tri::True),
        Filter::False => Node::Known(Tri::False),
        Filter::Undefined => Node::Known(Tri::Undefined),
        Filter::Kinds(kinds) => Node::Kinds(*kinds),
        Filter::And(items) => Node::And(items.iter().map(node).collect()),
        Filter::Or(items) => Node::Or(items.iter().map(node).collect()),
        Filter::Not(item) => Node::Not(Box::new(node(item))),
        // Shown to some viewers, asked by none: an answer would tell what the viewer may not see.
        Filter::Test(Field::Mobile, _) => Node::Known(Tri::Undefined),
        Filter::Test(field, test) => match assertion(*field, test) {
            Some(assertion) => Node::Test(*field, assertion),
            None => Node::Known(Tri::Undefined),
        },
    }
}

/// The folded assertion; `None` where nothing is left to compare or the value has not the field's shape.
fn assertion(field: Field, test: &Test) -> Option<Assertion> {
    let matching = field.matching();
    Some(match test {
        Test::Present => Assertion::Present,
        Test::Equals(value) | Test::Approx(value) => Assertion::Equals(equality_form(matching, value)?),
        Test::AtLeast(value) => Assertion::AtLeast(ordering_form(matching, value)?),
        Test::AtMost(value) => Assertion::AtMost(ordering_form(matching, value)?),
        Test::Substrings { initial, any, final_ } => {
            if matches!(matching, Matching::Time | Matching::Number) {
                return None;
            }
            let piece = |text: &String| piece_form(matching, text);
            let pieces = Pieces {
                initial: initial.as_ref().map(piece).unwrap_or_default(),
                any: any.iter().map(piece).filter(|piece| !piece.is_empty()).collect(),
                last: final_.as_ref().map(piece).unwrap_or_default(),
            };
            if pieces.initial.is_empty() && pieces.any.is_empty() && pieces.last.is_empty() {
                return None;
            }
            Assertion::Substrings(pieces)
        }
    })
}

fn piece_form(matching: Matching, text: &str) -> String {
    match matching {
        Matching::Name => text::fold(text),
        Matching::Telephone => text::fold_telephone(text),
        Matching::Exact | Matching::Time | Matching::Number => text.to_lowercase(),
    }
}

fn equality_form(matching: Matching, value: &str) -> Option<String> {
    let form = match matching {
        Matching::Name => text::equality_key(value),
        Matching::Exact => text::fold_exact(value),
        Matching::Telephone => text::fold_telephone(value),
        Matching::Time => return generalized_time(value),
        Matching::Number => return number(value).map(|number| number.to_string()),
    };
    (!form.is_empty()).then_some(form)
}

fn ordering_form(matching: Matching, value: &str) -> Option<String> {
    match matching {
        Matching::Name => Some(text::fold(value)).filter(|form| !form.is_empty()),
        other => equality_form(other, value),
    }
}

impl Node {
    fn evaluate(&self, kind: Kind, entry: EntryView<'_>) -> Tri {
        match self {
            Self::Known(tri) => *tri,
            Self::Kinds(kinds) => kinds.contains(kind).into(),
            Self::And(items) => Tri::all(items.iter().map(|item| item.evaluate(kind, entry))),
            Self::Or(items) => Tri::any(items.iter().map(|item| item.evaluate(kind, entry))),
            Self::Not(item) => item.evaluate(kind, entry).negate(),
            Self::Test(field, assertion) => assertion.holds(*field, entry).into(),
        }
    }
}

impl Assertion {
    /// An attribute without values passes no test (and its negation holds).
    fn holds(&self, field: Field, entry: EntryView<'_>) -> bool {
        let Some(values) = entry.get(field) else {
            return false;
        };
        let matching = field.matching();
        let compares = |wanted: &str, accepted: fn(Ordering) -> bool| {
            values
                .values()
                .filter_map(|value| ordering_form(matching, value))
                .any(|value| order(matching, &value, wanted).is_some_and(accepted))
        };
        match self {
            Self::Present => true,
            Self::Equals(wanted) => values
                .values()
                .any(|value| equality_form(matching, value).is_some_and(|form| form == *wanted)),
            Self::AtLeast(wanted) => compares(wanted, Ordering::is_ge),
            Self::AtMost(wanted) => compares(wanted, Ordering::is_le),
            Self::Substrings(pieces) => match matching {
                Matching::Name => folded_forms(field, entry).iter().any(|form| pieces.are_in(form)),
                _ => values
                    .values()
                    .any(|value| pieces.are_in(&piece_form(matching, value))),
            },
        }
    }
}

/// The forms under which substrings find a name-like field: the whole name in both orders for a person's
/// `cn`, the variants of every value otherwise.
fn folded_forms(field: Field, entry: EntryView<'_>) -> Vec<String> {
    if field == Field::Cn
        && let (Some(nom), Some(prenom)) = (entry.first(Field::Sn), entry.first(Field::GivenName))
    {
        return text::name_variants(nom, prenom);
    }
    entry.get(field).map_or_else(Vec::new, |values| {
        values.values().flat_map(text::variants).collect()
    })
}

impl Pieces {
    /// Whether they come in order, without overlap, the first at the beginning and the last at the end.
    fn are_in(&self, form: &str) -> bool {
        let Some(mut rest) = form.strip_prefix(self.initial.as_str()) else {
            return false;
        };
        for piece in &self.any {
            match rest.split_once(piece.as_str()) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(self.last.as_str())
    }
}

fn order(matching: Matching, value: &str, wanted: &str) -> Option<Ordering> {
    match matching {
        Matching::Number => number(value)?.partial_cmp(&number(wanted)?),
        _ => Some(value.cmp(wanted)),
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Brings a generalized time (RFC 4517 section 3.3.13) to UTC and seconds, a form that compares as text.
/// Fractions are cut off. `None` when it is none.
fn generalized_time(text: &str) -> Option<String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (time, zone) = text.split_at(digits);
    if !matches!(digits, 10 | 12 | 14) {
        return None;
    }
    let part = |from: usize, to: usize| -> Option<i8> { time.get(from..to).unwrap_or("0").parse().ok() };
    let local = jiff::civil::DateTime::new(
        time.get(..4)?.parse().ok()?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?,
        0,
    )
    .ok()?;
    let zone = match zone.strip_prefix(['.', ',']) {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return None;
            }
            zone
        }
        None => zone,
    };
    let utc = local
        .checked_sub(jiff::SignedDuration::from_mins(zone_minutes(zone)?))
        .ok()?;
    Some(utc.strftime("%Y%m%d%H%M%SZ").to_string())
}

/// Minutes east of Greenwich of `Z`, `+HH`, `-HHMM`.
fn zone_minutes(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).unwrap_or("0").parse().ok()?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests;
