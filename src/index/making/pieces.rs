//! The numbers of pieces of up to three letters, found by their letters alone: nine of ten terms are such.

use crate::index::fields::Family;
use crate::index::terms::GRAM;

/// Bits of one letter.
const BITS: usize = 6;
/// How many pieces there are of up to [`GRAM`] letters.
const PIECES: usize = 1 << (BITS * GRAM);
/// The letters of names and addresses, by their places; none is the first. Pieces with any other are found as all
/// terms are.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789 .-@_'";

/// By octet, the place of a letter; 0 of what is none.
const PLACES: [u8; 256] = {
    let mut places = [0; 256];
    let mut place = 0;
    while place < LETTERS.len() {
        places[LETTERS[place] as usize] = place as u8 + 1;
        place += 1;
    }
    places
};

/// A short piece, as one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece(u32);

impl Piece {
    /// A piece of a text; `None` where it is longer, or has other letters.
    pub fn of(text: &str) -> Option<Self> {
        if text.len() > GRAM {
            return None;
        }
        let mut number = 0;
        for octet in text.bytes() {
            let place = PLACES[usize::from(octet)];
            if place == 0 {
                return None;
            }
            number = number << BITS | u32::from(place);
        }
        Some(Self(number))
    }
}

/// Numbers of pieces, by family.
#[derive(Debug, Default)]
pub struct Pieces {
    /// One more than the number; 0 of pieces that have none yet.
    numbers: [Vec<u32>; Family::ALL.len()],
}

impl Pieces {
    /// The number of a piece, where it is known.
    pub fn get(&self, family: Family, piece: Piece) -> Option<u32> {
        self.numbers[family as usize]
            .get(piece.0 as usize)?
            .checked_sub(1)
    }

    /// Keeps the number of a piece.
    pub fn keep(&mut self, family: Family, piece: Piece, number: u32) {
        let numbers = &mut self.numbers[family as usize];
        numbers.resize(PIECES, 0);
        if let Some(kept) = numbers.get_mut(piece.0 as usize) {
            *kept = number + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_pieces_are_one_number() {
        let letters: Vec<String> = LETTERS.iter().map(|c| char::from(*c).to_string()).collect();
        let mut pieces = vec![String::new()];
        for _ in 0..GRAM {
            let longer = pieces
                .iter()
                .flat_map(|piece| letters.iter().map(move |c| format!("{piece}{c}")));
            let longer: Vec<String> = longer.collect();
            pieces.extend(longer);
        }
        pieces.sort();
        pieces.dedup();
        let mut numbers: Vec<u32> = pieces.iter().map(|piece| Piece::of(piece).unwrap().0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), pieces.len());
        assert!(numbers.iter().all(|number| (*number as usize) < PIECES));
        assert_eq!(["abcd", "é", "a*"].map(Piece::of), [None; 3]);
    }
}
