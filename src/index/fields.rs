//! How the fields of each kind are found: by which terms, or not by any. Indexing and asking agree on it here, and on the
//! terms themselves in [`super::terms`].

use super::terms::up_to;
use crate::query::Kind;
use crate::view::field::Field;

/// A group of fields whose pieces are found together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `cn` with the surname and first name in it and, of a mailbox, the address.
    Name,
    DisplayName,
    Organisation,
    /// The addresses of a professional, which are no names of theirs.
    Addresses,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Name, Self::DisplayName, Self::Organisation, Self::Addresses];

    /// The family that finds the pieces of a field. Mail clients ask mailboxes at every keystroke; of the others only names
    /// and addresses are found so, some other fields [by words](Words), and pieces of the rest are looked for in every
    /// entry that has them.
    pub fn of(kind: Kind, field: Field) -> Option<Self> {
        match (kind, field) {
            (_, Field::Cn) | (Kind::Mailbox, Field::Mail) => Some(Self::Name),
            (Kind::Mailbox | Kind::Professional, Field::Sn | Field::GivenName) => Some(Self::Name),
            (Kind::Mailbox, Field::DisplayName) => Some(Self::DisplayName),
            (Kind::Mailbox, Field::O) => Some(Self::Organisation),
            (Kind::Professional, Field::Mail) => Some(Self::Addresses),
            _ => None,
        }
    }

    /// Which pieces of it are terms. Mail clients ask names of mailboxes at every keystroke, from the first letter on.
    pub fn lengths(self, kind: Kind) -> Lengths {
        match (kind, self) {
            (Kind::Mailbox, Self::Name) => Lengths::All,
            _ => Lengths::Longest,
        }
    }

    /// The character of its grams.
    pub fn class(self) -> char {
        match self {
            Self::Name => '.',
            Self::DisplayName => ',',
            Self::Organisation => ';',
            Self::Addresses => '@',
        }
    }
}

/// Where all words of a field's values are among the terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// Among the words of anything but the name.
    Other,
    /// Among these or those of the name.
    All,
}

impl Words {
    /// Where the words of a field are; `None` where they are no terms, or some are not.
    pub fn of(kind: Kind, field: Field) -> Option<Self> {
        match (kind, field) {
            (Kind::Mailbox, Field::Title | Field::Ou) => Some(Self::Other),
            (Kind::Professional, Field::Title | Field::O) => Some(Self::Other),
            (Kind::Structure, Field::BusinessCategory) => Some(Self::Other),
            (Kind::Professional | Kind::Structure, Field::DisplayName) => Some(Self::All),
            // A structure without a name shows its identifier.
            (Kind::Structure, Field::O) => Some(Self::All),
            (_, Field::L | Field::St) => Some(Self::Other),
            _ => None,
        }
    }
}

/// Which pieces of a text are terms, of those that begin at one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// From one letter on.
    All,
    /// The longest alone: shorter ones are found as beginnings of terms, with a third of the terms.
    Longest,
}

impl Lengths {
    /// The pieces of up to `most` letters at the beginning of a text.
    pub fn pieces(self, most: usize, text: &str) -> impl Iterator<Item = &str> {
        let needless = match self {
            Self::All => 0,
            Self::Longest => text.chars().take(most).count().saturating_sub(1),
        };
        up_to(most, text).skip(needless)
    }
}

/// Whether every entry of a kind has a field.
pub fn is_always_there(kind: Kind, field: Field) -> bool {
    use Field as F;
    match field {
        F::Cn | F::DisplayName | F::Uid | F::EntryUuid | F::CreateTimestamp | F::ModifyTimestamp => true,
        F::Mail | F::TypeBal => kind == Kind::Mailbox,
        F::Sn => kind != Kind::Structure,
        F::O => kind == Kind::Structure,
        F::EmployeeNumber | F::IdentifiantPp | F::TypeIdentifiantPp => kind == Kind::Professional,
        _ => false,
    }
}

/// Whether a term says which entries of a kind have a field. Where more than a third have it, looking at all costs
/// little more.
pub fn has_presence(kind: Kind, field: Field) -> bool {
    use Field as F;
    let is_common = match field {
        F::Street | F::PostalCode | F::L | F::St | F::PostalAddress | F::TelephoneNumber => true,
        F::GivenName | F::Title | F::Profession | F::ModeExercice => kind != Kind::Structure,
        F::Sn | F::O | F::EmployeeNumber | F::IdentifiantPp | F::TypeIdentifiantPp => true,
        F::IdentifiantPm | F::TypeIdentifiantPm | F::Dematerialisation => kind == Kind::Mailbox,
        F::Finess | F::Siret => kind == Kind::Professional,
        F::Siren => kind == Kind::Structure,
        _ => false,
    };
    !is_common && !is_always_there(kind, field)
}

/// Whether the values of a field are found by equality. The others are looked for in every entry that has it.
pub fn has_equality(kind: Kind, field: Field) -> bool {
    use Field as F;
    !is_key(kind, field)
        && !matches!(
            field,
            F::PostalAddress
                | F::DisplayName
                | F::Description
                | F::Latitude
                | F::Longitude
                | F::EntryUuid
                | F::CreateTimestamp
                | F::ModifyTimestamp
        )
}

/// Whether the first letters of a field's values are terms: iOS asks so at every keystroke, of most fields that it shows.
/// The others are in a [`Family`], or few entries have them.
pub fn has_heads(kind: Kind, field: Field) -> bool {
    field == Field::PostalAddress || (kind == Kind::Mailbox && field == Field::Ou)
}

/// Whether the terms of a field's values are hashes of them: hardly two entries share a value, and the many letters in
/// which these differ would be most of the dictionary. What such a term finds may have another value.
pub fn is_hashed(field: Field) -> bool {
    use Field as F;
    let is_of_structure = matches!(
        field,
        F::Finess | F::FinessEj | F::Siret | F::Siren | F::IdentifiantPm
    );
    let is_of_person = matches!(field, F::EmployeeNumber | F::IdentifiantPp);
    let is_of_place = matches!(field, F::Street | F::TelephoneNumber | F::Facsimile);
    is_of_structure || is_of_person || is_of_place || matches!(field, F::Cn | F::O)
}

/// Whether a field's value is among the keys of its entry.
pub fn is_key(kind: Kind, field: Field) -> bool {
    match kind {
        Kind::Mailbox => matches!(field, Field::Mail | Field::Uid),
        Kind::Professional => matches!(field, Field::Uid | Field::EmployeeNumber | Field::IdentifiantPp),
        Kind::Structure => matches!(field, Field::Uid | Field::Finess | Field::Siret),
    }
}

#[cfg(test)]
mod tests {
    use super::super::terms::{BEGINNING, word_starts};
    use super::*;

    #[test]
    fn of_pieces_all_are_terms_or_the_longest() {
        let starts: Vec<&str> = word_starts("de la").collect();
        assert_eq!(starts, ["de la", "la"]);
        let pieces = |lengths: Lengths| -> Vec<&str> {
            let cut = starts.iter().flat_map(|start| lengths.pieces(BEGINNING, start));
            cut.collect()
        };
        assert_eq!(
            pieces(Lengths::All),
            ["d", "de", "de ", "de l", "de la", "l", "la"]
        );
        assert_eq!(pieces(Lengths::Longest), ["de la", "la"]);
    }
}
