//! LDAP from outside, by `ldapsearch` and by python's `ldap3`, over the committed sample.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::{Node, Place, sample, values};

const BASE: &str = "o=mssante,c=fr";

fn served(place: &Place) -> Node {
    place.serve(&["--load-sample-when-empty", &sample()])
}

#[test]
fn thunderbird_s_filter_finds_every_spelling() {
    let place = Place::new();
    let node = served(&place);
    for (typed, address) in [
        ("testeur", "claire.testeur@sage-femme-exemple.mssante.fr"),
        ("delafontaine", "jp.delafontaine@medecin-exemple.mssante.fr"),
        ("de la fontaine", "jp.delafontaine@medecin-exemple.mssante.fr"),
        ("huillier", "zoe.lhuillier@infirmier-exemple.mssante.fr"),
        (
            "œuvrard",
            "emile.oeuvrard@masseur-kinesitherapeute-exemple.mssante.fr",
        ),
        ("nguyễn", "thilan.nguyen@pharmacien-exemple.mssante.fr"),
    ] {
        let filter = format!("(|(cn=*{typed}*)(mail=*{typed}*)(givenName=*{typed}*)(sn=*{typed}*))");
        let (code, ldif) = node.ldapsearch(&["-b", BASE, "-z", "100", &filter, "cn", "mail"]);
        assert_eq!(code, 0, "{typed}");
        assert!(values(&ldif, "mail").contains(&address), "{typed}: {ldif}");
    }
}

#[test]
fn the_size_limit_gives_exactly_so_many_entries_and_result_4() {
    let place = Place::new();
    let node = served(&place);
    let (code, ldif) = node.ldapsearch(&["-b", BASE, "-z", "7", "(mail=*)", "mail"]);
    assert_eq!((code, values(&ldif, "mail").len()), (4, 7));
    let (code, ldif) = node.ldapsearch(&["-b", BASE, "(mail=*)", "mail"]);
    assert_eq!((code, values(&ldif, "mail").len()), (4, 100));
}

#[test]
fn filters_follow_three_valued_logic_and_compare_as_the_directory_does() {
    let place = Place::new();
    let node = served(&place);
    let count = |filter: &str| {
        let (code, ldif) = node.ldapsearch(&["-b", BASE, filter, "mail"]);
        assert!(code == 0 || code == 4, "{filter}: {code}");
        values(&ldif, "mail").len()
    };
    assert_eq!(count("(&(cn=*testeur*)(mozillaNickname=x))"), 0);
    assert_eq!(count("(|(cn=*testeur*)(mozillaNickname=x))"), 1);
    assert_eq!(count("(&(cn=*testeur*)(!(mozillaNickname=x)))"), 0);
    assert_eq!(count("(&(cn=*testeur*)(!(mail=absent@x.fr)))"), 1);
    assert_eq!(count("(sn=DELAFONTAINE)"), 1);
    assert_eq!(count("(surname=de la fontaine)"), 1);
    assert_eq!(count("(2.5.4.4=de-la-fontaine)"), 1);
    assert_eq!(count("(cn~=de la fontaine jean-pierre)"), 1);
    assert_eq!(count("(cn:caseIgnoreMatch:=TESTEUR Claire)"), 1);
    assert_eq!(count("(mail=CLAIRE.TESTEUR@sage-femme-exemple.mssante.fr)"), 1);
    assert_eq!(count("(IdentifiantPP=99000000002)"), 1);
    assert_eq!(count("(&(sn>=testeur)(sn<=testeur))"), 1);
    assert_eq!(count("(|)"), 0);
    assert_eq!(
        count("(&(TypeBAL=ORG)(IdentifiantPM=990000000)(ou=cardiologie))"),
        1
    );
    assert_eq!(count("(&)"), 100);
}

#[test]
fn every_base_and_scope_answers_as_promised() {
    let place = Place::new();
    let node = served(&place);
    let (_, ldif) = node.ldapsearch(&["-b", "dc=mssante,dc=fr", "(cn=*testeur*)", "mail"]);
    assert!(ldif.contains("ou=bal,dc=mssante,dc=fr"), "{ldif}");
    let (_, ldif) = node.ldapsearch(&["-b", "", "(cn=*testeur*)", "mail"]);
    assert!(ldif.contains("ou=bal,o=mssante,c=fr"), "{ldif}");
    let (code, ldif) = node.ldapsearch(&[
        "-b",
        "o=annuaire-sante,c=fr",
        "(sn=testeur)",
        "cn",
        "profession",
        "mail",
    ]);
    assert_eq!(code, 0);
    assert!(
        ldif.contains("uid=899000000002,ou=professionnels,o=annuaire-sante,c=fr"),
        "{ldif}"
    );
    assert_eq!(values(&ldif, "profession"), ["50"]);
    let (_, ldif) = node.ldapsearch(&[
        "-b",
        "ou=structures,o=annuaire-sante,c=fr",
        "(finess=990000000)",
        "o",
    ]);
    assert!(ldif.contains("uid=F990000000,ou=structures"), "{ldif}");
    let entry = "mail=claire.testeur@sage-femme-exemple.mssante.fr,ou=bal,o=mssante,c=fr";
    let (code, ldif) = node.ldapsearch(&["-b", entry, "-s", "base", "(objectClass=*)", "*", "+"]);
    assert_eq!(code, 0);
    assert!(
        ldif.contains("entryUUID: ") && ldif.contains("objectClass: inetOrgPerson"),
        "{ldif}"
    );
    assert_eq!(
        node.ldapsearch(&["-b", "mail=absent@x.fr,ou=bal,o=mssante,c=fr", "-s", "base"])
            .0,
        32
    );
    assert_eq!(node.ldapsearch(&["-b", "o=ailleurs", "(cn=a)"]).0, 32);
    let (code, ldif) = node.ldapsearch(&["-b", "ou=comptes,o=mssante,c=fr", "(uid=*)"]);
    assert!(code == 0 || code == 50, "{code}");
    assert!(!ldif.contains("uid: "));
}

#[test]
fn attributes_are_selected_by_name_alias_oid_and_types_only() {
    let place = Place::new();
    let node = served(&place);
    let filter = "(sn=testeur)";
    let (_, ldif) = node.ldapsearch(&["-b", BASE, filter, "surname", "2.5.4.42", "inconnu"]);
    assert!(
        ldif.contains("surname: TESTEUR") && ldif.contains("2.5.4.42: Claire") && !ldif.contains("mail: "),
        "{ldif}"
    );
    let (_, ldif) = node.ldapsearch(&["-b", BASE, filter, "1.1"]);
    assert_eq!(ldif.trim().lines().count(), 1, "{ldif}");
    let (_, ldif) = node.ldapsearch(&["-A", "-b", BASE, filter, "sn"]);
    assert!(ldif.contains("sn:") && !ldif.contains("TESTEUR"), "{ldif}");
}

#[test]
fn root_dse_and_subschema_are_readable() {
    let place = Place::new();
    let node = served(&place);
    let (code, ldif) = node.ldapsearch(&["-b", "", "-s", "base", "(objectClass=*)"]);
    assert_eq!(code, 0);
    assert!(
        values(&ldif, "namingContexts").contains(&"o=mssante,c=fr"),
        "{ldif}"
    );
    let (code, ldif) = node.ldapsearch(&[
        "-b",
        "cn=subschema",
        "-s",
        "base",
        "(objectClass=subschema)",
        "objectClasses",
        "attributeTypes",
    ]);
    assert_eq!(code, 0);
    assert!(ldif.contains("NAME 'inetOrgPerson'"), "{ldif}");
    assert!(
        values(&ldif, "objectClasses")
            .iter()
            .all(|definition| definition.contains("NAME"))
    );
}

#[test]
fn accounts_bind_by_their_name_and_key_and_wrong_ones_are_49() {
    let place = Place::new();
    let node = served(&place);
    let key = place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    let bind = |url: String, key: &str| {
        let output = Command::new("ldapwhoami")
            .args([
                "-x",
                "-H",
                &url,
                "-D",
                "uid=cabinet,ou=comptes,o=mssante,c=fr",
                "-w",
                key,
            ])
            .env("LDAPTLS_REQCERT", "never")
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let (code, who) = bind(format!("ldaps://{}", node.ldaps), key.trim());
    assert_eq!(code, 0);
    assert!(who.contains("uid=cabinet"), "{who}");
    assert_eq!(bind(format!("ldap://{}", node.ldap), "faux").0, 49);
    let writes = Command::new("ldapdelete")
        .args([
            "-x",
            "-H",
            &format!("ldap://{}", node.ldap),
            "mail=a@b.fr,ou=bal,o=mssante,c=fr",
        ])
        .output()
        .unwrap();
    assert_eq!(writes.status.code(), Some(53));
    let unknown = node.ldapsearch(&["-b", BASE, "-e", "!1.2.3.4", "(cn=a)"]);
    assert_eq!(unknown.0, 12);
}

#[test]
fn malformed_messages_get_a_notice_and_others_go_on_being_served() {
    let place = Place::new();
    let node = served(&place);
    let mut stream = TcpStream::connect(&node.ldap).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"\x30\x05\x02\x01\x01\x7f\x00").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(
        answer.windows(22).any(|w| w == b"1.3.6.1.4.1.1466.20036"),
        "{answer:?}"
    );
    assert_eq!(node.ldapsearch(&["-b", BASE, "(sn=testeur)"]).0, 0);
}

#[test]
fn python_s_ldap3_reads_what_ldapsearch_reads() {
    let place = Place::new();
    let node = served(&place);
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv/bin/python");
    let python = if venv.exists() {
        venv.into_os_string()
    } else {
        "python3".into()
    };
    let script = format!(
        "import ldap3\nhost, port = '{}'.split(':')\n\
         s = ldap3.Server(host, port=int(port), get_info=ldap3.ALL)\n\
         c = ldap3.Connection(s, auto_bind=True)\n\
         assert 'o=mssante,c=fr' in s.info.naming_contexts, s.info\n\
         assert 'inetOrgPerson' in s.schema.object_classes\n\
         assert 'TypeBAL' in s.schema.attribute_types\n\
         c.search('o=mssante,c=fr', '(&(objectClass=person)(sn=testeur))', attributes=['cn', 'mail', 'TypeBAL'])\n\
         e = c.entries[0]\n\
         assert e.cn.values == ['TESTEUR Claire', 'Claire TESTEUR'], e\n\
         assert c.compare(e.entry_dn, 'TypeBAL', 'PER')\n\
         assert not c.compare(e.entry_dn, 'TypeBAL', 'ORG')\n\
         print('bien')",
        node.ldap
    );
    let output = Command::new(python).args(["-c", &script]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("No module named 'ldap3'") {
        panic!("python's ldap3 is missing: ./test installs it");
    }
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "bien", "{errors}");
}
