//! A key: `ak_<16 hexadecimal digits>_<64 hexadecimal digits>`, a part to find it by and a secret part of 256 bits.
//! Never printed by `Debug`, never compared but in constant time.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const PREFIX: &str = "ak_";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;
const ID_DIGITS: usize = 2 * ID_BYTES;

/// What is compared with where no account was found. No key is known to have this digest.
pub(super) const NO_DIGEST: [u8; 32] = [0; 32];

/// A new key, in clear. It exists between its making and its being shown, once.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key from the system's random bytes.
    pub(super) fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; ID_BYTES + SECRET_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self::from_bytes(&bytes))
    }

    fn from_bytes(bytes: &[u8; ID_BYTES + SECRET_BYTES]) -> Self {
        let (id, secret) = bytes.split_at(ID_BYTES);
        Self(format!("{PREFIX}{}_{}", hex(id), hex(secret)))
    }

    /// The text to give to the account's holder.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The part that is not secret.
    pub(super) fn id(&self) -> &str {
        key_id(&self.0)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The part of a presented key to find it by; empty where it has none, which finds nothing.
pub fn key_id(presented: &str) -> &str {
    let is_digits = |id: &&str| id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let rest = presented.strip_prefix(PREFIX).unwrap_or_default();
    rest.get(..ID_DIGITS).filter(is_digits).unwrap_or_default()
}

/// What is stored of a key.
pub(super) fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Whether two digests are the same, in a time that does not tell where they differ.
pub(super) fn same(stored: &[u8], given: &[u8; 32]) -> bool {
    stored.ct_eq(given.as_slice()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_random_bytes_in_two_parts() {
        let key = Key::from_bytes(&[0xa5; 40]);
        assert_eq!(key.expose(), format!("ak_{}_{}", "a5".repeat(8), "a5".repeat(32)));
        assert_eq!(key.id(), "a5".repeat(8));
    }

    #[test]
    fn a_key_is_not_printed_by_debug() {
        assert_eq!(format!("{:?}", Key::from_bytes(&[0xa5; 40])), "Key(…)");
    }

    #[test]
    fn what_is_no_key_has_no_id() {
        for text in [
            "",
            "ak_",
            "ak_short",
            "ak_AAAAAAAAAAAAAAAA_",
            "ak_ééééééééé",
            "xx_0123456789abcdef_",
        ] {
            assert_eq!(key_id(text), "", "{text}");
        }
    }

    #[test]
    fn two_keys_differ() {
        assert_ne!(Key::generate().unwrap(), Key::generate().unwrap());
    }
}
