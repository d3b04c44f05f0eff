//! A search as it was asked: decoded here rather than by the codec, which would lose the whole message for one
//! assertion it cannot read and would take negative limits.

use std::hash::Hasher;

use ldap3_proto::proto::{LdapFilter, LdapSearchScope};
use siphasher::sip128::{Hasher128, SipHasher13};
use thiserror::Error;

use crate::ldap::filter::{self, Bounds, FilterFault};
use crate::ldap::reader::Reader;
use crate::view::ber;

const ENUMERATED: u8 = 0x0a;
/// Attributes that a search may list; further ones are not looked at.
const MAX_ATTRIBUTES: usize = 256;

/// A search request (RFC 4511 section 4.5.1).
#[derive(Debug, Clone, PartialEq)]
pub struct SearchRequest {
    pub base: String,
    pub scope: LdapSearchScope,
    /// Entries at most; 0 for as many as the server gives.
    pub size_limit: usize,
    /// Seconds at most; 0 for as many as the server gives.
    pub time_limit: u64,
    pub types_only: bool,
    pub filter: LdapFilter,
    pub attributes: Vec<String>,
    /// The same for searches that ask the same, whatever their limits: a page belongs to one of them.
    pub digest: u128,
}

/// Why a search cannot be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the request cannot be decoded")]
    Malformed,
    #[error("sizeLimit and timeLimit are 0 to 2147483647")]
    Limit,
    #[error(transparent)]
    Filter(#[from] FilterFault),
}

/// Reads the content of a search request.
pub fn decode(content: &[u8], bounds: Bounds) -> Result<SearchRequest, Refusal> {
    let mut reader = Reader::new(content);
    let octets = Octets::read(&mut reader).ok_or(Refusal::Malformed)?;
    if !reader.is_empty() {
        return Err(Refusal::Malformed);
    }
    let (Ok(size_limit), Ok(time_limit)) = (
        usize::try_from(octets.size_limit),
        u64::try_from(octets.time_limit),
    ) else {
        return Err(Refusal::Limit);
    };
    let (tag, assertion) = octets.filter;
    let scope = match octets.scope {
        0 => LdapSearchScope::Base,
        1 => LdapSearchScope::OneLevel,
        2 => LdapSearchScope::Subtree,
        3 => LdapSearchScope::Children,
        _ => return Err(Refusal::Malformed),
    };
    Ok(SearchRequest {
        base: String::from_utf8(octets.base.to_vec()).map_err(|_| Refusal::Malformed)?,
        scope,
        size_limit,
        time_limit,
        types_only: octets.types_only,
        filter: filter::decode(tag, assertion, bounds)?,
        attributes: attributes(octets.attributes).ok_or(Refusal::Malformed)?,
        digest: octets.digest(),
    })
}

/// The parts of a request, not yet understood.
struct Octets<'a> {
    base: &'a [u8],
    scope: i32,
    size_limit: i32,
    time_limit: i32,
    types_only: bool,
    filter: (u8, &'a [u8]),
    attributes: &'a [u8],
}

impl<'a> Octets<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let base = reader.take(ber::OCTET_STRING)?;
        let scope = reader.number(ENUMERATED)?;
        // There are no aliases here to dereference.
        let _dereferencing = reader
            .number(ENUMERATED)
            .filter(|choice| (0..=3).contains(choice))?;
        Some(Self {
            base,
            scope,
            size_limit: reader.number(ber::INTEGER)?,
            time_limit: reader.number(ber::INTEGER)?,
            types_only: reader.boolean()?,
            filter: reader.any()?,
            attributes: reader.take(ber::SEQUENCE)?,
        })
    }

    fn digest(&self) -> u128 {
        let mut hasher = SipHasher13::new();
        hasher.write_i32(self.scope);
        hasher.write_u8(u8::from(self.types_only));
        for part in [self.base, &[self.filter.0], self.filter.1, self.attributes] {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish128().as_u128()
    }
}

/// Names that are not UTF-8 name nothing.
fn attributes(list: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut reader = Reader::new(list);
    while !reader.is_empty() {
        let name = reader.take(ber::OCTET_STRING)?;
        if names.len() < MAX_ATTRIBUTES {
            names.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Bounds = Bounds {
        elements: 9,
        depth: 3,
    };

    fn search(limits: &[u8], attributes: &[u8]) -> Vec<u8> {
        let mut out = b"\x04\x01b\x0a\x01\x02\x0a\x01\x00".to_vec();
        out.extend_from_slice(limits);
        out.extend_from_slice(b"\x01\x01\x00\x87\x02cn");
        ber::push_element(&mut out, ber::SEQUENCE, attributes);
        out
    }

    #[test]
    fn limits_below_zero_are_refused_and_told_apart() {
        let decoded = |limits: &[u8]| decode(&search(limits, b""), BOUNDS).map(|search| search.size_limit);
        assert_eq!(decoded(b"\x02\x01\x64\x02\x01\x00"), Ok(100));
        assert_eq!(decoded(b"\x02\x01\xff\x02\x01\x00"), Err(Refusal::Limit));
        assert_eq!(decoded(b"\x02\x01\x00\x02\x01\xff"), Err(Refusal::Limit));
        assert_eq!(
            decoded(b"\x02\x05\x00\xff\xff\xff\xff\x02\x01\x00"),
            Err(Refusal::Malformed)
        );
    }

    #[test]
    fn a_search_is_the_same_whatever_its_limits() {
        let digest =
            |limits: &[u8], attributes: &[u8]| decode(&search(limits, attributes), BOUNDS).unwrap().digest;
        let one = digest(b"\x02\x01\x64\x02\x01\x00", b"\x04\x02cn");
        assert_eq!(one, digest(b"\x02\x01\x0a\x02\x01\x05", b"\x04\x02cn"));
        assert_ne!(one, digest(b"\x02\x01\x64\x02\x01\x00", b"\x04\x02sn"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode(&bytes, BOUNDS);
            let _ = decode(&search(&bytes, b""), BOUNDS);
        }
    }
}
