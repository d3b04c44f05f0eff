//! Codes met in a file, each kept once with the file's own label for it.

use std::collections::HashMap;

use crate::source::record::Coded;

/// Stands for "no code".
pub const NONE: u32 = 0;

/// The codes of one column. Number 0 is the empty code.
pub struct Codes {
    numbers: HashMap<Box<str>, u32>,
    entries: Vec<(Box<str>, Box<str>)>,
    last: u32,
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            entries: vec![("".into(), "".into())],
            last: NONE,
        }
    }
}

impl Codes {
    /// The number of a code. The first unbroken label (no U+FFFD) is kept.
    pub fn number(&mut self, coded: Coded<'_>) -> u32 {
        if coded.code.is_empty() {
            return NONE;
        }
        // Files come in runs of equal codes: most calls end here.
        if self.code(self.last) != coded.code {
            self.last = match self.numbers.get(coded.code) {
                Some(number) => *number,
                None => self.add(coded.code),
            };
        }
        if let Some((_, label)) = self.entries.get_mut(self.last as usize)
            && label.is_empty()
            && !coded.label.is_empty()
            && !coded.label.contains('\u{FFFD}')
        {
            *label = coded.label.into();
        }
        self.last
    }

    fn add(&mut self, code: &str) -> u32 {
        let number = u32::try_from(self.entries.len()).unwrap_or(NONE);
        self.entries.push((code.into(), "".into()));
        self.numbers.insert(code.into(), number);
        number
    }

    /// The code of a number; empty for [`NONE`] or an unknown number.
    pub fn code(&self, number: u32) -> &str {
        self.entries.get(number as usize).map_or("", |(code, _)| code)
    }

    /// Every code with a usable label.
    pub fn labelled(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .filter(|(_, label)| !label.is_empty())
            .map(|(code, label)| (&**code, &**label))
    }
}

/// Octets of one allocation of [`Texts`]: none is ever made larger, which would hold all texts twice meanwhile.
const BLOCK: usize = 16 << 20;

/// Texts kept end to end in few allocations.
#[derive(Default)]
pub struct Texts {
    blocks: Vec<String>,
}

/// Where a text lies in its [`Texts`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    start: u32,
    length: u32,
}

impl Texts {
    /// Keeps a text. Beyond 4 GiB in all, and of more than 16 MiB, texts are dropped to empty rather than mixed up.
    pub fn keep(&mut self, text: &str) -> Span {
        let has_room = |block: &String| block.len() + text.len() <= BLOCK;
        if text.is_empty() || text.len() > BLOCK {
            return Span::default();
        }
        if !self.blocks.last().is_some_and(has_room) {
            self.blocks.push(String::with_capacity(BLOCK));
        }
        let before = (self.blocks.len() - 1) * BLOCK;
        let Some(block) = self.blocks.last_mut() else {
            return Span::default();
        };
        match (u32::try_from(before + block.len()), u32::try_from(text.len())) {
            (Ok(start), Ok(length)) => {
                block.push_str(text);
                Span { start, length }
            }
            _ => Span::default(),
        }
    }

    /// The text of a span.
    pub fn get(&self, span: Span) -> &str {
        let (block, start) = (span.start as usize / BLOCK, span.start as usize % BLOCK);
        self.blocks
            .get(block)
            .and_then(|block| block.get(start..start + span.length as usize))
            .unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_label_gives_way_to_a_whole_one() {
        let mut codes = Codes::default();
        codes.number(Coded {
            code: "10",
            label: "M\u{FFFD}decin",
        });
        codes.number(Coded {
            code: "10",
            label: "Médecin",
        });
        codes.number(Coded {
            code: "10",
            label: "Autre",
        });
        assert_eq!(codes.labelled().collect::<Vec<_>>(), [("10", "Médecin")]);
    }
}
