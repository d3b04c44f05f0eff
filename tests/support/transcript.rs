//! Everything a stranger could ask, and all that comes back, as one text to be compared: clocks and request ids taken
//! out, nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write};

use serde_json::json;

use super::Node;
use super::http::{Http, Reply, encoded};
use super::wire::{self, BASE, ONE, SUB, Search, Wire, octets, parts};

/// Who asks: the name of an account and its key; empty for the public.
pub type Viewer<'a> = (&'a str, &'a str);

/// What is guessed about.
pub struct Guesses<'a> {
    pub addresses: &'a [String],
    pub people: &'a [&'a str],
    pub structures: &'a [&'a str],
    /// Marks of extractions that were made before: what changed since is asked for.
    pub marks: &'a [String],
}

/// All answers of a node to one viewer. Each line of the text is one request and its answer.
pub fn transcript(node: &Node, viewer: Viewer<'_>, guesses: &Guesses<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    rest(node, viewer, guesses, &mut lines);
    ldap(node, viewer, guesses, &mut lines);
    lines
}

/// The few requests that are sent after each step.
pub fn short_transcript(node: &Node, guesses: &Guesses<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut http = Http::new(&node.http);
    for address in guesses.addresses {
        ask(
            &mut http,
            &[],
            &format!("/api/v1/messageries/{}", encoded(address)),
            &mut lines,
        );
        ask(
            &mut http,
            &[],
            &format!("/api/v1/recherche?q={}", encoded(address)),
            &mut lines,
        );
    }
    for structure in guesses.structures {
        ask(
            &mut http,
            &[],
            &format!("/api/v1/structures/{structure}"),
            &mut lines,
        );
    }
    for path in [
        "/api/v1/recherche?type=messagerie",
        "/api/v1/recherche?type=structure",
        "/sante",
    ] {
        ask(&mut http, &[], path, &mut lines);
    }
    for mark in guesses.marks {
        let path = format!("/api/v1/extractions/correspondance?format=ndjson&depuis={mark}");
        ask(&mut http, &[], &path, &mut lines);
    }
    metrics(node, &mut lines);
    let mut wire = Wire::connect(&node.ldap);
    search(
        &mut wire,
        &Search::new("(mail=*)").asking(&["*", "+"]),
        &mut lines,
    );
    lines
}

fn rest(node: &Node, (_, key): Viewer<'_>, guesses: &Guesses<'_>, lines: &mut Vec<String>) {
    let mut http = Http::new(&node.http);
    let own: Vec<(&str, &str)> = if key.is_empty() {
        Vec::new()
    } else {
        vec![("esante-api-key", key)]
    };
    let mut get = |path: &str| ask(&mut http, &own, path, lines);
    for address in guesses.addresses {
        let (local, domain) = address.split_once('@').unwrap();
        let (a, l) = (encoded(address), encoded(local));
        // Near misses are looked for with typing errors: what is known decides what is looked for.
        let near = encoded(&address.replacen('e', "a", 1));
        for path in [
            format!("messageries/{a}"),
            format!("messageries/{}", encoded(&address.to_uppercase())),
            format!("recherche?q={a}"),
            format!("recherche?q={l}&type=messagerie&par_page=5"),
            format!("recherche?q={near}"),
            format!("recherche?q={l}x&type=professionnel&type=structure&type=messagerie"),
            format!("suggestions?q={a}"),
            format!("suggestions?q={l}"),
            format!("suggestions?q={}", encoded(&address[..4])),
            format!("recherche?q={}", encoded(domain)),
        ] {
            get(&format!("/api/v1/{path}"));
        }
    }
    for person in guesses.people {
        for path in [
            format!("professionnels/{person}"),
            format!("recherche?q={person}"),
            format!("recherche?q={person}&avec_messagerie=true"),
            format!("recherche?q={person}&avec_messagerie=false"),
        ] {
            get(&format!("/api/v1/{path}"));
        }
    }
    for structure in guesses.structures {
        for path in [
            format!("structures/{structure}"),
            format!("structures/{structure}/messageries"),
            format!("structures/{structure}/messageries?q=secret"),
            format!("recherche?structure={structure}"),
            format!("recherche?structure={structure}&type=messagerie&tri=nom"),
        ] {
            get(&format!("/api/v1/{path}"));
        }
    }
    for path in [
        "recherche?type=messagerie&par_page=200",
        "recherche?type=professionnel&avec_messagerie=true&par_page=200&tri=nom",
        "recherche?type=professionnel&avec_messagerie=false&departement=44",
        "recherche?type=structure&avec_messagerie=true",
        "recherche?lat=47.2&lon=-1.5&rayon_km=20&tri=distance&par_page=100",
        "recherche?q=secret&page=2",
        "recherche?q=secretariat&profession=10",
        "recherche?departement=44&mode_exercice=L&profession=10&profession=50",
        "recherche?curseur=00",
        "recherche?inconnu=1",
        "indicateurs?par=departement",
        "indicateurs?par=profession",
        "indicateurs?par=structure",
        "domaines",
        "nomenclatures/TRE_R66",
        "extractions",
        "extractions/Extraction_Correspondance_MSSante",
        "extractions/correspondance?format=ndjson",
        "extractions/correspondance?format=csv&departement=44",
        "extractions/professionnels?format=ndjson",
        "extractions/correspondance?format=ndjson&depuis=2000-01-01T00:00:00Z",
        "extractions/professionnels?format=ndjson&depuis=2000-01-01T00:00:00Z",
        "extractions/structures?format=ndjson&depuis=2000-01-01T00:00:00Z",
        "extractions/inconnue",
    ] {
        get(&format!("/api/v1/{path}"));
    }
    for mark in guesses.marks {
        for asked in [
            "correspondance?format=ndjson",
            "correspondance?format=csv&departement=44",
            "correspondance?format=csv",
            "professionnels?format=ndjson",
            "structures?format=ndjson",
        ] {
            get(&format!("/api/v1/extractions/{asked}&depuis={mark}"));
        }
    }
    get("/sante");
    // A reading in pages: the cursors are compared, and what they lead to.
    let mut cursor = String::new();
    for _ in 0..4 {
        let path = format!("/api/v1/recherche?type=messagerie&tri=nom&par_page=40{cursor}");
        let page = ask(&mut http, &own, &path, lines).json();
        match page["curseur_suivant"].as_str() {
            Some(next) => cursor = format!("&curseur={next}"),
            None => break,
        }
    }
    let body = json!({"adresses": guesses.addresses}).to_string();
    let mut all = own.clone();
    all.push(("content-type", "application/json"));
    let reply = http.send("POST", "/api/v1/messageries/verification", &all, body.as_bytes());
    lines.push(format!("verification {}", told(&reply)));
    // Where a compressed stream is cut depends on the moment: what it holds is compared.
    let mut compressed = own.clone();
    compressed.push(("accept-encoding", "gzip"));
    ask(
        &mut http,
        &compressed,
        "/api/v1/extractions/Extraction_Correspondance_MSSante",
        lines,
    );
    metrics(node, lines);
}

/// Counters and the detailed state: requests were the same, so their numbers are; their times are clocks.
fn metrics(node: &Node, lines: &mut Vec<String>) {
    let mut http = Http::new(&node.admin);
    let text = http.get("/metrics").text();
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("_seconds_sum"))
        // Asked until the files are made, which takes a time of its own.
        .filter(|line| !line.contains("route=\"/api/v1/extractions\""))
        .collect();
    lines.push(format!("metrics {}", kept.join("\n")));
    ask(&mut http, &[], "/sante", lines);
}

fn ask(http: &mut Http, headers: &[(&str, &str)], path: &str, lines: &mut Vec<String>) -> Reply {
    let mut reply = http.send("GET", path, headers, b"");
    if path == "/api/v1/extractions" {
        forget_making(&mut reply);
    }
    // An extraction that were refused would be compared, alike on both sides, and tell nothing.
    let refused = path.contains("format=") && reply.status != 200;
    assert!(!refused, "{path}: {} {}", reply.status, reply.text());
    lines.push(format!("GET {path} {}", told(&reply)));
    reply
}

/// Ready-made files are made at a node's leisure, of one state or of one a little later: which, is a clock. What they
/// hold now is compared, by their rows, bytes and digests.
fn forget_making(manifest: &mut Reply) {
    manifest.headers.retain(|(name, _)| name != "etag");
    let mut text = manifest.text();
    while let Some(start) = text.find("\"marque\":\"") {
        let end = start + 10 + text[start + 10..].find('"').unwrap() + 1;
        text.replace_range(start..end, "\"made\"");
    }
    manifest.body = text.into_bytes();
}

fn told(reply: &Reply) -> String {
    let mut text = format!("{}", reply.status);
    for (name, value) in &reply.headers {
        // What is left of a quota is a clock: it fills with time.
        if !matches!(name.as_str(), "date" | "x-request-id" | "ratelimit") {
            let _ = write!(text, " {name}: {value};");
        }
    }
    let mut body = Vec::new();
    if reply.header("content-encoding") == "gzip" {
        flate2::read::GzDecoder::new(&reply.body[..])
            .read_to_end(&mut body)
            .unwrap();
    } else {
        body.clone_from(&reply.body);
    }
    format!("{text} {}", exact(&body))
}

fn ldap(node: &Node, (name, key): Viewer<'_>, guesses: &Guesses<'_>, lines: &mut Vec<String>) {
    let mut wire = Wire::connect(&node.ldap);
    if !name.is_empty() {
        let dn = format!("uid={name},ou=comptes,o=mssante,c=fr");
        assert_eq!(wire.result(&wire::bind(3, &dn, key), &[]), 0);
    }
    let all: &[&str] = &["*", "+"];
    for address in guesses.addresses {
        let (local, _) = address.split_once('@').unwrap();
        for text in [
            format!("(mail={address})"),
            format!("(mail={}*)", &address[..5]),
            format!("(mail=*{local}*)"),
            format!("(mail>={address})"),
            format!("(mail<={address})"),
            format!("(mail~={address})"),
            format!("(uid={address})"),
            format!("(|(cn=*{local}*)(mail=*{local}*)(sn=*{local}*)(givenName=*{local}*))"),
            format!("(&(mail=*)(!(mail={address})))"),
            format!("(&(mail={address})(mobile=*))"),
            format!("(!(|(mail={address})(mobile=06*)))"),
        ] {
            search(&mut wire, &Search::new(&text).asking(all), lines);
        }
        let dn = format!("mail={address},ou=bal,o=mssante,c=fr");
        for scope in [BASE, ONE, SUB] {
            search(
                &mut wire,
                &Search::new("(objectClass=*)").at(&dn, scope).asking(all),
                lines,
            );
        }
        for (attribute, value) in [
            ("mail", address.as_str()),
            ("TypeBAL", "PER"),
            ("mobile", "0699000002"),
        ] {
            let assertion = wire::element(0x30, &[&octets(attribute), &octets(value)]);
            simple(
                &mut wire,
                &wire::element(0x6e, &[&octets(&dn), &assertion]),
                "compare",
                lines,
            );
        }
        let sorted = wire::sorted("mail", None, false, true);
        let viewed = Search::new("(mail=*)")
            .with(sorted)
            .with(wire::view_from(1, 3, address));
        search(&mut wire, &viewed.asking(&["mail"]), lines);
        // Another connection: a bind, good or bad, changes who asks. Guessing an account again and again gets slow.
        let mut other = Wire::connect(&node.ldap);
        simple(&mut other, &wire::bind(3, &dn, "clé"), "bind", lines);
        if name.is_empty() {
            let account = format!("uid={local},ou=comptes,o=mssante,c=fr");
            simple(&mut other, &wire::bind(3, &account, "clé"), "bind", lines);
        }
    }
    for person in guesses.people {
        let text = format!("(|(employeeNumber={person})(IdentifiantPP={}))", &person[1..]);
        search(&mut wire, &Search::new(&text).asking(all), lines);
        let base = "o=annuaire-sante,c=fr";
        search(
            &mut wire,
            &Search::new(&format!("(uid={person})")).at(base, SUB).asking(all),
            lines,
        );
    }
    for text in [
        "(mail=*)",
        "(mobile=*)",
        "(TypeBAL=ORG)",
        "(&(mail=*)(TypeBAL=CAB))",
        "(cn=*e*)",
        "(mail=*secret*)",
    ] {
        search(
            &mut wire,
            &Search::new(text)
                .limits(0, 0)
                .asking(&["mail", "modifyTimestamp"]),
            lines,
        );
        search(
            &mut wire,
            &Search::new(text).limits(3, 0).asking(&["mail"]),
            lines,
        );
        for reverse in [false, true] {
            let sorted = wire::sorted("mail", None, reverse, true);
            search(
                &mut wire,
                &Search::new(text).with(sorted.clone()).asking(&["mail"]),
                lines,
            );
            let viewed = Search::new(text).with(sorted).with(wire::view_at(0, 5, 7, 0));
            search(&mut wire, &viewed.asking(&["mail"]), lines);
        }
        paged(&mut wire, text, lines);
    }
    for (base, scope) in [
        ("", BASE),
        ("cn=schema", BASE),
        ("o=mssante,c=fr", ONE),
        ("ou=bal,o=mssante,c=fr", BASE),
    ] {
        search(
            &mut wire,
            &Search::new("(objectClass=*)").at(base, scope).asking(all),
            lines,
        );
    }
}

fn paged<S: Read + Write>(wire: &mut Wire<S>, text: &str, lines: &mut Vec<String>) {
    let mut cookie = Vec::new();
    for _ in 0..4 {
        let asked = Search::new(text)
            .with(wire::paged(7, &cookie, true))
            .asking(&["mail"]);
        let id = wire.ask(&asked.operation(), &asked.controls);
        let control = lines_of(wire, id, &format!("paged {text}"), lines);
        cookie = control
            .map(|value| parts(&parts(&value)[0].1)[1].1.clone())
            .unwrap_or_default();
        if cookie.is_empty() {
            return;
        }
    }
}

fn search<S: Read + Write>(wire: &mut Wire<S>, search: &Search<'_>, lines: &mut Vec<String>) {
    let id = wire.ask(&search.operation(), &search.controls);
    let operation = search.operation();
    let asked = String::from_utf8_lossy(&operation).replace(|c: char| c.is_control(), " ");
    lines_of(wire, id, &format!("search {asked}"), lines);
}

fn simple<S: Read + Write>(wire: &mut Wire<S>, operation: &[u8], name: &str, lines: &mut Vec<String>) {
    let id = wire.ask(operation, &[]);
    let message = wire.next().expect("an answer");
    assert_eq!(message.id, id);
    lines.push(format!("{name} {:x} {}", message.tag, exact(&message.content)));
}

/// Reads to the result of a search; its paging control.
fn lines_of<S: Read + Write>(
    wire: &mut Wire<S>,
    id: i64,
    asked: &str,
    lines: &mut Vec<String>,
) -> Option<Vec<u8>> {
    let mut text = asked.to_owned();
    loop {
        let message = wire.next().expect("an answer");
        assert_eq!(message.id, id);
        let _ = write!(text, "\n{:x} {}", message.tag, exact(&message.content));
        let mut paging = None;
        for (oid, value) in &message.controls {
            let mut shown = value.clone();
            if oid == "1.2.840.113556.1.4.319" {
                paging = Some(value.clone());
                // Sixteen octets of a cookie are its seal, made with a key of the process and of the connection.
                let from = shown.len().saturating_sub(16);
                shown[from..].fill(0);
            }
            let _ = write!(text, " {oid} {shown:?}");
        }
        if message.tag != 0x64 {
            lines.push(text);
            return paging;
        }
    }
}

/// Each octet as one character: what is not text is compared, too.
fn exact(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Puts in the place of every instant of some texts its place among them: two histories have other clocks, and the
/// same order of events. A change that moves an instant in one of them makes one more.
pub fn without_clocks(texts: &mut [Vec<String>]) {
    let mut instants = BTreeSet::new();
    // LDAP's form, in seconds.
    let positions = |text: &str| -> Vec<usize> {
        let bytes = text.as_bytes();
        (0..bytes.len().saturating_sub(14))
            .filter(|&at| bytes[at + 14] == b'Z' && bytes[at..at + 14].iter().all(u8::is_ascii_digit))
            .filter(|&at| at == 0 || !bytes[at - 1].is_ascii_digit())
            .collect()
    };
    for text in texts.iter().flatten() {
        for at in positions(text) {
            instants.insert(text[at..at + 15].to_owned());
        }
    }
    let order: Vec<String> = instants.into_iter().collect();
    for text in texts.iter_mut().flatten() {
        for at in positions(text) {
            let place = order.binary_search(&text[at..at + 15].to_owned()).unwrap();
            text.replace_range(at..at + 15, &format!("<time {place:08}>"));
        }
    }
}
