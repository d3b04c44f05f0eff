//! HTTP manners and quotas, from outside: the real binary, curl and bare sockets.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use support::{Node, Place};

const SEARCH: &str = "/api/v1/recherche?q=testeur";

/// `curl -i` of a path: head and body.
fn curl(node: &Node, path: &str, arguments: &[&str]) -> (String, Vec<u8>) {
    let output = Command::new("curl")
        .args(["-s", "-i", "--max-time", "20"])
        .args(arguments)
        .arg(format!("http://{}{path}", node.http))
        .output()
        .unwrap()
        .stdout;
    let end = output
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("an answer");
    let head = String::from_utf8(output[..end].to_vec()).unwrap();
    (head, output[end + 4..].to_vec())
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .find(|(given, _)| given.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn status(head: &str) -> u16 {
    head.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Sends bytes on a connection of its own and gives all that comes back until the other side closes.
fn exchange(node: &Node, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(&node.http).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server closes");
    answer
}

#[test]
fn http_1_1_without_one_good_host_is_a_bad_request() {
    let place = Place::new();
    let mut node = place.serve_sample(&[]);
    let ask = |node: &Node, version: &str, hosts: &str| {
        let head = format!("GET /sante HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
        String::from_utf8(exchange(node, head.as_bytes())).unwrap()
    };
    // The administration address keeps the same rule.
    for address in [node.http.clone(), node.admin.clone()] {
        node.http = address;
        for hosts in ["", "Host: a\r\nHost: a\r\n", "Host: a b\r\n", "Host: u@a\r\n"] {
            let answer = ask(&node, "1.1", hosts);
            assert_eq!(status(&answer), 400, "{hosts:?}");
            assert!(
                answer.contains("application/problem+json") && answer.contains("/docs/erreurs#hote-invalide"),
                "{answer}"
            );
        }
        for (version, hosts) in [
            ("1.1", "Host: annuaire.exemple:80\r\n"),
            ("1.1", "Host:\r\n"),
            ("1.0", ""),
        ] {
            let answer = ask(&node, version, hosts);
            assert_ne!(status(&answer), 400, "{version} {hosts:?}");
        }
    }
}

#[test]
fn the_public_has_a_quota_by_address_that_every_answer_tells() {
    let place = Place::new();
    let node = place.serve_sample(&["--http-public-requests-per-minute", "3"]);
    for left in (0..3).rev() {
        let (head, _) = curl(&node, SEARCH, &["-H", "X-Forwarded-For: 192.0.2.1"]);
        assert_eq!(status(&head), 200);
        assert_eq!(header(&head, "ratelimit-policy"), Some("\"public\";q=3;w=60"));
        let told = header(&head, "ratelimit").unwrap();
        assert!(told.starts_with(&format!("\"public\";r={left};t=")), "{told}");
    }
    let (head, body) = curl(&node, SEARCH, &["-H", "X-Forwarded-For: 192.0.2.2"]);
    assert_eq!(status(&head), 429, "who is no trusted proxy names nobody");
    let wait: u64 = header(&head, "retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert!(String::from_utf8(body).unwrap().contains("/api/v1/extractions"));

    let key = place.ok(&["account", "create", "cabinet", "--role", "professional"]);
    let key = format!("ESANTE-API-KEY: {}", key.trim());
    let (head, _) = curl(&node, SEARCH, &["-H", &key]);
    assert_eq!(status(&head), 200, "an account has a quota of its own");
    assert_eq!(header(&head, "ratelimit-policy"), Some("\"compte\";q=6000;w=60"));
    assert_eq!(status(&curl(&node, "/sante", &[]).0), 200, "health has none");
    for number in 0..4 {
        let (head, _) = curl(&node, SEARCH, &["-H", "ESANTE-API-KEY: wrong"]);
        assert_eq!(status(&head), if number < 3 { 401 } else { 429 });
    }
}

#[test]
fn behind_a_trusted_proxy_each_address_and_each_network_of_ipv6_has_a_quota() {
    let place = Place::new();
    let node = place.serve_sample(&[
        "--http-public-requests-per-minute",
        "1",
        "--trusted-proxies",
        "127.0.0.1",
    ]);
    for (header, expected) in [
        ("X-Forwarded-For: 192.0.2.1", 200),
        ("X-Forwarded-For: 192.0.2.1", 429),
        ("X-Forwarded-For: 192.0.2.2", 200),
        ("X-Forwarded-For: 192.0.2.3, 192.0.2.2", 429),
        ("Forwarded: for=\"[2001:db8:0:1::1]:443\"", 200),
        ("X-Forwarded-For: 2001:db8:0:1::2", 429),
        ("X-Forwarded-For: 2001:db8:0:2::2", 200),
    ] {
        let (head, _) = curl(&node, SEARCH, &["-H", header]);
        assert_eq!(status(&head), expected, "{header}");
    }
}

#[test]
fn the_public_reads_so_many_entries_a_day_and_the_same_again_for_nothing() {
    let place = Place::new();
    let node = place.serve_sample(&["--http-public-entries-per-day", "30"]);
    let page = |number: u32| {
        curl(
            &node,
            &format!("/api/v1/recherche?par_page=20&page={number}"),
            &[],
        )
    };
    assert_eq!(status(&page(1).0), 200);
    assert_eq!(status(&page(1).0), 200);
    let (head, body) = page(2);
    assert_eq!(status(&head), 429);
    assert!(
        String::from_utf8(body)
            .unwrap()
            .contains("/docs/erreurs#quota-du-jour")
    );
    assert!(header(&head, "retry-after").unwrap().parse::<u64>().unwrap() <= 24 * 60 * 60);
    assert_eq!(status(&page(1).0), 200);
    let whole = curl(&node, "/api/v1/extractions/structures", &[]);
    assert_eq!(status(&whole.0), 200, "extractions are for that");
}

#[test]
fn answers_are_compressed_for_who_takes_it_and_files_only_once() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let path = "/api/v1/recherche?par_page=50";
    let (_, plain) = curl(&node, path, &[]);
    let (head, sent) = curl(&node, path, &["-H", "Accept-Encoding: gzip"]);
    assert_eq!(header(&head, "content-encoding"), Some("gzip"));
    assert!(header(&head, "vary").is_some());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&sent[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain);
    assert!(sent.len() < plain.len() / 2);
    support::eventually("the files are made", Duration::from_secs(30), || {
        let path = "/api/v1/extractions/structures.csv.gz";
        let (head, _) = curl(&node, path, &["-H", "Accept-Encoding: gzip"]);
        let is_ready = status(&head) == 200;
        assert!(!is_ready || header(&head, "content-encoding").is_none(), "{head}");
        is_ready
    });
}

#[test]
fn an_answer_that_has_not_changed_is_not_sent_again() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    for path in [SEARCH, "/api/v1/domaines", "/api/v1/structures/F990000000"] {
        let (head, _) = curl(&node, path, &[]);
        let tag = header(&head, "etag").unwrap();
        assert_eq!(header(&head, "cache-control"), Some("private, no-cache"));
        let (head, body) = curl(&node, path, &["-H", &format!("If-None-Match: {tag}")]);
        assert_eq!((status(&head), body.len()), (304, 0), "{path}");
        assert_eq!(header(&head, "etag"), Some(tag));
        let (head, body) = curl(&node, path, &["-H", "If-None-Match: W/\"other\""]);
        assert_eq!(status(&head), 200);
        assert!(!body.is_empty());
    }
    let tag = |path: &str| header(&curl(&node, path, &[]).0, "etag").map(str::to_owned);
    assert_ne!(tag(SEARCH), tag("/api/v1/recherche?q=lafontaine"));
}

#[test]
fn pages_of_the_sites_that_were_named_may_read() {
    let place = Place::new();
    let node = place.serve_sample(&["--http-origins", "https://a.fr"]);
    let asked = |origin: &str| {
        let origin = format!("Origin: {origin}");
        let method = "Access-Control-Request-Method: POST";
        curl(&node, SEARCH, &["-X", "OPTIONS", "-H", &origin, "-H", method]).0
    };
    let allowed = "access-control-allow-origin";
    let head = asked("https://a.fr");
    assert_eq!(header(&head, allowed), Some("https://a.fr"));
    assert!(
        header(&head, "access-control-allow-headers")
            .unwrap()
            .contains("esante-api-key")
    );
    assert_eq!(header(&asked("https://b.fr"), allowed), None);
    let (head, _) = curl(&node, SEARCH, &["-H", "Origin: https://a.fr"]);
    assert!(
        header(&head, "access-control-expose-headers")
            .unwrap()
            .contains("ratelimit")
    );
}

#[test]
fn http_2_is_spoken_to_who_knows_it() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let (head, body) = curl(&node, SEARCH, &["--http2-prior-knowledge"]);
    assert!(head.starts_with("HTTP/2 200"), "{head}");
    assert_eq!(body, curl(&node, SEARCH, &[]).1);
}

#[test]
fn who_does_not_ask_in_time_is_left() {
    let place = Place::new();
    let node = place.serve_sample(&["--http-head-seconds", "1", "--http-answer-seconds", "1"]);
    // Each returns only because the server closes; the exchange would else end by its own time limit, in error.
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHost:"] {
        let answer = String::from_utf8_lossy(&exchange(&node, beginning.as_bytes())).into_owned();
        assert!(!answer.contains(" 200 "), "{beginning}: {answer}");
    }
    let idle = exchange(&node, b"GET /sante HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(String::from_utf8(idle).unwrap().starts_with("HTTP/1.1 200"));
    let post =
        "POST /api/v1/messageries/verification HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let slow = exchange(&node, format!("{post}Content-Length: 50\r\n\r\n{{").as_bytes());
    let slow = String::from_utf8(slow).unwrap();
    assert!(
        slow.starts_with("HTTP/1.1 503") && slow.contains("delai-depasse"),
        "{slow}"
    );
}

#[test]
fn who_takes_nothing_of_its_answers_loses_its_seat() {
    let place = Place::new();
    let node = place.serve_sample(&["--http-taking-seconds", "1", "--http-connections", "1"]);
    let asking = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    let mut silent = None;
    // Other connections to the node may not have ended yet.
    support::eventually("the only seat is taken", Duration::from_secs(20), || {
        let mut stream = TcpStream::connect(&node.http).unwrap();
        let is_seated =
            stream.write_all(&asking).is_ok() && stream.peek(&mut [0]).is_ok_and(|octets| octets > 0);
        silent = is_seated.then_some(stream);
        is_seated
    });
    support::eventually("another is answered", Duration::from_secs(20), || {
        let mut stream = TcpStream::connect(&node.http).unwrap();
        let asks = b"GET /sante HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let mut answer = String::new();
        stream.write_all(asks).is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.contains(" 200 ")
    });
}

/// A frame of HTTP/2 (RFC 9113, 4.1): its type, flags, stream and payload.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags, 0, 0, 0, stream];
    [&head[..], payload].concat()
}

/// Asks by HTTP/2 with a window of so many octets for each answer, reads all and answers every PING; returns once the
/// server closes. Gives the types of the frames that came.
fn talk_http_2(node: &support::Node, path: &str, window: u32) -> Vec<u8> {
    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const PING: u8 = 6;
    let mut stream = TcpStream::connect(&node.http).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // SETTINGS_INITIAL_WINDOW_SIZE is 4.
    let window = [&[0, 4][..], &window.to_be_bytes()].concat();
    // RFC 7541, appendix A: GET, http, then a literal path and authority.
    let mut fields = vec![0x82, 0x86, 0x04, path.len() as u8];
    fields.extend(path.bytes().chain([0x01, 1, b'x']));
    let mut asking = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    asking.extend(frame(SETTINGS, 0, 0, &window));
    asking.extend(frame(HEADERS, 0b101, 1, &fields));
    stream.write_all(&asking).unwrap();
    let mut came = Vec::new();
    loop {
        let mut head = [0; 9];
        match stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("kept: {came:?}"),
            Err(_) => return came,
        }
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        if stream.read_exact(&mut payload).is_err() {
            return came;
        }
        came.push(head[3]);
        // Asked every twenty seconds whether the client is there.
        assert!(
            came.iter().filter(|kind| **kind == PING).count() < 4,
            "kept: {came:?}"
        );
        if head[3] == PING && head[4] == 0 {
            let _ = stream.write_all(&frame(PING, 1, 0, &payload));
        }
    }
}

#[test]
fn who_lets_no_answer_through_by_http_2_loses_its_seat() {
    let place = Place::new();
    let node = place.serve_sample(&["--http-taking-seconds", "1"]);
    let came = talk_http_2(&node, "/openapi.json", 0);
    // The head of the answer, but nothing of its body.
    assert!(came.contains(&1) && !came.contains(&0), "{came:?}");
}

#[test]
fn who_asks_nothing_more_by_http_2_loses_its_seat() {
    let place = Place::new();
    let node = place.serve_sample(&["--http-head-seconds", "1"]);
    let came = talk_http_2(&node, "/sante", 1 << 20);
    assert!(came.contains(&0), "{came:?}");
}

#[test]
fn heads_and_bodies_have_a_size() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let long = format!(
        "GET /sante HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    let answer = String::from_utf8(exchange(&node, long.as_bytes())).unwrap();
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let body = place.file("body", "x".repeat((1 << 20) + 1));
    let arguments = [
        "-H",
        "Content-Type: application/json",
        "-H",
        "Expect:",
        "--data-binary",
    ];
    let data = format!("@{body}");
    let (head, _) = curl(
        &node,
        "/api/v1/messageries/verification",
        &[&arguments[..], &[&data]].concat(),
    );
    assert_eq!(status(&head), 413);
}

#[test]
fn every_answer_has_an_identifier_of_its_own() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut seen = std::collections::BTreeSet::new();
    for path in [SEARCH, SEARCH, "/api/v1/inconnu", "/api/v1/recherche?x=1"] {
        let (head, _) = curl(&node, path, &["-H", "X-Request-Id: mine"]);
        let id = header(&head, "x-request-id").unwrap().to_owned();
        assert!(id.len() == 16 && seen.insert(id));
    }
}

#[test]
fn an_answer_under_way_ends_well_when_the_node_stops() {
    let place = Place::new();
    let mut node = place.serve_sample(&[]);
    let mut idle = TcpStream::connect(&node.http).unwrap();
    write!(idle, "GET /sante HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut stream = TcpStream::connect(&node.http).unwrap();
    let body = r#"{"adresses":["a@b.fr"]}"#;
    let length = body.len();
    write!(
        stream,
        "POST /api/v1/messageries/verification HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    )
    .unwrap();
    // The server says so when it waits for the body: the request is under way.
    let mut goes_on = [0; 25];
    stream.read_exact(&mut goes_on).unwrap();
    assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    node.signal(Signal::TERM);
    support::eventually("new connections are refused", Duration::from_secs(5), || {
        TcpStream::connect(&node.http).is_err()
    });
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"resultats\""),
        "{answer}"
    );
    assert!(node.child.wait().unwrap().success());
}
