//! The filters of an extraction, as conditions in SQL. `COPY` takes no bound values, so values are quoted here, and
//! only here: within bounds, without control characters, quotes doubled.

use super::error::ExportError;
use super::layout::Layout;
use crate::directory::commune;

/// Values by filter; within one filter they are alternatives, across filters all must hold.
#[derive(Debug, Clone, Default)]
pub struct Filters(Vec<(&'static str, Vec<String>)>);

/// Every filter that some extraction has.
pub const NAMES: &[&str] = &[
    "profession",
    "savoir_faire",
    "mode_exercice",
    "departement",
    "code_postal",
    "commune",
    "structure",
    "type_bal",
    "domaine",
    "categorie",
    "avec_messagerie",
];

/// The most letters of one value.
const LONGEST: usize = 200;

impl Filters {
    /// Adds values of a filter; no value filters nothing.
    pub fn add(&mut self, name: &'static str, values: Vec<String>) {
        if !values.is_empty() {
            self.0.push((name, values));
        }
    }

    /// The condition that a row of a layout must meet.
    pub fn condition(&self, layout: &Layout) -> Result<String, ExportError> {
        let mut condition = layout.visible.to_owned();
        for (name, values) in &self.0 {
            let known = layout.filters.iter().find(|(known, _)| known == name);
            let (_, template) = known.ok_or(ExportError::NoSuchFilter(name))?;
            let mut quoted = Vec::with_capacity(values.len());
            // No row has a control character: such a value is no alternative.
            for value in values.iter().filter(|value| !value.chars().any(char::is_control)) {
                for alternative in alternatives(name, value)? {
                    quoted.push(quote(&alternative));
                }
            }
            let array = format!("array[{}]::text[]", quoted.join(","));
            condition.push_str(" and (");
            condition.push_str(&template.replace("{}", &array));
            condition.push(')');
        }
        Ok(condition)
    }
}

/// What a value of a filter stands for, as the conditions compare: domains in lower case, communes by each of their
/// names, without accents and hyphens, and codes.
fn alternatives(name: &'static str, value: &str) -> Result<Vec<String>, ExportError> {
    if value.chars().nth(LONGEST).is_some() {
        return Err(ExportError::Filter(name));
    }
    Ok(match name {
        "domaine" => vec![value.to_lowercase()],
        "commune" => commune::names(value)
            .iter()
            .map(|name| name.to_lowercase())
            .collect(),
        _ => vec![value.to_owned()],
    })
}

/// A value as a literal of SQL, whatever it holds. Safe where `standard_conforming_strings` is on, which the session
/// of an extraction sets.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::visibility::VISIBLE_BOX;

    fn condition(kind: Kind, name: &'static str, values: &[&str]) -> Result<String, ExportError> {
        let mut filters = Filters::default();
        filters.add(name, values.iter().map(|v| (*v).to_owned()).collect());
        filters.condition(kind.layout())
    }

    #[test]
    fn values_are_alternatives_and_red_listed_boxes_stay_out() {
        assert_eq!(
            condition(Kind::Correspondance, "departement", &["44", "2A"]).unwrap(),
            format!("{VISIBLE_BOX} and (a.departement = any(array['44','2A']::text[]))")
        );
    }

    #[test]
    fn a_filter_of_another_extraction_is_refused_by_name() {
        let refused = condition(Kind::Structures, "profession", &["10"]).unwrap_err();
        assert!(matches!(refused, ExportError::NoSuchFilter("profession")));
    }

    #[test]
    fn a_value_with_a_control_character_is_no_alternative() {
        let none = condition(Kind::Correspondance, "departement", &["a\u{0}b"]).unwrap();
        assert!(none.ends_with("any(array[]::text[]))"), "{none}");
        let one = condition(Kind::Correspondance, "departement", &["\n", "44"]).unwrap();
        assert!(one.ends_with("any(array['44']::text[]))"), "{one}");
    }

    #[test]
    fn every_filter_is_in_the_list_of_names() {
        for layout in Kind::ALL.map(Kind::layout) {
            for (name, _) in layout.filters {
                assert!(NAMES.contains(name), "{name}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_value_leaves_its_quotes(value in "\\PC{0,60}") {
            let literal = quote(&value);
            let inside = &literal[1..literal.len() - 1];
            proptest::prop_assert_eq!(inside.replace("''", "\u{1}").find('\''), None);
            proptest::prop_assert_eq!(inside.replace("''", "'"), value);
        }
    }
}
