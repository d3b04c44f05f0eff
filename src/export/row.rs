//! One row of `COPY … TO STDOUT` in its text format, cut into fields and its escapes undone.

use std::ops::Range;

/// A row; its memory is used again for the next.
#[derive(Debug, Default)]
pub struct Row {
    text: Vec<u8>,
    ends: Vec<usize>,
    escaped: bool,
}

/// A tab in each byte of a word.
const TABS: u64 = u64::from_ne_bytes([b'\t'; 8]);
/// Every bit of each byte but the highest.
const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);

impl Row {
    /// Takes a line, with or without its line end. NULL reads as an empty text.
    pub fn read(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        self.text.clear();
        self.ends.clear();
        self.escaped = memchr::memchr(b'\\', line).is_some();
        if self.escaped {
            self.read_escaped(line);
            return;
        }
        // Without escapes, the fields lie between tabs as they are.
        self.text.extend_from_slice(line);
        self.find_tabs(line);
        self.ends.push(line.len());
    }

    /// Eight bytes at once: most fields are shorter, and a search for the next tab costs more than it passes over.
    fn find_tabs(&mut self, line: &[u8]) {
        let (words, rest) = line.as_chunks::<8>();
        let mut start = 0;
        for word in words {
            let other = u64::from_le_bytes(*word) ^ TABS;
            // The highest bit of each byte that is zero, that is of each tab, and no other bit.
            let mut tabs = !(((other & LOW) + LOW) | other | LOW);
            while tabs != 0 {
                self.ends.push(start + tabs.trailing_zeros() as usize / 8);
                tabs &= tabs - 1;
            }
            start += word.len();
        }
        let tabs = memchr::memchr_iter(b'\t', rest);
        self.ends.extend(tabs.map(|place| start + place));
    }

    fn read_escaped(&mut self, line: &[u8]) {
        for (number, field) in line.split(|byte| *byte == b'\t').enumerate() {
            if number > 0 {
                self.text.push(b'\t');
            }
            if field != b"\\N" {
                unescape(field, &mut self.text);
            }
            self.ends.push(self.text.len());
        }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether some field may have such a byte. True of any row of which Postgres escaped something.
    pub fn may_have(&self, special: impl Fn(u8) -> bool) -> bool {
        // To the end, whatever is found: then many bytes are looked at in one step.
        let found = |found, &byte: &u8| found | (special(byte) & (byte != b'\t'));
        self.escaped || self.text.iter().fold(false, found)
    }

    /// A field; empty when there is none of this number.
    pub fn field(&self, number: usize) -> &[u8] {
        self.range(number)
            .and_then(|range| self.text.get(range))
            .unwrap_or_default()
    }

    fn range(&self, number: usize) -> Option<Range<usize>> {
        let start = match number.checked_sub(1) {
            None => 0,
            // One more for the tab between.
            Some(before) => self.ends.get(before)? + 1,
        };
        Some(start..*self.ends.get(number)?)
    }
}

/// PostgreSQL, COPY, "Text Format": a backslash and a letter for control characters, otherwise the character itself.
fn unescape(field: &[u8], text: &mut Vec<u8>) {
    let mut bytes = field.iter();
    while let Some(&byte) = bytes.next() {
        text.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'v') => 11,
                Some(&other) => other,
                None => break,
            },
            other => other,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Vec<String> {
        let mut row = Row::default();
        row.read(line.as_bytes());
        (0..row.len())
            .map(|n| String::from_utf8(row.field(n).to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn fields_lie_between_tabs() {
        assert_eq!(fields("a\t\tb\n"), ["a", "", "b"]);
        assert_eq!(fields("\n"), [""]);
    }

    #[test]
    fn what_a_row_may_have_is_told_without_its_separators() {
        let mut row = Row::default();
        row.read(b"a\tb|\n");
        assert!(row.may_have(|byte| byte == b'|'));
        assert!(!row.may_have(|byte| byte.is_ascii_control()));
        row.read(b"a\\tb\n");
        assert!(row.may_have(|byte| byte.is_ascii_control()));
    }

    #[test]
    fn escapes_and_null_are_undone() {
        assert_eq!(fields("a\\tb\t\\N\t\\\\N\tc\\nd"), ["a\tb", "", "\\N", "c\nd"]);
    }

    fn escaped(text: &str) -> String {
        text.replace('\\', "\\\\")
            .replace('\t', "\\t")
            .replace('\n', "\\n")
            .replace('\r', "\\r")
    }

    proptest::proptest! {
        #[test]
        fn what_postgres_escapes_is_read_back(texts in proptest::collection::vec(".{0,12}", 1..6)) {
            let line: Vec<String> = texts.iter().map(|text| escaped(text)).collect();
            proptest::prop_assert_eq!(fields(&(line.join("\t") + "\n")), texts);
        }

        #[test]
        fn any_line_is_read(line: Vec<u8>) {
            let mut row = Row::default();
            row.read(&line);
            for number in 0..row.len() + 2 {
                let _ = row.field(number);
            }
        }
    }
}
