//! The audit, suppression on request and retention, from outside.

mod support;

use serde_json::{Value, json};
use support::http::{Caller, Http, encoded};
use support::{Place, dated_extract, sample};

const DOMAIN: &str = "ch-nantes-exemple.mssante.fr";
const CLAIRE: &str = "899000000002";
const JEAN_PIERRE: &str = "899000000010";

/// The rows of the audit as `annuaire audit` prints them: account, action, entry, origin; oldest first.
fn traces(place: &Place, more: &[&str]) -> Vec<[String; 4]> {
    let text = place.ok(&[&["audit", "--json"], more].concat());
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or("").to_owned();
    let mut rows: Vec<[String; 4]> = text
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            assert!(row["date"].as_str().unwrap().ends_with('Z'));
            ["compte", "action", "fiche", "origine"].map(|name| word(&row, name))
        })
        .collect();
    rows.reverse();
    rows
}

#[test]
fn publications_and_privileged_readings_leave_rows_that_nobody_changes() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut alpha = Caller::new(&node.http, &place.operator("alpha", "OPERATEUR ALPHA", &[DOMAIN]));
    let mut admin = Caller::new(&node.http, &place.account("admin", "administrator", &[]));
    let address = format!("secrete@{DOMAIN}");
    let asked = json!({"type_bal": "PER", "identification_nationale": CLAIRE, "liste_rouge": true});
    assert_eq!(alpha.put(&address, &asked).status, 201);
    assert_eq!(alpha.put(&address, &asked).status, 200, "nothing new, no row");
    assert_eq!(alpha.patch(&address, &json!({"rang": 2})).status, 200);
    assert_eq!(alpha.get("/api/v1/operateur/messageries").status, 200);
    let hidden = admin.get("/api/v1/administration/messageries").json();
    assert_eq!(hidden["messageries"][0]["adresse"], address);
    assert_eq!(hidden["messageries"][0]["operateur"], "OPERATEUR ALPHA");
    let path = format!("/api/v1/administration/messageries/{}", encoded(&address));
    assert_eq!(admin.get(&path).json()["liste_rouge"], true);
    assert_eq!(
        admin
            .get(&format!("/api/v1/administration/messageries/personne@{DOMAIN}"))
            .status,
        404
    );
    assert_eq!(alpha.delete(&address).status, 200);
    let read = admin
        .get("/api/v1/administration/audit?compte=alpha&limite=1")
        .json();
    assert_eq!(read["traces"][0]["action"], "retrait");

    let here = "127.0.0.1";
    let absent = format!("personne@{DOMAIN}");
    let expected = [
        ["alpha", "publication", &address, here],
        ["alpha", "modification", &address, here],
        ["alpha", "lecture-operateur", &address, here],
        ["admin", "lecture-liste-rouge", &address, here],
        ["admin", "lecture-liste-rouge", &address, here],
        ["admin", "lecture-liste-rouge", &absent, here],
        ["alpha", "retrait", &address, here],
        ["admin", "lecture-audit", "", here],
    ];
    assert_eq!(traces(&place, &[]), expected);
    assert_eq!(traces(&place, &["--account", "alpha"]).len(), 4);
    assert_eq!(traces(&place, &["--entry", &address.to_uppercase()]).len(), 6);
    assert_eq!(traces(&place, &["--since", "2999-01-01"]).len(), 0);
    assert_eq!(
        traces(&place, &["--until", "2999-01-01", "--limit", "3"]).len(),
        3
    );

    for statement in [
        "delete from audit",
        "update audit set compte = 'x'",
        "truncate audit",
    ] {
        assert!(place.try_sql(statement).is_err(), "{statement}");
    }
    // What is old enough goes with the purge, and only that.
    place.sql(
        "insert into audit (at, compte, action, fiche, origine) values ('2000-01-01', 'a', 'b', '', '')",
    );
    let purged: Value =
        serde_json::from_str(&place.ok(&["purge", "--json", "--keep-audit-days", "0"])).unwrap();
    assert_eq!(purged["audit"], 0);
    let purged: Value =
        serde_json::from_str(&place.ok(&["purge", "--json", "--keep-audit-days", "30"])).unwrap();
    assert_eq!(purged["audit"], 1);
    assert_eq!(traces(&place, &[]), expected);
}

#[test]
fn the_doors_of_administrators_open_to_nobody_else() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let operator = place.operator("alpha", "OPERATEUR ALPHA", &[DOMAIN]);
    let software = place.account("logiciel", "professional", &[]);
    for path in ["messageries", "messageries/a@b.fr", "suppressions", "audit"] {
        let path = format!("/api/v1/administration/{path}");
        assert_eq!(Http::new(&node.http).get(&path).status, 401, "{path}");
        assert_eq!(
            Caller::new(&node.http, &operator).get(&path).status,
            403,
            "{path}"
        );
        assert_eq!(
            Caller::new(&node.http, &software).get(&path).status,
            403,
            "{path}"
        );
    }
}

#[test]
fn what_is_suppressed_stays_away_until_it_is_restored() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    // The sample's data, not marked as a sample: what comes next is an import like any other.
    place.ok(&["import", &sample()]);
    let mut admin = Caller::new(&node.http, &place.account("admin", "administrator", &[]));
    let mut alpha = Caller::new(&node.http, &place.operator("alpha", "OPERATEUR ALPHA", &[DOMAIN]));
    let service = format!("cardiologie@{DOMAIN}");
    assert_eq!(
        alpha.patch(&service, &json!({"description": "à ôter"})).status,
        200
    );
    let mut http = Http::new(&node.http);
    let mut seen = |path: &str| {
        let reply = http.get(&format!("/api/v1/{path}"));
        (reply.status, reply.text())
    };
    let person = format!("professionnels/{CLAIRE}");
    let own_box = "messageries/claire.testeur@sage-femme-exemple.mssante.fr";
    let other = format!("professionnels/{JEAN_PIERRE}");
    let the_box = format!("messageries/{service}");
    let secretariat = format!("messageries/secretariat@{DOMAIN}");
    assert!(seen(&person).0 == 200 && seen(own_box).0 == 200 && seen(&secretariat).0 == 200);
    let structure = |text: &str| serde_json::from_str::<Value>(text).unwrap()["telephone"].clone();
    assert_ne!(structure(&seen("structures/F990000000").1), Value::Null);
    assert!(
        seen(&other).1.contains("\"civilite_exercice\""),
        "{}",
        seen(&other).1
    );

    let mut act = |method: &str, path: &str| {
        let path = format!("/api/v1/administration/suppressions/{path}");
        admin.call(method, &path, &[], &Value::Null)
    };
    let all = [
        person.clone(),
        format!("{other}?champ=civilite"),
        "structures/F990000000?champ=telephone".to_owned(),
        format!("{the_box}?champ=description"),
        secretariat.clone(),
    ];
    for path in &all {
        let reply = act("PUT", path);
        assert_eq!(
            (reply.status, &reply.json()["effectif"]),
            (200, &json!(true)),
            "{path}: {}",
            reply.text()
        );
    }
    let mut check = |gone: bool, when: &str| {
        let (status, shown) = if gone { (404, false) } else { (200, true) };
        for path in [person.as_str(), own_box, &secretariat] {
            assert_eq!(seen(path).0, status, "{path} {when}");
        }
        assert_eq!(seen(&other).1.contains("\"civilite_exercice\""), shown, "{when}");
        assert_eq!(
            structure(&seen("structures/F990000000").1).is_string(),
            shown,
            "{when}"
        );
        let extraction = seen("extractions/Extraction_Correspondance_MSSante").1;
        assert_eq!(extraction.contains("claire.testeur@"), shown, "{when}");
        assert_eq!(
            seen("recherche?q=claire.testeur").1.contains("claire.testeur@"),
            shown,
            "{when}"
        );
        // Operators do not bring it back either; nor does an import bring back what an operator wrote.
        assert!(!seen(&the_box).1.contains("ôter") || !gone, "{when}");
    };
    check(true, "at once");
    let patched = alpha.patch(&service, &json!({"description": "à ôter"}));
    assert_eq!(patched.status, 200);
    assert_eq!(
        alpha
            .put(
                &format!("secretariat@{DOMAIN}"),
                &json!({"type_bal": "ORG", "structure": "F990000000"})
            )
            .status,
        403
    );

    // A day later the extracts still hold all of it, and say it differently.
    let import = |day: u32| {
        let name = |start: &str| format!("{start}_202601{day}0800.txt");
        let people = dated_extract(&place, &name("PS_LibreAcces_Personne_activite"), |line| {
            Some(line.replace("CENTRE HOSPITALIER", &format!("CH {day}")))
        });
        let boxes = dated_extract(&place, &name("Extraction_Correspondance_MSSante"), |line| {
            Some(line.replace("|DES ESSAIS|", &format!("|DES ESSAIS {day}|")))
        });
        place.ok(&["import", &people, &boxes]);
    };
    import(16);
    check(true, "after an import that changes it");

    for path in &all {
        assert_eq!(act("DELETE", path).status, 204, "{path}");
        assert_eq!(act("DELETE", path).status, 404, "{path}");
    }
    assert_eq!(act("PUT", "structures/F990000000?champ=nom").status, 400);
    assert_eq!(act("PUT", "autres/x").status, 404);
    check(true, "until the next import");
    import(17);
    place.ok(&["import", "--force", &sample()]);
    check(false, "restored");
    let rows = traces(&place, &["--account", "admin"]);
    assert_eq!(
        rows.iter().filter(|row| row[1] == "suppression").count(),
        all.len()
    );
    assert_eq!(
        rows.iter().filter(|row| row[1] == "retablissement").count(),
        all.len()
    );
}

#[test]
fn a_structure_that_is_suppressed_stays_away_when_its_file_comes_again() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    place.ok(&["import", &sample()]);
    let mut admin = Caller::new(&node.http, &place.account("admin", "administrator", &[]));
    let path = "/api/v1/administration/suppressions/structures/F990000001";
    let mut http = Http::new(&node.http);
    let mut status = || http.get("/api/v1/structures/F990000001").status;
    assert_eq!(status(), 200);
    assert_eq!(admin.call("PUT", path, &[], &Value::Null).status, 200);
    assert_eq!(status(), 404);
    place.ok(&["import", "--force", &sample()]);
    assert_eq!(status(), 404);
    // Under any spelling of the identifier, and with the field after it where only one was suppressed.
    for entry in ["F990000001", "f990000001"] {
        let rows = traces(&place, &["--entry", entry]);
        assert!(
            rows.iter().any(|row| row[1] == "suppression"),
            "{entry}: {rows:?}"
        );
    }
    let field = path.replace("F990000001", "F990000000?champ=telephone");
    assert_eq!(admin.call("PUT", &field, &[], &Value::Null).status, 200);
    assert_eq!(traces(&place, &["--entry", "F990000000"]).len(), 1);
    let located = node.get("/api/v1/structures/F990000000");
    assert_eq!(located["position_approchee"], false, "{located}");
    let field = path.replace("F990000001", "F990000000?champ=adresse");
    assert_eq!(admin.call("PUT", &field, &[], &Value::Null).status, 200);
    // Its position in the file is no change, however often the file comes.
    assert_eq!(place.import(&["--force", &sample()])["version"], Value::Null);

    assert_eq!(admin.call("DELETE", path, &[], &Value::Null).status, 204);
    place.ok(&["import", "--force", &sample()]);
    assert_eq!(status(), 200);
}

#[test]
fn what_no_text_of_the_store_can_hold_is_nobody_s_name() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut admin = Caller::new(&node.http, &place.account("admin", "administrator", &[]));
    for (path, status) in [
        ("audit?compte=%00", 200),
        ("audit?fiche=a%00", 200),
        ("messageries?curseur=00", 400),
        ("messageries/a%00@b.fr", 404),
    ] {
        let reply = admin.get(&format!("/api/v1/administration/{path}"));
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
    }
    let path = "/api/v1/administration/suppressions/structures/F99%00";
    assert_eq!(admin.call("PUT", path, &[], &Value::Null).status, 404);
}
