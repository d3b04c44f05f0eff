//! The folded forms in which values are compared; the index keeps those of the fields that clients search most.

use std::cmp::Ordering;

use crate::directory::text::{equality_key, fold, fold_exact, fold_telephone, name_variants, variants};
use crate::view::entry::EntryView;
use crate::view::field::{Field, Matching};

/// Stands between two forms of one field. No form holds it.
pub const SEPARATOR: char = '\n';

/// The form in which equal values are equal.
pub fn equality_form(matching: Matching, value: &str) -> String {
    match matching {
        Matching::Name => equality_key(value),
        Matching::Exact | Matching::Time | Matching::Number => fold_exact(value),
        Matching::Telephone => fold_telephone(value),
    }
}

/// The form in which one piece of a value is looked for, and in which values are put in order.
pub fn piece_form(matching: Matching, piece: &str) -> String {
    match matching {
        Matching::Name => fold(piece),
        Matching::Exact | Matching::Time | Matching::Number => fold_exact(piece),
        Matching::Telephone => fold_telephone(piece),
    }
}

/// Every form of a field's values in which pieces are looked for, with [`SEPARATOR`] between them; empty where
/// the entry lacks the field.
pub fn forms(field: Field, entry: EntryView<'_>) -> String {
    let Some(values) = entry.get(field) else {
        return String::new();
    };
    // A person's name is found in both orders, joined within surname and first name, never across them.
    if field == Field::Cn
        && let (Some(nom), Some(prenom)) = (entry.first(Field::Sn), entry.first(Field::GivenName))
    {
        return lines(name_variants(nom, prenom));
    }
    match field.matching() {
        Matching::Name => lines(values.values().flat_map(variants)),
        Matching::Exact | Matching::Time | Matching::Number => lines(values.values().map(fold_exact)),
        Matching::Telephone => lines(values.values().map(fold_telephone)),
    }
}

fn lines(forms: impl IntoIterator<Item = String>) -> String {
    let mut text = String::new();
    for form in forms {
        if !text.is_empty() {
            text.push(SEPARATOR);
        }
        text.extend(form.chars().filter(|c| *c != SEPARATOR));
    }
    text
}

/// How a value stands to a bound already in its [`piece_form`]; `None` where one is no number and both should be.
pub fn compare(matching: Matching, value: &str, bound: &str) -> Option<Ordering> {
    match matching {
        Matching::Number => value
            .parse::<f64>()
            .ok()?
            .partial_cmp(&bound.trim().parse().ok()?),
        // Generalized times of one form, `…Z`, are in the order of their letters; a shorter one is a beginning.
        _ => Some(piece_form(matching, value).as_str().cmp(bound)),
    }
}
