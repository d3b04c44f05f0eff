//! Where an address lies: postcode, commune, INSEE code and department, out of columns that are often empty.

use crate::source::record::AddressRow;

/// A place. Absent values are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub code_postal: String,
    pub commune: String,
    pub code_insee: String,
    /// `44`, `2A`, `971`; empty abroad and where nothing tells.
    pub departement: String,
}

/// Locates an address: the columns first, the routing line (`01012 BOURG EN BRESSE CEDEX 9`) where they are empty.
pub fn locate(address: &AddressRow<'_>) -> Place {
    let (routing_postcode, town) = split_routing(address.acheminement);
    let code_postal = if address.code_postal.is_empty() {
        routing_postcode
    } else {
        address.code_postal
    };
    let commune = if address.commune.is_empty() {
        town
    } else {
        address.commune.to_owned()
    };
    let abroad =
        !matches!(address.pays.code, "" | "99000" | "FR") || code_postal.chars().any(|c| c.is_alphabetic());
    let departement = if abroad {
        String::new()
    } else {
        department(address.code_commune, code_postal)
            .unwrap_or(address.departement)
            .to_owned()
    };
    Place {
        code_postal: code_postal.to_owned(),
        commune,
        code_insee: address.code_commune.to_owned(),
        departement,
    }
}

/// The department of a commune, else of a postcode: `200`, `201` → 2A, `202`, `206` → 2B, `97x`, `98x` overseas.
pub fn department<'a>(code_commune: &'a str, code_postal: &'a str) -> Option<&'a str> {
    let good = |code: &str| code.len() == 5 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    if good(code_commune) {
        return if code_commune.starts_with("97") || code_commune.starts_with("98") {
            code_commune.get(..3)
        } else {
            code_commune.get(..2)
        };
    }
    if !good(code_postal) || !code_postal.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match code_postal.get(..3)? {
        "200" | "201" => Some("2A"),
        "202" | "206" => Some("2B"),
        // Other 20… are CEDEX of either side of Corsica, and 970 is no department.
        other if other.starts_with("20") || other == "970" => None,
        overseas if overseas.starts_with("97") || overseas.starts_with("98") => Some(overseas),
        _ => code_postal.get(..2),
    }
}

/// Splits a routing line into postcode and town, CEDEX and its number left out.
fn split_routing(line: &str) -> (&str, String) {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    let is_postcode = first.len() == 5 && first.bytes().all(|b| b.is_ascii_digit());
    let (postcode, town) = if is_postcode { (first, rest) } else { ("", line) };
    let words: Vec<&str> = town
        .split_whitespace()
        .take_while(|word| !word.eq_ignore_ascii_case("cedex"))
        .collect();
    (postcode, words.join(" "))
}

/// The INSEE code behind FINESS's department and three-digit commune: its letters stand for overseas
/// departments (`9A` → `97…`, `9J` → `98…`); other letters are not guessed.
pub fn finess_commune(departement: &str, commune: &str) -> Option<String> {
    if commune.len() != 3 || departement.len() != 2 || !commune.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match departement {
        "9A" | "9B" | "9C" | "9D" | "9E" | "9F" => Some(format!("97{commune}")),
        "9J" => Some(format!("98{commune}")),
        other if other.starts_with('9') && !other.bytes().all(|b| b.is_ascii_digit()) => None,
        other => Some(format!("{other}{commune}")),
    }
}

/// FINESS's department in INSEE form: `9A` → `971`; empty for a letter that is not known.
pub fn finess_department(departement: &str) -> &str {
    match departement {
        "9A" => "971",
        "9B" => "972",
        "9C" => "973",
        "9D" => "974",
        "9E" => "975",
        "9F" => "976",
        "9J" => "986",
        other
            if other.len() == 2
                && other.starts_with('9')
                && other.ends_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            ""
        }
        other => other,
    }
}

/// The lines above the routing line, none empty and none twice: recipient, building, street, mention.
pub fn postal_lines(address: &AddressRow<'_>) -> Vec<String> {
    let type_voie = if address.type_voie.label.is_empty() {
        street_type(address.type_voie.code)
    } else {
        address.type_voie.label
    };
    let street: Vec<&str> = [
        address.numero_voie,
        address.indice_repetition,
        type_voie,
        address.voie,
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect();
    let mut lines: Vec<String> = Vec::with_capacity(3);
    for line in [
        address.complement_destinataire,
        address.complement_geographique,
        &street.join(" "),
        address.mention_distribution,
    ] {
        if !line.is_empty() && !lines.iter().any(|other| other == line) {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// The frequent codes of TRE_R35 spelled out; others stay as they are.
fn street_type(code: &str) -> &str {
    match code {
        "R" => "RUE",
        "AV" => "AVENUE",
        "BD" => "BOULEVARD",
        "PL" => "PLACE",
        "RTE" => "ROUTE",
        "CHE" | "CHEM" => "CHEMIN",
        "ALL" => "ALLEE",
        "IMP" => "IMPASSE",
        "CRS" => "COURS",
        "QU" => "QUAI",
        "QUA" => "QUARTIER",
        "SQ" => "SQUARE",
        "PAS" => "PASSAGE",
        "LD" => "LIEU DIT",
        "RPT" => "ROND POINT",
        "FG" => "FAUBOURG",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::record::Coded;

    #[test]
    fn the_routing_line_stands_in_for_a_missing_commune() {
        let place = locate(&AddressRow {
            acheminement: "01012 BOURG EN BRESSE CEDEX 9",
            ..AddressRow::default()
        });
        assert_eq!(
            (
                place.code_postal.as_str(),
                place.commune.as_str(),
                place.departement.as_str()
            ),
            ("01012", "BOURG EN BRESSE", "01")
        );
    }

    #[test]
    fn the_commune_decides_the_department_before_the_postcode() {
        assert_eq!(department("2A004", "20000"), Some("2A"));
        assert_eq!(department("", "20090"), Some("2A"));
        assert_eq!(department("", "20200"), Some("2B"));
        assert_eq!(department("", "20600"), Some("2B"));
        assert_eq!(department("97101", ""), Some("971"));
        assert_eq!(department("", "98600"), Some("986"));
        assert_eq!(department("38053", "01300"), Some("38"));
    }

    #[test]
    fn a_foreign_address_has_no_department() {
        let address = AddressRow {
            acheminement: "GL 5O 2QJ MADEUPTOWN",
            code_postal: "GL",
            pays: Coded {
                code: "99132",
                label: "Royaume-uni",
            },
            ..AddressRow::default()
        };
        assert_eq!(locate(&address).departement, "");
    }

    #[test]
    fn finess_letters_become_insee_numbers() {
        assert_eq!(finess_commune("9A", "101").as_deref(), Some("97101"));
        assert_eq!(finess_commune("9J", "613").as_deref(), Some("98613"));
        assert_eq!(finess_commune("2A", "004").as_deref(), Some("2A004"));
        assert_eq!(finess_commune("01", "451").as_deref(), Some("01451"));
        assert_eq!(finess_commune("9G", "101"), None);
    }
}
