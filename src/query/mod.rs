//! (stub, replaced)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Mailbox,
    Professional,
    Structure,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);
impl Kinds {
    pub const ALL: Self = Self(7);
    pub const NONE: Self = Self(0);
    pub fn only(kind: Kind) -> Self {
        Self(1 << kind as u8)
    }
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}
