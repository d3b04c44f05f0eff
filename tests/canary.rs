//! What must leave no trace: words that people send are in no log and no metric, and citizens' addresses are nowhere.

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::http::{Caller, Http, encoded};
use support::wire::{self, BASE, Search, Wire, bind, octets};
use support::{Node, Place, dated_extract, sample};

const DOMAIN: &str = "ch-nantes-exemple.mssante.fr";
const CLAIRE: &str = "899000000002";
/// The local part of a citizen's address is a health identifier: this is what is looked for.
const INS: &str = "199990000000001";

/// All ways in which a text can come in, but as a name or key to sign in with.
fn say_everywhere(node: &Node, callers: &mut [Caller], text: &str) {
    let typed = encoded(text);
    for caller in callers {
        for path in [
            format!("recherche?q={typed}"),
            format!("recherche?profession={typed}&departement={typed}&commune={typed}&structure={typed}"),
            format!("recherche?{typed}={typed}"),
            format!("recherche?curseur={typed}"),
            format!("recherche?page={typed}"),
            format!("suggestions?q={typed}"),
            format!("messageries/{typed}"),
            format!("professionnels/{typed}"),
            format!("structures/{typed}"),
            format!("structures/F990000000/messageries?q={typed}"),
            format!("nomenclatures/{typed}"),
            format!("indicateurs?par={typed}"),
            format!("extractions/{typed}"),
            format!("operateur/messageries?curseur={typed}"),
            format!("administration/messageries/{typed}"),
            format!("administration/audit?fiche={typed}&depuis={typed}"),
            typed.clone(),
        ] {
            caller.get(&format!("/api/v1/{path}"));
        }
        for method in ["PUT", "DELETE"] {
            for path in ["messageries", "professionnels", "structures"] {
                let path = format!("/api/v1/administration/suppressions/{path}/{typed}?champ=telephone");
                caller.call(method, &path, &[], &Value::Null);
            }
        }
        let bodies = [
            json!({"adresses": [text, 1]}),
            json!({"adresses": [text]}),
            json!({text: text}),
            json!([text]),
            json!(text),
        ];
        for body in &bodies {
            caller.call("POST", "/api/v1/messageries/verification", &[], body);
        }
        let header = [
            ("x-forwarded-for", text),
            ("user-agent", text),
            ("if-match", text),
        ];
        for name in [text, &format!("boite@{DOMAIN}")] {
            let path = support::http::own(name);
            for body in [
                json!({"type_bal": "PER", "identification_nationale": text, "structure": text, "telephone": text,
                       "description": text, "service": text, "responsable": text, "cotitulaires": [text], text: text}),
                json!({"type_bal": text}),
                json!(text),
            ] {
                caller.call("PUT", &path, &header, &body);
                caller.call("PATCH", &path, &[], &body);
            }
            caller.call("DELETE", &path, &header, &Value::Null);
        }
        caller.lot(&format!(
            "Type de BAL;Adresse BAL;Description;Identification nationale PP;Liste rouge\n\
             PER;{text};{text};{text};{text}\n{text};boite@{DOMAIN};{text};{CLAIRE};\n"
        ));
        caller.lot(&format!("{text};{text}\n{text}"));
    }
    let mut wire = Wire::connect(&node.ldap);
    let dn = format!(
        "mail={},ou=bal,o=mssante,c=fr",
        text.replace(['=', ',', '+', '#', '"'], " ")
    );
    for filter in [
        format!("(cn=*{text}*)"),
        format!("(mail={text})"),
        format!("({text}={text})"),
    ] {
        let sorted = wire::sorted("mail", None, false, true);
        let search = Search::new(&filter)
            .with(sorted)
            .with(wire::view_from(0, 3, text));
        wire.search(&search.asking(&["mail", text]));
        wire.search(&Search::new(&filter).at("o=annuaire-sante,c=fr", wire::SUB));
    }
    wire.search(&Search::new("(objectClass=*)").at(&dn, BASE));
    wire.search(&Search::new("(objectClass=*)").at(text, BASE));
    let assertion = wire::element(0x30, &[&octets("cn"), &octets(text)]);
    wire.result(&wire::element(0x6e, &[&octets(&dn), &assertion]), &[]);
    wire.result(&wire::extended(text, Some(text.as_bytes())), &[]);
    for (name, key) in [
        (dn.as_str(), text),
        (text, text),
        (&format!("uid={text},ou=comptes,o=mssante,c=fr"), text),
    ] {
        Wire::connect(&node.ldap).result(&bind(3, name, key), &[]);
    }
    Caller::new(&node.http, text).get("/api/v1/domaines");
}

fn found_in_log(place: &Place, node: &Node, word: &str) -> Vec<String> {
    let server_log = place
        .path("data/postgres")
        .canonicalize()
        .unwrap()
        .join("server.log");
    let mut texts = vec![
        std::fs::read_to_string(place.path("node.log")).unwrap(),
        std::fs::read_to_string(server_log).unwrap(),
        Http::new(&node.admin).get("/metrics").text(),
    ];
    assert!(texts[0].contains("annuaire::access") && texts[2].contains("annuaire_http_requests_total"));
    texts.push(node.said.lock().unwrap().join("\n"));
    let lines = texts.iter().flat_map(|text| text.lines());
    lines
        .filter(|line| line.to_lowercase().contains(&word.to_lowercase()))
        .map(str::to_owned)
        .collect()
}

fn all_callers(place: &Place, node: &Node) -> [Caller; 4] {
    [
        String::new(),
        place.account("logiciel", "professional", &[]),
        place.operator("alpha", "OPERATEUR ALPHA", &[DOMAIN]),
        place.account("admin", "administrator", &[]),
    ]
    .map(|key| Caller::new(&node.http, &key))
}

#[test]
fn what_people_send_is_in_no_log_and_no_metric() {
    let mut place = Place::new();
    place.log = Some("debug");
    let node = place.serve_sample(&[]);
    let mut callers = all_callers(&place, &node);
    for word in ["Canaricole", "canaricole.zoe@canaricole-exemple.mssante.fr"] {
        say_everywhere(&node, &mut callers, word);
    }
    // Some of it is taken: it is in the store, and in no log.
    let asked = json!({"type_bal": "PER", "identification_nationale": CLAIRE, "description": "canaricole"});
    let address = format!("canaricole@{DOMAIN}");
    assert_eq!(callers[2].put(&address, &asked).status, 201);
    assert_eq!(
        callers[2].patch(&address, &json!({"liste_rouge": true})).status,
        200
    );
    assert_eq!(
        callers[3]
            .get(&format!("/api/v1/administration/messageries/{address}"))
            .status,
        200
    );
    assert_eq!(found_in_log(&place, &node, "canaricole"), [""; 0]);
    for caller in &callers[1..] {
        // Nor the keys; their first part says whose they are.
        assert_eq!(found_in_log(&place, &node, &caller.key[19..]), [""; 0]);
    }
    assert_eq!(found_in_log(&place, &node, "testeur"), [""; 0]);
}

/// Every file below a folder that holds a word.
fn files_with(folder: &Path, word: &[u8], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            files_with(&path, word, found);
        } else if std::fs::read(&path).is_ok_and(|bytes| memchr::memmem::find(&bytes, word).is_some()) {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn a_citizens_address_is_nowhere() {
    let mut place = Place::new();
    place.log = Some("debug");
    let node = place.serve_sample(&[]);
    place.ok(&["import", &sample()]);
    let mut callers = all_callers(&place, &node);
    let plain = format!("{INS}@patient.mssante.fr");
    let dressed = [
        plain.clone(),
        format!("{INS}@Patient.MSSante.FR."),
        format!("<{INS}@patient.mssante.fr>"),
        format!("{INS}%40patient%2Emssante%2Efr"),
        format!("{INS}@sous.patient.mssante.fr"),
        format!("{INS}@ｐatient.mssante.fr"),
    ];
    for address in &dressed {
        say_everywhere(&node, &mut callers, address);
    }
    // In every column of an extract that can hold it, on a few lines: many would be refused as a fall.
    let boxes = dated_extract(
        &place,
        "Extraction_Correspondance_MSSante_202601160800.txt",
        |line| {
            let address = line.split('|').nth(1).unwrap();
            Some(match address.as_bytes()[0] {
                b'u'..=b'z' => line.replacen(address, &plain, 1),
                b'h'..=b'i' => line.replacen("||", &format!("|{plain}|"), 1),
                _ => line.to_owned(),
            })
        },
    );
    let people = dated_extract(
        &place,
        "PS_LibreAcces_Personne_activite_202601160800.txt",
        |line| {
            Some(match line.len() % 40 {
                0 => line.replacen("||", &format!("|{plain}|"), 1),
                _ => line.to_owned(),
            })
        },
    );
    let rejects = place.path("rejects.csv");
    let report = place.path("report.json");
    let output = place.run(&[
        "import",
        "--rejects",
        rejects.to_str().unwrap(),
        "--report",
        report.to_str().unwrap(),
        &boxes,
        &people,
    ]);
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let rejected = |file: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        text.lines().filter(|line| line.contains("citizen")).count()
    };
    assert!(
        !told.contains(INS) && rejected(rejects.to_str().unwrap()) > 10,
        "{told}"
    );
    // In a white list, which may be refused for other reasons, too.
    let list = std::fs::read_to_string(format!("{}/listeblanchemssante.xml", sample())).unwrap();
    let list = list.replacen(
        "<Nom>etab1-exemple.mssante.fr</Nom>",
        &format!("<Nom>patient.mssante.fr</Nom><Description>{plain}</Description>"),
        1,
    );
    let list = place.file("liste/listeblanchemssante.xml", list);
    let output = place.run(&["import", "--force", "--allow-unsigned", &list]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains(INS));

    // The verification says why, and does not repeat it.
    let asked = json!({"adresses": [plain]});
    let reply = callers[0].call("POST", "/api/v1/messageries/verification", &[], &asked);
    assert_eq!(reply.json()["resultats"][0]["avertissement"]["code"], "CITOYEN");
    assert!(!reply.text().contains(INS));

    let dump = Command::new("pg_dump")
        .args([
            "-h",
            place.socket().to_str().unwrap(),
            "-U",
            "annuaire",
            "annuaire",
        ])
        .output()
        .unwrap();
    assert!(dump.status.success());
    let dump = String::from_utf8_lossy(&dump.stdout);
    assert!(dump.contains("TESTEUR"));
    let kept: Vec<&str> = dump.lines().filter(|line| line.contains(INS)).collect();
    assert_eq!(kept, [""; 0], "in the store");
    let mut files = Vec::new();
    files_with(&place.path("data/index"), INS.as_bytes(), &mut files);
    assert_eq!(files, [""; 0], "in the index");
    for file in [rejects, report] {
        assert!(
            !std::fs::read_to_string(&file).unwrap_or_default().contains(INS),
            "{}",
            file.display()
        );
    }
    let extraction = Http::new(&node.http).get("/api/v1/extractions/Extraction_Correspondance_MSSante");
    assert!(extraction.status == 200 && !extraction.text().contains(INS));
    assert_eq!(found_in_log(&place, &node, INS), [""; 0], "in logs and metrics");
    let search = Http::new(&node.http).get(&format!("/api/v1/recherche?q={INS}"));
    assert!(!search.text().contains("patient.mssante"), "{}", search.text());
}
