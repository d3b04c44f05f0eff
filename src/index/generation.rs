//! One build of the index, in a folder of its own: opened, changed entry by entry, shown, and kept in good order.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use tantivy::directory::MmapDirectory;
use tantivy::index::SegmentId;
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Term};

use super::making::Tools;
use super::making::document::{self, entity_key};
use super::node::IndexError;
use super::schema::{Fields, TOKENIZER, Terms, schema, settings};
use super::snapshot::{Segment, Snapshot};
use super::views::{Views, ViewsWriter};
use crate::priority;
use crate::query::Kind;
use crate::store::changes::Changes;
use crate::store::documents::Document;

/// Memory of the writer of changes.
const MEMORY: usize = 32 << 20;
/// Segments that hold most mailboxes, once they are joined.
const SEGMENTS: usize = 2;
/// A segment that holds less than this part of a kind is left alone: changes make such. A new index of five million
/// mailboxes has some fifty segments.
const SMALL: u64 = 64;
/// Fewer entries of a kind than this are found fast however they lie.
const WORTH_JOINING: u64 = 20_000;

/// Who writes files and who opens them, one at a time: a file half written that is taken for whole loses the entries
/// that it is to hold.
struct Files {
    reader: IndexReader,
    /// Opened by the first change, and kept: it merges segments while the next change is written and shown.
    writer: Option<IndexWriter>,
}

/// An index in a folder of its own.
pub struct Generation {
    pub index: Index,
    pub fields: Fields,
    pub folder: PathBuf,
    files: Mutex<Files>,
    shown: ArcSwap<Snapshot>,
}

impl Generation {
    /// Begins an empty one.
    pub fn create(folder: PathBuf) -> Result<Self, IndexError> {
        std::fs::create_dir_all(&folder).map_err(|error| IndexError::Folder {
            folder: folder.clone(),
            error,
        })?;
        let directory = MmapDirectory::open(&folder).map_err(tantivy::TantivyError::from)?;
        let index = Index::create(directory, schema().0, settings())?;
        Self::of(index, folder)
    }

    /// Opens what was committed last.
    pub fn open(folder: PathBuf) -> Result<Self, IndexError> {
        Self::of(Index::open_in_dir(&folder)?, folder)
    }

    fn of(index: Index, folder: PathBuf) -> Result<Self, IndexError> {
        index
            .tokenizers()
            .register(TOKENIZER, TextAnalyzer::from(Terms::default()));
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        let fields = schema().1;
        let shown = Snapshot::new(reader.searcher(), fields, Views::open(&folder)?, None)?;
        Ok(Self {
            index,
            fields,
            folder,
            files: Mutex::new(Files { reader, writer: None }),
            shown: ArcSwap::from_pointee(shown),
        })
    }

    /// What it shows.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shown.load_full()
    }

    /// Waits until nobody writes or opens files.
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what was committed last, once all is worked out that the first searches would have to wait for. Changes
    /// are written and shown meanwhile.
    pub fn show_ready(&self) -> Result<(), IndexError> {
        let ready = self.committed(&self.files(), &self.snapshot())?;
        ready.make_segments_ready()?;
        {
            let files = self.files();
            let ready = self.committed(&files, &ready)?;
            // Of what changed meanwhile.
            ready.make_segments_ready()?;
            self.shown.store(Arc::new(ready));
        }
        Ok(self.snapshot().make_ready()?)
    }

    /// What was committed last; what was worked out `before` is kept.
    fn committed(&self, files: &Files, before: &Snapshot) -> Result<Snapshot, IndexError> {
        files.reader.reload()?;
        let mut views = before.views.clone();
        while views.add(&self.folder)? {}
        Ok(Snapshot::new(
            files.reader.searcher(),
            self.fields,
            views,
            Some(before),
        )?)
    }

    /// The writer, opened where none is kept. Its threads give way to those that answer: it joins segments by itself.
    fn writer(&self, files: &mut Files) -> Result<IndexWriter, IndexError> {
        Ok(match files.writer.take() {
            Some(writer) => writer,
            None => priority::apart(|| self.index.writer_with_num_threads(1, MEMORY))??,
        })
    }

    /// Rewrites, one after the other, the segments that hold entries that were taken out.
    pub fn sweep(&self) -> Result<(), IndexError> {
        let segments = self.index.searchable_segment_metas()?;
        let untidy = segments.iter().filter(|segment| segment.has_deletes());
        self.rewrite(untidy.map(|segment| vec![segment.id()]))
    }

    /// Joins the segments that hold mailboxes, and those that hold structures besides: these are asked for at every
    /// keystroke, and each segment is looked at. Mailboxes not to one: the larger a segment, the longer it takes to sweep.
    pub fn join(&self) -> Result<(), IndexError> {
        let snapshot = self.snapshot();
        let holds = |kind, segment: &Segment| {
            let least = snapshot.count(kind).max(WORTH_JOINING) / SMALL;
            segment.range(kind).len() as u64 > least
        };
        let (mailboxes, others): (Vec<&Segment>, Vec<&Segment>) = snapshot
            .segments
            .iter()
            .partition(|segment| holds(Kind::Mailbox, segment));
        let ids = |segments: Vec<&Segment>| -> Vec<SegmentId> {
            segments.iter().map(|segment| segment.id).collect()
        };
        let structures = others
            .into_iter()
            .filter(|segment| holds(Kind::Structure, segment));
        let (mailboxes, structures) = (ids(mailboxes), ids(structures.collect()));
        let groups = mailboxes.chunks(mailboxes.len().div_ceil(SEGMENTS).max(1));
        let groups = groups.chain([structures.as_slice()]);
        self.rewrite(groups.filter(|group| group.len() > 1).map(<[SegmentId]>::to_vec))
    }

    /// Writes each group of segments anew as one, and shows the result.
    fn rewrite(&self, groups: impl Iterator<Item = Vec<SegmentId>>) -> Result<(), IndexError> {
        let (mut rewritten, mut failed) = (false, None);
        for group in groups {
            let merging = {
                let mut files = self.files();
                let mut writer = self.writer(&mut files)?;
                let merging = writer.merge(&group);
                files.writer = Some(writer);
                merging
            };
            match merging.wait() {
                Ok(_) => rewritten = true,
                Err(error) => failed = Some(error),
            }
        }
        if rewritten {
            self.show_ready()?;
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Takes out what changed, puts in what was read of it, and shows that. The writer goes on merging by itself.
    pub fn change(&self, changes: &Changes, read: &[Document]) -> Result<(), IndexError> {
        let mut files = self.files();
        let mut writer = self.writer(&mut files)?;
        for (kind, ids) in [
            (Kind::Professional, &changes.professionals),
            (Kind::Structure, &changes.structures),
            (Kind::Mailbox, &changes.mailboxes),
        ] {
            for id in ids {
                writer.delete_term(Term::from_field_u64(self.fields.key, entity_key(kind, *id)));
            }
        }
        if !read.is_empty() {
            let mut views = ViewsWriter::after(&self.shown.load().views, &self.folder)?;
            let mut tools = Tools::default();
            for document in read {
                let made = document::make(&mut tools, document);
                let mut doc = made.columns.document(&self.fields, views.append(&made.record)?);
                doc.add_text(self.fields.term, tools.terms.text());
                writer.add_document(doc)?;
            }
            views.finish()?;
        }
        // On a thread that gives way, since the thread that indexes what comes next is started by it.
        priority::apart(|| {
            let mut commit = writer.prepare_commit()?;
            commit.set_payload(&changes.version.to_payload());
            commit.commit()
        })??;
        let committed = self.committed(&files, &self.snapshot())?;
        // Before anybody asks: who asked would wait for this thread, which may give way to others.
        committed.make_segments_ready()?;
        self.shown.store(Arc::new(committed));
        // After a failure it is not kept: a new one begins from what was committed.
        files.writer = Some(writer);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::structure::Structure;
    use crate::directory::structure::example::clinic;

    #[test]
    fn what_changed_is_ready_for_whoever_asks_first() {
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::create(folder.path().to_owned()).unwrap();
        let read = [Document::Structure(1, Arc::new(clinic()))];
        generation.change(&Changes::default(), &read).unwrap();
        let shown = generation.snapshot();
        assert_eq!(shown.segments.len(), 1);
        assert!(shown.segments.iter().all(|segment| segment.kept.is_ready()));
    }

    #[test]
    fn a_file_of_records_that_a_failed_change_left_is_no_other_change_s() {
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::create(folder.path().to_owned()).unwrap();
        std::fs::write(folder.path().join("views-0.bin"), "left").unwrap();
        let read = [Document::Structure(1, Arc::new(clinic()))];
        generation.change(&Changes::default(), &read).unwrap();
        generation.show_ready().unwrap();
        let left = std::fs::read(folder.path().join("views-0.bin")).unwrap();
        assert_eq!(left, b"left");
        let shown = generation.snapshot();
        let found = shown.by_key(Kind::Structure, "f990000001").unwrap();
        assert!(found.is_some_and(|record| record.json().contains("CLINIQUE EXEMPLE")));
    }

    #[test]
    fn what_changes_while_segments_are_tidied_up_is_shown_whole() {
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::create(folder.path().to_owned()).unwrap();
        let entities = 1..=100;
        std::thread::scope(|scope| {
            let changing = scope.spawn(|| {
                for entity in entities.clone() {
                    let changes = Changes {
                        structures: vec![entity],
                        ..Changes::default()
                    };
                    let structure = Structure {
                        identifiant: format!("F99{entity:07}"),
                        ..clinic()
                    };
                    let read = [Document::Structure(entity, Arc::new(structure))];
                    generation.change(&changes, &read).unwrap();
                }
            });
            while !changing.is_finished() {
                generation.show_ready().unwrap();
            }
        });
        let shown = generation.snapshot();
        let lost = |entity: &i64| {
            let key = format!("f99{entity:07}");
            shown.by_key(Kind::Structure, &key).unwrap().is_none()
        };
        let lost: Vec<i64> = entities.filter(lost).collect();
        assert_eq!(lost, [0; 0]);
    }
}
