//! LDAP as it stands on the wire: requests byte by byte as a client sends them, answers taken apart.
//!
//! Not a client library: it sends what no library would, and reads without forgiving.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Scopes of a search.
pub const BASE: u8 = 0;
pub const ONE: u8 = 1;
pub const SUB: u8 = 2;

/// A BER element.
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=127 => out.push(short as u8),
        long => {
            let octets = (long as u32).to_be_bytes();
            let skip = octets.iter().take_while(|octet| **octet == 0).count();
            out.push(0x80 | (4 - skip) as u8);
            out.extend(&octets[skip..]);
        }
    }
    out.extend(content);
    out
}

/// An OCTET STRING.
pub fn octets(text: impl AsRef<[u8]>) -> Vec<u8> {
    element(4, &[text.as_ref()])
}

/// An INTEGER, in as many octets as it needs.
pub fn integer(value: i64) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let mut skip = 0;
    while skip < 7
        && (octets[skip] == 0 && octets[skip + 1] < 0x80 || octets[skip] == 0xff && octets[skip + 1] >= 0x80)
    {
        skip += 1;
    }
    element(2, &[&octets[skip..]])
}

/// A whole message.
pub fn message(id: i64, operation: &[u8], controls: &[Vec<u8>]) -> Vec<u8> {
    let controls = match controls {
        [] => Vec::new(),
        list => element(0xa0, &[&list.concat()]),
    };
    element(0x30, &[&integer(id), operation, &controls])
}

/// A request control.
pub fn control(oid: &str, critical: bool, value: Option<&[u8]>) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    let value = value.map(octets).unwrap_or_default();
    element(0x30, &[&octets(oid), critical, &value])
}

/// Paged results, RFC 2696.
pub fn paged(size: i64, cookie: &[u8], critical: bool) -> Vec<u8> {
    let value = element(0x30, &[&integer(size), &octets(cookie)]);
    control("1.2.840.113556.1.4.319", critical, Some(&value))
}

/// Sorting by one attribute, RFC 2891.
pub fn sorted(attribute: &str, rule: Option<&str>, reverse: bool, critical: bool) -> Vec<u8> {
    let rule = rule
        .map(|rule| element(0x80, &[rule.as_bytes()]))
        .unwrap_or_default();
    let reverse: &[u8] = if reverse { &[0x81, 1, 0xff] } else { &[] };
    let key = element(0x30, &[&octets(attribute), &rule, reverse]);
    control("1.2.840.113556.1.4.473", critical, Some(&element(0x30, &[&key])))
}

/// A virtual list view around an offset.
pub fn view_at(before: i64, after: i64, offset: i64, count: i64) -> Vec<u8> {
    let target = element(0xa0, &[&integer(offset), &integer(count)]);
    view(before, after, &target)
}

/// A virtual list view around a value.
pub fn view_from(before: i64, after: i64, value: &str) -> Vec<u8> {
    view(before, after, &element(0x81, &[value.as_bytes()]))
}

fn view(before: i64, after: i64, target: &[u8]) -> Vec<u8> {
    let value = element(0x30, &[&integer(before), &integer(after), target]);
    control("2.16.840.1.113730.3.4.9", true, Some(&value))
}

/// A filter from its text, as clients make it: each piece between stars one component, empty pieces none. Raw
/// octets by `\xx`.
pub fn filter(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let filter = parse(&mut rest);
    assert!(rest.is_empty(), "filter: {text}");
    filter
}

fn parse(rest: &mut &[u8]) -> Vec<u8> {
    assert_eq!(rest[0], b'(');
    *rest = &rest[1..];
    let made = match rest[0] {
        sign @ (b'&' | b'|' | b'!') => {
            *rest = &rest[1..];
            let mut parts = Vec::new();
            while rest[0] == b'(' {
                parts.extend(parse(rest));
            }
            let tag = [(b'&', 0xa0), (b'|', 0xa1), (b'!', 0xa2)]
                .iter()
                .find(|(s, _)| *s == sign)
                .unwrap()
                .1;
            element(tag, &[&parts])
        }
        _ => {
            let end = rest.iter().position(|octet| *octet == b')').unwrap();
            let made = assertion(&rest[..end]);
            *rest = &rest[end..];
            made
        }
    };
    assert_eq!(rest[0], b')');
    *rest = &rest[1..];
    made
}

fn assertion(text: &[u8]) -> Vec<u8> {
    let equals = text.iter().position(|octet| *octet == b'=').unwrap();
    let (name, value) = (&text[..equals], &text[equals + 1..]);
    let simple = |tag: u8, name: &[u8]| element(tag, &[&octets(name), &octets(unescaped(value))]);
    match name.last() {
        Some(b'>') => return simple(0xa5, &name[..name.len() - 1]),
        Some(b'<') => return simple(0xa6, &name[..name.len() - 1]),
        Some(b'~') => return simple(0xa8, &name[..name.len() - 1]),
        _ => {}
    }
    if value == b"*" {
        return element(0x87, &[name]);
    }
    let pieces: Vec<&[u8]> = value.split(|octet| *octet == b'*').collect();
    if let [_] = pieces[..] {
        return simple(0xa3, name);
    }
    let last = pieces.len() - 1;
    let pieces: Vec<u8> = (0..=last)
        .filter(|n| !pieces[*n].is_empty())
        .flat_map(|n| {
            let tag = if n == 0 {
                0x80
            } else if n == last {
                0x82
            } else {
                0x81
            };
            element(tag, &[&unescaped(pieces[n])])
        })
        .collect();
    element(0xa4, &[&octets(name), &element(0x30, &[&pieces])])
}

fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = value;
    while let Some((first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'\\', [a, b, tail @ ..]) => {
                out.push(u8::from_str_radix(std::str::from_utf8(&[*a, *b]).unwrap(), 16).unwrap());
                rest = tail;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// A search request.
#[derive(Clone)]
pub struct Search<'a> {
    pub base: &'a str,
    pub scope: u8,
    pub size: i64,
    pub time: i64,
    pub types_only: bool,
    pub filter: Vec<u8>,
    pub attributes: &'a [&'a str],
    pub controls: Vec<Vec<u8>>,
}

impl<'a> Search<'a> {
    /// Over the mailboxes, as most clients ask.
    pub fn new(text: &str) -> Self {
        Self {
            base: "o=mssante,c=fr",
            scope: SUB,
            size: 100,
            time: 0,
            types_only: false,
            filter: filter(text),
            attributes: &[],
            controls: Vec::new(),
        }
    }

    pub fn asking(self, attributes: &'a [&'a str]) -> Self {
        Self { attributes, ..self }
    }

    pub fn with(mut self, control: Vec<u8>) -> Self {
        self.controls.push(control);
        self
    }

    pub fn limits(self, size: i64, time: i64) -> Self {
        Self { size, time, ..self }
    }

    pub fn at(self, base: &'a str, scope: u8) -> Self {
        Self { base, scope, ..self }
    }

    /// The operation's octets.
    pub fn operation(&self) -> Vec<u8> {
        let names: Vec<u8> = self.attributes.iter().flat_map(octets).collect();
        element(
            0x63,
            &[
                &octets(self.base),
                &element(0x0a, &[&[self.scope]]),
                &element(0x0a, &[&[0]]),
                &integer(self.size),
                &integer(self.time),
                &element(1, &[&[if self.types_only { 0xff } else { 0 }]]),
                &self.filter,
                &element(0x30, &[&names]),
            ],
        )
    }
}

/// A simple bind.
pub fn bind(version: i64, name: &str, key: &str) -> Vec<u8> {
    element(
        0x60,
        &[
            &integer(version),
            &octets(name),
            &element(0x80, &[key.as_bytes()]),
        ],
    )
}

/// A bind by SASL EXTERNAL.
pub fn bind_external(authzid: Option<&str>) -> Vec<u8> {
    let credentials = authzid.map(octets).unwrap_or_default();
    let sasl = element(0xa3, &[&octets("EXTERNAL"), &credentials]);
    element(0x60, &[&integer(3), &octets(""), &sasl])
}

/// An extended operation.
pub fn extended(oid: &str, value: Option<&[u8]>) -> Vec<u8> {
    let value = value.map(|value| element(0x81, &[value])).unwrap_or_default();
    element(0x77, &[&element(0x80, &[oid.as_bytes()]), &value])
}

/// To abandon an operation.
pub fn abandon(id: u8) -> Vec<u8> {
    element(0x50, &[&[id]])
}

/// One message of the server.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: i64,
    pub tag: u8,
    pub content: Vec<u8>,
    pub controls: BTreeMap<String, Vec<u8>>,
}

/// An entry with its attributes, as named in the answer.
#[derive(Debug, Clone)]
pub struct Entry {
    pub dn: String,
    pub attributes: BTreeMap<String, Vec<String>>,
}

impl Entry {
    /// The first value of an attribute.
    pub fn first(&self, name: &str) -> &str {
        self.attributes
            .get(name)
            .and_then(|values| values.first())
            .map_or("", String::as_str)
    }
}

/// All that answers a search.
#[derive(Debug)]
pub struct Answer {
    pub entries: Vec<Entry>,
    pub code: i64,
    pub message: String,
    pub controls: BTreeMap<String, Vec<u8>>,
}

impl Answer {
    /// First values of an attribute.
    pub fn firsts(&self, name: &str) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.first(name)).collect()
    }

    /// The cookie of the next page.
    pub fn cookie(&self) -> Vec<u8> {
        let value = &self.controls["1.2.840.113556.1.4.319"];
        let page = parts(&parts(value)[0].1);
        page[1].1.clone()
    }

    /// Place, count and result of a virtual list view.
    pub fn view(&self) -> (i64, i64, i64) {
        let value = &self.controls["2.16.840.1.113730.3.4.10"];
        let parts = parts(&parts(value)[0].1);
        (number(&parts[0].1), number(&parts[1].1), number(&parts[2].1))
    }

    /// What became of sorting, and the attribute it is about.
    pub fn sorting(&self) -> (i64, String) {
        let value = &self.controls["1.2.840.113556.1.4.474"];
        let parts = parts(&parts(value)[0].1);
        let about = parts.get(1).map(|(tag, name)| {
            assert_eq!(*tag, 0x80);
            text(name)
        });
        (number(&parts[0].1), about.unwrap_or_default())
    }
}

/// The elements of a content.
pub fn parts(mut content: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut parts = Vec::new();
    while !content.is_empty() {
        let (size, length) = header(content).unwrap();
        parts.push((content[0], content[size..size + length].to_vec()));
        content = &content[size + length..];
    }
    parts
}

fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*bytes.get(1)?);
    if first < 0x80 {
        return Some((2, first));
    }
    let octets = bytes.get(2..2 + (first & 0x7f))?;
    let length = octets
        .iter()
        .fold(0, |length, octet| length << 8 | usize::from(*octet));
    Some((2 + octets.len(), length))
}

pub fn number(octets: &[u8]) -> i64 {
    octets
        .iter()
        .fold(0, |value, octet| value << 8 | i64::from(*octet))
}

pub fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// A connection, over TCP or what is above it.
pub struct Wire<S = TcpStream> {
    pub stream: S,
    received: Vec<u8>,
    next_id: i64,
}

impl Wire {
    /// Connects to `address:port`.
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self::over(stream)
    }
}

impl<S: Read + Write> Wire<S> {
    pub fn over(stream: S) -> Self {
        Self {
            stream,
            received: Vec::new(),
            next_id: 0,
        }
    }

    /// Sends octets as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.stream.flush().unwrap();
    }

    /// Sends an operation under the next message id, which it gives.
    pub fn ask(&mut self, operation: &[u8], controls: &[Vec<u8>]) -> i64 {
        self.next_id += 1;
        self.send(&message(self.next_id, operation, controls));
        self.next_id
    }

    /// The next message; `None` at the end of the stream.
    pub fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((size, length)) = header(&self.received)
                && self.received.len() >= size + length
            {
                let bytes: Vec<u8> = self.received.drain(..size + length).collect();
                return Some(read_message(&bytes[size..]));
            }
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.received.extend(&chunk[..read]),
            }
        }
    }

    /// The result of an operation: its code.
    pub fn result(&mut self, operation: &[u8], controls: &[Vec<u8>]) -> i64 {
        let id = self.ask(operation, controls);
        let message = self.next().expect("an answer");
        assert_eq!(message.id, id);
        number(&parts(&message.content)[0].1)
    }

    /// Binds as nobody.
    pub fn anonymous(&mut self) {
        assert_eq!(self.result(&bind(3, "", ""), &[]), 0);
    }

    /// Searches and reads to the result.
    pub fn search(&mut self, search: &Search<'_>) -> Answer {
        let id = self.ask(&search.operation(), &search.controls);
        self.answer(id)
    }

    /// Reads entries to the result of a search.
    pub fn answer(&mut self, id: i64) -> Answer {
        let mut entries = Vec::new();
        loop {
            let message = self.next().expect("an answer");
            assert_eq!(message.id, id);
            let parts = parts(&message.content);
            match message.tag {
                0x64 => entries.push(entry(&parts)),
                0x65 => {
                    assert_eq!(parts.len(), 3, "a referral");
                    return Answer {
                        entries,
                        code: number(&parts[0].1),
                        message: text(&parts[2].1),
                        controls: message.controls,
                    };
                }
                tag => panic!("a message of tag {tag:x}, which mail clients do not expect"),
            }
        }
    }
}

fn read_message(content: &[u8]) -> Message {
    let elements = parts(content);
    let controls = elements.get(2).map(|(tag, list)| {
        assert_eq!(*tag, 0xa0);
        let controls = parts(list).into_iter().map(|(_, control)| {
            let control = parts(&control);
            (text(&control[0].1), control.last().unwrap().1.clone())
        });
        controls.collect()
    });
    Message {
        id: number(&elements[0].1),
        tag: elements[1].0,
        content: elements[1].1.clone(),
        controls: controls.unwrap_or_default(),
    }
}

fn entry(elements: &[(u8, Vec<u8>)]) -> Entry {
    let attributes = parts(&elements[1].1).into_iter().map(|(_, attribute)| {
        let attribute = parts(&attribute);
        let values = parts(&attribute[1].1);
        (
            text(&attribute[0].1),
            values.iter().map(|(_, value)| text(value)).collect(),
        )
    });
    Entry {
        dn: text(&elements[0].1),
        attributes: attributes.collect(),
    }
}
