//! `annuaire sample` from outside: same seed, same bytes; what it says it wrote is what stands in the files.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use support::{Place, sample};

fn folder(path: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name() != "README.md")
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_committed_sample_is_what_the_command_writes() {
    let place = Place::new();
    place.ok(&[
        "sample",
        "--people",
        "500",
        "--seed",
        "1",
        "--out",
        place.path("s").to_str().unwrap(),
    ]);
    assert!(
        folder(&place.path("s")) == folder(Path::new(&sample())),
        "import/sample differs: see its README.md"
    );
}

#[test]
fn counts_are_those_of_the_files() {
    let place = Place::new();
    let told = place.ok(&[
        "sample",
        "--people",
        "2000",
        "--seed",
        "7",
        "--out",
        place.path("s").to_str().unwrap(),
    ]);
    let files = folder(&place.path("s"));
    let lines = |part: &str| -> Vec<Vec<String>> {
        let (_, bytes) = files.iter().find(|(name, _)| name.contains(part)).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        text.lines()
            .skip(1)
            .map(|line| line.split('|').map(str::to_owned).collect())
            .collect()
    };
    let rows = lines("Personne_activite");
    let people: BTreeSet<_> = rows.iter().map(|r| r[2].clone()).collect();
    let activities: BTreeSet<_> = rows
        .iter()
        .map(|r| [2, 9, 11, 23, 17, 52, 54].map(|n| r[n].clone()))
        .collect();
    let boxes: BTreeSet<_> = lines("Correspondance")
        .iter()
        .map(|r| r[1].to_lowercase())
        .collect();
    let expected = format!(
        "{} people, {} activities, {} mailboxes",
        people.len(),
        activities.len(),
        boxes.len()
    );
    assert!(told.contains(&expected), "{expected}: {told}");
}

#[test]
fn the_next_day_differs_by_about_the_share_asked() {
    let place = Place::new();
    let (one, two) = (place.path("one"), place.path("two"));
    place.ok(&["sample", "--people", "3000", "--out", one.to_str().unwrap()]);
    place.ok(&[
        "sample",
        "--people",
        "3000",
        "--out",
        two.to_str().unwrap(),
        "--next-day",
        "4%",
    ]);
    place.import(&[one.to_str().unwrap()]);
    let report = place.import(&[two.to_str().unwrap()]);
    let file = report["fichiers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["genre"] == "personne_activite")
        .unwrap();
    let people = &file["entites"]["professionnels"];
    let touched: u64 = ["crees", "modifies", "retires"]
        .iter()
        .map(|k| people[*k].as_u64().unwrap())
        .sum();
    assert!((40..=160).contains(&touched), "{people}");
    assert_eq!(people["crees"], 40);
}
