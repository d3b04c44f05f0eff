//! The lines of the MSSanté correspondence extract.

use super::people::{Person, Place};
use super::structures::Establishment;

/// The lines of a person's mailboxes: an address now and then on two lines, for two places.
pub fn personal_lines(person: &Person) -> Vec<String> {
    let (kind, id) = person.national_id.split_at(1);
    let specialty = person.qualifications.first().copied().unwrap_or(("", ""));
    let mut lines = Vec::with_capacity(1);
    for address in &person.mailboxes {
        let places = if person.number % 700 == 5 { 2 } else { 1 };
        for activity in person.activities.iter().take(places) {
            let structure = match &activity.place {
                Place::Establishment(e) => ("1", e.finess.clone(), e.name.clone(), Some(e.town)),
                Place::Practice(p) => {
                    let (kind, id) = p.former_id.split_at(1);
                    (
                        if kind == "3" {
                            "3"
                        } else if kind == "0" {
                            "0"
                        } else {
                            "4"
                        },
                        id.to_owned(),
                        p.name.clone(),
                        Some(p.town),
                    )
                }
                Place::Abroad | Place::Nowhere => ("", String::new(), String::new(), None),
            };
            let town = structure.3.map(|town| {
                (
                    town.postcode.to_owned(),
                    town.routing_name(),
                    department(town.insee),
                )
            });
            let (postcode, routing, department) = town.unwrap_or_default();
            let routing = if postcode.is_empty() {
                routing
            } else {
                format!("{postcode} {routing}")
            };
            lines.push(format!(
                "PER|{address}|{kind}|{id}|{}|{}|{}||{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}||||1||AV|DES ESSAIS||{routing}|{postcode}|{department}|FRANCE",
                person.national_id, structure.0, structure.1, person.title.1, person.nom, person.prenom.to_uppercase(),
                person.category.0, person.category.1, person.profession.0, person.profession.1, specialty.0, specialty.1,
                if person.number.is_multiple_of(3) { "O" } else { "N" }, structure.2,
            ));
        }
    }
    lines
}

/// The services that have boxes, in the order in which an establishment gives them.
const SERVICES: [&str; 14] = [
    "SECRETARIAT",
    "CARDIOLOGIE",
    "ADDICTOLOGIE",
    "URGENCES",
    "IMAGERIE",
    "PEDIATRIE",
    "MATERNITE",
    "ONCOLOGIE",
    "GERIATRIE",
    "PNEUMOLOGIE",
    "NEUROLOGIE",
    "BLOC OPERATOIRE",
    "PHARMACIE À USAGE INTÉRIEUR",
    "SERVICE SOCIAL",
];

/// The line of an organisation's nth box.
pub fn service_line(e: &Establishment, nth: u64) -> String {
    let service = SERVICES[(nth % SERVICES.len() as u64) as usize];
    let unit = nth / SERVICES.len() as u64;
    let service = if unit == 0 {
        service.to_owned()
    } else {
        format!("{service} {unit}")
    };
    let local = crate::directory::text::fold(&service).replace(' ', "-");
    format!(
        "ORG|{local}@{}||||1|{}|{service}||||||||||N|{}||||1||R|{}||{} {}|{}|{}|FRANCE",
        e.domain,
        e.finess,
        e.name,
        e.street,
        e.town.postcode,
        e.town.routing_name(),
        e.town.postcode,
        department(e.town.insee),
    )
}

fn department(insee: &str) -> String {
    let length = if insee.starts_with("97") || insee.starts_with("98") {
        3
    } else {
        2
    };
    insee.get(..length).unwrap_or("").to_owned()
}
