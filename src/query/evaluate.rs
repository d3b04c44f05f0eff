//! Whether one entry meets a filter: the only place that says so. Indexes only narrow down what is looked at.

use std::borrow::Cow;

use super::forms::forms;
use super::matcher::{Matcher, Subject};
use super::{Filter, Kind, Tri};
use crate::view::entry::EntryView;
use crate::view::field::Field;

/// An entry alone, its forms made when they are asked for.
struct Alone<'e> {
    kind: Kind,
    entry: EntryView<'e>,
}

impl Subject for Alone<'_> {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn forms(&self, field: Field) -> Cow<'_, [u8]> {
        Cow::Owned(forms(field, self.entry).into_bytes())
    }

    fn entry(&self) -> EntryView<'_> {
        self.entry
    }
}

/// Evaluates a filter on an entry.
pub fn evaluate(filter: &Filter, kind: Kind, entry: EntryView<'_>) -> Tri {
    Matcher::new(filter).matches(&Alone { kind, entry })
}

#[cfg(test)]
mod tests {
    use super::super::Test;
    use super::*;
    use crate::view::entry::EntryBuilder;

    fn entry() -> Vec<u8> {
        let mut builder = EntryBuilder::default();
        builder.push(Field::Cn, "DE LA FONTAINE Jean-Pierre");
        builder.push(Field::Cn, "Jean-Pierre DE LA FONTAINE");
        builder.push(Field::Sn, "DE LA FONTAINE");
        builder.push(Field::GivenName, "Jean-Pierre");
        builder.push(
            Field::DisplayName,
            "DE LA FONTAINE Jean-Pierre (Sage-femme, ST ETIENNE)",
        );
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

    fn words(field: Field, pieces: &[&str], whole: bool) -> Filter {
        let pieces = pieces.iter().map(|p| (*p).to_owned()).collect();
        Filter::Test(field, Test::Words { pieces, whole })
    }

    #[test]
    fn a_word_begins_where_the_one_before_ends() {
        assert_eq!(ask(words(Field::Cn, &["font"], false)), Tri::True);
        assert_eq!(ask(words(Field::Cn, &["onta"], false)), Tri::False);
        assert_eq!(ask(words(Field::Cn, &["font"], true)), Tri::False);
        assert_eq!(ask(words(Field::Cn, &["fontaine"], true)), Tri::True);
        assert_eq!(ask(words(Field::Cn, &["jean", "de la"], false)), Tri::True);
        assert_eq!(ask(words(Field::Cn, &["delafontaine"], true)), Tri::True);
    }

    #[test]
    fn the_words_of_an_address_are_those_before_its_domain() {
        assert_eq!(ask(words(Field::Mail, &["dela"], false)), Tri::True);
        assert_eq!(ask(words(Field::Mail, &["mssante"], false)), Tri::False);
        let whole = "jp.delafontaine@a-exemple.mssante.fr";
        assert_eq!(ask(words(Field::Mail, &[whole], true)), Tri::True);
    }

    #[test]
    fn letters_are_in_no_telephone_number() {
        assert_eq!(ask(any(Field::TelephoneNumber, &["foo"])), Tri::False);
    }

    #[test]
    fn nesting_that_says_nothing_is_taken_away() {
        let leg = |field| any(field, &["x"]);
        let nested = Filter::And(vec![Filter::Or(vec![
            leg(Field::Mail),
            Filter::Or(vec![
                leg(Field::Cn),
                Filter::Or(vec![leg(Field::Sn), leg(Field::GivenName)]),
            ]),
        ])]);
        let flat = [Field::Mail, Field::Cn, Field::Sn, Field::GivenName].map(leg);
        assert_eq!(nested.flattened(), Filter::Or(flat.into()));
        assert_eq!(Filter::And(Vec::new()).flattened(), Filter::And(Vec::new()));
    }

    #[test]
    fn a_name_to_show_is_joined_within_the_names_alone() {
        for found in [
            "delafontaine",
            "fontaine jeanpierre",
            "pierre sage",
            "saint-etienne",
            "Pierre (Sage",
        ] {
            assert_eq!(ask(any(Field::DisplayName, &[found])), Tri::True, "{found}");
        }
        for absent in ["fontainejean", "pierresage", "sagefemme"] {
            assert_eq!(ask(any(Field::DisplayName, &[absent])), Tri::False, "{absent}");
        }
    }
}
