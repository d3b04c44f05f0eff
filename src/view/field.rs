//! The fields of an entry: names, OIDs and matching of every attribute that can be shown or asked.
//!
//! Standard attributes by RFC 4519, 2798, 4530, 4512; the national names by the one known client of an MSSanté
//! directory; our own OIDs stand under a UUID (ITU-T X.667).

use Matching::{Exact, Name, Telephone};

/// How values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// Names and texts: case, accents, hyphens, joined and spaced forms do not count.
    Name,
    /// Addresses, identifiers, codes, times: only case does not count.
    Exact,
    /// Telephone numbers: digits only.
    Telephone,
}

/// What the schema says of a field.
#[derive(Debug)]
pub struct Definition {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub oid: &'static str,
    pub matching: Matching,
    /// Returned only when asked (`+` or by name).
    pub operational: bool,
}

macro_rules! fields {
    ($($variant:ident $name:literal [$($alias:literal),*] $oid:expr, $matching:expr, $operational:literal;)*) => {
        /// A field of an entry.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Field { $($variant),* }

        impl Field {
            /// Every field, in the order of its number.
            pub const ALL: &'static [Field] = &[$(Field::$variant),*];
        }

        const DEFINITIONS: &[Definition] = &[$(Definition {
            name: $name, aliases: &[$($alias),*], oid: $oid, matching: $matching, operational: $operational,
        }),*];
    };
}

/// Arc of our own attributes.
macro_rules! own {
    ($n:literal) => {
        concat!("2.25.281474439839776340118225711246872135123.1.", $n)
    };
}

fields! {
    Cn "cn" ["commonName"] "2.5.4.3", Name, false;
    Sn "sn" ["surname"] "2.5.4.4", Name, false;
    GivenName "givenName" ["gn"] "2.5.4.42", Name, false;
    DisplayName "displayName" [] "2.16.840.1.113730.3.1.241", Name, false;
    Mail "mail" ["rfc822Mailbox"] "0.9.2342.19200300.100.1.3", Exact, false;
    Uid "uid" ["userid"] "0.9.2342.19200300.100.1.1", Exact, false;
    Title "title" [] "2.5.4.12", Name, false;
    O "o" ["organizationName"] "2.5.4.10", Name, false;
    Ou "ou" ["organizationalUnitName"] "2.5.4.11", Name, false;
    Street "street" ["streetAddress"] "2.5.4.9", Name, false;
    PostalCode "postalCode" [] "2.5.4.17", Exact, false;
    L "l" ["localityName"] "2.5.4.7", Name, false;
    St "st" ["stateOrProvinceName"] "2.5.4.8", Name, false;
    PostalAddress "postalAddress" [] "2.5.4.16", Name, false;
    Description "description" [] "2.5.4.13", Name, false;
    EmployeeNumber "employeeNumber" [] "2.16.840.1.113730.3.1.3", Exact, false;
    TelephoneNumber "telephoneNumber" [] "2.5.4.20", Telephone, false;
    Facsimile "facsimileTelephoneNumber" ["fax"] "2.5.4.23", Telephone, false;
    Mobile "mobile" ["mobileTelephoneNumber"] "0.9.2342.19200300.100.1.41", Telephone, false;
    BusinessCategory "businessCategory" [] "2.5.4.15", Name, false;
    TypeBal "TypeBAL" [] own!("1"), Exact, false;
    IdentifiantPp "IdentifiantPP" [] own!("2"), Exact, false;
    TypeIdentifiantPp "TypeIdentifiantPP" [] own!("3"), Exact, false;
    IdentifiantPm "IdentifiantPM" [] own!("4"), Exact, false;
    TypeIdentifiantPm "TypeIdentifiantPM" [] own!("5"), Exact, false;
    Profession "profession" [] own!("6"), Exact, false;
    CodeSavoirFaire "codeSavoirFaire" [] own!("7"), Exact, false;
    Dematerialisation "dematerialisation" [] own!("8"), Exact, false;
    ModeExercice "modeExercice" [] own!("9"), Exact, false;
    Finess "finess" [] own!("10"), Exact, false;
    FinessEj "finessEJ" [] own!("11"), Exact, false;
    Siret "siret" [] own!("12"), Exact, false;
    Siren "siren" [] own!("13"), Exact, false;
    CategorieEtablissement "categorieEtablissement" [] own!("14"), Exact, false;
    Latitude "latitude" [] own!("15"), Exact, false;
    Longitude "longitude" [] own!("16"), Exact, false;
    EntryUuid "entryUUID" [] "1.3.6.1.1.16.4", Exact, true;
    CreateTimestamp "createTimestamp" [] "2.5.18.1", Exact, true;
    ModifyTimestamp "modifyTimestamp" [] "2.5.18.2", Exact, true;
}

impl Field {
    /// What the schema says.
    pub fn definition(self) -> &'static Definition {
        // One definition a variant, by construction of the macro.
        &DEFINITIONS[self as usize]
    }

    /// How its values compare.
    pub fn matching(self) -> Matching {
        self.definition().matching
    }

    /// The field of a number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The field of a name, alias or OID, without regard to case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| {
            let d = field.definition();
            d.name.eq_ignore_ascii_case(name)
                || d.oid == name
                || d.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
        })
    }
}
