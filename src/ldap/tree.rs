//! The tree: which names mean which container or entry, and under which name an entry is answered.
//!
//! Says where a name points, not whether there is an entry: the directory tells that.

use std::borrow::Cow;

use super::dn::{Ava, Dn, DnError, Rdn};
use super::schema::Attribute;
use crate::query::{Key, Kind, Kinds};
use crate::view::field::Field;

/// The name under which the first context is answered too: the one known client of a directory of the trust
/// space has it for default.
const MAILBOX_ALIAS: &str = "dc=mssante,dc=fr";
/// The context of professionals and structures.
const REGISTER: &str = "o=annuaire-sante,c=fr";

/// An entry above the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// `o=mssante,c=fr`
    Mssante,
    /// `ou=bal`: mailboxes.
    Bal,
    /// `ou=comptes`: accounts, to bind as; never readable.
    Comptes,
    /// `o=annuaire-sante,c=fr`
    Register,
    /// `ou=professionnels`
    Professionnels,
    /// `ou=structures`
    Structures,
}

impl Container {
    /// The value of its own `ou`, for those below a context.
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::Mssante | Self::Register => None,
            Self::Bal => Some("bal"),
            Self::Comptes => Some("comptes"),
            Self::Professionnels => Some("professionnels"),
            Self::Structures => Some("structures"),
        }
    }

    /// The containers right below.
    pub fn children(self) -> &'static [Self] {
        match self {
            Self::Mssante => &[Self::Bal, Self::Comptes],
            Self::Register => &[Self::Professionnels, Self::Structures],
            _ => &[],
        }
    }

    /// The kinds of entry below, at any depth.
    pub fn kinds_below(self) -> Kinds {
        match self {
            Self::Mssante | Self::Bal => Kinds::only(Kind::Mailbox),
            Self::Comptes => Kinds::NONE,
            Self::Register => Kinds::only(Kind::Professional).union(Kinds::only(Kind::Structure)),
            Self::Professionnels => Kinds::only(Kind::Professional),
            Self::Structures => Kinds::only(Kind::Structure),
        }
    }

    /// The kinds of entry that a one-level search finds. Mailboxes answer at the context itself as well:
    /// Evolution's default scope is one-level, and the context is the base that people configure.
    pub fn kinds_one_level(self) -> Kinds {
        match self {
            Self::Register => Kinds::NONE,
            other => other.kinds_below(),
        }
    }
}

/// One name of a context, the form under which its entries are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suffix {
    pub container: Container,
    pub text: String,
    pub dn: Dn,
    /// What follows the value in the name of a mailbox, a professional, a structure.
    tails: [String; 3],
}

/// The name of an entry in three parts, as they are written one behind the other.
#[derive(Debug, Clone)]
pub struct EntryDn<'a> {
    attribute: &'static str,
    /// Escaped.
    value: Cow<'a, [u8]>,
    tail: &'a str,
}

impl EntryDn<'_> {
    /// The octets of the name.
    pub fn parts(&self) -> [&[u8]; 3] {
        [self.attribute.as_bytes(), &self.value, self.tail.as_bytes()]
    }
}

impl std::fmt::Display for EntryDn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.parts().concat()))
    }
}

impl Suffix {
    fn new(container: Container, text: &str) -> Result<Self, DnError> {
        let dn = Dn::parse(text)?;
        let text = dn.to_string();
        Ok(Self {
            container,
            tails: ["bal", "professionnels", "structures"].map(|unit| format!(",ou={unit},{text}")),
            text,
            dn,
        })
    }

    /// The name of a container of this context.
    pub fn container_dn(&self, container: Container) -> String {
        match container.unit() {
            Some(unit) => format!("ou={unit},{}", self.text),
            None => self.text.clone(),
        }
    }

    /// The name of an entry, from the value of its naming attribute.
    pub fn entry_dn<'a>(&'a self, kind: Kind, value: &'a [u8]) -> EntryDn<'a> {
        let [mailbox, professional, structure] = &self.tails;
        let (attribute, tail) = match kind {
            Kind::Mailbox => ("mail=", mailbox),
            Kind::Professional => ("uid=", professional),
            Kind::Structure => ("uid=", structure),
        };
        EntryDn {
            attribute,
            value: super::dn::escape_octets(value),
            tail,
        }
    }

    /// The name of an account, as answered to "Who am I?".
    pub fn account_dn(&self, account: &str) -> String {
        format!("uid={},ou=comptes,{}", super::dn::escape(account), self.text)
    }
}

/// The field whose value names an entry.
pub fn naming_field(kind: Kind) -> Field {
    match kind {
        Kind::Mailbox => Field::Mail,
        Kind::Professional | Kind::Structure => Field::Uid,
    }
}

/// What a name points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place<'t> {
    /// The empty name: root DSE, or the whole tree.
    Root,
    Subschema,
    Container(Container, &'t Suffix),
    /// An entry, if there is one.
    Entry(Key, &'t Suffix),
    /// An account, if there is one; to bind only.
    Account(String, &'t Suffix),
    /// Nothing can be there; the name of the nearest container above.
    Nowhere(String),
}

/// Why a name cannot be that of the context of mailboxes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// It is no name.
    #[error("{0}; write it like o=mssante,c=fr")]
    NoName(#[from] DnError),
    /// It is the root.
    #[error("empty; write it like o=mssante,c=fr")]
    Empty,
    /// It holds another context of this server, or is part of one.
    #[error(
        "that is the same as, above or below {0}, which this server answers too; take another, such as o=mssante,c=fr"
    )]
    Taken(&'static str),
}

/// The contexts that this server holds.
#[derive(Debug)]
pub struct Tree {
    suffixes: Vec<Suffix>,
}

impl Tree {
    /// `base_dn` names the context of mailboxes; it is answered under `dc=mssante,dc=fr` as well. It can neither hold nor
    /// be part of that of people and structures: a mail client must not meet entries without an address.
    pub fn new(base_dn: &str) -> Result<Self, BaseError> {
        let base = Dn::parse(base_dn)?;
        if base.0.is_empty() {
            return Err(BaseError::Empty);
        }
        for taken in [MAILBOX_ALIAS, REGISTER] {
            let other = Dn::parse(taken)?;
            let is_alias = taken == MAILBOX_ALIAS && base.0.len() == other.0.len();
            if !is_alias && (strip(&base, &other).is_some() || strip(&other, &base).is_some()) {
                return Err(BaseError::Taken(taken));
            }
        }
        let suffixes = [
            (Container::Mssante, base_dn),
            (Container::Mssante, MAILBOX_ALIAS),
            (Container::Register, REGISTER),
        ];
        let suffixes = suffixes
            .into_iter()
            .map(|(container, text)| Suffix::new(container, text));
        Ok(Self {
            suffixes: suffixes.collect::<Result<_, DnError>>()?,
        })
    }

    /// The canonical names of the contexts, the mailboxes' first.
    pub fn contexts(&self) -> impl Iterator<Item = &Suffix> {
        self.suffixes
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != 1)
            .map(|(_, suffix)| suffix)
    }

    /// What a name points at.
    pub fn find(&self, dn: &Dn) -> Place<'_> {
        if dn.0.is_empty() {
            return Place::Root;
        }
        if let [rdn] = dn.0.as_slice()
            && is_unit(rdn, "cn", "subschema")
        {
            return Place::Subschema;
        }
        self.suffixes
            .iter()
            .find_map(|suffix| Some(below(suffix, strip(dn, &suffix.dn)?)))
            .unwrap_or_else(|| Place::Nowhere(String::new()))
    }
}

/// What the parts below a context point at, the entry's own part first.
fn below<'t>(suffix: &'t Suffix, parts: &[Rdn]) -> Place<'t> {
    let Some((unit, rest)) = parts.split_last() else {
        return Place::Container(suffix.container, suffix);
    };
    let named = |container: &&Container| container.unit().is_some_and(|name| is_unit(unit, "ou", name));
    let Some(container) = suffix.container.children().iter().find(named).copied() else {
        return Place::Nowhere(suffix.text.clone());
    };
    match rest {
        [] => Some(Place::Container(container, suffix)),
        [rdn] => entry(container, rdn, suffix),
        _ => None,
    }
    .unwrap_or_else(|| Place::Nowhere(suffix.container_dn(container)))
}

/// The entry of a container with this relative name.
fn entry<'t>(container: Container, rdn: &Rdn, suffix: &'t Suffix) -> Option<Place<'t>> {
    let [Ava { attribute, value }] = rdn.as_slice() else {
        return None;
    };
    let attribute = Attribute::find(attribute)?.field()?;
    let value = value.trim();
    let key = match (container, attribute) {
        (Container::Bal, Field::Mail) => Key::Mailbox(value.to_lowercase()),
        (Container::Professionnels, Field::Uid) => Key::Professional(value.to_owned()),
        (Container::Structures, Field::Uid) => Key::Structure(value.to_owned()),
        (Container::Comptes, Field::Uid) => return Some(Place::Account(value.to_owned(), suffix)),
        _ => return None,
    };
    Some(Place::Entry(key, suffix))
}

/// The parts of `dn` that come before `suffix`.
fn strip<'d>(dn: &'d Dn, suffix: &Dn) -> Option<&'d [Rdn]> {
    let (own, tail) = dn.0.split_at_checked(dn.0.len().checked_sub(suffix.0.len())?)?;
    tail.iter()
        .zip(&suffix.0)
        .all(|(one, other)| same_rdn(one, other))
        .then_some(own)
}

fn same_rdn(one: &Rdn, other: &Rdn) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .all(|ava| other.iter().any(|known| same_ava(ava, known)))
}

fn same_ava(one: &Ava, other: &Ava) -> bool {
    same_type(&one.attribute, &other.attribute) && same_value(&one.value, &other.value)
}

fn same_type(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || Attribute::find(one).is_some_and(|attribute| Some(attribute) == Attribute::find(other))
}

/// Case and insignificant spaces do not count (RFC 4518).
fn same_value(one: &str, other: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    words(one) == words(other)
}

fn is_unit(rdn: &Rdn, attribute: &str, value: &str) -> bool {
    matches!(rdn.as_slice(), [ava] if same_type(&ava.attribute, attribute) && same_value(&ava.value, value))
}

/// Whether `(attribute=value)` is one of the parts of the names of a kind of entry besides its own (the
/// `:dn` of extensible filters, RFC 4511 section 4.5.1.7.7).
pub fn kinds_under(tree: &Tree, attribute: &str, value: &str) -> Kinds {
    let mut kinds = Kinds::NONE;
    for suffix in tree.contexts() {
        let in_suffix = suffix
            .dn
            .0
            .iter()
            .flatten()
            .any(|ava| same_type(&ava.attribute, attribute) && same_value(&ava.value, value));
        if in_suffix {
            kinds = kinds.union(suffix.container.kinds_below());
        }
        for child in suffix.container.children() {
            if same_type(attribute, "ou") && child.unit().is_some_and(|unit| same_value(unit, value)) {
                kinds = kinds.union(child.kinds_below());
            }
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::new("o=mssante,c=fr").unwrap()
    }

    fn found(text: &str) -> String {
        let tree = tree();
        match tree.find(&Dn::parse(text).unwrap()) {
            Place::Root => "root".to_owned(),
            Place::Subschema => "subschema".to_owned(),
            Place::Container(container, suffix) => {
                format!("{container:?} {}", suffix.container_dn(container))
            }
            Place::Entry(Key::Mailbox(value), suffix) => {
                suffix.entry_dn(Kind::Mailbox, value.as_bytes()).to_string()
            }
            Place::Entry(key, suffix) => format!("{key:?} {}", suffix.text),
            Place::Account(name, _) => format!("account {name}"),
            Place::Nowhere(above) => format!("nowhere below <{above}>"),
        }
    }

    #[test]
    fn names_compare_without_case_spaces_and_by_alias() {
        assert_eq!(found("O = MSSante , countryName=FR"), "Mssante o=mssante,c=fr");
        assert_eq!(found("2.5.4.11=BAL,o=mssante,c=fr"), "Bal ou=bal,o=mssante,c=fr");
        assert_eq!(found("CN=subSchema"), "subschema");
    }

    #[test]
    fn entries_keep_the_base_that_the_client_used() {
        let mail = "mail=Claire.T@a-exemple.mssante.fr";
        let low = "mail=claire.t@a-exemple.mssante.fr";
        assert_eq!(
            found(&format!("{mail},ou=bal,dc=mssante,dc=fr")),
            format!("{low},ou=bal,dc=mssante,dc=fr")
        );
        assert_eq!(
            found(&format!("{mail},ou=bal,o=mssante,c=fr")),
            format!("{low},ou=bal,o=mssante,c=fr")
        );
    }

    #[test]
    fn professionals_and_structures_have_a_context_of_their_own() {
        let base = "o=annuaire-sante,c=fr";
        assert_eq!(
            found(&format!("uid=899000000011,ou=professionnels,{base}")),
            format!("Professional(\"899000000011\") {base}")
        );
        assert_eq!(
            found(&format!("ou=bal,{base}")),
            format!("nowhere below <{base}>")
        );
    }

    #[test]
    fn a_name_under_no_context_is_nowhere_below_the_nearest() {
        assert_eq!(found("c=fr"), "nowhere below <>");
        assert_eq!(found("cn=config"), "nowhere below <>");
        assert_eq!(
            found("cn=x,ou=bal,o=mssante,c=fr"),
            "nowhere below <ou=bal,o=mssante,c=fr>"
        );
        assert_eq!(found("ou=x,o=mssante,c=fr"), "nowhere below <o=mssante,c=fr>");
        assert_eq!(
            found("mail=a+uid=b,ou=bal,o=mssante,c=fr"),
            "nowhere below <ou=bal,o=mssante,c=fr>"
        );
        assert_eq!(
            found("cn=x,mail=a,ou=bal,o=mssante,c=fr"),
            "nowhere below <ou=bal,o=mssante,c=fr>"
        );
    }

    #[test]
    fn the_base_is_a_setting_and_the_alias_stays() {
        let tree = Tree::new("ou=messagerie, dc=exemple, dc=invalid").unwrap();
        let dn = Dn::parse("OU=Messagerie,DC=Exemple,DC=invalid").unwrap();
        assert!(matches!(tree.find(&dn), Place::Container(Container::Mssante, _)));
        let dn = Dn::parse("dc=mssante,dc=fr").unwrap();
        assert!(matches!(tree.find(&dn), Place::Container(Container::Mssante, _)));
        let contexts: Vec<&str> = tree.contexts().map(|suffix| suffix.text.as_str()).collect();
        assert_eq!(contexts, ["ou=messagerie,dc=exemple,dc=invalid", REGISTER]);
    }

    #[test]
    fn parts_of_a_name_tell_kinds() {
        let tree = tree();
        assert_eq!(kinds_under(&tree, "ou", "BAL"), Kinds::only(Kind::Mailbox));
        assert_eq!(kinds_under(&tree, "c", "fr"), Kinds::ALL);
        assert_eq!(kinds_under(&tree, "ou", "x"), Kinds::NONE);
    }
}
