//! What is kept for a time and no longer, from outside: the change log, and the marks that reach back into it.

mod support;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::http::{Caller, Http, Reply};
use support::{Node, Place, eventually, sample};

const DOMAIN: &str = "ch-nantes-exemple.mssante.fr";

fn since(node: &Node, from: &str) -> Reply {
    let whole = "/api/v1/extractions/correspondance?format=ndjson";
    match from {
        "" => Http::new(&node.http).get(whole),
        from => Http::new(&node.http).get(&format!("{whole}&depuis={from}")),
    }
}

fn mark(node: &Node) -> String {
    since(node, "").header("annuaire-marque").to_owned()
}

/// Publishes a box, and gives the mark of the state that it makes.
fn publish(node: &Node, operator: &mut Caller, name: &str) -> String {
    let sheet = json!({"type_bal": "ORG", "structure": "F990000000"});
    assert_eq!(operator.put(&format!("{name}@{DOMAIN}"), &sheet).status, 201);
    mark(node)
}

fn purge(place: &Place) -> Value {
    serde_json::from_str(&place.ok(&["purge", "--json"])).unwrap()
}

#[test]
fn the_change_log_is_forgotten_though_nobody_imports_again() {
    let place = Place::new();
    let mut node = place.serve_sample(&[]);
    place.ok(&["import", &sample()]);
    let mut alpha = Caller::new(&node.http, &place.operator("alpha", "OPERATEUR ALPHA", &[DOMAIN]));
    let first = publish(&node, &mut alpha, "premiere");
    let second = publish(&node, &mut alpha, "seconde");
    // Seen by those who have signed in: for the public, and for what it is told, nothing happens.
    let telephone = json!({"telephone": "0699000001", "telephone_publie": true});
    assert_eq!(alpha.patch(&format!("seconde@{DOMAIN}"), &telephone).status, 200);
    assert_eq!(mark(&node), second);
    assert_eq!(purge(&place)["modifications"], 0, "nothing is old");

    // Forty days pass, but for what only those who have signed in see.
    let age = "update publications set at = at - interval '40 days'
               where version < (select max(version) from publications)";
    place.sql(age);
    assert!(purge(&place)["modifications"].as_u64().unwrap() > 0);
    assert_eq!(place.sql("select count(*) from change_log"), "0");
    assert_eq!(
        since(&node, &first).status,
        400,
        "what came after it is forgotten"
    );
    assert_eq!(since(&node, &second).status, 200, "nothing came after it");
    assert_eq!(since(&node, &second).text(), "");
    // The log must not pass for whole where it does not reach.
    assert_eq!(since(&node, "2000-01-01T00:00:00Z").status, 400);

    // What comes now is told from the last state on, and to the nodes.
    let third = publish(&node, &mut alpha, "troisieme");
    assert_eq!(purge(&place)["modifications"], 0);
    let told = since(&node, &second).text();
    assert!(
        told.contains(&format!("troisieme@{DOMAIN}")) && !told.contains("seconde"),
        "{told}"
    );
    let recent = place.sql(
        "select to_char((now() - interval '1 day') at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
    );
    assert_eq!(since(&node, &recent).text(), told);

    // A state that the public no longer saw forty days ago is forgotten, whatever happened to it out of sight since.
    let fourth = publish(&node, &mut alpha, "quatrieme");
    place.sql(
        "update publications set at = at - interval '40 days' where version = (select max(version) - 1 from publications)",
    );
    purge(&place);
    let alive = [&second, &third, &fourth].map(|mark| since(&node, mark).status);
    assert_eq!(alive, [400, 200, 200]);

    // A node does the same by itself.
    place.sql("update publications set at = at - interval '40 days'");
    node.stop(Signal::TERM);
    let node = place.serve(&[]);
    eventually("the log is forgotten", std::time::Duration::from_secs(20), || {
        place.sql("select count(*) from change_log") == "0"
    });
    assert_eq!(since(&node, &third).status, 400);
    assert_eq!(since(&node, &fourth).status, 200);
}
