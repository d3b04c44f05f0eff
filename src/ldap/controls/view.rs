//! The virtual list view (draft-ietf-ldapext-ldapv3-vlv-09): a window on a sorted list, around a place in it.

use ldap3_proto::control::LdapControl;

use crate::ldap::encode::integer;
use crate::ldap::reader::{Reader, number};
use crate::view::ber;

pub const REQUEST: &str = "2.16.840.1.113730.3.4.9";
const RESPONSE: &str = "2.16.840.1.113730.3.4.10";

const ENUMERATED: u8 = 0x0a;
const BY_OFFSET: u8 = 0xa0;
const AT_LEAST: u8 = 0x81;

/// What the control asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub before: usize,
    pub after: usize,
    pub target: Target,
}

/// Around which entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The one at a place, of as many as the client believes that there are (0 for not known).
    Offset { offset: usize, of: usize },
    /// The first whose value is not before this one.
    AtLeast(String),
}

/// How a view ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Success = 0,
    SortControlMissing = 60,
    OffsetRangeError = 61,
}

/// Reads the value of the control.
pub fn read(value: &[u8]) -> Option<View> {
    let mut reader = Reader::of_sequence(value)?;
    let mut count = || usize::try_from(reader.number(ber::INTEGER)?).ok();
    let (before, after) = (count()?, count()?);
    let target = match reader.any()? {
        (BY_OFFSET, content) => {
            let mut reader = Reader::new(content);
            let mut count = || usize::try_from(number(reader.take(ber::INTEGER)?)?).ok();
            Target::Offset {
                offset: count()?,
                of: count()?,
            }
        }
        (AT_LEAST, value) => Target::AtLeast(String::from_utf8_lossy(value).into_owned()),
        _ => return None,
    };
    // A context id may follow: there is no context to be told apart by it.
    Some(View {
        before,
        after,
        target,
    })
}

impl View {
    /// The target's place, from 1, in a list that has `count` entries in truth (section 6.1.1 of the draft): the
    /// client's fraction of the list is kept.
    pub fn place(offset: usize, of: usize, count: usize) -> Option<usize> {
        match (offset, of) {
            (0, _) => None,
            (1, _) => Some(1),
            (_, 0) => Some(offset.min(count)),
            (offset, of) if offset >= of => Some(count),
            (offset, of) => {
                let place = (offset as u128 * count as u128).div_ceil(of as u128);
                Some(usize::try_from(place).unwrap_or(count).clamp(1, count.max(1)))
            }
        }
    }
}

/// The control of an answer.
pub fn response(place: usize, count: usize, outcome: Outcome) -> LdapControl {
    let octets = |value: usize| integer(i32::try_from(value).unwrap_or(i32::MAX));
    let mut content = Vec::new();
    ber::push_element(&mut content, ber::INTEGER, &octets(place));
    ber::push_element(&mut content, ber::INTEGER, &octets(count));
    ber::push_element(&mut content, ENUMERATED, &[outcome as u8]);
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

    #[test]
    fn both_targets_are_read_and_a_context_is_passed_over() {
        let offset = b"\x30\x0e\x02\x01\x00\x02\x01\x09\xa0\x06\x02\x01\x01\x02\x01\x00";
        let expected = View {
            before: 0,
            after: 9,
            target: Target::Offset { offset: 1, of: 0 },
        };
        assert_eq!(read(offset), Some(expected));
        let at_least = b"\x30\x0d\x02\x01\x00\x02\x01\x09\x81\x02ma\x04\x01c";
        assert_eq!(
            read(at_least).map(|view| view.target),
            Some(Target::AtLeast("ma".to_owned()))
        );
        assert_eq!(read(b"\x30\x0a\x02\x01\xff\x02\x01\x09\x81\x02ma"), None);
    }

    #[test]
    fn the_clients_fraction_of_the_list_is_kept() {
        for (offset, of, count, place) in [
            (0, 0, 10, None),
            (1, 0, 10, Some(1)),
            (7, 0, 10, Some(7)),
            (70, 0, 10, Some(10)),
            (50, 100, 10, Some(5)),
            (100, 100, 10, Some(10)),
            (1, 1, 10, Some(1)),
            (2, 0, 0, Some(0)),
        ] {
            assert_eq!(
                View::place(offset, of, count),
                place,
                "{offset} of {of} in {count}"
            );
        }
    }
}
