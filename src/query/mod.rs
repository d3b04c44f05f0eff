//! The query value: what every protocol's question becomes before it reaches the index.
//!
//! It knows the fields of an entry and the logic of filters; it holds no protocol's syntax and does no I/O.

pub mod evaluate;

pub use evaluate::{Prepared, Tri, evaluate};

use crate::view::field::Field;

/// What an entry describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Mailbox,
    Professional,
    Structure,
}

impl Kind {
    /// Every kind, in the order in which answers that mix them come.
    pub const ALL: [Self; 3] = [Self::Mailbox, Self::Professional, Self::Structure];
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kinds(u8);

impl Kinds {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(0b111);

    /// The set of one kind.
    pub const fn only(kind: Kind) -> Self {
        Self(1 << kind as u8)
    }

    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & Self::only(kind).0 != 0
    }

    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A condition on entries, with the three-valued logic of RFC 4511 section 4.5.1.7: an entry is an answer
/// only where the whole is true, and what cannot be told (`Undefined`) stays so under `Not`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    True,
    False,
    /// An assertion that means nothing here: an unknown attribute, a value of the wrong shape.
    Undefined,
    /// The entry is of one of these kinds.
    Kinds(Kinds),
    /// All hold; true when empty (RFC 4526).
    And(Vec<Filter>),
    /// One holds; false when empty (RFC 4526).
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// Some value of the field passes the test.
    Test(Field, Test),
}

/// What is asked of a field's values. The texts are as the client sent them, not folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    Present,
    Equals(String),
    /// The pieces come in this order, without overlap.
    Substrings {
        initial: Option<String>,
        any: Vec<String>,
        final_: Option<String>,
    },
    AtLeast(String),
    AtMost(String),
    /// Answered as [`Test::Equals`], which already folds case, accents and spaces.
    Approx(String),
}

/// What names one entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Its address in lower case.
    Mailbox(String),
    /// Its *identification nationale*.
    Professional(String),
    /// Its *identifiant*.
    Structure(String),
}

impl Key {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Mailbox(_) => Kind::Mailbox,
            Self::Professional(_) => Kind::Professional,
            Self::Structure(_) => Kind::Structure,
        }
    }
}
