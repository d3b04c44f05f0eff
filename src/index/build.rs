//! Fills a new generation from the store: one task reads, others make documents, tantivy indexes them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::IndexWriter;
use tantivy::indexer::NoMergePolicy;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::document;
use super::generation::Generation;
use super::maker::Tools;
use super::node::IndexError;
use super::schema::Fields;
use super::views::ViewsWriter;
use crate::priority;
use crate::store::changes::{self, Version};
use crate::store::documents::{Document, Documents, IdTable};

/// Memory of tantivy's writers, all together: the larger, the fewer segments a search has to look at.
const MEMORY: usize = 320 << 20;
/// Threads that index, and threads that make documents.
const THREADS: usize = 2;
/// Structures of a batch; the others come in batches from the store.
const STRUCTURES: usize = 4000;
/// Batches read ahead.
const AHEAD: usize = 2;

/// Where made documents go.
struct Sink {
    fields: Fields,
    writer: IndexWriter,
    /// Records of mailboxes, which mail clients read at every keystroke, lie close together; those of the others apart.
    views: [Mutex<ViewsWriter>; 2],
}

impl Sink {
    fn take(&self, tools: &mut Tools, batch: &[Document]) -> Result<(), IndexError> {
        let (mailboxes, others): (Vec<&Document>, Vec<&Document>) = batch
            .iter()
            .partition(|document| matches!(document, Document::Mailbox(..)));
        for (documents, views) in [mailboxes, others].into_iter().zip(&self.views) {
            let mut records = Vec::with_capacity(documents.len() * 2048);
            let mut docs = Vec::with_capacity(documents.len());
            for document in documents {
                let made = document::make(&self.fields, tools, document);
                docs.push((records.len() as u64, made.doc));
                records.extend_from_slice(&made.record);
            }
            let at = views
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .append(&records)?;
            for (place, mut doc) in docs {
                doc.add_u64(self.fields.at, at.0 + place);
                self.writer.add_document(doc)?;
            }
        }
        Ok(())
    }
}

/// Fills an empty generation with all that the store shows in this transaction; gives the version that it is of.
/// Reads, makes and indexes on threads of its own, which give way to those that answer.
pub fn fill_apart(
    generation: &Generation,
    connection: &mut sqlx::PgConnection,
) -> Result<Version, IndexError> {
    let runtime = Handle::current();
    let apart = || {
        priority::lower_thread();
        runtime.block_on(fill(generation, connection))
    };
    let filled = tokio::task::block_in_place(|| std::thread::scope(|scope| scope.spawn(apart).join()));
    filled.map_err(|_| std::io::Error::other("the building of the index panicked"))?
}

async fn fill(generation: &Generation, connection: &mut sqlx::PgConnection) -> Result<Version, IndexError> {
    let version = changes::version(connection).await?;
    let writer: IndexWriter = generation.index.writer_with_num_threads(THREADS, MEMORY)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    let sink = Arc::new(Sink {
        fields: generation.fields,
        writer,
        views: [
            Mutex::new(ViewsWriter::create(&generation.folder, 0)?),
            Mutex::new(ViewsWriter::create(&generation.folder, 1)?),
        ],
    });
    let (batches, queue) = mpsc::channel::<Vec<Document>>(AHEAD);
    let queue = Arc::new(Mutex::new(queue));
    let mut makers = Vec::with_capacity(THREADS);
    for _ in 0..THREADS {
        let (sink, queue) = (sink.clone(), queue.clone());
        makers.push(std::thread::spawn(move || {
            let mut tools = Tools::default();
            loop {
                let next = queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .blocking_recv();
                match next {
                    Some(batch) => sink.take(&mut tools, &batch)?,
                    None => return Ok::<_, IndexError>(()),
                }
            }
        }));
    }
    // Held by the makers alone: where they have failed, nobody takes a batch any more.
    drop(queue);
    let read = read(connection, &batches).await;
    drop(batches);
    for maker in makers {
        let made = maker.join();
        made.map_err(|_| std::io::Error::other("a maker of documents panicked"))??;
    }
    read?;
    let sink = Arc::into_inner(sink).ok_or_else(|| std::io::Error::other("a maker of documents lives on"))?;
    finish(sink, version)?;
    Ok(version)
}

/// Reads everything. Mailboxes come with their holders, so that nobody is read twice; then those of nobody. Ends early
/// where nobody takes the batches any more.
async fn read(
    connection: &mut sqlx::PgConnection,
    batches: &mpsc::Sender<Vec<Document>>,
) -> Result<(), IndexError> {
    let mut documents = Documents::open(connection).await?;
    loop {
        let mut structures = documents.next_structures().await?.into_iter().peekable();
        if structures.peek().is_none() {
            break;
        }
        while structures.peek().is_some() {
            let batch = structures.by_ref().take(STRUCTURES);
            let batch = batch.map(|(id, structure)| Document::Structure(id, structure));
            if batches.send(batch.collect()).await.is_err() {
                return Ok(());
            }
        }
    }
    let of_professionals = |(id, professional)| Document::Professional(id, professional);
    let of_mailboxes = |(id, mailbox)| Document::Mailbox(id, mailbox);
    let mut held = HashSet::new();
    let mut after = 0;
    loop {
        let ids = documents.next_ids(IdTable::Professionals, after).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        let (professionals, boxes) = documents.professionals_with_boxes(&ids).await?;
        let mailboxes = documents.mailboxes_of(&professionals, &boxes).await?;
        held.extend(mailboxes.iter().map(|(id, _)| *id));
        let mailboxes = mailboxes.into_iter().map(of_mailboxes).collect();
        let professionals = professionals.into_iter().map(of_professionals).collect();
        if batches.send(professionals).await.is_err() || batches.send(mailboxes).await.is_err() {
            return Ok(());
        }
    }
    after = 0;
    loop {
        let mut ids = documents.next_ids(IdTable::Mailboxes, after).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        ids.retain(|id| !held.contains(id));
        let mailboxes = documents.mailboxes(&ids).await?;
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

fn finish(sink: Sink, version: Version) -> Result<(), IndexError> {
    // Records first: a document never names one that is not there.
    for views in sink.views {
        let views = views.into_inner().unwrap_or_else(PoisonError::into_inner);
        views.finish()?;
    }
    let mut writer = sink.writer;
    let mut commit = writer.prepare_commit()?;
    commit.set_payload(&version.to_payload());
    commit.commit()?;
    writer.wait_merging_threads()?;
    Ok(())
}
