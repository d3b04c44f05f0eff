//! What an import leaves to the node beside which it works, by the processors that the system says it may use.

mod support;

use std::time::Duration;

use rustix::process::Pid;
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

#[test]
fn an_import_leaves_a_processor_to_a_node_that_is_asked_and_so_does_its_postgres() {
    let Some((place, node, all)) = node_with_room() else {
        return;
    };
    let file = dated_extract(
        &place,
        "Extraction_Correspondance_MSSante_202601160800.txt",
        |line| Some(line.to_owned()),
    );
    let barrier = Barrier::raise(&place, "mailboxes");
    let mut import = place.command(&["import", &file]).spawn().unwrap();
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
    let writers = place
        .sql("select pid from pg_stat_activity where backend_type in ('checkpointer', 'background writer')");
    let writers: Vec<i32> = writers.lines().map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(writers.len(), 2);
    eventually("room for the answer", PATIENCE, || {
        node.get("/api/v1/suggestions?q=te");
        writers.iter().all(|writer| processors(*writer) < all)
    });
    eventually("all processors again", PATIENCE, || {
        writers.iter().all(|writer| processors(*writer) == all)
    });
}
