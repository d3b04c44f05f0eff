//! The committed specification is the one that the code makes.
//! `ANNUAIRE_WRITE_OPENAPI=1 cargo test --test openapi` writes it anew.

#[test]
fn the_committed_specification_is_the_one_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
    let mut served = serde_json::to_string_pretty(&annuaire::rest::openapi()).unwrap();
    served.push('\n');
    if std::env::var_os("ANNUAIRE_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &served).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == served,
        "openapi/openapi.json is out of step: run ANNUAIRE_WRITE_OPENAPI=1 cargo test --test openapi"
    );
}
