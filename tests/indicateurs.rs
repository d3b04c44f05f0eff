//! Equipment rates from outside: they are what searches count.

mod support;

use serde_json::Value;
use support::{Node, Place};

fn count(node: &Node, filters: &str) -> u64 {
    let path = format!("/api/v1/recherche?par_page=1&{filters}");
    node.get(&path)["total"].as_u64().unwrap()
}

fn agrees(node: &Node, indicator: &Value, filters: &str) {
    assert_eq!(indicator["total"], count(node, filters), "{filters}");
    let equipped = format!("{filters}&avec_messagerie=true");
    assert_eq!(indicator["equipes"], count(node, &equipped), "{filters}");
}

#[test]
fn rates_are_what_searches_count() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let national = &node.get("/api/v1/indicateurs")["national"];
    agrees(&node, &national["professionnels"], "type=professionnel");
    agrees(&node, &national["structures"], "type=structure");
    assert_eq!(national["messageries"]["total"], count(&node, "type=messagerie"));
    let by_type = national["messageries"]["par_type"].as_object().unwrap();
    assert_eq!(
        by_type.values().filter_map(Value::as_u64).sum::<u64>(),
        count(&node, "type=messagerie")
    );
    let domains = node.get("/api/v1/domaines")["domaines"].as_array().unwrap().len();
    assert_eq!(national["domaines"], domains);

    for axis in ["departement", "profession"] {
        let rates = node.get(&format!("/api/v1/indicateurs?par={axis}"));
        let rates = rates["indicateurs"].as_array().unwrap();
        assert!(rates.len() > 3, "{axis}");
        for rate in rates {
            let code = rate["code"].as_str().unwrap();
            agrees(&node, rate, &format!("type=professionnel&{axis}={code}"));
        }
    }
    let crossed = node.get("/api/v1/indicateurs?par=departement&profession=10");
    for rate in crossed["indicateurs"].as_array().unwrap() {
        let code = rate["code"].as_str().unwrap();
        agrees(
            &node,
            rate,
            &format!("type=professionnel&profession=10&departement={code}"),
        );
    }
}

#[test]
fn rates_of_structures_come_in_pages_and_of_those_asked() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut cursor = String::new();
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let page = node.get(&format!(
            "/api/v1/indicateurs?par=structure&departement=44&par_page=2{cursor}"
        ));
        for rate in page["indicateurs"].as_array().unwrap() {
            let code = rate["code"].as_str().unwrap();
            agrees(&node, rate, &format!("type=professionnel&structure={code}"));
            assert!(seen.insert(code.to_owned()), "{code} twice");
        }
        match page["curseur_suivant"].as_str() {
            Some(next) => cursor = format!("&curseur={next}"),
            None => break assert_eq!(page["total"], seen.len()),
        }
    }
    assert!(seen.len() > 2);
    let one = node.get("/api/v1/indicateurs?par=structure&structure=990000000");
    assert_eq!(one["total"], 1);
    assert_eq!(one["indicateurs"][0]["code"], "F990000000");
    let (status, _) = node.get_with("/api/v1/indicateurs?departement=44", &[]);
    assert_eq!(status, 400);
}
