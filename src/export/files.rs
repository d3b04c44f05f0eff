//! The national files: written in a folder of their own, then named by a manifest that is written beside the old one
//! and renamed over it. The same state of the store gives the same bytes, on every node.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use tokio::sync::mpsc;

use super::encoder::{Columns, Encode, encoder};
use super::error::ExportError;
use super::filters::Filters;
use super::layout::{Kind, Layout};
use super::manifest::{File, Manifest, Source};
use super::row::Row;
use super::snapshot::Snapshot;
use super::statement::{self, Order};
use super::{Format, mark};
use crate::store::changes;
use crate::store::labels::Labels;

/// The manifest's name in the folder of extractions.
pub const MANIFEST: &str = "manifest.json";
/// The files of each kind: format and compression. Parquet compresses by itself.
const FORMS: [(Format, Option<&str>); 5] = [
    (Format::Csv, Some("gzip")),
    (Format::Csv, Some("zstd")),
    (Format::Ndjson, Some("gzip")),
    (Format::Ndjson, Some("zstd")),
    (Format::Parquet, None),
];
/// Rows on their way to the encoders, in bytes and in pieces.
const PIECE: usize = 256 << 10;
const WAITING: usize = 4;
const ZSTD_LEVEL: i32 = 3;

/// Makes all files of the store's state of now, and the manifest that names them. What was there before is removed;
/// who reads an old file reads it to its end.
pub async fn make(pool: &PgPool, folder: &Path) -> Result<Manifest, ExportError> {
    let mut snapshot = Snapshot::begin(pool).await?;
    let version = changes::version(&mut snapshot.connection).await?;
    let sources: Vec<(String, String)> = sqlx::query_as(
        "select genre, to_char(date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from sources order by genre",
    )
    .fetch_all(&mut snapshot.connection)
    .await?;
    let name = (0..)
        .map(|n| format!("{version}-{n}"))
        .find(|name| !folder.join(name).exists())
        .unwrap_or_default();
    let target = folder.join(&name);
    within(&target, fs::create_dir_all(&target))?;
    let mut files = Vec::new();
    for kind in Kind::ALL {
        files.extend(make_kind(&mut snapshot, kind, &target).await?);
    }
    snapshot.end().await;
    let manifest = Manifest {
        version,
        folder: name,
        sources: sources
            .into_iter()
            .map(|(genre, date)| Source { genre, date })
            .collect(),
        files,
    };
    publish(folder, &manifest)?;
    Ok(manifest)
}

async fn make_kind(snapshot: &mut Snapshot, kind: Kind, target: &Path) -> Result<Vec<File>, ExportError> {
    let layout = kind.layout();
    let mark = mark::current(&mut snapshot.connection, layout).await?;
    let statement = statement::whole(layout, &Filters::default(), Order::Fixed)?;
    let (sender, receiver) = mpsc::channel::<Vec<u8>>(WAITING);
    let (labels, folder) = (snapshot.labels.clone(), target.to_owned());
    let writing = tokio::task::spawn_blocking(move || write(layout, &folder, labels, receiver, &mark));
    let read = read(snapshot, &statement, Columns::fields(layout, false), sender).await;
    // Why the writing ended says more than that it did.
    let written = writing.await.map_err(|_| ExportError::NotReady)?;
    match (read, written) {
        (Err(ExportError::ReaderGone), Err(error)) | (Err(error), _) | (Ok(()), Err(error)) => Err(error),
        (Ok(()), Ok(files)) => Ok(files),
    }
}

/// Sends the rows in pieces, as Postgres gives them.
async fn read(
    snapshot: &mut Snapshot,
    statement: &str,
    fields: usize,
    sender: mpsc::Sender<Vec<u8>>,
) -> Result<(), ExportError> {
    let mut rows = snapshot.copy(statement, fields).await?;
    let mut piece = Vec::with_capacity(PIECE + 4096);
    while let Some((_, line)) = rows.next().await? {
        piece.extend_from_slice(line);
        if piece.len() >= PIECE {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE + 4096));
            sender.send(full).await.map_err(|_| ExportError::ReaderGone)?;
        }
    }
    sender.send(piece).await.map_err(|_| ExportError::ReaderGone)
}

/// Writes the files of one kind from rows as Postgres gives them.
fn write(
    layout: &'static Layout,
    folder: &Path,
    labels: Arc<Labels>,
    mut rows: mpsc::Receiver<Vec<u8>>,
    mark: &str,
) -> Result<Vec<File>, ExportError> {
    // One encoder feeds the compressions of its format.
    let mut written: Vec<(Box<dyn Encode>, Vec<Output>)> = Vec::new();
    for (_, format) in Format::NAMED {
        let columns = Columns::of(layout, *format, false, labels.clone());
        let outputs = FORMS.iter().filter(|(of, _)| of == format);
        let outputs = outputs.map(|(_, compression)| Output::create(layout, *format, *compression, folder));
        written.push((encoder(*format, columns)?, outputs.collect::<Result<_, _>>()?));
    }
    let (mut row, mut bytes, mut count) = (Row::default(), Vec::new(), 0_u64);
    for (encoder, outputs) in &mut written {
        encoder.begin(&mut bytes)?;
        pass(&mut bytes, outputs)?;
    }
    while let Some(piece) = rows.blocking_recv() {
        for (number, (encoder, outputs)) in written.iter_mut().enumerate() {
            for line in piece.split_inclusive(|byte| *byte == b'\n') {
                row.read(line);
                encoder.row(&row, &mut bytes)?;
                count += u64::from(number == 0);
            }
            pass(&mut bytes, outputs)?;
        }
    }
    let mut files = Vec::new();
    for (mut encoder, mut outputs) in written {
        encoder.end(&mut bytes)?;
        pass(&mut bytes, &mut outputs)?;
        for output in outputs {
            files.push(output.finish(layout, count, mark)?);
        }
    }
    Ok(files)
}

fn pass(bytes: &mut Vec<u8>, outputs: &mut [Output]) -> Result<(), ExportError> {
    for output in outputs {
        within(&output.path, output.writer.write_all(bytes))?;
    }
    bytes.clear();
    Ok(())
}

/// One file in the making.
struct Output {
    path: PathBuf,
    name: String,
    format: Format,
    compression: Option<&'static str>,
    writer: Compressor,
}

enum Compressor {
    Gzip(GzEncoder<Hashed>),
    Zstd(zstd::stream::write::Encoder<'static, Hashed>),
    Plain(Hashed),
}

impl Output {
    fn create(
        layout: &Layout,
        format: Format,
        compression: Option<&'static str>,
        folder: &Path,
    ) -> Result<Self, ExportError> {
        let suffix = match compression {
            Some("gzip") => ".gz",
            Some(_) => ".zst",
            None => "",
        };
        let name = format!("{}.{}{suffix}", layout.nom, format.extension());
        let path = folder.join(&name);
        let file = within(&path, fs::File::create(&path))?;
        let hashed = Hashed {
            file: BufWriter::with_capacity(PIECE, file),
            hash: Sha256::new(),
            bytes: 0,
        };
        let writer = match compression {
            // No time of writing, which would change the bytes of an equal file.
            Some("gzip") => Compressor::Gzip(GzEncoder::new(hashed, flate2::Compression::default())),
            Some(_) => Compressor::Zstd(within(
                &path,
                zstd::stream::write::Encoder::new(hashed, ZSTD_LEVEL),
            )?),
            None => Compressor::Plain(hashed),
        };
        Ok(Self {
            path,
            name,
            format,
            compression,
            writer,
        })
    }

    fn finish(self, layout: &Layout, rows: u64, mark: &str) -> Result<File, ExportError> {
        let hashed = match self.writer {
            Compressor::Gzip(writer) => writer.finish(),
            Compressor::Zstd(writer) => writer.finish(),
            Compressor::Plain(hashed) => Ok(hashed),
        };
        let mut hashed = within(&self.path, hashed)?;
        within(&self.path, hashed.file.flush())?;
        within(&self.path, hashed.file.get_ref().sync_all())?;
        let sha256 = hashed.hash.finalize();
        Ok(File {
            name: self.name,
            kind: layout.nom.to_owned(),
            genre: layout.genre,
            format: self.format.extension().to_owned(),
            compression: self.compression.map(str::to_owned),
            media_type: match self.compression {
                Some(compression) => format!("application/{compression}"),
                None => self.format.media_type().to_owned(),
            },
            rows,
            bytes: hashed.bytes,
            sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            mark: mark.to_owned(),
        })
    }
}

impl Write for Compressor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(writer) => writer.write(bytes),
            Self::Zstd(writer) => writer.write(bytes),
            Self::Plain(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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

/// Puts the manifest in place, then removes what it does not name.
fn publish(folder: &Path, manifest: &Manifest) -> Result<(), ExportError> {
    let (path, unfinished) = (folder.join(MANIFEST), folder.join("manifest.new"));
    let text = serde_json::to_vec_pretty(manifest).map_err(io::Error::other);
    within(&unfinished, text.and_then(|text| fs::write(&unfinished, text)))?;
    within(&path, fs::rename(&unfinished, &path))?;
    for entry in within(folder, fs::read_dir(folder))?.flatten() {
        if entry.path().is_dir() && entry.file_name() != *manifest.folder {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn within<T>(path: &Path, done: io::Result<T>) -> Result<T, ExportError> {
    done.map_err(|error| ExportError::File {
        path: path.to_owned(),
        error,
    })
}
