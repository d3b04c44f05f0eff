//! `annuaire import` from outside: what is recognised, refused, counted, withdrawn, and seen at one moment.

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use support::http::Caller;
use support::{Node, Place, dated_extract, eventually, sample};

const ACTIVITY: &str = include_str!("../import/layouts/personne_activite.txt");
const MAILBOX: &str = include_str!("../import/layouts/correspondance_mssante.txt");

/// A Personne_activite line: columns by number from 1, the others empty.
fn activity(columns: &[(usize, &str)]) -> String {
    let mut fields = [""; 57];
    for (column, value) in [
        (1, "8"),
        (8, "TEST"),
        (9, "Claire"),
        (10, "10"),
        (12, "C"),
        (18, "L"),
    ]
    .iter()
    .chain(columns)
    {
        fields[column - 1] = value;
    }
    if fields[1].is_empty() {
        let id = fields[2].get(1..).unwrap_or("").to_owned();
        fields[1] = Box::leak(id.into_boxed_str());
    }
    fields.join("|") + "\n"
}

fn mailbox(kind: &str, address: &str, rest: &[(usize, &str)]) -> String {
    let mut fields = [""; 31];
    (fields[0], fields[1]) = (kind, address);
    for (column, value) in rest {
        fields[column - 1] = value;
    }
    fields.join("|") + "\n"
}

fn of<'r>(report: &'r Value, genre: &str) -> &'r Value {
    report["fichiers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["genre"] == genre)
        .unwrap()
}

#[test]
fn a_file_of_a_later_date_is_told_though_no_entry_changed() {
    let place = Place::new();
    let of_day = |day: &str| {
        let name = format!("PS_LibreAcces_Personne_activite_{day}0800.txt");
        dated_extract(&place, &name, |line| Some(line.to_owned()))
    };
    place.import(&[&of_day("20260115")]);
    let node = place.serve(&[]);
    assert_eq!(node.get("/sante")["sources"][0]["date"], "2026-01-15T08:00:00Z");
    let report = place.import(&[&of_day("20260116")]);
    assert_eq!(report["version"], Value::Null);
    eventually("the date of the later file", Duration::from_secs(20), || {
        node.get("/sante")["sources"][0]["date"] == "2026-01-16T08:00:00Z"
    });
}

#[test]
fn the_same_files_twice_change_nothing() {
    let place = Place::new();
    let first = place.import(&[&sample()]);
    assert_eq!(first["version"], 1);
    assert_eq!(
        of(&first, "personne_activite")["entites"]["professionnels"]["crees"],
        500
    );
    let second = place.import(&[&sample()]);
    assert_eq!(second["version"], Value::Null);
    for file in second["fichiers"].as_array().unwrap() {
        for (_, entities) in file["entites"].as_object().unwrap() {
            assert_eq!(
                (&entities["crees"], &entities["modifies"], &entities["retires"]),
                (&0.into(), &0.into(), &0.into())
            );
        }
    }
}

#[test]
fn traps_of_activity_lines_are_data_and_activities_are_counted_by_their_key() {
    let place = Place::new();
    let same = activity(&[
        (3, "899900000001"),
        (24, "R1"),
        (14, "S"),
        (16, "SM54"),
        (27, "RESIDENCE \"LE BEL AIR"),
    ]);
    let text = [
        ACTIVITY.trim_end().to_owned() + "\n",
        same.clone(),
        same.clone(),
        // Differs by qualification only: the same activity.
        activity(&[
            (3, "899900000001"),
            (24, "R1"),
            (14, "CAPA"),
            (16, "CAPA01"),
            (27, "RESIDENCE \"LE BEL AIR"),
        ]),
        activity(&[(3, "899900000001"), (24, "R2")]),
        activity(&[
            (3, "899900000002"),
            (8, "ŒUVRARD"),
            (24, "C99000000200019"),
            (35, "2A999 AJACCIO CEDEX 9"),
        ]),
        activity(&[
            (3, "899900000003"),
            (8, "LOINTAIN"),
            (24, "R3"),
            (36, "GL"),
            (39, "99132"),
        ]),
    ]
    .concat();
    let report = place.import(&[&place.file("PS_LibreAcces_Personne_activite_202601150800.txt", text)]);
    let file = of(&report, "personne_activite");
    assert_eq!((&file["rejets"], &file["doublons"]), (&0.into(), &1.into()));
    assert_eq!(file["entites"]["activites"]["total"], 4);
    assert_eq!(file["entites"]["professionnels"]["total"], 3);
    let status: Value = serde_json::from_str(&place.ok(&["status", "--json"])).unwrap();
    assert_eq!(status["activites"], 4);
    assert_eq!(status["structures"], 4);
}

#[test]
fn bad_lines_are_rejected_by_number_column_and_reason_and_the_rest_goes_in() {
    let place = Place::new();
    let summary = place.ok(&[
        "sample",
        "--people",
        "200",
        "--out",
        place.path("s").to_str().unwrap(),
        "--with-bad-lines",
    ]);
    assert!(summary.contains("4 bad lines"));
    let report = place.import(&[
        place.path("s").to_str().unwrap(),
        "--rejects",
        place.path("rejects").to_str().unwrap(),
    ]);
    assert_eq!(of(&report, "personne_activite")["rejets"], 4);
    assert_eq!(of(&report, "correspondance_mssante")["rejets"], 4);
    assert_eq!(
        of(&report, "personne_activite")["entites"]["professionnels"]["total"],
        200
    );
    let rejects = std::fs::read_to_string(place.path("rejects")).unwrap();
    assert_eq!(rejects.lines().count(), 9);
    assert!(rejects.contains(";Identification nationale PP;empty"));
    assert!(
        !rejects.contains("123456789012345"),
        "a citizen's number must not be kept"
    );
}

#[test]
fn one_address_on_several_rows_and_in_several_cases_is_one_mailbox() {
    let place = Place::new();
    let text = [
        MAILBOX.trim_end().to_owned() + "\n",
        mailbox(
            "ORG",
            "Service@A-Exemple.mssante.fr",
            &[(6, "1"), (7, "990000001"), (8, "CARDIOLOGIE")],
        ),
        mailbox(
            "ORG",
            "service@a-exemple.mssante.fr",
            &[(6, "1"), (7, "990000002"), (8, "CARDIOLOGIE")],
        ),
    ]
    .concat();
    let report = place.import(&[&place.file("Extraction_Correspondance_MSSante_202601150800.txt", text)]);
    let file = of(&report, "correspondance_mssante");
    assert_eq!(
        (&file["enregistrements"], &file["entites"]["messageries"]["total"]),
        (&2.into(), &1.into())
    );
}

#[test]
fn an_older_file_is_refused_unless_forced_and_a_newer_one_withdraws_the_missing() {
    let place = Place::new();
    let header = ACTIVITY.trim_end().to_owned() + "\n";
    let both = header.clone() + &activity(&[(3, "899900000001")]) + &activity(&[(3, "899900000002")]);
    let one = header + &activity(&[(3, "899900000001")]);
    let first = place.file("PS_LibreAcces_Personne_activite_202601150800.txt", both);
    let older = place.file("PS_LibreAcces_Personne_activite_202601140800.txt", &one);
    let newer = place.file("PS_LibreAcces_Personne_activite_202601160800.txt", &one);
    place.import(&[&first]);
    let refused = place.import(&[&older]);
    assert!(refused["refus"][0].as_str().unwrap().contains("--force"));
    let report = place.import(&[&newer]);
    assert_eq!(
        of(&report, "personne_activite")["entites"]["professionnels"]["retires"],
        1
    );
    let forced = place.import(&[&first, "--force"]);
    assert_eq!(
        of(&forced, "personne_activite")["entites"]["professionnels"]["crees"],
        1
    );
}

#[test]
fn a_file_dated_in_the_future_is_refused_unless_forced_and_hinders_no_other() {
    let place = Place::new();
    let text = ACTIVITY.trim_end().to_owned() + "\n" + &activity(&[(3, "899900000001")]);
    let tomorrow = jiff::tz::TimeZone::UTC
        .to_datetime(jiff::Timestamp::now())
        .date()
        .tomorrow()
        .unwrap()
        .strftime("%Y%m%d");
    let name = |day: &str| format!("s/PS_LibreAcces_Personne_activite_{day}0800.txt");
    let future = place.file(&name("20991231"), &text);
    let good = place.file(&name("20260115"), &text);
    let report = place.import(&[place.path("s").to_str().unwrap()]);
    let refused = report["refus"][0].as_str().unwrap();
    assert!(
        refused.contains("20991231") && refused.contains("yet to come") && refused.contains("--force"),
        "{refused}"
    );
    assert_eq!(of(&report, "personne_activite")["fichier"], good.as_str());
    // Clocks differ by hours: tomorrow is not yet the future.
    let report = place.import(&[&place.file(&name(&tomorrow.to_string()), &text)]);
    assert_eq!(report["refus"], serde_json::json!([]), "{report}");
    let output = place.run(&["import", "--force", &future]);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && log.contains("20991231"), "{log}");
}

#[test]
fn a_file_of_the_52_column_era_keeps_the_roles_that_are_known() {
    let place = Place::new();
    let line = activity(&[(3, "899900000001"), (24, "R1"), (53, "FON-01"), (55, "GENR01")]);
    let header = ACTIVITY.trim_end().to_owned() + "\n";
    place.import(&[&place.file(
        "PS_LibreAcces_Personne_activite_202601150800.txt",
        header.clone() + &line,
    )]);
    let cut = |line: &str| line.split('|').take(52).collect::<Vec<_>>().join("|") + "|\n";
    let old_era = cut(&header) + &cut(&line);
    let report = place.import(&[&place.file("PS_LibreAcces_Personne_activite_202601160800.txt", old_era)]);
    assert_eq!(
        of(&report, "personne_activite")["entites"]["professionnels"]["modifies"],
        0
    );
}

#[test]
fn a_header_without_a_needed_column_refuses_the_file_and_an_unknown_column_is_skipped() {
    let place = Place::new();
    let header = ACTIVITY.trim_end();
    let line = activity(&[(3, "899900000001")]);
    let without = header.replace("Nom d'exercice|", "Autre|") + "\n" + &line;
    let output = place.run(&["import", &place.file("a/x_202601150800.txt", without)]);
    assert_eq!(output.status.code(), Some(1));
    let appended = format!("{header}Colonne nouvelle|\n{}|\n", line.trim_end());
    let report = place.import(&[&place.file("b/x_202601150800.txt", appended)]);
    let file = of(&report, "personne_activite");
    assert_eq!(file["rejets"], 0);
    assert!(file["notes"][0].as_str().unwrap().contains("Colonne nouvelle"));
}

#[test]
fn personne_activite_without_the_mode_column_is_refused_by_it_and_empties_no_list() {
    let place = Place::new();
    place.import(&[&sample()]);
    let without_mode = |line: &str| {
        let mut fields: Vec<&str> = line.trim_end().split('|').collect();
        fields.remove(17);
        fields.join("|") + "\n"
    };
    let line = activity(&[(3, "899900000001"), (14, "S"), (16, "SM54")]);
    let text = without_mode(ACTIVITY) + &without_mode(&line);
    let output = place.run(&[
        "import",
        &place.file("PS_LibreAcces_Personne_activite_202601160800.txt", text),
    ]);
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("personne_activite") && told.contains("“Code mode exercice”"),
        "{told}"
    );
}

#[test]
fn a_file_of_no_known_kind_is_refused_by_name_of_what_was_looked_for() {
    let place = Place::new();
    let output = place.run(&["import", &place.file("notes.txt", "bonjour\n")]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("notes.txt") && message.contains("PS_LibreAcces"),
        "{message}"
    );
}

#[test]
fn a_real_import_replaces_the_sample_and_a_dry_run_changes_nothing() {
    let place = Place::new();
    let node = place.serve(&["--load-sample-when-empty", &sample()]);
    assert_eq!(node.get("/api/v1/recherche?type=professionnel")["total"], 500);
    let text = ACTIVITY.trim_end().to_owned() + "\n" + &activity(&[(3, "899900000001"), (8, "SEULE")]);
    let file = place.file("PS_LibreAcces_Personne_activite_202501150800.txt", text);
    place.import(&[&file, "--dry-run"]);
    assert_eq!(node.get("/api/v1/recherche?type=professionnel")["total"], 500);
    let broken = place.file(
        "broken/PS_LibreAcces_Personne_activite_202501150800.txt",
        b"\xff\n",
    );
    assert_eq!(place.import(&[&broken])["refus"].as_array().unwrap().len(), 1);
    let of_no_other_profession = ACTIVITY.replace("Code profession", "Autre");
    let lacking = place.file(
        "lacking/PS_LibreAcces_Personne_activite_202501150800.txt",
        of_no_other_profession,
    );
    assert_eq!(place.import(&[&lacking])["refus"].as_array().unwrap().len(), 1);
    assert_eq!(place.sql("select count(*) from professionals"), "500");
    // Older than the sample, and yet it replaces it; the import ends when the node shows it.
    place.import(&[&file]);
    assert_eq!(node.get("/api/v1/recherche?type=professionnel")["total"], 1);
    assert_eq!(node.get("/api/v1/recherche?q=testeur")["total"], 0);
}

/// A session with the store: its end, where statements go, and where answers come from.
fn psql(place: &Place) -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let mut session = Command::new("psql")
        .arg("-h")
        .arg(place.socket())
        .args(["-U", "annuaire", "-d", "annuaire", "-XAtqv", "ON_ERROR_STOP=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let statements = session.stdin.take().unwrap();
    let answers = BufReader::new(session.stdout.take().unwrap());
    (session, statements, answers)
}

/// The same, holding what a statement takes.
fn holding(place: &Place, statement: &str) -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let (session, mut statements, mut answers) = psql(place);
    writeln!(statements, "begin; {statement}; select 'held';").unwrap();
    let mut answer = String::new();
    while answer.trim() != "held" {
        answer.clear();
        assert!(answers.read_line(&mut answer).unwrap() > 0);
    }
    (session, statements, answers)
}

/// Whether so many sessions wait for a lock.
fn wait(place: &Place, lock: &str, sessions: &str) -> bool {
    place.sql(&format!(
        "select count(*) from pg_locks where not granted and {lock}"
    )) == sessions
}

/// An operator's publication, as a condition on locks.
const PUBLISHING: &str = "locktype = 'advisory'";
/// A new version.
const VERSION: &str = "relation = 'publications'::regclass";

/// Loads the sample as an empty place's first import, and does something when all is written but the new version.
fn first_import_while(place: &Place, act: impl FnOnce()) {
    let (mut session, statements, _answers) =
        holding(place, "lock table publications in share row exclusive mode");
    std::thread::scope(|scope| {
        let import = scope.spawn(|| place.import(&[&sample()]));
        eventually("the import waits", Duration::from_secs(60), || {
            wait(place, VERSION, "1")
        });
        act();
        drop(statements);
        import.join().unwrap();
    });
    assert!(session.wait().unwrap().success());
}

#[test]
fn an_operator_is_asked_to_come_back_while_a_first_import_writes() {
    let place = Place::new();
    let node = place.serve(&[]);
    let key = place.operator("alpha", "Alpha", &["a-exemple.mssante.fr"]);
    first_import_while(&place, || {
        let reply = Caller::new(&node.http, &key).delete("a@a-exemple.mssante.fr");
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert_ne!(reply.header("retry-after"), "");
    });
}

#[test]
fn a_first_import_and_who_reads_its_tables_one_after_the_other_do_not_stand_in_each_other_s_way() {
    let place = Place::new();
    let _node = place.serve(&[]);
    let (mut session, mut statements, answers) = psql(&place);
    let mut answers = answers.lines();
    std::thread::scope(|scope| {
        let import = scope.spawn(|| place.import(&[&sample()]));
        // In the other order than an import takes them.
        while !import.is_finished() {
            let read = "begin; select 'd' from diplomas limit 1; select pg_sleep(0.2); \
                select 'p' from professionals limit 1; commit; select 'read';";
            writeln!(statements, "{read}").unwrap();
            assert!(answers.any(|answer| answer.unwrap() == "read"));
        }
        let report = import.join().unwrap();
        assert_eq!(report["version"], 1, "{report}");
    });
    drop(statements);
    assert!(session.wait().unwrap().success());
}

#[test]
fn status_answers_while_a_first_import_has_its_tables_to_itself() {
    let place = Place::new();
    let _node = place.serve(&[]);
    first_import_while(&place, || {
        assert!(place.ok(&["status"]).contains("the first import is under way"));
    });
    assert!(place.ok(&["status"]).contains("500 professionals"));
}

#[test]
fn what_a_first_import_puts_off_is_there_when_it_ends() {
    let place = Place::new();
    let indexes =
        "select string_agg(indexdef, ';' order by indexdef) from pg_indexes where schemaname = 'public'";
    let node = place.serve(&[]);
    let before = place.sql(indexes);
    place.import(&[&sample()]);
    assert_eq!(place.sql(indexes), before);
    drop(node);
}

#[test]
fn who_reads_the_sample_while_a_real_import_replaces_it_goes_on_reading_it() {
    let place = Place::new();
    let _node = place.serve(&["--load-sample-when-empty", &sample()]);
    let (mut session, mut statements, answers) = psql(&place);
    let mut answers = answers.lines();
    statements
        .write_all(b"begin isolation level repeatable read; select count(*) from mailboxes;\n")
        .unwrap();
    assert_eq!(answers.next().unwrap().unwrap(), "174");
    let text = ACTIVITY.trim_end().to_owned() + "\n" + &activity(&[(3, "899900000001"), (8, "SEULE")]);
    place.import(&[&place.file("PS_LibreAcces_Personne_activite_202601150800.txt", text)]);
    writeln!(statements, "select count(*) from professionals;").unwrap();
    assert_eq!(answers.next().unwrap().unwrap(), "500");
    drop(statements);
    assert!(session.wait().unwrap().success());
    assert_eq!(place.sql("select count(*) from professionals"), "1");
}

#[test]
fn a_byte_order_mark_crlf_and_gzip_or_zip_around_it_make_no_difference() {
    let text = ACTIVITY.trim_end().to_owned() + "\r\n" + activity(&[(3, "899900000001")]).trim_end() + "\r\n";
    let text = format!("\u{FEFF}{text}");
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let zip = {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let name = "PS_LibreAcces_Personne_activite_202601150800.txt";
        writer
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap().into_inner()
    };
    for (name, content) in [
        ("a.txt", text.clone().into_bytes()),
        ("b.gz", gzip),
        ("c.zip", zip),
    ] {
        let place = Place::new();
        let report = place.import(&[&place.file(name, content), "--date", "2026-01-15"]);
        let file = of(&report, "personne_activite");
        assert_eq!(
            (&file["rejets"], &file["enregistrements"]),
            (&0.into(), &1.into()),
            "{name}"
        );
        assert!(file["date"].as_str().unwrap().starts_with("2026-01-15"), "{name}");
    }
}

#[test]
fn nomenclatures_win_over_the_labels_of_extracts_broken_ones_above_all() {
    let place = Place::new();
    let broken = [(3, "899900000001"), (10, "50"), (11, "Sage-F\u{FFFD}mme")];
    let own = [(3, "899900000002"), (10, "777"), (11, "Profession nouvelle")];
    let text = ACTIVITY.trim_end().to_owned() + "\n" + &activity(&broken) + &activity(&own);
    let table = r#"{"resourceType":"CodeSystem","id":"TRE-G15-ProfessionSante","concept":[{"code":"50","display":"Sage-femme (NOS)"}]}"#;
    place.import(&[
        &place.file("PS_LibreAcces_Personne_activite_202601150800.txt", text),
        &place.file("TRE_G15.json", table),
    ]);
    let node = place.serve(&[]);
    let label = |id: &str| {
        let record = node.get(&format!("/api/v1/professionnels/{id}"));
        record["exercices"][0]["profession"]["libelle"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(label("899900000001"), "Sage-femme (NOS)");
    assert_eq!(label("899900000002"), "Profession nouvelle");
}

#[test]
fn finess_coordinates_become_wgs84_and_a_file_without_them_keeps_them() {
    let place = Place::new();
    let line = "structureet;990000001;990000101;CH EXEMPLE;;;;1;R;DES ESSAIS;;;053;01;AIN;01012 BOURG EN BRESSE CEDEX;;;355;CH;1102;CH;;;;;;;;;2026-01-01;\n";
    let position = "geolocalisation;990000001;870262.2;6571540.8;1,ATLASANTE,96,BAN,EPSG:2154 RGF93 / Lambert-93 (Métropole);2026-05-04\n";
    let head = "finess;etalab;111;2026-05-04\n";
    place.import(&[&place.file("a.csv", format!("{head}{line}{position}"))]);
    let renamed = line.replace("CH EXEMPLE", "CH EXEMPLE NOUVEAU");
    place.import(&[&place.file("b.csv", format!("finess;etalab;110;2026-05-05\n{renamed}"))]);
    let node = place.serve(&[]);
    let structure = node.get("/api/v1/structures/990000001");
    assert_eq!(structure["nom"], "CH EXEMPLE NOUVEAU");
    assert_eq!(structure["adresse"]["departement"], "01");
    assert_eq!(structure["adresse"]["commune"], "BOURG EN BRESSE");
    assert!(
        (structure["lat"].as_f64().unwrap() - 46.22).abs() < 0.01,
        "{structure}"
    );
}

#[test]
fn mailboxes_missing_from_a_newer_file_leave_every_interface() {
    let place = Place::new();
    let node = place.serve(&["--load-sample-when-empty", &sample()]);
    let header = MAILBOX.trim_end().to_owned() + "\n";
    let one = mailbox(
        "ORG",
        "a@a-exemple.mssante.fr",
        &[
            (6, "1"),
            (7, "990000001"),
            (19, "CLINIQUE EXEMPLE"),
            (8, "ACCUEIL"),
        ],
    );
    let two = mailbox(
        "ORG",
        "b@a-exemple.mssante.fr",
        &[(6, "1"), (7, "990000001"), (19, "CLINIQUE EXEMPLE")],
    );
    place.import(&[&place.file(
        "Extraction_Correspondance_MSSante_202601150800.txt",
        header.clone() + &one + &two,
    )]);
    let found = |node: &support::Node| {
        let (_, ldif) = node.ldapsearch(&["-b", "o=mssante,c=fr", "(cn=*clinique*)", "mail"]);
        support::values(&ldif, "mail").len()
    };
    assert_eq!(found(&node), 2);
    place.import(&[&place.file(
        "Extraction_Correspondance_MSSante_202601160800.txt",
        header + &one,
    )]);
    assert_eq!(found(&node), 1);
    assert_eq!(
        node.get_with("/api/v1/messageries/b@a-exemple.mssante.fr", &[]).0,
        404
    );
    assert_eq!(
        node.get_with("/api/v1/messageries/a@a-exemple.mssante.fr", &[]).0,
        200
    );
}

#[test]
fn of_two_files_of_one_kind_the_newer_is_taken_and_the_other_left_aside() {
    let place = Place::new();
    let header = ACTIVITY.trim_end().to_owned() + "\n";
    let one = header.clone() + &activity(&[(3, "899900000001")]);
    let two = header + &activity(&[(3, "899900000001")]) + &activity(&[(3, "899900000002")]);
    place.file("s/PS_LibreAcces_Personne_activite_202601150800.txt", one);
    place.file("s/PS_LibreAcces_Personne_activite_202601160800.txt", two);
    let report = place.import(&[place.path("s").to_str().unwrap()]);
    assert_eq!(
        of(&report, "personne_activite")["entites"]["professionnels"]["total"],
        2
    );
    assert!(report["ecartes"][0].as_str().unwrap().contains("20260115"));
    assert_eq!(report["refus"].as_array().unwrap().len(), 0);
}

#[test]
fn what_a_killed_import_asked_of_the_store_ends_though_it_has_no_answer_yet() {
    let place = Place::new();
    let _node = place.serve(&[]);
    place.import(&[&sample()]);
    // As an operator's publication does.
    let (mut session, statements, _answers) =
        holding(&place, "select pg_advisory_xact_lock(7020098466046816870)");
    let mut import = place.command(&["import", &sample()]).spawn().unwrap();
    eventually("the import waits", Duration::from_secs(60), || {
        wait(&place, PUBLISHING, "1")
    });
    import.kill().unwrap();
    import.wait().unwrap();
    eventually("nobody waits", Duration::from_secs(30), || {
        wait(&place, PUBLISHING, "0")
    });
    drop(statements);
    assert!(session.wait().unwrap().success());
    place.import(&[&sample()]);
}

#[test]
fn who_works_at_a_site_stays_there_when_it_turns_out_to_be_an_establishment() {
    let place = Place::new();
    let people = |date: &str, finess: &str| {
        let site = [
            (3, "899900000001"),
            (22, finess),
            (24, "R99000001"),
            (25, "CLINIQUE DU SITE"),
        ];
        let text = format!("{}\n{}", ACTIVITY.trim_end(), activity(&site));
        place.file(&format!("PS_LibreAcces_Personne_activite_{date}0800.txt"), text)
    };
    let line = "structureet;990000001;990000101;CLINIQUE EXEMPLE;;;;1;R;DES ESSAIS;;;053;01;AIN;01012 BOURG EN BRESSE CEDEX;;;355;CH;1102;CH;;;;;;;;;2026-01-01;\n";
    let finess = place.file("a.csv", format!("finess;etalab;111;2026-01-14\n{line}"));
    place.import(&[&people("20260115", ""), &finess]);
    let node = place.serve(&[]);
    let structure = || {
        let person = node.get("/api/v1/professionnels/899900000001");
        person["exercices"][0]["activites"][0]["structure"]["nom"].clone()
    };
    assert_eq!(structure(), "CLINIQUE DU SITE");
    place.import(&[&people("20260116", "990000001")]);
    eventually(
        "the person is at the establishment",
        Duration::from_secs(10),
        || structure() == "CLINIQUE EXEMPLE",
    );
}

#[test]
fn a_box_shows_no_longer_whom_and_what_it_named_once_they_are_gone() {
    let place = Place::new();
    let people = |date: &str, siret: &str, one_more: &str| {
        // So many that what changes is followed one by one.
        let mut text = ACTIVITY.trim_end().to_owned() + "\n";
        for number in 10..90 {
            text += &activity(&[(3, &format!("8999000000{number}"))]);
        }
        text += &activity(&[
            (3, "899900000001"),
            (20, siret),
            (24, "R99000001"),
            (25, "CABINET DU SITE"),
        ]);
        place.file(
            &format!("PS_LibreAcces_Personne_activite_{date}0800.txt"),
            text + one_more,
        )
    };
    let boxes = [
        MAILBOX.trim_end().to_owned() + "\n",
        mailbox(
            "PER",
            "une@a-exemple.mssante.fr",
            &[(3, "8"), (4, "99900000002"), (5, "899900000002"), (10, "AVANT")],
        ),
        mailbox(
            "ORG",
            "site@a-exemple.mssante.fr",
            &[(6, "3"), (7, "99000000000001"), (19, "MOTS DE LA LIGNE")],
        ),
    ];
    let boxes = place.file(
        "Extraction_Correspondance_MSSante_202601150800.txt",
        boxes.concat(),
    );
    let leaving = activity(&[(3, "899900000002"), (8, "PARTANTE"), (10, "60")]);
    place.import(&[&people("20260115", "99000000000001", &leaving), &boxes]);
    let told = |node: &Node| {
        ["une", "site"].map(|name| {
            let address = format!("(mail={name}@a-exemple.mssante.fr)");
            let (_, entry) = node.ldapsearch(&["-b", "o=mssante,c=fr", &address]);
            let record = node.get(&format!("/api/v1/messageries/{name}@a-exemple.mssante.fr"));
            (entry, record)
        })
    };
    let node = place.serve(&[]);
    let before = told(&node);
    assert!(before[0].0.contains("PARTANTE"));
    assert_eq!(before[1].1["structure"]["nom"], "CABINET DU SITE");
    let report = place.import(&[&people("20260116", "99000000000002", "")]);
    assert_eq!(report["version"], 2);
    let followed = told(&node);
    drop(node);
    place.ok(&["reindex"]);
    assert_eq!(told(&place.serve(&[])), followed);
    assert!(followed[0].0.contains("AVANT"));
    assert_eq!(followed[1].1["structure"]["nom"], "MOTS DE LA LIGNE");
}

#[test]
fn code_tables_of_one_folder_are_not_measured_by_each_other() {
    let place = Place::new();
    let table = |name: &str, codes: usize| {
        let concepts: Vec<Value> = (0..codes)
            .map(|n| serde_json::json!({"code": n.to_string(), "display": format!("Libellé {n}")}))
            .collect();
        let system = serde_json::json!({
            "resourceType": "CodeSystem", "id": name, "date": "2026-01-15", "concept": concepts
        });
        std::fs::create_dir_all(place.path("tables")).unwrap();
        place.file(&format!("tables/{name}.json"), system.to_string())
    };
    table("TRE-R01-Grande", 300);
    table("TRE-R23-ModeExercice", 12);
    let report = place.import(&[place.path("tables").to_str().unwrap()]);
    assert_eq!(report["refus"], serde_json::json!([]), "{report}");
    // Each by itself: a table that falls is refused all the same.
    let report = place.import(&[&table("TRE-R01-Grande", 20)]);
    assert_eq!(report["refus"].as_array().unwrap().len(), 1, "{report}");
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let place = Place::new();
    let folder = place.path("in");
    std::fs::create_dir(&folder).unwrap();
    let made = Command::new("mkfifo").arg(folder.join("a.txt")).status().unwrap();
    assert!(made.success());
    let output = place.run(&["import", folder.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(1) && told.contains("it is no file"),
        "{told}"
    );
    // Where the report cannot be written nothing is imported.
    let report = place.path("absent/report.json");
    let output = place.run(&["import", "--report", report.to_str().unwrap(), &sample()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(place.ok(&["status"]).contains("store version 0"));
}

#[test]
fn who_reads_no_further_is_no_failure_and_no_panic() {
    let place = Place::new();
    place.import(&[&sample()]);
    let mut child = place
        .command(&["status"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !told.contains("panicked"), "{told}");
}
