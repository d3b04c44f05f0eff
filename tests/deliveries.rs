//! What is delivered to `annuaire import` as people deliver it: archives and folders with papers, links and broken files
//! among the extracts.

mod support;

use std::io::{Cursor, Write as _};
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use support::{Place, sample};
use zip::unstable::write::FileOptionsExt as _;
use zip::write::SimpleFileOptions;

const DIPLOMAS: &str = "PS_LibreAcces_Dipl_AutExerc_202601150800.txt";
const QUALIFICATIONS: &str = "PS_LibreAcces_SavoirFaire_202601150800.txt";

fn extract(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(&sample()).join(name)).unwrap()
}

fn zip_of(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        let plain = SimpleFileOptions::default();
        let options = match name.starts_with("chiffre") {
            true => plain.with_deprecated_encryption(b"secret").unwrap(),
            false => plain,
        };
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Imports; the exit status and the report.
fn import(place: &Place, path: &str) -> (i32, Value) {
    let report = place.path("report.json");
    let output = place.run(&["import", "--report", report.to_str().unwrap(), path]);
    let text = std::fs::read(&report).unwrap();
    (
        output.status.code().unwrap(),
        serde_json::from_slice(&text).unwrap(),
    )
}

fn kinds(report: &Value) -> Vec<&str> {
    let files = report["fichiers"].as_array().unwrap();
    files.iter().map(|file| file["genre"].as_str().unwrap()).collect()
}

/// The lines of a list of a report, each of which must hold the text of the same place.
fn assert_told(list: &Value, expected: &[&str]) {
    let lines = list.as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(lines.len(), expected.len(), "{list}");
    for (line, text) in lines.iter().zip(expected) {
        assert!(line.as_str().unwrap().contains(text), "{line} {text}");
    }
}

#[test]
fn papers_and_empty_members_of_an_archive_are_passed_over_and_told() {
    let place = Place::new();
    let members = [
        ("LISEZMOI.txt", b"Bonjour\n".to_vec()),
        ("__MACOSX/._a.txt", vec![0, 5, 22, 7]),
        ("vide.txt", Vec::new()),
        (DIPLOMAS, extract(DIPLOMAS)),
    ];
    let (status, report) = import(&place, &place.file("delivery.zip", zip_of(&members)));
    assert_eq!((status, kinds(&report)), (0, vec!["dipl_autexerc"]), "{report}");
    assert_told(
        &report["ecartes"],
        &["LISEZMOI.txt: a paper", "._a.txt: a paper", "vide.txt: empty"],
    );
    // In a folder as well.
    place.file("folder/README", "Bonjour\n");
    place.file(&format!("folder/{DIPLOMAS}"), extract(DIPLOMAS));
    let (status, report) = import(&place, place.path("folder").to_str().unwrap());
    assert_eq!((status, kinds(&report)), (0, vec!["dipl_autexerc"]), "{report}");
    assert_told(&report["ecartes"], &["README: a paper"]);
}

#[test]
fn a_bad_member_of_an_archive_is_refused_by_name_and_the_others_are_taken() {
    let place = Place::new();
    let members = [
        ("chiffre.txt", extract(QUALIFICATIONS)),
        ("notes.txt", b"Bonjour\n".to_vec()),
        (QUALIFICATIONS, Vec::new()),
        (DIPLOMAS, extract(DIPLOMAS)),
    ];
    let (status, report) = import(&place, &place.file("delivery.zip", zip_of(&members)));
    // One refused file makes the status 1: who watches must hear of it.
    assert_eq!((status, kinds(&report)), (1, vec!["dipl_autexerc"]), "{report}");
    assert_told(
        &report["refus"],
        &[
            "chiffre.txt",
            "notes.txt",
            "SavoirFaire_202601150800.txt: it is empty",
        ],
    );
    // An empty file by itself is a download that failed.
    place.file("folder/a.txt", "");
    place.file(&format!("folder/{DIPLOMAS}"), extract(DIPLOMAS));
    let (status, report) = import(&place, place.path("folder").to_str().unwrap());
    assert_eq!(status, 1);
    assert_told(&report["refus"], &["a.txt: it is empty"]);
}

#[test]
fn links_to_folders_are_not_followed_and_what_lies_too_deep_is_told() {
    let place = Place::new();
    let folder = place.path("in");
    place.file(&format!("in/{DIPLOMAS}"), extract(DIPLOMAS));
    place.file("in/1/2/3/4/deep.txt", "");
    place.file(&format!("elsewhere/{QUALIFICATIONS}"), extract(QUALIFICATIONS));
    symlink(&folder, folder.join("loop")).unwrap();
    symlink("..", folder.join("1/up")).unwrap();
    let linked = place.path("elsewhere").join(QUALIFICATIONS);
    symlink(linked, folder.join("linked.txt")).unwrap();
    let (status, report) = import(&place, folder.to_str().unwrap());
    // The link to a file is followed.
    assert_eq!(
        (status, kinds(&report)),
        (0, vec!["savoir_faire", "dipl_autexerc"]),
        "{report}"
    );
    assert_told(
        &report["ecartes"],
        &[
            "in/1/2/3/4: a folder four levels deep",
            "in/1/up: a link to a folder",
            "in/loop: a link to a folder",
        ],
    );
    // One that is named is.
    let (status, report) = import(&place, folder.join("loop").to_str().unwrap());
    assert_eq!((status, kinds(&report).len()), (0, 2), "{report}");
}

#[test]
fn a_code_system_whose_codes_come_before_its_type_is_recognised() {
    let place = Place::new();
    let concepts: Vec<Value> = (0..2000)
        .map(|n| json!({"code": n.to_string(), "display": format!("Libellé {n}")}))
        .collect();
    let text = format!(
        "\u{FEFF}{{\"concept\": {}, \"id\": \"TRE-R38-SpecialiteOrdinale\", \"resourceType\": \"CodeSystem\"}}",
        Value::from(concepts)
    );
    let (status, report) = import(&place, &place.file("table.json", text));
    assert_eq!((status, kinds(&report)), (0, vec!["nomenclature"]), "{report}");
    assert_eq!(report["fichiers"][0]["entites"]["codes"]["total"], 2000);
    let other = format!(
        "{{\"filling\": \"{}\", \"resourceType\": \"Bundle\"}}",
        "x".repeat(20_000)
    );
    let output = place.run(&["import", &place.file("other.json", other)]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(1) && told.contains("none of the extracts"),
        "{told}"
    );
}
