//! The report of an import from outside: what it counts, that it is whole whatever became of the import, and the CSV of
//! rejected lines.

mod support;

use serde_json::{Value, json};
use support::{Place, sample};

const ACTIVITY: &str = include_str!("../import/layouts/personne_activite.txt");
const QUALIFICATION: &str = include_str!("../import/layouts/savoir_faire.txt");
const MAILBOX: &str = include_str!("../import/layouts/correspondance_mssante.txt");

/// A line of a layout: columns by number from 1, the others empty.
fn line(layout: &str, columns: &[(usize, &str)]) -> String {
    let mut fields = vec![""; layout.trim_end().split('|').count()];
    for (column, value) in columns {
        fields[column - 1] = value;
    }
    fields.join("|") + "\n"
}

/// Personne_activite of a day: activities by person, structure, sector and role.
fn activities(place: &Place, day: &str, rows: &[[&str; 4]]) -> String {
    let rows = rows.iter().map(|[person, structure, sector, role]| {
        let columns = [
            (3, *person),
            (8, "TEST"),
            (10, "10"),
            (12, "C"),
            (18, "L"),
            (24, *structure),
            (49, *sector),
            (53, *role),
        ];
        line(ACTIVITY, &columns)
    });
    let text = format!("{}\n{}", ACTIVITY.trim_end(), rows.collect::<String>());
    place.file(&format!("PS_LibreAcces_Personne_activite_{day}0800.txt"), text)
}

/// SavoirFaire of a day, by person and code.
fn qualifications(place: &Place, day: &str, rows: &[[&str; 2]]) -> String {
    let rows = rows
        .iter()
        .map(|[person, code]| line(QUALIFICATION, &[(3, *person), (6, "10"), (10, "S"), (12, *code)]));
    let text = format!("{}\n{}", QUALIFICATION.trim_end(), rows.collect::<String>());
    place.file(&format!("PS_LibreAcces_SavoirFaire_{day}0800.txt"), text)
}

/// What a report says of a kind of entries: in all, created, changed, removed.
fn counts(report: &Value, genre: &str, entities: &str) -> [u64; 4] {
    let files = report["fichiers"].as_array().unwrap();
    let file = files.iter().find(|file| file["genre"] == genre).unwrap();
    ["total", "crees", "modifies", "retires"].map(|word| file["entites"][entities][word].as_u64().unwrap())
}

const A: &str = "899900000001";
const B: &str = "899900000002";

#[test]
fn at_a_first_load_all_that_the_files_hold_is_created() {
    let place = Place::new();
    let report = place.import(&[&sample()]);
    for (genre, entities) in [
        ("personne_activite", "professionnels"),
        ("personne_activite", "activites"),
        ("personne_activite", "structures"),
        ("savoir_faire", "savoir_faire"),
        ("dipl_autexerc", "diplomes"),
        ("correspondance_mssante", "messageries"),
        ("liste_blanche", "domaines"),
    ] {
        let [total, created, changed, removed] = counts(&report, genre, entities);
        assert!(total > 0, "{entities}");
        assert_eq!((created, changed, removed), (total, 0, 0), "{entities}");
    }
    let text = Place::new().ok(&["import", &sample()]);
    assert!(!text.contains("(0 created"), "{text}");
}

#[test]
fn later_loads_tell_what_became_of_activities_and_lists() {
    let place = Place::new();
    let people = |day: &str, rows: &[[&str; 4]]| activities(&place, day, rows);
    let lists = |day: &str, rows: &[[&str; 2]]| qualifications(&place, day, rows);
    place.import(&[
        &people(
            "20260115",
            &[
                [A, "R1", "SA07", "FON-01"],
                [A, "R2", "SA07", ""],
                [B, "R1", "SA07", ""],
            ],
        ),
        &lists("20260115", &[[A, "SM54"], [A, "SM26"], [B, "SM54"]]),
    ]);
    // Another sector, one place left and one new; nothing of the other person.
    let report = place.import(&[
        &people(
            "20260116",
            &[
                [A, "R1", "SA01", "FON-01"],
                [A, "R3", "SA07", ""],
                [B, "R1", "SA07", ""],
            ],
        ),
        &lists("20260116", &[[A, "SM54"], [A, "SM53"], [B, "SM54"]]),
    ]);
    assert_eq!(counts(&report, "personne_activite", "activites"), [3, 1, 1, 1]);
    assert_eq!(counts(&report, "savoir_faire", "savoir_faire"), [3, 1, 0, 1]);
    // A list by itself, and a person who leaves with all that they had.
    let report = place.import(&[&lists("20260117", &[[A, "SM54"], [B, "SM54"]])]);
    assert_eq!(counts(&report, "savoir_faire", "savoir_faire"), [2, 0, 0, 1]);
    let report = place.import(&[
        &people("20260118", &[[A, "R1", "SA01", "FON-01"], [A, "R3", "SA07", ""]]),
        &lists("20260118", &[[A, "SM54"]]),
    ]);
    assert_eq!(counts(&report, "personne_activite", "activites"), [2, 0, 0, 1]);
    assert_eq!(counts(&report, "savoir_faire", "savoir_faire"), [1, 0, 0, 1]);
}

#[test]
fn activities_of_the_era_without_roles_are_the_same_ones() {
    let place = Place::new();
    let roles = [[A, "R1", "SA07", "FON-01"], [A, "R2", "SA07", "FON-01"]];
    place.import(&[&activities(&place, "20260116", &roles)]);
    // The 52 columns: one sector changed, and with it the person is written as the file tells them, without roles.
    let text = std::fs::read_to_string(activities(
        &place,
        "20260117",
        &[[A, "R1", "SA07", ""], [A, "R2", "SA01", ""]],
    ));
    let cut = |line: &str| line.split('|').take(52).collect::<Vec<_>>().join("|") + "|\n";
    let old: String = text.unwrap().lines().map(cut).collect();
    let name = "PS_LibreAcces_Personne_activite_202601170800.txt";
    let report = place.import(&[&place.file(name, old)]);
    assert_eq!(counts(&report, "personne_activite", "activites"), [2, 0, 2, 0]);
    // And back.
    let report = place.import(&[&activities(&place, "20260118", &roles)]);
    assert_eq!(counts(&report, "personne_activite", "activites"), [2, 0, 2, 0]);
}

#[test]
fn the_report_is_whole_where_nothing_could_be_imported() {
    let place = Place::new();
    let notes = place.file("notes.txt", "bonjour\n");
    let read = |path: &str| std::fs::read_to_string(place.path(path)).unwrap();
    let to = ["--report", "report.json", "--rejects", "rejects.csv"].map(|word| match word.contains('.') {
        true => place.path(word).to_str().unwrap().to_owned(),
        false => word.to_owned(),
    });
    let mut arguments = vec!["import", "--json", notes.as_str()];
    arguments.extend(to.iter().map(String::as_str));
    let output = place.run(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(report["fichiers"], json!([]));
    assert!(
        report["refus"][0].as_str().unwrap().contains("notes.txt"),
        "{report}"
    );
    assert!(
        report["erreur"]
            .as_str()
            .unwrap()
            .starts_with("nothing to import"),
        "{report}"
    );
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told, report);
    assert_eq!(read("rejects.csv"), "fichier;ligne;colonne;motif\n");
    // Where the store cannot be reached as well.
    arguments.extend(["--database-url", "postgres://nobody@127.0.0.1:1/none"]);
    assert_eq!(place.run(&arguments).status.code(), Some(1));
    let report: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert!(
        report["erreur"].is_string() && report["fichiers"] == json!([]),
        "{report}"
    );
}

#[test]
fn rejects_are_csv_whatever_a_path_holds() {
    let place = Place::new();
    let bad = line(MAILBOX, &[(1, "BAL"), (2, "a@b-exemple.mssante.fr")]);
    let text = format!("{}\n{bad}", MAILBOX.trim_end());
    let file = place.file(
        "a;b/c \"d\"/Extraction_Correspondance_MSSante_202601150800.txt",
        text,
    );
    let rejects = place.path("rejects.csv");
    place.import(&["--rejects", rejects.to_str().unwrap(), &file]);
    let read = "import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline=''), delimiter=';'))))";
    let output = std::process::Command::new("python3")
        .args(["-c", read])
        .arg(&rejects)
        .output()
        .unwrap();
    let rows: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows[0], ["fichier", "ligne", "colonne", "motif"]);
    assert_eq!(
        rows[1],
        [file.as_str(), "2", "Type de BAL", "not one of PER, ORG, APP, CAB"]
    );
}
