//! Work that gives way: importing, building an index, taking in what an import changed, tidying up and making national
//! files run at a lower priority than answering. Who answers must not wait for anything that such work has in hand.
//! On a machine with nothing else to do they are as fast as ever. While somebody asks they leave [room](crate::room) besides.

use std::io;

use rustix::process::{Pid, getpriority_process, setpriority_process};
use tokio::runtime::Handle;

/// How far such work stands back: a tenth of the share of who answers, where both want the processor.
const NICE: i32 = 10;

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

/// Whether the calling thread gives way.
pub fn is_lowered() -> bool {
    is_low(None)
}

/// The threads of this process that give way.
pub fn lowered_threads() -> Vec<Pid> {
    threads().filter(|thread| is_low(Some(*thread))).collect()
}

fn is_low(thread: Option<Pid>) -> bool {
    getpriority_process(thread).is_ok_and(|now| now >= NICE)
}

fn threads() -> impl Iterator<Item = Pid> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let numbers = threads.filter_map(|thread| thread.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter_map(Pid::from_raw)
}

/// On Linux a priority is a thread's. Who stands back further already stays there; a refusal costs only speed.
fn lower(thread: Option<Pid>) {
    if getpriority_process(thread).is_ok_and(|now| now < NICE) {
        let _ = setpriority_process(thread, NICE);
    }
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

    #[tokio::test(flavor = "multi_thread")]
    async fn work_gives_way_and_whoever_waits_for_it_does_not() {
        let before = getpriority_process(None).unwrap();
        let at = apart_async(async { getpriority_process(None).unwrap() }).unwrap();
        assert!(at >= NICE);
        assert_eq!(getpriority_process(None).unwrap(), before);
        assert!(apart_async(async { panic!("on purpose") }).is_err());
    }
}
