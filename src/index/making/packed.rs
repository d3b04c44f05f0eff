//! Short terms as numbers: what hardly two entries share is put in order as it is, where a table of all would be mostly
//! of what is met once.

/// Octets that are packed.
const OCTETS: usize = 16;

/// A term of up to sixteen octets, or the beginning of a longer one; in the order of the octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Packed([u64; 2]);

impl Packed {
    /// The whole of a term; `None` where it is too long. No term has a NUL.
    pub fn whole(term: &[u8]) -> Option<Self> {
        (term.len() <= OCTETS).then(|| Self::beginning(term))
    }

    /// The beginning of a term.
    pub fn beginning(term: &[u8]) -> Self {
        let mut octets = [0; OCTETS];
        octets.iter_mut().zip(term).for_each(|(to, from)| *to = *from);
        let number = u128::from_be_bytes(octets);
        Self([(number >> 64) as u64, number as u64])
    }

    /// The term.
    pub fn unpack(self) -> Unpacked {
        let [high, low] = self.0.map(u128::from);
        let octets = (high << 64 | low).to_be_bytes();
        let length = octets.iter().position(|octet| *octet == 0).unwrap_or(OCTETS);
        Unpacked { octets, length }
    }
}

/// The octets of a term that was packed.
#[derive(Debug, Clone, Copy)]
pub struct Unpacked {
    octets: [u8; OCTETS],
    length: usize,
}

impl AsRef<[u8]> for Unpacked {
    fn as_ref(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_terms_are_in_their_order_and_come_out_whole(one in "[a-c]{0,18}", other in "[a-cé]{0,9}") {
            let (one, other) = (one.as_bytes(), other.as_bytes());
            prop_assert_eq!(Packed::whole(one).is_some(), one.len() <= 16);
            if let (Some(a), Some(b)) = (Packed::whole(one), Packed::whole(other)) {
                prop_assert_eq!(a.cmp(&b), one.cmp(other));
                let unpacked = a.unpack();
                prop_assert_eq!(unpacked.as_ref(), one);
            }
            if Packed::beginning(one) < Packed::beginning(other) {
                prop_assert!(one < other);
            }
        }
    }
}
