//! Reads the elements of a constructed BER value one after another. Allocates nothing; every fault is `None`.

use crate::view::ber;

/// What is left of a constructed value.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Over the content of a constructed element.
    pub fn new(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// Over the content of the one SEQUENCE that `bytes` are.
    pub fn of_sequence(bytes: &'a [u8]) -> Option<Self> {
        let mut outer = Self(bytes);
        let inner = outer.take(ber::SEQUENCE)?;
        outer.is_empty().then_some(Self(inner))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, whatever its tag.
    pub fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, content, rest) = ber::element(self.0)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next element, which must have this tag.
    pub fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.take_if(tag)?
    }

    /// The content of the next element if it has this tag: `Some(None)` where it has another or there is none,
    /// `None` where the bytes are no element.
    fn peek(&self, tag: u8) -> Option<Option<(&'a [u8], &'a [u8])>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let (found, content, rest) = ber::element(self.0)?;
        Some((found == tag).then_some((content, rest)))
    }

    /// An element that may be left out.
    pub fn take_if(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        let Some((content, rest)) = self.peek(tag)? else {
            return Some(None);
        };
        self.0 = rest;
        Some(Some(content))
    }

    /// An INTEGER, or an ENUMERATED by its tag, within 32 bits.
    pub fn number(&mut self, tag: u8) -> Option<i32> {
        number(self.take(tag)?)
    }

    /// A BOOLEAN.
    pub fn boolean(&mut self) -> Option<bool> {
        boolean(self.take(ber::BOOLEAN)?)
    }
}

/// The value of the content of an INTEGER, with its sign, within 32 bits.
pub fn number(octets: &[u8]) -> Option<i32> {
    let first = octets.first()?;
    if octets.len() > 8 {
        return None;
    }
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    let value = octets
        .iter()
        .fold(start, |value: i64, octet| value << 8 | i64::from(*octet));
    i32::try_from(value).ok()
}

/// The value of the content of a BOOLEAN.
pub fn boolean(octets: &[u8]) -> Option<bool> {
    match octets {
        [octet] => Some(*octet != 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_sign_and_a_bound() {
        for (octets, expected) in [
            (&[0][..], Some(0)),
            (&[0xff], Some(-1)),
            (&[0, 0xff], Some(255)),
            (&[0x7f, 0xff, 0xff, 0xff], Some(i32::MAX)),
            (&[0, 0x80, 0, 0, 0], None),
            (&[0xff; 8], Some(-1)),
            (&[0; 9], None),
            (&[], None),
        ] {
            assert_eq!(number(octets), expected, "{octets:?}");
        }
    }

    #[test]
    fn an_element_may_be_left_out_but_not_broken() {
        let mut reader = Reader::new(&[2, 1, 7, 4, 0]);
        assert_eq!(reader.take_if(ber::BOOLEAN), Some(None));
        assert_eq!(reader.number(ber::INTEGER), Some(7));
        assert_eq!(reader.take_if(ber::OCTET_STRING), Some(Some(&[][..])));
        assert_eq!(reader.take_if(ber::OCTET_STRING), Some(None));
        assert!(reader.is_empty());
        assert_eq!(Reader::new(&[4, 3, 0]).take_if(ber::OCTET_STRING), None);
    }
}
