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
    /// Processors of this process, and those of them that are left.
    all: CpuSet,
    left: CpuSet,
    is_asked: AtomicBool,
    /// Processes of Postgres that leave room. Held while anything is placed: what is placed last is what holds.
    backends: Mutex<BTreeSet<i32>>,
}

/// From now on what gives way in this process leaves so many processors, or their usual share, while the node of a data
/// directory is asked; one is always kept.
pub fn leave(data_dir: &Path, wanted: Option<u16>) {
    let Ok(all) = sched_getaffinity(None) else {
        return;
    };
    let left = left_of(&all, wanted);
    if left.count() == 0 {
        return;
    }
    let beside = Beside {
        all,
        left,
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

/// The first processors of all, as many as are to be left; never all of them.
fn left_of(all: &CpuSet, wanted: Option<u16>) -> CpuSet {
    let count = all.count() as usize;
    let wanted = wanted
        .map_or((count / SHARE).max(1), usize::from)
        .min(count.saturating_sub(1));
    let mut left = CpuSet::new();
    processors(all).take(wanted).for_each(|one| left.set(one));
    left
}

/// All processors but those that are left; all of them where none would be kept.
fn kept_of(all: &CpuSet, left: &CpuSet) -> CpuSet {
    let mut kept = *all;
    processors(left).for_each(|one| kept.unset(one));
    if kept.count() == 0 { *all } else { kept }
}

fn processors(set: &CpuSet) -> impl Iterator<Item = usize> {
    (0..CpuSet::MAX_CPU).filter(|one| set.is_set(*one))
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
        let mut backends = self.backends();
        let was_asked = self.is_asked.swap(is_asked, Ordering::Relaxed);
        if is_asked || was_asked {
            let processors = self.processors(&self.all, is_asked);
            for thread in priority::lowered_threads() {
                // What is refused, or has just ended, costs nothing but speed.
                let _ = sched_setaffinity(Some(thread), &processors);
            }
            backends.retain(|backend| self.place(*backend, is_asked));
        }
    }

    /// Puts a process of Postgres where it belongs; false where the number is none's any more.
    fn place(&self, backend: i32, is_asked: bool) -> bool {
        let Some(all) = processors_of_postgres(backend) else {
            return false;
        };
        let _ = sched_setaffinity(Pid::from_raw(backend), &self.processors(&all, is_asked));
        true
    }

    fn processors(&self, all: &CpuSet, is_asked: bool) -> CpuSet {
        match is_asked {
            true => kept_of(all, &self.left),
            false => *all,
        }
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
    /// By its number; `None` where no process of Postgres has it here, or where nothing leaves room. One that a node, before
    /// it was killed, had leave room is given all processors again.
    pub fn of(number: i32) -> Option<Self> {
        let beside = BESIDE.get()?;
        let mut backends = beside.backends();
        beside.place(number, is_asked()).then(|| {
            backends.insert(number);
            Self(number)
        })
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if let Some(beside) = BESIDE.get() {
            let mut backends = beside.backends();
            if backends.remove(&self.0) {
                beside.place(self.0, false);
            }
        }
    }
}

/// The processes of Postgres that have left room so far leave none any more: this one ends.
pub fn end() {
    if let Some(beside) = BESIDE.get() {
        for backend in std::mem::take(&mut *beside.backends()) {
            beside.place(backend, false);
        }
    }
}

/// The processors of a process of Postgres: those of the one that began it, which never leaves room itself. `None` where
/// the number is no such process's: another container may number its processes otherwise, and numbers are given again.
fn processors_of_postgres(number: i32) -> Option<CpuSet> {
    // proc(5): `pid (name) state parent …`.
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let (name, rest) = stat.rsplit_once(") ")?;
    if !name.ends_with("(postgres") {
        return None;
    }
    let parent = rest.split(' ').nth(1)?.parse().ok()?;
    sched_getaffinity(Pid::from_raw(parent)).ok()
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
        assert_eq!(left_of(&set([3]), None), set([]));
        assert_eq!(left_of(&set([1, 3]), None), set([1]));
        assert_eq!(left_of(&set(0..4), None), set([0]));
        assert_eq!(left_of(&set(0..9), None), set(0..2));
        assert_eq!(left_of(&set(0..9), Some(0)), set([]));
        assert_eq!(left_of(&set(0..9), Some(5)), set(0..5));
        assert_eq!(left_of(&set(0..2), Some(5)), set([0]));
    }

    #[test]
    fn who_has_other_processors_keeps_those_that_are_not_left() {
        assert_eq!(kept_of(&set(0..4), &set([0])), set(1..4));
        assert_eq!(kept_of(&set(2..16), &set([0])), set(2..16));
        assert_eq!(kept_of(&set([0]), &set([0])), set([0]));
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
        if all.count() > 1 {
            let kept = kept_of(&all, &left_of(&all, None));
            assert_eq!(waits.recv_timeout(Duration::from_secs(30)).unwrap(), kept);
            assert!(is_asked());
            assert_eq!(sched_getaffinity(None).unwrap(), all);
            fs::remove_file(folder.path().join(ASKED)).unwrap();
            assert_eq!(waits.recv_timeout(Duration::from_secs(30)).unwrap(), all);
        }
    }
}
