//! What an import leaves to the node beside which it works, by the processors that the system says it may use.

mod support;

use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use rustix::thread::sched_getaffinity;
use support::{Barrier, Node, Place, dated_extract, eventually};

const PATIENCE: Duration = Duration::from_secs(60);

fn processors(process: i32) -> u32 {
    sched_getaffinity(Pid::from_raw(process)).map_or(u32::MAX, |processors| processors.count())
}

/// A node that is left one processor, and how many there are; `None` where there is no more than one.
fn node_with_room() -> Option<(Place, Node, u32)> {
    let all = processors(0);
    let mut place = Place::new();
    place.settings.push(("ANNUAIRE_LEAVE_PROCESSORS", "1"));
    (all > 1).then(|| {
        let node = place.serve_sample(&[]);
        (place, node, all)
    })
}

/// An import that waits for a lock on the mailboxes.
fn blocked_import(place: &Place) -> (Barrier, Child) {
    let file = dated_extract(
        place,
        "Extraction_Correspondance_MSSante_202601160800.txt",
        |line| Some(line.to_owned()),
    );
    let barrier = Barrier::raise(place, "mailboxes");
    let import = place.command(&["import", &file]).spawn().unwrap();
    (barrier, import)
}

/// The processes that write to the disk for all who ask Postgres.
fn writers(place: &Place) -> Vec<i32> {
    let writers = place.sql(
        "select pid from pg_stat_activity where backend_type in ('checkpointer', 'background writer', 'walwriter')",
    );
    let writers: Vec<i32> = writers.lines().map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(writers.len(), 3);
    writers
}

#[test]
fn an_import_leaves_a_processor_to_a_node_that_is_asked_and_so_does_its_postgres() {
    let Some((place, node, all)) = node_with_room() else {
        return;
    };
    let (barrier, mut import) = blocked_import(&place);
    let waiting =
        "select pid from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'annuaire'";
    eventually("room for the answer", PATIENCE, || {
        node.get("/api/v1/suggestions?q=te");
        let backends = place.sql(waiting);
        let mut backends = backends.lines().map(|pid| pid.parse().unwrap());
        backends.any(|backend| processors(backend) < all) && processors(import.id() as i32) < all
    });
    drop(barrier);
    assert!(import.wait().unwrap().success());
}

#[test]
fn what_writes_for_postgres_leaves_a_processor_as_long_as_the_node_is_asked() {
    let Some((place, node, all)) = node_with_room() else {
        return;
    };
    let writers = writers(&place);
    eventually("room for the answer", PATIENCE, || {
        node.get("/api/v1/suggestions?q=te");
        writers.iter().all(|writer| processors(*writer) < all)
    });
    eventually("all processors again", PATIENCE, || {
        writers.iter().all(|writer| processors(*writer) == all)
    });
}

#[test]
fn what_writes_for_postgres_has_all_processors_again_when_the_node_ends() {
    let Some((place, mut node, all)) = node_with_room() else {
        return;
    };
    // It keeps the private Postgres running.
    let (barrier, mut import) = blocked_import(&place);
    let writers = writers(&place);
    eventually("room for the answer", PATIENCE, || {
        node.get("/api/v1/suggestions?q=te");
        writers.iter().all(|writer| processors(*writer) < all)
    });
    assert!(node.stop(Signal::TERM).success());
    assert!(writers.iter().all(|writer| processors(*writer) == all));
    drop(barrier);
    assert!(import.wait().unwrap().success());
}
