//! The lines of the RPPS extracts, traps included.

use super::people::{Person, Place};
use super::random::Random;

/// The lines of Personne_activite of one person: an exact repetition now and then, one activity on two lines that
/// differ only by qualification.
pub fn activity_lines(person: &Person, seed: u64) -> Vec<String> {
    let mut random = Random::of(seed, 4, person.number);
    let mut lines = Vec::with_capacity(2);
    let none = [("", "")];
    let qualifications = if person.qualifications.is_empty() {
        &none[..]
    } else {
        &person.qualifications
    };
    for (mode, place) in person.activities.iter().map(|a| (a.mode, &a.place)) {
        for (code, label) in qualifications {
            let mut fields: Vec<String> = Vec::with_capacity(57);
            let mut push = |values: &[&str]| fields.extend(values.iter().map(|v| (*v).to_owned()));
            let (kind, id) = person.national_id.split_at(1);
            let label_broken = random.per_mille(4);
            let profession = if label_broken {
                "M\u{FFFD}\u{FFFD}decin"
            } else {
                person.profession.1
            };
            push(&[
                kind,
                id,
                &person.national_id,
                person.title.0,
                person.title.1,
                person.civility.0,
                person.civility.1,
            ]);
            push(&[
                &person.nom,
                &person.prenom,
                person.profession.0,
                profession,
                person.category.0,
            ]);
            push(&[if random.per_mille(10) {
                "Civil "
            } else {
                person.category.1
            }]);
            let kind_of_skill = if code.is_empty() {
                ("", "")
            } else {
                ("S", "Spécialité ordinale")
            };
            push(&[kind_of_skill.0, kind_of_skill.1, code, label]);
            push(&[
                mode,
                match mode {
                    "L" => "Libéral",
                    "S" => "Salarié",
                    "B" => "Bénévole",
                    _ => "",
                },
            ]);
            place_fields(place, &mut random, &mut push);
            let is_adeli = kind == "0";
            let role = match (is_adeli, mode) {
                (true, _) | (_, "") => ("", ""),
                (_, "L") => ("FON-01", "Titulaire de cabinet"),
                _ => ("FON-33", "Salarié en poste fixe"),
            };
            let section = if person.profession.0 == "21" {
                ("A", "Titulaire d'officine")
            } else {
                ("", "")
            };
            let genre = if role.0.is_empty() {
                ("", "")
            } else {
                ("GENR01", "Activité de soin et de pharmacie")
            };
            let sector = match place {
                Place::Establishment(e) => e.sector,
                Place::Practice(_) => ("SA07", "Cabinet individuel"),
                Place::Abroad => ("SA32", "Fab. Exploit. Import. Méd. DM"),
                Place::Nowhere => ("", ""),
            };
            let authority = if is_adeli {
                "ARS/CPAM/CPAM"
            } else {
                "CNOM/CNOM/CNOM"
            };
            let mut push = |values: &[&str]| fields.extend(values.iter().map(|v| (*v).to_owned()));
            push(&[
                authority, sector.0, sector.1, section.0, section.1, role.0, role.1, genre.0, genre.1, "",
            ]);
            lines.push(fields.join("|"));
        }
    }
    if random.per_mille(3)
        && let Some(line) = lines.first().cloned()
    {
        lines.push(line);
    }
    lines
}

/// Columns 20 to 47.
fn place_fields(place: &Place, random: &mut Random, push: &mut impl FnMut(&[&str])) {
    match place {
        Place::Nowhere => push(&[""; 28]),
        Place::Abroad => push(&[
            "",
            "",
            "",
            "",
            "R10109900000043",
            "EXAMPLE PHARMA LIMITED",
            "EXAMPLE PHARMA",
            "EXAMPLE PHARMA LIMITED",
            "",
            "",
            "",
            "",
            "",
            "EXAMPLE HOUSE MADE UP ROAD",
            "",
            "GL 5O 2QJ MADEUPTOWN",
            "GL",
            "",
            "",
            "99132",
            "Royaume-uni",
            "",
            "",
            "",
            "",
            "",
            "",
            "399000000300017",
        ]),
        Place::Establishment(e) => {
            let cedex = format!("{} {} CEDEX", e.town.cedex(), e.town.routing_name());
            let former = format!("1{}", e.finess);
            let technical = format!("F{}", e.finess);
            let fax = if e.number % 2 == 0 { "0199000001" } else { "" };
            push(&[
                &e.siret,
                "",
                &e.finess,
                &e.finess_ej,
                &technical,
                &e.short_name,
                "",
                "",
                "",
                "1",
                "",
                "R",
                "Rue",
            ]);
            push(&[
                &e.street,
                "BP 12",
                &cedex,
                &e.town.cedex(),
                e.town.insee,
                e.town.name,
                "",
                "",
                &e.telephone,
                "",
                fax,
            ]);
            push(&["contact@etablissement-exemple.invalid", "", "", &former]);
        }
        Place::Practice(p) => {
            let building = if random.per_mille(10) {
                "RESIDENCE \"LE BEL AIR"
            } else {
                ""
            };
            let routing = format!("{} {}", p.town.postcode, p.town.routing_name());
            let commune = if p.has_commune {
                (p.town.insee, p.town.name, "99000", "France")
            } else {
                ("", "", "", "")
            };
            let number = if random.per_mille(10) {
                "P".to_owned()
            } else {
                (random.below(120) + 1).to_string()
            };
            let repeated = if random.per_mille(50) { "B" } else { "" };
            push(&[
                &p.siret,
                "",
                "",
                "",
                &p.technical_id,
                &p.name,
                "CABINET INDIVIDUEL",
                &p.name,
                building,
                &number,
                repeated,
            ]);
            push(&[
                "AV",
                "Avenue",
                "DES ESSAIS",
                "",
                &routing,
                p.town.postcode,
                commune.0,
                commune.1,
                commune.2,
                commune.3,
            ]);
            push(&[&p.telephone, "", "", "", "", "", &p.former_id]);
        }
    }
}

fn start(person: &Person) -> String {
    let (kind, id) = person.national_id.split_at(1);
    format!(
        "{kind}|{id}|{}|{}|{}",
        person.national_id, person.nom, person.prenom
    )
}

/// The lines of SavoirFaire of one person.
pub fn qualification_lines(person: &Person) -> Vec<String> {
    person
        .qualifications
        .iter()
        .map(|(code, label)| {
            let (profession, category) = (&person.profession, person.category);
            format!(
                "{}|{}|{}|{}|{}|S|Spécialité ordinale|{code}|{label}|",
                start(person),
                profession.0,
                profession.1,
                category.0,
                category.1
            )
        })
        .collect()
}

/// The lines of Dipl_AutExerc of one person: a diploma, and an authorisation now and then.
pub fn diploma_lines(person: &Person) -> Vec<String> {
    let mut lines = vec![format!(
        "{}|DE|Diplôme d'Etat français |DE{:0>2}|Diplôme d'Etat français de {}|||||",
        start(person),
        person.profession.0,
        person.profession.1
    )];
    if person.number % 40 == 3 {
        lines.push(format!(
            "{}|||||AEPL|Autorisation de plein exercice|10|Médecine|",
            start(person)
        ));
    }
    lines
}
