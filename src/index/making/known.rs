//! What a short text gives in numbers, kept for those that come again and again: beginnings, words, values.

use super::memo::quick_hash;

/// Octets of the longest text, with the tag before it.
const LONGEST: usize = 16;
/// Most numbers that a text gives.
pub const MOST: usize = 5;
/// Texts kept. A new one takes the place of another.
const TEXTS: usize = 1 << 15;

/// A text, with what tells it from the same text asked for something else.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Key(u128);

impl Key {
    /// The key of a text; `None` where it is too long. No tag is 0.
    pub fn new(tag: u8, text: &str) -> Option<Self> {
        let mut octets = [0; LONGEST];
        let (first, rest) = octets.split_first_mut()?;
        *first = tag;
        rest.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self(u128::from_le_bytes(octets)))
    }

    /// The key of a term, whose first letter is its tag.
    pub fn of_term(term: &str) -> Option<Self> {
        let (tag, text) = term.split_at_checked(1)?;
        Self::new(*tag.as_bytes().first()?, text)
    }
}

/// Up to [`MOST`] numbers.
#[derive(Debug, Default, Clone, Copy)]
pub struct Numbers {
    numbers: [u32; MOST],
    count: u8,
}

/// The sixth number and all later ones are left out.
impl Extend<u32> for Numbers {
    fn extend<T: IntoIterator<Item = u32>>(&mut self, more: T) {
        let free = self.numbers.iter_mut().skip(usize::from(self.count));
        for (free, number) in free.zip(more) {
            *free = number;
            self.count += 1;
        }
    }
}

impl Numbers {
    /// The numbers.
    pub fn as_slice(&self) -> &[u32] {
        self.numbers.get(..usize::from(self.count)).unwrap_or_default()
    }
}

/// Texts and their numbers.
#[derive(Debug, Default)]
pub struct Known(Vec<(Key, Numbers)>);

impl Known {
    /// The numbers of a text, where they are kept.
    pub fn get(&self, key: Key) -> Option<Numbers> {
        let (kept, numbers) = self.0.get(place(key))?;
        (*kept == key).then_some(*numbers)
    }

    /// Keeps the numbers of a text.
    pub fn keep(&mut self, key: Key, numbers: Numbers) {
        self.0.resize(TEXTS, Default::default());
        if let Some(kept) = self.0.get_mut(place(key)) {
            *kept = (key, numbers);
        }
    }
}

fn place(key: Key) -> usize {
    quick_hash(&key.0.to_le_bytes()) as usize % TEXTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_by_its_tag_and_all_its_octets() {
        let mut known = Known::default();
        let mut numbers = Numbers::default();
        numbers.extend(0..9);
        let key = Key::new(1, "martin").unwrap();
        known.keep(key, numbers);
        assert_eq!(known.get(key).unwrap().as_slice(), [0, 1, 2, 3, 4]);
        for other in [
            Key::new(2, "martin"),
            Key::new(1, "marti"),
            Key::of_term("martin"),
        ] {
            assert!(known.get(other.unwrap()).is_none());
        }
        assert_eq!(Key::of_term("=martin"), Key::new(b'=', "martin"));
        assert_eq!(Key::new(1, "x".repeat(LONGEST).as_str()), None);
    }
}
