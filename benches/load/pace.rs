//! When a client of a load generator asks next, and until when.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The requests of one client.
pub struct Pace {
    /// Nothing where the next is due when the last is answered.
    interval: Option<Duration>,
    due: Instant,
    until: Instant,
    /// There as long as the process that the load goes with.
    process: Option<PathBuf>,
}

impl Pace {
    pub fn new(per_second: f64, until: Instant, process: Option<u32>) -> Self {
        Self {
            interval: (per_second > 0.0).then(|| Duration::from_secs_f64(1.0 / per_second)),
            due: Instant::now(),
            until,
            process: process.map(|number| PathBuf::from(format!("/proc/{number}/stat"))),
        }
    }

    /// Waits for the next request; gives when it was due, which a late one is not answered for. Nothing when it is over.
    pub fn next(&mut self) -> Option<Instant> {
        match self.interval {
            Some(interval) => {
                self.due += interval;
                std::thread::sleep(self.due.saturating_duration_since(Instant::now()));
            }
            None => self.due = Instant::now(),
        }
        (Instant::now() < self.until && self.is_running()).then_some(self.due)
    }

    fn is_running(&self) -> bool {
        let Some(stat) = &self.process else {
            return true;
        };
        // One that has ended and that nobody has waited for is still listed, as a zombie.
        std::fs::read_to_string(stat).is_ok_and(|stat| !stat.contains(") Z "))
    }
}
