//! The query value: what is asked of the directory, by whatever protocol; no syntax of any of them.

pub mod evaluate;

use crate::view::field::Field;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    Mailbox = 1,
    Professional = 2,
    Structure = 4,
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    pub const ALL: Self = Self(7);
    pub const NONE: Self = Self(0);

    /// One kind alone.
    pub fn only(kind: Kind) -> Self {
        Self(kind as u8)
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

/// A condition on the values of one field. Values are as the client sent them.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Present,
    Equals(String),
    Substrings(Substrings),
    AtLeast(String),
    AtMost(String),
    Approx(String),
}

/// Pieces that a value must hold, in this order and without overlap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Substrings {
    pub initial: Option<String>,
    pub any: Vec<String>,
    pub last: Option<String>,
}

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
