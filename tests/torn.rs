//! Nothing torn: whoever is killed at whatever moment of an import, the next start finds the old state or the new
//! one, whole, in store and index, and the import run again ends as if nothing had happened.
//!
//! `ANNUAIRE_TORN_RUNS=20 cargo nextest run --test torn` kills each of the three twenty times.

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{Node, Place, eventually};

/// Content of the store, by whatever survives a new numbering of rows.
const DIGEST: &str = "select md5(string_agg(line, ',' order by line)) from (
    select identification_nationale || nom || prenom || hash as line from professionals
    union all select adresse || type_bal || hash from mailboxes
    union all select identifiant || nom || modified_at - modified_at from structures
    union all select genre || date || fichier from sources) as lines";

/// A data directory at the old state, what the states look like, and how long the import between them takes.
struct Ground {
    old_place: Place,
    files: Place,
    old: State,
    new: State,
    duration: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    store: String,
    index: Vec<String>,
}

fn runs() -> u32 {
    let wanted = std::env::var("ANNUAIRE_TORN_RUNS").ok();
    wanted.and_then(|runs| runs.parse().ok()).unwrap_or(3)
}

fn ground() -> Ground {
    let (old_place, files) = (Place::new(), Place::new());
    let (one, two) = (files.path("1"), files.path("2"));
    let sample = |out: &Path, more: &[&str]| {
        let mut all = vec!["sample", "--people", "400", "--out", out.to_str().unwrap()];
        all.extend(more);
        files.ok(&all);
    };
    sample(&one, &[]);
    sample(&two, &["--next-day", "10%"]);
    old_place.ok(&["import", one.to_str().unwrap()]);
    let new_place = copy(&old_place);
    let start = Instant::now();
    new_place.ok(&["import", two.to_str().unwrap()]);
    let duration = start.elapsed();
    let old = state(&old_place, &serve(&old_place));
    let new = state(&new_place, &serve(&new_place));
    assert!(old.store != new.store && old.index != new.index);
    Ground {
        old_place,
        files,
        old,
        new,
        duration,
    }
}

fn copy(from: &Place) -> Place {
    let to = Place::new();
    let status = Command::new("cp")
        .arg("-a")
        .args([from.path("data"), to.path("data")])
        .status();
    assert!(status.unwrap().success());
    to
}

fn serve(place: &Place) -> Node {
    place.serve(&["--ldap-public-size-limit", "0"])
}

fn state(place: &Place, node: &Node) -> State {
    let store = ask(place, DIGEST);
    let mut index = Vec::new();
    for base in ["o=mssante,c=fr", "o=annuaire-sante,c=fr"] {
        let (code, ldif) = node.ldapsearch(&["-b", base, "(objectClass=*)", "+", "*"]);
        assert_eq!(code, 0, "{base}");
        // Times of change are those of the import's own run.
        index.extend(
            ldif.lines()
                .filter(|l| !l.contains("Timestamp"))
                .map(str::to_owned),
        );
    }
    index.sort();
    State { store, index }
}

fn psql(place: &Place) -> Command {
    let mut command = Command::new("psql");
    let socket = place.path("data/postgres/socket");
    command.args(["-h", socket.to_str().unwrap(), "-U", "annuaire", "-At"]);
    command
}

fn ask(place: &Place, query: &str) -> String {
    let output = psql(place).args(["-c", query]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Ground {
    fn import(&self, place: &Place) -> Child {
        let folder = self.files.path("2");
        let mut command = place.command(&["import", folder.to_str().unwrap()]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .stdin(Stdio::null());
        command.spawn().unwrap()
    }

    /// Moments spread over the import, the same at every run of the test.
    fn moment(&self, run: u32) -> Duration {
        let share = f64::from(run.wrapping_mul(2_654_435_769) >> 8) / f64::from(1 << 24);
        self.duration.mul_f64(share * 1.1)
    }

    /// Old or new, whole; then, after the import has run again, new.
    fn check(&self, place: &Place, run: u32) {
        let node = serve(place);
        let mut found = state(place, &node);
        // A node that starts behind its store catches up.
        let deadline = Instant::now() + Duration::from_secs(30);
        while found != self.old && found != self.new && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(100));
            found = state(place, &node);
        }
        assert!(found == self.old || found == self.new, "run {run}: torn");
        place.ok(&["import", self.files.path("2").to_str().unwrap()]);
        eventually("the new state", Duration::from_secs(30), || {
            state(place, &node) == self.new
        });
    }
}

fn kill(pid: Pid) {
    // It may have ended by itself.
    let _ = kill_process(pid, Signal::KILL);
}

#[test]
fn an_importer_killed_at_any_moment_leaves_the_old_state_or_the_new_one() {
    let ground = ground();
    for run in 1..=runs() {
        let place = copy(&ground.old_place);
        let mut importer = ground.import(&place);
        std::thread::sleep(ground.moment(run));
        kill(Pid::from_child(&importer));
        importer.wait().unwrap();
        ground.check(&place, run);
    }
}

#[test]
fn postgres_killed_at_any_moment_of_an_import_leaves_the_old_state_or_the_new_one() {
    let ground = ground();
    for run in 1..=runs() {
        let place = copy(&ground.old_place);
        let mut importer = ground.import(&place);
        std::thread::sleep(ground.moment(run));
        let pid = std::fs::read_to_string(place.path("data/postgres/cluster/postmaster.pid"));
        let pid = pid.ok().and_then(|text| text.lines().next()?.parse().ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            kill(pid);
        }
        importer.wait().unwrap();
        ground.check(&place, run);
    }
}

#[test]
fn a_node_killed_at_any_moment_of_an_import_starts_again_with_a_whole_index() {
    let ground = ground();
    for run in 1..=runs() {
        let place = copy(&ground.old_place);
        let mut node = serve(&place);
        let mut importer = ground.import(&place);
        std::thread::sleep(ground.moment(run));
        node.stop(Signal::KILL);
        // Waits in vain for the node that is gone, until its lease ends.
        kill(Pid::from_child(&importer));
        importer.wait().unwrap();
        ground.check(&place, run);
    }
}

#[test]
fn a_lost_connection_is_told_and_the_node_goes_on_answering() {
    let ground = ground();
    let place = copy(&ground.old_place);
    let node = serve(&place);
    let folder = ground.files.path("2");
    // Holds the import in the middle of its writing, then ends its session.
    let mut holder = psql(&place);
    holder.args([
        "-c",
        "begin",
        "-c",
        "lock table sources in share mode",
        "-c",
        "select pg_sleep(60)",
    ]);
    let mut holder = holder.stdout(Stdio::null()).spawn().unwrap();
    eventually("the lock", Duration::from_secs(30), || {
        ask(
            &place,
            "select count(*) from pg_locks where mode = 'ShareLock' and relation = 'sources'::regclass",
        ) == "1"
    });
    let mut command = place.command(&["import", folder.to_str().unwrap()]);
    let importer = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the import's session", Duration::from_secs(30), || {
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                   where wait_event_type = 'Lock' and query like 'insert into sources%'";
        ask(&place, end) == "1"
    });
    holder.kill().unwrap();
    holder.wait().unwrap();
    let output = importer.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("the store is as it was") && told.contains("import again"),
        "{told}"
    );
    assert!(state(&place, &node) == ground.old);
}

/// A small file system in memory on the data directory; `None` where this user may not mount one.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(place: &Place) -> Option<Self> {
        let folder = place.path("data");
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs"])
            .arg(&folder);
        let mounted = mount
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_the_node_goes_on_answering() {
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(&place) else {
        eprintln!("not tested: this user may not mount a file system");
        return;
    };
    let (small, big) = (place.path("small"), place.path("big"));
    place.ok(&["sample", "--people", "100", "--out", small.to_str().unwrap()]);
    place.ok(&["sample", "--people", "4000", "--out", big.to_str().unwrap()]);
    place.ok(&["import", small.to_str().unwrap()]);
    let node = serve(&place);
    let before = state(&place, &node);
    // All but a little of the room that is left.
    let filler = disk.0.join("filler");
    let room = rustix::fs::statvfs(&disk.0).unwrap();
    let bytes = (room.f_bavail * room.f_frsize).saturating_sub(200_000);
    std::fs::write(&filler, vec![0; usize::try_from(bytes).unwrap()]).unwrap();
    let output = place.run(&["import", big.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("the store is as it was") && told.contains("import again"),
        "{told}"
    );
    let (code, ldif) = node.ldapsearch(&["-b", "o=mssante,c=fr", "(mail=*)", "mail"]);
    assert!(code == 0 && !ldif.is_empty());
    // With room again, all is as if nothing had happened.
    std::fs::remove_file(&filler).unwrap();
    eventually("the old state", Duration::from_secs(30), || {
        let asked = psql(&place).args(["-c", DIGEST]).output().unwrap();
        String::from_utf8_lossy(&asked.stdout).trim() == before.store
    });
    place.ok(&["import", big.to_str().unwrap()]);
}
