//! Search result entries written straight from their encoded values: bytes are copied, nothing is rebuilt.
//!
//! Other responses go through the codec; only entries are many enough to need this.

use crate::view::ber::{self, element_size};

/// APPLICATION 4, constructed (RFC 4511 section 4.5.2).
const SEARCH_RESULT_ENTRY: u8 = 0x64;
/// A SET without members, what `typesOnly` asks for.
pub const EMPTY_SET: &[u8] = &[ber::SET, 0];

/// One attribute of an answer, both parts encoded: its name (OCTET STRING) and its values (SET OF).
pub type Encoded<'a> = (&'a [u8], &'a [u8]);

/// Appends the LDAP message of one entry. Its id is an [`integer`], its name may come in parts.
pub fn entry(out: &mut Vec<u8>, message_id: &[u8], dn: &[&[u8]], attributes: &[Encoded<'_>]) {
    let list: usize = attributes
        .iter()
        .map(|(name, values)| element_size(name.len() + values.len()))
        .sum();
    let dn_length = dn.iter().map(|part| part.len()).sum();
    let operation = element_size(dn_length) + element_size(list);
    let message = element_size(message_id.len()) + element_size(operation);
    out.reserve(element_size(message));
    ber::push_header(out, ber::SEQUENCE, message);
    ber::push_element(out, ber::INTEGER, message_id);
    ber::push_header(out, SEARCH_RESULT_ENTRY, operation);
    ber::push_header(out, ber::OCTET_STRING, dn_length);
    for part in dn {
        out.extend_from_slice(part);
    }
    ber::push_header(out, ber::SEQUENCE, list);
    for (name, values) in attributes {
        ber::push_header(out, ber::SEQUENCE, name.len() + values.len());
        out.extend_from_slice(name);
        out.extend_from_slice(values);
    }
}

/// Encodes a SET OF OCTET STRING.
pub fn set<'v>(values: impl IntoIterator<Item = &'v str>) -> Vec<u8> {
    let mut content = Vec::new();
    for value in values {
        ber::push_element(&mut content, ber::OCTET_STRING, value.as_bytes());
    }
    let mut out = Vec::with_capacity(element_size(content.len()));
    ber::push_element(&mut out, ber::SET, &content);
    out
}

/// The values of an encoded SET OF OCTET STRING that are UTF-8.
pub fn members(set: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = ber::element(set).map_or(&[][..], |(_, content, _)| content);
    let octets = std::iter::from_fn(move || {
        let (_, value, tail) = ber::element(rest)?;
        rest = tail;
        Some(value)
    });
    octets.filter_map(|value| std::str::from_utf8(value).ok())
}

/// The content octets of a positive INTEGER, without needless zeros.
pub fn integer(value: i32) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let needless = octets
        .windows(2)
        .take_while(|pair| matches!(pair, [0, next] if *next < 0x80))
        .count();
    octets.iter().skip(needless).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use ldap3_proto::LdapCodec;
    use ldap3_proto::proto::{LdapMsg, LdapOp, LdapPartialAttribute, LdapSearchResultEntry};
    use proptest::prelude::*;
    use tokio_util::codec::Encoder;

    proptest! {
        #[test]
        fn an_entry_is_what_the_codec_writes(
            id in 1i32..,
            dn in "\\PC{0,200}",
            attributes in proptest::collection::vec(
                ("[a-zA-Z]{1,20}", proptest::collection::vec("\\PC{0,200}", 0..4)), 0..6),
        ) {
            let encoded: Vec<(Vec<u8>, Vec<u8>)> = attributes
                .iter()
                .map(|(name, values)| {
                    let mut out = Vec::new();
                    ber::push_element(&mut out, ber::OCTET_STRING, name.as_bytes());
                    (out, set(values.iter().map(String::as_str)))
                })
                .collect();
            let borrowed: Vec<Encoded<'_>> = encoded.iter().map(|(n, v)| (&n[..], &v[..])).collect();
            let mut ours = Vec::new();
            entry(&mut ours, &integer(id), &[dn.as_bytes()], &borrowed);

            let attributes = attributes
                .into_iter()
                .map(|(atype, values)| LdapPartialAttribute {
                    atype,
                    vals: values.into_iter().map(String::into_bytes).collect(),
                })
                .collect();
            let op = LdapOp::SearchResultEntry(LdapSearchResultEntry { dn, attributes });
            let mut theirs = BytesMut::new();
            LdapCodec::default().encode(LdapMsg::new(id, op), &mut theirs).unwrap();
            prop_assert_eq!(&ours[..], &theirs[..]);
        }
    }
}
