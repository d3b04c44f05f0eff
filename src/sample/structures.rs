//! Establishments of FINESS, each computed from its number, so that no table of them is kept.

use super::places::{self, Town};
use super::random::{Random, luhn};

/// Groups of establishments with a domain of their own.
const GROUPS: u64 = 4_900;

/// An establishment and its legal entity.
pub struct Establishment {
    pub number: u64,
    pub finess: String,
    pub finess_ej: String,
    pub siret: String,
    /// Cut at 38 characters.
    pub short_name: String,
    pub name: String,
    pub category: (&'static str, &'static str),
    pub sector: (&'static str, &'static str),
    pub town: &'static Town,
    pub street: String,
    pub telephone: String,
    pub domain: String,
}

/// Code and label.
type Coded = (&'static str, &'static str);

const KINDS: [(&str, Coded, Coded); 8] = [
    (
        "CENTRE HOSPITALIER",
        ("355", "Centre Hospitalier (C.H.)"),
        ("SA01", "Etablissement public de santé"),
    ),
    (
        "PHARMACIE",
        ("620", "Pharmacie d'Officine"),
        ("SA33", "Pharmacie d'officine"),
    ),
    (
        "CLINIQUE",
        ("365", "Etablissement de Soins Pluridisciplinaire"),
        ("SA04", "Etab. Privé Non PSPH"),
    ),
    (
        "EHPAD",
        (
            "500",
            "Etablissement d'hébergement pour personnes âgées dépendantes",
        ),
        ("SA17", "Etab. hébergement pers. âgées"),
    ),
    (
        "PHARMACIE",
        ("620", "Pharmacie d'Officine"),
        ("SA33", "Pharmacie d'officine"),
    ),
    (
        "LABORATOIRE",
        ("611", "Laboratoire de Biologie Médicale"),
        ("SA25", "Laboratoire de biologie médicale"),
    ),
    (
        "CENTRE DE SANTE",
        ("124", "Centre de Santé"),
        ("SA05", "Centre de santé"),
    ),
    (
        "MAISON DE SANTE",
        ("603", "Maison de santé (L.6223-3)"),
        ("SA10", "Maison de santé"),
    ),
];
const SAINTS: [&str; 12] = [
    "DES LILAS",
    "SAINT-ÉTIENNE",
    "DU PARC",
    "\"LE BEL AIR\"",
    "DE LA GARE",
    "NOTRE-DAME",
    "DES ACACIAS",
    "DU MARCHÉ",
    "STE ANNE",
    "DE L'ÉGLISE",
    "BELLEVUE",
    "DES TROIS FONTAINES ET DE LA VALLÉE",
];
const STREETS: [&str; 10] = [
    "DE LA REPUBLIQUE",
    "VICTOR HUGO",
    "DES ESSAIS",
    "DU GENERAL LECLERC",
    "JEAN JAURES",
    "DE L EGLISE",
    "PASTEUR",
    "DES TILLEULS",
    "DU MOULIN",
    "DE L'EXEMPLE",
];

/// How many establishments a set of so many people has.
pub fn count(people: u64) -> u64 {
    people / 15 + 12
}

/// The establishment of a number.
pub fn establishment(seed: u64, number: u64) -> Establishment {
    let mut random = Random::of(seed, 2, number);
    // Number 0 is the hospital that documentation names.
    let town = if number == 0 {
        places::by_insee("44109")
    } else {
        places::town(&mut random)
    };
    let (word, category, sector) = KINDS[(number % 8) as usize];
    let name = match number {
        0 => "CENTRE HOSPITALIER EXEMPLE DE NANTES".to_owned(),
        _ if word == "CENTRE HOSPITALIER" => format!("{word} DE {}", town.routing_name()),
        _ => format!("{word} {}", random.pick(&SAINTS).copied().unwrap_or("DU PARC")),
    };
    // One in six shares the SIRET of the one before: several establishments, one SIRET.
    let site = if number % 6 == 5 { number - 1 } else { number };
    let siren = format!("99{site:06}");
    let siren = format!("{siren}{}", luhn(&siren));
    let siret = format!("{siren}0001");
    Establishment {
        number,
        finess: format!("99{number:07}"),
        finess_ej: format!("99{:07}", 5_000_000 + site),
        siret: format!("{siret}{}", luhn(&siret)),
        short_name: name.chars().take(38).collect::<String>().trim_end().to_owned(),
        category,
        sector,
        town,
        street: random.pick(&STREETS).copied().unwrap_or("PASTEUR").to_owned(),
        telephone: format!("0199{:06}", number % 1_000_000),
        domain: if number == 0 {
            "ch-nantes-exemple.mssante.fr".to_owned()
        } else {
            // Establishments share the domains of their groups: some five thousand in the whole country.
            format!("etab{}-exemple.mssante.fr", number % GROUPS)
        },
        name,
    }
}
