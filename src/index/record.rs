//! What the index keeps of one entry to be shown.
//!
//! A record holds what every search reads as it is (name, folded forms, a mailbox's LDAP entry, the suggestion) and,
//! compressed, what only whole answers need (JSON, the other kinds' LDAP entries).
//!
//! Layout, numbers in big-endian order: length of the hot part and of the cold part, four bytes each; rank and number
//! of the entry, eight bytes each; hot part, cold part. The hot part is sections of a number, a length and bytes, what
//! is read most first; the cold part an LZ4 block of two sections. The sections that mail clients ask for are copied
//! to shelves ([`super::shelf`]) as well.

use std::fmt;

use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};
use tantivy::directory::OwnedBytes;

use super::views::{At, Views};
use crate::view::entry::EntryView;
use crate::view::field::Field;

/// Sections that are no field's forms.
const NAME: u8 = 0xff;
const ENTRY: u8 = 0xfe;
const SIGNED_IN: u8 = 0xfd;
const SUGGESTION: u8 = 0xfc;
const JSON: u8 = 0xfb;
const FIRST_FIELDS: u8 = 0xfa;

/// Octets before the sections, of a record and of what a shelf has of it.
const HEAD: usize = 24;

/// The fields that mail clients list: a shelf has them of each mailbox, in this order.
pub const FIRST_FIELDS_OF_MAILBOX: [Field; 5] = [
    Field::Cn,
    Field::Mail,
    Field::Sn,
    Field::GivenName,
    Field::DisplayName,
];

/// What a record is made of.
#[derive(Debug, Default)]
pub struct Parts<'a> {
    pub rank: u64,
    pub entity: u64,
    /// Folded.
    pub name: &'a str,
    pub forms: &'a [(Field, &'a str)],
    pub entry: &'a [u8],
    /// Whether every search may read the entry: a mailbox's.
    pub is_hot: bool,
    pub signed_in: &'a [u8],
    pub suggestion: &'a str,
    pub json: &'a str,
}

/// What packs records, used again for each.
#[derive(Default)]
pub struct Packer {
    table: CompressTable,
    cold: Vec<u8>,
}

impl fmt::Debug for Packer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Packer").finish_non_exhaustive()
    }
}

impl Packer {
    /// Appends the cold part as an LZ4 block with its length before it.
    fn pack(&mut self, out: &mut Vec<u8>) {
        let start = out.len() + 4;
        out.extend_from_slice(&(self.cold.len() as u32).to_le_bytes());
        out.resize(start + get_maximum_output_size(self.cold.len()), 0);
        let room = out.get_mut(start..).unwrap_or_default();
        // There is room for the longest block.
        let packed = compress_into_with_table(&self.cold, room, &mut self.table).unwrap_or(0);
        out.truncate(start + packed);
    }
}

impl Parts<'_> {
    /// Appends the record.
    pub fn write(&self, packer: &mut Packer, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.rank.to_be_bytes());
        out.extend_from_slice(&self.entity.to_be_bytes());
        section(out, NAME, self.name.as_bytes());
        section(out, SIGNED_IN, self.signed_in);
        for (field, forms) in self.forms {
            section(out, *field as u8, forms.as_bytes());
        }
        packer.cold.clear();
        if self.is_hot {
            section(out, ENTRY, self.entry);
        } else {
            section(&mut packer.cold, ENTRY, self.entry);
        }
        section(out, SUGGESTION, self.suggestion.as_bytes());
        section(&mut packer.cold, JSON, self.json.as_bytes());
        let hot = out.len();
        packer.pack(out);
        for (place, length) in [(start, hot - start - HEAD), (start + 4, out.len() - hot)] {
            if let Some(bytes) = out.get_mut(place..place + 4) {
                bytes.copy_from_slice(&(length as u32).to_be_bytes());
            }
        }
    }
}

fn section(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        out.push(number);
        out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        out.extend_from_slice(bytes);
    }
}

/// Finds a section; `None` where it is absent or the bytes are broken.
fn find(sections: &[u8], wanted: u8) -> Option<(usize, &[u8])> {
    let mut place = 0;
    loop {
        let (number, rest) = sections.get(place..)?.split_first()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let bytes = rest.get(..length)?;
        if *number == wanted {
            return Some((place + 5, bytes));
        }
        place += 5 + length;
    }
}

/// A record where it lies.
#[derive(Debug, Clone, Copy)]
pub struct Record<'v> {
    pub rank: u64,
    pub entity: u64,
    /// All of the hot part, or what a shelf has of it.
    sections: &'v [u8],
    rest: Rest<'v>,
}

#[derive(Debug, Clone, Copy)]
enum Rest<'v> {
    Here {
        cold: &'v [u8],
        /// Where the hot part begins in its file.
        start: usize,
        file: &'v OwnedBytes,
    },
    /// The record that a shelf has copied from.
    There { views: &'v Views, at: At },
}

impl<'v> Record<'v> {
    /// The record that begins at a place of a file.
    pub fn read(file: &'v OwnedBytes, place: usize) -> Option<Self> {
        let (head, body) = file.as_slice().get(place..)?.split_first_chunk::<HEAD>()?;
        let (hot, rest) = head.split_first_chunk::<4>()?;
        let (cold, rest) = rest.split_first_chunk::<4>()?;
        let (rank, entity) = rest.split_first_chunk::<8>()?;
        let (hot, body) = body.split_at_checked(u32::from_be_bytes(*hot) as usize)?;
        Some(Self {
            rank: u64::from_be_bytes(*rank),
            entity: u64::from_be_bytes(*entity.first_chunk()?),
            sections: hot,
            rest: Rest::Here {
                cold: body.get(..u32::from_be_bytes(*cold) as usize)?,
                start: place + HEAD,
                file,
            },
        })
    }

    /// What a shelf keeps of a mailbox: its numbers, its place, and what mail clients ask for.
    pub fn shelve(&self, at: At, out: &mut Vec<u8>) {
        for number in [self.rank, self.entity, at.0] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        section(out, NAME, self.name());
        section(out, SIGNED_IN, self.signed_in().unwrap_or(&[]));
        for field in [Field::Cn, Field::Mail] {
            section(out, field as u8, self.forms(field).unwrap_or(&[]));
        }
        if let Some(entry) = self.hot_entry().map(EntryView::new) {
            section(out, FIRST_FIELDS, &entry.only(&FIRST_FIELDS_OF_MAILBOX));
        }
    }

    /// The same where a shelf has it.
    pub fn shelved(line: &'v [u8], views: &'v Views) -> Option<Self> {
        let (rank, rest) = line.split_first_chunk()?;
        let (entity, rest) = rest.split_first_chunk()?;
        let (at, sections) = rest.split_first_chunk()?;
        Some(Self {
            rank: u64::from_be_bytes(*rank),
            entity: u64::from_be_bytes(*entity),
            sections,
            rest: Rest::There {
                views,
                at: At(u64::from_be_bytes(*at)),
            },
        })
    }

    /// All of it.
    fn whole(&self) -> Option<Self> {
        match self.rest {
            Rest::Here { .. } => Some(*self),
            Rest::There { views, at } => views.get(at),
        }
    }

    /// A section of the hot part.
    fn hot(&self, number: u8) -> Option<&'v [u8]> {
        if let Some((_, bytes)) = find(self.sections, number) {
            return Some(bytes);
        }
        match self.rest {
            Rest::Here { .. } => None,
            Rest::There { views, at } => find(views.get(at)?.sections, number).map(|(_, bytes)| bytes),
        }
    }

    /// The folded name, UTF-8.
    pub fn name(&self) -> &'v [u8] {
        find(self.sections, NAME).map_or(&[], |(_, bytes)| bytes)
    }

    /// The folded forms of a field, where they are kept, UTF-8.
    pub fn forms(&self, field: Field) -> Option<&'v [u8]> {
        self.hot(field as u8)
    }

    /// Label, detail, identifier and address of a suggestion, separated by tabs.
    pub fn suggestion(&self) -> &'v str {
        self.hot(SUGGESTION)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }

    /// The LDAP entry where it lies uncompressed.
    pub fn hot_entry(&self) -> Option<&'v [u8]> {
        self.hot(ENTRY)
    }

    /// An LDAP entry that has [`FIRST_FIELDS_OF_MAILBOX`] and need not have the others.
    pub fn first_fields(&self) -> Option<&'v [u8]> {
        match self.rest {
            Rest::Here { .. } => self.hot_entry(),
            Rest::There { .. } => self.hot(FIRST_FIELDS),
        }
    }

    /// The LDAP entry: shared with the file for a mailbox, unpacked for the others.
    pub fn entry(&self) -> OwnedBytes {
        let Some(whole) = self.whole() else {
            return OwnedBytes::empty();
        };
        match (find(whole.sections, ENTRY), whole.rest) {
            (Some((place, bytes)), Rest::Here { start, file, .. }) => {
                let start = start + place;
                file.slice(start..start + bytes.len())
            }
            _ => OwnedBytes::new(self.cold(ENTRY)),
        }
    }

    /// What signed-in viewers see besides.
    pub fn signed_in(&self) -> Option<&'v [u8]> {
        // It stands right behind the name, or is not there.
        let (place, name) = find(self.sections, NAME)?;
        let rest = self.sections.get(place + name.len()..)?;
        (rest.first() == Some(&SIGNED_IN))
            .then(|| find(rest, SIGNED_IN))?
            .map(|(_, bytes)| bytes)
    }

    /// The record as REST answers it.
    pub fn json(&self) -> String {
        String::from_utf8(self.cold(JSON)).unwrap_or_default()
    }

    fn cold(&self, number: u8) -> Vec<u8> {
        let Some(Rest::Here { cold, .. }) = self.whole().map(|whole| whole.rest) else {
            return Vec::new();
        };
        let unpacked = lz4_flex::decompress_size_prepended(cold).unwrap_or_default();
        find(&unpacked, number)
            .map(|(_, bytes)| bytes.to_vec())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::views::ViewsWriter;
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts {
            rank: 7,
            entity: 9,
            name: "testeur claire",
            forms: &[(Field::Cn, "testeur claire\nclaire testeur")],
            entry: b"entry",
            is_hot: true,
            signed_in: b"phone",
            suggestion: "a\tb",
            json: "{}",
        };
        let (mut packer, mut bytes) = (Packer::default(), Vec::new());
        parts.write(&mut packer, &mut bytes);
        let second = bytes.len() as u64;
        Parts {
            is_hot: false,
            signed_in: b"",
            ..parts
        }
        .write(&mut packer, &mut bytes);
        let mut writer = ViewsWriter::create(folder.path(), 0).unwrap();
        let first = writer.append(&bytes).unwrap();
        writer.finish().unwrap();
        let views = Views::open(folder.path()).unwrap();
        let record = views.get(first).unwrap();
        assert_eq!(record.name(), b"testeur claire");
        assert_eq!(
            record.forms(Field::Cn),
            Some(&b"testeur claire\nclaire testeur"[..])
        );
        assert_eq!(record.forms(Field::Mail), None);
        assert_eq!(record.entry().as_slice(), b"entry");
        assert_eq!(record.signed_in(), Some(&b"phone"[..]));
        assert_eq!((record.rank, record.entity), (7, 9));
        assert_eq!((record.json().as_str(), record.suggestion()), ("{}", "a\tb"));
        let mut line = Vec::new();
        record.shelve(first, &mut line);
        let shelved = Record::shelved(&line, &views).unwrap();
        assert_eq!(shelved.name(), record.name());
        assert_eq!(shelved.forms(Field::Cn), record.forms(Field::Cn));
        assert_eq!(shelved.signed_in(), record.signed_in());
        assert_eq!((shelved.rank, shelved.entity), (7, 9));
        assert_eq!(shelved.entry().as_slice(), b"entry");
        assert_eq!((shelved.json().as_str(), shelved.suggestion()), ("{}", "a\tb"));
        let record = views.get(At::new(0, second)).unwrap();
        assert_eq!(record.hot_entry(), None);
        assert_eq!(record.entry().as_slice(), b"entry");
        assert_eq!(record.signed_in(), None);
        assert!(views.get(At::new(0, 1 << 30)).is_none());
    }
}
