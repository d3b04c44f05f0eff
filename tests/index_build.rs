//! Building an index from outside: what fails, is killed or is told to stop ends, and leaves nothing behind.

mod support;

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::http::Http;
use support::{Barrier, Place, eventually};

/// Far more than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Generations of the index under a place's data directory, whole or not.
fn generations(place: &Place) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(place.path("data/index")) else {
        return Vec::new();
    };
    let folders = entries.map(Result::unwrap).filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Waits for the end of a process; one that does not end is killed, and told.
fn ended(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("not ended within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Has the index built from another place's store, which a barrier keeps from being read: it is in the making until the
/// barrier falls.
fn building(place: &Place, of: &Place, arguments: &[&str]) -> Child {
    let before = generations(place);
    let child = place
        .command(arguments)
        .env("ANNUAIRE_DATABASE_URL", of.database_url())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    eventually("an index in the making", PATIENCE, || {
        generations(place) != before
    });
    // The other place's node may wait too, with other statements.
    let waiting = "select count(*) from pg_stat_activity
                   where wait_event_type = 'Lock' and query like 'declare all_structures%'";
    eventually("the build waits", PATIENCE, || of.sql(waiting) == "1");
    child
}

/// A node that nobody needs to reach.
const SERVE: [&str; 9] = [
    "serve", "--ldap", ANYWHERE, "--ldaps", ANYWHERE, "--http", ANYWHERE, "--admin", ANYWHERE,
];
const ANYWHERE: &str = "127.0.0.1:0";

#[test]
fn a_build_that_cannot_write_its_files_ends_with_an_error_and_leaves_nothing() {
    let (of, place) = (Place::new(), Place::new());
    let people = of.path("people");
    let people = people.to_str().unwrap();
    // So many that batches are still to come when every thread that makes documents has failed.
    of.ok(&["sample", "--people", "9000", "--out", people]);
    let node = of.serve(&[]);
    assert_eq!(of.import(&[people])["version"], 1);
    let mut child = Command::new("sh");
    // No file longer than 64 KiB: as a full disk, which only an administrator could make.
    child.args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$0\" reindex"]);
    let command = place.command(&[]);
    child.arg(command.get_program());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            child.env(name, value);
        }
    }
    let mut child = child
        .env("ANNUAIRE_DATABASE_URL", of.database_url())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = ended(&mut child);
    let told = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.contains("annuaire: the "), "{told}");
    assert_eq!(generations(&place), [""; 0]);
    drop(node);
}

#[test]
fn what_a_killed_build_left_goes_at_the_next_start() {
    let (of, place) = (Place::new(), Place::new());
    let _node = of.serve_sample(&[]);
    // At first with no index beside the one in the making, then with a whole one that stays in use.
    for (whole, arguments) in [&SERVE[..], &["reindex"]].into_iter().enumerate() {
        assert_eq!(generations(&place).len(), whole);
        let barrier = Barrier::raise(&of, "structures_finess");
        let mut child = building(&place, &of, arguments);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(generations(&place).len(), whole + 1);
        drop(barrier);
        let _node = place.serve(&["--database-url", &of.database_url()]);
        assert_eq!(generations(&place).len(), 1);
    }
}

#[test]
fn a_node_told_to_stop_while_it_builds_its_index_stops() {
    let (of, place) = (Place::new(), Place::new());
    let _node = of.serve_sample(&[]);
    let _barrier = Barrier::raise(&of, "structures_finess");
    let mut child = building(&place, &of, &SERVE);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(ended(&mut child).code(), Some(0));
}

#[test]
fn an_index_of_another_store_is_built_anew_though_both_are_at_one_version() {
    let (of, place) = (Place::new(), Place::new());
    for (place, people) in [(&of, "90"), (&place, "50")] {
        let folder = place.path("people");
        let folder = folder.to_str().unwrap();
        place.ok(&["sample", "--people", people, "--out", folder]);
        assert_eq!(place.import(&[folder])["version"], 1);
    }
    let _node = of.serve(&[]);
    let counted = || {
        of.sql("select count(*) from professionals")
            .parse::<u64>()
            .unwrap()
    };
    let node = place.serve(&["--database-url", &of.database_url()]);
    let mut administrator = Http::new(&node.admin);
    eventually("what the other store holds", PATIENCE, || {
        administrator.get("/sante").json()["professionnels"] == counted()
    });
}
