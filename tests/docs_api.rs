//! `docs/api.md` is true: each call is run as printed, against the sample, and gives what is printed below it.

mod support;

use std::process::Command;

use serde_json::Value;
use support::{Node, Place};

/// The fenced blocks of a page: language and text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fences = page.split("\n```").skip(1).step_by(2);
    fences.filter_map(|block| block.split_once('\n')).collect()
}

fn run(place: &Place, node: &Node, key: &str, call: &str) -> String {
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c"])
        .arg(call.replace("127.0.0.1:8080", &node.http))
        .current_dir(place.folder.path())
        .env("CLE", key)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{call}\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whether an answer holds what is printed: members and elements may be left out of the print, never changed.
fn holds(answer: &Value, printed: &Value) -> bool {
    match (answer, printed) {
        (Value::Object(answer), Value::Object(printed)) => printed
            .iter()
            .all(|(name, value)| answer.get(name).is_some_and(|own| holds(own, value))),
        (Value::Array(answer), Value::Array(printed)) => {
            let mut rest = answer.iter();
            printed.iter().all(|value| rest.any(|own| holds(own, value)))
        }
        _ => answer == printed,
    }
}

#[test]
fn every_call_of_the_page_gives_what_is_printed() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let key = place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md")).unwrap();
    let blocks = blocks(&page);
    let mut calls = 0;
    for pair in blocks.windows(2) {
        let &[("sh", call), (language, printed)] = pair else {
            continue;
        };
        let answer = run(&place, &node, key.trim(), call);
        match language {
            "text" => assert_eq!(answer.trim(), printed.trim(), "{call}"),
            "json" => {
                let parsed: Value =
                    serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{call}\n{answer}"));
                let printed: Value =
                    serde_json::from_str(printed).unwrap_or_else(|e| panic!("{printed}: {e}"));
                assert!(holds(&parsed, &printed), "{call}\n{answer}");
            }
            other => panic!("a block of {other}"),
        }
        calls += 1;
    }
    let printed = blocks.iter().filter(|(language, _)| *language == "sh").count();
    assert_eq!(calls, printed, "a call without an answer");
    assert!(calls >= 12);
}
