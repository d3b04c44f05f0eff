//! The controls and operations as others understand them: OpenLDAP's tools and python's `ldap3`.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Node, Place, values};

const BASE: &str = "o=mssante,c=fr";

/// What `ldapsearch` prints of an answer, comments with the controls' results too.
fn ldapsearch(node: &Node, arguments: &[&str]) -> String {
    let output = Command::new("ldapsearch")
        .args(["-x", "-H", &format!("ldap://{}", node.ldap), "-b", BASE])
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn ldapsearch_reads_pages_to_the_end() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let said = ldapsearch(&node, &["-E", "!pr=20/noprompt", "(mail=*)", "mail"]);
    assert!(values(&said, "mail").len() > 150, "{said}");
    assert!(said.contains("# numResponses:"), "{said}");
    let said = ldapsearch(&node, &["-E", "!pr=20/noprompt", "-z", "50", "(mail=*)", "mail"]);
    assert!(said.contains("result: 4 Size limit exceeded"), "{said}");
}

#[test]
fn ldapsearch_sorts_and_is_told_what_cannot_be() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let said = ldapsearch(&node, &["-E", "!sss=cn:2.5.13.3", "(mail=*)", "cn"]);
    assert!(said.contains("sortResult: (0) Success"), "{said}");
    let said = ldapsearch(&node, &["-E", "sss=IMHandle", "(sn=testeur)", "cn"]);
    assert!(said.contains("sortResult: (16) No such attribute"), "{said}");
}

#[test]
fn ldapsearch_gets_matched_values_and_its_assertions_checked() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let said = ldapsearch(
        &node,
        &["-E", "!mv=((cn=testeur claire)(mail=*))", "(sn=testeur)"],
    );
    assert_eq!(values(&said, "cn"), ["TESTEUR Claire"], "{said}");
    assert_eq!(values(&said, "mail").len(), 1);
    assert!(values(&said, "sn").is_empty());
    let said = ldapsearch(&node, &["-e", "!assert=(o=ailleurs)", "(sn=testeur)"]);
    assert!(
        said.contains("Assertion Failed (122)") || said.contains("result: 122"),
        "{said}"
    );
    let said = ldapsearch(
        &node,
        &["-e", "!manageDSAit", "-E", "!subentries=true", "(sn=testeur)"],
    );
    assert!(
        said.contains("result: 0 Success") && values(&said, "mail").is_empty(),
        "{said}"
    );
}

#[test]
fn ldapexop_asks_who_it_is_and_cannot_cancel_what_is_not_there() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let ask = |arguments: &[&str]| {
        let url = format!("ldap://{}", node.ldap);
        let output = Command::new("ldapexop")
            .args(["-x", "-H", &url])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    assert!(ask(&["whoami"]).contains("anonymous"));
    assert!(
        ask(&["cancel", "77"]).contains("(119)"),
        "{}",
        ask(&["cancel", "77"])
    );
}

#[test]
fn python_s_ldap3_pages_starts_tls_and_signs_in() {
    let place = Place::new();
    let node = place.serve_sample(&["--ldap-keys-in-clear", "never"]);
    let key = place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv/bin/python");
    let python = if venv.exists() {
        venv.into_os_string()
    } else {
        "python3".into()
    };
    let script = format!(
        "import ldap3, ssl\nhost, port = '{}'.split(':')\n\
         t = ldap3.Tls(validate=ssl.CERT_NONE)\n\
         s = ldap3.Server(host, port=int(port), tls=t, get_info=ldap3.ALL)\n\
         who = 'uid=cabinet,ou=comptes,o=mssante,c=fr'\n\
         c = ldap3.Connection(s, user=who, password='{}')\n\
         assert not c.bind() and c.result['result'] == 13, c.result\n\
         c = ldap3.Connection(s, user=who, password='{}', auto_bind=ldap3.AUTO_BIND_TLS_BEFORE_BIND)\n\
         assert c.extend.standard.who_am_i() == 'dn:' + who\n\
         found = list(c.extend.standard.paged_search('o=mssante,c=fr', '(mail=*)', attributes=['mail'], paged_size=20))\n\
         assert len({{e['dn'] for e in found}}) == len(found) > 150, len(found)\n\
         assert '1.2.840.113556.1.4.319' in [c[0] for c in s.info.supported_controls]\n\
         print('bien')",
        node.ldap,
        key.trim(),
        key.trim()
    );
    let output = Command::new(python).args(["-c", &script]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "bien", "{errors}");
}
