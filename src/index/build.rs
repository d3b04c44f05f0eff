//! Fills a new generation from the store: one task reads, others make documents and write them a segment at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tantivy::index::SegmentMeta;
use tantivy::indexer::NoMergePolicy;
use tantivy::{Index, IndexWriter};
use tokio::sync::mpsc;

use super::bulk::{self, Bulk};
use super::generation::Generation;
use super::node::IndexError;
use super::schema::Fields;
use super::views::ViewsWriter;
use crate::store::changes::{self, Version};
use crate::store::contact::answered;
use crate::store::documents::{Document, Documents, IdTable, Ids};

/// Threads that make documents.
const WORKERS: u32 = 2;
/// Memory of tantivy's writer, which only commits: the least it takes.
const MEMORY: usize = 15 << 20;
/// Batches read ahead.
const AHEAD: usize = 2;

/// Batches that wait for a worker.
type Queue = Arc<Mutex<mpsc::Receiver<Vec<Document>>>>;

/// Makes documents, and writes what they become.
struct Worker {
    index: Index,
    fields: Fields,
    /// Records of mailboxes, which mail clients read at every keystroke, lie close together; those of the others apart.
    mailboxes: ViewsWriter,
    others: ViewsWriter,
    /// Terms with which a segment is written: less at first, so that the workers do not write at one time, which takes
    /// most memory.
    full: usize,
    segments: Vec<SegmentMeta>,
}

impl Worker {
    /// The worker of a number, with two files of its own.
    fn new(generation: &Generation, number: u32) -> Result<Self, IndexError> {
        Ok(Self {
            index: generation.index.clone(),
            fields: generation.fields,
            mailboxes: ViewsWriter::create(&generation.folder, 2 * number)?,
            others: ViewsWriter::create(&generation.folder, 2 * number + 1)?,
            full: bulk::FULL / (number as usize + 1),
            segments: Vec::new(),
        })
    }

    /// Works until no batch comes any more; gives the segments that it wrote.
    fn work(mut self, queue: &Queue) -> Result<Vec<SegmentMeta>, IndexError> {
        let mut bulk = Bulk::default();
        loop {
            let next = queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .blocking_recv();
            let Some(batch) = next else { break };
            for document in batch {
                let views = match document {
                    Document::Mailbox(..) => &mut self.mailboxes,
                    _ => &mut self.others,
                };
                let record = bulk.add(&document, views.next());
                views.append(&record)?;
            }
            if bulk.len() >= self.full {
                self.segments.push(bulk.write(&self.index, &self.fields)?);
                self.full = bulk::FULL;
            }
        }
        if !bulk.is_empty() {
            self.segments.push(bulk.write(&self.index, &self.fields)?);
        }
        self.mailboxes.finish()?;
        self.others.finish()?;
        Ok(self.segments)
    }
}

/// Fills an empty generation with all that the store shows in this transaction; gives the version that it is of. Reads
/// here, and makes and indexes on threads of its own, which give way where this one does.
pub async fn fill(
    generation: &Generation,
    connection: &mut sqlx::PgConnection,
) -> Result<Version, IndexError> {
    let version = answered(changes::version(connection)).await?;
    let (batches, queue) = mpsc::channel::<Vec<Document>>(AHEAD);
    let queue = Arc::new(Mutex::new(queue));
    let workers: Result<Vec<_>, _> = (0..WORKERS)
        .map(|number| Worker::new(generation, number))
        .collect();
    let begin = |worker: Worker| {
        let queue = queue.clone();
        std::thread::spawn(move || worker.work(&queue))
    };
    let workers: Vec<_> = workers?.into_iter().map(begin).collect();
    // Held by the workers alone: where they have failed, nobody takes a batch any more.
    drop(queue);
    let read = read(connection, &batches).await;
    drop(batches);
    // All of them have ended before any error is told: the folder may be taken away then.
    let ended: Vec<_> = workers.into_iter().map(JoinHandle::join).collect();
    let mut segments = Vec::new();
    for written in ended {
        segments.extend(written.map_err(|_| std::io::Error::other("a maker of documents panicked"))??);
    }
    read?;
    commit(&generation.index, segments, version)?;
    Ok(version)
}

/// Reads everything. Mailboxes come with their holders, so that nobody is read twice; then those of nobody. Ends early
/// where nobody takes the batches any more.
async fn read(
    connection: &mut sqlx::PgConnection,
    batches: &mpsc::Sender<Vec<Document>>,
) -> Result<(), IndexError> {
    let mut documents = answered(Documents::open(connection)).await?;
    let of_structures = |(id, structure)| Document::Structure(id, structure);
    loop {
        let structures = answered(documents.next_structures()).await?;
        if structures.is_empty() {
            break;
        }
        let structures = structures.into_iter().map(of_structures).collect();
        if batches.send(structures).await.is_err() {
            return Ok(());
        }
    }
    let of_professionals = |(id, professional)| Document::Professional(id, professional);
    let of_mailboxes = |(id, mailbox)| Document::Mailbox(id, mailbox);
    let mut held = HashSet::new();
    let mut after = 0;
    loop {
        let ids = answered(documents.next_ids(IdTable::Professionals, after)).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        let reading = documents.professionals_with_boxes(Ids::Run(&ids));
        let (professionals, boxes) = answered(reading).await?;
        let mailboxes = answered(documents.mailboxes_of(&professionals, &boxes)).await?;
        held.extend(mailboxes.iter().map(|(id, _)| *id));
        let mailboxes = mailboxes.into_iter().map(of_mailboxes).collect();
        let professionals = professionals.into_iter().map(of_professionals).collect();
        if batches.send(professionals).await.is_err() || batches.send(mailboxes).await.is_err() {
            return Ok(());
        }
    }
    after = 0;
    loop {
        let mut ids = answered(documents.next_ids(IdTable::Mailboxes, after)).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        ids.retain(|id| !held.contains(id));
        let mailboxes = answered(documents.mailboxes(&ids)).await?;
        if batches
            .send(mailboxes.into_iter().map(of_mailboxes).collect())
            .await
            .is_err()
        {
            return Ok(());
        }
    }
    Ok(())
}

/// Shows the segments, whose records are in their files by now.
fn commit(index: &Index, segments: Vec<SegmentMeta>, version: Version) -> Result<(), IndexError> {
    let mut writer: IndexWriter = index.writer_with_num_threads(1, MEMORY)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    for segment in segments {
        writer.add_segment(segment)?;
    }
    let mut commit = writer.prepare_commit()?;
    commit.set_payload(&version.to_payload());
    commit.commit()?;
    writer.wait_merging_threads()?;
    Ok(())
}
