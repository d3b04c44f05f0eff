//! From LDAP filters to the query's: attributes by any of their names, classes to kinds, names to keys.
//!
//! What means nothing here becomes `Undefined` and never an error, so that the other legs of a client's filter
//! still count.

mod decode;

use ldap3_proto::proto::{LdapFilter, LdapMatchingRuleAssertion, LdapSubstringFilter};

pub use decode::{Bounds, FilterFault, decode, decode_items};

use super::dn::Dn;
use super::schema::{self, Attribute};
use super::tree::{self, Place, Tree};
use crate::query::{Filter, Key, Kinds, Test};

/// Translates a filter, which its decoding has bounded.
pub fn translate(filter: &LdapFilter, tree: &Tree) -> Filter {
    let all = |items: &[LdapFilter]| items.iter().map(|item| translate(item, tree)).collect();
    match filter {
        LdapFilter::And(items) => Filter::And(all(items)),
        LdapFilter::Or(items) => Filter::Or(all(items)),
        LdapFilter::Not(item) => Filter::Not(Box::new(translate(item, tree))),
        LdapFilter::Present(name) => assertion(name, &Test::Present, tree),
        LdapFilter::Equality(name, value) => assertion(name, &Test::Equals(value.clone()), tree),
        LdapFilter::Approx(name, value) => assertion(name, &Test::Approx(value.clone()), tree),
        LdapFilter::GreaterOrEqual(name, value) => assertion(name, &Test::AtLeast(value.clone()), tree),
        LdapFilter::LessOrEqual(name, value) => assertion(name, &Test::AtMost(value.clone()), tree),
        LdapFilter::Substring(name, pieces) => assertion(name, &substrings(pieces), tree),
        LdapFilter::Extensible(rule) => extensible(rule, tree),
    }
}

fn substrings(pieces: &LdapSubstringFilter) -> Test {
    let LdapSubstringFilter { initial, any, final_ } = pieces.clone();
    Test::Substrings { initial, any, final_ }
}

/// One assertion on one attribute, by whatever name the attribute goes.
pub fn assertion(description: &str, test: &Test, tree: &Tree) -> Filter {
    let (name, meant) = schema::type_of(description);
    if !meant {
        return Filter::Undefined;
    }
    if name.eq_ignore_ascii_case("name") || name == "2.5.4.41" {
        let tests = schema::NAME_FIELDS
            .into_iter()
            .map(|field| Filter::Test(field, test.clone()));
        return Filter::Or(tests.collect());
    }
    match Attribute::find(name) {
        Some(attribute) => match attribute.field() {
            Some(field) => Filter::Test(field, test.clone()),
            None => made_here(attribute, test, tree),
        },
        // Published, held by no entry: absent, so that its negation holds.
        None if schema::is_defined(name) => Filter::False,
        None => Filter::Undefined,
    }
}

/// An assertion on an attribute that no field holds: its values follow from the kind and the key.
fn made_here(attribute: Attribute, test: &Test, tree: &Tree) -> Filter {
    match (attribute, test) {
        (schema::OBJECT_CLASS, Test::Equals(class) | Test::Approx(class)) => of_class(class),
        (schema::STRUCTURAL_OBJECT_CLASS, Test::Equals(class) | Test::Approx(class)) => {
            match schema::class_name(class) {
                Some("inetOrgPerson" | "organization") => of_class(class),
                Some(_) => Filter::False,
                None => Filter::Undefined,
            }
        }
        (schema::ENTRY_DN, Test::Equals(dn) | Test::Approx(dn)) => named(dn, tree),
        (schema::HAS_SUBORDINATES, Test::Equals(value)) => match value.as_str() {
            "FALSE" => Filter::True,
            "TRUE" => Filter::False,
            _ => Filter::Undefined,
        },
        (schema::SUBSCHEMA_SUBENTRY, Test::Equals(dn)) => match Dn::parse(dn).map(|dn| tree.find(&dn)) {
            Ok(place) => {
                if place == Place::Subschema {
                    Filter::True
                } else {
                    Filter::False
                }
            }
            Err(_) => Filter::Undefined,
        },
        (
            schema::OBJECT_CLASS
            | schema::STRUCTURAL_OBJECT_CLASS
            | schema::ENTRY_DN
            | schema::HAS_SUBORDINATES
            | schema::SUBSCHEMA_SUBENTRY,
            test,
        ) => {
            if *test == Test::Present {
                Filter::True
            } else {
                Filter::Undefined
            }
        }
        // Attributes of the root DSE, of the subschema and of containers.
        _ => Filter::False,
    }
}

fn of_class(class: &str) -> Filter {
    match schema::kinds_of_class(class) {
        Some(Kinds::ALL) => Filter::True,
        Some(Kinds::NONE) => Filter::False,
        Some(kinds) => Filter::Kinds(kinds),
        None => Filter::Undefined,
    }
}

/// The entry of this name.
fn named(dn: &str, tree: &Tree) -> Filter {
    let Ok(dn) = Dn::parse(dn) else {
        return Filter::Undefined;
    };
    match tree.find(&dn) {
        Place::Entry(key, _) => {
            let kind = key.kind();
            let (Key::Mailbox(value) | Key::Professional(value) | Key::Structure(value)) = key;
            Filter::And(vec![
                Filter::Kinds(Kinds::only(kind)),
                Filter::Test(tree::naming_field(kind), Test::Equals(value)),
            ])
        }
        _ => Filter::False,
    }
}

/// `attribute:rule:=value` where the rule is one of the equality rules, which all fold as the attribute does;
/// `:dn` extends the test to the parts of the entry's name. Without an attribute it would mean every one.
fn extensible(rule: &LdapMatchingRuleAssertion, tree: &Tree) -> Filter {
    let Some(name) = &rule.type_ else {
        return Filter::Undefined;
    };
    if rule
        .matching_rule
        .as_deref()
        .is_some_and(|rule| !is_equality_rule(rule))
    {
        return Filter::Undefined;
    }
    let own = assertion(name, &Test::Equals(rule.match_value.clone()), tree);
    match tree::kinds_under(tree, name, &rule.match_value) {
        kinds if rule.dn_attributes && !kinds.is_empty() => Filter::Or(vec![own, Filter::Kinds(kinds)]),
        _ => own,
    }
}

fn is_equality_rule(rule: &str) -> bool {
    const RULES: [&str; 16] = [
        "caseIgnoreMatch",
        "2.5.13.2",
        "caseIgnoreListMatch",
        "2.5.13.11",
        "caseIgnoreIA5Match",
        "1.3.6.1.4.1.1466.109.114.2",
        "telephoneNumberMatch",
        "2.5.13.20",
        "generalizedTimeMatch",
        "2.5.13.27",
        "objectIdentifierMatch",
        "2.5.13.0",
        "distinguishedNameMatch",
        "2.5.13.1",
        "UUIDMatch",
        "1.3.6.1.1.16.2",
    ];
    RULES.iter().any(|known| known.eq_ignore_ascii_case(rule))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Kind;
    use crate::view::field::Field;

    fn translated(filter: &LdapFilter) -> Filter {
        translate(filter, &Tree::new("o=mssante,c=fr").unwrap())
    }

    fn equal(name: &str, value: &str) -> LdapFilter {
        LdapFilter::Equality(name.to_owned(), value.to_owned())
    }

    fn test(field: Field, value: &str) -> Filter {
        Filter::Test(field, Test::Equals(value.to_owned()))
    }

    #[test]
    fn attributes_go_by_alias_and_identifier() {
        for name in ["sn", "SURNAME", "2.5.4.4", "sn;lang-fr"] {
            assert_eq!(translated(&equal(name, "x")), test(Field::Sn, "x"));
        }
    }

    #[test]
    fn what_is_unknown_is_undefined_and_what_is_only_published_is_absent() {
        assert_eq!(translated(&equal("IMHandle", "x")), Filter::Undefined);
        assert_eq!(translated(&equal("cn;binary", "x")), Filter::Undefined);
        assert_eq!(
            translated(&LdapFilter::Present("pager".to_owned())),
            Filter::False
        );
    }

    #[test]
    fn classes_become_kinds() {
        assert_eq!(
            translated(&LdapFilter::Present("objectClass".into())),
            Filter::True
        );
        assert_eq!(translated(&equal("objectclass", "TOP")), Filter::True);
        let structure = Filter::Kinds(Kinds::only(Kind::Structure));
        assert_eq!(translated(&equal("objectClass", "organization")), structure);
        assert_eq!(translated(&equal("objectClass", "groupOfNames")), Filter::False);
        assert_eq!(
            translated(&equal("objectClass", "MyBarnIsBiggerThanYourBarn")),
            Filter::Undefined
        );
    }

    #[test]
    fn an_entry_is_found_by_its_name() {
        let filter = translated(&equal(
            "entryDN",
            "MAIL=A@b-exemple.mssante.fr,ou=bal,dc=mssante,dc=fr",
        ));
        let expected = vec![
            Filter::Kinds(Kinds::only(Kind::Mailbox)),
            test(Field::Mail, "a@b-exemple.mssante.fr"),
        ];
        assert_eq!(filter, Filter::And(expected));
        assert_eq!(translated(&equal("entryDN", "cn=x")), Filter::False);
        assert_eq!(translated(&equal("entryDN", "x")), Filter::Undefined);
    }

    #[test]
    fn extensible_filters_take_equality_rules_and_parts_of_the_name() {
        let rule = |rule: Option<&str>, type_: Option<&str>, dn_attributes| {
            LdapFilter::Extensible(LdapMatchingRuleAssertion {
                matching_rule: rule.map(str::to_owned),
                type_: type_.map(str::to_owned),
                match_value: "bal".to_owned(),
                dn_attributes,
            })
        };
        assert_eq!(
            translated(&rule(Some("caseIgnoreMatch"), Some("cn"), false)),
            test(Field::Cn, "bal")
        );
        assert_eq!(
            translated(&rule(Some("1.2.3"), Some("cn"), false)),
            Filter::Undefined
        );
        assert_eq!(
            translated(&rule(Some("caseIgnoreMatch"), None, false)),
            Filter::Undefined
        );
        let under = vec![test(Field::Ou, "bal"), Filter::Kinds(Kinds::only(Kind::Mailbox))];
        assert_eq!(translated(&rule(None, Some("ou"), true)), Filter::Or(under));
    }

    #[test]
    fn a_supertype_asks_its_subtypes() {
        let Filter::Or(tests) = translated(&equal("name", "x")) else {
            panic!("not an or")
        };
        assert!(tests.contains(&test(Field::GivenName, "x")));
    }
}
