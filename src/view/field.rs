//! The fields of a public entry: their LDAP names, aliases, object identifiers and how their values compare.
//!
//! The one table that the entry encoding, the index, the LDAP room and the published schema agree on.

/// A field of an entry. The number is part of the stored encoding: add at the end, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Field {
    Cn,
    Sn,
    GivenName,
    DisplayName,
    Mail,
    Uid,
    Title,
    O,
    Ou,
    Street,
    PostalCode,
    L,
    St,
    PostalAddress,
    Description,
    EmployeeNumber,
    TelephoneNumber,
    Facsimile,
    Mobile,
    BusinessCategory,
    TypeBal,
    IdentifiantPp,
    TypeIdentifiantPp,
    IdentifiantPm,
    TypeIdentifiantPm,
    Profession,
    CodeSavoirFaire,
    Dematerialisation,
    ModeExercice,
    Finess,
    FinessEj,
    Siret,
    Siren,
    CategorieEtablissement,
    Latitude,
    Longitude,
    EntryUuid,
    CreateTimestamp,
    ModifyTimestamp,
}

/// How values of a field compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// Words for people: case, accents, apostrophes, hyphens and spaces do not count
    /// (an extension of caseIgnoreMatch).
    Name,
    /// Codes, identifiers, addresses: only case does not count (caseIgnoreMatch).
    Exact,
    /// Digits; spaces and signs do not count (telephoneNumberMatch).
    Telephone,
    /// Generalized time, RFC 4517 section 3.3.13.
    Time,
    /// A decimal number.
    Number,
}

/// What is published of a field.
#[derive(Debug)]
pub struct Definition {
    pub field: Field,
    /// Canonical spelling.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub oid: &'static str,
    pub matching: Matching,
    /// Returned only when asked for by name or by `+`.
    pub operational: bool,
}

const fn user(
    field: Field,
    name: &'static str,
    aliases: &'static [&'static str],
    oid: &'static str,
    matching: Matching,
) -> Definition {
    Definition {
        field,
        name,
        aliases,
        oid,
        matching,
        operational: false,
    }
}

const fn operational(field: Field, name: &'static str, oid: &'static str, matching: Matching) -> Definition {
    Definition {
        field,
        name,
        aliases: &[],
        oid,
        matching,
        operational: true,
    }
}

/// Object identifier of one of our own attribute types (`2.25.<UUID>`, Rec. ITU-T X.667).
macro_rules! own {
    ($number:literal) => {
        concat!("2.25.306244516415449518066408764905552017988.1.", $number)
    };
}

use Field as F;
use Matching::{Exact, Name, Number, Telephone, Time};

/// In the order of [`Field`], which a test holds to.
static DEFINITIONS: [Definition; 39] = [
    user(F::Cn, "cn", &["commonName"], "2.5.4.3", Name),
    user(F::Sn, "sn", &["surname"], "2.5.4.4", Name),
    user(F::GivenName, "givenName", &["gn"], "2.5.4.42", Name),
    user(
        F::DisplayName,
        "displayName",
        &[],
        "2.16.840.1.113730.3.1.241",
        Name,
    ),
    user(
        F::Mail,
        "mail",
        &["rfc822Mailbox"],
        "0.9.2342.19200300.100.1.3",
        Exact,
    ),
    user(F::Uid, "uid", &["userid"], "0.9.2342.19200300.100.1.1", Exact),
    user(F::Title, "title", &[], "2.5.4.12", Name),
    user(F::O, "o", &["organizationName"], "2.5.4.10", Name),
    user(F::Ou, "ou", &["organizationalUnitName"], "2.5.4.11", Name),
    user(F::Street, "street", &["streetAddress"], "2.5.4.9", Name),
    user(F::PostalCode, "postalCode", &[], "2.5.4.17", Exact),
    user(F::L, "l", &["localityName"], "2.5.4.7", Name),
    user(F::St, "st", &["stateOrProvinceName"], "2.5.4.8", Name),
    user(F::PostalAddress, "postalAddress", &[], "2.5.4.16", Name),
    user(F::Description, "description", &[], "2.5.4.13", Name),
    user(
        F::EmployeeNumber,
        "employeeNumber",
        &[],
        "2.16.840.1.113730.3.1.3",
        Exact,
    ),
    user(F::TelephoneNumber, "telephoneNumber", &[], "2.5.4.20", Telephone),
    user(
        F::Facsimile,
        "facsimileTelephoneNumber",
        &["fax"],
        "2.5.4.23",
        Telephone,
    ),
    user(
        F::Mobile,
        "mobile",
        &["mobileTelephoneNumber"],
        "0.9.2342.19200300.100.1.41",
        Telephone,
    ),
    user(F::BusinessCategory, "businessCategory", &[], "2.5.4.15", Name),
    user(F::TypeBal, "TypeBAL", &[], own!(1), Exact),
    user(F::IdentifiantPp, "IdentifiantPP", &[], own!(2), Exact),
    user(F::TypeIdentifiantPp, "TypeIdentifiantPP", &[], own!(3), Exact),
    user(F::IdentifiantPm, "IdentifiantPM", &[], own!(4), Exact),
    user(F::TypeIdentifiantPm, "TypeIdentifiantPM", &[], own!(5), Exact),
    user(F::Profession, "profession", &[], own!(6), Exact),
    user(F::CodeSavoirFaire, "codeSavoirFaire", &[], own!(7), Exact),
    user(F::Dematerialisation, "dematerialisation", &[], own!(8), Exact),
    user(F::ModeExercice, "modeExercice", &[], own!(9), Exact),
    user(F::Finess, "finess", &[], own!(10), Exact),
    user(F::FinessEj, "finessEJ", &[], own!(11), Exact),
    user(F::Siret, "siret", &[], own!(12), Exact),
    user(F::Siren, "siren", &[], own!(13), Exact),
    user(
        F::CategorieEtablissement,
        "categorieEtablissement",
        &[],
        own!(14),
        Exact,
    ),
    user(F::Latitude, "latitude", &[], own!(15), Number),
    user(F::Longitude, "longitude", &[], own!(16), Number),
    operational(F::EntryUuid, "entryUUID", "1.3.6.1.1.16.4", Exact),
    operational(F::CreateTimestamp, "createTimestamp", "2.5.18.1", Time),
    operational(F::ModifyTimestamp, "modifyTimestamp", "2.5.18.2", Time),
];

impl Field {
    /// How many there are.
    pub const COUNT: usize = DEFINITIONS.len();

    /// Every definition, in the order of the enumeration.
    pub fn definitions() -> &'static [Definition] {
        &DEFINITIONS
    }

    /// Every field, in the order of the enumeration.
    pub const ALL: [Self; Self::COUNT] = {
        let mut all = [Self::Cn; Self::COUNT];
        let mut place = 0;
        while place < Self::COUNT {
            all[place] = DEFINITIONS[place].field;
            place += 1;
        }
        all
    };

    /// The field with this number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    pub fn definition(self) -> &'static Definition {
        &DEFINITIONS[self as usize]
    }

    /// Canonical spelling of the attribute.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    pub fn matching(self) -> Matching {
        self.definition().matching
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_numbers() {
        for (number, definition) in Field::definitions().iter().enumerate() {
            assert_eq!(definition.field as usize, number, "{}", definition.name);
        }
        assert_eq!(Field::from_u8(Field::COUNT as u8), None);
        assert_eq!(
            Field::from_u8(Field::ModifyTimestamp as u8),
            Some(Field::ModifyTimestamp)
        );
    }

    #[test]
    fn no_name_alias_or_identifier_comes_twice() {
        let mut seen = std::collections::HashSet::new();
        for definition in Field::definitions() {
            for name in definition
                .aliases
                .iter()
                .chain([&definition.name, &definition.oid])
            {
                assert!(seen.insert(name.to_lowercase()), "{name}");
            }
        }
    }
}
