//! Our answers beside OpenLDAP's: the same entries in both, the same filters to both.
//!
//! Two sets: filters that mean the same in both, over names without accents, hyphens and particles, which must find
//! the same entries; and filters where we answer otherwise on purpose, each with its reason. Runs where `slapd` is
//! installed (`./test` installs it on Debian); elsewhere it says so and ends.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::{Node, Place, eventually};

const BASE: &str = "ou=bal,o=mssante,c=fr";
const HEADER: &str = include_str!("../import/layouts/correspondance_mssante.txt");
const NAMES: [&str; 12] = [
    "MARTIN",
    "BERNARD",
    "THOMAS",
    "PETIT",
    "ROBERT",
    "RICHARD",
    "DURAND",
    "DUBOIS",
    "MOREAU",
    "LAURENT",
    "SIMON",
    "MARTINEAU",
];
const FIRST: [&str; 7] = ["Claire", "Paul", "Emma", "Louis", "Martin", "Anne", "Hugo"];
const TOWNS: [&str; 5] = ["NANTES", "LYON", "LILLE", "METZ", "ROUEN"];

/// Sixty boxes of people and a few of services, with nothing in their names that our analysis folds.
fn extract() -> String {
    let titles: Vec<&str> = HEADER
        .lines()
        .find(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('|').collect())
        .unwrap();
    let mut text = titles.join("|") + "\n";
    for n in 0..60 {
        let (nom, prenom, town) = (NAMES[n % 12], FIRST[n % 7], TOWNS[n % 5]);
        let mut row = [const { String::new() }; 31];
        row[0] = "PER".into();
        row[1] = format!(
            "{}.{}{n}@site{}-exemple.mssante.fr",
            prenom.to_lowercase(),
            nom.to_lowercase(),
            n % 4
        );
        row[2] = "8".into();
        row[3] = format!("990000{n:05}");
        row[4] = format!("8990000{n:05}");
        row[9] = nom.into();
        row[10] = prenom.into();
        row[13] = "60".into();
        row[14] = "Infirmier".into();
        row[18] = format!("CENTRE {}", ["ALPHA", "BETA", "GAMMA"][n % 3]);
        row[27] = format!("{}000 {town}", 10 + n % 5);
        row[28] = format!("{}000", 10 + n % 5);
        row[30] = "FRANCE".into();
        text.push_str(&(row.join("|") + "\n"));
    }
    for n in 0..6 {
        let mut row = [const { String::new() }; 31];
        row[0] = "ORG".into();
        row[1] = format!("accueil{n}@site0-exemple.mssante.fr");
        row[18] = "CENTRE DELTA".into();
        row[7] = format!("SERVICE {n}");
        row[27] = "10000 NANTES".into();
        row[28] = "10000".into();
        row[30] = "FRANCE".into();
        text.push_str(&(row.join("|") + "\n"));
    }
    text
}

/// A slapd over the entries that our server answers; `None` where there is no slapd.
struct Peer {
    child: Child,
    url: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn peer(place: &Place, node: &Node) -> Option<Peer> {
    let slapd = ["/usr/sbin/slapd", "/usr/lib/openldap/slapd"]
        .into_iter()
        .find(|path| Path::new(path).exists())?;
    let folder = place.path("slapd");
    std::fs::create_dir_all(folder.join("db")).unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/ldap/annuaire.schema");
    let conf = place.file(
        "slapd/slapd.conf",
        format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\ninclude {schema}\n\
             modulepath /usr/lib/ldap\nmoduleload back_mdb\nsizelimit unlimited\n\
             database mdb\nsuffix o=mssante,c=fr\ndirectory {}\nindex objectClass eq\n",
            folder.join("db").display()
        ),
    );
    let (code, ldif) = node.ldapsearch(&["-b", BASE, "-s", "one", "(mail=*)"]);
    assert_eq!(code, 0);
    let mut entries = String::from(
        "dn: o=mssante,c=fr\nobjectClass: organization\no: mssante\n\n\
         dn: ou=bal,o=mssante,c=fr\nobjectClass: organizationalUnit\nou: bal\n\n",
    );
    for line in ldif
        .lines()
        .filter(|line| !line.ends_with("mozillaAbPersonAlpha"))
    {
        entries.push_str(line);
        entries.push('\n');
    }
    let entries = place.file("slapd/entries.ldif", entries);
    let added = Command::new(slapd)
        .args(["-T", "add", "-q", "-f", &conf, "-l", &entries])
        .output()
        .unwrap();
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("ldap://127.0.0.1:{port}");
    let child = Command::new(slapd)
        .args(["-f", &conf, "-h", &url, "-d", "0"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let peer = Peer { child, url };
    eventually("slapd answers", Duration::from_secs(20), || {
        Command::new("ldapsearch")
            .args(["-x", "-H", &peer.url, "-b", "", "-s", "base", "1.1"])
            .output()
            .unwrap()
            .status
            .success()
    });
    Some(peer)
}

/// The names of the entries that each filter finds, in one session.
fn ask(place: &Place, url: &str, filters: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let file = place.path("filters.txt");
    let mut list = std::fs::File::create(&file).unwrap();
    for filter in filters {
        writeln!(list, "{}", &filter[1..filter.len() - 1]).unwrap();
    }
    let output = Command::new("ldapsearch")
        .args([
            "-x",
            "-c",
            "-o",
            "ldif-wrap=no",
            "-H",
            url,
            "-b",
            BASE,
            "-s",
            "one",
        ])
        .args(["-f", file.to_str().unwrap(), "(%s)", "1.1"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found = BTreeMap::new();
    let mut current: Option<(String, BTreeSet<String>)> = None;
    for line in text.lines() {
        if let Some(filter) = line.strip_prefix("# filter: ") {
            found.extend(current.take());
            current = Some((filter.to_owned(), BTreeSet::new()));
        } else if let (Some(dn), Some((_, names))) = (line.strip_prefix("dn: "), &mut current) {
            names.insert(dn.to_lowercase());
        }
    }
    found.extend(current);
    found
}

/// Filters that mean the same in both.
fn same() -> Vec<String> {
    let mut simple = Vec::new();
    let pieces = [
        (
            "cn",
            &["martin", "claire martin", "MARTIN Claire", "  bernard   emma "][..],
        ),
        ("sn", &["martin", "MARTINEAU", "dubois", "absent"]),
        ("givenName", &["claire", "MARTIN", "hug"]),
        (
            "mail",
            &[
                "claire.martin0@site0-exemple.mssante.fr",
                "EMMA.thomas2@SITE2-exemple.mssante.fr",
            ],
        ),
        ("o", &["centre alpha", "CENTRE  delta"]),
        ("l", &["nantes", "Lyon", "metz"]),
        ("postalCode", &["10000", "12000"]),
        ("IdentifiantPP", &["99000000007", "99000000058", "1"]),
        ("TypeBAL", &["per", "ORG", "APP"]),
        ("ou", &["service 1", "SERVICE 5"]),
        ("employeeNumber", &["899000000003"]),
        ("title", &["infirmier"]),
    ];
    for (attribute, values) in pieces {
        simple.push(format!("({attribute}=*)"));
        for value in values {
            simple.push(format!("({attribute}={value})"));
            let word = value.trim();
            let (head, tail) = (&word[..word.len().min(3)], &word[word.len().saturating_sub(3)..]);
            let middle = &word[word.len() / 3..(word.len() / 3 + 2).min(word.len())];
            simple.push(format!("({attribute}={head}*)"));
            simple.push(format!("({attribute}=*{tail})"));
            if !middle.trim().is_empty() && middle.trim() == middle {
                simple.push(format!("({attribute}=*{middle}*)"));
                simple.push(format!("({attribute}={}*{tail})", &head[..1]));
            }
        }
    }
    for letter in "abcdefghijklmnopqrstuvwxyz0123456789".chars() {
        simple.push(format!(
            "(|(cn=*{letter}*)(mail=*{letter}*)(givenName=*{letter}*)(sn=*{letter}*))"
        ));
        simple.push(format!("(cn={letter}*)"));
    }
    for pair in ["ma", "ar", "rt", "in", "xq", "zz", "le", "e ", " p"] {
        simple.push(format!("(cn=*{}*)", pair.trim()));
        simple.push(format!("(mail=*{}*)", pair.trim()));
    }
    for alias in [
        "commonName=martin claire",
        "surname=petit",
        "gn=emma",
        "2.5.4.4=petit",
        "2.5.4.42=em*",
    ] {
        simple.push(format!("({alias})"));
    }
    for more in [
        "rfc822Mailbox=emma*",
        "0.9.2342.19200300.100.1.3=*thomas*",
        "localityName=nantes",
        "organizationName=*alpha*",
        "CN=*MARTIN*",
        "sN=Petit",
        "objectClass=*",
        "objectClass=person",
        "objectclass=INETORGPERSON",
        "objectClass=organization",
        "objectClass=mssanteBAL",
        "description=*",
        "telephoneNumber=*",
        "telephoneNumber=0102",
        "pager=*",
        "seeAlso=*",
        "cn=*a*r*",
        "cn=ma*n*e",
        "cn=*mar*cla*",
        "cn=c*e*mar*n",
        "cn:caseIgnoreMatch:=martin claire",
        "sn:2.5.13.2:=PETIT",
        "IdentifiantPP>=99000000030",
        "IdentifiantPP<=99000000005",
        "TypeBAL>=ORG",
        "postalCode=1*",
        "modifyTimestamp>=20000101000000Z",
        "modifyTimestamp<=20000101000000Z",
        "entryDN=ou=bal,o=mssante,c=fr",
        "entryDN=mail=claire.martin0@site0-exemple.mssante.fr,ou=bal,o=mssante,c=fr",
        "structuralObjectClass=inetOrgPerson",
        "hasSubordinates=FALSE",
        "hasSubordinates=TRUE",
        "mozillaNickname=x",
        "IMHandle=x*",
        "anr=martin",
        "cn;binary=martin",
        "uid=*",
        "uid=b_*",
        "cn~=claire",
        "name=petit",
    ] {
        simple.push(format!("({more})"));
    }
    let mut all = vec![
        "(&)".to_owned(),
        "(|)".to_owned(),
        "(!(&))".to_owned(),
        "(!(|))".to_owned(),
    ];
    let unknown = "(noSuchAttribute=x)";
    for (n, filter) in simple.iter().enumerate() {
        all.push(filter.clone());
        let other = &simple[(n * 7 + 3) % simple.len()];
        all.push(match n % 8 {
            0 => format!("(!{filter})"),
            1 => format!("(&{filter}{other})"),
            2 => format!("(|{filter}{other})"),
            3 => format!("(&{filter}(!{other}))"),
            4 => format!("(|{filter}{unknown})"),
            5 => format!("(&{filter}{unknown})"),
            6 => format!("(!(|{filter}{unknown}))"),
            _ => format!("(&(|{filter}{other})(!(&{filter}{other}))(mail=*))"),
        });
    }
    all
}

/// Filters where we answer otherwise, on purpose: filter, entries here, entries in slapd, why.
const OTHERWISE: &[(&str, usize, usize, &str)] = &[
    (
        "(sn>=simon)",
        10,
        0,
        "names have an order here; the standard gives them no ordering rule",
    ),
    (
        "(sn;lang-fr=petit)",
        5,
        0,
        "values have no language; who asks for French ones gets them",
    ),
    ("(sn=pétit)", 5, 0, "accents do not count"),
    ("(sn=martín)", 5, 0, "accents do not count"),
    ("(cn=Martin-Claire)", 1, 0, "signs between words do not count"),
    ("(cn=*martin-claire*)", 1, 0, "signs between words do not count"),
];

#[test]
fn the_same_filters_find_the_same_entries_as_in_openldap() {
    let place = Place::new();
    let file = place.file("Extraction_Correspondance_MSSante_202601150800.txt", extract());
    place.ok(&["import", &file]);
    let node = place.serve(&["--ldap-public-size-limit", "0"]);
    let Some(peer) = peer(&place, &node) else {
        eprintln!("slapd is not installed: nothing to compare with");
        return;
    };
    let ours = format!("ldap://{}", node.ldap);
    let filters = same();
    assert!(filters.len() >= 300, "{}", filters.len());
    let (mine, theirs) = (ask(&place, &ours, &filters), ask(&place, &peer.url, &filters));
    let mut differ = Vec::new();
    for filter in &filters {
        let (a, b) = (mine.get(filter), theirs.get(filter));
        if a.is_none() || a != b {
            let count = |found: Option<&BTreeSet<String>>| found.map(BTreeSet::len);
            differ.push(format!("{filter}: {:?} here, {:?} there", count(a), count(b)));
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {} differ:\n{}",
        differ.len(),
        filters.len(),
        differ.join("\n")
    );

    let filters: Vec<String> = OTHERWISE
        .iter()
        .map(|(filter, ..)| (*filter).to_owned())
        .collect();
    let (mine, theirs) = (ask(&place, &ours, &filters), ask(&place, &peer.url, &filters));
    let mut wrong = Vec::new();
    for (filter, here, there, why) in OTHERWISE {
        let counts = (
            mine.get(*filter).map(BTreeSet::len),
            theirs.get(*filter).map(BTreeSet::len),
        );
        if counts != (Some(*here), Some(*there)) {
            wrong.push(format!("{filter} ({why}): {counts:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
