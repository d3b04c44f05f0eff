//! How well the search box finds whom one means: judged queries over made-up people, and the score that must not fall.
//!
//! `benches/relevance` prints the table. A query is judged by hand or made from a person's name by a stated fault;
//! any of the people named beside it is right.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use support::{Node, Place};

const PEOPLE: &str = include_str!("relevance/people.tsv");
const QUERIES: &str = include_str!("relevance/queries.tsv");
const ACTIVITY: &str = include_str!("../import/layouts/personne_activite.txt");

/// Least share found first, and among the first ten, of each group of queries, in percent.
const LEAST: &[(&str, f64, f64)] = &[
    ("nom entier", 90.0, 97.0),
    ("prénom d'abord", 90.0, 97.0),
    ("une faute", 90.0, 97.0),
    ("graphies", 95.0, 100.0),
    ("au son", 90.0, 90.0),
    ("métier et lieu", 100.0, 100.0),
    ("identifiant", 100.0, 100.0),
    ("nom et lieu", 100.0, 100.0),
    ("nom et métier", 100.0, 100.0),
    ("début du nom", 100.0, 100.0),
    ("phrases", 100.0, 100.0),
];

fn lines(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

fn extract() -> String {
    let mut extract = ACTIVITY.trim_end().to_owned() + "\n";
    for (number, person) in lines(PEOPLE).enumerate() {
        let [
            id,
            nom,
            prenom,
            profession,
            metier,
            specialty,
            label,
            postcode,
            insee,
            town,
            department,
        ] = person[..]
        else {
            panic!("{person:?}");
        };
        let mut fields = [""; 57];
        let (national, structure) = (format!("8{id}"), format!("R{number:08}"));
        let practice = format!("CABINET {number}");
        for (column, value) in [
            (1, "8"),
            (2, id),
            (3, &national),
            (8, nom),
            (9, prenom),
            (10, profession),
            (11, metier),
            (12, "C"),
            (14, if specialty.is_empty() { "" } else { "S" }),
            (16, specialty),
            (17, label),
            (18, "L"),
            (24, &structure),
            (25, &practice),
            (36, postcode),
            (37, insee),
            (38, town),
            (45, department),
        ] {
            fields[column - 1] = value;
        }
        extract += &(fields.join("|") + "\n");
    }
    extract
}

#[derive(Default)]
struct Score {
    queries: u32,
    first: u32,
    in_ten: u32,
    reciprocal: f64,
    missed: Vec<String>,
}

impl Score {
    fn add(&mut self, text: &str, place: Option<usize>) {
        self.queries += 1;
        self.first += u32::from(place == Some(0));
        self.in_ten += u32::from(place.is_some());
        self.reciprocal += place.map_or(0.0, |place| 1.0 / (place + 1) as f64);
        if place != Some(0) {
            self.missed.push(format!("{text} ({place:?})"));
        }
    }

    fn percent(&self, part: u32) -> f64 {
        f64::from(part) * 100.0 / f64::from(self.queries)
    }
}

/// A node with all of these people.
fn serve() -> (Place, Node) {
    let ground = Place::new();
    let file = ground.file("PS_LibreAcces_Personne_activite_202601150800.txt", extract());
    ground.import(&[&file]);
    let node = ground.serve(&[]);
    (ground, node)
}

/// The first ten of a type, by a member of theirs.
fn found(node: &Node, kind: &str, text: &str, member: &str) -> Vec<String> {
    let q: String = text.bytes().fold(String::new(), |mut q, byte| {
        let _ = write!(q, "%{byte:02x}");
        q
    });
    let answer = node.get(&format!("/api/v1/recherche?type={kind}&par_page=10&q={q}"));
    let found = answer["resultats"].as_array().unwrap().iter();
    found
        .map(|hit| hit[member].as_str().unwrap().to_owned())
        .collect()
}

/// Where the first right answer stands among the first ten.
fn place(node: &Node, text: &str, expected: &str) -> Option<usize> {
    let found = found(node, "professionnel", text, "identifiant");
    found
        .iter()
        .position(|id| expected.split(',').any(|other| other == id))
}

#[test]
fn the_search_box_finds_nobody_but_whom_one_means() {
    let (_ground, node) = serve();
    let people = |text| -> Vec<String> {
        let found = found(&node, "professionnel", text, "identifiant");
        found.iter().map(|id| id[8..].to_owned()).collect()
    };
    // Those of Sainte-Rose only as a typing error, behind.
    assert_eq!(people("dentiste saintes"), ["479", "480"]);
    assert!(!people("kiné lyon 3").contains(&"481".to_owned()), "Lyon 7");
    assert_eq!(people("dentiste marseille 13e"), ["483"]);
    // The arrondissement, then the rest of the department of that number, as suggestions write it behind a town.
    assert_eq!(people("dentiste marseille (13)"), ["483", "482"]);
    assert_eq!(
        people("audioprothésiste paris 15"),
        ["485"],
        "a postcode of CEDEX"
    );
    // By name, whatever `de` begins.
    assert_eq!(
        people("dentiste près de nantes"),
        ["363", "407", "484", "324", "328"]
    );
    let structures = found(&node, "structure", "cabinet lyon 1", "nom");
    assert!(
        structures.contains(&"CABINET 1".to_owned()),
        "{structures:?}: elsewhere in Lyon"
    );
}

#[test]
fn the_search_box_finds_whom_one_means() {
    let (_ground, node) = serve();
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for query in lines(QUERIES) {
        let [group, text, expected] = query[..] else {
            panic!("{query:?}");
        };
        scores
            .entry(group)
            .or_default()
            .add(text, place(&node, text, expected));
    }
    println!("group | queries | first | in ten | mean reciprocal rank | not first");
    for (group, score) in &scores {
        println!(
            "{group} | {} | {:.1} % | {:.1} % | {:.3} | {}",
            score.queries,
            score.percent(score.first),
            score.percent(score.in_ten),
            score.reciprocal / f64::from(score.queries),
            score.missed.join(", ")
        );
    }
    assert!(scores.values().map(|score| score.queries).sum::<u32>() >= 150);
    assert_eq!(scores.len(), LEAST.len());
    for (group, first, in_ten) in LEAST {
        let score = &scores[group];
        assert!(
            score.percent(score.first) >= *first && score.percent(score.in_ten) >= *in_ten,
            "{group}: {:.1} % first, {:.1} % in ten; not first: {:?}",
            score.percent(score.first),
            score.percent(score.in_ten),
            score.missed
        );
    }
}
