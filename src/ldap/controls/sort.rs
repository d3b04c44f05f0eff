//! Server-side sorting (RFC 2891). `cn` is the index's own order and costs nothing; other attributes are sorted
//! after a bounded number of entries has been gathered.

use std::cmp::Ordering;

use ldap3_proto::control::LdapControl;

use crate::directory::text::{fold, fold_exact, fold_telephone};
use crate::ldap::reader::{Reader, boolean};
use crate::ldap::schema::{self, Attribute};
use crate::query::Order;
use crate::view::ber;
use crate::view::entry::EntryView;
use crate::view::field::{Field, Matching};

pub const REQUEST: &str = "1.2.840.113556.1.4.473";
const RESPONSE: &str = "1.2.840.113556.1.4.474";

const ENUMERATED: u8 = 0x0a;
const MAX_KEYS: usize = 8;

/// What the control asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    pub keys: Vec<SortKey>,
    /// Whether an answer in another order is of no use.
    pub critical: bool,
    /// The value as it came.
    pub octets: Vec<u8>,
}

/// One attribute to sort by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    pub attribute: String,
    pub rule: Option<String>,
    pub reverse: bool,
}

/// Why entries are not sorted as asked (section 1.2 of the RFC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortFault {
    pub code: SortResult,
    /// The attribute it is about.
    pub attribute: Option<String>,
}

/// The results of sorting that this server gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortResult {
    Success = 0,
    AdminLimitExceeded = 11,
    NoSuchAttribute = 16,
    InappropriateMatching = 18,
    Busy = 51,
}

/// How sorted entries are had.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrangement {
    /// As the index keeps them.
    Index(Order),
    /// By these fields, once gathered.
    Gathered(Vec<Key>),
}

/// A field to sort by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    field: Field,
    reverse: bool,
}

/// Reads the value of the control.
pub fn read(value: &[u8], critical: bool) -> Option<Sort> {
    let mut list = Reader::of_sequence(value)?;
    let mut keys = Vec::new();
    while !list.is_empty() {
        let mut key = Reader::new(list.take(ber::SEQUENCE)?);
        let attribute = std::str::from_utf8(key.take(ber::OCTET_STRING)?).ok()?;
        let rule = key.take_if(0x80)?;
        let reverse = match key.take_if(0x81)? {
            Some(octets) => boolean(octets)?,
            None => false,
        };
        keys.push(SortKey {
            attribute: attribute.to_owned(),
            rule: rule.map(|rule| String::from_utf8_lossy(rule).into_owned()),
            reverse,
        });
        if !key.is_empty() || keys.len() > MAX_KEYS {
            return None;
        }
    }
    (!keys.is_empty()).then(|| Sort {
        keys,
        critical,
        octets: value.to_vec(),
    })
}

impl Sort {
    /// How to have what is asked.
    pub fn arrange(&self) -> Result<Arrangement, SortFault> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let fault = |code| SortFault {
                code,
                attribute: Some(key.attribute.clone()),
            };
            let (name, meant) = schema::type_of(&key.attribute);
            let field = match Attribute::find(name).filter(|_| meant) {
                Some(attribute) => attribute
                    .field()
                    .ok_or_else(|| fault(SortResult::InappropriateMatching))?,
                // Published, held by no entry: all are equal.
                None if meant && schema::is_defined(name) => continue,
                None => return Err(fault(SortResult::NoSuchAttribute)),
            };
            if !key.rule.as_deref().is_none_or(|rule| fits(rule, field)) {
                return Err(fault(SortResult::InappropriateMatching));
            }
            keys.push(Key {
                field,
                reverse: key.reverse,
            });
        }
        Ok(match keys.as_slice() {
            [] => Arrangement::Index(Order::Name),
            [key] if key.field == Field::Cn => Arrangement::Index(key.order()),
            _ => Arrangement::Gathered(keys),
        })
    }
}

/// The order of the index that comes nearest, for more entries than are gathered: names begin with the surname.
pub fn nearest(keys: &[Key]) -> Option<Order> {
    let key = keys.first()?;
    matches!(key.field, Field::Cn | Field::Sn | Field::DisplayName).then(|| key.order())
}

/// Whether an ordering rule, by name or object identifier, is that of the field. A case-ignoring rule fits
/// every text; equality rules stand for the ordering of the same family, as some clients write them.
fn fits(rule: &str, field: Field) -> bool {
    const TEXT: [&str; 4] = [
        "2.5.13.3",
        "caseIgnoreOrderingMatch",
        "2.5.13.2",
        "caseIgnoreMatch",
    ];
    const TIME: [&str; 2] = ["2.5.13.28", "generalizedTimeOrderingMatch"];
    const NUMBER: [&str; 4] = [
        "2.5.13.15",
        "integerOrderingMatch",
        "2.5.13.9",
        "numericStringOrderingMatch",
    ];
    let rules: &[&str] = match field.matching() {
        Matching::Time => &TIME,
        Matching::Number => &NUMBER,
        Matching::Name | Matching::Exact | Matching::Telephone => &TEXT,
    };
    rules.iter().any(|known| known.eq_ignore_ascii_case(rule))
}

impl Key {
    fn order(self) -> Order {
        if self.reverse {
            Order::NameDescending
        } else {
            Order::Name
        }
    }

    /// What an entry is sorted by: the least of its values, of names the one that people read. An entry without
    /// the attribute comes after those that have it.
    fn of(self, entry: EntryView<'_>) -> Option<String> {
        let values = entry.get(self.field)?.values();
        match self.field {
            Field::Cn => values.map(|value| self.form(value)).next(),
            _ => values.map(|value| self.form(value)).min(),
        }
    }

    /// A value as it is compared.
    fn form(self, value: &str) -> String {
        match self.field.matching() {
            Matching::Name => fold(value),
            Matching::Telephone => fold_telephone(value),
            // Enough places that the letters stand as the numbers do.
            Matching::Number => value
                .trim()
                .parse::<f64>()
                .map_or_else(|_| fold_exact(value), |number| format!("{:030.9}", number + 1e9)),
            Matching::Exact | Matching::Time => fold_exact(value),
        }
    }

    fn compare(self, one: &Option<String>, other: &Option<String>) -> Ordering {
        let order = match (one, other) {
            (Some(one), Some(other)) => one.cmp(other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        };
        if self.reverse { order.reverse() } else { order }
    }
}

/// Sorts what was gathered; equal ones keep their order.
pub fn sort<E>(entries: &mut [E], keys: &[Key], view: impl Fn(&E) -> EntryView<'_>) {
    entries.sort_by_cached_key(|entry| Place(keys.iter().map(|key| (*key, key.of(view(entry)))).collect()));
}

/// Whether an entry stands before a value of the first key.
pub fn is_before(entry: EntryView<'_>, value: &str, keys: &[Key]) -> bool {
    let by_name = Key {
        field: Field::Cn,
        reverse: false,
    };
    let key = keys.first().copied().unwrap_or(by_name);
    key.compare(&key.of(entry), &Some(key.form(value))) == Ordering::Less
}

/// The key that the index's own orders sort by.
pub fn key_of(order: Order) -> Key {
    Key {
        field: Field::Cn,
        reverse: order == Order::NameDescending,
    }
}

/// The values by which an entry is sorted.
struct Place(Vec<(Key, Option<String>)>);

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let pairs = self.0.iter().zip(&other.0);
        pairs
            .map(|((key, one), (_, other))| key.compare(one, other))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Place {}

/// The control of an answer. Written here: the codec's has the wrong tag for the attribute.
pub fn response(code: SortResult, attribute: Option<&str>) -> LdapControl {
    let mut content = Vec::new();
    ber::push_element(&mut content, ENUMERATED, &[code as u8]);
    if let Some(attribute) = attribute {
        ber::push_element(&mut content, 0x80, attribute.as_bytes());
    }
    let mut value = Vec::new();
    ber::push_element(&mut value, ber::SEQUENCE, &content);
    LdapControl::Unknown {
        oid: RESPONSE.to_owned(),
        criticality: false,
        value: Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::entry::EntryBuilder;

    fn by(attribute: &str, rule: Option<&str>, reverse: bool) -> Sort {
        Sort {
            keys: vec![SortKey {
                attribute: attribute.to_owned(),
                rule: rule.map(str::to_owned),
                reverse,
            }],
            critical: true,
            octets: Vec::new(),
        }
    }

    fn fault(sort: &Sort) -> SortResult {
        sort.arrange().unwrap_err().code
    }

    #[test]
    fn the_request_of_sogo_is_read() {
        let value = b"\x30\x10\x30\x0e\x04\x02cn\x80\x082.5.13.3";
        let sort = read(value, true).unwrap();
        assert_eq!(sort.keys, by("cn", Some("2.5.13.3"), false).keys);
        assert_eq!(sort.arrange(), Ok(Arrangement::Index(Order::Name)));
        assert_eq!(read(b"\x30\x00", true), None);
        assert_eq!(read(b"\x30\x07\x30\x05\x04\x02cn\x99", true), None);
    }

    #[test]
    fn names_stand_in_the_index_in_both_directions() {
        let descending = by("commonName", None, true).arrange();
        assert_eq!(descending, Ok(Arrangement::Index(Order::NameDescending)));
        assert!(matches!(
            by("l", None, false).arrange(),
            Ok(Arrangement::Gathered(_))
        ));
    }

    #[test]
    fn unknown_attributes_and_rules_that_do_not_fit_are_told() {
        assert_eq!(fault(&by("IMHandle", None, false)), SortResult::NoSuchAttribute);
        assert_eq!(
            fault(&by("cn", Some("2.5.13.28"), false)),
            SortResult::InappropriateMatching
        );
        assert_eq!(
            fault(&by("objectClass", None, false)),
            SortResult::InappropriateMatching
        );
        assert!(by("modifyTimestamp", Some("2.5.13.28"), false).arrange().is_ok());
        assert!(
            by("pager", None, false).arrange().is_ok(),
            "published, held by none"
        );
    }

    #[test]
    fn entries_without_the_attribute_come_last_and_first_in_reverse() {
        let entry = |town: &str| EntryBuilder::default().push(Field::L, town).finish();
        let mut entries = [entry(""), entry("Évreux"), entry("ALBI"), entry("dax")];
        let mut sorted = |reverse| {
            let Ok(Arrangement::Gathered(keys)) = by("l", None, reverse).arrange() else {
                panic!("not gathered")
            };
            sort(&mut entries, &keys, |entry| EntryView::new(entry));
            entries
                .clone()
                .map(|entry| EntryView::new(&entry).first(Field::L).unwrap_or("").to_owned())
        };
        assert_eq!(sorted(false), ["ALBI", "dax", "Évreux", ""]);
        assert_eq!(sorted(true), ["", "Évreux", "dax", "ALBI"]);
    }

    #[test]
    fn the_attribute_of_a_fault_has_the_tag_of_the_rfc() {
        let LdapControl::Unknown {
            value: Some(value), ..
        } = response(SortResult::NoSuchAttribute, Some("x"))
        else {
            panic!("not written here")
        };
        assert_eq!(value, b"\x30\x06\x0a\x01\x10\x80\x01x");
    }
}
