//! `Extraction_Correspondance_MSSante`: one line is one attachment of a mailbox.

use super::Kind;
use super::pipe::{Fault, Fields, Layout};
use super::record::{Coded, MailboxRow, PersonRef};
use super::rpps::checked_person;
use crate::directory::address::MailAddress;

const TYPE: &str = "Type de BAL";
const ADDRESS: &str = "Adresse BAL";
const NATIONAL_ID: &str = "Identification nationale PP";

/// Layout of the 31 columns.
pub fn layout() -> Layout {
    Layout::new(
        Kind::CorrespondanceMssante,
        include_str!("../../import/layouts/correspondance_mssante.txt"),
        &[
            TYPE,
            ADDRESS,
            NATIONAL_ID,
            "Type identifiant structure",
            "Identification Structure",
        ],
    )
}

/// One line.
pub fn mailbox<'a>(f: &Fields<'a>) -> Result<MailboxRow<'a>, Fault> {
    if !matches!(f.get(0), "PER" | "ORG" | "APP" | "CAB") {
        return Err(Fault::new(TYPE, "not one of PER, ORG, APP, CAB"));
    }
    MailAddress::parse(f.get(1)).map_err(|fault| Fault::new(ADDRESS, fault.to_string()))?;
    let person = match (f.get(2), f.get(3), f.get(4)) {
        ("", "", "") => PersonRef::default(),
        (type_identifiant, identifiant, national) => {
            checked_person(type_identifiant, identifiant, national, NATIONAL_ID)?
        }
    };
    if f.get(0) == "PER" && person.identification_nationale.is_empty() && f.get(9).is_empty() {
        return Err(Fault::new(NATIONAL_ID, "a PER mailbox names nobody"));
    }
    let coded = |column: usize| Coded {
        code: f.get(column),
        label: f.get(column + 1),
    };
    Ok(MailboxRow {
        type_bal: f.get(0),
        adresse: f.get(1),
        person,
        type_structure: f.get(5),
        structure: f.get(6),
        service: f.get(7),
        civilite_exercice: f.get(8),
        nom: f.get(9),
        prenom: f.get(10),
        categorie: coded(11),
        profession: coded(13),
        savoir_faire: coded(15),
        dematerialisation: f.get(17),
        raison_sociale: f.get(18),
        enseigne: f.get(19),
        l2_complement: f.get(20),
        l3_complement: f.get(21),
        l4_numero: f.get(22),
        l4_complement_numero: f.get(23),
        l4_type_voie: f.get(24),
        l4_voie: f.get(25),
        l5_mention: f.get(26),
        l6_acheminement: f.get(27),
        code_postal: f.get(28),
        departement: f.get(29),
        pays: f.get(30),
    })
}
