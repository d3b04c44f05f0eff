//! Extractions from outside: files, filters, differences, over the committed sample and its following days.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Value, json};
use sqlx::Connection as _;
use support::http::Caller;
use support::{Node, Place, dated_extract, eventually, sample};

fn served(place: &Place) -> Node {
    place.serve(&["--load-sample-when-empty", &sample()])
}

/// `curl -i` of a path: head and body.
fn whole(node: &Node, path: &str, arguments: &[&str]) -> (String, Vec<u8>) {
    let output = Command::new("curl")
        .args(["-s", "-i", "--max-time", "20"])
        .args(arguments)
        .arg(format!("http://{}{path}", node.http))
        .output()
        .unwrap()
        .stdout;
    let end = output.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(output[..end].to_vec()).unwrap();
    (head, output[end + 4..].to_vec())
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(given, _)| given.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .unwrap_or_else(|| panic!("no {name} in {head}"))
}

fn ready(node: &Node) -> Vec<Value> {
    let mut files = Vec::new();
    eventually("the files are made", Duration::from_secs(30), || {
        files = node.get("/api/v1/extractions")["extractions"]
            .as_array()
            .unwrap()
            .clone();
        !files.is_empty()
    });
    files
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(bytes), &mut out).unwrap();
    out
}

#[test]
fn files_are_what_the_manifest_says() {
    let place = Place::new();
    let node = served(&place);
    let files = ready(&node);
    assert_eq!(files.len(), 15);
    for file in &files {
        let (status, body) = node.get_with(file["lien"].as_str().unwrap(), &[]);
        assert_eq!(status, 200, "{file}");
        assert_eq!(file["octets"], body.len());
        let path = place.file("file", &body);
        let sum = Command::new("sha256sum").arg(path).output().unwrap().stdout;
        assert!(text(sum).starts_with(file["sha256"].as_str().unwrap()));
        assert!(file["licence"].as_str().unwrap().contains("Licence Ouverte"));
        let rows = file["lignes"].as_u64().unwrap() as usize;
        let name = file["nom"].as_str().unwrap();
        match name.rsplit('.').next().unwrap() {
            "gz" => {
                assert_eq!(body[4..8], [0; 4], "no time of writing");
                let lines = gunzip(&body).iter().filter(|b| **b == b'\n').count();
                assert_eq!(lines, rows + usize::from(name.contains("csv")), "{name}");
            }
            "zst" => assert!(zstd::decode_all(&body[..]).unwrap().len() > rows),
            _ => {
                let reader = SerializedFileReader::new(bytes::Bytes::from(body)).unwrap();
                let metadata = reader.metadata().file_metadata();
                assert_eq!(metadata.num_rows(), rows as i64);
                let stated = metadata.key_value_metadata().unwrap();
                for name in ["licence", "source", "dates"] {
                    assert!(stated.iter().any(|told| told.key == name && told.value.is_some()));
                }
            }
        }
    }
}

#[test]
fn the_same_state_gives_the_same_bytes() {
    let place = Place::new();
    let sums = || -> Vec<Value> {
        let files = ready(&served(&place));
        files.iter().map(|file| file["sha256"].clone()).collect()
    };
    let before = sums();
    std::fs::remove_dir_all(place.path("data/extractions")).unwrap();
    assert_eq!(sums(), before);
}

#[test]
fn the_correspondence_is_the_extract_that_was_loaded() {
    let place = Place::new();
    let node = served(&place);
    ready(&node);
    let loaded =
        std::fs::read_to_string(sample() + "/Extraction_Correspondance_MSSante_202601150800.txt").unwrap();
    let (_, file) = node.get_with("/api/v1/extractions/correspondance.csv.gz", &[]);
    assert_eq!(sorted(&text(gunzip(&file))), sorted(&loaded));
    let out = place.path("out.csv");
    place.ok(&["export", "correspondance", "--out", out.to_str().unwrap()]);
    assert_eq!(sorted(&std::fs::read_to_string(out).unwrap()), sorted(&loaded));
}

#[test]
fn a_broken_download_resumes_and_an_unchanged_file_is_not_sent_again() {
    let place = Place::new();
    let node = served(&place);
    ready(&node);
    let path = "/api/v1/extractions/structures.ndjson.zst";
    let (head, body) = whole(&node, path, &[]);
    let etag = header(&head, "etag").to_owned();
    let (part_head, part) = whole(&node, path, &["-r", "100-", "-H", &format!("If-Range: {etag}")]);
    assert!(part_head.starts_with("HTTP/1.1 206"), "{part_head}");
    assert_eq!(part, body[100..]);
    assert_eq!(
        header(&part_head, "content-range"),
        format!("bytes 100-{}/{}", body.len() - 1, body.len())
    );
    let (changed, all) = whole(&node, path, &["-r", "100-", "-H", "If-Range: \"other\""]);
    assert!(changed.starts_with("HTTP/1.1 200"));
    assert_eq!(all, body);
    assert!(
        whole(&node, path, &["-r", "999999999-"])
            .0
            .starts_with("HTTP/1.1 416")
    );
    let unchanged = whole(&node, path, &["-H", &format!("If-None-Match: {etag}")]);
    assert!(unchanged.0.starts_with("HTTP/1.1 304") && unchanged.1.is_empty());
    let (head, nothing) = whole(&node, path, &["-I"]);
    assert_eq!(header(&head, "content-length"), body.len().to_string());
    assert!(nothing.is_empty());
}

#[test]
fn filters_of_an_extraction_are_those_of_its_columns() {
    let place = Place::new();
    let node = served(&place);
    let (status, body) = node.get_with(
        "/api/v1/extractions/professionnels?format=ndjson&profession=10&departement=44",
        &[],
    );
    assert_eq!(status, 200);
    let text = text(body);
    assert!(text.lines().count() > 0);
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&row["profession"], &row["departement"]),
            (&"10".into(), &"44".into())
        );
        assert_eq!(row["libelle_profession"], "Médecin");
    }
    let rows = |commune: &str| {
        let path = format!("/api/v1/extractions/structures?format=ndjson&commune={commune}");
        String::from_utf8(node.get_with(&path, &[]).1)
            .unwrap()
            .lines()
            .count()
    };
    // By INSEE code, with its letter too, and by name in any spelling.
    assert!(rows("2A004") > 0);
    assert_eq!(rows("2A004"), rows("2a004"));
    let by_name = rows("AJACCIO");
    assert!(by_name > 0 && by_name == rows("ajaccio"));
    assert!(rows("paris-12e%20arrondissement") > 0);
    let (_, quoted) = node.get_with("/api/v1/extractions/structures?commune=l%27%27a%27%5C", &[]);
    assert_eq!(
        String::from_utf8(quoted).unwrap().lines().count(),
        1,
        "the header alone"
    );
    for wrong in [
        "structures?profession=10",
        "structures?depuis=x",
        "correspondance.csv.gz?format=csv",
    ] {
        ready(&node);
        let (status, _) = node.get_with(&format!("/api/v1/extractions/{wrong}"), &[]);
        assert_eq!(status, 400, "{wrong}");
    }
    assert_eq!(node.get_with("/api/v1/extractions/autre", &[]).0, 404);
}

/// Ids of the structures that have mailboxes, or of those that have none: by searching, and by extraction.
fn structures_by_mailboxes(node: &Node, with: bool) -> [BTreeSet<String>; 2] {
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    let (mut searched, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let path = format!("/api/v1/recherche?type=structure&avec_messagerie={with}&par_page=200{cursor}");
        let page = node.get(&path);
        searched.extend(page["resultats"].as_array().unwrap().iter().map(id));
        match page["curseur_suivant"].as_str() {
            Some(next) => cursor = format!("&curseur={next}"),
            None => break,
        }
    }
    let (_, rows) = extracted(node, "structures", &format!("&avec_messagerie={with}"));
    let rows = rows.lines().map(|line| serde_json::from_str(line).unwrap());
    [searched, rows.map(|row: Value| id(&row)).collect()]
}

#[test]
fn search_and_extraction_agree_on_which_structures_have_mailboxes() {
    const DOMAIN: &str = "ch-nantes-exemple.mssante.fr";
    let place = Place::new();
    let node = served(&place);
    // The sample's data, not marked as a sample.
    place.import(&[&sample()]);
    let [without, _] = structures_by_mailboxes(&node, false);
    let (mark, full) = extracted(&node, "structures", "&avec_messagerie=true");
    let mut replica = Replica::default();
    replica.load(&full);
    let quoted: Vec<String> = without.iter().map(|id| format!("'{id}'")).collect();
    // Of structures without a mailbox: the rows of `structures` that meet a condition, by one of their columns.
    let of_those = |column: &str, condition: &str| {
        let found = place.sql(&format!(
            "select {column} from structures s where public_id in ({}) and {condition} order by id limit 1",
            quoted.join(",")
        ));
        assert_ne!(found, "", "the sample has no structure where {condition}");
        found
    };
    // One SIREN that several share, none of them with a mailbox.
    let is_shared = "siren <> '' and s.id = (select min(o.id) from structures o where o.siren = s.siren)
         and 1 < (select count(*) from structures o where o.siren = s.siren)";
    let siren = of_those("siren", is_shared);
    let technical = of_those("identifiant", "finess = '' and identifiant_technique <> ''");
    let hidden = of_those("finess", &format!("finess <> '' and siren <> '{siren}'"));
    let attached = |name: &str, digit: &str, identifier: &str| {
        format!("ORG|{name}@{DOMAIN}||||{digit}|{identifier}{}", "|".repeat(24))
    };
    let file = dated_extract(
        &place,
        "Extraction_Correspondance_MSSante_202601160800.txt",
        |line| {
            let more = [
                attached("siren", "2", &siren),
                attached("technique", "", &technical),
            ];
            Some(match line.starts_with("PER|claire.testeur@") {
                true => format!("{line}\n{}", more.join("\n")),
                false => line.to_owned(),
            })
        },
    );
    let report = place.import(&[&file]);
    assert_eq!(
        place.sql("select count(*) from mailboxes where adresse ~ '^(siren|technique)@'"),
        "2",
        "{report}"
    );
    let key = place.operator("alpha", "OPERATEUR ALPHA", &[DOMAIN]);
    let mut alpha = Caller::new(&node.http, &key);
    let out_of_sight = json!({"type_bal": "ORG", "structure": hidden, "liste_rouge": true});
    assert!(alpha.put(&format!("cachee@{DOMAIN}"), &out_of_sight).status < 300);

    let id = |condition: &str| {
        place.sql(&format!(
            "select public_id from structures where {condition} order by id limit 1"
        ))
    };
    let newly = [
        id(&format!("siren = '{siren}'")),
        id(&format!("identifiant = '{technical}'")),
    ];
    eventually("the index shows the new boxes", Duration::from_secs(30), || {
        newly
            .iter()
            .all(|id| structures_by_mailboxes(&node, true)[0].contains(id))
    });
    for with in [true, false] {
        let [searched, extracted] = structures_by_mailboxes(&node, with);
        assert_eq!(searched, extracted, "{with}");
        assert!(newly.iter().all(|id| extracted.contains(id) == with));
        assert_ne!(extracted.contains(&id(&format!("finess = '{hidden}'"))), with);
    }
    // Who has the old extraction is told of those that now meet the filter.
    let query = format!("&avec_messagerie=true&depuis={mark}");
    replica.apply(&extracted(&node, "structures", &query).1);
    let now = extracted(&node, "structures", "&avec_messagerie=true").1;
    assert_eq!(text(replica.bytes()).lines().count(), now.lines().count());
}

#[test]
fn who_answers_for_a_box_of_an_organisation_is_in_no_difference() {
    let place = Place::new();
    let node = served(&place);
    place.import(&[&sample()]);
    let (mark, _) = extracted(&node, "professionnels", "");
    let of = |person: &str| {
        place.sql(&format!(
            "select public_id from professionals where identification_nationale = '{person}'"
        ))
    };
    let (responsible, holder) = ("899000000002", "899000000010");
    let file = dated_extract(
        &place,
        "Extraction_Correspondance_MSSante_202601160800.txt",
        |line| {
            let more = |kind: &str, name: &str, person: &str| {
                let address = format!("{name}@sage-femme-exemple.mssante.fr");
                format!(
                    "{kind}|{address}|8|{}|{person}|1|990000000{}",
                    &person[1..],
                    "|".repeat(24)
                )
            };
            let (org, per) = (
                more("ORG", "accueil.neuf", responsible),
                more("PER", "neuf", holder),
            );
            Some(match line.starts_with("PER|claire.testeur@") {
                true => format!("{line}\n{org}\n{per}"),
                false => line.to_owned(),
            })
        },
    );
    let report = place.import(&[&file]);
    let added = "select count(*) from mailboxes where adresse ~ '^(accueil[.])?neuf@'";
    assert_eq!(place.sql(added), "2", "{report}");
    let (mark, difference) = extracted(&node, "professionnels", &format!("&depuis={mark}"));
    assert!(difference.contains(&of(holder)), "{difference}");
    assert!(!difference.contains(&of(responsible)), "{difference}");

    // Nor once its operator changes it.
    let key = place.operator("alpha", "OPERATEUR ALPHA", &["sage-femme-exemple.mssante.fr"]);
    let mut alpha = Caller::new(&node.http, &key);
    for name in ["accueil.neuf", "neuf"] {
        let address = format!("{name}@sage-femme-exemple.mssante.fr");
        let reply = alpha.patch(&address, &json!({"description": "sur rendez-vous"}));
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let (_, difference) = extracted(&node, "professionnels", &format!("&depuis={mark}"));
    assert!(difference.contains(&of(holder)), "{difference}");
    assert!(!difference.contains(&of(responsible)), "{difference}");
}

/// A reader's copy: the lines of each entry, by its opaque id.
#[derive(Default)]
struct Replica(BTreeMap<String, Vec<String>>);

impl Replica {
    fn load(&mut self, ndjson: &str) {
        for line in ndjson.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let id = row["id"].as_str().unwrap().to_owned();
            self.0.entry(id).or_default().push(line.to_owned());
        }
    }

    fn apply(&mut self, delta: &str) -> usize {
        let mut seen = std::collections::BTreeSet::new();
        for line in delta.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let id = row["id"].as_str().unwrap().to_owned();
            if row["action"] == "retrait" {
                assert_eq!(
                    row.as_object().unwrap().len(),
                    2,
                    "a withdrawal names nothing: {line}"
                );
                self.0.remove(&id);
                continue;
            }
            let plain = line.replacen("\"action\":\"publication\",", "", 1);
            let lines = self.0.entry(id.clone()).or_default();
            if seen.insert(id) {
                lines.clear();
            }
            lines.push(plain);
        }
        delta.lines().count()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut lines: Vec<&String> = self.0.values().flatten().collect();
        lines.sort_unstable();
        lines
            .into_iter()
            .flat_map(|line| [line.as_bytes(), b"\n"].concat())
            .collect()
    }
}

fn extracted(node: &Node, kind: &str, query: &str) -> (String, String) {
    let (head, body) = whole(
        node,
        &format!("/api/v1/extractions/{kind}?format=ndjson{query}"),
        &["--raw", "-0"],
    );
    assert!(
        head.contains(" 200 "),
        "{head}\n{}",
        String::from_utf8_lossy(&body)
    );
    (header(&head, "annuaire-marque").to_owned(), text(body))
}

#[test]
fn replayed_differences_give_the_new_extraction_byte_for_byte() {
    let place = Place::new();
    let day = place.path("day");
    let folder = day.to_str().unwrap();
    place.ok(&["sample", "--people", "300", "--seed", "5", "--out", folder]);
    place.import(&[folder]);
    let node = place.serve(&[]);
    let mut copies: Vec<(&str, &str, String, Replica)> = Vec::new();
    for kind in ["correspondance", "professionnels", "structures"] {
        let filters = ["", "&departement=44&departement=75", "&avec_messagerie=true"];
        for filter in filters {
            if kind == "correspondance" && filter.contains("avec") {
                continue;
            }
            let (mark, full) = extracted(&node, kind, filter);
            let mut replica = Replica::default();
            replica.load(&full);
            copies.push((kind, filter, mark, replica));
        }
    }
    let mut changes = 0;
    for _ in 0..2 {
        place.ok(&[
            "sample",
            "--people",
            "300",
            "--seed",
            "5",
            "--out",
            folder,
            "--next-day",
            "3%",
        ]);
        place.import(&[folder]);
        for (kind, filter, mark, replica) in &mut copies {
            let (next, delta) = extracted(&node, kind, &format!("{filter}&depuis={mark}"));
            changes += replica.apply(&delta);
            let mut now = Replica::default();
            now.load(&extracted(&node, kind, filter).1);
            assert_eq!(text(replica.bytes()), text(now.bytes()), "{kind}{filter}");
            *mark = next;
        }
    }
    assert!(changes > 0, "the following days changed nothing");
    let (mark, _) = extracted(&node, "structures", "");
    assert_eq!(extracted(&node, "structures", &format!("&depuis={mark}")).1, "");
    let all = extracted(&node, "structures", "&depuis=1970-01-01T00:00:00Z").1;
    let mut from_nothing = Replica::default();
    from_nothing.apply(&all);
    let mut now = Replica::default();
    now.load(&extracted(&node, "structures", "").1);
    assert_eq!(from_nothing.bytes(), now.bytes());
}

/// Publishes changes to the store, as an import or an operator does.
#[tokio::main(flavor = "current_thread")]
async fn publish(place: &Place, changes: &[String]) {
    let (cluster, options) = annuaire::store::cluster::join(&place.path("data")).await.unwrap();
    let mut store = sqlx::PgConnection::connect_with(&options).await.unwrap();
    let mut publication = store.begin().await.unwrap();
    let version = "insert into publications (version, rebuild, public_version)
         select max(version) + 1, false, max(public_version) + 1 from publications";
    for change in [version].into_iter().chain(changes.iter().map(String::as_str)) {
        let change = sqlx::AssertSqlSafe(change.to_owned());
        let rows = sqlx::raw_sql(change).execute(&mut *publication).await.unwrap();
        assert!(rows.rows_affected() > 0);
    }
    publication.commit().await.unwrap();
    store.close().await.unwrap();
    cluster.release().await;
}

/// The line of the change log.
fn logged(genre: char, action: char, entries: &str) -> String {
    format!(
        "insert into change_log (version, genre, entity_id, public_id, action)
         select (select max(version) from publications), '{genre}', id, public_id, '{action}' from {entries}"
    )
}

/// Moves a mailbox to the red list.
fn hide(place: &Place, adresse: &str) {
    let entry = format!("mailboxes where adresse = '{adresse}'");
    let move_it = format!("update mailboxes set liste_rouge = true where adresse = '{adresse}'");
    publish(place, &[move_it, logged('m', 'w', &entry)]);
}

#[test]
fn a_move_to_the_red_list_withdraws_the_files_that_held_the_address_until_they_are_made_anew() {
    let place = Place::new();
    let node = served(&place);
    ready(&node);
    let (mark, full) = extracted(&node, "correspondance", "&type_bal=PER");
    let row: Value = serde_json::from_str(full.lines().next().unwrap()).unwrap();
    let adresse = row["adresse"].as_str().unwrap().to_lowercase();
    let holds = |bytes: &[u8]| text(gunzip(bytes)).to_lowercase().contains(&adresse);
    let path = "/api/v1/extractions/correspondance.csv.gz";
    assert!(holds(&node.get_with(path, &[]).1));

    hide(&place, &adresse);
    let (head, body) = whole(&node, path, &[]);
    if head.starts_with("HTTP/1.1 503") {
        assert!(header(&head, "retry-after").parse::<u32>().unwrap() > 0);
        assert!(text(body).contains("/docs/erreurs#extraction-en-cours"));
    } else {
        assert!(!holds(&body), "the old file is still served");
    }
    let others = node.get_with("/api/v1/extractions/structures.csv.gz", &[]);
    assert_eq!(others.0, 200, "files that never held it stay");
    let (_, now) = extracted(&node, "correspondance", "");
    assert!(!now.to_lowercase().contains(&adresse));
    let (_, delta) = extracted(&node, "correspondance", &format!("&depuis={mark}"));
    assert_eq!(
        delta,
        format!("{{\"action\":\"retrait\",\"id\":{}}}\n", row["id"])
    );
    eventually("the file is made anew", Duration::from_secs(30), || {
        let (status, file) = node.get_with(path, &[]);
        assert!(matches!(status, 200 | 503));
        status == 200 && !holds(&file)
    });
}

#[test]
fn an_entry_that_another_s_change_brings_out_of_the_filter_is_withdrawn() {
    let place = Place::new();
    let node = served(&place);
    let query = "&departement=44";
    let (mark, full) = extracted(&node, "professionnels", query);
    let mut replica = Replica::default();
    replica.load(&full);
    let moved = "(select id from structures where departement = '44')";
    let relocate = |table: &str| {
        format!("update {table} set departement = '85' where departement = '44' and structure_id in {moved}")
    };
    let entries = "structures where departement = '44'";
    publish(
        &place,
        &[
            logged('s', 'u', entries),
            relocate("structures_rpps"),
            relocate("structures_finess"),
        ],
    );
    let (_, delta) = extracted(&node, "professionnels", &format!("{query}&depuis={mark}"));
    replica.apply(&delta);
    assert!(!full.is_empty() && !delta.is_empty());
    assert_eq!(text(replica.bytes()), extracted(&node, "professionnels", query).1);
}

#[test]
fn readers_that_leave_or_take_nothing_cost_nothing_to_others() {
    let place = Place::new();
    let day = place.path("day");
    let folder = day.to_str().unwrap();
    place.ok(&["sample", "--people", "6000", "--seed", "7", "--out", folder]);
    place.import(&[folder]);
    let node = place.serve(&[]);
    let path = "/api/v1/extractions/professionnels?format=ndjson";
    let ask = || {
        let mut stream = TcpStream::connect(&node.http).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        stream
    };
    // More than the socket's buffers hold, so that the reader that takes nothing is really waited for.
    assert!(node.get_with(path, &[]).1.len() > 5_000_000);
    let _stalled = ask();
    for _ in 0..40 {
        drop(ask());
    }
    eventually(
        "places of readers that left are free",
        Duration::from_secs(20),
        || node.get_with(path, &[]).0 == 200,
    );
    assert_eq!(node.get("/api/v1/sante")["pret"], true);
}

#[test]
fn the_command_gives_what_rest_gives() {
    let place = Place::new();
    let node = served(&place);
    let out = place.path("out.ndjson");
    let out = out.to_str().unwrap();
    let arguments = [
        "export",
        "structures",
        "--format",
        "ndjson",
        "--departement",
        "44",
        "--out",
        out,
    ];
    place.ok(&arguments);
    let written = std::fs::read_to_string(out).unwrap();
    let (mark, answered) = extracted(&node, "structures", "&departement=44");
    assert!(!written.is_empty());
    assert_eq!(sorted(&written), sorted(&answered));
    assert_eq!(
        place
            .ok(&["export", "structures", "--since", &mark])
            .lines()
            .count(),
        1,
        "the header"
    );
    assert!(
        !place
            .run(&["export", "structures", "--since", "x"])
            .status
            .success()
    );
}

#[test]
fn every_format_has_the_same_values() {
    let place = Place::new();
    let node = served(&place);
    let (_, ndjson) = extracted(&node, "structures", "");
    let rows: Vec<Value> = ndjson
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (_, file) = node.get_with("/api/v1/extractions/structures?format=parquet", &[]);
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    let parquet: Vec<Value> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| {
            let row = row.unwrap();
            let texts = row.get_column_iter().filter_map(|(name, field)| match field {
                parquet::record::Field::Str(text) => Some((name.clone(), Value::from(text.as_str()))),
                _ => None,
            });
            Value::Object(texts.collect())
        })
        .collect();
    let by_id = |rows: &[Value]| -> BTreeMap<String, Value> {
        rows.iter()
            .map(|row| (row["id"].to_string(), row.clone()))
            .collect()
    };
    assert_eq!(by_id(&parquet), by_id(&rows));
    let (_, csv) = node.get_with("/api/v1/extractions/structures", &[]);
    let csv = text(csv);
    let columns: Vec<&str> = csv.lines().next().unwrap().split('|').collect();
    let mut from_csv: Vec<Value> = Vec::new();
    for line in csv.lines().skip(1) {
        let values = columns
            .iter()
            .zip(line.split('|'))
            .filter(|(_, value)| !value.is_empty());
        from_csv.push(Value::Object(
            values
                .map(|(name, value)| ((*name).to_owned(), value.into()))
                .collect(),
        ));
    }
    let without_id = |row: &Value| {
        let mut row = row.clone();
        row.as_object_mut().unwrap().remove("id");
        row.to_string()
    };
    let mut expected: Vec<String> = rows.iter().map(without_id).collect();
    let mut found: Vec<String> = from_csv.iter().map(Value::to_string).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_extraction_of_professionals_is_an_extract_that_can_be_loaded() {
    let place = Place::new();
    let node = served(&place);
    let people = node.get("/api/v1/recherche?type=professionnel")["total"].clone();
    let out = place.path("PS_LibreAcces_Personne_activite_202601150800.txt");
    place.ok(&["export", "professionnels", "--out", out.to_str().unwrap()]);
    drop(node);
    let other = Place::new();
    let report = other.import(&[out.to_str().unwrap()]);
    let file = &report["fichiers"][0];
    assert_eq!(file["rejets"], 0, "{report}");
    assert_eq!(file["entites"]["professionnels"]["crees"], people, "{report}");
}

#[test]
fn a_mark_of_the_sample_leads_nowhere_once_real_files_are_loaded() {
    let place = Place::new();
    let node = served(&place);
    let mark = |node: &Node| {
        let (head, _) = whole(node, "/api/v1/extractions/structures", &[]);
        let line = head.lines().find(|line| line.starts_with("annuaire-marque:"));
        line.unwrap().split_once(": ").unwrap().1.trim().to_owned()
    };
    let of_the_sample = mark(&node);
    let since = |from: &str| {
        let path = format!("/api/v1/extractions/structures?format=ndjson&depuis={from}");
        node.get_with(&path, &[]).0
    };
    assert_eq!(since(&of_the_sample), 200);
    place.ok(&[
        "import",
        &format!("{}/etalab-cs1100507-stock-20260115-0339.csv", sample()),
    ]);
    assert_eq!(since(&of_the_sample), 400);
    assert_eq!(since("2020-01-01T00:00:00Z"), 400);
    assert_eq!(since(&mark(&node)), 200);
}

#[test]
fn an_export_is_written_to_devices_and_through_links() {
    let place = Place::new();
    place.ok(&["import", &sample()]);
    let (file, link) = (place.path("a.csv"), place.path("lien.csv"));
    std::fs::write(&file, "avant").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    place.ok(&["export", "structures", "--out", link.to_str().unwrap()]);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&file).unwrap().lines().count() > 100);

    let pipe = place.path("tuyau");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read(pipe).unwrap()
    });
    place.ok(&["export", "structures", "--out", pipe.to_str().unwrap()]);
    assert_eq!(reader.join().unwrap(), std::fs::read(&file).unwrap());
    assert_eq!(
        place
            .run(&["export", "correspondance", "--type-bal", "XX"])
            .status
            .code(),
        Some(2)
    );
}
