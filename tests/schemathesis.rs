//! The specification is true: schemathesis reads it, makes requests that it allows and requests that it forbids, and
//! compares the answers with what it says. How it asks is in `tests/schemathesis.toml`.

mod support;

use std::path::Path;
use std::process::Command;

use support::Place;

#[test]
fn schemathesis_finds_nothing() {
    let place = Place::new();
    let node = place.serve_sample(&[
        "--http-public-requests-per-minute",
        "0",
        "--http-public-entries-per-day",
        "0",
    ]);
    // Installed by ./test, with its version.
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv/bin/schemathesis");
    let program = match own.exists() {
        true => own,
        false => "schemathesis".into(),
    };
    let output = Command::new(program)
        .args([
            "--config-file",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis.toml"),
        ])
        .args(["run", "--no-color", "--request-timeout", "20"])
        .arg(format!("http://{}/openapi.json", node.http))
        // It leaves files where it is.
        .current_dir(place.folder.path())
        .output()
        .expect("schemathesis, which ./test installs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains(" passed"), "nothing was asked: {told}");
}
