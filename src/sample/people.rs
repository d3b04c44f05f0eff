//! People, each computed from their number: who they are, what they practise, where, and by which mailboxes.

use super::names;
use super::places::{self, Town};
use super::random::{Random, luhn};
use super::structures::{self, Establishment};

/// A person.
pub struct Person {
    pub number: u64,
    /// Type digit and identifier.
    pub national_id: String,
    pub title: (&'static str, &'static str),
    pub civility: (&'static str, &'static str),
    pub nom: String,
    pub prenom: String,
    pub profession: (&'static str, &'static str, &'static str),
    pub category: (&'static str, &'static str),
    pub qualifications: Vec<(&'static str, &'static str)>,
    pub activities: Vec<Activity>,
    pub mailboxes: Vec<String>,
}

/// Where and how.
pub struct Activity {
    pub mode: &'static str,
    pub place: Place,
}

/// A place of work.
pub enum Place {
    Nowhere,
    Establishment(Box<Establishment>),
    Practice(Practice),
    Abroad,
}

/// Premises of one's own.
pub struct Practice {
    pub technical_id: String,
    pub former_id: String,
    pub siret: String,
    pub name: String,
    pub town: &'static Town,
    pub telephone: String,
    pub has_commune: bool,
}

/// Code, label, and the word in domains; weights of a thousand.
const PROFESSIONS: [(&str, &str, &str, u64); 12] = [
    ("60", "Infirmier", "infirmier", 400),
    ("10", "Médecin", "medecin", 160),
    ("70", "Masseur-Kinésithérapeute", "masseur-kinesitherapeute", 80),
    ("21", "Pharmacien", "pharmacien", 60),
    ("40", "Chirurgien-Dentiste", "chirurgien-dentiste", 40),
    ("93", "Psychologue", "pro", 60),
    ("28", "Opticien-Lunetier", "pro", 40),
    ("91", "Orthophoniste", "orthophoniste", 30),
    ("50", "Sage-Femme", "sage-femme", 25),
    ("98", "Manipulateur ERM", "pro", 35),
    ("80", "Pédicure-Podologue", "pedicure-podologue", 20),
    ("94", "Ergothérapeute", "pro", 50),
];
const SPECIALTIES: [(&str, &str); 8] = [
    ("SM54", "Médecine générale"),
    ("SM26", "Qualifié en Médecine Générale"),
    ("SM53", "Spécialiste en Médecine Générale"),
    ("SM04", "Cardiologie et maladies vasculaires"),
    ("SM15", "Dermatologie et vénéréologie"),
    ("SM40", "Pédiatrie"),
    ("SM42", "Psychiatrie"),
    ("SM02", "Anesthésie-réanimation"),
];
/// Names, first name, place in [`PROFESSIONS`], specialty, local part of the mailbox.
const CAST: [(&str, &str, usize, usize, &str); 8] = [
    ("TESTEUR", "Claire", 8, 0, "claire.testeur"),
    ("DE LA FONTAINE", "Jean-Pierre", 1, 3, "jp.delafontaine"),
    ("L'HUILLIER", "Zoé", 0, 0, "zoe.lhuillier"),
    ("ŒUVRARD", "Émile", 2, 0, "emile.oeuvrard"),
    ("NGUYỄN", "Thi Lan", 3, 0, "thilan.nguyen"),
    ("LE GOFF", "Anne-Marie", 1, 0, "am.legoff"),
    ("D'ESSAI-TEST", "Paul", 4, 0, "paul.dessaitest"),
    ("SAINT-ÉTIENNE", "Loïc", 7, 0, "loic.saintetienne"),
];

/// The person of a number. `generation` above 0 is who they are after so many changes.
pub fn person(seed: u64, number: u64, people: u64, generation: u64) -> Person {
    let mut random = Random::of(seed, 1, number);
    let cast = CAST.get(number as usize);
    let mut drawn = random.below(1000);
    let mut place = PROFESSIONS.len() - 1;
    for (n, (.., weight)) in PROFESSIONS.iter().enumerate() {
        match drawn.checked_sub(*weight) {
            Some(rest) => drawn = rest,
            None => {
                place = n;
                break;
            }
        }
    }
    let place = cast.map_or(place, |cast| cast.2);
    let (code, label, domain, _) = PROFESSIONS[place.min(PROFESSIONS.len() - 1)];
    let is_adeli = cast.is_none() && matches!(code, "93" | "28") && number.is_multiple_of(3);
    let national_id = if is_adeli {
        format!("099{:07}", number % 10_000_000)
    } else {
        let digits = format!("99{number:08}");
        format!("8{digits}{}", luhn(&digits))
    };
    let (nom, prenom) = match cast {
        Some(cast) => (cast.0.to_owned(), cast.1.to_owned()),
        None => (names::surname(&mut random), names::first_name(&mut random)),
    };
    let is_doctor = code == "10";
    let mut qualifications = Vec::new();
    if is_doctor {
        let first = if random.per_mille(550) {
            random.below(3)
        } else {
            random.below(8)
        } as usize;
        qualifications.push(SPECIALTIES[cast.map_or(first, |cast| cast.3).min(7)]);
        if random.per_mille(60) {
            qualifications.push(SPECIALTIES[(first + 3) % 8]);
        }
    }
    let activities = activities(seed, &mut random, number, people, &nom, &national_id, generation);
    let mailboxes = mailboxes(&mut random, cast, number, (&nom, &prenom), domain, &activities);
    Person {
        number,
        title: if is_doctor { ("DR", "Docteur") } else { ("", "") },
        civility: if random.per_mille(600) {
            ("MME", "Madame")
        } else {
            ("M", "Monsieur")
        },
        profession: (code, label, domain),
        category: if random.per_mille(8) {
            ("E", "Etudiant")
        } else {
            ("C", "Civil")
        },
        national_id,
        nom,
        prenom,
        qualifications,
        activities,
        mailboxes,
    }
}

fn activities(
    seed: u64,
    random: &mut Random,
    number: u64,
    people: u64,
    nom: &str,
    national_id: &str,
    generation: u64,
) -> Vec<Activity> {
    if number >= CAST.len() as u64 && random.per_mille(200) {
        return vec![Activity {
            mode: if random.per_mille(500) { "S" } else { "" },
            place: Place::Nowhere,
        }];
    }
    let count = match random.below(100) {
        0..=62 => 1,
        63..=90 => 2,
        _ => 3,
    };
    let establishments = structures::count(people);
    (0..count)
        .map(|n| {
            if random.per_mille(2) {
                return Activity {
                    mode: "S",
                    place: Place::Abroad,
                };
            }
            // A doctor of the documentation works in Nantes.
            if number == 1 || random.per_mille(550) {
                let which = if number == 1 || random.per_mille(30) {
                    0
                } else {
                    (random.below(establishments) + generation) % establishments
                };
                let mode = if random.per_mille(30) { "B" } else { "S" };
                Activity {
                    mode,
                    place: Place::Establishment(Box::new(structures::establishment(seed, which))),
                }
            } else {
                Activity {
                    mode: "L",
                    place: practice(random, number * 4 + n, nom, national_id, generation),
                }
            }
        })
        .collect()
}

fn practice(random: &mut Random, number: u64, nom: &str, national_id: &str, generation: u64) -> Place {
    let identifier = national_id.get(1..).unwrap_or("");
    let rank = number % 4 + 1;
    let siren = format!("99{:06}", 500_000 + number % 500_000);
    let siret = format!("{siren}{}{:05}", luhn(&siren), number / 500_000 + 11);
    let (technical_id, former_id, siret) = match (national_id.starts_with('0'), random.below(4)) {
        (true, _) => (
            format!("C{identifier}0{rank}"),
            format!("0{identifier}0{rank}"),
            String::new(),
        ),
        (_, 0) => (format!("C{siret}"), format!("3{siret}"), siret),
        _ => (
            format!("R10{number:012}"),
            format!("4{identifier}00{rank}"),
            String::new(),
        ),
    };
    Place::Practice(Practice {
        technical_id,
        former_id,
        siret,
        name: format!("CABINET {nom}"),
        town: places::town(random),
        telephone: if random.per_mille(300) {
            format!("0198{:06}", (number + generation) % 1_000_000)
        } else {
            String::new()
        },
        has_commune: random.per_mille(500),
    })
}

fn mailboxes(
    random: &mut Random,
    cast: Option<&(&str, &str, usize, usize, &str)>,
    number: u64,
    (nom, prenom): (&str, &str),
    domain: &str,
    activities: &[Activity],
) -> Vec<String> {
    if let Some(cast) = cast {
        return vec![format!("{}@{domain}-exemple.mssante.fr", cast.4)];
    }
    // Box 0 is drawn by the caller's share; a second one is rare.
    let local = |text: &str| crate::directory::text::joined(&crate::directory::text::fold(text));
    let name = format!("{}.{}{number}", local(prenom), local(nom));
    let local: String = name
        .chars()
        .rev()
        .take(60)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let own = match activities.first().map(|a| &a.place) {
        Some(Place::Establishment(e)) => e.domain.clone(),
        _ if random.per_mille(60) => "interop-mssante.apicrypt.org".to_owned(),
        _ => format!("{domain}-exemple.mssante.fr"),
    };
    let mut address = format!("{local}@{own}");
    if random.per_mille(20) {
        address = address.to_uppercase().replace("MSSANTE.FR", "mssante.fr");
    }
    let mut addresses = vec![address];
    if random.per_mille(40) {
        addresses.push(format!("{local}.bis@{domain}-exemple.mssante.fr"));
    }
    addresses
}

/// Whether a person is among those who have mailboxes, when `boxes` are wanted of `people`.
pub fn has_mailbox(seed: u64, number: u64, people: u64, boxes: u64) -> bool {
    // 84 % of boxes are of persons, who have 1.04 each.
    let wanted = boxes.saturating_mul(81) / 100;
    number < CAST.len() as u64 || Random::of(seed, 3, number).below(people.max(1)) < wanted
}

impl Place {
    /// Technical id of the structure, empty for no place.
    pub fn technical_id(&self) -> String {
        match self {
            Self::Nowhere => String::new(),
            Self::Establishment(e) => format!("F{}", e.finess),
            Self::Practice(p) => p.technical_id.clone(),
            Self::Abroad => "R10109900000043".to_owned(),
        }
    }
}
