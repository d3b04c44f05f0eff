//! `annuaire history` from outside: what changed of one entry, by whatever identifier, and nothing of hidden ones.

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::http::Caller;
use support::{Node, Place, sample};

const MAILBOX: &str = include_str!("../import/layouts/correspondance_mssante.txt");
const ACTIVITY: &str = include_str!("../import/layouts/personne_activite.txt");
const ADDRESS: &str = "claire.test@a-exemple.mssante.fr";

fn mailboxes(date: &str, place: &Place, service: &str, more: &str) -> String {
    let mut fields = [""; 31];
    (fields[0], fields[1], fields[4], fields[6]) = ("PER", ADDRESS, "899900000001", service);
    let text = format!("{}\n{}\n{more}", MAILBOX.trim_end(), fields.join("|"));
    place.file(&format!("Extraction_Correspondance_MSSante_{date}0800.txt"), text)
}

fn person(date: &str, place: &Place, name: &str) -> String {
    let mut fields = [""; 57];
    for (column, value) in [
        (1, "8"),
        (2, "99900000001"),
        (3, "899900000001"),
        (8, name),
        (9, "Claire"),
        (10, "10"),
        (12, "C"),
        (18, "L"),
    ] {
        fields[column - 1] = value;
    }
    let text = format!("{}\n{}\n", ACTIVITY.trim_end(), fields.join("|"));
    place.file(&format!("PS_LibreAcces_Personne_activite_{date}0800.txt"), text)
}

fn told(action: &str, fields: &[&str]) -> (String, Vec<String>) {
    (
        action.to_owned(),
        fields.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>(),
    )
}

fn history(place: &Place, identifier: &str) -> Vec<(String, Vec<String>)> {
    let output = place.run(&["history", "--json", identifier]);
    let events: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .map(|t| t.as_str().unwrap().to_owned())
            .collect()
    };
    events
        .iter()
        .map(|e| (e["action"].as_str().unwrap().to_owned(), texts(&e["champs"])))
        .collect()
}

#[test]
fn creation_changes_by_field_and_withdrawal_are_told_by_any_identifier() {
    let place = Place::new();
    place.ok(&["import", &person("20260115", &place, "TEST")]);
    // A first load is no event.
    assert_eq!(history(&place, "99900000001"), []);
    place.ok(&["import", &mailboxes("20260115", &place, "", "")]);
    place.ok(&["import", &mailboxes("20260116", &place, "CARDIOLOGIE", "")]);
    place.ok(&["import", &person("20260116", &place, "NOUVEAU")]);
    let empty = format!("{}\n", MAILBOX.trim_end());
    place.ok(&[
        "import",
        &place.file("Extraction_Correspondance_MSSante_202601170800.txt", empty),
    ]);
    assert_eq!(
        history(&place, &ADDRESS.to_uppercase()),
        [
            told("creation", &[]),
            told("modification", &["rattachements"]),
            told("retrait", &[])
        ]
    );
    for identifier in ["99900000001", "899900000001"] {
        assert_eq!(history(&place, identifier), [told("modification", &["nom"])]);
    }
    assert_eq!(place.run(&["history", "990000099"]).status.code(), Some(1));
}

#[test]
fn a_hidden_box_has_no_history_and_leaves_none_with_its_holder() {
    let place = Place::new();
    place.ok(&["import", &sample()]);
    place.ok(&["import", &person("20260215", &place, "TEST"), "--allow-drop"]);
    place.ok(&["import", &mailboxes("20260215", &place, "", ""), "--allow-drop"]);
    assert!(!history(&place, ADDRESS).is_empty());
    let before = history(&place, "99900000001");
    let _node = place.serve(&[]);
    let socket = place.path("data/postgres/socket");
    let hide = "update mailboxes set liste_rouge = true, origine = 'o'";
    let hidden = Command::new("psql")
        .args(["-h", socket.to_str().unwrap(), "-U", "annuaire", "-c", hide])
        .output()
        .unwrap();
    assert!(hidden.status.success());
    assert_eq!(history(&place, ADDRESS), []);
    assert_eq!(history(&place, "99900000001"), before);
}

const DOMAIN: &str = "ch-nantes-exemple.mssante.fr";
/// Of the sample: a person, and two hospitals.
const CLAIRE: &str = "899000000002";

/// A node with the sample, and an operator of a domain.
fn operated(place: &Place) -> (Node, Caller) {
    let node = place.serve_sample(&[]);
    let key = place.operator("alpha", "OPERATEUR ALPHA", &[DOMAIN]);
    let alpha = Caller::new(&node.http, &key);
    (node, alpha)
}

fn nominative() -> Value {
    json!({"type_bal": "PER", "identification_nationale": CLAIRE, "structure": "F990000000"})
}

#[test]
fn what_operators_change_is_told_by_field_one_by_one_and_by_file() {
    let place = Place::new();
    let (_node, mut alpha) = operated(&place);
    let address = format!("claire.essai@{DOMAIN}");
    assert!(alpha.put(&address, &nominative()).status < 300);
    for change in [
        json!({"description": "Secrétariat", "service": "CARDIOLOGIE"}),
        json!({"telephone": "0699000002", "telephone_publie": true}),
        json!({"rang": 2, "telephone_publie": false}),
        json!({"structure": "F990000001"}),
    ] {
        assert!(alpha.patch(&address, &change).status < 300, "{change}");
    }
    // A line says the whole box: what it leaves out is emptied.
    let file = format!(
        "Type de BAL;Adresse BAL;Identification nationale PP;Type identifiant structure;Identification Structure;\
         Description\nPER;{address};{CLAIRE};1;990000001;Accueil\n"
    );
    let lot = alpha.lot(&file);
    assert_eq!(lot.json()["modifiees"], 1, "{}", lot.text());
    assert!(alpha.delete(&address).status < 300);
    assert_eq!(
        history(&place, &address),
        [
            told("creation", &[]),
            told("modification", &["description", "service"]),
            told("modification", &["telephone"]),
            told("modification", &["rang", "telephone"]),
            told("modification", &["structure"]),
            told("modification", &["description", "rang", "service"]),
            told("retrait", &[]),
        ]
    );
    // Holders show their boxes, and are themselves as before.
    assert_eq!(history(&place, CLAIRE), []);
}

#[test]
fn what_nobody_but_the_operator_sees_is_in_no_history() {
    let place = Place::new();
    let (_node, mut alpha) = operated(&place);
    let address = format!("accueil.essai@{DOMAIN}");
    let organisation = json!({"type_bal": "ORG", "structure": "F990000000", "service": "ACCUEIL"});
    assert!(alpha.put(&address, &organisation).status < 300);
    for unseen in [
        json!({"responsable": "Claire TESTEUR"}),
        json!({"telephone": "0699000002"}),
    ] {
        assert!(alpha.patch(&address, &unseen).status < 300, "{unseen}");
    }
    assert_eq!(history(&place, &address), [told("creation", &[])]);
    let hidden = json!({"liste_rouge": true, "telephone_publie": true});
    assert!(alpha.patch(&address, &hidden).status < 300);
    let unseen = json!({"description": "Urgences", "telephone": "0699000003"});
    assert!(alpha.patch(&address, &unseen).status < 300);
    assert_eq!(history(&place, &address), []);
    // What happened out of sight stays there when the box comes back into view, as a new one.
    assert!(alpha.patch(&address, &json!({"liste_rouge": false})).status < 300);
    assert_eq!(
        history(&place, &address),
        [told("creation", &[]), told("retrait", &[]), told("creation", &[])]
    );
}

#[test]
fn a_field_suppressed_on_request_is_told() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let key = place.account("admin", "administrator", &[]);
    let mut admin = Caller::new(&node.http, &key);
    let path = "/api/v1/administration/suppressions/structures/F990000000?champ=telephone";
    let reply = admin.call("PUT", path, &[], &Value::Null);
    assert!(matches!(reply.status, 200..=204), "{}", reply.text());
    assert_eq!(
        history(&place, "990000000"),
        [told("modification", &["telephone"])]
    );
}
