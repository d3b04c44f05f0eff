//! One national file in the making: compressed, counted and hashed as it is written.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::Format;
use super::error::ExportError;
use super::layout::Layout;
use super::manifest::File;

const BUFFER: usize = 256 << 10;
/// The country is some gigabytes of text: a higher level would take minutes and spare a tenth.
const GZIP_LEVEL: u32 = 4;
const ZSTD_LEVEL: i32 = 3;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    Gzip,
    Zstd,
    /// Parquet compresses by itself.
    None,
}

impl Compression {
    /// The compressions of a format.
    pub fn of(format: Format) -> &'static [Self] {
        match format {
            Format::Csv | Format::Ndjson => &[Self::Gzip, Self::Zstd],
            Format::Parquet => &[Self::None],
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
            Self::None => "",
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
            Self::None => None,
        }
    }
}

/// One file in the making.
pub struct Output {
    path: PathBuf,
    name: String,
    format: Format,
    compression: Compression,
    writer: Compressor,
}

enum Compressor {
    Gzip(GzEncoder<Hashed>),
    Zstd(zstd::stream::write::Encoder<'static, Hashed>),
    Plain(Hashed),
}

impl Output {
    /// Begins a file in a folder.
    pub fn create(
        layout: &Layout,
        format: Format,
        compression: Compression,
        folder: &Path,
    ) -> Result<Self, ExportError> {
        let name = format!("{}.{}{}", layout.nom, format.extension(), compression.suffix());
        let path = folder.join(&name);
        let hashed = Hashed {
            file: BufWriter::with_capacity(BUFFER, within(&path, fs::File::create(&path))?),
            hash: Sha256::new(),
            bytes: 0,
        };
        let writer = match compression {
            // No time of writing, which would change the bytes of an equal file.
            Compression::Gzip => {
                Compressor::Gzip(GzEncoder::new(hashed, flate2::Compression::new(GZIP_LEVEL)))
            }
            Compression::Zstd => Compressor::Zstd(within(
                &path,
                zstd::stream::write::Encoder::new(hashed, ZSTD_LEVEL),
            )?),
            Compression::None => Compressor::Plain(hashed),
        };
        Ok(Self {
            path,
            name,
            format,
            compression,
            writer,
        })
    }

    /// Writes bytes of the format.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        let written = match &mut self.writer {
            Compressor::Gzip(writer) => writer.write_all(bytes),
            Compressor::Zstd(writer) => writer.write_all(bytes),
            Compressor::Plain(writer) => writer.write_all(bytes),
        };
        within(&self.path, written)
    }

    /// Brings the file to the disk and says what it is.
    pub fn finish(self, rows: u64) -> Result<File, ExportError> {
        let hashed = match self.writer {
            Compressor::Gzip(writer) => writer.finish(),
            Compressor::Zstd(writer) => writer.finish(),
            Compressor::Plain(hashed) => Ok(hashed),
        };
        let mut hashed = within(&self.path, hashed)?;
        within(&self.path, hashed.file.flush())?;
        within(&self.path, hashed.file.get_ref().sync_all())?;
        let sha256 = hashed.hash.finalize();
        let compression = self.compression.name();
        Ok(File {
            name: self.name,
            format: self.format.extension().to_owned(),
            compression: compression.map(str::to_owned),
            media_type: match compression {
                Some(compression) => format!("application/{compression}"),
                None => self.format.media_type().to_owned(),
            },
            rows,
            bytes: hashed.bytes,
            sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

/// A file that knows its length and its hash.
struct Hashed {
    file: BufWriter<fs::File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Says of which file an error is.
pub fn within<T>(path: &Path, done: io::Result<T>) -> Result<T, ExportError> {
    done.map_err(|error| ExportError::File {
        path: path.to_owned(),
        error,
    })
}
