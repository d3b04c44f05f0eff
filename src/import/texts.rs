//! The texts of a file: kept end to end in few allocations, and numbered where each is wanted once.

use std::hash::BuildHasher as _;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

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

/// Keeps the columns of lines, each line as one text: a place for every column would take more than most columns hold.
#[derive(Default)]
pub struct Joined {
    texts: Texts,
    lines: Vec<Span>,
    line: String,
}

/// Between columns, as between those of the files: none holds it.
const BETWEEN: char = '|';

impl Joined {
    /// Keeps a line; gives its number, from 0 on.
    pub fn keep<'c>(&mut self, columns: impl IntoIterator<Item = &'c str>) -> u32 {
        self.join(columns);
        self.lines.push(self.texts.keep(&self.line));
        self.lines.len() as u32 - 1
    }

    /// Whether these are the columns of a line.
    pub fn is<'c>(&mut self, number: u32, columns: impl IntoIterator<Item = &'c str>) -> bool {
        self.join(columns);
        self.line(number) == self.line
    }

    fn join<'c>(&mut self, columns: impl IntoIterator<Item = &'c str>) {
        self.line.clear();
        for column in columns {
            self.line.push_str(column);
            self.line.push(BETWEEN);
        }
    }

    fn line(&self, number: u32) -> &str {
        let span = self.lines.get(number as usize);
        span.map_or("", |span| self.texts.get(*span))
    }

    /// The columns of a line; empty for a number that names none.
    pub fn columns<const N: usize>(&self, number: u32) -> [&str; N] {
        let mut columns = [""; N];
        let told = self.line(number).split_terminator(BETWEEN);
        columns
            .iter_mut()
            .zip(told)
            .for_each(|(column, text)| *column = text);
        columns
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }
}

/// Texts kept once each, with their numbers from 0 on in the order in which they came.
#[derive(Default)]
pub struct Numbered {
    texts: Texts,
    spans: Vec<Span>,
    numbers: HashTable<u32>,
    /// Seeded at random: nobody can write a file whose texts all meet in one place.
    hasher: DefaultHashBuilder,
}

impl Numbered {
    /// The number of a text, given to it when it first comes, and whether it just came.
    pub fn number(&mut self, text: &str) -> (u32, bool) {
        let Self {
            texts,
            spans,
            numbers,
            hasher,
        } = self;
        let known = |number: &u32| spans.get(*number as usize).map_or("", |span| texts.get(*span));
        let entry = numbers.entry(
            hasher.hash_one(text),
            |number| known(number) == text,
            |number| hasher.hash_one(known(number)),
        );
        match entry {
            Entry::Occupied(entry) => (*entry.get(), false),
            Entry::Vacant(entry) => {
                let number = spans.len() as u32;
                entry.insert(number);
                spans.push(texts.keep(text));
                (number, true)
            }
        }
    }

    /// The number of a text that came, until [`Self::close`].
    pub fn find(&self, text: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        let number = self.numbers.find(hash, |number| self.text(*number) == text);
        number.copied()
    }

    /// The text of a number; empty for one that names none.
    pub fn text(&self, number: u32) -> &str {
        let span = self.spans.get(number as usize);
        span.map_or("", |span| self.texts.get(*span))
    }

    /// How many texts there are: every number is below.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Forgets by what numbers are found, once no text comes any more: it is a good part of the memory.
    pub fn close(&mut self) {
        self.numbers = HashTable::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_come_back_as_they_were() {
        let mut joined = Joined::default();
        for (number, line) in (0..).zip([["", "é", ""], ["", "", ""], ["a b", "", "c"]]) {
            assert_eq!(joined.keep(line), number);
            assert_eq!(joined.columns(number), line);
            assert!(joined.is(number, line) && !joined.is(number, ["a b", "c", ""]));
        }
        assert_eq!((joined.len(), joined.columns(3)), (3, [""; 2]));
    }

    proptest! {
        #[test]
        fn each_text_has_one_number_and_stays(texts in proptest::collection::vec("[a-cé]{0,2}", 0..60)) {
            let mut numbered = Numbered::default();
            let mut in_order: Vec<String> = Vec::new();
            for text in &texts {
                let known = in_order.iter().position(|other| other == text);
                let number = known.unwrap_or(in_order.len());
                in_order.extend(known.is_none().then(|| text.clone()));
                prop_assert_eq!(numbered.find(text), known.map(|known| known as u32));
                prop_assert_eq!(numbered.number(text), (number as u32, known.is_none()));
            }
            numbered.close();
            prop_assert_eq!(numbered.len(), in_order.len());
            for (number, text) in (0..).zip(&in_order) {
                prop_assert_eq!(numbered.text(number), text);
            }
        }
    }
}
