//! When the store was last heard of. A node that has lost it for too long knows of no move to the red list since, and
//! must stop telling mailboxes; everything else it may go on telling.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

use super::accounts;

/// Between two attempts to listen.
const RETRY: Duration = Duration::from_secs(2);
/// Silence after which accounts may have changed all the same: a connection that died may not tell.
const SILENCE: Duration = Duration::from_secs(60);

/// Nothing was heard yet: the index may be as old as the node was stopped long.
const NEVER: u64 = u64::MAX;

/// How long Postgres may take for one answer of those that a node waits for.
const ANSWER: Duration = Duration::from_secs(600);

/// Waits for an answer of Postgres, not for ever: of a server that lost its power, or a network that forgot the connection,
/// nobody is told who only listens.
///
/// # Errors
///
/// Those of the asking; a time-out after ten minutes.
pub async fn answered<T>(asking: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let silence = || {
        io::Error::new(
            io::ErrorKind::TimedOut,
            "Postgres has not answered for ten minutes",
        )
    };
    match tokio::time::timeout(ANSWER, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(silence().into()),
    }
}

/// A node's contact with the store.
#[derive(Debug)]
pub struct Contact {
    began: Instant,
    /// Milliseconds from the beginning to the last time the index was known to be up to date, or [`NEVER`].
    heard: AtomicU64,
    is_reachable: AtomicBool,
    /// Moves whenever an account may have been revoked or given another key.
    account_changes: AtomicU64,
    /// Silence after which mailboxes are not told any more; `None` for any.
    patience: Option<Duration>,
}

impl Contact {
    /// One that begins.
    pub fn new(patience: Option<Duration>) -> Self {
        Self {
            began: Instant::now(),
            heard: AtomicU64::new(NEVER),
            is_reachable: AtomicBool::new(true),
            account_changes: AtomicU64::new(0),
            patience,
        }
    }

    /// Notes that at `when` the store told all that there was to know. Gives whether it had been silent.
    pub fn heard(&self, when: Instant) -> bool {
        let passed = when.saturating_duration_since(self.began).as_millis();
        self.heard
            .store(u64::try_from(passed).unwrap_or(NEVER), Ordering::Relaxed);
        !self.is_reachable.swap(true, Ordering::Relaxed)
    }

    /// Notes that the store does not answer. Gives whether it had answered before.
    pub fn lost(&self) -> bool {
        self.is_reachable.swap(false, Ordering::Relaxed)
    }

    /// Notes that an account may have been revoked or given another key.
    pub fn accounts_changed(&self) {
        self.account_changes.fetch_add(1, Ordering::Release);
    }

    /// A number that moves whenever accounts may have changed.
    pub fn account_changes(&self) -> u64 {
        self.account_changes.load(Ordering::Acquire)
    }

    /// Whether the store answered when it was last asked.
    pub fn is_reachable(&self) -> bool {
        self.is_reachable.load(Ordering::Relaxed)
    }

    /// Whether the store has been silent for too long, or has not been heard at all. A question that hangs is silence, too.
    pub fn is_stale(&self) -> bool {
        let Some(patience) = self.patience else {
            return false;
        };
        match self.heard.load(Ordering::Relaxed) {
            NEVER => true,
            heard => (self.began + Duration::from_millis(heard)).elapsed() > patience,
        }
    }
}

/// Hears of accounts that are revoked or given another key, until `stop`; on a connection of its own, since who follows the
/// index may be at that for minutes.
pub async fn hear_accounts(contact: Arc<Contact>, pool: PgPool, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            // Whatever ended it, it begins anew.
            _ = listen(&contact, &pool) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

/// Listens until the connection is lost.
async fn listen(contact: &Contact, pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(accounts::CHANNEL).await?;
    loop {
        // At first, since what came before the listening is not announced again.
        contact.accounts_changed();
        let heard = tokio::time::timeout(SILENCE, listener.try_recv()).await;
        // A connection that was lost is not quietly made anew: what was told meanwhile is lost with it.
        if let Ok(heard) = heard
            && heard?.is_none()
        {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_borne_as_long_as_the_setting_says_and_none_before_anything_was_heard() {
        let old = Contact {
            began: Instant::now().checked_sub(Duration::from_secs(60)).unwrap(),
            ..Contact::new(Some(Duration::from_secs(61)))
        };
        assert!(old.is_stale());
        old.heard.store(0, Ordering::Relaxed);
        assert!(!old.is_stale());
        let old = Contact {
            patience: Some(Duration::from_secs(30)),
            ..old
        };
        assert!(old.is_stale() && old.is_reachable());
        assert!(old.lost() && !old.lost());
        assert!(old.heard(Instant::now()));
        assert!(!old.is_stale() && old.is_reachable());
        let patient = Contact {
            patience: None,
            ..old
        };
        patient.heard.store(0, Ordering::Relaxed);
        assert!(!patient.is_stale());
    }
}
