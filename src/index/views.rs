//! What entries look like, beside the tantivy index: write-once files of records, mapped and never copied.
//!
//! A record holds what every search reads as it is (name, folded forms, a mailbox's LDAP entry, the suggestion) and,
//! compressed, what only whole answers need (JSON, the other kinds' LDAP entries). The index knows where each
//! record is ([`At`]). A build writes two files, each step of following one more.
//!
//! Layout, numbers in big-endian order: length of the hot part and of the cold part, four bytes each; rank and number
//! of the entry, eight bytes each; hot part, cold part. The hot part is sections of a number, a length and bytes, what
//! is read most first; the cold part an LZ4 block of two sections.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use tantivy::directory::{Directory as _, MmapDirectory, OwnedBytes};

use crate::view::field::Field;

/// Files shorter than this are read, longer ones mapped.
const MAPPED: u64 = 1 << 20;
/// Sections that are no field's forms.
const NAME: u8 = 0xff;
const ENTRY: u8 = 0xfe;
const SIGNED_IN: u8 = 0xfd;
const SUGGESTION: u8 = 0xfc;
const JSON: u8 = 0xfb;

/// Where a record is: number of the file, place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(pub u64);

/// Bits of the place: files up to a tebibyte.
const PLACE_BITS: u32 = 40;

impl At {
    /// A place in a file.
    pub fn new(file: u32, place: u64) -> Self {
        Self(u64::from(file) << PLACE_BITS | place)
    }

    fn file(self) -> u32 {
        u32::try_from(self.0 >> PLACE_BITS).unwrap_or(u32::MAX)
    }

    fn place(self) -> usize {
        usize::try_from(self.0 & ((1 << PLACE_BITS) - 1)).unwrap_or(usize::MAX)
    }
}

/// Octets before the hot part.
const HEAD: usize = 24;

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

impl Parts<'_> {
    /// Appends the record.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.rank.to_be_bytes());
        out.extend_from_slice(&self.entity.to_be_bytes());
        section(out, NAME, self.name.as_bytes());
        section(out, SIGNED_IN, self.signed_in);
        for (field, forms) in self.forms {
            section(out, *field as u8, forms.as_bytes());
        }
        let mut cold = Vec::with_capacity(self.json.len() + 16);
        if self.is_hot {
            section(out, ENTRY, self.entry);
        } else {
            section(&mut cold, ENTRY, self.entry);
        }
        section(out, SUGGESTION, self.suggestion.as_bytes());
        section(&mut cold, JSON, self.json.as_bytes());
        let cold = lz4_flex::compress_prepend_size(&cold);
        let hot = out.len() - start - HEAD;
        for (place, length) in [(start, hot), (start + 4, cold.len())] {
            if let Some(bytes) = out.get_mut(place..place + 4) {
                bytes.copy_from_slice(&(length as u32).to_be_bytes());
            }
        }
        out.extend_from_slice(&cold);
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
    hot: &'v [u8],
    cold: &'v [u8],
    /// Where the hot part begins in its file.
    start: usize,
    file: &'v OwnedBytes,
}

impl<'v> Record<'v> {
    /// The folded name, UTF-8.
    pub fn name(&self) -> &'v [u8] {
        find(self.hot, NAME).map_or(&[], |(_, bytes)| bytes)
    }

    /// The folded forms of a field, where they are kept, UTF-8.
    pub fn forms(&self, field: Field) -> Option<&'v [u8]> {
        find(self.hot, field as u8).map(|(_, bytes)| bytes)
    }

    /// Label, detail, identifier and address of a suggestion, separated by tabs.
    pub fn suggestion(&self) -> &'v str {
        find(self.hot, SUGGESTION)
            .and_then(|(_, bytes)| std::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }

    /// The LDAP entry where it lies uncompressed.
    pub fn hot_entry(&self) -> Option<&'v [u8]> {
        find(self.hot, ENTRY).map(|(_, bytes)| bytes)
    }

    /// The LDAP entry: shared with the file for a mailbox, unpacked for the others.
    pub fn entry(&self) -> OwnedBytes {
        match find(self.hot, ENTRY) {
            Some((place, bytes)) => {
                let start = self.start + place;
                self.file.slice(start..start + bytes.len())
            }
            None => OwnedBytes::new(self.cold(ENTRY)),
        }
    }

    /// What signed-in viewers see besides.
    pub fn signed_in(&self) -> Option<&'v [u8]> {
        // It stands right behind the name, or is not there.
        let (place, name) = find(self.hot, NAME)?;
        let rest = self.hot.get(place + name.len()..)?;
        (rest.first() == Some(&SIGNED_IN))
            .then(|| find(rest, SIGNED_IN))?
            .map(|(_, bytes)| bytes)
    }

    /// The record as REST answers it.
    pub fn json(&self) -> String {
        String::from_utf8(self.cold(JSON)).unwrap_or_default()
    }

    fn cold(&self, number: u8) -> Vec<u8> {
        let unpacked = lz4_flex::decompress_size_prepended(self.cold).unwrap_or_default();
        find(&unpacked, number)
            .map(|(_, bytes)| bytes.to_vec())
            .unwrap_or_default()
    }
}

/// The files of a generation.
#[derive(Debug, Clone, Default)]
pub struct Views {
    /// By number.
    files: Vec<OwnedBytes>,
}

impl Views {
    /// Opens all files of a folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut views = Self::default();
        while views.add(folder)? {}
        Ok(views)
    }

    /// Opens the next file, if it is there.
    pub fn add(&mut self, folder: &Path) -> io::Result<bool> {
        let number = self.next();
        let path = file(folder, number);
        let length = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        self.files.push(if length < MAPPED {
            OwnedBytes::new(std::fs::read(&path)?)
        } else {
            let directory = MmapDirectory::open(folder).map_err(io::Error::other)?;
            let slice = directory
                .open_read(Path::new(&name(number)))
                .map_err(io::Error::other)?;
            slice.read_bytes()?
        });
        Ok(true)
    }

    /// Number of the file to be written next.
    pub fn next(&self) -> u32 {
        u32::try_from(self.files.len()).unwrap_or(u32::MAX)
    }

    /// The record at a place; `None` where there is none.
    pub fn get(&self, at: At) -> Option<Record<'_>> {
        let file = self.files.get(at.file() as usize)?;
        let (head, body) = file.as_slice().get(at.place()..)?.split_first_chunk::<HEAD>()?;
        let (hot, rest) = head.split_first_chunk::<4>()?;
        let (cold, rest) = rest.split_first_chunk::<4>()?;
        let (rank, entity) = rest.split_first_chunk::<8>()?;
        let (hot, body) = body.split_at_checked(u32::from_be_bytes(*hot) as usize)?;
        Some(Record {
            rank: u64::from_be_bytes(*rank),
            entity: u64::from_be_bytes(*entity.first_chunk()?),
            hot,
            cold: body.get(..u32::from_be_bytes(*cold) as usize)?,
            start: at.place() + HEAD,
            file,
        })
    }
}

fn name(number: u32) -> String {
    format!("views-{number}.bin")
}

fn file(folder: &Path, number: u32) -> PathBuf {
    folder.join(name(number))
}

/// A file being written.
#[derive(Debug)]
pub struct ViewsWriter {
    out: BufWriter<File>,
    number: u32,
    length: u64,
}

impl ViewsWriter {
    /// Begins a file; what a cut-short writing left under its name goes.
    pub fn create(folder: &Path, number: u32) -> io::Result<Self> {
        Ok(Self {
            out: BufWriter::with_capacity(1 << 20, File::create(file(folder, number))?),
            number,
            length: 0,
        })
    }

    /// Appends records; gives the place of the first.
    pub fn append(&mut self, records: &[u8]) -> io::Result<At> {
        let at = At::new(self.number, self.length);
        self.out.write_all(records)?;
        self.length += records.len() as u64;
        Ok(at)
    }

    /// Makes the file durable: an index that names its records may be committed.
    pub fn finish(self) -> io::Result<()> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
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
        let mut bytes = Vec::new();
        parts.write(&mut bytes);
        let second = bytes.len() as u64;
        Parts {
            is_hot: false,
            signed_in: b"",
            ..parts
        }
        .write(&mut bytes);
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
        let record = views.get(At::new(0, second)).unwrap();
        assert_eq!(record.hot_entry(), None);
        assert_eq!(record.entry().as_slice(), b"entry");
        assert_eq!(record.signed_in(), None);
        assert!(views.get(At::new(0, 1 << 30)).is_none());
    }
}
