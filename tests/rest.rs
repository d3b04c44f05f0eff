//! REST from outside, over the committed sample.

mod support;

use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use support::{Node, Place, eventually, sample};

fn served(place: &Place) -> Node {
    place.serve(&["--load-sample-when-empty", &sample()])
}

fn names(page: &Value) -> Vec<String> {
    let of = |r: &Value| {
        format!(
            "{} {}",
            r["nom"].as_str().unwrap_or(""),
            r["prenom"].as_str().unwrap_or("")
        )
    };
    page["resultats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| of(r).trim().to_owned())
        .collect()
}

/// Percent-encodes what `curl` would not send as it stands.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

#[test]
fn people_are_found_whatever_the_spelling() {
    let place = Place::new();
    let node = served(&place);
    for (typed, name) in [
        ("testeur", "TESTEUR Claire"),
        ("claire testeur", "TESTEUR Claire"),
        ("delafontaine", "DE LA FONTAINE Jean-Pierre"),
        ("De-la Fontaine", "DE LA FONTAINE Jean-Pierre"),
        ("jean pierre de la fontaine", "DE LA FONTAINE Jean-Pierre"),
        ("lhuillier zoe", "L'HUILLIER Zoé"),
        ("L’Huillier", "L'HUILLIER Zoé"),
        ("oeuvrard", "ŒUVRARD Émile"),
        ("Œuvrard emile", "ŒUVRARD Émile"),
        ("nguyen thi lan", "NGUYỄN Thi Lan"),
        ("Nguyễn", "NGUYỄN Thi Lan"),
        ("st etienne loic", "SAINT-ÉTIENNE Loïc"),
        ("saint-étienne loïc", "SAINT-ÉTIENNE Loïc"),
        ("99000000002", "TESTEUR Claire"),
        ("899000000002", "TESTEUR Claire"),
        ("tesetur", "TESTEUR Claire"),
        ("cardiologie nantes delafontaine", "DE LA FONTAINE Jean-Pierre"),
    ] {
        let page = node.get(&format!(
            "/api/v1/recherche?type=professionnel&q={}",
            encoded(typed)
        ));
        assert!(
            names(&page).contains(&name.to_owned()),
            "{typed}: {:?}",
            names(&page)
        );
    }
}

#[test]
fn an_address_is_found_while_it_is_typed() {
    let place = Place::new();
    let node = served(&place);
    let address = "claire.testeur@sage-femme-exemple.mssante.fr";
    for typed in [
        "claire.testeur@",
        "claire.testeur@s",
        "Claire.Testeur@sage",
        address,
    ] {
        let found = node.get(&format!("/api/v1/recherche?q={}", encoded(typed)));
        assert_eq!(found["total"], 2, "{typed}: {found}");
        let offered = node.get(&format!("/api/v1/suggestions?q={}", encoded(typed)));
        assert_eq!(
            offered["suggestions"][0]["adresse"], address,
            "{typed}: {offered}"
        );
    }
    let found = node.get(&format!("/api/v1/recherche?q={}", encoded("claire.testeur@t")));
    assert_eq!(found["total"], 0);
}

#[test]
fn filters_are_of_one_activity_and_totals_and_facets_agree_with_the_store() {
    let place = Place::new();
    let node = served(&place);
    let page = node.get("/api/v1/recherche?type=professionnel&profession=10&departement=44&par_page=200");
    let total = page["total"].as_u64().unwrap();
    assert_eq!(page["resultats"].as_array().unwrap().len() as u64, total);
    for person in page["resultats"].as_array().unwrap() {
        let held = person["exercices"].as_array().unwrap().iter().any(|e| {
            e["profession"]["code"] == "10"
                && e["activites"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|a| a["structure"]["adresse"]["departement"] == "44")
        });
        assert!(held, "{person}");
    }
    let all = node.get("/api/v1/recherche?type=professionnel");
    let facet = all["facettes"]["departement"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["code"] == "44")
        .unwrap();
    let of_44 = node.get("/api/v1/recherche?type=professionnel&departement=44");
    assert_eq!(facet["nombre"], of_44["total"]);
    let both = node.get("/api/v1/recherche?type=professionnel&departement=44&departement=75");
    assert!(both["total"].as_u64() > of_44["total"].as_u64());
}

#[test]
fn a_cursor_neither_skips_nor_doubles() {
    let place = Place::new();
    let node = served(&place);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = node.get(&format!(
            "/api/v1/recherche?type=professionnel&par_page=120{cursor}"
        ));
        seen.extend(
            page["resultats"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["id"].as_str().unwrap().to_owned()),
        );
        match page["curseur_suivant"].as_str() {
            Some(next) => cursor = format!("&curseur={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 500);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 500);
}

#[test]
fn records_are_found_by_every_identifier_and_absent_ones_are_404() {
    let place = Place::new();
    let node = served(&place);
    for id in ["899000000002", "99000000002"] {
        assert_eq!(
            node.get(&format!("/api/v1/professionnels/{id}"))["nom"],
            "TESTEUR"
        );
    }
    for alias in [
        "F990000000",
        "990000000",
        "1990000000",
        "99000000200016",
        "399000000200016",
    ] {
        let structure = node.get(&format!("/api/v1/structures/{alias}"));
        assert_eq!(
            structure["nom"], "CENTRE HOSPITALIER EXEMPLE DE NANTES",
            "{alias}"
        );
        assert!((structure["lat"].as_f64().unwrap() - 47.2).abs() < 0.2);
        assert!(structure["messageries"]["total"].as_u64() > Some(1));
    }
    let boxes = node.get("/api/v1/structures/F990000000/messageries?q=cardio");
    assert!(boxes["total"].as_u64() >= Some(1));
    let address = "claire.testeur@sage-femme-exemple.mssante.fr";
    let mailbox = node.get(&format!("/api/v1/messageries/{}", address.to_uppercase()));
    assert_eq!(
        (&mailbox["adresse"], &mailbox["domaine_de_confiance"]),
        (&json!(address), &json!(true))
    );
    for path in [
        "professionnels/899999999999",
        "structures/F999999999",
        "messageries/absent@a-exemple.mssante.fr",
    ] {
        assert_eq!(node.get_with(&format!("/api/v1/{path}"), &[]).0, 404, "{path}");
    }
}

#[test]
fn a_citizens_address_is_answered_like_any_absent_one_and_counted_by_route_only() {
    let place = Place::new();
    let node = served(&place);
    let absent = node.get_with("/api/v1/messageries/a@a-exemple.mssante.fr", &[]);
    for address in [
        "199990000000001@Patient.MSSante.fr",
        "199990000000001%40patient.mssante.fr",
        "%ff",
    ] {
        assert_eq!(
            node.get_with(&format!("/api/v1/messageries/{address}"), &[]),
            absent
        );
    }
    let metrics = Command::new("curl")
        .args(["-s", &format!("http://{}/metrics", node.admin)])
        .output()
        .unwrap()
        .stdout;
    let metrics = String::from_utf8(metrics).unwrap();
    assert!(
        metrics.contains(r#"route="/api/v1/messageries/{adresse}",status="404"} 4"#),
        "{metrics}"
    );
    assert!(!metrics.contains("patient"));
}

#[test]
fn recipients_are_checked_in_the_order_asked() {
    let place = Place::new();
    let node = served(&place);
    let asked = json!({"adresses": [
        "claire.testeur@sage-femme-exemple.mssante.fr", "x@patient.mssante.fr", "a@medical.apicrypt.org", "a@ailleurs.invalid", "rien"
    ]});
    let output = Command::new("curl")
        .args([
            "-s",
            "-H",
            "content-type: application/json",
            "-d",
            &asked.to_string(),
        ])
        .arg(format!("http://{}/api/v1/messageries/verification", node.http))
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<&Value> = answer["resultats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["avertissement"]["code"])
        .collect();
    assert_eq!(
        codes,
        [
            &Value::Null,
            &json!("CITOYEN"),
            &json!("APICRYPT_V1"),
            &json!("HORS_ESPACE"),
            &json!("FORME")
        ]
    );
    assert_eq!(answer["resultats"][0]["publiee"], true);
    assert!(!answer.to_string().contains("patient.mssante.fr"));
}

#[test]
fn keys_open_and_a_wrong_or_revoked_one_is_401() {
    let place = Place::new();
    let node = served(&place);
    let key = place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    let header = format!("ESANTE-API-KEY: {}", key.trim());
    assert_eq!(node.get_with("/api/v1/domaines", &[&header]).0, 200);
    assert_eq!(
        node.get_with("/api/v1/domaines", &["Authorization: Bearer faux"])
            .0,
        401
    );
    place.ok(&["account", "revoke", "cabinet"]);
    assert_eq!(node.get_with("/api/v1/domaines", &[&header]).0, 401);
}

#[test]
fn the_extraction_is_the_extract_that_was_loaded() {
    let place = Place::new();
    let node = served(&place);
    let (status, body) = node.get_with("/api/v1/extractions/Extraction_Correspondance_MSSante", &[]);
    assert_eq!(status, 200);
    let file =
        std::fs::read_to_string(sample() + "/Extraction_Correspondance_MSSante_202601150800.txt").unwrap();
    let mut expected: Vec<&str> = file.lines().collect();
    let text = String::from_utf8(body).unwrap();
    let mut got: Vec<&str> = text.lines().collect();
    expected.sort_unstable();
    got.sort_unstable();
    assert_eq!(got, expected);
}

#[test]
fn domains_tables_suggestions_and_health_answer() {
    let place = Place::new();
    let node = served(&place);
    assert!(node.get("/api/v1/domaines")["domaines"].as_array().unwrap().len() > 10);
    assert!(
        node.get("/api/v1/nomenclatures/TRE_G15")
            .to_string()
            .contains("Sage-Femme")
    );
    let first = &node.get("/api/v1/suggestions?q=delafo")["suggestions"][0];
    assert_eq!(first["libelle"], "DE LA FONTAINE Jean-Pierre");
    assert_eq!(first["adresse"], "jp.delafontaine@medecin-exemple.mssante.fr");
    assert_eq!(node.get_with("/sante", &[]).0, 200);
    assert_eq!(node.get_with("/docs", &[]).0, 200);
}

#[test]
fn few_letters_are_completed_by_names_that_begin_so_and_by_others_where_none_does() {
    let place = Place::new();
    let node = served(&place);
    let offered =
        |typed: &str| node.get(&format!("/api/v1/suggestions?q={typed}"))["suggestions"].to_string();
    let other = "DE LA FONTAINE";
    assert!(offered("fo").contains("\"FONTAINE Camille") && !offered("fo").contains(other));
    assert!(offered("fon").contains("\"FONTAINE Camille") && offered("fon").contains(other));
    assert!(offered("af").contains(other));
}

#[test]
fn a_stopped_postgres_leaves_reads_and_service_resumes_by_itself() {
    let place = Place::new();
    let node = served(&place);
    let postmaster = place.path("data/postgres/cluster/postmaster.pid");
    let id = std::fs::read_to_string(postmaster)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    let id = Pid::from_raw(id.parse().unwrap()).unwrap();
    rustix::process::kill_process(id, Signal::KILL).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        node.get("/api/v1/recherche?q=testeur&type=professionnel")["total"],
        1
    );
    assert_eq!(node.get("/api/v1/professionnels/899000000002")["nom"], "TESTEUR");
    // Any command starts the private Postgres again, and the node finds it.
    place.ok(&["status"]);
    let key = place.ok(&["account", "create", "retour", "--role", "professional"]);
    let header = format!("ESANTE-API-KEY: {}", key.trim());
    eventually("sign-in works again", Duration::from_secs(20), || {
        node.get_with("/api/v1/domaines", &[&header]).0 == 200
    });
}

#[test]
fn sigterm_ends_well_and_a_second_node_is_told_who_serves() {
    let place = Place::new();
    let mut node = served(&place);
    let second = place.run(&[
        "serve",
        "--http",
        "127.0.0.1:0",
        "--ldap",
        "127.0.0.1:0",
        "--ldaps",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
    ]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains(&node.child.id().to_string()));
    assert!(node.stop(Signal::TERM).success());
}
