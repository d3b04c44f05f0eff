//! Clients that mean harm or are broken, from outside: each is bounded in time and memory, and others go on being
//! served meanwhile.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use support::wire::{Search, Wire, abandon, bind, element, extended, integer, message, octets};
use support::{Node, Place, eventually};

const NOTICE: &[u8] = b"1.3.6.1.4.1.1466.20036";

fn connect(node: &Node) -> TcpStream {
    let stream = TcpStream::connect(&node.ldap).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// All that the server still says before it closes.
fn to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut said);
    said
}

fn holds_notice(said: &[u8]) -> bool {
    said.windows(NOTICE.len()).any(|window| window == NOTICE)
}

/// Somebody who has done nothing wrong is served, and soon.
fn others_are_served(node: &Node) {
    let begun = Instant::now();
    let mut wire = Wire::connect(&node.ldap);
    wire.anonymous();
    let answer = wire.search(&Search::new("(sn=testeur)"));
    assert_eq!((answer.code, answer.entries.len()), (0, 1));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// A search that reads every entry of the register and asks much of each.
fn long_search(salt: usize) -> Search<'static> {
    let legs: String = (0..110)
        .map(|n| format!("(!(displayName=*zq{salt}x{n}*))"))
        .collect();
    Search::new(&format!("(&{legs}(displayName<=0))")).at("o=annuaire-sante,c=fr", 2)
}

/// Resident memory, in MiB.
fn memory(node: &Node) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn half_a_message_and_slow_senders_are_given_up() {
    let place = Place::new();
    let node = place.serve_sample(&["--ldap-first-seconds", "1"]);
    let whole = message(1, &Search::new("(sn=testeur)").operation(), &[]);
    let mut half = connect(&node);
    half.write_all(&whole[..whole.len() / 2]).unwrap();
    let mut silent = connect(&node);
    let mut slow = connect(&node);
    let begun = Instant::now();
    // One octet at a time: the octets do not count, the message does.
    let given_up = whole.iter().cycle().find(|octet| {
        std::thread::sleep(Duration::from_millis(50));
        slow.write_all(&[**octet & 0x7f | 0x20]).is_err() || begun.elapsed() > Duration::from_secs(30)
    });
    assert!(given_up.is_some() && begun.elapsed() < Duration::from_secs(30));
    assert!(to_the_end(&mut half).is_empty());
    assert!(to_the_end(&mut silent).is_empty());
    others_are_served(&node);
}

#[test]
fn silence_after_a_request_ends_the_connection() {
    let place = Place::new();
    let node = place.serve_sample(&["--ldap-idle-seconds", "1"]);
    let mut wire = Wire::connect(&node.ldap);
    wire.anonymous();
    let begun = Instant::now();
    assert!(wire.next().is_none());
    assert!(
        begun.elapsed() >= Duration::from_millis(900),
        "{:?}",
        begun.elapsed()
    );
    others_are_served(&node);
}

#[test]
fn thousands_of_idle_connections_cost_little_and_others_are_served() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    others_are_served(&node);
    let before = memory(&node);
    let mut idle: Vec<Wire> = (0..2_000).map(|_| Wire::connect(&node.ldap)).collect();
    for wire in &mut idle {
        wire.anonymous();
    }
    others_are_served(&node);
    let each = (memory(&node).saturating_sub(before)) * 1024 / 2_000;
    assert!(each < 64, "{each} KiB each");
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let place = Place::new();
    let node = place.serve_sample(&["--ldap-connections-per-address", "10"]);
    let mut held: Vec<Wire> = (0..10).map(|_| Wire::connect(&node.ldap)).collect();
    for wire in &mut held {
        wire.anonymous();
    }
    assert!(
        to_the_end(&mut connect(&node)).is_empty(),
        "the eleventh is closed"
    );
    held.pop();
    eventually("a seat is free again", Duration::from_secs(20), || {
        let mut wire = Wire::connect(&node.ldap);
        wire.stream.write_all(&message(1, &bind(3, "", ""), &[])).is_ok() && wire.next().is_some()
    });
}

#[test]
fn filters_too_wide_or_too_deep_are_refused_and_the_connection_stays() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut wire = Wire::connect(&node.ldap);
    let wide = element(0xa1, &[&[0x87, 0].repeat(10_000)]);
    let deep = |levels| {
        (0..levels).fold(support::wire::filter("(sn=testeur)"), |inner, _| {
            element(0xa2, &[&inner])
        })
    };
    for filter in [wide, deep(100), deep(5_000)] {
        let answer = wire.search(&Search {
            filter,
            ..Search::new("(sn=*)")
        });
        assert_eq!((answer.code, answer.entries.len()), (53, 0));
        assert!(
            answer.message.contains("256 elements and 32 levels"),
            "{}",
            answer.message
        );
    }
    let answer = wire.search(&Search {
        filter: deep(30),
        ..Search::new("(sn=*)")
    });
    assert_eq!((answer.code, answer.entries.len()), (0, 1));
}

#[test]
fn limits_below_zero_and_broken_filters_are_protocol_errors() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut wire = Wire::connect(&node.ldap);
    assert_eq!(wire.search(&Search::new("(sn=testeur)").limits(-1, 0)).code, 2);
    assert_eq!(wire.search(&Search::new("(sn=testeur)").limits(0, -1)).code, 2);
    let no_piece = element(0xa4, &[&octets("sn"), &[0x30, 0]]);
    let unknown = element(0xaf, &[&octets("sn"), &octets("x")]);
    for filter in [no_piece, unknown] {
        assert_eq!(
            wire.search(&Search {
                filter,
                ..Search::new("(sn=*)")
            })
            .code,
            2
        );
    }
    assert_eq!(wire.search(&Search::new("(sn=testeur)")).entries.len(), 1);
}

#[test]
fn what_is_no_ldap_gets_a_notice_and_the_door() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let huge = [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff];
    let bind_in_bytes = message(0, &bind(3, "", ""), &[]);
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for bytes in [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".as_slice(),
        tls,
        &huge,
        &bind_in_bytes,
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    ] {
        let mut stream = connect(&node);
        stream.write_all(bytes).unwrap();
        assert!(holds_notice(&to_the_end(&mut stream)), "{bytes:?}");
    }
    let mut on_tls = TcpStream::connect(&node.ldaps).unwrap();
    on_tls.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    on_tls.write_all(&message(1, &bind(3, "", ""), &[])).unwrap();
    assert!(to_the_end(&mut on_tls).len() < 100, "an alert at most");
    others_are_served(&node);
}

#[test]
fn random_bytes_and_unknown_operations_harm_nobody_and_print_nothing() {
    let place = Place::new();
    let node = place.serve_sample(&["--ldap-first-seconds", "2"]);
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u8
    };
    for round in 0..200 {
        let mut bytes: Vec<u8> = (0..200).map(|_| random()).collect();
        if round % 2 == 0 {
            // A message by its frame, whatever is in it, under every operation in turn.
            bytes.truncate(100);
            bytes = message(1, &element(0x40 | round as u8, &[&bytes]), &[]);
        }
        let mut stream = connect(&node);
        // It may be closed already.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        to_the_end(&mut stream);
    }
    let sasl = element(
        0x60,
        &[
            &integer(3),
            &octets(""),
            &element(0xa3, &[&octets("PLAIN"), &octets("x")]),
        ],
    );
    let unknown_choice = element(0x60, &[&integer(3), &octets(""), &element(0x8a, &[b"x"])]);
    let mut wire = Wire::connect(&node.ldap);
    assert_eq!(wire.result(&sasl, &[]), 7);
    assert_eq!(wire.result(&unknown_choice, &[]), 7);
    assert_eq!(wire.result(&extended("1.2.3", None), &[]), 2);
    others_are_served(&node);
    assert_eq!(*node.said.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn who_asks_much_and_never_reads_is_dropped_and_costs_little() {
    let place = Place::new();
    let node = place.serve_sample(&["--ldap-write-seconds", "2"]);
    let schema = Search::new("(objectClass=*)")
        .at("cn=Subschema", 0)
        .asking(&["+", "*"]);
    let everything: Vec<u8> = (1..=1_000)
        .flat_map(|id| message(id, &schema.operation(), &[]))
        .collect();
    let mut greedy: Vec<TcpStream> = (0..10).map(|_| connect(&node)).collect();
    for stream in &mut greedy {
        stream.write_all(&everything).unwrap();
        stream.set_nonblocking(true).unwrap();
    }
    others_are_served(&node);
    for stream in &mut greedy {
        eventually("it is dropped", Duration::from_secs(100), || {
            let full = std::io::ErrorKind::WouldBlock;
            stream.write(&everything).is_err_and(|error| error.kind() != full)
        });
        assert!(memory(&node) < 400);
    }
    others_are_served(&node);
}

#[test]
fn many_searches_at_once_and_then_silence_keep_nobody_waiting() {
    let place = Place::new();
    let node = place.serve_sample(&["--ldap-search-seconds", "3"]);
    let mut busy: Vec<Wire> = (0..20).map(|_| Wire::connect(&node.ldap)).collect();
    for (salt, wire) in busy.iter_mut().enumerate() {
        for _ in 0..10 {
            wire.ask(&long_search(salt).operation(), &[]);
        }
    }
    others_are_served(&node);
}

#[test]
fn abandon_and_cancel_end_a_long_search_while_it_runs() {
    let place = Place::new();
    let extracts = place.path("extracts");
    place.ok(&[
        "sample",
        "--people",
        "3000",
        "--seed",
        "7",
        "--out",
        extracts.to_str().unwrap(),
    ]);
    place.ok(&["import", extracts.to_str().unwrap()]);
    let node = place.serve(&["--ldap-search-seconds", "120"]);
    let mut wire = Wire::connect(&node.ldap);
    wire.anonymous();
    let begun = Instant::now();
    assert_eq!(wire.search(&long_search(0)).entries.len(), 0);
    let whole = begun.elapsed();

    let begun = Instant::now();
    let id = wire.ask(&long_search(1).operation(), &[]);
    std::thread::sleep(whole / 20);
    let cancel = wire.ask(
        &extended("1.3.6.1.1.8", Some(&element(0x30, &[&integer(id)]))),
        &[],
    );
    assert_eq!(wire.answer(id).code, 118, "canceled");
    let answer = wire.next().unwrap();
    assert_eq!((answer.id, answer.tag, answer.content[2]), (cancel, 0x78, 0));
    assert!(begun.elapsed() < whole / 2, "{:?} of {whole:?}", begun.elapsed());

    // As many as run at one time, each abandoned: the next would wait for all of them.
    let begun = Instant::now();
    let ids: Vec<i64> = (2..6)
        .map(|salt| wire.ask(&long_search(salt).operation(), &[]))
        .collect();
    std::thread::sleep(whole / 20);
    for id in ids {
        wire.ask(&abandon(u8::try_from(id).unwrap()), &[]);
    }
    let answer = wire.search(&Search::new("(mail=absent@x-exemple.mssante.fr)"));
    assert_eq!(
        (answer.code, answer.entries.len()),
        (0, 0),
        "and nothing of the abandoned ones"
    );
    assert!(begun.elapsed() < whole, "{:?} of {whole:?}", begun.elapsed());
}

#[test]
fn cancel_tells_what_it_cannot_do() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut wire = Wire::connect(&node.ldap);
    wire.anonymous();
    let target = |id| element(0x30, &[&integer(id)]);
    assert_eq!(
        wire.result(&extended("1.3.6.1.1.8", Some(&target(1))), &[]),
        119,
        "it has ended"
    );
    assert_eq!(wire.result(&extended("1.3.6.1.1.8", Some(&target(77))), &[]), 119);
    assert_eq!(wire.result(&extended("1.3.6.1.1.8", None), &[]), 2);
    assert_eq!(
        wire.result(&extended("1.3.6.1.4.1.4203.1.11.1", None), &[]),
        53,
        "keys are not changed here"
    );
}
