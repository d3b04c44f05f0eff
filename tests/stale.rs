//! A node that has lost the store for longer than the setting stops telling mailboxes, and only these.

mod support;

use std::time::Duration;

use serde_json::json;
use support::http::{Caller, Http};
use support::relay::Relay;
use support::{Barrier, Place, eventually, url_of};

const BOX: &str = "claire.testeur@sage-femme-exemple.mssante.fr";
const CLAIRE: &str = "899000000002";

#[test]
fn a_node_cut_off_from_the_store_stops_telling_mailboxes_and_only_these() {
    let place = Place::new();
    let _first = place.serve_sample(&[]);
    let relay = Relay::new(&place.socket());
    let second = Place::new();
    let url = url_of(relay.folder());
    let node = second.serve(&["--database-url", &url, "--stale-after", "5"]);
    let mut http = Http::new(&node.http);
    let mailbox = format!("/api/v1/messageries/{BOX}");
    let person = format!("/api/v1/professionnels/{CLAIRE}");
    assert_eq!(http.get(&mailbox).status, 200);
    assert!(http.get(&person).text().contains(BOX));

    relay.cut();
    eventually("mailboxes are not told", Duration::from_secs(60), || {
        http.get(&mailbox).status == 503
    });
    let problem = http.get(&mailbox);
    assert_eq!(problem.json()["type"], "/docs/erreurs#messageries-indisponibles");
    assert!(!problem.header("retry-after").is_empty());
    // Of one that is there as of one that is not.
    assert_eq!(
        http.get("/api/v1/messageries/personne@sage-femme-exemple.mssante.fr")
            .body,
        problem.body
    );
    let asked = json!({"adresses": [BOX]}).to_string();
    let headers = [("content-type", "application/json")];
    let verified = http.send(
        "POST",
        "/api/v1/messageries/verification",
        &headers,
        asked.as_bytes(),
    );
    assert_eq!(verified.status, 503);
    for path in [
        "structures/F990000000/messageries",
        "recherche?type=messagerie",
        "recherche?type=professionnel&avec_messagerie=true",
        &format!("recherche?q={BOX}"),
        &format!("suggestions?q={BOX}"),
        "indicateurs",
        "indicateurs?par=structure&structure=F990000000",
    ] {
        assert_eq!(http.get(&format!("/api/v1/{path}")).status, 503, "{path}");
    }
    // All else is answered, without the addresses that stand in it.
    for path in [
        person.as_str(),
        "/api/v1/recherche?q=testeur%20claire",
        "/api/v1/suggestions?q=testeur%20claire",
        "/api/v1/structures/F990000000",
        "/api/v1/recherche?type=structure&q=hospitalier",
        "/api/v1/domaines",
        "/api/v1/nomenclatures",
        "/sante",
    ] {
        let reply = http.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert!(
            !reply.text().contains("testeur@") && !reply.text().contains("\"messageries\""),
            "{path}"
        );
    }
    assert!(http.get(&person).text().contains("TESTEUR"));

    const UNAVAILABLE: i32 = 52;
    let search = |base: &str, filter: &str| node.ldapsearch(&["-b", base, filter]);
    assert_eq!(search("o=mssante,c=fr", "(mail=claire*)").0, UNAVAILABLE);
    assert_eq!(
        search("o=mssante,c=fr", "(cn=*testeur*)"),
        search("o=mssante,c=fr", "(cn=*personne*)")
    );
    let base = format!("mail={BOX},ou=bal,o=mssante,c=fr");
    assert_eq!(node.ldapsearch(&["-b", &base, "-s", "base"]).0, UNAVAILABLE);
    let people = "o=annuaire-sante,c=fr";
    let (code, ldif) = search(people, &format!("(uid={CLAIRE})"));
    assert!(
        code == 0 && ldif.contains("sn: TESTEUR") && !ldif.contains("testeur@"),
        "{code} {ldif}"
    );
    assert!(!search(people, "(mail=claire*)").1.contains("dn:"));

    relay.mend();
    eventually("mailboxes are told again", Duration::from_secs(60), || {
        http.get(&mailbox).status == 200
    });
    assert!(http.get(&person).text().contains(BOX));
    assert_eq!(search("o=mssante,c=fr", "(mail=claire*)").0, 0);
}

#[test]
fn a_node_that_starts_tells_no_mailbox_before_it_has_caught_up() {
    let place = Place::new();
    let first = place.serve_sample(&[]);
    let second = Place::new();
    let url = place.database_url();
    drop(second.serve(&["--database-url", &url]));
    let key = place.operator("alpha", "OPERATEUR ALPHA", &["sage-femme-exemple.mssante.fr"]);
    let hidden = Caller::new(&first.http, &key).patch(BOX, &json!({"liste_rouge": true}));
    assert_eq!(hidden.status, 200, "{}", hidden.text());

    let barrier = Barrier::raise(&place, "publications");
    let node = second.serve(&["--database-url", &url]);
    let mut http = Http::new(&node.http);
    let mailbox = format!("/api/v1/messageries/{BOX}");
    assert_eq!(http.get(&mailbox).status, 503);
    let person = http.get(&format!("/api/v1/professionnels/{CLAIRE}"));
    assert_eq!((person.status, person.text().contains(BOX)), (200, false));
    drop(barrier);
    eventually("the node has caught up", Duration::from_secs(20), || {
        http.get(&mailbox).status == 404
    });
}
