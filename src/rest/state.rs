//! What every operation shares: the directory, the source of extractions, counters and bounds.
//! Never holds anything of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use std::time::Duration;

use tokio::sync::Semaphore;

use super::metrics::Metrics;
use super::origins::Origins;
use super::problem::{INTERNAL, Problem, UNAVAILABLE};
use super::quota::Quotas;
use crate::export::Exports;
use crate::server::networks::Networks;
use crate::server::seats::Seats;
use crate::service::{Directory, ServiceError};

/// Questions to the directory that run at one time; others wait for their turn, within their own delay.
const QUESTIONS_AT_ONCE: usize = 64;
/// Of them, those about indicators.
const COUNTS_AT_ONCE: usize = 2;
/// Filtered extractions that are sent at one time, in all and to one address: each holds a connection to Postgres.
const EXTRACTIONS_AT_ONCE: usize = 16;
const EXTRACTIONS_OF_ONE: usize = 4;

/// What the person who runs the server decides. By default nothing is bounded but the time of an answer.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Requests of one address without a key; 0 for no bound.
    pub public_requests_per_minute: u32,
    /// Requests of one account; 0 for no bound.
    pub account_requests_per_minute: u32,
    /// Different entries of one address without a key; 0 for no bound.
    pub public_entries_per_day: usize,
    /// Sites whose pages may read.
    pub origins: Origins,
    /// From the request's head to the answer's head; the body of an extraction may take longer.
    pub answer: Duration,
    /// Proxies whose word on the client's address is taken.
    pub proxies: Networks,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_requests_per_minute: 0,
            account_requests_per_minute: 0,
            public_entries_per_day: 0,
            origins: Origins::Any,
            answer: Duration::from_secs(10),
            proxies: Networks::default(),
        }
    }
}

/// The state of the routers; cheap to clone.
#[derive(Clone)]
pub struct RestState {
    pub(super) directory: Directory,
    pub(super) metrics: Arc<Metrics>,
    pub(super) exports: Exports,
    pub(super) extractions: Arc<Seats>,
    pub(super) quotas: Arc<Quotas>,
    pub(super) settings: Arc<Settings>,
    /// Whoever asks for indicators may wait for a count: they shall not take all turns.
    pub(super) counts: Arc<Semaphore>,
    questions: Arc<Semaphore>,
    request_ids: Arc<AtomicU64>,
}

impl RestState {
    /// `seed` is where the request identifiers begin: random in service, fixed in tests.
    pub fn new(directory: Directory, exports: Exports, settings: Settings, seed: u64) -> Self {
        Self {
            directory,
            metrics: Arc::default(),
            exports,
            extractions: Seats::new(EXTRACTIONS_AT_ONCE, EXTRACTIONS_OF_ONE),
            quotas: Arc::new(Quotas::new(
                settings.public_requests_per_minute,
                settings.account_requests_per_minute,
                settings.public_entries_per_day,
            )),
            settings: Arc::new(settings),
            counts: Arc::new(Semaphore::new(COUNTS_AT_ONCE)),
            questions: Arc::new(Semaphore::new(QUESTIONS_AT_ONCE)),
            request_ids: Arc::new(AtomicU64::new(seed)),
        }
    }

    /// Asks the directory on a thread that may block, so that a long search delays nobody else's request.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Directory) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(&self.questions).acquire_owned().await;
        let turn = turn.map_err(|_| Problem::of(&UNAVAILABLE))?;
        let directory = self.directory.clone();
        let asked = tokio::task::spawn_blocking(move || {
            // Held by the thread, not by the request: a caller that hangs up does not free the thread.
            let _turn = turn;
            question(&directory)
        });
        match asked.await {
            Ok(answer) => Ok(answer?),
            Err(_) => {
                tracing::error!("a question to the directory panicked");
                Err(Problem::of(&INTERNAL))
            }
        }
    }

    /// Sixteen hexadecimal digits, each request its own.
    pub(super) fn next_request_id(&self) -> String {
        // An odd step visits every value once, and neighbours do not look alike in a log.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        format!("{:016x}", self.request_ids.fetch_add(STEP, Ordering::Relaxed))
    }
}
