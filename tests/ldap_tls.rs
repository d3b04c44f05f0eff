//! LDAP under TLS from outside: versions, resumption, StartTLS, certificates of servers reloaded and of clients
//! mapped to accounts, keys in clear.

mod support;

use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use support::tls::{self, Authority, Identity, client, connect, handshake};
use support::wire::{BASE, Search, Wire, bind, bind_external, extended, message, number, parts, text};
use support::{Node, Place, eventually};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ALL_VERSIONS, HandshakeKind};

const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
const CABINET: &str = "uid=cabinet,ou=comptes,o=mssante,c=fr";

/// Who the server says that asks.
fn who<S: std::io::Read + Write>(wire: &mut Wire<S>) -> String {
    wire.ask(&extended(WHO_AM_I, None), &[]);
    let answer = wire.next().unwrap();
    let value = parts(&answer.content).into_iter().find(|(tag, _)| *tag == 0x8b);
    value.map(|(_, who)| text(&who)).unwrap_or_default()
}

fn mechanisms<S: std::io::Read + Write>(wire: &mut Wire<S>) -> Vec<String> {
    let root = wire.search(&Search::new("(objectClass=*)").at("", BASE));
    root.entries[0]
        .attributes
        .get("supportedSASLMechanisms")
        .cloned()
        .unwrap_or_default()
}

fn extensions<S: std::io::Read + Write>(wire: &mut Wire<S>) -> Vec<String> {
    let root = wire.search(&Search::new("(objectClass=*)").at("", BASE));
    root.entries[0].attributes["supportedExtension"].clone()
}

fn is_served<S: std::io::Read + Write>(wire: &mut Wire<S>) {
    assert_eq!(wire.search(&Search::new("(sn=testeur)")).entries.len(), 1);
}

#[test]
fn both_versions_are_spoken_and_sessions_resumed() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    for version in [&TLS12, &TLS13] {
        let config = client(&[version], None);
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let mut wire = Wire::over(connect(&config, &node.ldaps).unwrap());
            is_served(&mut wire);
            assert_eq!(wire.stream.conn.protocol_version(), Some(version.version));
            kinds.push(wire.stream.conn.handshake_kind().unwrap());
        }
        assert_eq!(
            kinds,
            [HandshakeKind::Full, HandshakeKind::Resumed],
            "{version:?}"
        );
    }
}

#[test]
fn start_tls_throws_away_what_was_sent_in_clear_behind_it() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let key = place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    let mut clear = Wire::connect(&node.ldap);
    assert!(extensions(&mut clear).contains(&START_TLS.to_owned()));
    let injected = [
        message(2, &extended(START_TLS, None), &[]),
        message(3, &bind(3, CABINET, key.trim()), &[]),
        message(4, &Search::new("(sn=testeur)").operation(), &[]),
    ];
    clear.send(&injected.concat());
    let answer = clear.next().unwrap();
    assert_eq!(
        (answer.id, answer.tag, number(&parts(&answer.content)[0].1)),
        (2, 0x78, 0)
    );
    let tls = handshake(&client(ALL_VERSIONS, None), clear.stream).unwrap();
    let mut wire = Wire::over(tls);
    assert_eq!(who(&mut wire), "", "the bind was not heard");
    is_served(&mut wire);
    assert_eq!(wire.result(&bind(3, CABINET, key.trim()), &[]), 0);
    assert_eq!(who(&mut wire), format!("dn:{CABINET}"));
    assert!(!extensions(&mut wire).contains(&START_TLS.to_owned()));
    assert_eq!(
        wire.result(&extended(START_TLS, None), &[]),
        1,
        "TLS is on already"
    );
    is_served(&mut wire);
}

#[test]
fn start_tls_waits_for_nothing_under_way() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut wire = Wire::connect(&node.ldap);
    let legs: String = (0..110).map(|n| format!("(!(displayName=*zq{n}*))")).collect();
    let long = Search::new(&format!("(&{legs}(displayName<=0))")).at("o=annuaire-sante,c=fr", 2);
    wire.send(
        &[
            message(1, &long.operation(), &[]),
            message(2, &extended(START_TLS, None), &[]),
        ]
        .concat(),
    );
    let refused = wire.next().unwrap();
    assert_eq!((refused.id, number(&parts(&refused.content)[0].1)), (2, 1));
    assert_eq!(wire.answer(1).code, 0);
    is_served(&mut wire);
}

#[test]
fn a_handshake_that_does_not_come_ends_the_connection() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut wire = Wire::connect(&node.ldap);
    assert_eq!(wire.result(&extended(START_TLS, None), &[]), 0);
    wire.send(&message(3, &bind(3, "", ""), &[]));
    let mut said = Vec::new();
    // A reset is an end too.
    let _ = wire.stream.read_to_end(&mut said);
    assert!(
        said.is_empty() || said[0] == 0x15,
        "an alert of TLS at most, no answer in clear: {said:?}"
    );
}

#[test]
fn certificates_are_reloaded_and_connections_stay() {
    let place = Place::new();
    let authority = Authority::new("serveurs");
    let write = |identity: &Identity| {
        let pem = |label: &str, der: &[u8]| {
            use std::fmt::Write as _;
            let mut text = format!("-----BEGIN {label}-----\n");
            for line in base64(der).as_bytes().chunks(64) {
                writeln!(text, "{}", std::str::from_utf8(line).unwrap()).unwrap();
            }
            text + &format!("-----END {label}-----\n")
        };
        let cert = place.file("cert.pem", pem("CERTIFICATE", &identity.0));
        (
            cert,
            place.file("key.pem", pem("PRIVATE KEY", identity.1.secret_der())),
        )
    };
    let (old, new) = (
        authority.sign("ancien", &["localhost"]),
        authority.sign("nouveau", &["localhost"]),
    );
    let (cert, key) = write(&old);
    let node = place.serve_sample(&["--tls-cert", &cert, "--tls-key", &key]);
    let shown = || {
        let tls = connect(&client(ALL_VERSIONS, None), &node.ldaps).unwrap();
        tls.conn.peer_certificates().unwrap()[0].clone()
    };
    let mut before = Wire::over(connect(&client(ALL_VERSIONS, None), &node.ldaps).unwrap());
    is_served(&mut before);
    assert_eq!(shown(), old.0);

    place.file("cert.pem", "broken");
    node.signal(Signal::HUP);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(shown(), old.0, "a broken file changes nothing");
    write(&new);
    node.signal(Signal::HUP);
    eventually("the new certificate is shown", Duration::from_secs(20), || {
        shown() == new.0
    });
    is_served(&mut before);
}

/// RFC 4648 section 4.
fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in octets.chunks(3) {
        let bits = three
            .iter()
            .fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

/// A node that knows an authority of clients, and the account `cabinet`.
fn with_authority(place: &Place) -> (Authority, Node) {
    let authority = Authority::new("clients");
    let file = place.file("clients.pem", authority.pem());
    let node = place.serve_sample(&["--client-ca", &file]);
    place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    (authority, node)
}

fn certified(identity: &Identity, node: &Node) -> Wire<tls::Tls> {
    Wire::over(connect(&client(ALL_VERSIONS, Some(identity)), &node.ldaps).unwrap())
}

#[test]
fn a_certificate_signs_in_as_the_account_that_it_names() {
    let place = Place::new();
    let (authority, node) = with_authority(&place);
    for identity in [
        authority.sign("cabinet", &[]),
        authority.sign("Logiciel d'exemple", &["poste.exemple", "cabinet"]),
    ] {
        let mut wire = certified(&identity, &node);
        assert_eq!(mechanisms(&mut wire), ["EXTERNAL"]);
        for authzid in [None, Some(""), Some("u:cabinet"), Some(&format!("dn:{CABINET}"))] {
            assert_eq!(wire.result(&bind(3, "", ""), &[]), 0);
            assert_eq!(who(&mut wire), "");
            assert_eq!(wire.result(&bind_external(authzid), &[]), 0, "{authzid:?}");
            assert_eq!(who(&mut wire), format!("dn:{CABINET}"));
        }
        for authzid in [
            "u:autre",
            "dn:uid=autre,ou=comptes,o=mssante,c=fr",
            "cabinet",
            "dn:x",
        ] {
            assert_eq!(wire.result(&bind_external(Some(authzid)), &[]), 49, "{authzid}");
            assert_eq!(who(&mut wire), "", "after a failed bind nobody is signed in");
        }
    }
}

#[test]
fn a_certificate_signs_in_after_start_tls_too() {
    let place = Place::new();
    let (authority, node) = with_authority(&place);
    let mut clear = Wire::connect(&node.ldap);
    assert_eq!(clear.result(&bind_external(None), &[]), 7);
    assert_eq!(clear.result(&extended(START_TLS, None), &[]), 0);
    let config = client(ALL_VERSIONS, Some(&authority.sign("cabinet", &[])));
    let mut wire = Wire::over(handshake(&config, clear.stream).unwrap());
    assert_eq!(wire.result(&bind_external(None), &[]), 0);
    assert_eq!(who(&mut wire), format!("dn:{CABINET}"));
}

#[test]
fn who_has_no_certificate_is_served_and_one_of_another_authority_is_refused() {
    let place = Place::new();
    let (_, node) = with_authority(&place);
    let mut without = Wire::over(connect(&client(ALL_VERSIONS, None), &node.ldaps).unwrap());
    assert!(mechanisms(&mut without).is_empty());
    assert_eq!(without.result(&bind_external(None), &[]), 7);
    is_served(&mut without);
    let stranger = Authority::new("clients").sign("cabinet", &[]);
    let connected = connect(&client(ALL_VERSIONS, Some(&stranger)), &node.ldaps);
    // In TLS 1.3 the client learns of the refusal after its own part of the handshake.
    assert!(connected.map_or(true, tls::is_refused));
}

#[test]
fn a_certificate_of_no_account_or_of_a_revoked_one_signs_nobody_in() {
    let place = Place::new();
    let (authority, node) = with_authority(&place);
    let mut unknown = certified(&authority.sign("inconnu", &["x.exemple"]), &node);
    assert_eq!(unknown.result(&bind_external(None), &[]), 49);
    let mut wire = certified(&authority.sign("cabinet", &[]), &node);
    assert_eq!(wire.result(&bind_external(None), &[]), 0);
    place.ok(&["account", "revoke", "cabinet"]);
    assert_eq!(wire.result(&bind_external(None), &[]), 49);
}

#[test]
fn keys_in_clear_are_taken_from_this_machine_unless_forbidden() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let key = place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    assert_eq!(
        Wire::connect(&node.ldap).result(&bind(3, CABINET, key.trim()), &[]),
        0
    );
    drop(node);
    let node = place.serve(&["--ldap-keys-in-clear", "never"]);
    let mut clear = Wire::connect(&node.ldap);
    assert_eq!(clear.result(&bind(3, CABINET, key.trim()), &[]), 13);
    assert_eq!(
        clear.result(&bind(3, CABINET, "faux"), &[]),
        13,
        "whatever the key"
    );
    assert_eq!(clear.result(&bind(3, "", ""), &[]), 0, "nobody has a key to lose");
    let mut tls = Wire::over(connect(&client(ALL_VERSIONS, None), &node.ldaps).unwrap());
    assert_eq!(tls.result(&bind(3, CABINET, key.trim()), &[]), 0);
}

#[test]
fn ldapsearch_starts_tls_and_insists() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let (code, ldif) = node.ldapsearch(&["-ZZ", "-b", "o=mssante,c=fr", "(sn=testeur)", "mail"]);
    assert_eq!(code, 0);
    assert!(ldif.contains("mail: claire.testeur@"), "{ldif}");
    // What only listens does not hold the next handshake up.
    let _idle: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(&node.ldaps).unwrap())
        .collect();
    is_served(&mut Wire::over(
        connect(&client(ALL_VERSIONS, None), &node.ldaps).unwrap(),
    ));
}
