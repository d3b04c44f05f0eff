//! Load on an LDAP server, as mail clients make it: names typed letter by letter, one search a keystroke.
//!
//!     cargo bench --bench ldap_load -- --url ldap://127.0.0.1:1389 --extract FILE --scenario thunderbird
//!
//! Knows no server: the same bytes go to ours and to any other. Bounded in time (`--seconds`) and in connections.
//! Prints one line a group of requests: searches a second over the whole run, and quantiles of their duration.

#[path = "load/pace.rs"]
mod pace;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annuaire::view::ber::{self, push_element};
use clap::{Parser, ValueEnum};
use pace::Pace;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser, Clone)]
struct Options {
    /// ldap://HOST:PORT or ldaps://HOST:PORT
    #[arg(long)]
    url: String,
    /// An MSSanté correspondence extract: the people to look for
    #[arg(long)]
    extract: PathBuf,
    #[arg(long, value_enum, default_value = "thunderbird")]
    scenario: Scenario,
    #[arg(long, default_value = "o=mssante,c=fr")]
    base: String,
    #[arg(long, default_value_t = 4)]
    connections: usize,
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Requests a second of each client, at even intervals; 0: the next one when the last is answered. An answer's time
    /// counts from when its request was due, so that a wait is felt by those behind it too
    #[arg(long, default_value_t = 0.0)]
    pace: f64,
    /// Ends with this process, too
    #[arg(long, value_name = "PID")]
    during: Option<u32>,
    /// Longest text typed
    #[arg(long, default_value_t = 8)]
    letters: usize,
    /// Certificate to trust, for ldaps
    #[arg(long)]
    ca: Option<PathBuf>,
    /// A new connection for each search
    #[arg(long)]
    reconnect: bool,
    /// All attributes, as Thunderbird asks without a list
    #[arg(long)]
    all_attributes: bool,
    /// Also a group for each number of letters
    #[arg(long)]
    by_length: bool,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Infix on four attributes, from the first letter
    Thunderbird,
    /// Prefix on four attributes, of those that have an address
    Outlook,
    /// (mail=…)
    Mail,
    /// (IdentifiantPP=…)
    Identifiant,
    /// Infix on five attributes with a critical sort on cn
    Sogo,
    /// Two letters that few names hold
    Rare,
}

/// One person of the extract.
struct Person {
    name: String,
    mail: String,
    identifiant: String,
}

fn main() -> Fallible<()> {
    let options = Options::parse();
    let people = Arc::new(read(&options.extract)?);
    let tls = options.ca.as_deref().map(tls).transpose()?;
    let until = Instant::now() + Duration::from_secs_f64(options.seconds);
    let begun = Instant::now();
    let mut running = Vec::new();
    for seed in 0..options.connections {
        let (options, people, tls) = (options.clone(), people.clone(), tls.clone());
        running.push(std::thread::spawn(move || {
            one(&options, &people, tls, until, seed as u64)
        }));
    }
    let mut measured = Measured::default();
    for thread in running {
        measured.add(thread.join().map_err(|_| "a connection's thread failed")??);
    }
    measured.print(begun.elapsed(), options.by_length);
    Ok(())
}

/// The nominative boxes of an extract, spread over all of it.
fn read(path: &PathBuf) -> Fallible<Vec<Person>> {
    let text = std::fs::read_to_string(path)?;
    let mut people = Vec::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('|').collect();
        if let ["PER", mail, _, identifiant, _, _, _, _, _, nom, ..] = columns.as_slice() {
            people.push(Person {
                name: nom.to_lowercase(),
                mail: (*mail).to_owned(),
                identifiant: (*identifiant).to_owned(),
            });
        }
    }
    if people.is_empty() {
        return Err("the extract has no nominative box".into());
    }
    Ok(people)
}

fn tls(path: &std::path::Path) -> Fallible<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Durations in microseconds, by number of letters; 0 for all.
#[derive(Default)]
struct Measured {
    micros: BTreeMap<usize, Vec<u32>>,
    entries: u64,
}

impl Measured {
    fn add(&mut self, other: Self) {
        for (letters, micros) in other.micros {
            self.micros.entry(letters).or_default().extend(micros);
        }
        self.entries += other.entries;
    }

    fn print(mut self, took: Duration, by_length: bool) {
        let searches = self.micros.values().map(Vec::len).sum::<usize>();
        println!("letters\tsearches\tper_second\tmedian_us\tp99_us\tmax_us\tentries_per_search");
        if by_length {
            for (letters, micros) in &mut self.micros {
                line(&letters.to_string(), micros, took, f64::NAN);
            }
        }
        let mut all: Vec<u32> = self.micros.into_values().flatten().collect();
        line(
            "all",
            &mut all,
            took,
            self.entries as f64 / searches.max(1) as f64,
        );
    }
}

fn line(name: &str, micros: &mut [u32], took: Duration, entries: f64) {
    micros.sort_unstable();
    let at = |share: f64| {
        let place = ((micros.len() as f64 - 1.0) * share).round() as usize;
        micros.get(place).copied().unwrap_or(0)
    };
    println!(
        "{name}\t{}\t{:.0}\t{}\t{}\t{}\t{entries:.1}",
        micros.len(),
        micros.len() as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
    );
}

/// One client: types names until the time is over.
fn one(
    options: &Options,
    people: &[Person],
    tls: Option<Arc<ClientConfig>>,
    until: Instant,
    seed: u64,
) -> Fallible<Measured> {
    let mut measured = Measured::default();
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut client = None;
    let mut pace = Pace::new(options.pace, until, options.during);
    loop {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let person = people
            .get((random % people.len() as u64) as usize)
            .ok_or("no person")?;
        for (letters, search) in searches(options, person, random) {
            let Some(begun) = pace.next() else {
                return Ok(measured);
            };
            if client.is_none() || options.reconnect {
                client = Some(Client::connect(&options.url, tls.clone())?);
            }
            let entries = match &mut client {
                Some(client) => client.search(&search)?,
                None => 0,
            };
            let micros = u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX);
            measured.micros.entry(letters).or_default().push(micros);
            measured.entries += entries;
        }
    }
}

/// What a person who looks for another types, with its number of letters.
fn searches(options: &Options, person: &Person, random: u64) -> Vec<(usize, Vec<u8>)> {
    let typed = (1..=options.letters).filter_map(|letters| {
        let (end, _) = person.name.char_indices().nth(letters - 1)?;
        let end = end + person.name.get(end..)?.chars().next()?.len_utf8();
        Some((letters, person.name.get(..end)?))
    });
    let request = |filter: Vec<u8>, limit, control: Option<Vec<u8>>| {
        let mut list = Vec::new();
        if !options.all_attributes {
            for name in ["cn", "mail"] {
                push_element(&mut list, 0x04, name.as_bytes());
            }
        }
        search(&options.base, &filter, limit, &list, control)
    };
    match options.scenario {
        Scenario::Thunderbird => typed
            .map(|(letters, text)| {
                let legs = ["cn", "mail", "givenName", "sn"].map(|name| substrings(name, 0x81, text));
                (letters, request(set(0xa1, &legs), 100, None))
            })
            .collect(),
        Scenario::Outlook => typed
            .map(|(letters, text)| {
                let leg = |name| substrings(name, 0x80, text);
                let inner = set(0xa1, &[leg("sn"), leg("givenName")]);
                let middle = set(0xa1, &[leg("cn"), inner]);
                let outer = set(0xa1, &[leg("mail"), middle]);
                let mut present = Vec::new();
                push_element(&mut present, 0x87, b"mail");
                (letters, request(set(0xa0, &[present, outer]), 100, None))
            })
            .collect(),
        Scenario::Sogo => typed
            .map(|(letters, text)| {
                let legs = ["sn", "displayName", "cn", "mail", "telephoneNumber"]
                    .map(|name| substrings(name, 0x81, text));
                (letters, request(set(0xa1, &legs), 100, Some(sort())))
            })
            .collect(),
        Scenario::Mail => vec![(0, request(equality("mail", &person.mail), 0, None))],
        Scenario::Identifiant => vec![(
            0,
            request(equality("IdentifiantPP", &person.identifiant), 0, None),
        )],
        Scenario::Rare => {
            let rare = ["xq", "qk", "wq", "zx", "jx", "kq", "vq", "qz"];
            let text = rare[(random >> 32) as usize % rare.len()];
            let legs = ["cn", "mail", "givenName", "sn"].map(|name| substrings(name, 0x81, text));
            vec![(2, request(set(0xa1, &legs), 100, None))]
        }
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_element(&mut out, tag, content);
    out
}

fn set(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

fn equality(name: &str, value: &str) -> Vec<u8> {
    set(
        0xa3,
        &[element(0x04, name.as_bytes()), element(0x04, value.as_bytes())],
    )
}

/// One piece: 0x80 at the beginning, 0x81 anywhere.
fn substrings(name: &str, place: u8, text: &str) -> Vec<u8> {
    let pieces = element(0x30, &element(place, text.as_bytes()));
    set(0xa4, &[element(0x04, name.as_bytes()), pieces])
}

/// Server-side sort on cn, critical, by caseIgnoreOrderingMatch, as SOGo sends it.
fn sort() -> Vec<u8> {
    let key = [element(0x04, b"cn"), element(0x80, b"2.5.13.3")].concat();
    let value = element(0x30, &element(0x30, &key));
    let control = [
        element(0x04, b"1.2.840.113556.1.4.473"),
        vec![0x01, 0x01, 0xff],
        element(0x04, &value),
    ];
    element(0xa0, &element(0x30, &control.concat()))
}

/// A search below the base, message id 2.
fn search(base: &str, filter: &[u8], limit: u8, attributes: &[u8], control: Option<Vec<u8>>) -> Vec<u8> {
    let operation = [
        element(0x04, base.as_bytes()),
        // Subtree, aliases never, size limit, no time limit, types and values.
        vec![0x0a, 1, 2, 0x0a, 1, 0, 0x02, 1, limit, 0x02, 1, 0, 0x01, 1, 0],
        filter.to_vec(),
        element(0x30, attributes),
    ];
    let message = [
        vec![0x02, 1, 2],
        element(0x63, &operation.concat()),
        control.unwrap_or_default(),
    ];
    element(0x30, &message.concat())
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Stream {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}

/// A bound connection.
struct Client {
    stream: Stream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Client {
    /// Connects and binds as nobody.
    fn connect(url: &str, tls: Option<Arc<ClientConfig>>) -> Fallible<Self> {
        let (scheme, address) = url.split_once("://").ok_or("a URL is ldap://HOST:PORT")?;
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let stream = match (scheme, tls) {
            ("ldaps", Some(config)) => {
                let session = ClientConnection::new(config, ServerName::try_from("localhost")?)?;
                Stream::Tls(Box::new(StreamOwned::new(session, stream)))
            }
            ("ldaps", None) => return Err("--ca is needed for ldaps".into()),
            _ => Stream::Plain(stream),
        };
        let mut client = Self {
            stream,
            buffer: vec![0; 1 << 18],
            filled: 0,
        };
        let bind = element(0x60, &[0x02, 1, 3, 0x04, 0, 0x80, 0]);
        client.stream.send(&set(0x30, &[vec![0x02, 1, 1], bind]))?;
        client.until(0x61)?;
        Ok(client)
    }

    /// Sends a search and counts its entries.
    fn search(&mut self, request: &[u8]) -> Fallible<u64> {
        self.stream.send(request)?;
        self.until(0x65)
    }

    /// Reads messages up to the one with this operation; gives how many entries came before.
    fn until(&mut self, wanted: u8) -> Fallible<u64> {
        let mut entries = 0;
        let mut start = 0;
        loop {
            while let Ok(header) = ber::header(self.buffer.get(start..self.filled).unwrap_or(&[])) {
                let end = start + header.size + header.length;
                if end > self.filled {
                    break;
                }
                let message = self.buffer.get(start + header.size..end).unwrap_or(&[]);
                let (_, _, operation) = ber::element(message).ok_or("no message id")?;
                start = end;
                match operation.first() {
                    Some(0x64) => entries += 1,
                    Some(tag) if *tag == wanted => {
                        self.filled = 0;
                        return Ok(entries);
                    }
                    _ => {}
                }
            }
            self.buffer.copy_within(start..self.filled, 0);
            self.filled -= start;
            start = 0;
            if self.filled == self.buffer.len() {
                self.buffer.resize(self.filled * 2, 0);
            }
            let read = self
                .stream
                .read(self.buffer.get_mut(self.filled..).unwrap_or(&mut []))?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            self.filled += read;
        }
    }
}
