//! `annuaire history` from outside: what changed of one entry, by whatever identifier, and nothing of hidden ones.

mod support;

use std::process::Command;

use serde_json::Value;
use support::{Place, sample};

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
    let told = |action: &str, fields: &[&str]| {
        (
            action.to_owned(),
            fields.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>(),
        )
    };
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
