//! The postal address of a mailbox's row, from its AFNOR lines.

use crate::directory::place;
use crate::directory::structure::Address;
use crate::source::record::{AddressRow, Coded};

/// Lines 2 to 6 as the extract gives them.
pub struct Columns<'c> {
    pub l2: &'c str,
    pub l3: &'c str,
    pub numero: &'c str,
    pub indice: &'c str,
    pub type_voie: &'c str,
    pub voie: &'c str,
    pub mention: &'c str,
    pub acheminement: &'c str,
    pub code_postal: &'c str,
    pub departement: &'c str,
    pub pays: &'c str,
}

/// The address. `pays` may be a code or a label: France in either form is no foreign country.
pub fn of(c: Columns<'_>) -> Address {
    let is_france = matches!(c.pays.to_uppercase().as_str(), "" | "FRANCE" | "FR" | "99000");
    let row = AddressRow {
        complement_destinataire: c.l2,
        complement_geographique: c.l3,
        numero_voie: c.numero,
        indice_repetition: c.indice,
        type_voie: Coded {
            code: c.type_voie,
            label: "",
        },
        voie: c.voie,
        mention_distribution: c.mention,
        acheminement: c.acheminement,
        code_postal: c.code_postal,
        pays: if is_france {
            Coded::default()
        } else {
            Coded {
                code: c.pays,
                label: c.pays,
            }
        },
        // A code of two or three characters; some files give the label.
        departement: if c.departement.len() <= 3 {
            c.departement
        } else {
            ""
        },
        ..AddressRow::default()
    };
    let place = place::locate(&row);
    Address {
        lignes: place::postal_lines(&row),
        code_postal: place.code_postal,
        commune: place.commune,
        code_insee: place.code_insee,
        departement: place.departement,
        libelle_departement: String::new(),
        pays: if is_france {
            String::new()
        } else {
            c.pays.to_owned()
        },
    }
}
