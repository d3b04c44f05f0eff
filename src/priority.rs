//! Work that gives way: importing, building an index, taking in what an import changed, tidying up and making national
//! files run at a lower priority than answering. Who answers must not wait for anything that such work has in hand.
//! On a machine with nothing else to do they are as fast as ever. And who answers asks for short turns, which come sooner.

use std::io;
use std::time::Duration;

use rustix::process::{Pid, getpriority_process, setpriority_process};
use tokio::runtime::Handle;

/// How far such work stands back: a tenth of the share of who answers, where both want the processor.
const NICE: i32 = 10;

/// As long as many an answer takes. Who wakes up for a short turn does not wait until whoever runs has ended a longer one,
/// of milliseconds.
const TURN: Duration = Duration::from_micros(200);
/// As long as the system sees fit.
const USUAL: Duration = Duration::ZERO;

/// The calling thread gives way from now on, and so do the threads that it starts. Only a privileged process could
/// take that back: to be called on threads of one's own, not on those of a pool.
pub fn lower_thread() {
    lower(None);
}

/// Does something on a thread of its own that gives way, and waits for it.
///
/// # Errors
///
/// When it panicked, or the thread could not be started.
pub fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let doing = std::thread::Builder::new().spawn_scoped(scope, || {
            lower_thread();
            work()
        })?;
        let done = doing.join();
        done.map_err(|_| io::Error::other("work that gives way panicked"))
    })
}

/// The same of a future; to be called on a thread of a runtime of several.
pub fn apart_async<T: Send>(work: impl Future<Output = T> + Send) -> io::Result<T> {
    let runtime = Handle::current();
    tokio::task::block_in_place(|| apart(|| runtime.block_on(work)))
}

/// The whole process gives way: the threads that it has, and those that these start.
pub fn lower_process() {
    threads().for_each(|thread| lower(Some(thread)));
}

/// The whole process answers: the threads that it has take short turns, and those that these start until they give way.
pub fn take_short_turns() {
    threads().for_each(|thread| ask_for_turns(Some(thread), TURN));
}

/// Those of this process.
fn threads() -> impl Iterator<Item = Pid> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let numbers = threads.filter_map(|thread| thread.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter_map(Pid::from_raw)
}

/// On Linux a priority is a thread's. Who stands back further already stays there; a refusal costs only speed.
fn lower(thread: Option<Pid>) {
    if getpriority_process(thread).is_ok_and(|now| now < NICE) {
        let _ = setpriority_process(thread, NICE);
        ask_for_turns(thread, USUAL);
    }
}

/// How long a thread's turns are to be, which Linux heeds since 6.12. A refusal costs only speed.
///
/// No library offers this call, sched_setattr(2), without `unsafe`: what it is worth stands in `benches/README.md`.
#[allow(unsafe_code)]
fn ask_for_turns(thread: Option<Pid>, turn: Duration) {
    let Ok(nice) = getpriority_process(thread) else {
        return;
    };
    let asked = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: 0,
        sched_flags: libc::SCHED_FLAG_KEEP_POLICY as u64,
        sched_nice: nice,
        sched_priority: 0,
        sched_runtime: turn.as_nanos() as u64,
        sched_deadline: 0,
        sched_period: 0,
    };
    let thread = Pid::as_raw(thread);
    // SAFETY: the kernel reads `asked`, which is as long as it says, and keeps nothing of it.
    let _ = unsafe { libc::syscall(libc::SYS_sched_setattr, thread, &raw const asked, 0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gives_way_with_those_that_it_starts_and_alone() {
        let before = getpriority_process(None).unwrap();
        let of_started = std::thread::spawn(|| {
            lower_thread();
            std::thread::spawn(|| getpriority_process(None).unwrap())
                .join()
                .unwrap()
        });
        assert!(of_started.join().unwrap() >= NICE);
        assert_eq!(getpriority_process(None).unwrap(), before);
    }

    /// How long the calling thread's turns are, in nanoseconds, where the system tells that: Linux since 6.12.
    fn turn() -> Option<u128> {
        let told = std::fs::read_to_string("/proc/thread-self/sched").ok()?;
        let line = told.lines().find(|line| line.starts_with("se.slice "))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    #[test]
    fn who_answers_has_short_turns_and_who_gives_way_has_usual_ones() {
        let usual = turn();
        take_short_turns();
        let short = usual.map(|_| TURN.as_nanos());
        assert_eq!(turn(), short);
        let (of_started, of_lowered) = std::thread::spawn(|| (turn(), apart(turn).unwrap()))
            .join()
            .unwrap();
        assert_eq!(of_started, short);
        assert_eq!(of_lowered, usual);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_gives_way_and_whoever_waits_for_it_does_not() {
        let before = getpriority_process(None).unwrap();
        let at = apart_async(async { getpriority_process(None).unwrap() }).unwrap();
        assert!(at >= NICE);
        assert_eq!(getpriority_process(None).unwrap(), before);
        assert!(apart_async(async { panic!("on purpose") }).is_err());
    }
}
