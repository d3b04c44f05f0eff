//! Many entries whose names begin alike: order, paging and suggestions go by the whole name, whoever asks.

mod support;

use support::{Node, Place, values};

const ACTIVITY: &str = include_str!("../import/layouts/personne_activite.txt");
const MAILBOX: &str = include_str!("../import/layouts/correspondance_mssante.txt");

/// Three letters for a number, in an order of their own.
fn letters(number: u32) -> String {
    let scattered = number * 7919 % 17_576;
    [scattered / 676, scattered / 26 % 26, scattered % 26]
        .map(|letter| char::from(b'A' + u8::try_from(letter).unwrap()))
        .iter()
        .collect()
}

/// Persons `DELAFONTAINE …`, the last hundred alike, and mailboxes `CABINET DU DOCTEUR …`.
fn extracts(place: &Place, numbers: std::ops::Range<u32>, date: &str) -> [String; 2] {
    let mut people = ACTIVITY.trim_end().to_owned() + "\n";
    let mut boxes = MAILBOX.trim_end().to_owned() + "\n";
    for number in numbers {
        let mut fields = [""; 57];
        let identifier = format!("99{number:09}");
        let national = format!("8{identifier}");
        let name = match number {
            200.. => "DELAFONTAINE".to_owned(),
            _ => format!("DELAFONTAINE {}", letters(number)),
        };
        for (column, value) in [
            (1, "8"),
            (2, &*identifier),
            (3, &*national),
            (8, &*name),
            (9, "Claire"),
            (10, "10"),
            (12, "C"),
            (18, "L"),
        ] {
            fields[column - 1] = value;
        }
        people += &(fields.join("|") + "\n");
        let mut fields = [""; 31];
        let (address, structure) = (
            format!("b{number}@a-exemple.mssante.fr"),
            format!("99{number:07}"),
        );
        let name = format!("CABINET DU DOCTEUR {}", letters(number));
        (fields[0], fields[1], fields[5], fields[6]) = ("ORG", &address, "1", &structure);
        fields[18] = &name;
        boxes += &(fields.join("|") + "\n");
    }
    [
        place.file(&format!("PS_LibreAcces_Personne_activite_{date}.txt"), people),
        place.file(&format!("Extraction_Correspondance_MSSante_{date}.txt"), boxes),
    ]
}

/// Names and identifiers of all professionals, page by page.
fn by_pages(node: &Node) -> Vec<(String, String)> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = node.get(&format!(
            "/api/v1/recherche?type=professionnel&tri=nom&par_page=17{cursor}"
        ));
        let text = |entry: &serde_json::Value, name: &str| entry[name].as_str().unwrap().to_owned();
        seen.extend(
            page["resultats"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| (text(entry, "nom") + " CLAIRE", text(entry, "identifiant"))),
        );
        match page["curseur_suivant"].as_str() {
            Some(next) => cursor = format!("&curseur={next}"),
            None => return seen,
        }
    }
}

#[test]
fn names_that_begin_alike_are_in_the_order_of_their_last_letters() {
    let place = Place::new();
    place.import(
        &extracts(&place, 0..300, "202601150800")
            .each_ref()
            .map(|file| &**file),
    );
    let node = place.serve(&[]);
    let seen = by_pages(&node);
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert!(seen == sorted, "in order, and nobody twice: {seen:?}");
    assert_eq!(seen.len(), 300);

    let shown = |filter: &str, limit: &str| {
        let (code, ldif) = node.ldapsearch(&["-b", "o=mssante,c=fr", "-z", limit, filter, "cn"]);
        let shown: Vec<String> = values(&ldif, "cn").into_iter().map(str::to_owned).collect();
        (code, shown)
    };
    let mut cabinets: Vec<String> = (0..300).map(letters).collect();
    cabinets.sort();
    let first: Vec<String> = cabinets
        .iter()
        .take(40)
        .map(|name| format!("CABINET DU DOCTEUR {name}"))
        .collect();
    assert_eq!(shown("(cn=cabinet*)", "40"), (4, first.clone()));
    assert_eq!(shown("(cn=*octeur*)", "40"), (4, first));
    let beyond = &cabinets[250];
    let (_, found) = shown(&format!("(cn=cabinet du docteur {beyond}*)"), "40");
    assert_eq!(found, [format!("CABINET DU DOCTEUR {beyond}")]);

    let typed = letters(7).to_lowercase();
    let suggested = node.get(&format!("/api/v1/suggestions?q=delafontaine%20{typed}"));
    assert_eq!(
        suggested["suggestions"][0]["libelle"],
        format!("DELAFONTAINE {} Claire", letters(7))
    );
}

#[test]
fn who_is_withdrawn_leaves_the_order_of_the_others_as_it_was() {
    let place = Place::new();
    place.import(
        &extracts(&place, 0..300, "202601150800")
            .each_ref()
            .map(|file| &**file),
    );
    let node = place.serve(&[]);
    let before = by_pages(&node);
    let files = extracts(&place, 5..300, "202601160800");
    place.import(&files.each_ref().map(|file| &**file));
    let gone: Vec<String> = (0..5).map(|number| format!("99{number:09}")).collect();
    let left: Vec<_> = before
        .into_iter()
        .filter(|(_, identifier)| !gone.contains(identifier))
        .collect();
    let now = by_pages(&node);
    assert!(now == left, "{now:?}");
}
