//! `annuaire import --watch` from outside: complete files, once each, and the hook told of the outcome.

mod support;

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use support::{Place, eventually, sample};

const PATIENCE: Duration = Duration::from_secs(60);

fn watch(place: &Place, folder: &Path) -> Child {
    let told = place.path("told");
    let hook = format!(
        "echo $ANNUAIRE_IMPORT_OUTCOME $(grep -c fichiers) >> {}",
        told.display()
    );
    let mut command = place.command(&[
        "import",
        "--watch",
        folder.to_str().unwrap(),
        "--every",
        "1s",
        "--hook",
        &hook,
    ]);
    command
        .stdout(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

fn stop(mut watcher: Child) {
    kill_process(Pid::from_child(&watcher), Signal::TERM).unwrap();
    assert!(watcher.wait().unwrap().success());
}

#[test]
fn new_files_are_taken_once_complete_and_never_twice() {
    let place = Place::new();
    let folder = place.path("in");
    std::fs::create_dir(&folder).unwrap();
    let name = "Extraction_Correspondance_MSSante_202601150800.txt";
    let told = || std::fs::read_to_string(place.path("told")).unwrap_or_default();
    let from = Path::new(&sample()).join(name);
    // Under the name of an unfinished file it is not looked at.
    let part = folder.join(format!("{name}.part"));
    std::fs::copy(&from, &part).unwrap();
    let watcher = watch(&place, &folder);
    std::fs::write(folder.join("autre.txt"), "rien\n").unwrap();
    eventually("the refusal", PATIENCE, || told() == "refused 0\n");
    std::fs::rename(&part, folder.join(name)).unwrap();
    eventually("the import", PATIENCE, || told() == "refused 0\nok 1\n");
    stop(watcher);
    // Nor does the next watcher take them again; only what is new.
    let watcher = watch(&place, &folder);
    let list = "listeblanchemssante.xml";
    std::fs::copy(Path::new(&sample()).join(list), folder.join(list)).unwrap();
    eventually("the list", PATIENCE, || told() == "refused 0\nok 1\nok 1\n");
    // A folder that is away for a moment is looked at again.
    let away = place.path("away");
    std::fs::rename(&folder, &away).unwrap();
    eventually("the hook hears of it", PATIENCE, || told().contains("failed"));
    let people = "PS_LibreAcces_SavoirFaire_202601150800.txt";
    std::fs::copy(Path::new(&sample()).join(people), away.join(people)).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    eventually("the file brought meanwhile", PATIENCE, || {
        told().ends_with("ok 1\n") && told().contains("failed")
    });
    stop(watcher);
    let status = place.ok(&["status"]);
    assert!(
        status.contains("correspondance_mssante") && status.contains("liste_blanche"),
        "{status}"
    );
}
