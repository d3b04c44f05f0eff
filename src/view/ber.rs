//! The little of BER (X.690) that entries and LDAP messages need: one element in, one header out.
//!
//! Never allocates on reading, never panics on bad bytes, takes definite lengths of at most four octets only.

/// The bit of a tag that says that the content is elements.
pub const CONSTRUCTED: u8 = 0x20;
/// Universal tag of INTEGER.
pub const INTEGER: u8 = 0x02;
/// Universal tag of BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// Universal tag of OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// Universal tag of SEQUENCE, constructed.
pub const SEQUENCE: u8 = 0x30;
/// Universal tag of SET, constructed.
pub const SET: u8 = 0x31;

/// Octets that a length takes.
pub const fn length_size(length: usize) -> usize {
    match length {
        0..=0x7f => 1,
        0x80..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xff_ffff => 4,
        _ => 5,
    }
}

/// Octets that an element with this much content takes.
pub const fn element_size(content: usize) -> usize {
    1 + length_size(content) + content
}

/// Appends a tag and a definite length in its shortest form. Lengths stay below 4 GiB.
pub fn push_header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    let octets = (length as u32).to_be_bytes();
    match length_size(length) {
        1 => out.push(octets[3]),
        size => {
            out.push(0x80 | (size as u8 - 1));
            out.extend_from_slice(&octets[5 - size..]);
        }
    }
}

/// Appends an element.
pub fn push_element(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    push_header(out, tag, content.len());
    out.extend_from_slice(content);
}

/// The header at the beginning of `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub tag: u8,
    /// Octets of tag and length.
    pub size: usize,
    /// Octets of content that follow.
    pub length: usize,
}

/// Why there is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoHeader {
    /// More bytes are needed to tell.
    Incomplete,
    /// No bytes that follow can mend it: indefinite or oversized length, multi-octet tag.
    Malformed,
}

/// Reads a tag of one octet and a definite length.
pub fn header(bytes: &[u8]) -> Result<Header, NoHeader> {
    let tag = *bytes.first().ok_or(NoHeader::Incomplete)?;
    if tag & 0x1f == 0x1f {
        return Err(NoHeader::Malformed);
    }
    let first = *bytes.get(1).ok_or(NoHeader::Incomplete)?;
    if first < 0x80 {
        return Ok(Header {
            tag,
            size: 2,
            length: usize::from(first),
        });
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return Err(NoHeader::Malformed);
    }
    let octets = bytes.get(2..2 + count).ok_or(NoHeader::Incomplete)?;
    let length = octets
        .iter()
        .fold(0usize, |length, octet| length << 8 | usize::from(*octet));
    Ok(Header {
        tag,
        size: 2 + count,
        length,
    })
}

/// Takes the element at the beginning of `bytes`: its tag, its content, and what follows it.
pub fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let header = header(bytes).ok()?;
    let (content, rest) = bytes.get(header.size..)?.split_at_checked(header.length)?;
    Some((header.tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_indefinite_length_is_malformed() {
        assert_eq!(header(&[0x30, 0x80, 0, 0]), Err(NoHeader::Malformed));
    }

    #[test]
    fn a_cut_header_is_incomplete() {
        assert_eq!(header(&[0x30]), Err(NoHeader::Incomplete));
        assert_eq!(header(&[0x30, 0x82, 1]), Err(NoHeader::Incomplete));
    }

    #[test]
    fn lengths_of_every_size_come_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536, 16_777_215, 16_777_216] {
            let mut out = Vec::new();
            push_header(&mut out, SET, length);
            assert_eq!(out.len(), 1 + length_size(length));
            assert_eq!(
                header(&out),
                Ok(Header {
                    tag: SET,
                    size: out.len(),
                    length
                })
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some((_, content, rest)) = element(&bytes) {
                prop_assert!(content.len() + rest.len() < bytes.len());
            }
        }
    }
}
