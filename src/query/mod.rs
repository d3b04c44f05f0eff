//! The query value: what is asked of the directory, by whatever protocol; no syntax of any of them.

mod evaluate;
pub mod forms;
pub mod matcher;
pub mod relevance;
mod tri;

pub use evaluate::evaluate;
pub use tri::Tri;

use crate::view::field::Field;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    Mailbox = 1,
    Professional = 2,
    Structure = 4,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Mailbox, Self::Professional, Self::Structure];
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

impl Default for Kinds {
    /// All of them.
    fn default() -> Self {
        Self::ALL
    }
}

impl Kinds {
    pub const ALL: Self = Self(7);
    pub const NONE: Self = Self(0);

    /// One kind alone.
    pub fn only(kind: Kind) -> Self {
        Self(kind as u8)
    }

    /// Whether it holds none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the set holds a kind.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & kind as u8 != 0
    }

    /// Kinds of either set.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Kinds of both sets.
    pub fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// A condition on entries, with the three-valued logic of RFC 4511, section 4.5.1.7.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    True,
    False,
    Undefined,
    Kinds(Kinds),
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Test(Field, Test),
}

impl Filter {
    /// The same without an `And` right below an `And`, an `Or` right below an `Or`, or either with one part: clients
    /// nest them freely, and alternatives are told to be needless only side by side.
    pub fn flattened(self) -> Self {
        let flat = |parts: Vec<Self>, open: fn(Self) -> Result<Vec<Self>, Self>| -> Vec<Self> {
            let mut all = Vec::with_capacity(parts.len());
            for part in parts {
                match open(part.flattened()) {
                    Ok(inner) => all.extend(inner),
                    Err(part) => all.push(part),
                }
            }
            all
        };
        let one = |mut parts: Vec<Self>, many: fn(Vec<Self>) -> Self| match parts.len() {
            1 => parts.remove(0),
            _ => many(parts),
        };
        match self {
            Self::And(parts) => one(
                flat(parts, |part| match part {
                    Self::And(inner) => Ok(inner),
                    other => Err(other),
                }),
                Self::And,
            ),
            Self::Or(parts) => one(
                flat(parts, |part| match part {
                    Self::Or(inner) => Ok(inner),
                    other => Err(other),
                }),
                Self::Or,
            ),
            Self::Not(part) => Self::Not(Box::new(part.flattened())),
            other => other,
        }
    }

    /// Whether it adds nothing to the alternatives that it is one of: a surname or first name holds nothing that
    /// `cn` does not hold, and mail clients ask the same piece of all of them.
    pub fn is_implied_by(&self, alternatives: &[Self]) -> bool {
        let Self::Test(Field::Sn | Field::GivenName, test) = self else {
            return false;
        };
        let one_piece = match test {
            Test::Substrings {
                initial: None,
                any,
                final_: None,
            } => any.len() == 1,
            Test::Substrings {
                initial: Some(_),
                any,
                final_: None,
            } => any.is_empty(),
            Test::Words { .. } => true,
            _ => false,
        };
        one_piece && alternatives.contains(&Self::Test(Field::Cn, test.clone()))
    }
}

/// A condition on the values of one field. Values are as the client sent them.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Present,
    Equals(String),
    /// The pieces come in this order, without overlap.
    Substrings {
        initial: Option<String>,
        any: Vec<String>,
        final_: Option<String>,
    },
    /// The pieces come in this order, each at the beginning of a word; as whole words when `whole`. No client can
    /// ask this: it is how [`relevance`] tells the better answers to [`Self::Substrings`].
    Words {
        pieces: Vec<String>,
        whole: bool,
    },
    AtLeast(String),
    AtMost(String),
    Approx(String),
}

/// In which order entries are answered; the same on every node and at every call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// What a person most likely wants first, then by name.
    #[default]
    Relevance,
    /// By folded name (`cn`).
    Name,
    /// By folded name, last first.
    NameDescending,
}

/// Where an entry stands in an order. Opaque; on the living state: what stays is neither skipped nor doubled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(pub Vec<u8>);

/// What one entry is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Address in lower case.
    Mailbox(String),
    /// *Identification nationale*.
    Professional(String),
    /// `F` + FINESS or technical id.
    Structure(String),
}

impl Key {
    /// The kind of what it names.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Mailbox(_) => Kind::Mailbox,
            Self::Professional(_) => Kind::Professional,
            Self::Structure(_) => Kind::Structure,
        }
    }
}
