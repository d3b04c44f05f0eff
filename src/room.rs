//! Room for answers: while a node is asked, work that gives way on its machine keeps to some of the processors only.
//!
//! A lower priority alone is not enough. Where all processors are busy, whoever wakes up to answer waits for the end of
//! another's turn, milliseconds that an answer does not take itself (`benches/README.md`, "Serving during an import"). With
//! a processor left free he need not.
//!
//! A node that is asked says so by the time of a file in its data directory. Each process that works beside it, the node
//! included, looks at that file: its threads that [give way](crate::priority), and what Postgres does for them, leave one
//! processor of four, and at least one, as long as somebody asked within ten seconds; so do, by the node, the processes of
//! Postgres that write to the disk for all. Nothing is left where nobody asks, or where there is one processor alone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::priority;

/// Whose time is when the node was asked last.
const ASKED: &str = "asked";
/// Room is left so long after the last question.
const AFTER: Duration = Duration::from_secs(10);
/// Between two looks at the file and at the threads that there are.
const LOOK: Duration = Duration::from_millis(100);
/// Processors of which one is left.
const SHARE: usize = 4;

/// What this process knows; there is one for all of its threads.
static BESIDE: OnceLock<Beside> = OnceLock::new();

struct Beside {
    /// All processors, and those of who leaves room.
    all: CpuSet,
    others: CpuSet,
    is_asked: AtomicBool,
    /// Processes of Postgres that work for this one.
    backends: Mutex<BTreeSet<i32>>,
}

/// From now on what gives way in this process leaves so many processors, or their usual share, while the node of a data
/// directory is asked; one is always kept.
pub fn leave(data_dir: &Path, left: Option<u16>) {
    let Ok(all) = sched_getaffinity(None) else {
        return;
    };
    let Some(others) = others(&all, left) else {
        return;
    };
    let beside = Beside {
        all,
        others,
        is_asked: AtomicBool::new(false),
        backends: Mutex::default(),
    };
    beside.look(data_dir);
    if BESIDE.set(beside).is_ok() {
        let data_dir = data_dir.to_owned();
        // Where no thread can be had, priorities have to do.
        let _ = std::thread::Builder::new()
            .name("room".into())
            .spawn(move || watch(&data_dir));
    }
}

/// All processors but the first ones, which are left; `None` where that is all or none of them.
fn others(all: &CpuSet, left: Option<u16>) -> Option<CpuSet> {
    let count = all.count() as usize;
    let left = left
        .map_or((count / SHARE).max(1), usize::from)
        .min(count.saturating_sub(1));
    let mut others = *all;
    let processors = (0..CpuSet::MAX_CPU).filter(|processor| all.is_set(*processor));
    processors
        .take(left)
        .for_each(|processor| others.unset(processor));
    (left > 0).then_some(others)
}

fn watch(data_dir: &Path) {
    let Some(beside) = BESIDE.get() else { return };
    loop {
        beside.look(data_dir);
        std::thread::sleep(LOOK);
    }
}

impl Beside {
    /// Looks whether the node is asked, and puts all that gives way where it belongs then.
    fn look(&self, data_dir: &Path) {
        let asked = fs::metadata(data_dir.join(ASKED)).and_then(|file| file.modified());
        let is_asked = asked.is_ok_and(|asked| asked.elapsed().is_ok_and(|since| since < AFTER));
        let was_asked = self.is_asked.swap(is_asked, Ordering::Relaxed);
        if is_asked || was_asked {
            self.place(is_asked);
        }
    }

    /// What is refused, or has just ended, costs nothing but speed.
    fn place(&self, is_asked: bool) {
        let processors = self.processors(is_asked);
        let mut backends = self.backends();
        backends.retain(|backend| is_postgres(*backend));
        let backends = backends.iter().filter_map(|backend| Pid::from_raw(*backend));
        for one in priority::lowered_threads().into_iter().chain(backends) {
            let _ = sched_setaffinity(Some(one), processors);
        }
    }

    fn processors(&self, is_asked: bool) -> &CpuSet {
        if is_asked { &self.others } else { &self.all }
    }

    fn backends(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.backends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether somebody asks the node beside which this process works.
pub fn is_asked() -> bool {
    BESIDE
        .get()
        .is_some_and(|beside| beside.is_asked.load(Ordering::Relaxed))
}

/// A process of Postgres on this machine that works for who gives way, until this is dropped.
#[derive(Debug)]
pub struct Backend(i32);

impl Backend {
    /// By its number; `None` where no process of Postgres has it here, or where nothing leaves room.
    pub fn of(number: i32) -> Option<Self> {
        let beside = BESIDE.get()?;
        is_postgres(number).then(|| {
            beside.backends().insert(number);
            // One that a node, before it was killed, had leave room is given all processors again.
            let _ = sched_setaffinity(Pid::from_raw(number), beside.processors(is_asked()));
            Self(number)
        })
    }
}

/// The processes of Postgres that have left room so far leave none any more: this one ends.
pub fn end() {
    if let Some(beside) = BESIDE.get() {
        for backend in std::mem::take(&mut *beside.backends()) {
            let _ = sched_setaffinity(Pid::from_raw(backend), &beside.all);
        }
    }
}

/// Another container may number its processes otherwise, and numbers are given again.
fn is_postgres(number: i32) -> bool {
    fs::read_to_string(format!("/proc/{number}/comm")).is_ok_and(|name| name.trim_end() == "postgres")
}

impl Drop for Backend {
    fn drop(&mut self) {
        if let Some(beside) = BESIDE.get()
            && beside.backends().remove(&self.0)
        {
            let _ = sched_setaffinity(Pid::from_raw(self.0), &beside.all);
        }
    }
}

/// By what a node says that it is asked.
#[derive(Debug)]
pub struct Sign {
    file: PathBuf,
    began: Instant,
    /// Seconds from the beginning to the last time it was said, and one more.
    said: AtomicU64,
}

impl Sign {
    /// The sign of a data directory.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            file: data_dir.join(ASKED),
            began: Instant::now(),
            said: AtomicU64::new(0),
        }
    }

    /// Says that the node is asked, at most once a second.
    pub fn asked(&self) {
        let now = self.began.elapsed().as_secs() + 1;
        if self.said.swap(now, Ordering::Relaxed) != now {
            let file = File::options().create(true).append(true).open(&self.file);
            let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(processors: impl IntoIterator<Item = usize>) -> CpuSet {
        let mut set = CpuSet::new();
        processors.into_iter().for_each(|processor| set.set(processor));
        set
    }

    #[test]
    fn one_processor_of_four_is_left_and_at_least_one_or_as_many_as_is_said() {
        assert_eq!(others(&set([3]), None), None);
        assert_eq!(others(&set([1, 3]), None), Some(set([3])));
        assert_eq!(others(&set(0..4), None), Some(set(1..4)));
        assert_eq!(others(&set(0..9), None), Some(set(2..9)));
        assert_eq!(others(&set(0..9), Some(0)), None);
        assert_eq!(others(&set(0..9), Some(5)), Some(set(5..9)));
        assert_eq!(others(&set(0..2), Some(5)), Some(set([1])));
    }

    #[test]
    fn what_gives_way_leaves_room_while_somebody_asks() {
        let folder = tempfile::tempdir().unwrap();
        let all = sched_getaffinity(None).unwrap();
        if priority::is_lowered() {
            return;
        }
        leave(folder.path(), None);
        let (told, waits) = std::sync::mpsc::channel::<CpuSet>();
        std::thread::spawn(move || {
            priority::lower_thread();
            let mut before = all;
            loop {
                let now = sched_getaffinity(None).unwrap();
                if now != before && told.send(now).is_err() {
                    return;
                }
                before = now;
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Sign::new(folder.path()).asked();
        if let Some(others) = others(&all, None) {
            assert_eq!(waits.recv_timeout(Duration::from_secs(30)).unwrap(), others);
            assert!(is_asked());
            assert_eq!(sched_getaffinity(None).unwrap(), all);
            fs::remove_file(folder.path().join(ASKED)).unwrap();
            assert_eq!(waits.recv_timeout(Duration::from_secs(30)).unwrap(), all);
        }
    }
}
