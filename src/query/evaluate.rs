//! Whether one entry meets a filter: the only place that says so. Indexes only narrow down what is looked at.

use std::cmp::Ordering;

use super::{Filter, Kind, Test};
use crate::directory::text::{equality_key, fold, fold_exact, fold_telephone, name_variants, variants};
use crate::view::entry::EntryView;
use crate::view::field::{Field, Matching};

/// True, false, or undefined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tri {
    True,
    False,
    Undefined,
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl Tri {
    /// True when all are, false when one is; true of none.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::True;
        for part in parts {
            match part {
                Self::False => return Self::False,
                Self::Undefined => result = Self::Undefined,
                Self::True => {}
            }
        }
        result
    }

    /// True when one is, false when all are; false of none.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for part in parts {
            match part {
                Self::True => return Self::True,
                Self::Undefined => result = Self::Undefined,
                Self::False => {}
            }
        }
        result
    }

    /// What is undefined stays so.
    pub fn negate(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Undefined => Self::Undefined,
        }
    }
}

/// Evaluates a filter on an entry.
pub fn evaluate(filter: &Filter, kind: Kind, entry: EntryView<'_>) -> Tri {
    match filter {
        Filter::True => Tri::True,
        Filter::False => Tri::False,
        Filter::Undefined => Tri::Undefined,
        Filter::Kinds(kinds) => kinds.contains(kind).into(),
        Filter::And(parts) => Tri::all(parts.iter().map(|part| evaluate(part, kind, entry))),
        Filter::Or(parts) => Tri::any(parts.iter().map(|part| evaluate(part, kind, entry))),
        Filter::Not(part) => evaluate(part, kind, entry).negate(),
        // A mobile number is shown to those who may see it; it is never asked.
        Filter::Test(Field::Mobile, _) => Tri::Undefined,
        Filter::Test(field, test) => holds(*field, test, entry).into(),
    }
}

fn holds(field: Field, test: &Test, entry: EntryView<'_>) -> bool {
    let Some(values) = entry.get(field) else {
        return false;
    };
    let matching = field.matching();
    match test {
        Test::Present => true,
        Test::Equals(wanted) => {
            let wanted = equality_form(matching, wanted);
            values
                .values()
                .any(|value| equality_form(matching, value) == wanted)
        }
        Test::Approx(wanted) => {
            let wanted = fold(wanted);
            !wanted.is_empty()
                && forms(field, matching, entry).iter().any(|form| {
                    wanted.split(' ').all(|word| form.split(' ').any(|w| w == word)) || *form == wanted
                })
        }
        Test::Substrings { initial, any, final_ } => {
            let pieces = Pieces::new(matching, initial, any, final_);
            forms(field, matching, entry)
                .iter()
                .any(|form| pieces.are_in(form))
        }
        Test::AtLeast(bound) => values
            .values()
            .any(|value| order(matching, value, bound).is_some_and(|o| o.is_ge())),
        Test::AtMost(bound) => values
            .values()
            .any(|value| order(matching, value, bound).is_some_and(|o| o.is_le())),
    }
}

/// The form in which equal values are equal.
pub fn equality_form(matching: Matching, value: &str) -> String {
    match matching {
        Matching::Name => equality_key(value),
        Matching::Exact | Matching::Time | Matching::Number => fold_exact(value),
        Matching::Telephone => fold_telephone(value),
    }
}

fn order_form(matching: Matching, value: &str) -> String {
    match matching {
        Matching::Name => fold(value),
        Matching::Exact | Matching::Time | Matching::Number => fold_exact(value),
        Matching::Telephone => fold_telephone(value),
    }
}

/// How a value stands to a bound; `None` where one of them is no number and both should be.
fn order(matching: Matching, value: &str, bound: &str) -> Option<Ordering> {
    match matching {
        Matching::Number => value
            .parse::<f64>()
            .ok()?
            .partial_cmp(&bound.trim().parse().ok()?),
        // Generalized times of one form, `…Z`, are in the order of their letters; a shorter one is a beginning.
        _ => Some(order_form(matching, value).cmp(&order_form(matching, bound))),
    }
}

/// The form in which one piece of a value is looked for.
pub fn piece_form(matching: Matching, piece: &str) -> String {
    order_form(matching, piece)
}

/// Every form of a field's values in which pieces are looked for.
pub fn forms(field: Field, matching: Matching, entry: EntryView<'_>) -> Vec<String> {
    let Some(values) = entry.get(field) else {
        return Vec::new();
    };
    if field == Field::Cn
        && let (Some(sn), Some(given)) = (entry.get(Field::Sn), entry.get(Field::GivenName))
        && let (Some(nom), Some(prenom)) = (sn.values().next(), given.values().next())
    {
        return name_variants(nom, prenom);
    }
    match matching {
        Matching::Name => values.values().flat_map(variants).collect(),
        Matching::Exact | Matching::Time | Matching::Number => values.values().map(fold_exact).collect(),
        Matching::Telephone => values.values().map(fold_telephone).collect(),
    }
}

struct Pieces {
    initial: Option<String>,
    any: Vec<String>,
    last: Option<String>,
}

impl Pieces {
    fn new(matching: Matching, initial: &Option<String>, any: &[String], last: &Option<String>) -> Self {
        let form = |piece: &String| piece_form(matching, piece);
        Self {
            initial: initial.as_ref().map(form),
            any: any.iter().map(form).collect(),
            last: last.as_ref().map(form),
        }
    }

    fn are_in(&self, form: &str) -> bool {
        let mut rest = form;
        if let Some(initial) = &self.initial {
            match rest.strip_prefix(initial.as_str()) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        for piece in &self.any {
            match rest
                .find(piece.as_str())
                .and_then(|start| rest.get(start + piece.len()..))
            {
                Some(after) => rest = after,
                None => return false,
            }
        }
        self.last
            .as_ref()
            .is_none_or(|last| rest.ends_with(last.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::entry::EntryBuilder;

    fn entry() -> Vec<u8> {
        let mut builder = EntryBuilder::default();
        builder.push(Field::Cn, "DE LA FONTAINE Jean-Pierre");
        builder.push(Field::Cn, "Jean-Pierre DE LA FONTAINE");
        builder.push(Field::Sn, "DE LA FONTAINE");
        builder.push(Field::GivenName, "Jean-Pierre");
        builder.push(Field::L, "ST ETIENNE");
        builder.push(Field::Mail, "jp.delafontaine@a-exemple.mssante.fr");
        builder.finish()
    }

    fn ask(filter: Filter) -> Tri {
        evaluate(&filter, Kind::Mailbox, EntryView::new(&entry()))
    }

    fn any(field: Field, pieces: &[&str]) -> Filter {
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

    fn equals(field: Field, value: &str) -> Filter {
        Filter::Test(field, Test::Equals(value.to_owned()))
    }

    #[test]
    fn undefined_is_neither_true_nor_false() {
        let unknown = Filter::Undefined;
        assert_eq!(ask(Filter::Not(Box::new(unknown.clone()))), Tri::Undefined);
        assert_eq!(ask(Filter::Or(vec![unknown.clone(), Filter::True])), Tri::True);
        assert_eq!(ask(Filter::And(vec![unknown.clone(), Filter::False])), Tri::False);
        assert_eq!(ask(Filter::And(vec![unknown, Filter::True])), Tri::Undefined);
        assert_eq!(ask(Filter::And(Vec::new())), Tri::True);
        assert_eq!(ask(Filter::Or(Vec::new())), Tri::False);
    }

    #[test]
    fn spaced_and_joined_spellings_meet() {
        for typed in ["de la fontaine", "delafontaine", "De-la Fontaine"] {
            assert_eq!(ask(equals(Field::Sn, typed)), Tri::True, "{typed}");
            assert_eq!(ask(any(Field::Cn, &[typed])), Tri::True, "{typed}");
        }
        assert_eq!(ask(any(Field::Cn, &["delafontaine jean"])), Tri::True);
        assert_eq!(ask(any(Field::Cn, &["jean", "font"])), Tri::True);
        assert_eq!(ask(any(Field::Cn, &["ej"])), Tri::False);
        assert_eq!(ask(equals(Field::L, "Saint-Étienne")), Tri::True);
        assert_eq!(ask(any(Field::L, &["saint"])), Tri::True);
    }

    #[test]
    fn a_mobile_number_is_never_asked() {
        assert_eq!(ask(Filter::Test(Field::Mobile, Test::Present)), Tri::Undefined);
    }
}
