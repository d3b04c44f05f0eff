//! Publication by operators, from outside: what is published shows everywhere, what is withdrawn is gone everywhere,
//! and nobody publishes what is not theirs.

mod support;

use serde_json::{Value, json};
use support::http::{Caller, Http, Reply, encoded, own};
use support::{Node, Place, dated_extract, sample};

const ALPHA: &str = "OPERATEUR ALPHA";
const DOMAIN: &str = "ch-nantes-exemple.mssante.fr";
/// Of the sample: a person with a box of the extract, a hospital.
const CLAIRE: &str = "899000000002";
const HOSPITAL: &str = "F990000000";

struct House {
    // The node ends before its folder goes.
    node: Node,
    place: Place,
    alpha: Caller,
}

impl House {
    fn new() -> Self {
        let place = Place::new();
        let node = place.serve_sample(&[]);
        let key = place.operator("alpha", ALPHA, &[DOMAIN, "sage-femme-exemple.mssante.fr"]);
        let alpha = Caller::new(&node.http, &key);
        Self { place, node, alpha }
    }
}

fn nominative() -> Value {
    json!({"type_bal": "PER", "identification_nationale": CLAIRE, "structure": HOSPITAL})
}

/// Which interfaces of a node hold a word of an address, or the address.
fn holders(node: &Node, address: &str) -> Vec<&'static str> {
    let mut http = Http::new(&node.http);
    let mut held = Vec::new();
    let mut note = |name, holds| {
        if holds {
            held.push(name);
        }
    };
    let path = encoded(address);
    note(
        "record",
        http.get(&format!("/api/v1/messageries/{path}")).status == 200,
    );
    let search = http.get(&format!("/api/v1/recherche?type=messagerie&q={path}"));
    note("search", search.text().contains(address));
    let person = http.get(&format!("/api/v1/professionnels/{CLAIRE}"));
    note("professional", person.text().contains(address));
    let suggestions = http.get("/api/v1/suggestions?q=testeur%20claire");
    note("suggestions", suggestions.text().contains(address));
    let structure = http.get(&format!("/api/v1/structures/{HOSPITAL}/messageries"));
    note("structure", structure.text().contains(address));
    let asked = json!({"adresses": [address]}).to_string();
    let headers = [("content-type", "application/json")];
    let verified = http.send(
        "POST",
        "/api/v1/messageries/verification",
        &headers,
        asked.as_bytes(),
    );
    note("verification", verified.json()["resultats"][0]["publiee"] == true);
    let extraction = http.get("/api/v1/extractions/Extraction_Correspondance_MSSante");
    note("extraction", extraction.text().contains(address));
    let (_, ldif) = node.ldapsearch(&["-b", "o=mssante,c=fr", &format!("(mail={address})"), "mail"]);
    note("ldap", ldif.contains(address));
    let base = format!("mail={address},ou=bal,o=mssante,c=fr");
    note(
        "ldap base",
        node.ldapsearch(&["-b", &base, "-s", "base", "mail"]).0 == 0,
    );
    held
}

const EVERYWHERE: [&str; 9] = [
    "record",
    "search",
    "professional",
    "suggestions",
    "structure",
    "verification",
    "extraction",
    "ldap",
    "ldap base",
];

#[test]
fn a_box_of_the_extract_is_hidden_whatever_its_line_lacks() {
    let mut house = House::new();
    let one = format!("select min(adresse) from mailboxes where type_bal = 'ORG' and domaine = '{DOMAIN}'");
    let address = house.place.sql(&one);
    // As a line that names no structure, which those that operators publish must.
    house.place.sql(&format!(
        "update mailbox_attachments set type_structure = '', identifiant_structure = ''
         where mailbox_id = (select id from mailboxes where adresse = '{address}')"
    ));
    let touching = house.alpha.patch(&address, &json!({"structure": null}));
    assert_eq!(touching.status, 422, "{}", touching.text());
    let reply = house.alpha.patch(&address, &json!({"liste_rouge": true}));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(holders(&house.node, &address), [""; 0]);
}

#[test]
fn what_is_published_shows_everywhere_and_what_is_withdrawn_nowhere() {
    let mut house = House::new();
    // Before all others of this person, so that suggestions offer it.
    let address = format!("a.claire.testeur@{DOMAIN}");
    let mut asked = nominative();
    asked["rang"] = json!(1);
    asked["telephone"] = json!("+33 6 99 00 00 01");
    let reply = house.alpha.put(&address, &asked);
    assert_eq!(reply.status, 201, "{}", reply.text());
    let told = reply.json();
    assert_eq!(
        (&told["effectif"], &told["noeuds"]),
        (&json!(true), &json!({"confirmes": 1, "total": 1}))
    );
    assert_eq!(told["messagerie"]["telephone"], "+33 6 99 00 00 01");
    assert_eq!(holders(&house.node, &address), EVERYWHERE);

    // The same again is the same: nothing is done twice.
    let again = house.alpha.put(&address, &asked);
    assert_eq!((again.status, again.header("etag")), (200, reply.header("etag")));

    let reply = house
        .alpha
        .patch(&address, &json!({"description": "sur rendez-vous"}));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let record = Http::new(&house.node.http)
        .get(&format!("/api/v1/messageries/{address}"))
        .json();
    assert_eq!(
        (&record["description"], &record["rang"]),
        (&json!("sur rendez-vous"), &json!(1))
    );
    assert_eq!(record["telephone"], Value::Null, "not published");

    let listed = house.alpha.get("/api/v1/operateur/messageries").json();
    assert_eq!(listed["messageries"][0]["adresse"], address);
    assert_eq!(listed["messageries"][0]["etag"], reply.header("etag"));

    let gone = house.alpha.delete(&address);
    assert_eq!(
        (gone.status, &gone.json()["effectif"]),
        (200, &json!(true)),
        "{}",
        gone.text()
    );
    assert_eq!(holders(&house.node, &address), [""; 0]);
    assert_eq!(house.alpha.delete(&address).status, 404);
}

#[test]
fn a_hidden_box_shows_only_to_its_operator() {
    let mut house = House::new();
    let address = format!("a.secret@{DOMAIN}");
    let mut asked = nominative();
    asked["liste_rouge"] = json!(true);
    assert_eq!(house.alpha.put(&address, &asked).status, 201);
    assert_eq!(holders(&house.node, &address), [""; 0]);
    assert!(
        house
            .alpha
            .get("/api/v1/operateur/messageries")
            .text()
            .contains(&address)
    );
    // A key opens its own routes, and searches no more than any other.
    let search = house.alpha.get(&format!("/api/v1/recherche?q={address}"));
    assert!(!search.text().contains(&address));
    assert_eq!(
        house.alpha.get(&format!("/api/v1/messageries/{address}")).status,
        404
    );

    let shown = house.alpha.patch(&address, &json!({"liste_rouge": false}));
    assert_eq!(shown.status, 200);
    assert!(holders(&house.node, &address).contains(&"ldap"));
    let hidden = house.alpha.patch(&address, &json!({"liste_rouge": true}));
    assert_eq!((hidden.status, &hidden.json()["effectif"]), (200, &json!(true)));
    assert_eq!(holders(&house.node, &address), [""; 0]);
}

#[test]
fn a_published_telephone_is_for_those_who_have_signed_in() {
    let mut house = House::new();
    let address = format!("tel@{DOMAIN}");
    let mut asked = nominative();
    asked["telephone"] = json!("0699000002");
    asked["telephone_publie"] = json!(true);
    assert_eq!(house.alpha.put(&address, &asked).status, 201);
    let software = house.place.account("logiciel", "professional", &[]);
    let stranger = house
        .place
        .operator("beta", "OPERATEUR BETA", &["etab10-exemple.mssante.fr"]);
    let path = format!("/api/v1/messageries/{address}");
    let telephone = |reply: Reply| reply.json()["telephone"].clone();
    assert_eq!(telephone(Http::new(&house.node.http).get(&path)), Value::Null);
    assert_eq!(
        telephone(Caller::new(&house.node.http, &stranger).get(&path)),
        Value::Null
    );
    assert_eq!(
        telephone(Caller::new(&house.node.http, &software).get(&path)),
        "0699000002"
    );
    assert_eq!(telephone(house.alpha.get(&path)), "0699000002");
    let reply = house.alpha.patch(&address, &json!({"telephone_publie": false}));
    assert_eq!(reply.status, 200);
    assert_eq!(
        telephone(Caller::new(&house.node.http, &software).get(&path)),
        Value::Null
    );
}

#[test]
fn nobody_publishes_what_is_not_theirs() {
    let mut house = House::new();
    let key = house
        .place
        .operator("beta", "OPERATEUR BETA", &[DOMAIN, "inconnu-exemple.mssante.fr"]);
    let mut beta = Caller::new(&house.node.http, &key);
    let mine = format!("mienne@{DOMAIN}");
    assert_eq!(house.alpha.put(&mine, &nominative()).status, 201);
    let told = |reply: Reply| (reply.status, reply.json()["detail"].as_str().unwrap().to_owned());
    // Of the same domain, but another operator's.
    for reply in [beta.put(&mine, &nominative()), beta.delete(&mine)] {
        assert!(matches!(told(reply), (403, detail) if detail.contains("autre opérateur")));
    }
    // Of a domain that is not the account's; of one that is not on the white list.
    let other = house.alpha.put("x@etab10-exemple.mssante.fr", &nominative());
    assert!(matches!(told(other), (403, detail) if detail.contains("domaine")));
    let unlisted = beta.put("x@inconnu-exemple.mssante.fr", &nominative());
    assert!(matches!(told(unlisted), (403, detail) if detail.contains("liste blanche")));
    // Without a key, with another's role, with a key that is over.
    let path = own(&mine);
    let body = nominative().to_string();
    let headers = [("content-type", "application/json")];
    assert_eq!(
        Http::new(&house.node.http)
            .send("PUT", &path, &headers, body.as_bytes())
            .status,
        401
    );
    for role in ["professional", "administrator"] {
        let key = house.place.account(role, role, &[]);
        assert_eq!(
            Caller::new(&house.node.http, &key)
                .put(&mine, &nominative())
                .status,
            403,
            "{role}"
        );
    }
    house.place.ok(&["account", "revoke", "beta"]);
    assert_eq!(beta.put(&format!("y@{DOMAIN}"), &nominative()).status, 401);
}

#[test]
fn every_fault_is_told_at_once_and_nothing_sent_is_repeated() {
    let mut house = House::new();
    let address = format!("fautes@{DOMAIN}");
    let reply = house.alpha.put(
        &address,
        &json!({
            "type_bal": "secret1", "identification_nationale": "899secret", "structure": "secret2", "rang": 0,
            "telephone": "secret3", "description": "écrire à 199990000000001@patient.mssante.fr",
            "service": "s".repeat(200), "cotitulaires": ["secret4"],
        }),
    );
    assert_eq!(reply.status, 422);
    assert_eq!(reply.header("content-type"), "application/problem+json");
    let problem = reply.json();
    let mut fields: Vec<&str> = problem["fautes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["champ"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    fields.dedup();
    let expected = [
        "cotitulaires",
        "description",
        "identification_nationale",
        "rang",
        "service",
        "structure",
    ];
    for field in expected.iter().chain(&["telephone", "type_bal"]) {
        assert!(fields.contains(field), "{field}: {}", reply.text());
    }
    assert_eq!(
        problem["detail"].as_str().unwrap().lines().count(),
        problem["fautes"].as_array().unwrap().len()
    );
    assert!(
        !reply.text().contains("secret") && !reply.text().contains("19999"),
        "{}",
        reply.text()
    );
    // Each kind of box asks for what it needs, and takes nothing else.
    for (asked, field) in [
        (json!({"type_bal": "PER"}), "identification_nationale"),
        (json!({"type_bal": "ORG"}), "structure"),
        (json!({"type_bal": "APP"}), "structure"),
        (json!({"type_bal": "CAB"}), "identification_nationale"),
        (
            json!({"type_bal": "ORG", "structure": HOSPITAL, "identification_nationale": CLAIRE}),
            "identification_nationale",
        ),
        (
            json!({"type_bal": "PER", "identification_nationale": CLAIRE, "telephone_publie": true}),
            "telephone_publie",
        ),
    ] {
        let reply = house.alpha.put(&address, &asked);
        assert_eq!(
            (reply.status, &reply.json()["fautes"][0]["champ"]),
            (422, &json!(field)),
            "{asked}"
        );
    }
    for address in [
        "199990000000001@patient.mssante.fr",
        "a@apicrypt.org",
        "sans-arobase",
    ] {
        let reply = house.alpha.put(address, &nominative());
        assert_eq!(
            (reply.status, &reply.json()["fautes"][0]["champ"]),
            (422, &json!("adresse"))
        );
        assert!(!reply.text().contains("19999"));
    }
    // What is not JSON, or not an object, or too much.
    let path = own(&address);
    let key = house.alpha.key.clone();
    let mut send = |content_type: &str, body: &str| {
        let headers = [("esante-api-key", key.as_str()), ("content-type", content_type)];
        house
            .alpha
            .http
            .send("PUT", &path, &headers, body.as_bytes())
            .status
    };
    assert_eq!(send("application/json", "{\"type_bal\": secret}"), 400);
    assert_eq!(send("application/json", "[]"), 422);
    assert_eq!(send("text/plain", "{}"), 415);
    let long = json!({"description": "x".repeat(100_000)}).to_string();
    assert_eq!(send("application/json", &long), 413);
}

#[test]
fn type_and_address_are_fixed_and_nobody_overwrites_what_changed_meanwhile() {
    let mut house = House::new();
    let address = format!("fixe@{DOMAIN}");
    let path = own(&address);
    let first = house.alpha.put(&address, &nominative());
    assert_eq!(first.status, 201);
    let fixed = house
        .alpha
        .put(&address, &json!({"type_bal": "ORG", "structure": HOSPITAL}));
    assert_eq!(
        (fixed.status, &fixed.json()["parametre"]),
        (409, &json!("type_bal"))
    );
    let moved = house
        .alpha
        .patch(&address, &json!({"adresse": format!("autre@{DOMAIN}")}));
    assert_eq!(
        (moved.status, &moved.json()["parametre"]),
        (409, &json!("adresse"))
    );
    assert_eq!(
        house.alpha.patch(&format!("absente@{DOMAIN}"), &json!({})).status,
        404
    );

    let read = first.header("etag").to_owned();
    let change = json!({"description": "un"});
    let changed = house.alpha.call("PATCH", &path, &[("if-match", &read)], &change);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), read);
    let late = [("if-match", read.as_str())];
    assert_eq!(
        house
            .alpha
            .call("PATCH", &path, &late, &json!({"description": "deux"}))
            .status,
        412
    );
    assert_eq!(house.alpha.call("DELETE", &path, &late, &Value::Null).status, 412);
    assert_eq!(
        house
            .alpha
            .call("PUT", &path, &[("if-none-match", "*")], &nominative())
            .status,
        412
    );
    assert_eq!(
        house
            .alpha
            .call("DELETE", &path, &[("if-match", "*")], &Value::Null)
            .status,
        200
    );
    assert_eq!(
        house
            .alpha
            .call("PUT", &path, &[("if-match", "*")], &nominative())
            .status,
        412
    );
}

#[test]
fn a_file_is_published_with_a_report_of_each_line() {
    let mut house = House::new();
    let known = format!("connue@{DOMAIN}");
    assert_eq!(house.alpha.put(&known, &nominative()).status, 201);
    let header = "Type de BAL;Adresse BAL;Identification nationale PP;Type identifiant structure;\
                  Identification Structure;Service de rattachement;Liste rouge;Téléphone;Téléphone publié;\
                  Responsable;Description";
    let file = format!(
        "{header}\n\
         PER;{known};{CLAIRE};1;990000000;;;;;;\n\
         ORG;accueil@{DOMAIN};;1;990000000;ACCUEIL;N;;;Madame Secret;Accueil\n\
         ORG;accueil@{DOMAIN};;1;990000001;ACCUEIL;N;;;Madame Secret;Accueil\n\
         CAB;cabinet@{DOMAIN};{CLAIRE};;;;O;;;;\n\
         PER;personne@{DOMAIN};899999999999;;;;;;;;\n\
         PER;x@etab10-exemple.mssante.fr;{CLAIRE};;;;;;;;\n\
         PER;199990000000001@patient.mssante.fr;{CLAIRE};;;;;;;;\n\
         APP;robot@{DOMAIN};;1;990000000;;peut-être;;;;\n"
    );
    let reply = house.alpha.lot(&file);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let told = reply.json();
    let lines: Vec<(u64, &str)> = told["lignes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["ligne"].as_u64().unwrap(), line["issue"].as_str().unwrap()))
        .collect();
    let refused = |line| (line, "refusee");
    assert_eq!(
        lines,
        [
            (2, "inchangee"),
            (3, "creee"),
            (4, "creee"),
            (5, "creee"),
            refused(6),
            refused(7),
            refused(8),
            refused(9)
        ]
    );
    assert_eq!(told["effectif"], true);
    assert!(
        !reply.text().contains("Secret") && !reply.text().contains("19999"),
        "{}",
        reply.text()
    );
    let mut http = Http::new(&house.node.http);
    assert_eq!(
        http.get(&format!("/api/v1/messageries/accueil@{DOMAIN}")).status,
        200
    );
    assert_eq!(
        http.get(&format!("/api/v1/messageries/cabinet@{DOMAIN}")).status,
        404
    );
    let both = http.get("/api/v1/structures/F990000001/messageries");
    assert!(both.text().contains("accueil@"), "{}", both.text());
    let extraction = http
        .get("/api/v1/extractions/Extraction_Correspondance_MSSante")
        .text();
    assert!(!extraction.contains("Secret") && !extraction.contains("cabinet@"));
    assert_eq!(extraction.matches("accueil@").count(), 2);
    // The same file again changes nothing.
    let again = house.alpha.lot(&file).json();
    assert_eq!((&again["inchangees"], &again["creees"]), (&json!(4), &json!(0)));
    for wrong in ["", "a;b\n1;2\n"] {
        assert_eq!(house.alpha.lot(wrong).status, 422);
    }
}

/// The sample's correspondence extract, dated and changed.
fn extract(place: &Place, date: &str, change: impl Fn(&str) -> Option<String>) -> String {
    dated_extract(
        place,
        &format!("Extraction_Correspondance_MSSante_{date}0800.txt"),
        change,
    )
}

#[test]
fn what_an_operator_published_outlives_imports_field_by_field() {
    let mut house = House::new();
    // The sample is replaced by the first other import: the same data, not marked as a sample.
    house.place.ok(&["import", &sample()]);
    let extracted = "claire.testeur@sage-femme-exemple.mssante.fr";
    let own_box = format!("seule@{DOMAIN}");
    let asked = json!({
        "type_bal": "PER", "identification_nationale": CLAIRE, "structure": "F990000001", "liste_rouge": false,
        "rang": 3, "service": "MATERNITE", "description": "la mienne", "telephone": "0699000003",
        "telephone_publie": true, "dematerialisation": false,
    });
    assert_eq!(
        house.alpha.put(extracted, &asked).status,
        200,
        "a box of the extract is taken over"
    );
    let hidden = "jp.delafontaine@medecin-exemple.mssante.fr";
    let key = house
        .place
        .operator("medecin", "OPERATEUR GAMMA", &["medecin-exemple.mssante.fr"]);
    let mut gamma = Caller::new(&house.node.http, &key);
    assert_eq!(gamma.patch(hidden, &json!({"liste_rouge": true})).status, 200);
    assert_eq!(house.alpha.put(&own_box, &nominative()).status, 201);
    let withdrawn = format!("secretariat@{DOMAIN}");
    assert_eq!(house.alpha.delete(&withdrawn).status, 200);
    let before = house.alpha.get("/api/v1/operateur/messageries").text();
    let seen = |house: &House, address: &str| {
        Http::new(&house.node.http)
            .get(&format!("/api/v1/messageries/{address}"))
            .status
    };

    // A day later the extract says otherwise of all four: other structure, other person's words, still there.
    let next = extract(&house.place, "20260116", |line| {
        Some(line.replace("|990000000|", "|990000002|"))
    });
    let report = house.place.import(&[&next]);
    assert!(
        report["fichiers"][0]["entites"]["messageries"]["modifies"]
            .as_u64()
            .unwrap()
            > 0,
        "{report}"
    );
    assert_eq!(house.alpha.get("/api/v1/operateur/messageries").text(), before);
    assert_eq!(
        (
            seen(&house, hidden),
            seen(&house, &withdrawn),
            seen(&house, &own_box)
        ),
        (404, 404, 200)
    );

    // Another day and it holds none of them: a hidden box is absent from extracts by nature.
    let gone = extract(&house.place, "20260117", |line| {
        let ours = line.contains(extracted) || line.contains(hidden) || line.contains(&withdrawn);
        (!ours).then(|| line.to_owned())
    });
    house.place.import(&[&gone]);
    assert_eq!(house.alpha.get("/api/v1/operateur/messageries").text(), before);
    assert_eq!((seen(&house, extracted), seen(&house, hidden)), (200, 404));
    let own_list = gamma.get("/api/v1/operateur/messageries").json();
    assert_eq!(own_list["messageries"][0]["liste_rouge"], true);

    // The extract has taken notice of the withdrawal: what it says from now on is news.
    let back = extract(&house.place, "20260118", |line| Some(line.to_owned()));
    house.place.import(&[&back]);
    assert_eq!((seen(&house, &withdrawn), seen(&house, hidden)), (200, 404));
    assert_eq!(house.alpha.get("/api/v1/operateur/messageries").text(), before);
}

#[test]
fn every_node_has_confirmed_before_the_operator_is_answered() {
    let mut house = House::new();
    let second = Place::new();
    let url = house.place.database_url();
    let other = second.serve(&["--database-url", &url]);
    let address = format!("a.prompte@{DOMAIN}");
    let mut within_a_second = 0;
    for liste_rouge in [false, true, false, true, false, true] {
        let mut asked = nominative();
        asked["rang"] = json!(1);
        asked["liste_rouge"] = json!(liste_rouge);
        let reply = house.alpha.put(&address, &asked);
        let told = reply.json();
        assert_eq!(told["noeuds"]["total"], 2, "{told}");
        if told["effectif"] != true {
            // A machine at its limit: the answer says so.
            assert_eq!(reply.status, 202);
            continue;
        }
        within_a_second += 1;
        let expected = if liste_rouge { &[][..] } else { &EVERYWHERE };
        assert_eq!(holders(&house.node, &address), expected);
        assert_eq!(holders(&other, &address), expected);
    }
    assert!(within_a_second > 0, "no node ever confirmed within a second");
}

#[test]
fn an_import_after_many_publications_builds_the_index_anew() {
    let place = Place::new();
    let (one, two) = (place.path("one"), place.path("two"));
    let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());
    place.ok(&["sample", "--people", "12000", "--out", one]);
    // Much, and not so much that an index would be built anew for that alone.
    place.ok(&["sample", "--people", "12000", "--out", two, "--next-day", "8%"]);
    place.import(&[one]);
    let node = place.serve(&[]);
    let mut http = Http::new(&node.http);
    let domain = http.get("/api/v1/domaines").json()["domaines"][0]["nom"].clone();
    let people = http.get("/api/v1/recherche?type=professionnel").json();
    let holder = &people["resultats"][0]["identification_nationale"];
    let key = place.operator("alpha", ALPHA, &[domain.as_str().unwrap()]);
    let mut alpha = Caller::new(&node.http, &key);
    let address = format!("a.voyageuse@{}", domain.as_str().unwrap());
    let files = || {
        let index = place.path("data/index");
        let generation = std::fs::read_to_string(index.join("current")).unwrap();
        let files = std::fs::read_dir(index.join(generation.trim())).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("views-")).count()
    };
    for n in 0..256 {
        let asked =
            json!({"type_bal": "PER", "identification_nationale": holder, "description": n.to_string()});
        let reply = alpha.put(&address, &asked);
        assert!(reply.status < 300, "{}", reply.text());
    }
    assert!(files() > 200, "each change of a node is a file: {}", files());
    while files() <= 256 {
        assert!(
            alpha
                .patch(&address, &json!({"description": files().to_string()}))
                .status
                < 300
        );
    }
    // Without the white list: a change of it shows in every mailbox.
    let people = std::fs::read_dir(two).unwrap().map(|file| file.unwrap().path());
    let mut people = people.filter(|path| path.to_string_lossy().contains("Personne_activite"));
    place.import(&[people.next().unwrap().to_str().unwrap()]);
    assert!(files() < 10, "{} files", files());
    let record = http.get(&format!("/api/v1/messageries/{address}"));
    assert_eq!(record.status, 200, "what was published is still there");
}

#[test]
fn nobody_leaves_the_red_list_by_what_is_left_out_misspelt_or_contradicted() {
    let mut house = House::new();
    let address = format!("cachee@{DOMAIN}");
    let mut http = Http::new(&house.node.http);
    let mut status = |address: &str| http.get(&format!("/api/v1/messageries/{address}")).status;
    let mut hidden = nominative();
    hidden["liste_rouge"] = true.into();
    assert_eq!(house.alpha.put(&address, &hidden).status, 201);
    // A file in the layout of the national extraction has no such column.
    let header = "Type de BAL|Adresse BAL|Identification nationale PP";
    let lot = house.alpha.lot(&format!("{header}\nPER|{address}|{CLAIRE}\n"));
    assert_eq!(lot.status, 200, "{}", lot.text());
    assert_eq!(house.alpha.put(&address, &nominative()).status, 200);
    assert_eq!(
        house.alpha.patch(&address, &json!({"liste_rouge": null})).status,
        200
    );
    assert_eq!(status(&address), 404);

    let other = format!("autre@{DOMAIN}");
    for rows in [
        format!("PER|{other}|{CLAIRE}|N\nPER|{other}|{CLAIRE}|O\n"),
        format!("PER|{other}|{CLAIRE}|peut-être\nPER|{other}|{CLAIRE}|\n"),
    ] {
        let lot = house.alpha.lot(&format!("{header}|Liste rouge\n{rows}"));
        assert_eq!(
            (lot.status, &lot.json()["refusees"]),
            (200, &json!(2)),
            "{}",
            lot.text()
        );
        assert_eq!(status(&other), 404);
    }
    let lot = house
        .alpha
        .lot(&format!("{header}|ListeRouge\nPER|{other}|{CLAIRE}|O\n"));
    assert_eq!(lot.status, 422, "{}", lot.text());

    assert_eq!(
        house.alpha.patch(&address, &json!({"liste_rouge": false})).status,
        200
    );
    assert_eq!(status(&address), 200);
}

#[test]
fn what_cannot_be_published_is_a_fault_of_its_field_and_of_its_line() {
    let mut house = House::new();
    let of = |field: &str, value: &str| {
        let mut body = json!({"type_bal": "ORG", "structure": HOSPITAL});
        body[field] = value.into();
        body
    };
    let address = format!("accueil@{DOMAIN}");
    for (field, value) in [
        ("structure", "F99\u{0}"),
        ("service", "=1+1"),
        ("description", "a\u{202e}b"),
        ("adresse", &format!("ailleurs@{DOMAIN}")),
    ] {
        let reply = house.alpha.put(&address, &of(field, value));
        assert_eq!(reply.status, 422, "{field}: {}", reply.text());
        assert_eq!(reply.json()["fautes"][0]["champ"], field);
    }
    for local in ["a,b", "a;b", "=fx", "été"] {
        let reply = house.alpha.put(&format!("{local}@{DOMAIN}"), &of("service", "A"));
        assert_eq!(reply.status, 422, "{local}: {}", reply.text());
    }
    let header = "Type de BAL|Adresse BAL|Identification nationale PP";
    let lot = house.alpha.lot(&format!(
        "{header}\nPER|un@{DOMAIN}|8990\u{0}\nPER|deux@{DOMAIN}|{CLAIRE}\n"
    ));
    assert_eq!(
        (&lot.json()["creees"], &lot.json()["refusees"]),
        (&json!(1), &json!(1))
    );

    // Which of two members is meant nobody knows.
    let twice = r#"{"type_bal": "ORG", "liste_rouge": true, "liste_rouge": false}"#;
    let headers = [
        ("content-type", "application/json"),
        ("esante-api-key", house.alpha.key.as_str()),
    ];
    let path = support::http::own(&address);
    let reply = house.alpha.http.send("PUT", &path, &headers, twice.as_bytes());
    assert_eq!(reply.status, 422, "{}", reply.text());

    // A condition that cannot be read does not hold.
    assert_eq!(house.alpha.put(&address, &of("service", "A")).status, 201);
    let headers = [("if-match", "\"é\"")];
    let reply = house
        .alpha
        .call("PATCH", &path, &headers, &json!({"service": "B"}));
    assert_eq!(reply.status, 412, "{}", reply.text());
}

#[test]
fn pages_go_on_after_an_entry_with_a_very_long_name() {
    let mut house = House::new();
    let long = "é".repeat(500);
    for (local, description) in [("un", long.as_str()), ("deux", "ZZZ")] {
        let body = json!({"type_bal": "ORG", "structure": HOSPITAL, "description": description});
        let reply = house.alpha.put(&format!("{local}@{DOMAIN}"), &body);
        assert_eq!(reply.status, 201, "{}", reply.text());
    }
    let filter = format!("(|(mail=un@{DOMAIN})(mail=deux@{DOMAIN}))");
    let (code, ldif) =
        house
            .node
            .ldapsearch(&["-E", "pr=1/noprompt", "-b", "o=mssante,c=fr", &filter, "mail"]);
    assert_eq!((code, ldif.matches("\nmail: ").count()), (0, 2), "{ldif}");
}
