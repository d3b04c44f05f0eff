//! The folded forms in which values are compared; the index keeps those of the fields that clients search most.

use std::cmp::Ordering;
use std::ops::Deref;

use crate::directory::text::{
    equality_key, fold, fold_exact, fold_telephone, name_variants_of, spellings, variants,
};
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
    forms_by(field, entry, variants)
}

/// [`forms`], where somebody knows the [`variants`] of texts.
pub fn forms_by<V>(field: Field, entry: EntryView<'_>, mut variants: impl FnMut(&str) -> V) -> String
where
    V: Deref<Target: AsRef<[String]>>,
{
    let Some(values) = entry.get(field) else {
        return String::new();
    };
    // A person's name is found in both orders, joined within surname and first name, never across them.
    if field == Field::Cn
        && let (Some(nom), Some(prenom)) = (entry.first(Field::Sn), entry.first(Field::GivenName))
    {
        return lines(name_variants_of(
            (*variants(nom)).as_ref(),
            (*variants(prenom)).as_ref(),
        ));
    }
    if field == Field::DisplayName {
        return lines(values.values().flat_map(|value| shown_forms(&fold(value), entry)));
    }
    match field.matching() {
        Matching::Name => {
            let of_values: Vec<V> = values.values().map(variants).collect();
            lines(of_values.iter().flat_map(|forms| (**forms).as_ref()))
        }
        Matching::Exact | Matching::Time | Matching::Number => lines(values.values().map(fold_exact)),
        Matching::Telephone => lines(values.values().map(fold_telephone)),
    }
}

/// The forms of a name to show, folded: the name joined within surname and first name as in `cn`, what follows it only as it is
/// written, and nothing across them. So each word of a form is one of the name, or of profession and town.
fn shown_forms(shown: &str, entry: EntryView<'_>) -> Vec<String> {
    let mut forms = spellings(shown.to_owned());
    let name = fold(entry.first(Field::Cn).unwrap_or(""));
    let Some(rest) = shown.strip_prefix(name.as_str()) else {
        return forms;
    };
    let parts = match (entry.first(Field::Sn), entry.first(Field::GivenName)) {
        (Some(nom), Some(prenom)) => [nom, prenom],
        _ => [name.as_str(), ""],
    };
    let [first, then] = parts.map(variants);
    for one in &first {
        for other in then
            .iter()
            .map(String::as_str)
            .chain(then.is_empty().then_some(""))
        {
            let sign = if other.is_empty() { "" } else { " " };
            for form in spellings(format!("{one}{sign}{other}{rest}")) {
                if !forms.contains(&form) {
                    forms.push(form);
                }
            }
        }
    }
    forms
}

fn lines(forms: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for form in forms {
        let form = form.as_ref();
        if !text.is_empty() {
            text.push(SEPARATOR);
        }
        form.split(SEPARATOR).for_each(|part| text.push_str(part));
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
