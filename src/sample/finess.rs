//! The lines of the FINESS files.

use super::projection::project;
use super::random::Random;
use super::structures::{Establishment, establishment};

fn quoted(text: &str) -> String {
    if text.contains('"') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A `structureet` line of 32 fields.
pub fn establishment_line(e: &Establishment) -> String {
    let (department, commune) = e.town.finess_codes();
    let without_siret = e.number % 8 == 7;
    let (siret, long) = (
        if without_siret { "" } else { &e.siret },
        if e.name == e.short_name { "" } else { &e.name },
    );
    let cedex = if e.number.is_multiple_of(8) {
        format!("{} {} CEDEX", e.town.cedex(), e.town.routing_name())
    } else {
        format!("{} {}", e.town.postcode, e.town.routing_name())
    };
    format!(
        "structureet;{};{};{};{};;;1;R;{};;;{commune};{department};;{cedex};{};;{};{};;;{siret};8610Z;;;1;Etablissement public de santé;1979-02-13;1979-02-13;2025-01-0{};",
        e.finess,
        e.finess_ej,
        quoted(&e.short_name),
        quoted(long),
        e.street,
        e.telephone,
        e.category.0,
        e.category.1,
        e.number % 9 + 1,
    )
}

/// A `geolocalisation` line; none for one in ninety, empty coordinates for another.
pub fn position_line(seed: u64, e: &Establishment) -> Option<String> {
    let mut random = Random::of(seed, 5, e.number);
    match e.number % 90 {
        41 => return None,
        42 => return Some(format!("geolocalisation;{};;;;2026-01-04", e.finess)),
        _ => {}
    }
    let near = |centre: f64, random: &mut Random| centre + (random.below(2000) as f64 - 1000.0) / 100_000.0;
    let (lat, lon) = (near(e.town.lat, &mut random), near(e.town.lon, &mut random));
    let (x, y, label) = project(e.town, lat, lon);
    Some(format!(
        "geolocalisation;{};{x:.1};{y:.1};1,ATLASANTE,96,BAN,{label};2026-01-04",
        e.finess
    ))
}

/// A `structureej` line; some legal entities have no establishment.
pub fn legal_entity_line(seed: u64, number: u64, finess: &str) -> String {
    let e = establishment(seed, number);
    let (department, commune) = e.town.finess_codes();
    let siren = e.siret.get(..9).unwrap_or("");
    format!(
        "structureej;{finess};{};;;1;R;{};;;;{commune};{} {};{department};;{};13;Etablissement Public Communal d'Hospitalisation;;;{siren};8610Z;1979-02-13",
        quoted(&e.short_name),
        e.street,
        e.town.postcode,
        e.town.routing_name(),
        e.telephone,
    )
}
