//! Where an entry stands in the order of an answer, and the mark that tells it.

use super::rank;
use crate::query::{Kind, Mark};

/// Where an entry stands: tier, rank, folded name, number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing<'s> {
    pub tier: u8,
    pub rank: u64,
    pub name: &'s [u8],
    pub entity: u64,
}

impl<'s> Standing<'s> {
    /// As text, to be told and taken up again.
    pub fn mark(&self) -> Mark {
        let mut bytes = Vec::with_capacity(17 + self.name.len());
        bytes.push(self.tier);
        bytes.extend_from_slice(&self.rank.to_be_bytes());
        bytes.extend_from_slice(&self.entity.to_be_bytes());
        bytes.extend_from_slice(self.name);
        Mark(bytes)
    }

    /// From a mark; `None` where it is none of ours.
    pub fn of(mark: &'s Mark) -> Option<Self> {
        let (tier, rest) = mark.0.split_first()?;
        let (rank, rest) = rest.split_first_chunk()?;
        let (entity, name) = rest.split_first_chunk()?;
        Some(Self {
            tier: *tier,
            rank: u64::from_be_bytes(*rank),
            name,
            entity: u64::from_be_bytes(*entity),
        })
    }
}

/// The mark behind which the entries of a kind begin whose folded name is not before `name`.
pub fn mark_before(kind: Kind, name: &str) -> Mark {
    Standing {
        tier: 0,
        rank: rank::rank(kind, name),
        name: name.as_bytes(),
        entity: 0,
    }
    .mark()
}
