//! Entries as LDAP sends them, encoded once when the index is built.
//!
//! Layout: for each field its number, the length of its values as four bytes, and the values as the BER
//! `SET OF OCTET STRING` that goes into a PartialAttribute (RFC 4511, section 4.1.7) as it stands.

use std::fmt::{self, Write as _};
use std::ops::Range;

use super::field::Field;

/// An entry being made. Values of a field keep their order; empty and repeated ones are left out.
#[derive(Debug)]
pub struct EntryBuilder {
    /// All values, one behind the other.
    text: String,
    /// Which part of the text is a value of which field.
    values: Vec<(Field, Range<usize>)>,
    /// In the order in which they came.
    fields: Vec<Field>,
}

/// Octets and values of most entries: there is room for them from the first on.
const OCTETS: usize = 1024;
const VALUES: usize = 32;

impl Default for EntryBuilder {
    fn default() -> Self {
        Self {
            text: String::with_capacity(OCTETS),
            values: Vec::with_capacity(VALUES),
            fields: Vec::with_capacity(VALUES),
        }
    }
}

impl EntryBuilder {
    /// Adds a value.
    pub fn push(&mut self, field: Field, value: &str) -> &mut Self {
        let start = self.text.len();
        self.text.push_str(value);
        self.keep(field, start)
    }

    /// Adds a value that is put together of parts.
    pub fn format(&mut self, field: Field, parts: fmt::Arguments<'_>) -> &mut Self {
        let start = self.text.len();
        // Writing to a text cannot fail.
        let _ = self.text.write_fmt(parts);
        self.keep(field, start)
    }

    /// Makes what stands in the text from `start` on a value, or takes it back.
    fn keep(&mut self, field: Field, start: usize) -> &mut Self {
        let (before, value) = self.text.split_at(start);
        let begin = start + value.len() - value.trim_start().len();
        let value = value.trim();
        let is_known = |(other, range): &(Field, Range<usize>)| {
            *other == field && before.get(range.clone()) == Some(value)
        };
        if value.is_empty() || self.values.iter().any(is_known) {
            self.text.truncate(start);
            return self;
        }
        let range = begin..begin + value.len();
        self.text.truncate(range.end);
        self.values.push((field, range));
        if !self.fields.contains(&field) {
            self.fields.push(field);
        }
        self
    }

    /// Adds several values.
    pub fn extend<'a>(&mut self, field: Field, values: impl IntoIterator<Item = &'a str>) -> &mut Self {
        for value in values {
            self.push(field, value);
        }
        self
    }

    /// The encoded entry.
    pub fn finish(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + 4 * self.values.len() + 9 * self.fields.len());
        for field in &self.fields {
            let values = || {
                let own = self.values.iter().filter(|(other, _)| other == field);
                own.filter_map(|(_, range)| self.text.as_bytes().get(range.clone()))
            };
            let content: usize = values().map(|v| header_length(v.len()) + v.len()).sum();
            let length = u32::try_from(header_length(content) + content).unwrap_or(0);
            bytes.push(*field as u8);
            bytes.extend_from_slice(&length.to_be_bytes());
            write_header(&mut bytes, 0x31, content);
            for value in values() {
                write_header(&mut bytes, 0x04, value.len());
                bytes.extend_from_slice(value);
            }
        }
        bytes
    }
}

/// An encoded entry. Broken bytes read as missing fields.
#[derive(Debug, Clone, Copy)]
pub struct EntryView<'e>(&'e [u8]);

/// The values of one field.
#[derive(Debug, Clone, Copy)]
pub struct ValueSet<'e>(&'e [u8]);

impl<'e> EntryView<'e> {
    /// Looks at encoded bytes.
    pub fn new(bytes: &'e [u8]) -> Self {
        Self(bytes)
    }

    /// Fields and values, in the entry's order.
    pub fn fields(self) -> impl Iterator<Item = (Field, ValueSet<'e>)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (number, tail) = rest.split_first()?;
            let (length, tail) = tail.split_first_chunk::<4>()?;
            let (set, tail) = tail.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            rest = tail;
            Some((Field::from_u8(*number)?, ValueSet(set)))
        })
    }

    /// The values of a field.
    pub fn get(self, field: Field) -> Option<ValueSet<'e>> {
        self.fields()
            .find(|(other, _)| *other == field)
            .map(|(_, values)| values)
    }

    /// The entry with these fields alone, in their order.
    pub fn only(self, fields: &[Field]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in fields {
            if let Some(ValueSet(set)) = self.get(*field) {
                bytes.push(*field as u8);
                bytes.extend_from_slice(&(set.len() as u32).to_be_bytes());
                bytes.extend_from_slice(set);
            }
        }
        bytes
    }

    /// The first value of a field.
    pub fn first(self, field: Field) -> Option<&'e str> {
        self.get(field)?.values().next()
    }

    /// The same as it was written when the index was built, without looking at it again.
    pub fn first_octets(self, field: Field) -> Option<&'e [u8]> {
        self.get(field)?.octets().next()
    }
}

impl<'e> ValueSet<'e> {
    /// The BER `SET OF OCTET STRING`.
    pub fn ber(self) -> &'e [u8] {
        self.0
    }

    /// The values.
    pub fn values(self) -> impl Iterator<Item = &'e str> {
        self.octets().map_while(|value| std::str::from_utf8(value).ok())
    }

    /// The values as they were written.
    fn octets(self) -> impl Iterator<Item = &'e [u8]> {
        let mut rest = read_element(self.0).map_or(&[][..], |(content, _)| content);
        std::iter::from_fn(move || {
            let (content, tail) = read_element(rest)?;
            rest = tail;
            Some(content)
        })
    }
}

fn read_element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, tail) = bytes.split_first()?;
    let (first, tail) = tail.split_first()?;
    let (length, tail) = if *first < 0x80 {
        (usize::from(*first), tail)
    } else {
        let (digits, tail) = tail.split_at_checked(usize::from(first & 0x7F))?;
        (
            digits
                .iter()
                .fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit)),
            tail,
        )
    };
    tail.split_at_checked(length)
}

/// Bytes that tag and length take (X.690, 8.1.3, definite form).
pub fn header_length(content: usize) -> usize {
    match content {
        0..=0x7F => 2,
        0x80..=0xFF => 3,
        0x100..=0xFFFF => 4,
        0x1_0000..=0xFF_FFFF => 5,
        _ => 6,
    }
}

/// Writes tag and length.
pub fn write_header(bytes: &mut Vec<u8>, tag: u8, content: usize) {
    bytes.push(tag);
    let digits = header_length(content) - 2;
    if digits == 0 {
        bytes.push(content as u8);
    } else {
        bytes.push(0x80 | digits as u8);
        bytes.extend_from_slice(&content.to_be_bytes()[size_of::<usize>() - digits..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(values in proptest::collection::vec("[a-zé]{1,300}", 1..5)) {
            let mut builder = EntryBuilder::default();
            let mut kept: Vec<&str> = Vec::new();
            for value in &values {
                builder.push(Field::Description, value);
                if !kept.contains(&value.as_str()) {
                    kept.push(value);
                }
            }
            let bytes = builder.push(Field::Mail, "a@b.fr").finish();
            let view = EntryView::new(&bytes);
            prop_assert_eq!(view.get(Field::Description).unwrap().values().collect::<Vec<_>>(), kept);
            prop_assert_eq!(view.first(Field::Mail), Some("a@b.fr"));
        }

        #[test]
        fn broken_bytes_are_missing_fields(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (_, values) in EntryView::new(&bytes).fields() {
                let _ = values.values().count();
            }
        }
    }
}
