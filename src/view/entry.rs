//! Entries encoded once, when they are indexed, so that answering copies bytes instead of encoding values.
//!
//! `bytes = ( field u8 · length varint · BER SET OF OCTET STRING )*`, fields ascending. The SET is what goes
//! into an LDAP answer as it is. Reading never panics: bad bytes end the entry.

use super::ber;
use super::field::Field;

/// Gathers the values of one entry. The values of a field stay in the order in which they came.
#[derive(Debug, Default)]
pub struct EntryBuilder {
    fields: Vec<(Field, Vec<String>)>,
}

impl EntryBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value; blank values and those that the field already has are left out.
    pub fn push(&mut self, field: Field, value: &str) -> &mut Self {
        let value = value.trim();
        if value.is_empty() {
            return self;
        }
        match self.fields.iter_mut().find(|(known, _)| *known == field) {
            Some((_, values)) if values.iter().any(|known| known == value) => {}
            Some((_, values)) => values.push(value.to_owned()),
            None => self.fields.push((field, vec![value.to_owned()])),
        }
        self
    }

    /// The bytes of the entry; the same values give the same bytes whatever the order of the fields.
    pub fn finish(&mut self) -> Vec<u8> {
        self.fields.sort_by_key(|(field, _)| *field);
        let mut out = Vec::with_capacity(512);
        for (field, values) in &self.fields {
            let content = values.iter().map(|value| ber::element_size(value.len())).sum();
            out.push(*field as u8);
            push_varint(&mut out, ber::element_size(content));
            ber::push_header(&mut out, ber::SET, content);
            for value in values {
                ber::push_element(&mut out, ber::OCTET_STRING, value.as_bytes());
            }
        }
        out
    }
}

/// Reads an entry where it lies.
#[derive(Debug, Clone, Copy)]
pub struct EntryView<'a>(pub &'a [u8]);

impl<'a> EntryView<'a> {
    /// The fields that have values, ascending.
    pub fn fields(self) -> impl Iterator<Item = (Field, ValueSet<'a>)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (number, after) = rest.split_first()?;
            let (length, after) = take_varint(after)?;
            let (set, after) = after.split_at_checked(length)?;
            rest = after;
            Some((Field::from_u8(*number)?, ValueSet(set)))
        })
    }

    /// The values of one field; `None` when it has none.
    pub fn get(self, field: Field) -> Option<ValueSet<'a>> {
        self.fields()
            .find(|(known, _)| *known == field)
            .map(|(_, values)| values)
    }

    /// The first value of one field.
    pub fn first(self, field: Field) -> Option<&'a str> {
        self.get(field)?.values().next()
    }
}

/// The values of one field.
#[derive(Debug, Clone, Copy)]
pub struct ValueSet<'a>(&'a [u8]);

impl<'a> ValueSet<'a> {
    /// The BER encoding, a SET OF OCTET STRING.
    pub fn ber(self) -> &'a [u8] {
        self.0
    }

    pub fn values(self) -> impl Iterator<Item = &'a str> {
        let mut rest = match ber::element(self.0) {
            Some((ber::SET, content, _)) => content,
            _ => &[],
        };
        std::iter::from_fn(move || {
            let (_, value, after) = ber::element(rest)?;
            rest = after;
            std::str::from_utf8(value).ok()
        })
    }
}

/// Little-endian base 128, seven bits an octet.
fn push_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0usize;
    for (place, octet) in bytes.iter().enumerate().take(4) {
        value |= usize::from(octet & 0x7f) << (7 * place);
        if octet & 0x80 == 0 {
            return Some((value, bytes.get(place + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_grouped_without_blanks_or_doubles() {
        let bytes = EntryBuilder::new()
            .push(Field::Mail, "a@b-exemple.mssante.fr")
            .push(Field::Cn, "TESTEUR Claire")
            .push(Field::Cn, " ")
            .push(Field::Mail, "a@b-exemple.mssante.fr")
            .push(Field::Cn, "Claire TESTEUR")
            .finish();
        let entry = EntryView(&bytes);
        let fields: Vec<_> = entry
            .fields()
            .map(|(f, v)| (f, v.values().collect::<Vec<_>>()))
            .collect();
        assert_eq!(
            fields,
            [
                (Field::Cn, vec!["TESTEUR Claire", "Claire TESTEUR"]),
                (Field::Mail, vec!["a@b-exemple.mssante.fr"]),
            ]
        );
        assert_eq!(entry.first(Field::Sn), None);
    }

    #[test]
    fn a_value_set_is_a_ber_set_of_octet_strings() {
        let bytes = EntryBuilder::new().push(Field::Sn, "AB").finish();
        let set = EntryView(&bytes).get(Field::Sn).map(ValueSet::ber);
        assert_eq!(set, Some(&[0x31, 4, 4, 2, b'A', b'B'][..]));
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_read(values in proptest::collection::vec((0u8..39, "[^\\s]{1,300}"), 0..20)) {
            let mut builder = EntryBuilder::new();
            for (field, value) in &values {
                builder.push(Field::from_u8(*field).unwrap(), value);
            }
            let bytes = builder.finish();
            for (field, value) in &values {
                let set = EntryView(&bytes).get(Field::from_u8(*field).unwrap()).unwrap();
                prop_assert!(set.values().any(|known| known == value.trim()));
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (_, values) in EntryView(&bytes).fields() {
                prop_assert!(values.values().count() <= bytes.len());
            }
        }
    }
}
