//! What entries look like, beside the tantivy index: write-once files of records, mapped and never copied. The index
//! knows where each record is ([`At`]). A build writes four files, each step of following one more.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use tantivy::directory::{Directory as _, MmapDirectory, OwnedBytes};

use super::record::Record;

/// Files shorter than this are read, longer ones mapped.
const MAPPED: u64 = 1 << 20;

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
        self.files.push(contents(folder, &name(number), length)?);
        Ok(true)
    }

    /// Number of the file to be written next.
    pub fn next(&self) -> u32 {
        u32::try_from(self.files.len()).unwrap_or(u32::MAX)
    }

    /// The record at a place; `None` where there is none.
    pub fn get(&self, at: At) -> Option<Record<'_>> {
        Record::read(self.files.get(at.file() as usize)?, at.place())
    }
}

/// The contents of a file of a folder that nobody changes any more.
pub fn contents(folder: &Path, name: &str, length: u64) -> io::Result<OwnedBytes> {
    if length < MAPPED {
        return Ok(OwnedBytes::new(std::fs::read(folder.join(name))?));
    }
    let directory = MmapDirectory::open(folder).map_err(io::Error::other)?;
    let slice = directory.open_read(Path::new(name)).map_err(io::Error::other)?;
    slice.read_bytes()
}

fn name(number: u32) -> String {
    format!("views-{number}.bin")
}

fn file(folder: &Path, number: u32) -> PathBuf {
    folder.join(name(number))
}

fn unfinished(folder: &Path, number: u32) -> PathBuf {
    file(folder, number).with_extension("new")
}

/// A file being written; nobody finds it before it is whole.
#[derive(Debug)]
pub struct ViewsWriter {
    out: BufWriter<File>,
    folder: PathBuf,
    number: u32,
    length: u64,
}

impl ViewsWriter {
    /// Begins a file; what a cut-short writing left of it goes.
    pub fn create(folder: &Path, number: u32) -> io::Result<Self> {
        Ok(Self {
            out: BufWriter::with_capacity(1 << 20, File::create(unfinished(folder, number))?),
            folder: folder.to_owned(),
            number,
            length: 0,
        })
    }

    /// Begins the next file after those that are `known`. Another may be there, of a change that failed when its records
    /// were whole: it may be open, and stays as it is.
    pub fn after(known: &Views, folder: &Path) -> io::Result<Self> {
        let mut numbers = known.next()..u32::MAX;
        let free = numbers.find(|number| !file(folder, *number).exists());
        Self::create(folder, free.unwrap_or(u32::MAX))
    }

    /// The place of the record that is appended next.
    pub fn next(&self) -> At {
        At::new(self.number, self.length)
    }

    /// Appends a record; gives its place.
    pub fn append(&mut self, record: &[u8]) -> io::Result<At> {
        let at = self.next();
        self.out.write_all(record)?;
        self.length += record.len() as u64;
        Ok(at)
    }

    /// Makes the file durable, and to be found: an index that names its records may be committed.
    pub fn finish(self) -> io::Result<()> {
        let written = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        written.sync_all()?;
        std::fs::rename(
            unfinished(&self.folder, self.number),
            file(&self.folder, self.number),
        )
    }
}
