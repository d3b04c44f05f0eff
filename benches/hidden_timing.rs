//! Can the time of an answer tell a hidden address from an absent one?
//!
//!     cargo bench --bench hidden_timing               # PAIRS=500 for a quick look, SEED=7 for other addresses
//!     cargo bench --bench hidden_timing -- LDAP record  # only the requests that are named so
//!
//! **Method.** Two nodes serve the sample over stores of their own, in which an operator published the same public boxes.
//! It publishes others on the red list (`never`: the public never saw them) and others again that it moves there
//! afterwards (`once`: the index has held them). What is hidden at one node is absent from the other and the other way
//! round, and that is the only difference between the two.
//!
//! For each kind of request, 5,000 pairs are sent: the same request about a hidden address and about an absent one of
//! the same length and domain, drawn at random, on one connection to one of the two nodes, drawn at random; which goes
//! first is a third draw. So neither drift of the machine nor others' work on it, nor the order of a pair, favours a
//! side. Each answer is timed from the first octet sent to the last received, on the same machine: a network would only
//! add noise. The first hundred pairs warm up and do not count.
//!
//! The times of each node are put in order and replaced by their ranks, as in the test of Mann and Whitney, which asks
//! nothing of their shape; `auc` is the chance that a hidden one took longer than an absent one (0.5: none knows). One
//! address takes longer to look for than another, whatever became of its box, so that requests about one are not
//! independent of each other. What is independent is which node a lot gave its box to. So the unit is the address: the
//! mean rank where it is hidden less the mean rank where it is absent, and `z` is the sum of these differences in
//! standard errors of a sum whose signs were drawn by lot.
//!
//! Of a hundred runs one is off by 2.58 standard errors by chance alone, and some hundred are made. So each kind of
//! request has three, each with addresses of its own, and tells hidden from absent when all three are off to the same
//! side and together by 3.7 standard errors: by chance no more than one whole bench in a hundred (Bonferroni, for up to
//! 45 kinds). As a check of the method itself the last line compares boxes that are there with absent ones, which must
//! be told apart. Exit status 1 where a hidden one is told apart, or where that line is not.
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
/// Who holds all boxes, and where.
const PERSON: &str = "899000000002";
const HOLDER: &str = "claire+testeur";
const STRUCTURE: &str = "F990000000";
/// Addresses of each sort, in each run.
const BOXES: usize = 60;
const WARMING: usize = 100;
const RUNS: usize = 3;
/// Standard errors of three runs together beyond which, of 45 kinds of request, none comes by chance but once in a
/// hundred benches: two-sided, 0.01 / 45.
const BEYOND: f64 = 3.7;
/// What became of a box at one of the nodes; at the other it was never there.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// Always on the red list.
    Never,
    /// Public, then on the red list.
    Once,
    /// Public.
    Present,
}

/// Addresses of one run, by the node that has their boxes.
type OfRun = [Vec<String>; 2];

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
    // Other addresses, in another order.
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let mut dice = Dice(0x5eed_1234_5678_9abc ^ seed.unwrap_or(0));
    let mut of_runs = || [0; RUNS].map(|_| [0; 2].map(|_| addresses(&mut dice)));
    let [never, once, present] = [of_runs(), of_runs(), of_runs()];
    let neighbours = addresses(&mut dice);
    let worlds = [0, 1].map(|at| {
        let world = World::new();
        world.publish(&neighbours, Fate::Present);
        for (of_fate, fate) in [(&never, Fate::Never), (&once, Fate::Once)] {
            of_fate.iter().for_each(|of_run| world.publish(&of_run[at], fate));
        }
        world
    });
    // What was taken out is swept from the index, at once in a small one.
    std::thread::sleep(Duration::from_secs(5));

    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let is_asked = |name: &str| named.is_empty() || named.iter().any(|word| name.contains(word.as_str()));
    let [mut of_one, mut of_other] = worlds.each_ref().map(|world| requests(&world.node));
    let mut measure = |name: &str, asks: [&mut Ask<'_>; 2], of_fate: &[OfRun; RUNS]| {
        let [one, other] = asks;
        let mut asks = [one, other];
        let runs = of_fate
            .each_ref()
            .map(|of_run| run(&mut asks, of_run, pairs, &mut dice));
        report(name, pairs, &runs)
    };
    let mut told_apart = false;
    println!("| request | pairs | auc | z of each run | z | |\n|---|---|---|---|---|---|");
    for ((name, one), (_, other)) in of_one.iter_mut().zip(&mut of_other) {
        if is_asked(name) {
            told_apart |= measure(&format!("{name}, never public"), [one, other], &never);
            told_apart |= measure(&format!("{name}, once public"), [one, other], &once);
        }
    }
    for (at, world) in worlds.iter().enumerate() {
        present
            .iter()
            .for_each(|of_run| world.publish(&of_run[at], Fate::Present));
    }
    let (name, one) = &mut of_one[0];
    let is_told = measure(&format!("{name}, public"), [one, &mut of_other[0].1], &present);
    match told_apart || !is_told {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// A store, a node that serves it, and the key of an operator.
struct World {
    node: Node,
    key: String,
    _place: Place,
}

impl World {
    fn new() -> Self {
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
        Self {
            node,
            key,
            _place: place,
        }
    }

    fn publish(&self, addresses: &[String], fate: Fate) {
        let mut operator = Caller::new(&self.node.http, &self.key);
        for address in addresses {
            if fate != Fate::Never {
                publish(&mut operator, address, false);
            }
            if fate != Fate::Present {
                publish(&mut operator, address, true);
            }
        }
    }
}

fn publish(operator: &mut Caller, address: &str, liste_rouge: bool) {
    let sheet = json!({"type_bal": "PER", "identification_nationale": PERSON, "structure": STRUCTURE,
        "liste_rouge": liste_rouge});
    let reply = operator.put(address, &sheet);
    assert!(matches!(reply.status, 200..=202), "{}", reply.text());
}

/// Of one length and of the same sort of letters, drawn alike for all: nothing but what became of a box differs.
fn addresses(dice: &mut Dice) -> Vec<String> {
    (0..BOXES)
        .map(|_| format!("boite.{:09}@{DOMAIN}", dice.throw(1_000_000_000)))
        .collect()
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
            "REST search, address",
            http(|address| format!("/api/v1/recherche?q={address}")),
        ),
        (
            "REST search, local part",
            http(|address| format!("/api/v1/recherche?q={}&type=messagerie", local(address))),
        ),
        (
            "REST search, near miss",
            http(|address| format!("/api/v1/recherche?q={}", near(address))),
        ),
        (
            "REST search, holder and box",
            http(|address| format!("/api/v1/recherche?q={HOLDER}+{}", local(address))),
        ),
        (
            "REST suggestions, address",
            http(|address| format!("/api/v1/suggestions?q={address}")),
        ),
        (
            "REST suggestions, local part",
            http(|address| format!("/api/v1/suggestions?q={}", local(address))),
        ),
        (
            "REST boxes of a structure",
            http(|address| format!("/api/v1/structures/{STRUCTURE}/messageries?q={}", local(address))),
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
            "LDAP anywhere",
            ldap(|address| Search::new(&format!("(mail=*{}*)", &address[6..])).operation()),
        ),
        (
            "LDAP approximate",
            ldap(|address| Search::new(&format!("(mail~={address})")).operation()),
        ),
        (
            "LDAP from there on",
            ldap(|address| {
                Search::new(&format!("(mail>={address})"))
                    .limits(1, 0)
                    .operation()
            }),
        ),
        (
            "LDAP as Thunderbird",
            ldap(|address| {
                let text = local(address);
                let of = |attribute: &str| format!("({attribute}=*{text}*)");
                let all: String = ["mail", "cn", "givenName", "sn"].map(of).concat();
                Search::new(&format!("(|{all})")).operation()
            }),
        ),
        (
            "LDAP holder and box",
            ldap(|address| Search::new(&format!("(&(employeeNumber={PERSON})(mail={address}))")).operation()),
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

fn local(address: &str) -> &str {
    address.split('@').next().unwrap_or_default()
}

/// The local part with a letter wrong: near words are looked for among those that are known.
fn near(address: &str) -> String {
    local(address).replace("boite", "boitte")
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

/// One request: its seconds, the node whose box it is about, and which of that node's.
struct Taken {
    seconds: f64,
    owner: usize,
    number: usize,
}

/// One run: pairs of a box that is at a node and one that is at the other only.
fn run(asks: &mut [&mut Ask<'_>; 2], boxes: &OfRun, pairs: usize, dice: &mut Dice) -> Ranked {
    let mut of_nodes: [Vec<Taken>; 2] = Default::default();
    for pair in 0..WARMING + pairs {
        let at = dice.throw(2);
        let first = dice.throw(2);
        for owner in [first, 1 - first] {
            let number = dice.throw(BOXES);
            let seconds = asks[at](&boxes[owner][number]);
            if pair >= WARMING {
                of_nodes[at].push(Taken {
                    seconds,
                    owner,
                    number,
                });
            }
        }
    }
    // By owner, box and node.
    let mut means = [[[Mean::default(); 2]; BOXES]; 2];
    let mut hidden = Mean::default();
    for (at, taken) in of_nodes.iter().enumerate() {
        for (one, rank) in taken.iter().zip(ranks(taken)) {
            means[one.owner][one.number][at].add(rank);
            if one.owner == at {
                hidden.add(rank);
            }
        }
    }
    let differences = means.iter().enumerate().flat_map(|(owner, boxes)| {
        boxes
            .iter()
            .map(move |nodes| nodes[owner].value() - nodes[1 - owner].value())
    });
    let (sum, squares) = differences.fold((0.0, 0.0), |(sum, squares), d| (sum + d, squares + d * d));
    Ranked {
        // Half of a node's requests are about hidden ones: their mean rank is half the chance and a quarter.
        auc: 2.0 * hidden.value() - 0.5,
        z: sum / squares.sqrt(),
    }
}

#[derive(Default, Clone, Copy)]
struct Mean {
    sum: f64,
    number: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.number += 1.0;
    }

    fn value(self) -> f64 {
        self.sum / self.number.max(1.0)
    }
}

/// The rank of each time among all, from 0 to 1. Equal times share theirs.
fn ranks(taken: &[Taken]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..taken.len()).collect();
    order.sort_by(|one, other| taken[*one].seconds.total_cmp(&taken[*other].seconds));
    let mut ranks = vec![0.0; taken.len()];
    let mut first = 0;
    for equal in order.chunk_by(|one, other| taken[*one].seconds == taken[*other].seconds) {
        let rank = first as f64 + equal.len() as f64 / 2.0;
        equal.iter().for_each(|at| ranks[*at] = rank / taken.len() as f64);
        first += equal.len();
    }
    ranks
}

/// Prints the runs of a kind of request. Whether they tell one from the other.
fn report(name: &str, pairs: usize, runs: &[Ranked]) -> bool {
    let number = runs.len() as f64;
    let auc = runs.iter().map(|run| run.auc).sum::<f64>() / number;
    let z = runs.iter().map(|run| run.z).sum::<f64>() / number.sqrt();
    let one_side = runs.iter().all(|run| run.z > 0.0) || runs.iter().all(|run| run.z < 0.0);
    let is_apart = one_side && z.abs() > BEYOND;
    let each: Vec<String> = runs.iter().map(|run| format!("{:.2}", run.z)).collect();
    let verdict = if is_apart { "told apart" } else { "alike" };
    println!(
        "| {name} | {RUNS} × {pairs} | {auc:.4} | {} | {z:.2} | {verdict} |",
        each.join(" ")
    );
    is_apart
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
