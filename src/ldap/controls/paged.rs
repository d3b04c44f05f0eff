//! Simple paged results (RFC 2696). Nothing is kept between two pages: the cookie says where to go on, sealed
//! with a key of this process, so that it holds for one connection, viewer and search, and for no other.

use std::hash::Hasher;

use ldap3_proto::control::LdapControl;
use siphasher::sip128::{Hasher128, SipHasher24};

use crate::ldap::reader::Reader;
use crate::view::ber;

/// Of the request and of the response.
pub const OID: &str = "1.2.840.113556.1.4.319";

const SEAL: usize = 16;
/// Octets of a cookie that may be one of ours.
const MAX_COOKIE: usize = 2048;

/// What the control asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub size: usize,
    /// Of the page before; empty for the first.
    pub cookie: Vec<u8>,
}

/// Reads the value of the control.
pub fn read(value: &[u8]) -> Option<Page> {
    let mut reader = Reader::of_sequence(value)?;
    let size = usize::try_from(reader.number(ber::INTEGER)?).ok()?;
    let cookie = reader.take(ber::OCTET_STRING)?.to_vec();
    reader.is_empty().then_some(Page { size, cookie })
}

/// The control of an answer: how many entries there are (0 for not known) and the cookie of the next page
/// (empty for none).
pub fn response(size: usize, cookie: &[u8]) -> LdapControl {
    let mut content = Vec::new();
    let size = i32::try_from(size).unwrap_or(i32::MAX);
    ber::push_element(&mut content, ber::INTEGER, &crate::ldap::encode::integer(size));
    ber::push_element(&mut content, ber::OCTET_STRING, cookie);
    let mut value = Vec::new();
    ber::push_element(&mut value, ber::SEQUENCE, &content);
    LdapControl::Unknown {
        oid: OID.to_owned(),
        criticality: false,
        value: Some(value),
    }
}

/// Where a reading in pages has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries sent so far, all pages together.
    pub sent: u32,
    /// Of them, those that are not of the directory: containers.
    pub fixed: u8,
    /// The mark of the last entry; empty before the first.
    pub mark: Vec<u8>,
}

/// What a cookie holds for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The connection's number.
    pub connection: u64,
    /// The account that asks; empty for nobody.
    pub viewer: &'a str,
    /// The search, by its digest.
    pub search: u128,
    /// How it is sorted.
    pub sort: &'a [u8],
}

/// The key of this process.
#[derive(Clone, Copy)]
pub struct Sealer([u8; 16]);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

impl Sealer {
    pub fn new(key: [u8; 16]) -> Self {
        Self(key)
    }

    /// Makes the cookie of the next page.
    pub fn seal(&self, progress: &Progress, scope: &Scope<'_>) -> Vec<u8> {
        let mut cookie = Vec::with_capacity(SEAL + 5 + progress.mark.len());
        cookie.extend_from_slice(&progress.sent.to_be_bytes());
        cookie.push(progress.fixed);
        cookie.extend_from_slice(&progress.mark);
        let seal = self.digest(&cookie, scope);
        cookie.extend_from_slice(&seal);
        cookie
    }

    /// What a cookie says; `None` where it is not one of ours for this.
    pub fn open(&self, cookie: &[u8], scope: &Scope<'_>) -> Option<Progress> {
        if cookie.len() > MAX_COOKIE {
            return None;
        }
        let (body, seal) = cookie.split_last_chunk::<SEAL>()?;
        if *seal != self.digest(body, scope) {
            return None;
        }
        let (sent, rest) = body.split_first_chunk::<4>()?;
        let (fixed, mark) = rest.split_first()?;
        Some(Progress {
            sent: u32::from_be_bytes(*sent),
            fixed: *fixed,
            mark: mark.to_vec(),
        })
    }

    fn digest(&self, body: &[u8], scope: &Scope<'_>) -> [u8; SEAL] {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u64(scope.connection);
        hasher.write_u128(scope.search);
        for part in [scope.viewer.as_bytes(), scope.sort, body] {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish128().as_u128().to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope<'_> = Scope {
        connection: 1,
        viewer: "",
        search: 7,
        sort: b"",
    };

    fn progress() -> Progress {
        Progress {
            sent: 100,
            fixed: 1,
            mark: vec![1, 2, 3],
        }
    }

    #[test]
    fn a_cookie_holds_for_what_it_was_made_for() {
        let sealer = Sealer::new([7; 16]);
        let cookie = sealer.seal(&progress(), &SCOPE);
        assert_eq!(sealer.open(&cookie, &SCOPE), Some(progress()));
        for other in [
            Scope {
                connection: 2,
                ..SCOPE
            },
            Scope {
                viewer: "cabinet",
                ..SCOPE
            },
            Scope { search: 8, ..SCOPE },
            Scope { sort: b"x", ..SCOPE },
        ] {
            assert_eq!(sealer.open(&cookie, &other), None);
        }
        assert_eq!(Sealer::new([8; 16]).open(&cookie, &SCOPE), None);
    }

    #[test]
    fn a_cookie_that_was_touched_is_none() {
        let sealer = Sealer::new([7; 16]);
        let cookie = sealer.seal(&progress(), &SCOPE);
        for place in 0..cookie.len() {
            let mut touched = cookie.clone();
            touched[place] ^= 1;
            assert_eq!(sealer.open(&touched, &SCOPE), None, "{place}");
        }
        assert_eq!(sealer.open(b"", &SCOPE), None);
    }

    #[test]
    fn sizes_below_zero_are_refused() {
        assert_eq!(
            read(b"\x30\x05\x02\x01\x64\x04\x00"),
            Some(Page {
                size: 100,
                cookie: Vec::new()
            })
        );
        assert_eq!(read(b"\x30\x05\x02\x01\xff\x04\x00"), None);
    }
}
