//! Extracts on their way into memory: read ahead, each by a thread of its own, and given in their order.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::gather::{self, Gathered};
use super::guard;
use super::publication::Publication;
use super::report::Report;
use super::{Options, Progress};
use crate::source::{Extract, Kind, SourceError};

/// Files read at a time: one keeps a processor busy while another is being written.
const AHEAD: usize = 2;

/// The extracts of one command that are still to come.
pub struct Reading<'o> {
    options: &'o Options,
    progress: Progress,
    waiting: VecDeque<Extract>,
    begun: VecDeque<(Extract, JoinHandle<Result<Gathered, SourceError>>)>,
}

impl<'o> Reading<'o> {
    /// Nothing is read before [`Self::begin`] or [`Self::next`].
    pub fn of(extracts: Vec<Extract>, options: &'o Options, progress: Progress) -> Self {
        Self {
            options,
            progress,
            waiting: extracts.into(),
            begun: VecDeque::new(),
        }
    }

    /// Begins to read the next few. A file that is older than what is loaded is not read; the report tells.
    pub async fn begin(
        &mut self,
        publication: &mut Publication<'_>,
        report: &mut Report,
    ) -> Result<(), sqlx::Error> {
        while self.begun.len() < AHEAD
            && let Some(extract) = self.waiting.pop_front()
        {
            if let Some(loaded) = guard::newer_loaded(publication, &extract).await? {
                let (name, date) = (extract.name(), extract.date.value);
                if !self.options.force {
                    report.refus.push(format!(
                        "{name}: of {date}, older than the {} of {loaded} that is loaded; --force takes it",
                        extract.kind.as_str()
                    ));
                    continue;
                }
                tracing::warn!(file = name, %date, %loaded, "an older file was taken by --force");
            }
            let (read, trust) = (extract.clone(), self.options.trust.clone());
            let progress = Arc::clone(&self.progress);
            let reader = tokio::task::spawn_blocking(move || {
                let name = read.name();
                gather::gather(&read, &trust, &mut |bytes| progress(&name, bytes))
            });
            self.begun.push_back((extract, reader));
        }
        Ok(())
    }

    /// Whether the next extract, which is being read, is of a kind.
    pub fn next_is(&self, kind: Kind) -> bool {
        self.begun
            .front()
            .is_some_and(|(extract, _)| extract.kind == kind)
    }

    /// The next extract that may enter, read to its end; why others may not is told in the report.
    pub async fn next(
        &mut self,
        publication: &mut Publication<'_>,
        report: &mut Report,
    ) -> Result<Option<(Extract, Gathered)>, sqlx::Error> {
        loop {
            self.begin(publication, report).await?;
            let Some((extract, reader)) = self.begun.pop_front() else {
                return Ok(None);
            };
            let read = reader.await;
            // Another one, while this one is written.
            self.begin(publication, report).await?;
            let mut gathered = match read {
                Ok(Ok(gathered)) => gathered,
                Ok(Err(error)) => {
                    report.refus.push(error.to_string());
                    continue;
                }
                Err(_) => {
                    report.refus.push(format!(
                        "{}: reading it failed; please report this",
                        extract.name()
                    ));
                    continue;
                }
            };
            let Some(fall) = guard::fall(publication, &extract, &gathered).await? else {
                return Ok(Some((extract, gathered)));
            };
            let name = extract.name();
            if self.options.allow_drop {
                tracing::warn!(file = name, fall, "a fall was let pass by --allow-drop");
                let note = format!("fall let pass by --allow-drop: {fall}");
                gathered.summary.notes.push(note);
                return Ok(Some((extract, gathered)));
            }
            report.refus.push(format!(
                "{name}: far fewer entries than in the file that is loaded ({fall}); if this is right, \
                 --allow-drop takes it"
            ));
        }
    }
}
