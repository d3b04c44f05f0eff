//! Can the time of an answer tell a hidden address from an absent one?
//!
//!     cargo bench --bench hidden_timing               # PAIRS=500 for a quick look, SEED=7 for other addresses
//!     cargo bench --bench hidden_timing -- LDAP record  # only the requests that are named so
//!
//! **Method.** Two nodes serve the sample over stores of their own; an operator publishes boxes on the red list
//! (`never`: the public never saw them) and boxes that it moves there afterwards (`once`: the index has held them). What
//! is hidden at one node is absent from the other and the other way round, so that an address that is slower to look
//! for than another, whatever became of its box, is so on both sides of the comparison.
//!
//! For each kind of request, 5,000 pairs are sent: the same request about a hidden address and about an absent one of
//! the same length and domain, drawn at random, on one connection to one of the two nodes, drawn at random; which goes
//! first is a third draw. So neither drift of the machine nor others' work on it, nor the order of a pair, favours a
//! side. Each answer is timed from the first octet sent to the last received, on the same machine: a network would only
//! add noise. The first hundred pairs warm up and do not count.
//!
//! The times of each node are compared by the rank test of Mann and Whitney, which asks nothing of their shape, and the
//! two nodes' deviations added. `auc` is the chance that a hidden one took longer than an absent one (0.5: none knows),
//! `z` how many standard errors that is off.
//!
//! Of a hundred runs one is off by 2.58 standard errors by chance alone, and some hundred are made. So each kind of
//! request has three, each with addresses of its own, and tells hidden from absent when all three are off to the same
//! side and together by 3.7 standard errors: by chance no more than one whole bench in a hundred (Bonferroni, for up to
//! 45 kinds). As a check of the method itself one line compares boxes that are there with absent ones, which must
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
const SORTS: [&str; 3] = ["never", "once", "present"];

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
    // By sort, run and node.
    let boxes: Vec<[[Vec<String>; 2]; RUNS]> = SORTS
        .iter()
        .map(|_| [0; RUNS].map(|_| [0; 2].map(|_| addresses(&mut dice))))
        .collect();
    let worlds = [0, 1].map(|at| World::new(&boxes, at));
    // What was taken out is swept from the index, at once in a small one.
    std::thread::sleep(Duration::from_secs(5));

    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let is_asked = |name: &str| named.is_empty() || named.iter().any(|word| name.contains(word.as_str()));
    let [of_one, of_other] = worlds.each_ref().map(|world| requests(&world.node));
    let mut told_apart = false;
    let mut is_told = true;
    println!("| request | pairs | auc | z of each run | z | |\n|---|---|---|---|---|---|");
    for (number, ((name, one), (_, other))) in of_one.into_iter().zip(of_other).enumerate() {
        let mut asks = [one, other];
        for (sort, of_sort) in SORTS.iter().zip(&boxes) {
            let is_check = *sort == "present";
            if (is_check && number > 0) || !(is_check || is_asked(name)) {
                continue;
            }
            let runs = of_sort
                .each_ref()
                .map(|of_run| run(&mut asks, of_run, pairs, &mut dice));
            let is_apart = report(&format!("{name}, {sort} public"), pairs, &runs);
            match is_check {
                true => is_told = is_apart,
                false => told_apart |= is_apart,
            }
        }
    }
    match told_apart || !is_told {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// A store, and a node that serves it.
struct World {
    node: Node,
    _place: Place,
}

impl World {
    fn new(boxes: &[[[Vec<String>; 2]; RUNS]], at: usize) -> Self {
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
        let mut operator = Caller::new(&node.http, &key);
        for (sort, of_sort) in SORTS.iter().zip(boxes) {
            for address in of_sort.iter().flat_map(|of_run| &of_run[at]) {
                if *sort != "never" {
                    publish(&mut operator, address, false);
                }
                if *sort != "present" {
                    publish(&mut operator, address, true);
                }
            }
        }
        Self { node, _place: place }
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

/// One run: pairs of a box that is at a node and one that is at the other only.
fn run(asks: &mut [Ask<'_>; 2], boxes: &[Vec<String>; 2], pairs: usize, dice: &mut Dice) -> Ranked {
    let mut times: [[Vec<f64>; 2]; 2] = Default::default();
    for pair in 0..WARMING + pairs {
        let at = dice.throw(2);
        let hidden = &boxes[at][dice.throw(BOXES)];
        let absent = &boxes[1 - at][dice.throw(BOXES)];
        let ask = &mut asks[at];
        let taken = if dice.throw(2) == 0 {
            let of_hidden = ask(hidden);
            [of_hidden, ask(absent)]
        } else {
            let of_absent = ask(absent);
            [ask(hidden), of_absent]
        };
        if pair >= WARMING {
            times[at][0].push(taken[0]);
            times[at][1].push(taken[1]);
        }
    }
    let [one, other] = times.map(|[hidden, absent]| mann_whitney(&hidden, &absent));
    let off = one.off + other.off;
    Ranked {
        auc: 0.5 + off / (one.most + other.most),
        z: off / (one.variance + other.variance).sqrt(),
    }
}

/// How far U is off what chance makes it, its variance, and the most that it can be.
struct Off {
    off: f64,
    variance: f64,
    most: f64,
}

/// Mann and Whitney's U of two samples. Equal times share their rank.
fn mann_whitney(a: &[f64], b: &[f64]) -> Off {
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
    Off {
        off: u - n * m / 2.0,
        variance: n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0))),
        most: n * m,
    }
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
