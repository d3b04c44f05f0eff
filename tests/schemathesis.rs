//! The specification is true: schemathesis reads it, makes requests that it allows and requests that it forbids, and
//! compares the answers with what it says: once as the public, once as an operator, once as an administrator. How it
//! asks is in `tests/schemathesis.toml` and `tests/schemathesis_hooks.py`.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Node, Place};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

/// `role`: that of the account that asks, and what the account is made with; `others`: paths of other roles.
fn finds_nothing(role: Option<(&str, &[&str])>, others: &str) {
    let place = Place::new();
    let node = place.serve_sample(&[
        "--http-public-requests-per-minute",
        "0",
        "--http-public-entries-per-day",
        "0",
    ]);
    let key = role.map(|(role, more)| place.account("essai", role, more));
    let output = ask(&place, &node, key.as_deref(), others);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains(" passed"), "nothing was asked: {told}");
    assert!(told.contains(" covered"), "no link was followed: {told}");
}

fn ask(place: &Place, node: &Node, key: Option<&str>, others: &str) -> std::process::Output {
    // Installed by ./test, with its version.
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv/bin/schemathesis");
    let program = match own.exists() {
        true => own,
        false => "schemathesis".into(),
    };
    let mut command = Command::new(program);
    command
        .env("PYTHONPATH", TESTS)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .args(["--config-file", &format!("{TESTS}/schemathesis.toml")])
        .args(["run", "--no-color", "--request-timeout", "20"])
        .args(["--exclude-path-regex", others]);
    if let Some(key) = key {
        command.args(["--header", &format!("ESANTE-API-KEY: {key}")]);
    }
    command
        .arg(format!("http://{}/openapi.json", node.http))
        // It leaves files where it is.
        .current_dir(place.folder.path())
        .output()
        .expect("schemathesis, which ./test installs")
}

#[test]
fn schemathesis_finds_nothing_as_the_public() {
    finds_nothing(None, "^/api/v1/(operateur|administration)/");
}

#[test]
fn schemathesis_finds_nothing_as_an_operator() {
    let domain = "sage-femme-exemple.mssante.fr";
    let more = ["--operator", "OPERATEUR ALPHA", "--domain", domain];
    finds_nothing(Some(("operator", &more)), "^/api/v1/administration/");
}

#[test]
fn schemathesis_finds_nothing_as_an_administrator() {
    finds_nothing(Some(("administrator", &[])), "^/api/v1/operateur/");
}
