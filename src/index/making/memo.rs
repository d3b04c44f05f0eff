//! What many entries have in common — towns, labels, first names — folded once and not for each of them.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::directory::text::{equality_key_of, fold, variants_of};

/// Texts kept. A new one takes the place of another: what is frequent comes back, what is rare costs no memory.
const TEXTS: usize = 1 << 14;

/// A text in its folded forms.
#[derive(Debug)]
pub struct Folded {
    text: String,
    /// As `directory::text::variants` gives them.
    pub variants: Vec<String>,
    /// As `directory::text::equality_key` gives it.
    pub equality: String,
    /// The numbers of its words as terms, once somebody has asked for them.
    pub words: OnceCell<Box<[u32]>>,
}

impl AsRef<[String]> for Folded {
    fn as_ref(&self) -> &[String] {
        &self.variants
    }
}

/// Folded texts of one who makes documents.
#[derive(Debug, Default)]
pub struct Memo {
    texts: Vec<Option<Rc<Folded>>>,
}

impl Memo {
    /// The forms of a text.
    pub fn fold(&mut self, text: &str) -> Rc<Folded> {
        self.texts.resize(TEXTS, None);
        let slot = self.texts.get_mut(quick_hash(text.as_bytes()) as usize % TEXTS);
        match slot {
            Some(Some(kept)) if kept.text == text => kept.clone(),
            slot => {
                let folded = fold(text);
                let made = Rc::new(Folded {
                    text: text.to_owned(),
                    equality: equality_key_of(&folded),
                    variants: variants_of(folded),
                    words: OnceCell::new(),
                });
                if let Some(slot) = slot {
                    *slot = Some(made.clone());
                }
                made
            }
        }
    }
}

/// A number of a text, quickly made, that spreads well over few places; whoever makes texts meet there gains nothing
/// but work done again.
pub fn quick_hash(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, piece: u64| (hash.rotate_left(23) ^ piece).wrapping_mul(FACTOR);
    let (pieces, rest) = bytes.as_chunks::<8>();
    let hash = pieces.iter().fold(bytes.len() as u64, |hash, piece| {
        mix(hash, u64::from_le_bytes(*piece))
    });
    let rest = rest.iter().fold(0, |rest, byte| rest << 8 | u64::from(*byte));
    let hash = mix(hash, rest);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::text::{equality_key, variants};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_kept_is_what_would_be_made(texts in proptest::collection::vec("[A-Za-z' éœ-]{0,6}", 1..60)) {
            let mut memo = Memo::default();
            for text in texts.iter().chain(&texts) {
                let folded = memo.fold(text);
                prop_assert_eq!(&folded.variants, &variants(text));
                prop_assert_eq!(&folded.equality, &equality_key(text));
            }
        }
    }
}
