//! Where entries lie, from outside: centres of communes, searches around them, and an index that follows what moves.

mod support;

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use support::{Node, Place, eventually, values};

const ACTIVITY: &str = include_str!("../import/layouts/personne_activite.txt");
const MAILBOX: &str = include_str!("../import/layouts/correspondance_mssante.txt");
const LAMBERT: &str = "EPSG:2154 RGF93 / Lambert-93 (Métropole)";
const REUNION: &str = "EPSG:2975 RGR92 / UTM Zone 40S (La Réunion)";

/// 47.2184 N, 1.5536 W in Lambert-93, by PROJ.
const WEST: (f64, f64) = (355_577.80, 6_689_723.10);

/// An establishment: number, department, commune in the department, routing line, and projected metres.
type Site<'a> = (&'a str, &'a str, &'a str, &'a str, Option<(f64, f64, &'a str)>);

/// A file of establishments.
fn finess(place: &Place, date: &str, sites: &[Site<'_>]) -> String {
    let mut text = format!("finess;etalab;111;{date}\n");
    for (number, department, commune, routing, _) in sites {
        text += &format!(
            "structureet;{number};995000001;CENTRE {number};;;;1;R;DES ESSAIS;;;{commune};{department};;{routing};\
             ;;355;CH;1102;CH;;;;;;;;;2026-01-01;\n"
        );
    }
    for (number, .., metres) in sites {
        if let Some((x, y, label)) = metres {
            text += &format!("geolocalisation;{number};{x:.1};{y:.1};1,ATLASANTE,96,BAN,{label};{date}\n");
        }
    }
    place.file(&format!("finess-{date}.csv"), text)
}

/// Metres east and north of [`WEST`].
fn west(east: f64, north: f64) -> Option<(f64, f64, &'static str)> {
    Some((WEST.0 + east, WEST.1 + north, LAMBERT))
}

/// Lines of persons at sites of their own: technical id, postcode, commune, country.
fn people(place: &Place, lines: &[(&str, &str, &str, &str)]) -> String {
    let mut text = format!("{}\n", ACTIVITY.trim_end());
    for (number, (site, postcode, commune, country)) in lines.iter().enumerate() {
        let rpps = format!("999000{number:05}");
        let national = format!("8{rpps}");
        let mut fields = [""; 57];
        for (column, value) in [
            (1, "8"),
            (2, &rpps),
            (3, &national),
            (8, "TEST"),
            (9, "Claire"),
            (10, "10"),
            (12, "C"),
            (18, "L"),
            (24, site),
            (36, postcode),
            (38, commune),
            (39, country),
        ] {
            fields[column - 1] = value;
        }
        text += &format!("{}\n", fields.join("|"));
    }
    place.file("PS_LibreAcces_Personne_activite_202601150800.txt", text)
}

/// A mailbox of an establishment.
fn mailbox(place: &Place, address: &str, number: &str) -> String {
    let mut fields = [""; 31];
    (fields[0], fields[1], fields[5], fields[6]) = ("ORG", address, "1", number);
    fields[18] = "CENTRE";
    let text = format!("{}\n{}\n", MAILBOX.trim_end(), fields.join("|"));
    place.file("Extraction_Correspondance_MSSante_202601150800.txt", text)
}

fn at(entry: &Value) -> (f64, f64, bool) {
    let number = |name: &str| {
        entry[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name} of {entry}"))
    };
    (
        number("lat"),
        number("lon"),
        entry["position_approchee"].as_bool().unwrap(),
    )
}

fn near(found: (f64, f64, bool), lat: f64, lon: f64, approximate: bool) {
    let good = (found.0 - lat).abs() < 1e-4 && (found.1 - lon).abs() < 1e-4 && found.2 == approximate;
    assert!(good, "{found:?} is not {lat} {lon} {approximate}");
}

fn identifiers(page: &Value) -> Vec<&str> {
    let results = page["resultats"].as_array().unwrap();
    results
        .iter()
        .map(|r| r["identifiant"].as_str().unwrap())
        .collect()
}

#[test]
fn what_has_no_coordinates_lies_at_its_communes_or_its_postcodes_centre() {
    let place = Place::new();
    let sites = [
        ("990000001", "44", "901", "44900 VILLE ESSAI", west(0.0, 0.0)),
        (
            "990000002",
            "44",
            "901",
            "44900 VILLE ESSAI",
            west(-400.0, 9_000.0),
        ),
        // Far from its department: a mistake, which draws no centre aside.
        (
            "990000003",
            "44",
            "901",
            "44900 VILLE ESSAI",
            west(500_000.0, 300_000.0),
        ),
        ("990000004", "44", "901", "44900 VILLE ESSAI", west(0.0, 0.0)),
        ("990000005", "44", "901", "44909 VILLE ESSAI CEDEX", None),
        ("990000006", "44", "902", "44900 AUTRE ESSAI", None),
        ("990000007", "44", "903", "44930 LOIN ESSAI", None),
    ];
    let persons = people(
        &place,
        &[
            ("R1", "44900", "Ville-Essai", ""),
            ("R2", "44900", "Auslandstadt", "99109"),
        ],
    );
    place.ok(&["import", &finess(&place, "2026-01-15", &sites), &persons]);
    let node = place.serve(&[]);
    let structure = |number: &str| node.get(&format!("/api/v1/structures/{number}"));
    near(at(&structure("990000001")), 47.2184, -1.5536, false);
    // By INSEE code, by postcode, and by neither.
    near(at(&structure("990000005")), 47.2184, -1.5536, true);
    near(at(&structure("990000006")), 47.2184, -1.5536, true);
    assert_eq!(structure("990000007").get("position_approchee"), None);
    let activity = |number: &str| {
        let person = node.get(&format!("/api/v1/professionnels/{number}"));
        person["exercices"][0]["activites"][0]["structure"].clone()
    };
    near(at(&activity("99900000000")), 47.2184, -1.5536, true);
    // A foreign postcode of the same digits is another place.
    assert_eq!(activity("99900000001").get("lat"), None);
    // LDAP has no word for an approximate position and says none.
    let base = "o=annuaire-sante,c=fr";
    for (number, expected) in [("990000001", 1), ("990000005", 0)] {
        let (_, ldif) = node.ldapsearch(&["-b", base, &format!("(finess={number})"), "latitude"]);
        assert_eq!(values(&ldif, "latitude").len(), expected, "{ldif}");
    }
}

/// Two communes of one name, one in the west and one on La Réunion, and a neighbour of the first.
fn two_of_one_name(place: &Place) -> Node {
    let reunion = |east: f64| Some((338_568.32 + east, 7_690_475.44, REUNION));
    let sites = [
        ("990000001", "44", "901", "44900 ST ESSAI", west(0.0, 0.0)),
        ("990000002", "44", "901", "44900 ST ESSAI", west(0.0, 600.0)),
        ("990000003", "44", "901", "44900 ST ESSAI", None),
        ("990000004", "44", "902", "44910 VOISINE", west(0.0, 3_300.0)),
        ("990000005", "44", "903", "44920 LOINTAINE", west(0.0, 40_300.0)),
        ("990000006", "9D", "490", "97490 ST ESSAI", reunion(0.0)),
        ("990000007", "44", "904", "44940 SANS POSITION", None),
    ];
    let persons = people(
        place,
        &[("R1", "44910", "Voisine", ""), ("R2", "44920", "Lointaine", "")],
    );
    place.ok(&["import", &finess(place, "2026-01-15", &sites), &persons]);
    place.serve(&[])
}

#[test]
fn a_radius_around_a_commune_finds_what_lies_there_the_nearest_first() {
    let place = Place::new();
    let node = two_of_one_name(&place);
    let ask = |query: &str| node.get(&format!("/api/v1/recherche?type=structure&tri=distance&{query}"));
    // The centre lies 300 m north of the first, which the third is at.
    let page = ask("commune=44901&rayon_km=5");
    assert_eq!(page["total"], 5, "{page}");
    assert_eq!(page["resultats"][0]["identifiant"], "F990000003");
    let distances: Vec<f64> = page["resultats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["distance_km"].as_f64().unwrap())
        .collect();
    for (found, expected) in distances.iter().zip([0.0, 0.3, 0.3, 3.0, 3.0]) {
        assert!((found - expected).abs() < 0.01, "{distances:?}");
    }
    assert_eq!(ask("commune=44901&rayon_km=0.4")["total"], 3);
    assert_eq!(ask("code_postal=44910&rayon_km=1")["total"], 2);
    // A circle, no filter: who is found need not be of the commune.
    let people = node.get("/api/v1/recherche?type=professionnel&commune=44901&rayon_km=5");
    assert_eq!(people["total"], 1);
    assert!((people["resultats"][0]["distance_km"].as_f64().unwrap() - 3.0).abs() < 0.01);
    // Without a radius it stays a filter.
    let filtered = node.get("/api/v1/recherche?type=structure&commune=44901");
    assert_eq!(filtered["total"], 3);
    // A point of one's own is the centre, and the commune a filter again.
    let own = ask("lat=47.2184&lon=-1.5536&rayon_km=5&commune=44902");
    assert_eq!(identifiers(&own), ["F990000004"]);
}

#[test]
fn all_communes_of_a_name_count_and_so_do_all_values() {
    let place = Place::new();
    let node = two_of_one_name(&place);
    let ask = |query: &str| {
        let page = node.get(&format!("/api/v1/recherche?type=structure&rayon_km=1&{query}"));
        let mut found: Vec<String> = identifiers(&page).into_iter().map(str::to_owned).collect();
        found.sort();
        found
    };
    let both = ["F990000001", "F990000002", "F990000003", "F990000006"];
    for spelling in ["Saint-Essai", "ST%20ESSAI", "saint%20essai"] {
        assert_eq!(ask(&format!("commune={spelling}")), both, "{spelling}");
    }
    assert_eq!(ask("commune=Saint-Essai&departement=974"), ["F990000006"]);
    assert_eq!(ask("commune=97490&commune=44903").len(), 3);
    assert_eq!(ask("code_postal=97490&code_postal=44920").len(), 3);
}

#[test]
fn a_commune_of_which_nothing_is_known_is_refused_by_name_of_the_parameter() {
    let place = Place::new();
    let node = two_of_one_name(&place);
    for (query, parameter) in [
        ("commune=Inexistante&rayon_km=5", "commune"),
        ("commune=44901&commune=Inexistante&rayon_km=5", "commune"),
        ("commune=44904&rayon_km=5", "commune"),
        ("code_postal=99999&rayon_km=5", "code_postal"),
        ("rayon_km=5", "rayon_km"),
        ("commune=44901&tri=distance", "tri"),
        ("commune=44901&rayon_km=501", "rayon_km"),
    ] {
        let (status, body) = node.get_with(&format!("/api/v1/recherche?{query}"), &[]);
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (status, problem["parametre"].as_str()),
            (400, Some(parameter)),
            "{problem}"
        );
        assert!(!problem.to_string().contains("Inexistante"), "{problem}");
    }
}

/// All that REST and LDAP show, and the store's own last word on rebuilding.
fn state(node: &Node) -> Vec<String> {
    let page = node.get("/api/v1/recherche?par_page=200&tri=nom");
    let mut state: Vec<String> = page["resultats"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    let (_, ldif) = node.ldapsearch(&["-b", "o=annuaire-sante,c=fr", "(objectClass=*)", "*"]);
    state.extend(ldif.lines().map(str::to_owned));
    state.sort();
    state
}

fn rebuilt(place: &Place) -> String {
    let socket = place.path("data/postgres/socket");
    let query = "select rebuild from publications order by version desc limit 1";
    let output = Command::new("psql")
        .args(["-h", socket.to_str().unwrap(), "-U", "annuaire", "-Atc", query])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn an_index_that_follows_a_centre_that_moved_is_as_one_built_anew() {
    let place = Place::new();
    let sites = |metres| {
        [
            ("990000001", "44", "901", "44900 VILLE ESSAI", west(metres, 0.0)),
            ("990000002", "44", "901", "44900 VILLE ESSAI", None),
        ]
    };
    // Enough of others that two moved structures are no change of the stock.
    let mut lines = vec![("R1", "44900", "Ville-Essai", "")];
    lines.resize(80, ("", "", "", ""));
    let lines = people(&place, &lines);
    let address = "accueil@a-exemple.mssante.fr";
    let organisation = mailbox(&place, address, "990000002");
    place.ok(&[
        "import",
        &finess(&place, "2026-01-15", &sites(0.0)),
        &lines,
        &organisation,
    ]);
    let node = place.serve(&[]);
    let approximate = || at(&node.get("/api/v1/structures/990000002"));
    let first = approximate();

    // 300 m are no move of the centre.
    place.ok(&["import", &finess(&place, "2026-01-16", &sites(300.0))]);
    assert!(at(&node.get("/api/v1/structures/990000001")).1 > first.1);
    assert_eq!(approximate(), first);

    // Three kilometres are, and whoever works there or has a box there is shown there.
    let mut third = sites(3_000.0).to_vec();
    third.push(("990000003", "44", "902", "44910 NEUVE", west(0.0, 9_000.0)));
    third.push(("990000004", "44", "902", "44910 NEUVE", None));
    place.ok(&["import", &finess(&place, "2026-01-17", &third)]);
    assert_eq!(rebuilt(&place), "f");
    let moved = approximate();
    assert!(moved.1 > first.1 + 0.03 && moved.2, "{first:?} {moved:?}");
    let person = node.get("/api/v1/professionnels/99900000000");
    assert_eq!(at(&person["exercices"][0]["activites"][0]["structure"]), moved);
    let organisation = node.get(&format!("/api/v1/messageries/{address}"));
    assert_eq!(at(&organisation["structure"]), moved);

    let followed = state(&node);
    drop(node);
    std::fs::remove_dir_all(place.path("data/index")).unwrap();
    let anew = place.serve(&[]);
    eventually("the index built anew", Duration::from_secs(30), || {
        anew.get("/api/v1/sante")["pret"] == true
    });
    assert_eq!(state(&anew), followed);
    let told = |number: &str| -> Vec<(String, String)> {
        let events = place.ok(&["history", "--json", number]);
        let events: Vec<Value> = serde_json::from_str(&events).unwrap();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events
            .iter()
            .map(|e| (word(&e["action"]), word(&e["champs"][0])))
            .collect()
    };
    let event = |action: &str, field: &str| (action.to_owned(), field.to_owned());
    assert_eq!(told("990000002"), [event("modification", "position")]);
    // Made together with its commune's centre: that is no change besides.
    assert_eq!(told("990000004"), [event("creation", "")]);
}
