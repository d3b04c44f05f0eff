//! Public ids: opaque names of entries, that say nothing of them and stay the same when an entry comes back.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

/// What an entry is, as the change log writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Genre {
    Professional,
    Structure,
    Mailbox,
}

impl Genre {
    /// The letter of the change log.
    pub fn letter(self) -> char {
        match self {
            Self::Professional => 'p',
            Self::Structure => 's',
            Self::Mailbox => 'm',
        }
    }

    /// First letter of public ids: `b_` for a mailbox (boîte).
    fn prefix(self) -> char {
        match self {
            Self::Professional => 'p',
            Self::Structure => 's',
            Self::Mailbox => 'b',
        }
    }
}

/// Octets of a public id.
const LENGTH: usize = 24;
/// What it is made of behind its first two letters.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes the opaque public ids: a keyed hash of what the entry is known by.
#[derive(Clone, Copy)]
pub struct PublicIds([u8; 16]);

impl PublicIds {
    /// `key` is the 32 hexadecimal digits kept in the settings table.
    pub fn new(key: &str) -> Self {
        let mut bytes = [0; 16];
        for (byte, digits) in bytes.iter_mut().zip(key.as_bytes().chunks(2)) {
            *byte = std::str::from_utf8(digits)
                .ok()
                .and_then(|d| u8::from_str_radix(d, 16).ok())
                .unwrap_or(0);
        }
        Self(bytes)
    }

    /// Whether a text has the form of a public id, which no address has.
    pub fn is_one(text: &str) -> bool {
        match text.as_bytes() {
            [b'p' | b's' | b'b', b'_', digits @ ..] => {
                text.len() == LENGTH && digits.iter().all(|digit| DIGITS.contains(digit))
            }
            _ => false,
        }
    }

    /// The public id of an entry: [`LENGTH`] characters of `[0-9a-z_]`.
    pub fn make(&self, genre: Genre, key: &str) -> String {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u8(genre.letter() as u8);
        hasher.write(key.as_bytes());
        let mut hash = hasher.finish128().as_u128();
        let mut id = String::with_capacity(LENGTH);
        id.push(genre.prefix());
        id.push('_');
        for _ in 2..LENGTH {
            id.push(char::from(DIGITS[(hash & 31) as usize]));
            hash >>= 5;
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_public_id() {
        let address = "p_a@a-exemple.mssante.fr";
        assert_eq!(address.len(), LENGTH);
        assert!(!PublicIds::is_one(address));
    }

    #[test]
    fn public_ids_say_nothing_and_stay_the_same() {
        let ids = PublicIds::new("00112233445566778899aabbccddeeff");
        let id = ids.make(Genre::Mailbox, "claire.testeur@a-exemple.mssante.fr");
        assert_eq!(
            id,
            ids.make(Genre::Mailbox, "claire.testeur@a-exemple.mssante.fr")
        );
        assert!(id.starts_with("b_") && PublicIds::is_one(&id) && !id.contains("claire"));
        assert_ne!(
            id,
            PublicIds::new("ff").make(Genre::Mailbox, "claire.testeur@a-exemple.mssante.fr")
        );
    }
}
