//! Entries that do not come from the directory: containers, the root DSE, the subschema.
//!
//! They are made at start, answered by the same selection as the others, and hold nothing of anybody.

use std::borrow::Cow;

use ldap3_proto::proto::{LdapFilter, LdapSearchScope};

use super::controls;
use super::dn::Dn;
use super::encode;
use super::extended;
use super::schema::{self, Attribute};
use super::search::Writer;
use super::tree::{Container, Place, Suffix, Tree};
use crate::query::Tri;
use crate::view::field::Field;

/// The name of the subschema entry.
pub const SUBSCHEMA_DN: &str = "cn=Subschema";

/// An entry made here.
#[derive(Debug, Clone)]
pub struct Fixed {
    pub dn: String,
    attributes: Vec<(Attribute, Vec<String>, Vec<u8>)>,
}

impl Fixed {
    fn new(dn: String) -> Self {
        Self {
            dn,
            attributes: Vec::new(),
        }
    }

    fn with<V: Into<String>>(mut self, attribute: Attribute, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        let encoded = encode::set(values.iter().map(String::as_str));
        self.attributes.push((attribute, values, encoded));
        self
    }

    fn values(&self, attribute: Attribute) -> Option<&[String]> {
        self.attributes
            .iter()
            .find(|(known, _, _)| *known == attribute)
            .map(|(_, values, _)| values.as_slice())
    }

    /// Appends the entry as a search answer.
    pub fn encode(&self, out: &mut Vec<u8>, writer: &Writer) {
        let kept: Vec<(Attribute, Cow<'_, [u8]>)> = self
            .attributes
            .iter()
            .filter_map(|(attribute, values, encoded)| match &writer.values {
                None => Some((*attribute, Cow::Borrowed(encoded.as_slice()))),
                Some(wanted) => {
                    let kept = wanted.keep(*attribute, values.iter().map(String::as_str));
                    (!kept.is_empty()).then(|| (*attribute, Cow::Owned(encode::set(kept))))
                }
            })
            .collect();
        let attributes: Vec<_> = kept
            .iter()
            .filter_map(|(attribute, values)| writer.selection.encoded(*attribute, values))
            .collect();
        encode::entry(out, &writer.message_id, &[self.dn.as_bytes()], &attributes);
    }

    /// Whether the entry answers a filter. Searches below a base find it by class and name only: else a mail
    /// client that types the beginning of `mssante` would be offered a container for a correspondent.
    pub fn answers(&self, filter: &LdapFilter, scope: &LdapSearchScope) -> Tri {
        match filter {
            LdapFilter::And(items) => Tri::all(items.iter().map(|item| self.answers(item, scope))),
            LdapFilter::Or(items) => Tri::any(items.iter().map(|item| self.answers(item, scope))),
            LdapFilter::Not(item) => self.answers(item, scope).negate(),
            LdapFilter::Present(name) => self.compare(name, None, scope),
            LdapFilter::Equality(name, value) | LdapFilter::Approx(name, value) => {
                self.compare(name, Some(value), scope)
            }
            LdapFilter::Substring(..)
            | LdapFilter::GreaterOrEqual(..)
            | LdapFilter::LessOrEqual(..)
            | LdapFilter::Extensible(_) => Tri::Undefined,
        }
    }

    /// Tests one attribute for a value, or for presence without one.
    pub fn compare(&self, description: &str, value: Option<&str>, scope: &LdapSearchScope) -> Tri {
        let (name, meant) = schema::type_of(description);
        let Some(attribute) = Attribute::find(name).filter(|_| meant) else {
            return Tri::Undefined;
        };
        let by_name = attribute == schema::OBJECT_CLASS || attribute.is_operational();
        if !by_name && *scope != LdapSearchScope::Base {
            return Tri::Undefined;
        }
        match (self.values(attribute), value) {
            (values, None) => values.is_some().into(),
            (None, Some(_)) => Tri::False,
            (Some(values), Some(wanted)) => values.iter().any(|known| same(attribute, known, wanted)).into(),
        }
    }

    /// Whether the entry has the attribute at all.
    pub fn has(&self, attribute: Attribute) -> bool {
        self.values(attribute).is_some()
    }
}

/// Whether one value of an attribute meets an assertion on that very attribute.
pub fn value_answers(assertion: &LdapFilter, attribute: Attribute, value: &str) -> bool {
    let is_asked = |description: &str| {
        let (name, meant) = schema::type_of(description);
        meant && Attribute::find(name) == Some(attribute)
    };
    match assertion {
        LdapFilter::Present(name) => is_asked(name),
        LdapFilter::Equality(name, wanted) | LdapFilter::Approx(name, wanted) => {
            is_asked(name) && same(attribute, value, wanted)
        }
        _ => false,
    }
}

fn same(attribute: Attribute, known: &str, wanted: &str) -> bool {
    match attribute {
        schema::OBJECT_CLASS | schema::STRUCTURAL_OBJECT_CLASS => schema::class_name(wanted) == Some(known),
        schema::ENTRY_DN | schema::SUBSCHEMA_SUBENTRY | schema::NAMING_CONTEXTS => {
            let lower = |text: &str| Dn::parse(text).map(|dn| dn.to_string().to_lowercase());
            lower(known).is_ok_and(|known| lower(wanted) == Ok(known))
        }
        _ => known.to_lowercase() == wanted.trim().to_lowercase(),
    }
}

/// The entry of a container, under one of the names of its context.
pub fn container(container: Container, suffix: &Suffix) -> Fixed {
    let naming = match container.unit() {
        Some(unit) => Some((Field::Ou.into(), unit.to_owned())),
        None => suffix
            .dn
            .0
            .first()
            .and_then(|rdn| rdn.first())
            .and_then(|ava| Some((Attribute::find(&ava.attribute)?, ava.value.clone()))),
    };
    let (name, value) = naming.unwrap_or((Field::O.into(), suffix.text.clone()));
    let structural = if name == Field::Ou.into() {
        "organizationalUnit"
    } else {
        "organization"
    };
    let auxiliary: &[&str] = match name {
        schema::DOMAIN_COMPONENT => &["dcObject"],
        name if name == Field::Ou.into() || name == Field::O.into() => &[],
        _ => &["extensibleObject"],
    };
    let classes = ["top", structural].into_iter().chain(auxiliary.iter().copied());
    let dn = suffix.container_dn(container);
    let description = match container {
        Container::Mssante | Container::Bal => "Boîtes aux lettres de l'espace de confiance MSSanté",
        Container::Comptes => "Comptes",
        Container::Register => "Professionnels de santé et structures",
        Container::Professionnels => "Professionnels de santé",
        Container::Structures => "Structures",
    };
    let mut entry = Fixed::new(dn.clone())
        .with(schema::OBJECT_CLASS, classes)
        .with(name, [value.clone()]);
    if structural == "organization" && name != Field::O.into() {
        entry = entry.with(Field::O.into(), [value]);
    }
    let has_subordinates = if container == Container::Comptes {
        "FALSE"
    } else {
        "TRUE"
    };
    entry
        .with(Field::Description.into(), [description])
        .with(schema::STRUCTURAL_OBJECT_CLASS, [structural])
        .with(schema::ENTRY_DN, [dn])
        .with(schema::SUBSCHEMA_SUBENTRY, [SUBSCHEMA_DN])
        .with(schema::HAS_SUBORDINATES, [has_subordinates])
}

/// What works on one connection and may not on another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offer {
    /// TLS can be started.
    pub start_tls: bool,
    /// The client has shown a certificate that may be an account's.
    pub external: bool,
}

/// The root DSE (RFC 4512 section 5.1): only what really works is advertised.
pub fn root_dse(tree: &Tree, offer: Offer) -> Fixed {
    let extensions = [extended::WHO_AM_I, extended::CANCEL]
        .into_iter()
        .chain(offer.start_tls.then_some(extended::START_TLS));
    let mut entry = root(tree).with(schema::SUPPORTED_EXTENSION, extensions);
    if offer.external {
        entry = entry.with(schema::SUPPORTED_SASL_MECHANISMS, ["EXTERNAL"]);
    }
    entry
}

/// What is the same on every connection.
fn root(tree: &Tree) -> Fixed {
    let contexts: Vec<&str> = tree.contexts().map(|suffix| suffix.text.as_str()).collect();
    Fixed::new(String::new())
        .with(schema::OBJECT_CLASS, ["top", "extensibleObject"])
        .with(schema::NAMING_CONTEXTS, contexts.iter().copied())
        .with(schema::DEFAULT_NAMING_CONTEXT, contexts.first().copied())
        .with(schema::SUBSCHEMA_SUBENTRY, [SUBSCHEMA_DN])
        .with(schema::SUPPORTED_LDAP_VERSION, ["3"])
        .with(schema::SUPPORTED_CONTROL, controls::SUPPORTED)
        // All operational attributes (RFC 3673); absolute true and false filters (RFC 4526).
        .with(
            schema::SUPPORTED_FEATURES,
            ["1.3.6.1.4.1.4203.1.5.1", "1.3.6.1.4.1.4203.1.5.3"],
        )
        .with(schema::VENDOR_NAME, [env!("CARGO_PKG_NAME")])
        .with(schema::VENDOR_VERSION, [env!("CARGO_PKG_VERSION")])
        .with(schema::ENTRY_DN, [""])
}

/// The subschema entry (RFC 4512 section 4.2).
pub fn subschema() -> Fixed {
    let published = &schema::PUBLISHED;
    Fixed::new(SUBSCHEMA_DN.to_owned())
        .with(
            schema::OBJECT_CLASS,
            ["top", "subentry", "subschema", "extensibleObject"],
        )
        .with(Field::Cn.into(), ["Subschema"])
        .with(schema::STRUCTURAL_OBJECT_CLASS, ["subentry"])
        .with(schema::ENTRY_DN, [SUBSCHEMA_DN])
        .with(schema::SUBSCHEMA_SUBENTRY, [SUBSCHEMA_DN])
        .with(
            schema::OBJECT_CLASSES,
            published.object_classes.iter().map(String::as_str),
        )
        .with(
            schema::ATTRIBUTE_TYPES,
            published.attribute_types.iter().map(String::as_str),
        )
        .with(
            schema::MATCHING_RULES,
            published.matching_rules.iter().map(String::as_str),
        )
        .with(
            schema::LDAP_SYNTAXES,
            published.syntaxes.iter().map(String::as_str),
        )
}

/// The fixed entry at a place, if there is one.
pub fn at(place: &Place<'_>, tree: &Tree, offer: Offer) -> Option<Fixed> {
    match place {
        Place::Root => Some(root_dse(tree, offer)),
        Place::Subschema => Some(subschema()),
        Place::Container(which, suffix) => Some(container(*which, suffix)),
        Place::Entry(..) | Place::Account(..) | Place::Nowhere(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::new("o=mssante,c=fr").unwrap()
    }

    fn mssante(name: &str) -> Fixed {
        let tree = tree();
        at(&tree.find(&Dn::parse(name).unwrap()), &tree, Offer::default()).unwrap()
    }

    #[test]
    fn a_container_carries_the_value_that_names_it() {
        let entry = mssante("dc=mssante,dc=fr");
        assert_eq!(
            entry.values(schema::DOMAIN_COMPONENT),
            Some(&["mssante".to_owned()][..])
        );
        assert_eq!(entry.values(Field::O.into()), Some(&["mssante".to_owned()][..]));
        assert_eq!(
            mssante("ou=bal,o=mssante,c=fr").values(Field::Ou.into()),
            Some(&["bal".to_owned()][..])
        );
    }

    #[test]
    fn below_a_base_a_container_answers_to_class_and_name_only() {
        let entry = mssante("o=mssante,c=fr");
        let named = LdapFilter::Equality("o".into(), "MSSante".into());
        assert_eq!(entry.answers(&named, &LdapSearchScope::Base), Tri::True);
        assert_eq!(entry.answers(&named, &LdapSearchScope::Subtree), Tri::Undefined);
        let negated = LdapFilter::Not(Box::new(named));
        assert_eq!(entry.answers(&negated, &LdapSearchScope::Subtree), Tri::Undefined);
        let class = LdapFilter::Present("objectClass".into());
        assert_eq!(entry.answers(&class, &LdapSearchScope::Subtree), Tri::True);
        let dn = LdapFilter::Equality("entryDN".into(), "O=MSSANTE, C=FR".into());
        assert_eq!(entry.answers(&dn, &LdapSearchScope::Subtree), Tri::True);
    }

    #[test]
    fn the_root_dse_names_contexts_and_subschema() {
        let root = root_dse(&tree(), Offer::default());
        assert_eq!(
            root.values(schema::NAMING_CONTEXTS),
            Some(&["o=mssante,c=fr".to_owned(), "o=annuaire-sante,c=fr".to_owned()][..])
        );
        assert!(root.has(schema::SUBSCHEMA_SUBENTRY));
    }

    #[test]
    fn the_subschema_answers_to_its_class() {
        let filter = LdapFilter::Equality("objectClass".into(), "subschema".into());
        assert_eq!(subschema().answers(&filter, &LdapSearchScope::Base), Tri::True);
        assert!(
            subschema()
                .values(schema::OBJECT_CLASSES)
                .is_some_and(|values| values.len() > 10)
        );
    }
}
