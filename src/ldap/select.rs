//! Which attributes a search wants, and under which names it wants them (RFC 4511 section 4.5.1.8).
//!
//! A name is answered as the client wrote it, since some clients look for exactly that. Unknown ones are ignored.

use std::borrow::Cow;

use super::encode::{EMPTY_SET, Encoded};
use super::schema::{self, Attribute};
use crate::view::ber;
use crate::view::field::Field;

/// The attributes that a search asked for.
#[derive(Debug, Clone)]
pub struct Selection {
    /// By attribute: its name as an encoded octet string, where it is wanted.
    names: Vec<Option<Cow<'static, [u8]>>>,
    /// How many are wanted.
    count: usize,
    types_only: bool,
    names_none: bool,
}

impl Selection {
    /// Reads an attribute list: empty or `*` all user attributes, `+` all operational ones (RFC 3673),
    /// `1.1` alone none.
    pub fn new(requested: &[String], types_only: bool) -> Self {
        let mut selection = Self {
            names: vec![None; Attribute::COUNT],
            count: 0,
            types_only,
            names_none: requested.iter().all(|name| matches!(name.as_str(), "*" | "+")),
        };
        for description in requested {
            match schema::type_of(description) {
                (_, false) => {}
                (name, true) if name.eq_ignore_ascii_case("name") || name == "2.5.4.41" => {
                    schema::NAME_FIELDS
                        .into_iter()
                        .for_each(|field| selection.add(field.into(), None));
                }
                (name, true) => {
                    if let Some(attribute) = Attribute::find(name) {
                        selection.add(attribute, Some(name));
                    }
                }
            }
        }
        let all_user = requested.is_empty() || requested.iter().any(|name| name == "*");
        let all_operational = requested.iter().any(|name| name == "+");
        for attribute in Attribute::all() {
            let operational = attribute.is_operational();
            if operational && all_operational || !operational && all_user {
                selection.add(attribute, None);
            }
        }
        selection
    }

    /// Everything there is, under canonical names.
    pub fn everything(types_only: bool) -> Self {
        Self::new(&["*".to_owned(), "+".to_owned()], types_only)
    }

    /// Whether the list named no attribute by itself: empty, or `*` and `+` only.
    pub fn names_none(&self) -> bool {
        self.names_none
    }

    /// The first name asked stands.
    fn add(&mut self, attribute: Attribute, asked: Option<&str>) {
        let Some(place @ None) = self.names.get_mut(attribute.index()) else {
            return;
        };
        self.count += 1;
        *place = Some(match asked {
            Some(name) => {
                let mut encoded = Vec::with_capacity(ber::element_size(name.len()));
                ber::push_element(&mut encoded, ber::OCTET_STRING, name.as_bytes());
                Cow::Owned(encoded)
            }
            None => Cow::Borrowed(attribute.encoded_name()),
        });
    }

    /// How many attributes are wanted.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether the attribute is wanted.
    pub fn wants(&self, attribute: Attribute) -> bool {
        matches!(self.names.get(attribute.index()), Some(Some(_)))
    }

    /// Whether of all fields only some of these are wanted.
    pub fn is_within(&self, fields: &[Field]) -> bool {
        let others = Field::ALL.iter().filter(|field| !fields.contains(field));
        !others.copied().any(|field| self.wants(field.into()))
    }

    /// The attribute as it goes into the answer; `None` where it is not wanted.
    pub fn encoded<'a>(&'a self, attribute: Attribute, values: &'a [u8]) -> Option<Encoded<'a>> {
        let name = self.names.get(attribute.index())?.as_deref()?;
        Some((name, if self.types_only { EMPTY_SET } else { values }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(names: &[&str]) -> Selection {
        Selection::new(
            &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(),
            false,
        )
    }

    fn name(selection: &Selection, field: Field) -> Option<String> {
        let (name, _) = selection.encoded(field.into(), b"")?;
        Some(String::from_utf8(name[2..].to_vec()).unwrap())
    }

    #[test]
    fn an_empty_list_is_all_user_attributes() {
        for list in [&[][..], &["*"]] {
            assert!(asked(list).wants(Field::Cn.into()));
            assert!(asked(list).wants(schema::OBJECT_CLASS));
            assert!(!asked(list).wants(Field::EntryUuid.into()));
            assert!(asked(list).names_none());
        }
    }

    #[test]
    fn plus_is_all_operational_attributes() {
        assert!(asked(&["+"]).wants(Field::ModifyTimestamp.into()));
        assert!(!asked(&["+"]).wants(Field::Cn.into()));
        assert!(asked(&["+", "*"]).wants(Field::Cn.into()));
    }

    #[test]
    fn one_dot_one_is_nothing() {
        let none = asked(&["1.1"]);
        assert!(Attribute::all().all(|attribute| !none.wants(attribute)));
        assert!(asked(&["1.1", "mail"]).wants(Field::Mail.into()));
    }

    #[test]
    fn names_come_back_as_asked() {
        let selection = asked(&["commonName", "cn", "2.5.4.4", "MAIL", "*"]);
        assert_eq!(name(&selection, Field::Cn).as_deref(), Some("commonName"));
        assert_eq!(name(&selection, Field::Sn).as_deref(), Some("2.5.4.4"));
        assert_eq!(name(&selection, Field::Mail).as_deref(), Some("MAIL"));
        assert_eq!(name(&selection, Field::L).as_deref(), Some("l"));
    }

    #[test]
    fn unknown_names_and_options_are_ignored() {
        let selection = asked(&["legacyExchangeDN", "cn;binary", "sn;lang-fr"]);
        assert!(!selection.wants(Field::Cn.into()));
        assert_eq!(name(&selection, Field::Sn).as_deref(), Some("sn"));
    }

    #[test]
    fn a_supertype_selects_its_subtypes() {
        let selection = asked(&["name"]);
        assert_eq!(name(&selection, Field::GivenName).as_deref(), Some("givenName"));
        assert!(!selection.wants(Field::Mail.into()));
    }

    #[test]
    fn types_only_leaves_the_values_out() {
        let selection = Selection::new(&[], true);
        assert_eq!(
            selection
                .encoded(Field::Cn.into(), b"x")
                .map(|(_, values)| values),
            Some(EMPTY_SET)
        );
    }
}
