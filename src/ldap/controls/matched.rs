//! Matched values (RFC 3876): of the attributes of an entry, only the values that meet one of some assertions.

use ldap3_proto::proto::LdapFilter;

use crate::ldap::filter::{self, Bounds, translate};
use crate::ldap::fixed;
use crate::ldap::schema::Attribute;
use crate::ldap::tree::Tree;
use crate::query::{Filter, Kind, Tri, evaluate};
use crate::view::ber;
use crate::view::entry::{EntryBuilder, EntryView};
use crate::view::field::Field;

pub const OID: &str = "1.2.826.0.1.3344810.2.3";

/// Reads the value of the control.
pub fn read(value: &[u8], bounds: Bounds) -> Option<Vec<LdapFilter>> {
    let (ber::SEQUENCE, list, []) = ber::element(value)? else {
        return None;
    };
    filter::decode_items(list, bounds).ok()
}

/// The assertions, ready to be compared with values.
#[derive(Debug)]
pub struct Values {
    asked: Vec<LdapFilter>,
    translated: Vec<Filter>,
}

impl Values {
    pub fn new(asked: Vec<LdapFilter>, tree: &Tree) -> Self {
        let translated = asked.iter().map(|item| translate(item, tree)).collect();
        Self { asked, translated }
    }

    /// Of the values of an attribute those that are wanted.
    pub fn keep<'v>(&self, attribute: Attribute, values: impl Iterator<Item = &'v str>) -> Vec<&'v str> {
        values.filter(|value| self.wants(attribute, value)).collect()
    }

    /// A value is compared as an entry that has no other would be searched.
    fn wants(&self, attribute: Attribute, value: &str) -> bool {
        let Some(field) = attribute.field() else {
            let answers = |item| fixed::value_answers(item, attribute, value);
            return self.asked.iter().any(answers);
        };
        let entry = EntryBuilder::default().push(field, value).finish();
        let answers = |item| answers(item, field, EntryView::new(&entry));
        self.translated.iter().any(answers)
    }
}

/// Whether an assertion on this very field holds; a supertype has become an assertion on each of its subtypes.
fn answers(assertion: &Filter, field: Field, entry: EntryView<'_>) -> bool {
    match assertion {
        Filter::Test(asked, _) if *asked == field => evaluate(assertion, Kind::Mailbox, entry) == Tri::True,
        Filter::Or(parts) => parts.iter().any(|part| answers(part, field, entry)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::schema;

    fn values(items: Vec<LdapFilter>) -> Values {
        Values::new(items, &Tree::new("o=mssante,c=fr").unwrap())
    }

    #[test]
    fn only_values_that_meet_an_assertion_are_kept() {
        let name = LdapFilter::Equality("cn".into(), "testeur claire".into());
        let class = LdapFilter::Equality("objectClass".into(), "PERSON".into());
        let wanted = values(vec![name, class]);
        let kept = wanted.keep(Field::Cn.into(), ["TESTEUR Claire", "Claire TESTEUR"].into_iter());
        assert_eq!(kept, ["TESTEUR Claire"]);
        assert!(wanted.keep(Field::Mail.into(), ["a@b.fr"].into_iter()).is_empty());
        let kept = wanted.keep(schema::OBJECT_CLASS, ["top", "person"].into_iter());
        assert_eq!(kept, ["person"]);
    }

    #[test]
    fn presence_keeps_every_value() {
        let wanted = values(vec![LdapFilter::Present("cn".into())]);
        assert_eq!(wanted.keep(Field::Cn.into(), ["a", "b"].into_iter()), ["a", "b"]);
    }
}
