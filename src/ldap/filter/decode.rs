//! Filters from their octets (RFC 4511 section 4.5.1.7), bounded while they are read.
//!
//! The codec would fail on the whole message for one value that is not UTF-8, as old clients send them; here
//! that assertion alone means nothing, and the others still count.

use ldap3_proto::proto::{LdapFilter, LdapMatchingRuleAssertion, LdapSubstringFilter};
use thiserror::Error;

use crate::ldap::reader::{Reader, boolean};
use crate::view::ber;

const AND: u8 = 0xa0;
const OR: u8 = 0xa1;
const NOT: u8 = 0xa2;
const EQUALITY: u8 = 0xa3;
const SUBSTRINGS: u8 = 0xa4;
const AT_LEAST: u8 = 0xa5;
const AT_MOST: u8 = 0xa6;
const PRESENT: u8 = 0x87;
const APPROX: u8 = 0xa8;
const EXTENSIBLE: u8 = 0xa9;

/// How large a filter may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Operators, assertions, and the pieces of a value after its first, together.
    pub elements: usize,
    /// Operators one within the other.
    pub depth: usize,
}

/// Why a filter is refused as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FilterFault {
    #[error("filter too large: at most {} elements and {} levels", .0.elements, .0.depth)]
    TooLarge(Bounds),
    #[error("the filter cannot be decoded")]
    Malformed,
    #[error("substrings filter without a piece, or its pieces out of order")]
    Pieces,
}

/// Reads one filter with its tag.
pub fn decode(tag: u8, content: &[u8], bounds: Bounds) -> Result<LdapFilter, FilterFault> {
    let left = bounds.elements;
    Decoding { left, bounds }.filter(tag, content, bounds.depth)
}

/// Reads the list of assertions that values are compared with (RFC 3876): no operator among them.
pub fn decode_items(list: &[u8], bounds: Bounds) -> Result<Vec<LdapFilter>, FilterFault> {
    let mut decoding = Decoding {
        left: bounds.elements,
        bounds,
    };
    let items = decoding.list(list, 1)?;
    let is_operator =
        |item: &LdapFilter| matches!(item, LdapFilter::And(_) | LdapFilter::Or(_) | LdapFilter::Not(_));
    if items.iter().any(is_operator) {
        return Err(FilterFault::Malformed);
    }
    Ok(items)
}

/// An assertion that nothing answers and nothing contradicts: one of no attribute by no rule.
fn meaningless() -> LdapFilter {
    LdapFilter::Extensible(LdapMatchingRuleAssertion {
        matching_rule: None,
        type_: None,
        match_value: String::new(),
        dn_attributes: false,
    })
}

struct Decoding {
    left: usize,
    bounds: Bounds,
}

impl Decoding {
    /// Counts an element.
    fn take_one(&mut self) -> Result<(), FilterFault> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or(FilterFault::TooLarge(self.bounds))?;
        Ok(())
    }

    fn filter(&mut self, tag: u8, content: &[u8], depth: usize) -> Result<LdapFilter, FilterFault> {
        self.take_one()?;
        let below = depth.checked_sub(1).ok_or(FilterFault::TooLarge(self.bounds))?;
        match tag {
            AND => Ok(LdapFilter::And(self.list(content, below)?)),
            OR => Ok(LdapFilter::Or(self.list(content, below)?)),
            NOT => {
                let mut inner = Reader::new(content);
                let (tag, content) = inner.any().ok_or(FilterFault::Malformed)?;
                if !inner.is_empty() {
                    return Err(FilterFault::Malformed);
                }
                Ok(LdapFilter::Not(Box::new(self.filter(tag, content, below)?)))
            }
            SUBSTRINGS => self.substrings(content),
            EQUALITY => assertion(content, LdapFilter::Equality),
            AT_LEAST => assertion(content, LdapFilter::GreaterOrEqual),
            AT_MOST => assertion(content, LdapFilter::LessOrEqual),
            APPROX => assertion(content, LdapFilter::Approx),
            PRESENT => Ok(text(content).map_or_else(meaningless, LdapFilter::Present)),
            EXTENSIBLE => extensible(content).ok_or(FilterFault::Malformed),
            _ => Err(FilterFault::Malformed),
        }
    }

    fn list(&mut self, content: &[u8], depth: usize) -> Result<Vec<LdapFilter>, FilterFault> {
        let mut items = Vec::new();
        let mut reader = Reader::new(content);
        while !reader.is_empty() {
            let (tag, content) = reader.any().ok_or(FilterFault::Malformed)?;
            items.push(self.filter(tag, content, depth)?);
        }
        Ok(items)
    }

    fn substrings(&mut self, content: &[u8]) -> Result<LdapFilter, FilterFault> {
        const INITIAL: u8 = 0x80;
        const ANY: u8 = 0x81;
        const FINAL: u8 = 0x82;
        let mut reader = Reader::new(content);
        let (Some(name), Some(list), true) = (
            reader.take(ber::OCTET_STRING),
            reader.take(ber::SEQUENCE),
            reader.is_empty(),
        ) else {
            return Err(FilterFault::Malformed);
        };
        let mut pieces = LdapSubstringFilter::default();
        let mut meant = true;
        let mut reader = Reader::new(list);
        if reader.is_empty() {
            return Err(FilterFault::Pieces);
        }
        while !reader.is_empty() {
            let (tag, octets) = reader.any().ok_or(FilterFault::Malformed)?;
            let is_first = pieces.initial.is_none() && pieces.any.is_empty();
            if pieces.final_.is_some() || (tag == INITIAL && !is_first) {
                return Err(FilterFault::Pieces);
            }
            if !is_first {
                self.take_one()?;
            }
            meant &= std::str::from_utf8(octets).is_ok();
            let piece = text(octets).unwrap_or_default();
            match tag {
                INITIAL => pieces.initial = Some(piece),
                ANY => pieces.any.push(piece),
                FINAL => pieces.final_ = Some(piece),
                _ => return Err(FilterFault::Malformed),
            }
        }
        Ok(match text(name) {
            Some(name) if meant => LdapFilter::Substring(name, pieces),
            _ => meaningless(),
        })
    }
}

fn text(octets: &[u8]) -> Option<String> {
    std::str::from_utf8(octets).ok().map(str::to_owned)
}

fn assertion(
    content: &[u8],
    filter: impl FnOnce(String, String) -> LdapFilter,
) -> Result<LdapFilter, FilterFault> {
    let mut reader = Reader::new(content);
    let (Some(name), Some(value), true) = (
        reader.take(ber::OCTET_STRING),
        reader.take(ber::OCTET_STRING),
        reader.is_empty(),
    ) else {
        return Err(FilterFault::Malformed);
    };
    Ok(match (text(name), text(value)) {
        (Some(name), Some(value)) => filter(name, value),
        _ => meaningless(),
    })
}

fn extensible(content: &[u8]) -> Option<LdapFilter> {
    let mut reader = Reader::new(content);
    let rule = reader.take_if(0x81)?;
    let attribute = reader.take_if(0x82)?;
    let value = reader.take(0x83)?;
    let dn_attributes = match reader.take_if(0x84)? {
        Some(octets) => boolean(octets)?,
        None => false,
    };
    if !reader.is_empty() {
        return None;
    }
    let is_text = [rule, attribute, Some(value)]
        .into_iter()
        .flatten()
        .all(|octets| std::str::from_utf8(octets).is_ok());
    if !is_text {
        return Some(meaningless());
    }
    Some(LdapFilter::Extensible(LdapMatchingRuleAssertion {
        matching_rule: rule.and_then(text),
        type_: attribute.and_then(text),
        match_value: text(value).unwrap_or_default(),
        dn_attributes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3_proto::LdapCodec;
    use ldap3_proto::proto::{LdapDerefAliases, LdapMsg, LdapOp, LdapSearchRequest, LdapSearchScope};
    use proptest::prelude::*;
    use tokio_util::codec::Encoder;

    const BOUNDS: Bounds = Bounds {
        elements: 20,
        depth: 5,
    };

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        ber::push_element(&mut out, tag, content);
        out
    }

    fn decoded(bytes: &[u8]) -> Result<LdapFilter, FilterFault> {
        let (tag, content) = Reader::new(bytes).any().ok_or(FilterFault::Malformed)?;
        decode(tag, content, BOUNDS)
    }

    /// The filter's octets as the codec writes them, cut out of a search.
    fn written(filter: LdapFilter) -> Vec<u8> {
        let mut bytes = bytes::BytesMut::new();
        let search = LdapSearchRequest {
            base: String::new(),
            scope: LdapSearchScope::Subtree,
            aliases: LdapDerefAliases::Never,
            sizelimit: 0,
            timelimit: 0,
            typesonly: false,
            filter,
            attrs: Vec::new(),
        };
        LdapCodec::default()
            .encode(LdapMsg::new(1, LdapOp::SearchRequest(search)), &mut bytes)
            .unwrap();
        let mut message = Reader::of_sequence(&bytes).unwrap();
        message.any().unwrap();
        let mut search = Reader::new(message.any().unwrap().1);
        for _ in 0..6 {
            search.any().unwrap();
        }
        let (tag, content) = search.any().unwrap();
        element(tag, content)
    }

    #[test]
    fn a_value_that_is_not_utf_8_makes_its_own_leg_undefined_and_no_other() {
        let latin = element(EQUALITY, b"\x04\x02sn\x04\x01\xe9");
        let infix = element(SUBSTRINGS, b"\x04\x02sn\x30\x03\x81\x01\xe9");
        let known = element(EQUALITY, b"\x04\x02sn\x04\x01e");
        let filter = decoded(&element(OR, &[latin, infix, known].concat()));
        let e = LdapFilter::Equality("sn".into(), "e".into());
        assert_eq!(filter, Ok(LdapFilter::Or(vec![meaningless(), meaningless(), e])));
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let leaf = element(PRESENT, b"cn");
        let wide = |n| element(AND, &leaf.repeat(n));
        assert!(decoded(&wide(19)).is_ok());
        assert_eq!(decoded(&wide(20)), Err(FilterFault::TooLarge(BOUNDS)));
        let pieces = |n| {
            let pieces = element(0x30, &element(0x81, b"a").repeat(n));
            element(SUBSTRINGS, &[&b"\x04\x02cn"[..], &pieces].concat())
        };
        assert!(decoded(&pieces(20)).is_ok());
        assert_eq!(decoded(&pieces(21)), Err(FilterFault::TooLarge(BOUNDS)));
        let deep = |n| (0..n).fold(leaf.clone(), |inner, _| element(NOT, &inner));
        assert!(decoded(&deep(4)).is_ok());
        assert_eq!(decoded(&deep(5)), Err(FilterFault::TooLarge(BOUNDS)));
    }

    #[test]
    fn empty_lists_are_filters_and_empty_substrings_are_not() {
        assert_eq!(decoded(&[AND, 0]), Ok(LdapFilter::And(Vec::new())));
        assert_eq!(decoded(&[OR, 0]), Ok(LdapFilter::Or(Vec::new())));
        assert_eq!(
            decoded(&element(SUBSTRINGS, b"\x04\x02cn\x30\x00")),
            Err(FilterFault::Pieces)
        );
        assert_eq!(
            decoded(&element(SUBSTRINGS, b"\x04\x02cn\x30\x06\x82\x01a\x81\x01b")),
            Err(FilterFault::Pieces)
        );
    }

    #[test]
    fn a_negation_has_one_part() {
        let two = element(NOT, &element(PRESENT, b"cn").repeat(2));
        assert_eq!(decoded(&two), Err(FilterFault::Malformed));
        assert_eq!(decoded(&[NOT, 0]), Err(FilterFault::Malformed));
    }

    #[test]
    fn only_assertions_are_items() {
        let leaf = element(PRESENT, b"cn");
        assert_eq!(
            decode_items(&leaf, BOUNDS),
            Ok(vec![LdapFilter::Present("cn".into())])
        );
        assert!(decode_items(&element(AND, &leaf), BOUNDS).is_err());
        assert!(decode_items(&[AND, 0], BOUNDS).is_err());
    }

    fn any_filter() -> impl Strategy<Value = LdapFilter> {
        let text = "[a-zé*()]{0,6}";
        let leaf = prop_oneof![
            text.prop_map(LdapFilter::Present),
            (text, text).prop_map(|(name, value)| LdapFilter::Equality(name, value)),
            (text, text).prop_map(|(name, value)| LdapFilter::Approx(name, value)),
            (text, text).prop_map(|(name, value)| LdapFilter::GreaterOrEqual(name, value)),
            (text, text).prop_map(|(name, value)| LdapFilter::LessOrEqual(name, value)),
            (
                text,
                proptest::option::of(text),
                proptest::collection::vec(text, 1..3),
                proptest::option::of(text)
            )
                .prop_map(|(name, initial, any, final_)| {
                    LdapFilter::Substring(name, LdapSubstringFilter { initial, any, final_ })
                }),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(LdapFilter::And),
                proptest::collection::vec(inner.clone(), 0..3).prop_map(LdapFilter::Or),
                inner.prop_map(|inner| LdapFilter::Not(Box::new(inner))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_the_codec_writes_is_read(filter in any_filter()) {
            let bounds = Bounds { elements: 1000, depth: 50 };
            let bytes = written(filter.clone());
            let (tag, content) = Reader::new(&bytes).any().unwrap();
            prop_assert_eq!(decode(tag, content, bounds), Ok(filter));
        }

        #[test]
        fn any_bytes_are_read_without_panic(tag in any::<u8>(), bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode(tag, &bytes, BOUNDS);
            let _ = decode_items(&bytes, BOUNDS);
        }
    }
}
