//! `PS_LibreAcces_Personne_activite`, `_SavoirFaire` and `_Dipl_AutExerc`: fields to records, and the rules by
//! which a line is refused.

use super::pipe::{Fault, Fields, Layout};
use super::record::{ActivityRow, AddressRow, Coded, DiplomaRow, PersonRef, QualificationRow, SiteRow};
use crate::directory::identifier::{is_finess, is_siret};

const NATIONAL_ID: &str = "Identification nationale PP";
const NOM: &str = "Nom d'exercice";
const PROFESSION: &str = "Code profession";

/// Layout of Personne_activite, all eras.
pub fn activity_layout() -> Layout {
    Layout::new(
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
        include_str!("../../import/layouts/dipl_autexerc.txt"),
        &[
            NATIONAL_ID,
            "Code type diplôme obtenu",
            "Code diplôme obtenu",
            "Code type autorisation",
        ],
    )
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
