//! Plain, gzip, zstd and zip files, told apart by their first bytes, opened as bounded streams of text bytes.
//!
//! Never unpacks to disk or memory; of archives inside archives only a gzip or zstd file inside a zip is opened.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::SourceError;

/// Largest file read, after decompression.
const MAX_BYTES: u64 = 16 << 30;
/// A file that grows more than this when unpacked is no extract (real ones grow 4 to 16 times).
const MAX_GROWTH: u64 = 300;
/// Below this size growth is not looked at.
const GROWTH_FREE: u64 = 64 << 20;
/// Most members read of one zip.
const MAX_MEMBERS: usize = 64;
/// Largest window that a zstd frame may ask for, as a power of two: 64 MiB, enough for `zstd -19`.
const ZSTD_WINDOW_LOG: u32 = 26;
/// Read ahead of the parser.
const BUFFER: usize = 1 << 20;

/// One readable text: a file, or one member of a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub path: PathBuf,
    /// Name inside a zip.
    pub name: Option<String>,
    packing: Packing,
    packed_bytes: u64,
}

/// Where the bytes of a text lie. Gzip and zstd around them are seen when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    File,
    Zip(usize),
}

/// The texts that a file holds.
pub fn members(path: &Path) -> Result<Vec<Member>, SourceError> {
    let unreadable = |error| SourceError::Unreadable {
        file: path.to_owned(),
        error,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut magic = [0; 4];
    let length = read_up_to(&mut file, &mut magic).map_err(unreadable)?;
    match &magic[..length] {
        [b'P', b'K', 3, 4] => zip_members(path),
        _ => Ok(vec![Member {
            path: path.to_owned(),
            name: None,
            packing: Packing::File,
            packed_bytes: size,
        }]),
    }
}

fn zip_members(path: &Path) -> Result<Vec<Member>, SourceError> {
    let bad = |error: zip::result::ZipError| SourceError::BadArchive {
        file: path.to_owned(),
        reason: error.to_string(),
    };
    let file = File::open(path).map_err(|error| SourceError::Unreadable {
        file: path.to_owned(),
        error,
    })?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(bad)?;
    if archive.len() > MAX_MEMBERS {
        return Err(SourceError::BadArchive {
            file: path.to_owned(),
            reason: format!(
                "{} members, more than the {MAX_MEMBERS} that are read",
                archive.len()
            ),
        });
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        // Raw: one that cannot be unpacked hinders no other, and fails when it is read.
        let entry = archive.by_index_raw(index).map_err(bad)?;
        if entry.is_file() {
            members.push(Member {
                path: path.to_owned(),
                name: Some(entry.name().map_err(bad)?.into_owned()),
                packing: Packing::Zip(index),
                packed_bytes: entry.compressed_size(),
            });
        }
    }
    Ok(members)
}

impl Member {
    /// What to call it in messages: the file, and the member behind `!`.
    pub fn display(&self) -> String {
        match &self.name {
            Some(name) => format!("{}!{name}", self.path.display()),
            None => self.path.display().to_string(),
        }
    }

    /// The name that may carry the extract's date.
    pub fn file_name(&self) -> String {
        self.path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// Opens the text from its beginning and hands it to `use_it`.
    pub fn read<T>(
        &self,
        use_it: impl FnOnce(&mut (dyn BufRead + Send)) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let unreadable = |error| SourceError::Unreadable {
            file: self.path.clone(),
            error,
        };
        let file = File::open(&self.path).map_err(unreadable)?;
        match self.packing {
            Packing::File => self.unpack(file, use_it),
            Packing::Zip(index) => {
                let bad = |error: zip::result::ZipError| SourceError::BadArchive {
                    file: self.display().into(),
                    reason: error.to_string(),
                };
                let mut archive =
                    zip::ZipArchive::new(BufReader::with_capacity(BUFFER, file)).map_err(bad)?;
                let inner = archive.by_index(index).map_err(bad)?;
                self.unpack(inner, use_it)
            }
        }
    }

    /// Takes one layer of gzip or zstd off, if there is one.
    fn unpack<T>(
        &self,
        packed: impl Read + Send,
        use_it: impl FnOnce(&mut (dyn BufRead + Send)) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let unreadable = |error| SourceError::Unreadable {
            file: self.display().into(),
            error,
        };
        let mut packed = BufReader::with_capacity(BUFFER, packed);
        let inner: Box<dyn Read + Send + '_> = match packed.fill_buf().map_err(unreadable)? {
            [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let mut decoder = zstd::Decoder::with_buffer(packed).map_err(unreadable)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(unreadable)?;
                Box::new(decoder)
            }
            _ => Box::new(packed),
        };
        let bounded = Bounded {
            inner,
            read: 0,
            packed: self.packed_bytes,
        };
        use_it(&mut BufReader::with_capacity(BUFFER, bounded))
    }
}

/// Ends a stream that grows past all reason.
struct Bounded<R> {
    inner: R,
    read: u64,
    packed: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.read += length as u64;
        let grown = self.read > GROWTH_FREE && self.read / MAX_GROWTH > self.packed;
        if self.read > MAX_BYTES || grown {
            return Err(io::Error::other(
                "the file unpacks to far more than any extract holds",
            ));
        }
        Ok(length)
    }
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}
