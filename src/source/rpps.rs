//! `PS_LibreAcces_Personne_activite`, `_SavoirFaire` and `_Dipl_AutExerc`: fields to records, and the rules by
//! which a line is refused.

use super::Kind;
use super::pipe::{Fault, Fields, Layout};
use super::record::{ActivityRow, AddressRow, Coded, DiplomaRow, PersonRef, QualificationRow, SiteRow};
use crate::directory::identifier::{is_finess, is_siret};

const NATIONAL_ID: &str = "Identification nationale PP";
const NOM: &str = "Nom d'exercice";
const PROFESSION: &str = "Code profession";

/// Layout of Personne_activite, all eras.
pub fn activity_layout() -> Layout {
    Layout::new(
        Kind::PersonneActivite,
        include_str!("../../import/layouts/personne_activite.txt"),
        &[
            "Type d'identifiant PP",
            "Identifiant PP",
            NATIONAL_ID,
            NOM,
            "Prénom d'exercice",
            PROFESSION,
            "Code catégorie professionnelle",
            "Code mode exercice",
            "Numéro SIRET site",
            "Numéro FINESS site",
            "Identifiant technique de la structure",
            "Raison sociale site",
            "Bureau cedex (coord. structure)",
            "Code postal (coord. structure)",
            "Code commune (coord. structure)",
        ],
    )
}

/// Layout of SavoirFaire.
pub fn qualification_layout() -> Layout {
    Layout::new(
        Kind::SavoirFaire,
        include_str!("../../import/layouts/savoir_faire.txt"),
        &[
            NATIONAL_ID,
            PROFESSION,
            "Code type savoir-faire",
            "Code savoir-faire",
        ],
    )
}

/// Layout of Dipl_AutExerc.
pub fn diploma_layout() -> Layout {
    Layout::new(
        Kind::Diplomes,
        include_str!("../../import/layouts/dipl_autexerc.txt"),
        &[
            NATIONAL_ID,
            "Code type diplôme obtenu",
            "Code diplôme obtenu",
            "Code type autorisation",
        ],
    )
}

/// Which of the three files a header is of, its names in one form for all spellings; `None` for another one that
/// begins with a person's identifiers.
///
/// Personne_activite has all columns of SavoirFaire, whose lists it would empty if it were taken for one: where a
/// column that only Personne_activite has stands among those of SavoirFaire, or is one that SavoirFaire has no use
/// for, it is Personne_activite, whole or not. Columns may be appended to any of them.
pub fn kind(header: &[String]) -> Option<Kind> {
    let [diplomas, qualifications] =
        [diploma_layout(), qualification_layout()].map(|layout| layout.canonical_names());
    let activity = activity_layout();
    let lists = [diplomas.as_slice(), &qualifications];
    if has_own(header, &activity.canonical_mandatory(), &lists) {
        Some(Kind::PersonneActivite)
    } else if header.starts_with(&qualifications) {
        Some(Kind::SavoirFaire)
    } else if has_own(header, &diplomas, &[&qualifications]) {
        Some(Kind::Diplomes)
    } else if has_own(header, &activity.canonical_names(), &lists) {
        Some(Kind::PersonneActivite)
    } else {
        has_own(header, &qualifications, &[&diplomas]).then_some(Kind::SavoirFaire)
    }
}

/// Whether a header has one of some columns that the other kinds of files do not have.
fn has_own(header: &[String], columns: &[String], others: &[&[String]]) -> bool {
    let mut own = columns
        .iter()
        .filter(|name| !others.iter().any(|other| other.contains(name)));
    own.any(|name| header.contains(name))
}

/// One line of Personne_activite.
pub fn activity<'a>(f: &Fields<'a>) -> Result<ActivityRow<'a>, Fault> {
    let person = person(f)?;
    required(f, 7, NOM)?;
    required(f, 9, PROFESSION)?;
    Ok(ActivityRow {
        person,
        civilite_exercice: coded(f, 3),
        civilite: coded(f, 5),
        nom: f.get(7),
        prenom: f.get(8),
        profession: coded(f, 9),
        categorie: coded(f, 11),
        type_savoir_faire: coded(f, 13),
        savoir_faire: coded(f, 15),
        mode_exercice: coded(f, 17),
        site: site(f),
        autorite: f.get(47),
        secteur: coded(f, 48),
        section_pharmacien: coded(f, 50),
        role: f.has(52).then(|| coded(f, 52)),
        genre: f.has(54).then(|| coded(f, 54)),
    })
}

fn site<'a>(f: &Fields<'a>) -> Option<SiteRow<'a>> {
    let technical = f.get(23);
    let siret = Some(f.get(19)).filter(|siret| is_siret(siret)).unwrap_or("");
    let siren = match f.get(20) {
        "" => siret.get(..9).unwrap_or(""),
        siren => siren,
    };
    let from_technical = technical.strip_prefix('F').unwrap_or("");
    let finess = [f.get(21), from_technical]
        .into_iter()
        .find(|number| is_finess(number))
        .unwrap_or("");
    // Some other number has to name a structure that has no technical id.
    let identifiant_technique = [technical, finess, siret, f.get(46)]
        .into_iter()
        .find(|id| !id.is_empty())?;
    Some(SiteRow {
        identifiant_technique,
        finess,
        finess_ej: Some(f.get(22)).filter(|number| is_finess(number)).unwrap_or(""),
        siret,
        siren,
        ancien_identifiant: f.get(46),
        raison_sociale: f.get(24),
        enseigne: f.get(25),
        address: AddressRow {
            complement_destinataire: f.get(26),
            complement_geographique: f.get(27),
            numero_voie: f.get(28),
            indice_repetition: f.get(29),
            type_voie: coded(f, 30),
            voie: f.get(32),
            mention_distribution: f.get(33),
            acheminement: f.get(34),
            code_postal: f.get(35),
            code_commune: f.get(36),
            commune: f.get(37),
            pays: coded(f, 38),
            departement: f.get(44),
        },
        telephone: f.get(40),
        telephone_2: f.get(41),
        telecopie: f.get(42),
        email: f.get(43),
    })
}

/// One line of SavoirFaire.
pub fn qualification<'a>(f: &Fields<'a>) -> Result<QualificationRow<'a>, Fault> {
    let person = person(f)?;
    required(f, 5, PROFESSION)?;
    required(f, 11, "Code savoir-faire")?;
    Ok(QualificationRow {
        person,
        profession: coded(f, 5),
        categorie: coded(f, 7),
        type_savoir_faire: coded(f, 9),
        savoir_faire: coded(f, 11),
    })
}

/// One line of Dipl_AutExerc: a diploma, an authorisation, or both.
pub fn diploma<'a>(f: &Fields<'a>) -> Result<DiplomaRow<'a>, Fault> {
    let person = person(f)?;
    let row = DiplomaRow {
        person,
        type_diplome: coded(f, 5),
        diplome: coded(f, 7),
        type_autorisation: coded(f, 9),
        discipline: coded(f, 11),
    };
    if row.type_diplome.code.is_empty()
        && row.diplome.code.is_empty()
        && row.type_autorisation.code.is_empty()
    {
        return Err(Fault::new(
            "Code diplôme obtenu",
            "neither a diploma nor an authorisation",
        ));
    }
    Ok(row)
}

/// The person of a line: the three identifier columns must agree.
pub fn person<'a>(f: &Fields<'a>) -> Result<PersonRef<'a>, Fault> {
    checked_person(f.get(0), f.get(1), f.get(2), NATIONAL_ID)
}

/// Checks type, identifier and national identification against each other.
pub fn checked_person<'a>(
    type_identifiant: &'a str,
    identifiant: &'a str,
    identification_nationale: &'a str,
    column: &'static str,
) -> Result<PersonRef<'a>, Fault> {
    if identification_nationale.is_empty() {
        return Err(Fault::new(column, "empty"));
    }
    if identification_nationale.len() > 25
        || !identification_nationale
            .bytes()
            .all(|b| b.is_ascii_alphanumeric())
    {
        return Err(Fault::new(
            column,
            "not an identifier of at most 25 letters and digits",
        ));
    }
    let (type_found, identifiant_found) = identification_nationale.split_at(1);
    let agrees = |given: &str, found: &str| given.is_empty() || given == found;
    if !agrees(type_identifiant, type_found) || !agrees(identifiant, identifiant_found) {
        return Err(Fault::new(column, "is not the type followed by the identifier"));
    }
    let length = match type_found {
        "8" => 11,
        "0" => 9,
        _ => identifiant_found.len(),
    };
    if identifiant_found.len() != length || identifiant_found.is_empty() {
        return Err(Fault::new(
            column,
            format!(
                "identifier of {} characters instead of {length}",
                identifiant_found.len()
            ),
        ));
    }
    Ok(PersonRef {
        type_identifiant: type_found,
        identifiant: identifiant_found,
        identification_nationale,
    })
}

fn coded<'a>(f: &Fields<'a>, column: usize) -> Coded<'a> {
    Coded {
        code: f.get(column),
        label: f.get(column + 1),
    }
}

fn required(f: &Fields<'_>, column: usize, name: &'static str) -> Result<(), Fault> {
    if f.get(column).is_empty() {
        Err(Fault::new(name, "empty"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::pipe::canonical;

    const ACTIVITY: &str = include_str!("../../import/layouts/personne_activite.txt");
    const QUALIFICATION: &str = include_str!("../../import/layouts/savoir_faire.txt");
    const DIPLOMA: &str = include_str!("../../import/layouts/dipl_autexerc.txt");

    fn kind_of(header: &str) -> Option<Kind> {
        let names: Vec<String> = header.trim_end().split('|').map(canonical).collect();
        kind(&names)
    }

    #[test]
    fn a_header_that_lacks_any_one_column_is_of_its_own_kind_still() {
        for (header, expected) in [
            (ACTIVITY, Kind::PersonneActivite),
            (QUALIFICATION, Kind::SavoirFaire),
            (DIPLOMA, Kind::Diplomes),
        ] {
            assert_eq!(kind_of(header), Some(expected));
            let names: Vec<&str> = header.trim_end().split('|').collect();
            for absent in 0..names.len() {
                let mut others = names.clone();
                others.remove(absent);
                assert_eq!(kind_of(&others.join("|")), Some(expected), "{}", names[absent]);
            }
        }
    }

    #[test]
    fn a_cut_or_reduced_personne_activite_is_no_savoir_faire() {
        let names: Vec<&str> = ACTIVITY.trim_end().split('|').collect();
        for end in 4..names.len() {
            assert_eq!(
                kind_of(&names[..end].join("|")),
                Some(Kind::PersonneActivite),
                "{end}"
            );
        }
        let without_titles = [&names[..3], &names[7..]].concat().join("|");
        assert_eq!(kind_of(&without_titles), Some(Kind::PersonneActivite));
        let without_mode = without_titles.replace("Code mode exercice|", "");
        assert_eq!(kind_of(&without_mode), Some(Kind::PersonneActivite));
    }

    #[test]
    fn columns_appended_to_a_list_leave_it_one_and_other_files_of_people_are_none() {
        let appended = format!("{}Autorité d'enregistrement|", QUALIFICATION.trim_end());
        assert_eq!(kind_of(&appended), Some(Kind::SavoirFaire));
        let cards = "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Type de carte|";
        assert_eq!(kind_of(cards), None);
    }
}
