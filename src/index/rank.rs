//! The order of entries as one number: kind first, then the beginning of the folded name.
//!
//! Segments are sorted by it, so that a search meets entries in order and stops at its limit. Names alike in their
//! first eleven letters share a rank; those are put in order by the whole name, then by number.

use crate::query::Kind;

/// Letters that a rank tells apart.
const LETTERS: u32 = 11;
/// End, space, ten digits, 26 letters, anything else: in the order of bytes.
const SYMBOLS: u64 = 39;
const OTHER: u64 = SYMBOLS - 1;

/// Kinds in the order of their ranks.
pub const KINDS: [Kind; 3] = [Kind::Mailbox, Kind::Professional, Kind::Structure];

/// The rank of an entry from its folded name.
pub fn rank(kind: Kind, folded: &str) -> u64 {
    let mut symbols = folded.chars().map(symbol);
    let mut known = true;
    let name = (0..LETTERS).fold(0, |rank, _| {
        let symbol = symbols.next().filter(|_| known).unwrap_or(0);
        // What follows one of many letters that share a symbol says nothing of the order.
        known &= symbol != OTHER;
        rank * SYMBOLS + symbol
    });
    first(kind) + name
}

/// The least rank of a kind.
pub fn first(kind: Kind) -> u64 {
    let place = match kind {
        Kind::Mailbox => 0,
        Kind::Professional => 1,
        Kind::Structure => 2,
    };
    place << 62
}

/// The kind of an entry of this rank.
pub fn kind(rank: u64) -> Kind {
    match rank >> 62 {
        0 => Kind::Mailbox,
        1 => Kind::Professional,
        _ => Kind::Structure,
    }
}

fn symbol(c: char) -> u64 {
    match c {
        ' ' => 1,
        '0'..='9' => u64::from(u32::from(c) - u32::from('0')) + 2,
        'a'..='z' => u64::from(u32::from(c) - u32::from('a')) + 12,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kinds_do_not_overlap() {
        let last = rank(Kind::Mailbox, "ééééééééééééé");
        assert!(last < rank(Kind::Professional, ""));
        assert!(rank(Kind::Professional, "ééééééééééééé") < rank(Kind::Structure, ""));
    }

    proptest! {
        #[test]
        fn ranks_are_in_the_order_of_names(one in "[a-z0-9 é]{0,20}", other in "[a-z0-9 é]{0,20}") {
            let (a, b) = (rank(Kind::Mailbox, &one), rank(Kind::Mailbox, &other));
            prop_assert!(one.cmp(&other) == a.cmp(&b) || a == b);
        }
    }
}
