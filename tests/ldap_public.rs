//! What the public may read in a day, and whose address counts behind a proxy.

mod support;

use std::io::Write;
use std::net::TcpStream;

use support::tls::{client, handshake};
use support::wire::{BASE, Search, Wire, bind, control, element, filter, octets, paged, sorted, view_at};
use support::{Node, Place};
use tokio_rustls::rustls::ALL_VERSIONS;

const ACCOUNT: &str = "uid=cabinet,ou=comptes,o=mssante,c=fr";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c";

fn limited(place: &Place, entries: &str, more: &[&str]) -> Node {
    place.serve_sample(&[&["--ldap-public-entries-per-day", entries], more].concat())
}

fn anonymous(node: &Node) -> Wire {
    let mut wire = Wire::connect(&node.ldap);
    wire.anonymous();
    wire
}

/// A connection that a proxy makes for somebody else.
fn through_a_proxy(node: &Node, header: &[u8]) -> Wire {
    let mut wire = Wire::connect(&node.ldap);
    wire.send(header);
    wire
}

#[test]
fn the_public_reads_so_many_different_entries_a_day_and_the_same_ones_again() {
    let place = Place::new();
    let node = limited(&place, "30", &[]);
    let mut wire = anonymous(&node);
    let first = wire.search(&Search::new("(mail=*)").limits(25, 0));
    assert_eq!((first.code, first.entries.len()), (4, 25));
    let again = wire.search(&Search::new("(mail=*)").limits(25, 0));
    assert_eq!((again.code, again.entries.len()), (4, 25));
    // Thirty in all, whatever the connection or the way they are asked.
    let more = anonymous(&node).search(&Search::new("(mail=*)").limits(100, 0));
    assert_eq!((more.code, more.entries.len()), (4, 30));
    let last = &more.entries[29];
    let known = wire.search(&Search::new("(objectClass=*)").at(&last.dn, BASE));
    assert_eq!((known.code, known.entries.len()), (0, 1));

    let key = place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    let mut account = Wire::connect(&node.ldap);
    assert_eq!(account.result(&bind(3, ACCOUNT, key.trim()), &[]), 0);
    let all = account.search(&Search::new("(mail=*)").limits(0, 0));
    assert_eq!(all.code, 0);
    assert!(all.entries.len() > 150);

    // What is left is ended as a full answer is: by pages, windows, counts, names and comparisons alike.
    let unread = all
        .entries
        .iter()
        .find(|entry| more.entries.iter().all(|read| read.dn != entry.dn))
        .unwrap();
    let by_name = Search::new("(objectClass=*)").at(&unread.dn, BASE);
    let by_address = Search::new(&format!("(mail={})", unread.first("mail")));
    let a_page = Search::new("(cn=*)").limits(0, 0).with(paged(100, b"", true));
    let a_count = Search::new("(cn=*)").limits(0, 0).with(paged(0, b"", true));
    let a_window = Search::new("(cn=*)")
        .limits(0, 0)
        .with(sorted("cn", None, false, true))
        .with(view_at(0, 9, 1, 0));
    let an_assertion = by_name
        .clone()
        .with(control("1.3.6.1.1.12", true, Some(&filter("(sn=x)"))));
    for search in [by_name, by_address, a_count, a_window, an_assertion] {
        let answer = wire.search(&search);
        assert_eq!((answer.code, answer.entries.len()), (4, 0));
    }
    let page = wire.search(&a_page);
    assert!(page.code == 4 && page.cookie().is_empty());
    let compare = element(
        0x6e,
        &[
            &octets(&unread.dn),
            &element(0x30, &[&octets("sn"), &octets("x")]),
        ],
    );
    assert_eq!(wire.result(&compare, &[]), 4);
    // Absent and hidden entries are no part of it.
    let absent =
        Search::new("(objectClass=*)").at("mail=a@absent-exemple.mssante.fr,ou=bal,o=mssante,c=fr", BASE);
    assert_eq!(wire.search(&absent).code, 32);
}

#[test]
fn pages_end_with_the_budget_and_what_was_found_so_far() {
    let place = Place::new();
    let node = limited(&place, "45", &[]);
    let mut wire = anonymous(&node);
    let (mut read, mut cookie, mut codes) = (0, Vec::new(), Vec::new());
    loop {
        let page = wire.search(&Search::new("(cn=*)").limits(0, 0).with(paged(20, &cookie, false)));
        read += page.entries.len();
        codes.push(page.code);
        cookie = page.cookie();
        if cookie.is_empty() {
            break;
        }
    }
    assert_eq!((read, codes), (45, vec![0, 0, 4]));
}

#[test]
fn none_is_no_budget() {
    let place = Place::new();
    let node = limited(&place, "0", &["--ldap-public-size-limit", "0"]);
    let all = anonymous(&node).search(&Search::new("(mail=*)").limits(0, 0));
    assert_eq!(all.code, 0);
    assert!(all.entries.len() > 150);
}

#[test]
fn behind_a_trusted_proxy_each_client_has_its_own_budget_and_keys_are_not_local() {
    let place = Place::new();
    let node = limited(&place, "10", &["--trusted-proxies", "127.0.0.0/8"]);
    let read = |header: &[u8]| {
        let mut wire = through_a_proxy(&node, header);
        let answer = wire.search(&Search::new("(mail=*)").limits(0, 0));
        assert_eq!(answer.code, 4);
        let fresh = wire.search(&Search::new("(sn=zzzz)"));
        assert_eq!(fresh.code, 0);
        answer.entries.len()
    };
    assert_eq!(read(b"PROXY TCP4 192.0.2.1 192.0.2.9 50000 389\r\n"), 10);
    assert_eq!(read(b"PROXY TCP6 2001:db8::1 2001:db8::9 50000 389\r\n"), 10);
    assert_eq!(
        read(&[V2, &[192, 0, 2, 2, 192, 0, 2, 9, 1, 1, 1, 1]].concat()),
        10
    );
    let sees = |header: &[u8], name: &str| {
        let filter = format!("(sn={name})");
        through_a_proxy(&node, header)
            .search(&Search::new(&filter))
            .entries
            .len()
    };
    let spent: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.9 50001 389\r\n";
    let other: &[u8] = b"PROXY TCP4 192.0.2.3 192.0.2.9 50001 389\r\n";
    assert_eq!((sees(spent, "testeur"), sees(other, "testeur")), (0, 1));
    assert_eq!(
        sees(b"PROXY TCP6 2001:db8::ffff 2001:db8::9 1 2\r\n", "testeur"),
        0,
        "the same /64"
    );

    let key = place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    assert_eq!(
        through_a_proxy(&node, other).result(&bind(3, ACCOUNT, key.trim()), &[]),
        13
    );
    assert_eq!(
        through_a_proxy(&node, b"PROXY UNKNOWN\r\n").result(&bind(3, ACCOUNT, key.trim()), &[]),
        13,
        "whoever came through a proxy that does not say who"
    );
    let mut own = Wire::connect(&node.ldap);
    assert_eq!(
        own.result(&bind(3, ACCOUNT, key.trim()), &[]),
        0,
        "the proxy's machine may speak for itself"
    );
}

#[test]
fn under_tls_the_header_comes_before_the_handshake() {
    let place = Place::new();
    let node = limited(&place, "10", &["--trusted-proxies", "127.0.0.1"]);
    for header in [&b"PROXY TCP4 192.0.2.1 192.0.2.9 50000 636\r\n"[..], b""] {
        let mut stream = TcpStream::connect(&node.ldaps).unwrap();
        stream.write_all(header).unwrap();
        let mut wire = Wire::over(handshake(&client(ALL_VERSIONS, None), stream).unwrap());
        assert_eq!(wire.search(&Search::new("(sn=testeur)")).entries.len(), 1);
    }
}

#[test]
fn a_header_of_somebody_who_is_not_trusted_or_that_is_none_ends_the_connection() {
    let place = Place::new();
    let node = limited(&place, "10", &["--trusted-proxies", "192.0.2.0/24"]);
    let header = b"PROXY TCP4 192.0.2.1 192.0.2.9 50000 389\r\n";
    let notice = through_a_proxy(&node, header).next().unwrap();
    assert_eq!((notice.id, notice.tag), (0, 0x78), "no LDAP");
    drop(node);
    let node = place.serve(&["--trusted-proxies", "127.0.0.1"]);
    assert!(through_a_proxy(&node, b"PROXY TCP4 nowhere\r\n").next().is_none());
}
