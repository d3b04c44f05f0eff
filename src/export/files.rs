//! The national files: written in a folder of their own, then named by a manifest that is written beside the old one
//! and renamed over it. The same state of the store gives the same bytes, on every node.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use sqlx::PgPool;

use super::columns::{Columns, Stated};
use super::encoder::{Encoding, encoder};
use super::error::ExportError;
use super::filters::Filters;
use super::layout::{Kind, Layout};
use super::manifest::{File, Made, Manifest};
use super::output::{Compression, Output, within};
use super::pipe::{self, Pieces, pipe};
use super::snapshot::Snapshot;
use super::statement::{self, Order};
use super::{Format, mark};
use crate::priority;
use crate::store::{changes, connect};

/// The manifest's name in the folder of extractions.
pub const MANIFEST: &str = "manifest.json";

/// Makes the files of one kind, of the store's state of now, in a folder of their own.
pub async fn make(pool: &PgPool, folder: &Path, kind: Kind) -> Result<Made, ExportError> {
    let started = Instant::now();
    let layout = kind.layout();
    let mut snapshot = Snapshot::begin(pool).await?;
    let _room = connect::leave_room(pool, &mut snapshot.connection).await?;
    let version = changes::version(&mut snapshot.connection).await?;
    let mark = mark::current(&mut snapshot.connection).await?;
    let name = (0..)
        .map(|n| format!("{}-{}-{n}", layout.nom, version.store))
        .find(|name| !folder.join(name).exists())
        .unwrap_or_default();
    let target = folder.join(&name);
    within(&target, fs::create_dir_all(&target))?;
    let written = write_all(&mut snapshot, layout, &target).await;
    if written.is_err() {
        // Files that nobody would ever read, and whose room the next attempt may lack.
        let _ = fs::remove_dir_all(&target);
    }
    let files = written?;
    let sources = std::mem::take(&mut snapshot.sources);
    snapshot.end().await;
    Ok(Made {
        kind: layout.nom.to_owned(),
        version: version.store,
        public_version: version.public,
        mark,
        folder: name,
        sources,
        files,
        seconds: started.elapsed().as_secs(),
    })
}

/// Has all files of one kind written, of what the store shows in this snapshot.
async fn write_all(
    snapshot: &mut Snapshot,
    layout: &'static Layout,
    folder: &Path,
) -> Result<Vec<File>, ExportError> {
    let statement = statement::whole(layout, &Filters::default(), Order::Fixed)?;
    let (sender, rows) = pipe(pipe::MANY);
    let stated = Stated::of(snapshot);
    let target = folder.to_owned();
    let (done, writing) = tokio::sync::oneshot::channel();
    // Nobody waits for these files as for an answer.
    std::thread::spawn(move || {
        priority::lower_thread();
        let _ = done.send(write(layout, &target, &stated, rows));
    });
    let read = snapshot.copy(&statement, &sender).await;
    sender.end(read).await;
    writing.await.map_err(|_| ExportError::BrokenOff)?
}

/// Writes the files of one kind.
fn write(
    layout: &'static Layout,
    folder: &Path,
    stated: &Stated,
    mut rows: Pieces,
) -> Result<Vec<File>, ExportError> {
    let mut written = Vec::new();
    for (_, format) in Format::NAMED {
        written.push(Written::create(layout, *format, folder, stated)?);
    }
    while let Some(piece) = rows.blocking_next() {
        let piece = piece?;
        for written in &mut written {
            written.encoding.rows(&piece)?;
            written.pass()?;
        }
    }
    let mut files = Vec::new();
    for written in written {
        files.extend(written.finish()?);
    }
    Ok(files)
}

/// The files of one format: one encoder feeds its compressions.
struct Written {
    encoding: Encoding,
    outputs: Vec<Output>,
}

impl Written {
    fn create(layout: &Layout, format: Format, folder: &Path, stated: &Stated) -> Result<Self, ExportError> {
        let columns = Columns::of(layout, format, false, stated.clone());
        let mut encoding = Encoding::new(columns.fields, encoder(format, columns)?);
        encoding.begin()?;
        let outputs = Compression::of(format).iter();
        let outputs = outputs.map(|compression| Output::create(layout, format, *compression, folder));
        Ok(Self {
            encoding,
            outputs: outputs.collect::<Result<_, _>>()?,
        })
    }

    fn pass(&mut self) -> Result<(), ExportError> {
        for output in &mut self.outputs {
            output.write(&self.encoding.out)?;
        }
        self.encoding.out.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<File>, ExportError> {
        self.encoding.end()?;
        self.pass()?;
        let rows = self.encoding.count;
        let outputs = self.outputs.into_iter();
        outputs.map(|output| output.finish(rows)).collect()
    }
}

/// Puts the manifest in place, then removes what it does not name; who reads an old file reads it to its end.
pub fn publish(folder: &Path, manifest: &Manifest) -> Result<(), ExportError> {
    let (path, unfinished) = (folder.join(MANIFEST), folder.join("manifest.new"));
    let text = serde_json::to_vec_pretty(manifest).map_err(io::Error::other);
    within(&unfinished, text.and_then(|text| fs::write(&unfinished, text)))?;
    within(&path, fs::rename(&unfinished, &path))?;
    let is_named = |name: &OsStr| manifest.kinds.iter().any(|made| name == made.folder.as_str());
    for entry in within(folder, fs::read_dir(folder))?.flatten() {
        if entry.path().is_dir() && !is_named(&entry.file_name()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
