//! Can the time of an answer tell a hidden address from an absent one?
//!
//!     cargo bench --bench hidden_timing               # PAIRS=500 for a quick look
//!     cargo bench --bench hidden_timing -- LDAP record  # only the requests that are named so
//!
//! **Method.** A node serves the sample over a private Postgres; an operator publishes boxes on the red list (`never`:
//! the public never saw them) and boxes that it moves there afterwards (`once`: the index has held them). For each kind
//! of request, 5,000 pairs are sent on one connection: the same request about a hidden address and about an absent one
//! of the same length and domain, drawn at random, the first of the two by the toss of a coin, so that neither drift of
//! the machine nor the order of a pair favours one side. Each answer is timed from the first octet sent to the last
//! received, on the same machine: a network would only add noise. The first hundred pairs warm up and do not count.
//!
//! The two samples are compared by the rank test of Mann and Whitney, which asks nothing of their shape: `auc` is the
//! chance that a hidden one took longer than an absent one (0.5: none knows), `z` how many standard errors that is off.
//! One run can be off by chance: three are made, and a kind of request tells hidden from absent when all three are off
//! to the same side by more than 2.58 standard errors (one in a hundred each, some one in a million together and by
//! chance). As a check of the method itself the last line compares a box that is there with an absent one, which must
//! be told apart. Exit status 1 where a hidden one is told apart, or where that last line is not.
//!
//! All data are made up.

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use support::http::{Caller, Http};
use support::wire::{self, BASE, Search, Wire, octets};
use support::{Node, Place};

const DOMAIN: &str = "ch-nantes-exemple.mssante.fr";
/// Addresses of each sort.
const BOXES: usize = 60;
const WARMING: usize = 100;
const RUNS: usize = 3;
/// Standard errors beyond which one in a hundred comes by chance.
const BEYOND: f64 = 2.58;

/// Sends one request about an address, and gives its seconds.
type Ask<'a> = Box<dyn FnMut(&str) -> f64 + 'a>;

fn main() -> ExitCode {
    // Cargo asks benches to name their tests; there are none.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let pairs: usize = std::env::var("PAIRS")
        .ok()
        .and_then(|pairs| pairs.parse().ok())
        .unwrap_or(5_000);
    let place = Place::new();
    // Budgets are for strangers: here one address asks a hundred thousand times.
    let node = place.serve_sample(&[
        "--ldap-public-entries-per-day",
        "0",
        "--http-public-requests-per-minute",
        "0",
        "--http-public-entries-per-day",
        "0",
    ]);
    let key = place.operator("alpha", "OPERATEUR ALPHA", &[DOMAIN]);
    let mut dice = Dice(0x5eed_1234_5678_9abc);
    let [never, once, present, absent] = [0; 4].map(|_| addresses(&mut dice));
    publish(&node, &key, &never, &once, &present);

    let mut told_apart = false;
    println!(
        "{:<36} {:>7} {:>9} {:>9} {:>9}",
        "request", "pairs", "auc", "z", "verdict"
    );
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    for (name, mut ask) in requests(&node) {
        if !named.is_empty() && !named.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        for (sort, hidden) in [("never", &never), ("once", &once)] {
            let runs: Vec<Ranked> = (0..RUNS)
                .map(|_| run(&mut ask, hidden, &absent, pairs, &mut dice))
                .collect();
            told_apart |= report(&format!("{name}, {sort} public"), pairs, &runs);
        }
    }
    let (_, mut ask) = requests(&node).remove(0);
    let runs: Vec<Ranked> = (0..RUNS)
        .map(|_| run(&mut ask, &present, &absent, pairs, &mut dice))
        .collect();
    let check = report("check: one that is there", pairs, &runs);
    match told_apart || !check {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// Of one length and of the same sort of letters, drawn alike for all: nothing but what became of a box differs.
fn addresses(dice: &mut Dice) -> Vec<String> {
    (0..BOXES)
        .map(|_| format!("boite.{:09}@{DOMAIN}", dice.throw(1_000_000_000)))
        .collect()
}

fn publish(node: &Node, key: &str, never: &[String], once: &[String], present: &[String]) {
    let mut operator = Caller::new(&node.http, key);
    let mut put = |address: &String, liste_rouge: bool| {
        let sheet = json!({"type_bal": "PER", "identification_nationale": "899000000002", "liste_rouge": liste_rouge});
        let reply = operator.put(address, &sheet);
        assert!(matches!(reply.status, 200..=202), "{}", reply.text());
    };
    once.iter().chain(present).for_each(|address| put(address, false));
    never.iter().chain(once).for_each(|address| put(address, true));
    // What was taken out is swept from the index, at once in a small one.
    std::thread::sleep(Duration::from_secs(5));
}

/// Each kind of request about one address, on a connection of its own.
fn requests(node: &Node) -> Vec<(&'static str, Ask<'_>)> {
    let http = |path: fn(&str) -> String| -> Ask<'_> {
        let mut http = Http::new(&node.http);
        Box::new(move |address| {
            let path = path(address);
            timed(|| drop(http.get(&path)))
        })
    };
    let ldap = |operation: fn(&str) -> Vec<u8>| -> Ask<'_> {
        // Opened with the first request: a connection that says nothing is ended.
        let mut opened = None;
        Box::new(move |address| {
            let wire = opened.get_or_insert_with(|| Wire::connect(&node.ldap));
            let operation = operation(address);
            timed(|| {
                let id = wire.ask(&operation, &[]);
                // Entries, if there are any, and the result.
                loop {
                    let message = wire.next().expect("an answer");
                    assert_eq!(message.id, id);
                    if message.tag != 0x64 {
                        break;
                    }
                }
            })
        })
    };
    let mut verifying = Http::new(&node.http);
    vec![
        (
            "REST record",
            http(|address| format!("/api/v1/messageries/{address}")),
        ),
        (
            "REST search",
            http(|address| format!("/api/v1/recherche?q={address}&type=messagerie")),
        ),
        (
            "REST verification",
            Box::new(move |address| {
                let body = json!({"adresses": [address]}).to_string();
                let headers = [("content-type", "application/json")];
                timed(|| {
                    verifying.send(
                        "POST",
                        "/api/v1/messageries/verification",
                        &headers,
                        body.as_bytes(),
                    );
                })
            }),
        ),
        (
            "LDAP equality",
            ldap(|address| Search::new(&format!("(mail={address})")).operation()),
        ),
        (
            "LDAP beginning",
            ldap(|address| Search::new(&format!("(mail={}*)", &address[..13])).operation()),
        ),
        (
            "LDAP base",
            ldap(|address| {
                let dn = format!("mail={address},ou=bal,o=mssante,c=fr");
                Search::new("(objectClass=*)").at(&dn, BASE).operation()
            }),
        ),
        (
            "LDAP compare",
            ldap(|address| {
                let dn = format!("mail={address},ou=bal,o=mssante,c=fr");
                let assertion = wire::element(0x30, &[&octets("mail"), &octets(address)]);
                wire::element(0x6e, &[&octets(&dn), &assertion])
            }),
        ),
    ]
}

fn timed(act: impl FnOnce()) -> f64 {
    let start = Instant::now();
    act();
    start.elapsed().as_secs_f64()
}

/// What the rank test says.
struct Ranked {
    auc: f64,
    z: f64,
}

fn run(ask: &mut Ask<'_>, hidden: &[String], absent: &[String], pairs: usize, dice: &mut Dice) -> Ranked {
    let (mut of_hidden, mut of_absent) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
    for pair in 0..WARMING + pairs {
        let (h, a) = (
            &hidden[dice.throw(hidden.len())],
            &absent[dice.throw(absent.len())],
        );
        let (h, a) = if dice.throw(2) == 0 {
            let h = ask(h);
            (h, ask(a))
        } else {
            let a = ask(a);
            (ask(h), a)
        };
        if pair >= WARMING {
            of_hidden.push(h);
            of_absent.push(a);
        }
    }
    mann_whitney(&of_hidden, &of_absent)
}

/// Mann and Whitney's U of two samples, as a share of all pairs and in standard errors. Equal times share their rank.
fn mann_whitney(a: &[f64], b: &[f64]) -> Ranked {
    let mut all: Vec<(f64, bool)> = a
        .iter()
        .map(|t| (*t, true))
        .chain(b.iter().map(|t| (*t, false)))
        .collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (mut rank_sum, mut ties, mut first) = (0.0, 0.0, 0);
    while first < all.len() {
        let same = all[first..]
            .iter()
            .take_while(|(t, _)| *t == all[first].0)
            .count();
        let rank = first as f64 + (same as f64 + 1.0) / 2.0;
        rank_sum += rank * all[first..first + same].iter().filter(|(_, is_a)| *is_a).count() as f64;
        ties += (same as f64).powi(3) - same as f64;
        first += same;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let total = n + m;
    let deviation = (n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)))).sqrt();
    Ranked {
        auc: u / (n * m),
        z: (u - n * m / 2.0) / deviation,
    }
}

/// Prints the runs of a kind of request. Whether it tells one from the other.
fn report(name: &str, pairs: usize, runs: &[Ranked]) -> bool {
    let apart = runs.iter().all(|run| run.z > BEYOND) || runs.iter().all(|run| run.z < -BEYOND);
    for run in runs {
        let verdict = if apart { "apart" } else { "alike" };
        println!(
            "{name:<36} {pairs:>7} {:>9.4} {:>9.2} {verdict:>9}",
            run.auc, run.z
        );
    }
    apart
}

/// Marsaglia's xorshift: the same draws at every call.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % sides
    }
}
