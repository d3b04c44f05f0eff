//! One row of `COPY … TO STDOUT` in its text format, cut into fields and its escapes undone.

/// A row; its memory is used again for the next.
#[derive(Debug, Default)]
pub struct Row {
    /// The line as it is, and behind it the values of which escapes were undone.
    text: Vec<u8>,
    /// Where each value begins and ends.
    fields: Vec<(usize, usize)>,
    escaped: bool,
}

/// A tab in each byte of a word.
const TABS: u64 = u64::from_ne_bytes([b'\t'; 8]);
/// Every bit of each byte but the highest.
const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
/// How Postgres writes that there is no value.
const NULL: &[u8] = b"\\N";

impl Row {
    /// Takes a line, with or without its line end. NULL reads as an empty text.
    pub fn read(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        self.text.clear();
        self.fields.clear();
        self.text.extend_from_slice(line);
        self.cut(line);
        let backslashes = memchr::memchr_iter(b'\\', line).count();
        self.escaped = backslashes > 0 && backslashes > self.empty_nulls();
        if self.escaped {
            self.undo_escapes(line);
        }
    }

    /// Fields lie between tabs; one within a value is escaped. Eight bytes are looked at at once: most fields are
    /// shorter, and a search for the next tab costs more than it passes over.
    fn cut(&mut self, line: &[u8]) {
        let mut start = 0;
        let mut end_at = |end| {
            self.fields.push((start, end));
            start = end + 1;
        };
        let (words, rest) = line.as_chunks::<8>();
        let mut place = 0;
        for word in words {
            let other = u64::from_le_bytes(*word) ^ TABS;
            // The highest bit of each byte that is zero, that is of each tab, and no other bit.
            let mut tabs = !(((other & LOW) + LOW) | other | LOW);
            while tabs != 0 {
                end_at(place + tabs.trailing_zeros() as usize / 8);
                tabs &= tabs - 1;
            }
            place += word.len();
        }
        memchr::memchr_iter(b'\t', rest).for_each(|tab| end_at(place + tab));
        end_at(line.len());
    }

    /// Says how many there were.
    fn empty_nulls(&mut self) -> usize {
        let mut nulls = 0;
        for (start, end) in &mut self.fields {
            if self.text.get(*start..*end) == Some(NULL) {
                *end = *start;
                nulls += 1;
            }
        }
        nulls
    }

    fn undo_escapes(&mut self, line: &[u8]) {
        for (start, end) in &mut self.fields {
            let field = line.get(*start..*end).unwrap_or_default();
            if memchr::memchr(b'\\', field).is_some() {
                *start = self.text.len();
                unescape(field, &mut self.text);
                *end = self.text.len();
            }
        }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether some value may have such a byte. True of any row of which Postgres escaped something.
    pub fn may_have(&self, special: impl Fn(u8) -> bool) -> bool {
        // Without escapes, a tab stands between values and a backslash for NULL. All bytes are looked at, whatever
        // is found: then it is many in one step.
        let is_special = |byte| special(byte) & (byte != b'\t') & (byte != b'\\');
        self.escaped
            || self
                .text
                .iter()
                .fold(false, |found, &byte| found | is_special(byte))
    }

    /// A field; empty when there is none of this number.
    pub fn field(&self, number: usize) -> &[u8] {
        let range = self.fields.get(number).map(|(start, end)| *start..*end);
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
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
        row.read(b"a\t\\N\n");
        assert!(!row.may_have(|byte| byte == b'\\'));
        row.read(b"a\\tb\n");
        assert!(row.may_have(|byte| byte.is_ascii_control()));
    }

    #[test]
    fn escapes_and_null_are_undone() {
        assert_eq!(fields("a\\tb\t\\N\t\\\\N\tc\\nd"), ["a\tb", "", "\\N", "c\nd"]);
        assert_eq!(fields("\\N\t\\N\ta"), ["", "", "a"]);
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
